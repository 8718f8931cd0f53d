-- 100 000 plausible tutors, the same each time: every choice is a hash of the tutor's number. The rows go in as any other,
-- so the triggers make the search's tables; only the free times are computed here, because the code computes them one
-- tutor at a time. Variables: `tutors`, how many.
SET statement_timeout = 0;

CREATE FUNCTION pg_temp.pick(salt text, n integer, choices integer) RETURNS integer LANGUAGE sql IMMUTABLE AS
    'SELECT ((hashtextextended(salt, n) & 9223372036854775807) % choices)::integer';
-- One of a list, the first ones more often.
CREATE FUNCTION pg_temp.one_of(salt text, n integer, list text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT list[1 + least(pg_temp.pick(salt, n, cardinality(list)), pg_temp.pick(salt || '!', n, cardinality(list)))]
$$;

CREATE TEMPORARY TABLE choices AS SELECT
    string_to_array('Anna Ben Clara David Elena Felix Grace Hugo Ines Jonas Kira Leon Maria Noah Olga Paul Rosa Simon Tara Viktor Wanda Yusuf Zoe Aisha Bruno Chen Divya Emeka Fatima Goran Hana Igor Jana Kofi Lucia Mateo Nadia Omar Priya Ravi Sofia Tomas Ulla Vera Wei Ximena Yara Zoltan Ada Bjarne', ' ') AS first_names,
    string_to_array('Adler Brown Costa Dahl Evans Fischer Garcia Hansen Ivanov Jones Kowalski Lopez Meyer Novak Okafor Patel Quinn Rossi Silva Tanaka Ueda Varga Weber Xu Yilmaz Zhang', ' ') AS last_names,
    string_to_array('patient friendly experienced rigorous cheerful calm structured passionate curious certified', ' ') AS manners,
    string_to_array('teacher tutor lecturer engineer mathematician developer student researcher coach analyst', ' ') AS jobs,
    string_to_array('I explain every step until it is clear|Exams lose their terror with good preparation|We begin with what you know and build on it|My lessons are full of examples from real life|Homework is reviewed in writing before the next lesson|I have taught at a grammar school for years|My students have won places at the universities of their choice|Mistakes are welcome because we learn from them|I use a shared whiteboard and send the notes afterwards|Proofs are stories and we read them slowly|Together we write small programs from the first day|I love puzzles and competitions|Statistics begins with looking at data|Debugging is a skill that can be learned|I hold a doctorate in physics and like applications|My background is in finance and insurance|Children enjoy games so we play with numbers|Preparation for interviews is my speciality|I work with adults who return to study|Bring your own problems and we solve them', '|') AS sentences,
    string_to_array('Ba Ber Bru Cal Dor El Fa Gor Hal Ib Jo Kel Lun Mar Nor Os Pel Qua Ros Sel Tor Ul Ver Wil Xan Yor Zel', ' ') AS syllables,
    string_to_array('GB US DE FR ES IN PL CA AU IT NL BR NG ZA SE', ' ') AS countries,
    string_to_array('Europe/London America/New_York Europe/Berlin Europe/Paris Europe/Madrid Asia/Kolkata Europe/Warsaw America/Toronto Australia/Sydney Europe/Rome Europe/Amsterdam America/Sao_Paulo Africa/Lagos Africa/Johannesburg Europe/Stockholm', ' ') AS zones,
    string_to_array('en es de fr pt-BR hi pl it nl zh', ' ') AS languages,
    string_to_array('elementary school university professional', ' ') AS levels,
    string_to_array('monday tuesday wednesday thursday friday saturday sunday', ' ') AS days,
    (SELECT array_agg(id ORDER BY id NOT IN ('algebra', 'calculus', 'python', 'statistics', 'geometry', 'java',
        'javascript', 'arithmetic', 'probability', 'linear-algebra'), md5(id)) FROM subjects) AS subjects;

CREATE TEMPORARY TABLE drawn AS
SELECT n, format('%s-0000-7000-8000-%s', lpad(to_hex(n), 8, '0'), lpad(to_hex(n), 12, '0'))::uuid AS id,
       pg_temp.one_of('first', n, first_names) AS first_name, pg_temp.one_of('last', n, last_names) AS last_name,
       pg_temp.pick('place', n, 8) * pg_temp.pick('place 2', n, 3) AS place,
       pg_temp.pick('from', n, 10) AS begins, 2 + pg_temp.pick('long', n, 7) AS hours,
       1 + pg_temp.pick('subjects', n, 4) AS how_many,
       pg_temp.pick('rated', n, 3) * pg_temp.pick('ratings', n, 60) AS ratings
FROM choices, generate_series(1, :tutors) n;

INSERT INTO tutors (id, display_name, headline, bio, time_zone, country, languages, subjects, subject_ids, rate_amount,
                    rate_currency, availability, verification_status, approved_at, sequence, created_at, updated_at,
                    rating_count, rating_sum)
SELECT d.id, first_name || ' ' || last_name,
       format('%s %s for %s', initcap(pg_temp.one_of('manner', n, manners)), pg_temp.one_of('job', n, jobs),
              replace(taught.ids[1], '-', ' ')),
       (SELECT string_agg(pg_temp.one_of('sentence' || i, n, sentences), '. ') FROM generate_series(1, 6) i)
           || format('. I come from %s%s%s.', pg_temp.one_of('a', n, syllables), lower(pg_temp.one_of('b', n, syllables)),
                     lower(pg_temp.one_of('c', n, syllables))),
       zones[1 + place], countries[1 + place],
       jsonb_build_array(jsonb_build_object('language', spoken[1], 'level', 'native'))
           || CASE WHEN spoken[2] = spoken[1] THEN '[]'::jsonb
              ELSE jsonb_build_array(jsonb_build_object('language', spoken[2], 'level', 'fluent')) END,
       taught.subjects, taught.ids,
       1500 + 100 * (pg_temp.pick('price', n, 30) + pg_temp.pick('price 2', n, 60)),
       pg_temp.one_of('currency', n, '{USD,EUR,GBP}'),
       jsonb_build_object('weekly', week.rules, 'bufferBeforeMinutes', 0, 'bufferAfterMinutes', 0,
           'minimumNoticeMinutes', 60 * pg_temp.pick('notice', n, 24), 'horizonDays', 14 + pg_temp.pick('horizon', n, 60),
           'lessonMinutes', CASE WHEN pg_temp.pick('lengths', n, 3) = 0 THEN '[30, 60]' ELSE '[25, 50]' END::jsonb),
       'draft', now() - n * interval '10 minutes', 4, now(), now(), ratings,
       (SELECT ratings * 3 + ratings * pg_temp.pick('stars', n, 200) / 100)
FROM drawn d, choices,
     LATERAL (SELECT ARRAY[pg_temp.one_of('language', n, languages), pg_temp.one_of('language 2', n, languages)] AS spoken) l,
     LATERAL (
         SELECT array_agg(id) AS ids, jsonb_agg(jsonb_build_object('subject', id, 'levels', '["school"]'::jsonb
                    || to_jsonb(ARRAY(SELECT levels[k] FROM unnest('{1,3,4}'::int[]) k WHERE pg_temp.pick('level' || k || id, n, 3) = 0)),
                    'yearsOfExperience', pg_temp.pick('years', n, 30))) AS subjects
         FROM (SELECT DISTINCT pg_temp.one_of('subject' || i, n, choices.subjects) AS id FROM generate_series(1, how_many) i) s
     ) taught,
     LATERAL (
         SELECT jsonb_agg(jsonb_build_object('weekday', days[k], 'from', to_char(make_time(8 + begins, 0, 0), 'HH24:MI'),
                    'to', lpad((least(24, 8 + begins + hours))::text, 2, '0') || ':00')) AS rules
         FROM generate_series(1, 7) k WHERE pg_temp.pick('day' || k, n, 2) = 0 OR k = 2 + pg_temp.pick('sure', n, 4)
     ) week;

-- Ten weeks of free time: of each day one hour is taken, and every sixth day is.
INSERT INTO free_weeks (tutor_id, week, free)
SELECT id, week, range_agg(tstzrange(day, taken)) + range_agg(tstzrange(taken + interval '1 hour', ends))
FROM (
    SELECT d.id, week, day, day + make_interval(hours => least(hours, 16 - begins)) AS ends,
           day + make_interval(hours => abs(hash % 1000) % least(hours, 16 - begins)) AS taken
    FROM drawn d
    JOIN tutors t USING (id)
    CROSS JOIN choices
    CROSS JOIN LATERAL jsonb_array_elements(t.availability -> 'weekly') rule
    CROSS JOIN LATERAL (SELECT array_position(days, rule ->> 'weekday') - 1 AS k) weekday
    CROSS JOIN generate_series(0, 9) w
    CROSS JOIN LATERAL (
        SELECT hashint8(n * 1000 + w * 10 + k) AS hash,
               date_trunc('week', now() AT TIME ZONE 'UTC')::date + 7 * w AS week
    ) drawn_for_day
    CROSS JOIN LATERAL (SELECT (week + k + make_time(8 + begins, 0, 0)) AT TIME ZONE t.time_zone AS day) at
    WHERE hash % 6 <> 0
) days
GROUP BY week, id ORDER BY week, id;

INSERT INTO free_states (tutor_id, stale, filled_until, hours)
SELECT d.id, false, date_trunc('week', now() AT TIME ZONE 'UTC')::date + 70,
       ARRAY(SELECT DISTINCT ((k * 24 + 8 + begins + h + 168) - extract(epoch FROM zone.utc_offset)::integer / 3600 - part)::integer % 168
             FROM jsonb_array_elements(t.availability -> 'weekly') rule, choices,
                  LATERAL (SELECT array_position(days, rule ->> 'weekday') - 1 AS k) weekday,
                  generate_series(0, least(hours, 16 - begins) - 1) h,
                  generate_series(0, CASE WHEN extract(epoch FROM zone.utc_offset)::integer % 3600 = 0 THEN 0 ELSE 1 END) part)
FROM drawn d JOIN tutors t USING (id) JOIN pg_timezone_names zone ON zone.name = t.time_zone;

-- In parts: a refresh holds its rows in memory. The large indexes are made when everything is there.
DROP INDEX tutor_search_by_tag;
ANALYZE tutors, free_states;
DO $$ BEGIN
    FOR part IN 0..199 LOOP
        UPDATE tutors SET verification_status = 'approved'
        WHERE id IN (SELECT id FROM drawn WHERE n % 200 = part) AND verification_status = 'draft';
        UPDATE free_states SET stale = false WHERE stale;
        COMMIT;
        IF part IN (0, 10, 50) THEN
            ANALYZE tutor_search, search_vocabulary;
        END IF;
    END LOOP;
END $$;
CREATE INDEX tutor_search_by_tag ON tutor_search USING gin (tags) WITH (fastupdate = off);
VACUUM (ANALYZE) tutors, tutor_search, free_weeks, free_states, search_vocabulary, subjects;
