INSERT INTO command.journals (id, user_id, title, content, entry_date, word_count, version, event_sequence, created_at, updated_at)
SELECT e.id, e.user_id, t.title, t.content, e.entry_date, 40, 1, 1, e.at, e.at FROM entries e JOIN texts t ON t.n = e.text;
INSERT INTO command.tags (id, user_id, name, name_key, event_sequence) SELECT id, user_id, name, name, 1 FROM tags;
INSERT INTO command.journal_tags (user_id, entry_id, tag_id)
SELECT e.user_id, e.id, t.id FROM entries e JOIN tags t ON t.user_id = e.user_id AND t.k IN (e.tag, e.other_tag);
INSERT INTO command.changes (user_id, kind, id, position, deleted, at)
SELECT user_id, kind, id, row_number() OVER (PARTITION BY user_id ORDER BY at, kind, id), false, at
FROM (SELECT user_id, 'entry' AS kind, id, at FROM entries UNION ALL SELECT user_id, 'tag', id, '-infinity' FROM tags) things;
INSERT INTO command.change_counters (user_id, counter) SELECT user_id, max(position) FROM command.changes GROUP BY user_id;
INSERT INTO command.journal_moods (entry_id, user_id, mood) SELECT id, user_id, mood FROM entries;
INSERT INTO ai.entries (entry_id, user_id, event_sequence) SELECT id, user_id, 1 FROM entries;
INSERT INTO ai.analyses (entry_id, entry_sequence, user_id, event_id, status, model, completed_at)
SELECT id, 1, user_id, md5('event' || id)::uuid, 'ready', 'local', at FROM entries;
INSERT INTO mindflow.applied (component, subscription, partition_key, sequence, event_ids, applied_at)
SELECT s.component, s.subscription, e.id::text, 1, ARRAY[md5('event' || e.id)::uuid], e.at
FROM entries e CROSS JOIN (VALUES ('mindflow_ai', 'ai'), ('mindflow_notification', 'notification')) AS s (component, subscription);
INSERT INTO delivery.archived_event (event_id) SELECT md5('event' || id)::uuid FROM entries;
INSERT INTO delivery.archive (position, event_id, event_type, version, occurred_at, source, source_component, sequence, partition_key,
    correlation_id, user_id, payload, archived_at, xid)
SELECT nextval('delivery.archive_position'), md5('event' || e.id)::uuid, 'JournalEntryCreated', '1.0', e.at, 'command-service', 'command', 1,
    e.id::text, md5('request' || e.id), e.user_id, jsonb_build_object('journalId', e.id, 'userId', e.user_id, 'title', t.title,
    'content', t.content, 'mood', e.mood, 'tags', '[]'::jsonb, 'attachmentIds', '[]'::jsonb, 'createdAt', e.at, 'updatedAt', e.at,
    'entryDate', e.entry_date, 'version', 1, 'wordCount', 40, 'analysis', 'requested'), e.at, NULL
FROM entries e JOIN texts t ON t.n = e.text;
VACUUM (ANALYZE) command.journals, command.tags, command.journal_tags, command.journal_moods, command.changes, command.change_counters, ai.entries, ai.analyses, mindflow.applied,
    delivery.archived_event, delivery.archive;
