//! The statements on `search_index.documents`; the tables are `migrations/read/0040_create_search_index.sql` to
//! `0043_keep_words_in_order.sql`.

use super::{Filter, Place};
use crate::sql::Value;

pub const UPSERT: &str = "
INSERT INTO search_index.documents AS d (index_name, id, owner, version, title, body, keywords, config, at, terms, words, vector, plain)
SELECT $1, $2, $3, $4, $5, $6, $7, CAST($8 AS text)::regconfig, $9,
    setweight(to_tsvector(CAST($8 AS text)::regconfig, $10), 'A') || setweight(to_tsvector(CAST($8 AS text)::regconfig, $11), 'B')
    || setweight(to_tsvector(CAST($8 AS text)::regconfig, $12), 'C')
    || array_to_tsvector(string_to_array(CAST($13 AS text), ' ')),
    $13, $14, $15
ON CONFLICT (index_name, id) DO UPDATE SET owner = EXCLUDED.owner, version = EXCLUDED.version, deleted = false, title = EXCLUDED.title,
    body = EXCLUDED.body, keywords = EXCLUDED.keywords, config = EXCLUDED.config, at = EXCLUDED.at, terms = EXCLUDED.terms,
    words = EXCLUDED.words, plain = EXCLUDED.plain,
    vector = COALESCE(EXCLUDED.vector, CASE WHEN d.version = EXCLUDED.version THEN d.vector END)
WHERE d.version < EXCLUDED.version OR (d.version = EXCLUDED.version AND NOT d.deleted)";

pub const DELETE: &str = "
INSERT INTO search_index.documents AS d (index_name, id, owner, version, deleted) VALUES ($1, $2, $3, $4, true)
ON CONFLICT (index_name, id) DO UPDATE SET owner = EXCLUDED.owner, version = EXCLUDED.version, deleted = true, title = '', body = '',
    keywords = '{}', config = 'simple', at = 'epoch', terms = '', words = '', plain = '', vector = NULL
WHERE d.version <= EXCLUDED.version";

/// What [`FORGET`] deletes. Both take the owner, and the id or null.
pub const FORGETTABLE: &str = "
SELECT count(*) FROM search_index.documents WHERE index_name = $1 AND owner = $2 AND (CAST($3 AS text) IS NULL OR id = $3)";

pub const FORGET: &str = "
DELETE FROM search_index.documents WHERE index_name = $1 AND owner = $2 AND (CAST($3 AS text) IS NULL OR id = $3)";

/// The languages that the owner writes: stems differ by language, so a query is made once for each.
macro_rules! languages {
    () => {
        "SELECT c.oid::regconfig AS config FROM pg_catalog.pg_ts_config c
        CROSS JOIN LATERAL (
            SELECT FROM search_index.documents d
            WHERE d.index_name = $1 AND d.owner = $2 AND NOT d.deleted AND d.config = c.oid::regconfig LIMIT 1
        ) written"
    };
}

/// A query for each language: a word is found as it is written, or by its stem. `$exact`, `$stems`: a clause each.
macro_rules! asked {
    ($exact:literal, $stems:literal, $between:literal) => {
        concat!(
            "(SELECT string_agg('(' || either.clause || ')', '", $between, "')::tsquery
            FROM unnest(CAST(", $exact, " AS text[]), CAST(", $stems, " AS text[])) AS one (exact, stems)
            CROSS JOIN LATERAL (
                SELECT concat_ws(' | ', NULLIF(one.exact, ''), NULLIF(to_tsquery(config, NULLIF(one.stems, ''))::text, '')) AS clause
            ) either
            WHERE either.clause <> '')"
        )
    };
}

/// A document has what is asked for in `terms`, and phrases in `plain`: places in `terms` end at 16,383. Without words, all that pass
/// the filter are listed, the latest first. The total is that of the whole ranking; a row has it also where no document is left.
/// Of the contents of a page, as much as the first MiB is answered whole, and of each one beyond its beginning.
pub const SEARCH: &str = concat!(
    "WITH asked AS MATERIALIZED (
    SELECT config, ",
    asked!("$3", "$4", " & "),
    " AS wanted, ",
    asked!("$6", "$7", " | "),
    " AS unwanted,
        (SELECT string_agg('(' || stem.query || ')', ' | ')::tsquery
            FROM unnest(CAST($4 AS text[])) AS one (stems)
            CROSS JOIN LATERAL (SELECT to_tsquery(config, NULLIF(one.stems, ''))::text AS query) stem
            WHERE stem.query <> '') AS marked
    FROM (",
    languages!(),
    ") languages
), found AS MATERIALIZED (
    SELECT d.id, d.title, d.body, d.words, d.config,
        CASE WHEN a.wanted IS NULL THEN extract(epoch FROM d.at)::double precision ELSE ts_rank(d.terms, a.wanted, 1)::double precision END AS score
    FROM search_index.documents d JOIN asked a ON a.config = d.config
    WHERE d.index_name = $1 AND d.owner = $2 AND NOT d.deleted AND COALESCE(d.terms @@ a.wanted, true)
        AND NOT COALESCE(d.terms @@ a.unwanted, false)
        AND d.keywords @> $9 AND (CAST($10 AS timestamptz) IS NULL OR d.at >= $10) AND (CAST($11 AS timestamptz) IS NULL OR d.at < $11)
        AND NOT EXISTS (SELECT FROM unnest(CAST($5 AS text[])) AS phrase WHERE strpos(d.plain, phrase) = 0)
        AND NOT EXISTS (SELECT FROM unnest(CAST($8 AS text[])) AS phrase WHERE strpos(d.plain, phrase) > 0)
        AND (cardinality(CAST($12 AS text[])) = 0 OR d.id = ANY ($12))
), page AS MATERIALIZED (
    SELECT *, sum(octet_length(body)) OVER (ORDER BY score DESC, id DESC) AS bytes
    FROM (
        SELECT * FROM found
        WHERE CAST($13 AS double precision) IS NULL OR (score, id) < (CAST($13 AS double precision), CAST($14 AS text))
        ORDER BY score DESC, id DESC
        LIMIT $15
    ) first
), forms AS MATERIALIZED (
    SELECT v.config, array_agg(v.word) AS words
    FROM (SELECT DISTINCT p.config, w.word FROM page p CROSS JOIN LATERAL unnest(string_to_array(p.words, ' ')) AS w (word)) v
    JOIN asked a ON a.config = v.config
    WHERE to_tsvector(v.config, v.word) @@ a.marked
    GROUP BY v.config
)
SELECT t.total, p.id, p.score, p.title, CASE WHEN p.bytes <= 1048576 THEN p.body ELSE left(p.body, 20000) END AS body,
    COALESCE(f.words, '{}') AS forms
FROM (SELECT count(*) AS total FROM found) t LEFT JOIN page p ON true LEFT JOIN forms f ON f.config = p.config
ORDER BY p.score DESC, p.id DESC"
);

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

/// Documents of the owner's that pass the filter and have nothing of what must not be there: `$4` to `$10`.
macro_rules! passing {
    () => {
        "d.index_name = $1 AND d.owner = $2 AND NOT d.deleted AND d.id <> $3
    AND d.keywords @> $4 AND (CAST($5 AS timestamptz) IS NULL OR d.at >= $5) AND (CAST($6 AS timestamptz) IS NULL OR d.at < $6)
    AND NOT EXISTS (SELECT FROM avoided a WHERE a.config = d.config AND d.terms @@ a.unwanted)
    AND NOT EXISTS (SELECT FROM unnest(CAST($10 AS text[])) AS phrase WHERE strpos(d.plain, phrase) > 0)
    AND (cardinality(CAST($7 AS text[])) = 0 OR d.id = ANY ($7))"
    };
}

macro_rules! avoided {
    () => {
        concat!(
            "WITH avoided AS MATERIALIZED (
    SELECT config, ",
            asked!("$8", "$9", " | "),
            " AS unwanted
    FROM (",
            languages!(),
            ") languages WHERE cardinality(CAST($8 AS text[])) > 0
)"
        )
    };
}

/// What is asked for is read once, and not for each document. Vectors of another model are passed over.
pub const NEAREST: &str = concat!(
    avoided!(),
    " SELECT id, score FROM (
    SELECT d.id, search_index.cosine(d.embedding, asked.wanted) AS score
    FROM search_index.documents d CROSS JOIN (SELECT search_index.embedding($11) AS wanted OFFSET 0) asked
    WHERE length(d.vector) = length(CAST($11 AS bytea)) AND ",
    passing!(),
    ") near
WHERE CAST($12 AS double precision) IS NULL OR score < $12 OR (score = $12 AND id > CAST($13 AS text))
ORDER BY score DESC, id
LIMIT $14"
);

/// How many of those that [`NEAREST`] ranks have `$12` at least.
pub const COUNT_NEAR: &str = concat!(
    avoided!(),
    " SELECT count(*) FILTER (WHERE search_index.cosine(d.embedding, asked.wanted) >= $12) AS near
    FROM search_index.documents d CROSS JOIN (SELECT search_index.embedding($11) AS wanted OFFSET 0) asked
    WHERE length(d.vector) = length(CAST($11 AS bytea)) AND ",
    passing!(),
);

/// For the provider to compare.
pub const VECTORS: &str = concat!(
    avoided!(),
    " SELECT d.id, d.vector FROM search_index.documents d
WHERE d.vector IS NOT NULL AND ",
    passing!(),
    " ORDER BY d.at DESC, d.id
LIMIT $11"
);

pub const VECTOR: &str =
    "SELECT vector FROM search_index.documents WHERE index_name = $1 AND owner = $2 AND id = $3 AND NOT deleted";

/// `keywords @>`, `at >=`, `at <`, and which documents.
pub fn filter_params(filter: &Filter) -> [Value; 4] {
    let time = |at: Option<i64>| at.map_or(Value::Null, Value::Timestamp);
    let keywords = filter.keywords.iter().map(|keyword| keyword.to_lowercase()).collect();
    [Value::TextArray(keywords), time(filter.after), time(filter.before), Value::TextArray(filter.among.clone())]
}

/// A place in the ranking, or nothing twice.
pub fn beyond_params(place: Option<&Place>) -> [Value; 2] {
    place.map_or([Value::Null, Value::Null], |place| [Value::Float64(place.score), place.id.as_str().into()])
}
