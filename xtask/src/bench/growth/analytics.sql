INSERT INTO analytics.accounts (user_id, timezone, sequence) SELECT user_id, 'Europe/Berlin', 1 FROM owners ON CONFLICT DO NOTHING;
INSERT INTO analytics.facts (event_id, occurred_at, kind, user_id, subject_id, sequence, entry_sequence, mood, words, written_at, entry_date)
SELECT md5('event' || id)::uuid, at, 'entry', user_id, id, 1, 1, mood, 40, at, entry_date FROM entries;
INSERT INTO analytics.entries (entry_id, user_id, sequence, is_live, mood, words, written_at, entry_date)
SELECT id, user_id, 1, true, mood, 40, at, entry_date FROM entries;
INSERT INTO analytics.sentiments (entry_id, user_id, entry_sequence, sequence, sentiment) SELECT id, user_id, 1, 2, 0.25 FROM entries;
INSERT INTO analytics.activity (day, user_id, kind, facts)
SELECT (at AT TIME ZONE 'UTC')::date, user_id, 'entry', count(*) FROM entries GROUP BY 1, 2 ON CONFLICT DO NOTHING;
INSERT INTO mindflow.applied (component, subscription, partition_key, sequence, event_ids, applied_at)
SELECT 'mindflow_analytics', 'analytics', id::text, 1, ARRAY[md5('event' || id)::uuid], at FROM entries;
VACUUM (ANALYZE);
