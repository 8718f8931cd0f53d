-- The subject catalogue: a graph of mathematics and programming skills (product.md, Tutoring). It is small, changed by
-- admins as a whole under one version, and read by everybody.

CREATE TABLE subjects (
    id text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9+#.-]{0,39}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    -- What people also call it; found by search like the name.
    other_names text[] NOT NULL DEFAULT '{}' CHECK (array_position(other_names, NULL) IS NULL),
    -- Itself and all that it is directly or indirectly a part of; kept by a trigger.
    wholes text[] NOT NULL DEFAULT '{}'
);

-- `part_of`: the first is a part of the second. `requires`: who learns the first needs the second.
-- `related`: neither, but whoever looks for one may like the other; kept once, the smaller id first.
CREATE TABLE subject_relations (
    subject_id text NOT NULL REFERENCES subjects (id),
    relation text NOT NULL CHECK (relation IN ('part_of', 'requires', 'related')),
    other_id text NOT NULL REFERENCES subjects (id),
    PRIMARY KEY (subject_id, relation, other_id),
    CHECK (subject_id <> other_id),
    CHECK (relation <> 'related' OR subject_id < other_id)
);
CREATE INDEX subject_relations_backwards ON subject_relations (other_id, relation);

-- The catalogue's version. A change names the version that it was made from, so that two changes that are fine each by
-- itself can't close a cycle together.
CREATE TABLE subject_catalogue (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    version bigint NOT NULL CHECK (version > 0),
    updated_at timestamptz NOT NULL
);
INSERT INTO subject_catalogue (version, updated_at) VALUES (1, now());

-- Follows `part_of` upwards. `UNION` ends even where a cycle had got in.
CREATE FUNCTION subject_wholes_refresh() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH RECURSIVE up (part_id, whole_id) AS (
        SELECT id, id FROM subjects
        UNION
        SELECT up.part_id, r.other_id
        FROM up JOIN subject_relations r ON r.subject_id = up.whole_id AND r.relation = 'part_of'
    ), wanted AS (
        SELECT part_id, array_agg(whole_id ORDER BY whole_id) AS wholes FROM up GROUP BY part_id
    )
    UPDATE subjects s SET wholes = wanted.wholes
    FROM wanted WHERE s.id = wanted.part_id AND s.wholes <> wanted.wholes;
    RETURN NULL;
END
$$;
CREATE TRIGGER subjects_wholes AFTER INSERT ON subjects
    FOR EACH STATEMENT EXECUTE FUNCTION subject_wholes_refresh();
CREATE TRIGGER subject_relations_wholes AFTER INSERT OR UPDATE OR DELETE ON subject_relations
    FOR EACH STATEMENT EXECUTE FUNCTION subject_wholes_refresh();

CREATE TEMPORARY TABLE seed (id text, name text, other_names text[], part_of text[], requires text[], related text[])
    ON COMMIT DROP;
INSERT INTO seed VALUES
    -- Mathematics.
    ('mathematics', 'Mathematics', '{maths,math}', '{}', '{}', '{}'),
    ('arithmetic', 'Arithmetic', '{numeracy,sums}', '{mathematics}', '{}', '{}'),
    ('fractions', 'Fractions and percentages', '{percentages,decimals,ratios}', '{arithmetic}', '{}', '{}'),
    ('algebra', 'Algebra', '{}', '{mathematics}', '{arithmetic}', '{}'),
    ('equations', 'Equations and inequalities', '{inequalities,quadratics,quadratic equations}', '{algebra}', '{arithmetic}', '{}'),
    ('polynomials', 'Polynomials', '{}', '{algebra}', '{equations}', '{}'),
    ('linear-algebra', 'Linear algebra', '{matrices,vectors,vector spaces,eigenvalues}', '{algebra}', '{equations}', '{}'),
    ('abstract-algebra', 'Abstract algebra', '{groups,rings,fields,group theory}', '{algebra}', '{mathematical-proof,linear-algebra}', '{}'),
    ('galois-theory', 'Galois theory', '{}', '{abstract-algebra}', '{polynomials}', '{}'),
    ('geometry', 'Geometry', '{euclidean geometry}', '{mathematics}', '{arithmetic}', '{}'),
    ('trigonometry', 'Trigonometry', '{sine,cosine,triangles}', '{geometry}', '{algebra}', '{}'),
    ('analytic-geometry', 'Analytic geometry', '{coordinate geometry,conics}', '{geometry}', '{algebra}', '{linear-algebra}'),
    ('differential-geometry', 'Differential geometry', '{manifolds,curves and surfaces}', '{geometry}', '{multivariable-calculus,linear-algebra}', '{topology}'),
    ('precalculus', 'Precalculus', '{functions,exponentials and logarithms,logarithms}', '{mathematics}', '{algebra,trigonometry}', '{calculus}'),
    ('calculus', 'Calculus', '{}', '{mathematics}', '{algebra,precalculus}', '{}'),
    ('differential-calculus', 'Differential calculus', '{derivatives,differentiation,limits}', '{calculus}', '{}', '{}'),
    ('integral-calculus', 'Integral calculus', '{integrals,integration}', '{calculus}', '{differential-calculus}', '{}'),
    ('multivariable-calculus', 'Multivariable calculus', '{vector calculus,partial derivatives}', '{calculus}', '{integral-calculus,linear-algebra}', '{}'),
    ('differential-equations', 'Differential equations', '{odes,pdes}', '{analysis}', '{integral-calculus}', '{numerical-analysis}'),
    ('analysis', 'Analysis', '{mathematical analysis}', '{mathematics}', '{calculus,mathematical-proof}', '{}'),
    ('real-analysis', 'Real analysis', '{sequences and series,measure theory}', '{analysis}', '{}', '{}'),
    ('complex-analysis', 'Complex analysis', '{complex numbers,holomorphic functions}', '{analysis}', '{real-analysis}', '{}'),
    ('functional-analysis', 'Functional analysis', '{hilbert spaces,banach spaces}', '{analysis}', '{real-analysis,linear-algebra}', '{}'),
    ('fourier-analysis', 'Fourier analysis', '{fourier series,fourier transform}', '{analysis}', '{integral-calculus}', '{}'),
    ('numerical-analysis', 'Numerical analysis', '{numerical methods,scientific computing}', '{mathematics}', '{calculus,linear-algebra}', '{matlab,julia}'),
    ('topology', 'Topology', '{point-set topology,algebraic topology}', '{mathematics}', '{mathematical-proof}', '{real-analysis}'),
    ('number-theory', 'Number theory', '{primes,modular arithmetic}', '{mathematics}', '{arithmetic}', '{cryptography,abstract-algebra}'),
    ('discrete-mathematics', 'Discrete mathematics', '{}', '{mathematics}', '{algebra}', '{algorithms}'),
    ('combinatorics', 'Combinatorics', '{counting}', '{discrete-mathematics}', '{}', '{probability}'),
    ('graph-theory', 'Graph theory', '{networks}', '{discrete-mathematics}', '{}', '{algorithms}'),
    ('logic', 'Mathematical logic', '{}', '{mathematics}', '{}', '{}'),
    ('set-theory', 'Set theory', '{}', '{logic}', '{}', '{}'),
    ('mathematical-proof', 'Mathematical proof', '{proofs,proof techniques,induction}', '{logic}', '{}', '{}'),
    ('probability', 'Probability', '{probability theory,random variables}', '{mathematics}', '{fractions}', '{}'),
    ('stochastic-processes', 'Stochastic processes', '{markov chains}', '{probability}', '{calculus}', '{}'),
    ('statistics', 'Statistics', '{stats}', '{mathematics}', '{probability}', '{r,data-science}'),
    ('statistical-inference', 'Statistical inference', '{hypothesis testing,confidence intervals}', '{statistics}', '{calculus}', '{}'),
    ('regression', 'Regression', '{linear regression,linear models}', '{statistics}', '{linear-algebra}', '{machine-learning}'),
    ('bayesian-statistics', 'Bayesian statistics', '{bayes}', '{statistics}', '{statistical-inference}', '{}'),
    ('optimization', 'Optimization', '{optimisation,linear programming,operations research}', '{mathematics}', '{linear-algebra,differential-calculus}', '{machine-learning}'),
    ('game-theory', 'Game theory', '{}', '{mathematics}', '{probability}', '{}'),
    ('financial-mathematics', 'Financial mathematics', '{actuarial mathematics,quantitative finance,interest}', '{mathematics}', '{probability}', '{stochastic-processes}'),
    ('competition-mathematics', 'Competition mathematics', '{olympiad,math olympiad,contest problems}', '{mathematics}', '{algebra,geometry}', '{combinatorics,number-theory}'),
    ('exam-preparation-mathematics', 'Exam preparation in mathematics', '{sat math,gcse maths,a-level maths,ib mathematics,abitur}', '{mathematics}', '{}', '{}'),
    -- Programming.
    ('programming', 'Programming', '{coding,software development}', '{}', '{}', '{}'),
    ('first-programming', 'First steps in programming', '{programming for beginners,coding for kids}', '{programming}', '{}', '{scratch,python}'),
    ('programming-languages', 'Programming languages', '{}', '{programming}', '{}', '{}'),
    ('scratch', 'Scratch', '{block coding}', '{programming-languages}', '{}', '{}'),
    ('python', 'Python', '{}', '{programming-languages}', '{}', '{}'),
    ('java', 'Java', '{}', '{programming-languages}', '{}', '{}'),
    ('kotlin', 'Kotlin', '{}', '{programming-languages}', '{}', '{java}'),
    ('c', 'C', '{c language}', '{programming-languages}', '{}', '{}'),
    ('c++', 'C++', '{cpp,cplusplus}', '{programming-languages}', '{}', '{c}'),
    ('c#', 'C#', '{csharp,dotnet,.net}', '{programming-languages}', '{}', '{java}'),
    ('rust', 'Rust', '{}', '{programming-languages}', '{}', '{c++}'),
    ('go', 'Go', '{golang}', '{programming-languages}', '{}', '{c}'),
    ('swift', 'Swift', '{}', '{programming-languages}', '{}', '{}'),
    ('javascript', 'JavaScript', '{js,ecmascript}', '{programming-languages}', '{}', '{}'),
    ('typescript', 'TypeScript', '{ts}', '{programming-languages}', '{javascript}', '{}'),
    ('php', 'PHP', '{}', '{programming-languages}', '{}', '{}'),
    ('ruby', 'Ruby', '{rails,ruby on rails}', '{programming-languages}', '{}', '{python}'),
    ('r', 'R', '{r language,rstats}', '{programming-languages}', '{}', '{}'),
    ('julia', 'Julia', '{}', '{programming-languages}', '{}', '{python}'),
    ('matlab', 'MATLAB', '{octave}', '{programming-languages}', '{}', '{}'),
    ('haskell', 'Haskell', '{}', '{programming-languages}', '{}', '{functional-programming}'),
    ('scala', 'Scala', '{}', '{programming-languages}', '{}', '{java,functional-programming}'),
    ('assembly', 'Assembly language', '{assembler,machine code}', '{programming-languages}', '{}', '{computer-architecture}'),
    ('functional-programming', 'Functional programming', '{}', '{programming}', '{first-programming}', '{}'),
    ('object-oriented-programming', 'Object-oriented programming', '{oop,classes and objects}', '{programming}', '{first-programming}', '{}'),
    ('computer-science', 'Computer science', '{cs,informatics}', '{programming}', '{}', '{}'),
    ('algorithms', 'Algorithms', '{sorting,dynamic programming}', '{computer-science}', '{data-structures}', '{}'),
    ('data-structures', 'Data structures', '{lists,trees,hash tables}', '{computer-science}', '{first-programming}', '{}'),
    ('competitive-programming', 'Competitive programming', '{programming contests,coding interviews}', '{algorithms}', '{}', '{competition-mathematics}'),
    ('theory-of-computation', 'Theory of computation', '{automata,complexity theory,computability}', '{computer-science}', '{mathematical-proof}', '{}'),
    ('compilers', 'Compilers', '{parsing,interpreters}', '{computer-science}', '{data-structures}', '{theory-of-computation}'),
    ('operating-systems', 'Operating systems', '{linux,processes and threads}', '{computer-science}', '{c}', '{}'),
    ('computer-networks', 'Computer networks', '{networking,tcp/ip}', '{computer-science}', '{}', '{}'),
    ('computer-architecture', 'Computer architecture', '{digital logic,processors}', '{computer-science}', '{}', '{operating-systems}'),
    ('cryptography', 'Cryptography', '{encryption}', '{computer-science}', '{number-theory}', '{computer-security}'),
    ('computer-security', 'Computer security', '{cybersecurity,information security}', '{computer-science}', '{computer-networks}', '{}'),
    ('databases', 'Databases', '{database design,relational databases}', '{computer-science}', '{}', '{}'),
    ('sql', 'SQL', '{postgresql,mysql,queries}', '{databases}', '{}', '{}'),
    ('software-engineering', 'Software engineering', '{software design,clean code}', '{programming}', '{first-programming}', '{}'),
    ('version-control', 'Version control', '{git,github}', '{software-engineering}', '{}', '{}'),
    ('software-testing', 'Software testing', '{unit testing,test-driven development}', '{software-engineering}', '{}', '{}'),
    ('web-development', 'Web development', '{websites,full stack}', '{programming}', '{}', '{}'),
    ('html-css', 'HTML and CSS', '{html,css,web pages}', '{web-development}', '{}', '{}'),
    ('front-end', 'Front-end development', '{frontend,react,vue,angular}', '{web-development}', '{html-css,javascript}', '{typescript}'),
    ('back-end', 'Back-end development', '{backend,apis,server side,node.js,django}', '{web-development}', '{databases}', '{}'),
    ('mobile-development', 'Mobile development', '{android,ios,app development}', '{programming}', '{object-oriented-programming}', '{kotlin,swift}'),
    ('game-development', 'Game development', '{unity,unreal,godot}', '{programming}', '{object-oriented-programming}', '{c#,c++}'),
    ('cloud-computing', 'Cloud computing', '{aws,devops,docker,kubernetes}', '{software-engineering}', '{operating-systems}', '{computer-networks}'),
    ('embedded-systems', 'Embedded systems', '{arduino,microcontrollers,raspberry pi}', '{programming}', '{c}', '{computer-architecture}'),
    -- Where both meet.
    ('data-science', 'Data science', '{data analysis,pandas}', '{programming}', '{statistics,python}', '{sql}'),
    ('data-visualization', 'Data visualization', '{data visualisation,charts}', '{data-science}', '{}', '{}'),
    ('artificial-intelligence', 'Artificial intelligence', '{ai}', '{computer-science}', '{algorithms,probability}', '{}'),
    ('machine-learning', 'Machine learning', '{ml}', '{artificial-intelligence,data-science}', '{linear-algebra,probability}', '{}'),
    ('deep-learning', 'Deep learning', '{neural networks,pytorch,tensorflow}', '{machine-learning}', '{multivariable-calculus}', '{}'),
    ('natural-language-processing', 'Natural language processing', '{nlp,language models}', '{machine-learning}', '{}', '{deep-learning}'),
    ('computer-vision', 'Computer vision', '{image processing}', '{machine-learning}', '{}', '{deep-learning}'),
    ('computer-graphics', 'Computer graphics', '{opengl,rendering,shaders}', '{computer-science}', '{linear-algebra}', '{game-development}');

INSERT INTO subjects (id, name, other_names) SELECT id, name, other_names FROM seed;
INSERT INTO subject_relations (subject_id, relation, other_id)
    SELECT id, 'part_of', other FROM seed, unnest(part_of) other
    UNION SELECT id, 'requires', other FROM seed, unnest(requires) other
    UNION SELECT least(id, other), 'related', greatest(id, other) FROM seed, unnest(related) other;
