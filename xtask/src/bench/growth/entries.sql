-- What is filled in, alike in each database: ids follow from owner and number. `:owners` is the list of users and how many
-- entries each has; `:others` is how many more users there are, with 100 entries each.
\set ON_ERROR_STOP on
SET session_replication_role = replica;
SET synchronous_commit = off;
SET work_mem = '256MB';
SELECT setseed(0.5);

CREATE TEMP TABLE owners AS
SELECT user_id, entries FROM (VALUES :owners) AS named (user_id, entries)
UNION ALL
SELECT md5('owner' || n)::uuid, 100 FROM generate_series(1, :others) AS n;

-- Words as texts have them: few often, most seldom.
CREATE TEMP TABLE vocabulary AS
SELECT n, CASE WHEN n = 150 THEN 'river' ELSE translate(substr(md5('word' || n), 1, 4 + n % 5), '0123456789', 'aeioulnrst') END AS word
FROM generate_series(1, 2000) AS n;

CREATE TEMP TABLE texts AS
SELECT t.n, min(v.word) || ' and ' || max(v.word) AS title, string_agg(v.word, ' ') || '.' AS content
FROM (SELECT n, 1 + floor(power(random(), 3) * 1999)::int AS chosen FROM generate_series(0, 199) AS n, generate_series(1, 40)) AS t
JOIN vocabulary v ON v.n = t.chosen
GROUP BY t.n;
CREATE UNIQUE INDEX ON texts (n);

CREATE TEMP TABLE tags AS
SELECT o.user_id, k, md5(o.user_id::text || 'tag' || k)::uuid AS id,
    (ARRAY['morning', 'river', 'work', 'home', 'travel', 'family', 'friends', 'health', 'sleep', 'food', 'music', 'books', 'garden', 'running',
        'rain', 'winter', 'ideas', 'money', 'school', 'quiet'])[k + 1] AS name
FROM owners o CROSS JOIN generate_series(0, 19) AS k;

-- Over three years, up to yesterday.
CREATE TEMP TABLE entries AS
SELECT e.user_id, e.i, e.at, e.at::date AS entry_date,
    overlay(md5(e.user_id::text || e.i) PLACING lpad(to_hex((extract(epoch FROM e.at) * 1000)::bigint), 12, '0') FROM 1 FOR 12)::uuid AS id,
    (e.i * 7 % 200) AS text, e.i % 20 AS tag, (e.i * 7 + 3) % 20 AS other_tag,
    (ARRAY['HAPPY', 'CALM', 'GRATEFUL', 'EXCITED', 'NEUTRAL', 'TIRED', 'ANXIOUS', 'STRESSED', 'SAD', 'ANGRY'])[1 + e.i % 10] AS mood
FROM (
    SELECT o.user_id, i, date_trunc('milliseconds', now() - interval '1 day' - (o.entries - i) * (interval '1095 days' / o.entries)) AS at
    FROM owners o CROSS JOIN LATERAL generate_series(1, o.entries) AS i
) e;
ANALYZE owners, texts, tags, entries;
