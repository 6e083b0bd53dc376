-- Functions in SQL are planned for each statement that calls them, those in PL/pgSQL once.

CREATE OR REPLACE FUNCTION query.note_change(of_id uuid, of_user uuid, before timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO query.last_changes AS c (id, user_id, at) VALUES (of_id, of_user, query.later_than(before))
    ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, at = GREATEST(excluded.at, query.later_than(c.at));
END
$$;

-- An array of unknown length would make PostgreSQL plan each time.
CREATE OR REPLACE FUNCTION query.shown_since(of_entry uuid, of_tags uuid[]) RETURNS timestamptz
    LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN (SELECT max(c.at) FROM query.last_changes c WHERE c.id = ANY (of_entry || of_tags));
END
$$;

-- Scans of tables that are still small would be kept too.
ALTER FUNCTION query.entry_changed SET enable_seqscan = off;
ALTER FUNCTION query.analysis_changed SET enable_seqscan = off;
