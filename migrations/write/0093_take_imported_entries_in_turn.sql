-- When Claude is asked about entries that were imported: one of a user after the other, so that what the user writes meanwhile comes before them.

CREATE TABLE ai.turns (
    entry_id uuid        PRIMARY KEY,
    user_id  uuid        NOT NULL,
    at       timestamptz NOT NULL
);
COMMENT ON TABLE ai.turns IS 'Imported entries that wait to be analysed, and since when each may be. A row goes when the outcome is recorded.';
CREATE INDEX turns_by_user ON ai.turns (user_id, at);
ALTER TABLE ai.turns ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON ai.turns USING (user_id = (SELECT mindflow.user_id()) OR (SELECT mindflow.is_service()));
GRANT SELECT, INSERT, DELETE ON ai.turns TO mindflow_ai;

-- As before, with the turns.
CREATE OR REPLACE FUNCTION ai.erase(of_user uuid, of_entry uuid) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    condition CONSTANT text := 'user_id = $1 AND ($2 IS NULL OR entry_id = $2)';
    counts    jsonb := '{}';
    name      text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ai.turns', 'ai.analyses', 'ai.entries'] LOOP
        counts := mindflow.erase_rows(counts, name, condition, of_user, of_entry);
    END LOOP;
    RETURN counts;
END
$$;
