-- :events events of new entries of one user, published by one transaction.
WITH entry AS (
    SELECT gen_random_uuid() AS id, now() AS at FROM generate_series(1, :events)
), known AS (
    INSERT INTO delivery.archived_event (event_id) SELECT md5('event' || id)::uuid FROM entry RETURNING event_id
)
INSERT INTO delivery.archive (event_id, event_type, version, occurred_at, source, source_component, sequence, partition_key, correlation_id, user_id, payload)
SELECT md5('event' || id)::uuid, 'JournalEntryCreated', '1.0', at, 'command-service', 'command', 1, id::text, md5('request' || id), :'user'::uuid,
    jsonb_build_object('journalId', id, 'userId', :'user', 'title', 'A page', 'content', 'Slept well, walked by the river, wrote for an hour.',
        'mood', 'CALM', 'tags', '[]'::jsonb, 'attachmentIds', '[]'::jsonb, 'createdAt', at, 'updatedAt', at, 'entryDate', at::date,
        'version', 1, 'wordCount', 9, 'analysis', 'requested')
FROM entry;
