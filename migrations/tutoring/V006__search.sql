-- Finding tutors: one narrow row per listed tutor with all that a search looks at, kept by triggers in the transaction
-- of the change, whoever makes it. How it is meant: docs/ARCHITECTURE.md, "Search".
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS fuzzystrmatch;

ALTER TABLE tutors
    -- Stars given to the tutor, and by how many: a projection of `reviews`.
    ADD COLUMN rating_sum bigint NOT NULL DEFAULT 0,
    ADD COLUMN rating_count integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT tutors_rating CHECK (rating_count >= 0 AND rating_sum BETWEEN rating_count AND 5 * rating_count),
    -- `search_words` is not written any more; it goes once no old code runs.
    DROP CONSTRAINT tutors_known,
    ADD CONSTRAINT tutors_known CHECK (erased_at IS NOT NULL OR num_nulls(
        display_name, headline, bio, time_zone, country, languages, subjects, rate_amount, rate_currency) = 0);
DROP INDEX tutors_listed, tutors_by_word, tutors_by_likeness, tutors_by_subject;
-- For the tutors that a change of the catalogue touches.
CREATE INDEX tutors_by_subject ON tutors USING gin (subject_ids);

-- Thousandths of a star: the mean of the tutor's own ratings and ten of 4.3 stars, so that one bad or good first review
-- says little, and somebody new stands in the middle and not at the end.
CREATE FUNCTION bayesian_rating(stars bigint, ratings integer) RETURNS integer LANGUAGE sql IMMUTABLE AS
    'SELECT ((10 * 4300 + stars * 1000) / (10 + ratings))::integer';

-- A name as everybody may see it: of every further name the initial. Like `public_name` of the domain.
CREATE FUNCTION public_name(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT regexp_replace(name, '(?<![[:alpha:]]{2}\.)(\s[[:alpha:]])[^\s]*', '\1.', 'g')
$$;

-- The words of a text as they are searched for: lower case, no accents, `c++` and `c#` whole.
CREATE FUNCTION search_words(written text) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(DISTINCT left(word[1], 40)), '{}')
    FROM regexp_matches(lower(unaccent(written)), '[[:alnum:]]+[+#]*', 'g') AS word
$$;

-- One row a listed tutor, and for a day the rows that were before it: the later pages of a search read what the first
-- one read. `made_by` and `ended_by` are transactions, because those say exactly what a snapshot has seen.
CREATE TABLE tutor_search (
    tutor_id uuid NOT NULL REFERENCES tutors (id) ON DELETE CASCADE,
    made_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
    ended_by xid8,
    ended_at timestamptz,
    -- A number by chance but always the same: a range of it is a fair sample.
    shuffle integer NOT NULL,
    listed_at timestamptz NOT NULL,
    -- Thousandths of a star: `bayesian_rating`.
    quality integer NOT NULL,
    -- Thousandths of a star: the plain mean; null without ratings.
    rating integer,
    price integer NOT NULL,
    currency text NOT NULL,
    notice_minutes integer NOT NULL,
    horizon_days integer NOT NULL,
    -- What is counted: subjects with all that they are parts of; levels; languages without regions.
    areas text[] NOT NULL,
    levels text[] NOT NULL,
    languages text[] NOT NULL,
    -- Words of name and headline, and behind a letter and a colon: `s:algebra` (with what it is a part of),
    -- `s:algebra@school`, `l:school`, `g:en`, `g:en-gb`, `c:GB`, `m:50` (minutes of a lesson), `h:18` (an hour of the
    -- week in UTC in which the tutor teaches at times), `b:puzzles` (a word of the biography alone). All in one,
    -- because an index looks only into the rarest of what must come together.
    tags tsvector NOT NULL,
    CHECK ((ended_by IS NULL) = (ended_at IS NULL))
-- Tags are looked at row by row, so they are not to be compressed unless they are huge.
) WITH (fillfactor = 90, toast_tuple_target = 4096);
CREATE UNIQUE INDEX tutor_search_present ON tutor_search (tutor_id) WHERE ended_by IS NULL;
CREATE INDEX tutor_search_ended ON tutor_search (ended_at) WHERE ended_by IS NOT NULL;
CREATE INDEX tutor_search_by_quality ON tutor_search (quality DESC, listed_at DESC, tutor_id DESC);
CREATE INDEX tutor_search_by_age ON tutor_search (listed_at DESC, tutor_id DESC);
CREATE INDEX tutor_search_by_price ON tutor_search (currency, price, tutor_id);
-- Not `fastupdate`: a pending list makes every search read it.
CREATE INDEX tutor_search_by_tag ON tutor_search USING gin (tags) WITH (fastupdate = off);
-- The same for one row in twenty, by chance: how many of these match says how many there are (functions/tutoring,
-- search.rs).
CREATE INDEX tutor_search_sample ON tutor_search (shuffle) WHERE shuffle BETWEEN 0 AND 214748364;
CREATE INDEX tutor_search_sample_by_tag ON tutor_search USING gin (tags) WITH (fastupdate = off)
    WHERE shuffle BETWEEN 0 AND 214748364;
-- The planner must know how common each tag is, the 168 hours of the week included.
ALTER TABLE tutor_search ALTER COLUMN tags SET STATISTICS 200;

-- Every word and subject that a listed tutor has, with how many have it, and the words of the catalogue: what typing
-- errors are compared with.
CREATE TABLE search_vocabulary (
    word text PRIMARY KEY,
    tutors integer NOT NULL,
    catalogue boolean NOT NULL DEFAULT false
);
CREATE INDEX search_vocabulary_by_likeness ON search_vocabulary USING gin (word gin_trgm_ops) WHERE word !~ ':';
CREATE INDEX search_vocabulary_by_beginning ON search_vocabulary (word text_pattern_ops);
CREATE INDEX search_vocabulary_of_catalogue ON search_vocabulary (word text_pattern_ops) WHERE catalogue;

-- Counts words up or down. In the order of the words, so that two at once don't wait for each other in a circle.
CREATE FUNCTION search_vocabulary_count(words text[], by integer[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_vocabulary AS v (word, tutors)
        SELECT word, sum(n) FROM unnest(words, by) AS each (word, n)
        GROUP BY word HAVING sum(n) <> 0 ORDER BY word
        ON CONFLICT (word) DO UPDATE SET tutors = v.tutors + excluded.tutors;
    DELETE FROM search_vocabulary v USING (
        SELECT DISTINCT word FROM unnest(words, by) AS each (word, n) WHERE n < 0
    ) fewer WHERE v.word = fewer.word AND v.tutors <= 0 AND NOT v.catalogue;
END
$$;

-- How the search sees listed tutors now.
CREATE FUNCTION search_rows(which uuid[]) RETURNS SETOF tutor_search LANGUAGE sql STABLE AS $$
    SELECT t.id, pg_current_xact_id(), NULL::xid8, NULL::timestamptz, hashtext(t.id::text), t.approved_at,
           bayesian_rating(t.rating_sum, t.rating_count),
           CASE WHEN t.rating_count > 0 THEN (t.rating_sum * 1000 / t.rating_count)::integer END,
           t.rate_amount::integer, t.rate_currency,
           coalesce((t.availability ->> 'minimumNoticeMinutes')::integer, 0),
           coalesce((t.availability ->> 'horizonDays')::integer, 0),
           taught.areas, taught.levels, spoken.languages,
           array_to_tsvector(tagged.tags || ARRAY(
               SELECT 'b:' || word FROM unnest(search_words(t.bio)) word WHERE word <> ALL (tagged.tags)))
    FROM tutors t
    LEFT JOIN free_states f ON f.tutor_id = t.id
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(DISTINCT area), '{}') AS areas,
               coalesce(array_agg(DISTINCT level) FILTER (WHERE level IS NOT NULL), '{}') AS levels,
               coalesce(array_agg(DISTINCT 's:' || area || '@' || level) FILTER (WHERE level IS NOT NULL), '{}') AS at
        FROM jsonb_array_elements(t.subjects) AS s
        LEFT JOIN subjects w ON w.id = s ->> 'subject'
        CROSS JOIN LATERAL unnest(coalesce(w.wholes, ARRAY[s ->> 'subject'])) AS area
        LEFT JOIN LATERAL jsonb_array_elements_text(s -> 'levels') AS level ON true
    ) taught
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(DISTINCT lower(l ->> 'language')), '{}') AS whole,
               coalesce(array_agg(DISTINCT split_part(lower(l ->> 'language'), '-', 1)), '{}') AS languages
        FROM jsonb_array_elements(t.languages) AS l
    ) spoken
    CROSS JOIN LATERAL (
        SELECT ARRAY(
            SELECT unnest(search_words(public_name(t.display_name) || ' ' || t.headline))
            UNION SELECT 's:' || unnest(taught.areas)
            UNION SELECT unnest(taught.at)
            UNION SELECT 'l:' || unnest(taught.levels)
            UNION SELECT 'g:' || unnest(spoken.whole || spoken.languages)
            UNION SELECT 'c:' || t.country
            UNION SELECT 'm:' || jsonb_array_elements_text(t.availability -> 'lessonMinutes')
            UNION SELECT 'h:' || unnest(f.hours)
        ) AS tags
    ) tagged
    WHERE t.id = ANY (which) AND t.verification_status = 'approved' AND t.active
$$;

-- Brings the rows of some tutors up to date. What has not changed is left alone, so that it may run as often as it
-- likes.
CREATE FUNCTION search_refresh(which uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wanted tutor_search[];
    ended tutor_search[];
    made tutor_search[];
BEGIN
    -- One at a time for each tutor: who comes second sees what the first has done.
    PERFORM 1 FROM tutors WHERE id = ANY (which) ORDER BY id FOR NO KEY UPDATE;
    SELECT coalesce(array_agg(r), '{}') INTO wanted FROM search_rows(which) r;
    -- Of who isn't listed any more nothing stays, what was before included: a page that is read later doesn't show
    -- them.
    WITH gone AS (
        DELETE FROM tutor_search s
        WHERE s.tutor_id = ANY (which) AND NOT EXISTS (SELECT 1 FROM unnest(wanted) w WHERE w.tutor_id = s.tutor_id)
        RETURNING s.*
    ), replaced AS (
        UPDATE tutor_search s SET ended_by = pg_current_xact_id(), ended_at = now()
        WHERE s.tutor_id = ANY (which) AND s.ended_by IS NULL
          AND EXISTS (SELECT 1 FROM unnest(wanted) w WHERE w.tutor_id = s.tutor_id) AND NOT EXISTS (
            SELECT 1 FROM unnest(wanted) w
            WHERE w.tutor_id = s.tutor_id AND w.tags = s.tags AND w.price = s.price
              AND (w.listed_at, w.quality, w.rating, w.currency, w.notice_minutes, w.horizon_days)
                  IS NOT DISTINCT FROM
                  (s.listed_at, s.quality, s.rating, s.currency, s.notice_minutes, s.horizon_days)
        )
        RETURNING s.*
    ), present AS (
        SELECT * FROM replaced UNION ALL SELECT * FROM gone WHERE ended_by IS NULL
    )
    SELECT coalesce(array_agg(row(present.*)::tutor_search), '{}') INTO ended FROM present;
    WITH new AS (
        INSERT INTO tutor_search SELECT w.* FROM unnest(wanted) w
        WHERE NOT EXISTS (SELECT 1 FROM tutor_search s WHERE s.tutor_id = w.tutor_id AND s.ended_by IS NULL)
        RETURNING *
    )
    SELECT coalesce(array_agg(new), '{}') INTO made FROM new;
    PERFORM search_vocabulary_count(array_agg(regexp_replace(word, '^b:', '')), array_agg(n)) FROM (
        SELECT word, 1 AS n FROM unnest(made) r, unnest(tsvector_to_array(r.tags)) word
        UNION ALL
        SELECT word, -1 FROM unnest(ended) r, unnest(tsvector_to_array(r.tags)) word
    ) counted
    WHERE word !~ ':' OR word ~ '^b:' OR (word ~ '^s:' AND word !~ '@')
    HAVING count(*) > 0;
END
$$;

CREATE FUNCTION tutors_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_refresh(array_agg(id)) FROM changed HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER tutors_searched_new AFTER INSERT ON tutors
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tutors_changed();
CREATE TRIGGER tutors_searched AFTER UPDATE ON tutors
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tutors_changed();

-- Tutors whose row waits to be made anew, because the catalogue has changed: too many for the admin to wait for.
CREATE TABLE search_stale (
    tutor_id uuid PRIMARY KEY
);
CREATE FUNCTION subjects_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_stale
        SELECT id FROM tutors
        WHERE subject_ids && ARRAY(SELECT n.id FROM changed n JOIN before o USING (id) WHERE n.wholes <> o.wholes)
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER subjects_moved AFTER UPDATE ON subjects
    REFERENCING OLD TABLE AS before NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION subjects_moved();

CREATE FUNCTION free_hours_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_refresh(array_agg(n.tutor_id))
        FROM changed n JOIN before o USING (tutor_id) WHERE n.hours <> o.hours HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER free_states_hours AFTER UPDATE ON free_states
    REFERENCING OLD TABLE AS before NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION free_hours_changed();

-- The words of the catalogue, ready to be compared with what somebody types.
ALTER TABLE subjects ADD COLUMN words text[] NOT NULL DEFAULT '{}';
CREATE FUNCTION subject_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.words := search_words(NEW.name || ' ' || array_to_string(NEW.other_names, ' '));
    -- Words that the catalogue drops stay: too few to matter.
    INSERT INTO search_vocabulary (word, tutors, catalogue)
        SELECT w, 0, true FROM unnest(NEW.words) w ORDER BY w
        ON CONFLICT (word) DO UPDATE SET catalogue = true WHERE NOT search_vocabulary.catalogue;
    RETURN NEW;
END
$$;
CREATE TRIGGER subjects_words BEFORE INSERT OR UPDATE ON subjects FOR EACH ROW EXECUTE FUNCTION subject_words();
UPDATE subjects SET name = name;

-- What stands for one word of a search: known words that begin with it and subjects that are called so; when hardly
-- anybody has one of those, also words that differ by a letter or two.
CREATE FUNCTION search_term(word text, OUT strong text, OUT anywhere text) LANGUAGE plpgsql STABLE
    SET pg_trgm.similarity_threshold = 0.25 AS $$
DECLARE
    -- A short word means itself: hardly anybody would want all that begins with `c`.
    whole boolean := length(word) < 3;
    -- The first word that doesn't begin so.
    beyond text := word || CASE WHEN whole THEN chr(1) ELSE chr(1114111) END;
    begins text[];
    rare boolean;
    named text[];
BEGIN
    SELECT array_agg(v.word), coalesce(sum(v.tutors), 0) < 5 INTO begins, rare FROM (
        SELECT b.word, b.tutors FROM search_vocabulary b
        WHERE b.word ~>=~ search_term.word AND b.word ~<~ beyond
        LIMIT 31
    ) v;
    -- Most words are of no subject, which costs less to see than to look through the subjects.
    IF EXISTS (SELECT 1 FROM search_vocabulary c WHERE c.catalogue AND c.word ~>=~ search_term.word AND c.word ~<~ beyond)
    THEN
        SELECT array_agg(s.id) INTO named FROM subjects s
        WHERE EXISTS (
            SELECT 1 FROM unnest(s.words) w
            WHERE w = search_term.word OR NOT whole AND starts_with(w, search_term.word));
    END IF;
    IF rare AND named IS NULL AND length(word) > 3 THEN
        SELECT begins || array_agg(a.word) INTO begins FROM (
            SELECT v.word FROM search_vocabulary v
            WHERE v.word !~ ':' AND v.word % search_term.word
              AND levenshtein_less_equal(v.word, search_term.word, 2)
                  <= CASE WHEN length(search_term.word) < 6 THEN 1 ELSE 2 END
            ORDER BY levenshtein(v.word, search_term.word), v.catalogue DESC, v.tutors DESC, v.word LIMIT 3
        ) a;
        SELECT array_agg(s.id) INTO named FROM subjects s WHERE s.words && begins;
    END IF;
    -- Whoever teaches a part of a subject also has the subject: parts beside their whole would find nobody else.
    IF named IS NOT NULL THEN
        SELECT array_agg(s.id) INTO named FROM subjects s
        WHERE s.id = ANY (named) AND NOT s.wholes && array_remove(named, s.id);
    END IF;
    -- A few, one by one, cost an index less than a beginning does; many cost more. Of a word without any letter (`’`)
    -- nothing is left: it stands for what no tutor has.
    IF cardinality(begins) > 4 AND NOT rare THEN
        strong := format('%L:*', word);
        anywhere := format('%L:* | %L:*', word, 'b:' || word);
    ELSE
        begins := begins || coalesce(nullif(word, ''), '-');
        strong := (SELECT string_agg(DISTINCT format('%L', w), ' | ') FROM unnest(begins) w);
        anywhere := (SELECT string_agg(DISTINCT format('%L | %L', w, 'b:' || w), ' | ') FROM unnest(begins) w);
    END IF;
    strong := concat_ws(' | ', strong, (SELECT string_agg(format('%L', 's:' || n), ' | ') FROM unnest(named) n));
    anywhere := concat_ws(' | ', anywhere, (SELECT string_agg(format('%L', 's:' || n), ' | ') FROM unnest(named) n));
END
$$;

-- What stands for a whole search: a query for tutors who have all its words in name, headline or subjects, and one for
-- those who have them there or in the biography.
--
-- It reads tables and is still declared immutable, so that the planner computes it once, before it plans, and then
-- knows how many rows each query will find. That is safe because no plan of ours is ever used twice: statements are
-- sent unnamed (docs/ARCHITECTURE.md, Data).
--
-- A statement asks for it in several places; what was computed once is kept until its transaction ends.
CREATE FUNCTION search_terms(typed text[]) RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    strong text;
    anywhere text;
    terms text[];
    term record;
    word text;
BEGIN
    IF current_setting('lectern.searched', true) = typed::text THEN
        RETURN current_setting('lectern.search_terms');
    END IF;
    FOREACH word IN ARRAY typed LOOP
        -- Folding can take a word apart or leave nothing of it; then what is left is put together again.
        term := search_term(array_to_string(search_words(word), ''));
        strong := concat_ws(' & ', strong, '(' || term.strong || ')');
        anywhere := concat_ws(' & ', anywhere, '(' || term.anywhere || ')');
    END LOOP;
    terms := ARRAY[strong, anywhere];
    PERFORM set_config('lectern.searched', typed::text, true), set_config('lectern.search_terms', terms::text, true);
    RETURN terms;
END
$$;

-- Tutors who are listed already.
INSERT INTO free_states (tutor_id) SELECT id FROM tutors WHERE verification_status = 'approved' ORDER BY id;
SELECT search_refresh(array_agg(id)) FROM tutors WHERE verification_status = 'approved' HAVING count(*) > 0;
