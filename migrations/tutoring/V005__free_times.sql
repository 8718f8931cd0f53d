-- When tutors are free, for searching only: booking looks at the hours themselves. Computed by the code from a tutor's
-- hours and lessons, for ten weeks; how it is kept right is in docs/ARCHITECTURE.md, "Search".

-- False while the account is suspended: then the tutor is neither found nor booked.
ALTER TABLE tutors ADD COLUMN active boolean NOT NULL DEFAULT true;

-- Whether the ranges of a tutor are still what they were computed from. Each change of that raises `version`; ranges
-- are only stored for the version that they were computed from.
CREATE TABLE free_states (
    tutor_id uuid PRIMARY KEY REFERENCES tutors (id) ON DELETE CASCADE,
    version bigint NOT NULL DEFAULT 1,
    stale boolean NOT NULL DEFAULT true,
    -- The first day that isn't computed yet; null before the first time.
    filled_until date,
    -- Hours of the week in UTC (0 is Monday from midnight) in which the tutor teaches at times, lessons or not.
    hours smallint[] NOT NULL DEFAULT '{}'
);
CREATE INDEX free_states_stale ON free_states (tutor_id) WHERE stale;
CREATE INDEX free_states_short ON free_states (filled_until);

-- Free ranges that have a part in the week that begins on this Monday (UTC) or in the three hours after it, cut to
-- that: so a lesson that begins in the week lies within the row. The week comes first in the key, because a search
-- looks at many tutors in one week.
CREATE TABLE free_weeks (
    tutor_id uuid NOT NULL REFERENCES tutors (id) ON DELETE CASCADE,
    week date NOT NULL,
    free tstzmultirange NOT NULL,
    PRIMARY KEY (week, tutor_id)
);
CREATE INDEX free_weeks_of_tutor ON free_weeks (tutor_id);

-- An erased tutor gets no row any more: its version would begin anew, and what was computed before would fit to it.
CREATE FUNCTION free_times_changed(which uuid[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO free_states AS f (tutor_id)
        SELECT t.id FROM tutors t WHERE t.id = ANY (which) AND t.erased_at IS NULL ORDER BY t.id
        ON CONFLICT (tutor_id) DO UPDATE SET version = f.version + 1, stale = true
$$;

-- For each table that has a part in a tutor's free time and a column `tutor_id`.
CREATE FUNCTION free_times_part_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM free_times_changed(array_agg(DISTINCT tutor_id)) FROM changed HAVING count(*) > 0;
    RETURN NULL;
END
$$;

CREATE FUNCTION tutor_hours_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM free_times_changed(ARRAY[NEW.id]);
    IF NEW.erased_at IS NOT NULL THEN
        DELETE FROM free_weeks WHERE tutor_id = NEW.id;
        DELETE FROM free_states WHERE tutor_id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER tutors_hours_changed AFTER UPDATE ON tutors FOR EACH ROW
    WHEN (OLD.availability IS DISTINCT FROM NEW.availability OR OLD.overrides <> NEW.overrides
          OR OLD.time_zone IS DISTINCT FROM NEW.time_zone
          OR OLD.verification_status <> NEW.verification_status OR OLD.active <> NEW.active)
    EXECUTE FUNCTION tutor_hours_changed();

-- A calendar that was read again and says the same changes nothing.
CREATE FUNCTION busy_calendar_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM free_times_changed(ARRAY[coalesce(NEW.tutor_id, OLD.tutor_id)]);
    RETURN NULL;
END
$$;
CREATE TRIGGER busy_calendars_free_new AFTER INSERT OR DELETE ON busy_calendars FOR EACH ROW
    EXECUTE FUNCTION busy_calendar_changed();
CREATE TRIGGER busy_calendars_free AFTER UPDATE ON busy_calendars FOR EACH ROW
    WHEN (OLD.busy IS DISTINCT FROM NEW.busy) EXECUTE FUNCTION busy_calendar_changed();

-- A lesson takes its time at once; the pauses around it, and time that is given back, are computed a moment later.
CREATE FUNCTION lesson_times_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM free_times_changed(array_agg(DISTINCT tutor_id)) FROM changed HAVING count(*) > 0;
    UPDATE free_weeks w SET free = w.free - taken.time
    FROM (SELECT tutor_id, range_agg(tstzrange(starts_at, ends_at)) AS time FROM changed WHERE busy GROUP BY 1) taken
    WHERE w.tutor_id = taken.tutor_id AND w.free && taken.time;
    RETURN NULL;
END
$$;
CREATE TRIGGER lesson_times_free_new AFTER INSERT ON lesson_times
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION lesson_times_changed();
CREATE TRIGGER lesson_times_free AFTER UPDATE ON lesson_times
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION lesson_times_changed();
