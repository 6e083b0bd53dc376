//! The statements on `search_index.documents`; the tables are `migrations/read/0040_create_search_index.sql` to
//! `0042_index_languages.sql`.

pub const UPSERT: &str = "
INSERT INTO search_index.documents AS d (index_name, id, owner, version, title, body, keywords, config, at, terms, words, vector)
SELECT $1, $2, $3, $4, $5, $6, $7, CAST($8 AS text)::regconfig, $9,
    setweight(to_tsvector(CAST($8 AS text)::regconfig, $10), 'A') || setweight(to_tsvector(CAST($8 AS text)::regconfig, $11), 'B')
    || setweight(to_tsvector(CAST($8 AS text)::regconfig, $12), 'C')
    || setweight(to_tsvector('simple', concat_ws(' ', CAST($10 AS text), CAST($11 AS text), CAST($12 AS text))), 'D'),
    $13, $14
ON CONFLICT (index_name, id) DO UPDATE SET owner = EXCLUDED.owner, version = EXCLUDED.version, deleted = false, title = EXCLUDED.title,
    body = EXCLUDED.body, keywords = EXCLUDED.keywords, config = EXCLUDED.config, at = EXCLUDED.at, terms = EXCLUDED.terms,
    words = EXCLUDED.words,
    vector = COALESCE(EXCLUDED.vector, CASE WHEN d.version = EXCLUDED.version THEN d.vector END)
WHERE d.version < EXCLUDED.version OR (d.version = EXCLUDED.version AND NOT d.deleted)";

pub const DELETE: &str = "
INSERT INTO search_index.documents AS d (index_name, id, owner, version, deleted) VALUES ($1, $2, $3, $4, true)
ON CONFLICT (index_name, id) DO UPDATE SET owner = EXCLUDED.owner, version = EXCLUDED.version, deleted = true, title = '', body = '',
    keywords = '{}', config = 'simple', at = 'epoch', terms = '', words = '', vector = NULL
WHERE d.version <= EXCLUDED.version";

/// Stems differ by language, so the query is made once for each language that the owner writes. Phrases are found
/// as they are written: stems leave out the words that every text is full of.
pub const SEARCH: &str = "
WITH asked AS MATERIALIZED (
    SELECT config, (to_tsquery(config, $3) || to_tsquery('simple', $3)) && to_tsquery('simple', $4) AS wanted,
        to_tsquery(config, $5) || to_tsquery('simple', $5) || to_tsquery('simple', $6) AS unwanted,
        to_tsquery(config, $3) || to_tsquery(config, $4) AS marked
    FROM (
        SELECT c.oid::regconfig AS config FROM pg_catalog.pg_ts_config c
        CROSS JOIN LATERAL (
            SELECT FROM search_index.documents d
            WHERE d.index_name = $1 AND d.owner = $2 AND NOT d.deleted AND d.config = c.oid::regconfig LIMIT 1
        ) written
    ) languages
), found AS MATERIALIZED (
    SELECT d.id, d.at, d.title, d.body, d.config, a.marked, ts_rank(d.terms, a.wanted, 1) AS score, count(*) OVER () AS total
    FROM search_index.documents d JOIN asked a ON a.config = d.config
    WHERE d.index_name = $1 AND d.owner = $2 AND NOT d.deleted AND d.terms @@ a.wanted AND NOT d.terms @@ a.unwanted
        AND d.keywords @> $7 AND (CAST($8 AS timestamptz) IS NULL OR d.at >= $8) AND (CAST($9 AS timestamptz) IS NULL OR d.at < $9)
    ORDER BY score DESC, d.at DESC, d.id
    LIMIT $10
)
SELECT id, score, total, ts_headline(config, title, marked, $11) AS title, ts_headline(config, left(body, 20000), marked, $12) AS body
FROM found
ORDER BY score DESC, at DESC, id";

/// The nearest of the owner's own words, for each word asked.
pub const SIMILAR: &str = "
SELECT asked.place, candidate.word
FROM unnest(CAST($3 AS text[])) WITH ORDINALITY AS asked (word, place)
CROSS JOIN LATERAL (
    SELECT near.word, max(search_index.similarity(asked.word, near.word)) AS resemblance
    FROM (
        SELECT d.words FROM search_index.documents d
        WHERE d.index_name = $1 AND d.owner = $2 AND NOT d.deleted AND search_index.resemblance(asked.word, d.words) >= 0.35
        ORDER BY search_index.resemblance(asked.word, d.words) DESC, d.at DESC
        LIMIT 20
    ) documents
    CROSS JOIN LATERAL unnest(string_to_array(documents.words, ' ')) AS near (word)
    GROUP BY near.word
    HAVING max(search_index.similarity(asked.word, near.word)) >= 0.35
    ORDER BY resemblance DESC, near.word
    LIMIT 3
) candidate
ORDER BY asked.place, candidate.resemblance DESC, candidate.word";

/// Whether the server has pgvector: then it keeps an `embedding` for each vector.
pub const COMPARES: &str = "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute
    WHERE attrelid = 'search_index.documents'::regclass AND attname = 'embedding' AND NOT attisdropped)";

/// What is asked for is read once, and not for each document. Vectors of another model are passed over.
pub const NEAREST: &str = "
SELECT d.id, search_index.cosine(d.embedding, asked.wanted) AS score
FROM search_index.documents d CROSS JOIN (SELECT search_index.embedding($7) AS wanted OFFSET 0) asked
WHERE d.index_name = $1 AND d.owner = $2 AND NOT d.deleted AND length(d.vector) = length(CAST($7 AS bytea)) AND d.id <> $3
    AND d.keywords @> $4 AND (CAST($5 AS timestamptz) IS NULL OR d.at >= $5) AND (CAST($6 AS timestamptz) IS NULL OR d.at < $6)
ORDER BY score DESC, d.id
LIMIT $8";

/// For the provider to compare.
pub const VECTORS: &str = "
SELECT id, vector FROM search_index.documents
WHERE index_name = $1 AND owner = $2 AND NOT deleted AND vector IS NOT NULL AND id <> $3
    AND keywords @> $4 AND (CAST($5 AS timestamptz) IS NULL OR at >= $5) AND (CAST($6 AS timestamptz) IS NULL OR at < $6)
ORDER BY at DESC, id
LIMIT $7";

pub const VECTOR: &str =
    "SELECT vector FROM search_index.documents WHERE index_name = $1 AND owner = $2 AND id = $3 AND NOT deleted";
