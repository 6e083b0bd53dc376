INSERT INTO query.users_view (id, email, display_name, roles, timezone, created_at, sequence)
SELECT user_id, user_id || '@example.org', 'A user', ARRAY['user'], 'UTC', now() - interval '3 years', 1 FROM owners ON CONFLICT DO NOTHING;
INSERT INTO query.tags_view (tag_id, user_id, name, name_key, sequence) SELECT id, user_id, name, lower(name), 1 FROM tags;
INSERT INTO query.journals_view (entry_id, user_id, sequence, version, title, content, mood, tags, tag_ids, tag_names, attachment_ids,
    created_at, updated_at, entry_date, word_count)
SELECT e.id, e.user_id, 1, 1, t.title, t.content, e.mood,
    jsonb_build_array(jsonb_build_object('id', a.id, 'name', a.name), jsonb_build_object('id', b.id, 'name', b.name)),
    ARRAY[a.id, b.id], ARRAY[a.name, b.name], '{}', e.at, e.at, e.entry_date, 40
FROM entries e JOIN texts t ON t.n = e.text
JOIN tags a ON a.user_id = e.user_id AND a.k = e.tag JOIN tags b ON b.user_id = e.user_id AND b.k = e.other_tag;
INSERT INTO query.entry_tags (entry_id, tag_id, user_id)
SELECT e.id, t.id, e.user_id FROM entries e JOIN tags t ON t.user_id = e.user_id AND t.k IN (e.tag, e.other_tag);
INSERT INTO query.entry_creations (entry_id, user_id, created_at) SELECT id, user_id, at FROM entries;
INSERT INTO query.analyses_view (entry_id, user_id, entry_sequence, analysis_sequence, status, sentiment, themes, insights, model, completed_at)
SELECT id, user_id, 1, 2, 'READY', 0.25, ARRAY['sleep', 'work'],
    jsonb_build_array(jsonb_build_object('id', md5('insight' || id)::uuid, 'text', 'You wrote about ' || mood || ' days more often.', 'kind', 'pattern')),
    'local', at FROM entries;
INSERT INTO mindflow.applied (component, subscription, partition_key, sequence, event_ids, applied_at)
SELECT 'mindflow_query', 'query', id::text, 2, ARRAY[md5('event' || id)::uuid], at FROM entries;
WITH prepared AS MATERIALIZED (
    SELECT t.n, t.title, t.content, (SELECT string_agg(DISTINCT w, ' ') FROM unnest(string_to_array(rtrim(t.content, '.'), ' ')) AS w) AS words,
        setweight(to_tsvector('english', t.title), 'A') || setweight(to_tsvector('english', 'winter work'), 'B')
            || setweight(to_tsvector('english', t.content), 'C')
            || array_to_tsvector(string_to_array(lower(t.title || ' ' || rtrim(t.content, '.')), ' ')) AS terms
    FROM texts t
)
INSERT INTO search_index.documents (index_name, id, owner, version, title, body, keywords, config, at, terms, words, plain)
SELECT 'entries', e.id::text, e.user_id, 1, p.title, p.content, ARRAY[e.mood], 'english', e.at, p.terms, p.words,
    ' ' || lower(p.title || ' | winter work | ' || rtrim(p.content, '.')) || ' | '
FROM entries e JOIN prepared p ON p.n = e.text;
VACUUM (ANALYZE);
