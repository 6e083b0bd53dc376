-- Moods that were taken back count for nothing. Apart from the moods, which are only appended; and whichever event comes first.
CREATE TABLE analytics.moods_taken_back (
    mood_id uuid PRIMARY KEY,
    user_id uuid NOT NULL
);
GRANT SELECT, INSERT ON analytics.moods_taken_back TO mindflow_analytics;
ALTER TABLE analytics.moods_taken_back ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_reads ON analytics.moods_taken_back FOR SELECT USING (user_id = (SELECT mindflow.user_id()));
CREATE POLICY service_keeps ON analytics.moods_taken_back USING ((SELECT mindflow.is_service())) WITH CHECK ((SELECT mindflow.is_service()));
