//! Documents in PostgreSQL: full text with stems and ranks, what is spelt wrongly by trigrams, vectors compared
//! exactly, by the server where it has pgvector. The tables are `migrations/read/0040_create_search_index.sql` to
//! `0042_index_languages.sql`.
//!
//! Each statement runs as the capability's own role under row-level security: a search can read its owner's rows
//! and no others, for any statement. So it looks at all of the owner's documents; that they are few, and
//! [`SEARCH_TIMEOUT`], bound what it costs.

use super::{
    Document, Error, Filter, Near, Query, SEARCH_TIMEOUT, SearchIndex, TextHit, TextHits, VECTORS_MAX, VectorHit,
    checked, highlight, language, nearest, query::Clause, words,
};
use crate::database::{
    postgres::Database,
    sql::{self, Identity, Rowset, Value},
};
use async_trait::async_trait;
use futures::future::join_all;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// The role of the capability in the database, named as a component's is.
pub const ROLE: &str = "search-index";

/// Most words of a query for which similar ones are looked for.
const CORRECTED_MAX: usize = 5;
/// Shorter words resemble half of all words.
const CORRECTED_CHARS_MIN: usize = 4;

const UPSERT: &str = "
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

const DELETE: &str = "
INSERT INTO search_index.documents AS d (index_name, id, owner, version, deleted) VALUES ($1, $2, $3, $4, true)
ON CONFLICT (index_name, id) DO UPDATE SET owner = EXCLUDED.owner, version = EXCLUDED.version, deleted = true, title = '', body = '',
    keywords = '{}', config = 'simple', at = 'epoch', terms = '', words = '', vector = NULL
WHERE d.version <= EXCLUDED.version";

/// Stems differ by language, so the query is made once for each language that the owner writes. Phrases are found
/// as they are written: stems leave out the words that every text is full of.
const SEARCH: &str = "
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
const SIMILAR: &str = "
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
const COMPARES: &str = "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute
    WHERE attrelid = 'search_index.documents'::regclass AND attname = 'embedding' AND NOT attisdropped)";

/// What is asked for is read once, and not for each document. Vectors of another model are passed over.
const NEAREST: &str = "
SELECT d.id, search_index.cosine(d.embedding, asked.wanted) AS score
FROM search_index.documents d CROSS JOIN (SELECT search_index.embedding($7) AS wanted OFFSET 0) asked
WHERE d.index_name = $1 AND d.owner = $2 AND NOT d.deleted AND length(d.vector) = length(CAST($7 AS bytea)) AND d.id <> $3
    AND d.keywords @> $4 AND (CAST($5 AS timestamptz) IS NULL OR d.at >= $5) AND (CAST($6 AS timestamptz) IS NULL OR d.at < $6)
ORDER BY score DESC, d.id
LIMIT $8";

/// For the host to compare.
const VECTORS: &str = "
SELECT id, vector FROM search_index.documents
WHERE index_name = $1 AND owner = $2 AND NOT deleted AND vector IS NOT NULL AND id <> $3
    AND keywords @> $4 AND (CAST($5 AS timestamptz) IS NULL OR at >= $5) AND (CAST($6 AS timestamptz) IS NULL OR at < $6)
ORDER BY at DESC, id
LIMIT $7";

const VECTOR: &str =
    "SELECT vector FROM search_index.documents WHERE index_name = $1 AND owner = $2 AND id = $3 AND NOT deleted";

pub(super) struct PostgresIndex {
    name: String,
    database: Database,
    /// Whether the server compares vectors.
    compares: OnceCell<bool>,
}

impl PostgresIndex {
    pub fn new(name: &str, database: Database) -> Self {
        Self { name: name.to_owned(), database, compares: OnceCell::new() }
    }

    /// One transaction; the statements are sent together.
    async fn write(&self, statement: &str, each: &[Vec<Value>]) -> Result<(), Error> {
        let transaction = self.database.begin(ROLE, &Identity::Service).await?;
        let written = join_all(each.iter().map(|params| transaction.execute(statement, params))).await;
        written.into_iter().try_for_each(|written| written.map(drop))?;
        Ok(transaction.commit().await?)
    }

    fn upsert_params(&self, document: &Document) -> Result<Vec<Value>, Error> {
        let document = document.clone().prepared()?;
        let labels = document.labels.join(" ");
        let vocabulary = words::vocabulary([document.title.as_str(), labels.as_str(), document.body.as_str()]);
        Ok(vec![
            Value::Text(self.name.clone()),
            Value::Text(document.id),
            document.owner.into(),
            version(document.version)?,
            Value::Text(document.title.clone()),
            Value::Text(document.body.clone()),
            Value::TextArray(document.keywords),
            Value::Text(language::stemmer(document.language.as_deref()).to_owned()),
            Value::Timestamp(document.at),
            Value::Text(words::plain(&document.title)),
            Value::Text(words::plain(&labels)),
            Value::Text(words::plain(&document.body)),
            Value::Text(vocabulary),
            document.vector.map_or(Value::Null, |vector| Value::Bytes(nearest::to_bytes(&vector))),
        ])
    }

    async fn read(&self, owner: Uuid, statement: &str, params: &[Value]) -> Result<Rowset, Error> {
        let identity = Identity::Caller { user_id: owner, roles: Vec::new() };
        let within_ms = u32::try_from(SEARCH_TIMEOUT.as_millis()).unwrap_or(u32::MAX);
        Ok(self.database.query_within(within_ms, ROLE, &identity, statement, params).await?)
    }

    async fn compares(&self) -> Result<bool, Error> {
        let ask = async || {
            let rows = self.read(Uuid::nil(), COMPARES, &[]).await?;
            Ok(rows.rows.first().is_some_and(|row| row.as_slice() == [Value::Boolean(true)]))
        };
        self.compares.get_or_try_init(ask).await.copied()
    }

    async fn matching(&self, owner: Uuid, query: &Query, filter: &Filter, limit: u32) -> Result<TextHits, Error> {
        let [keywords, after, before] = filter_params(filter);
        let params = [
            Value::Text(self.name.clone()),
            owner.into(),
            Value::Text(written(&query.wanted, false, " & ")),
            Value::Text(written(&query.wanted, true, " & ")),
            Value::Text(written(&query.unwanted, false, " | ")),
            Value::Text(written(&query.unwanted, true, " | ")),
            keywords,
            after,
            before,
            Value::Int64(limit.into()),
            Value::Text(headline("HighlightAll=true")),
            Value::Text(headline("MaxFragments=3, MinWords=6, MaxWords=24")),
        ];
        let rows = self.read(owner, SEARCH, &params).await?;
        let mut hits = TextHits::default();
        for row in rows.rows {
            let [Value::Text(id), Value::Float64(score), Value::Int64(total), Value::Text(title), Value::Text(body)] =
                row.as_slice()
            else {
                return Err(unexpected());
            };
            hits.total = u32::try_from(*total).unwrap_or(u32::MAX);
            let highlights = highlight::parts([title.as_str(), body.as_str()]);
            hits.hits.push(TextHit { id: id.clone(), score: *score, highlights });
        }
        Ok(hits)
    }

    /// The query with similar words for those that may be spelt wrongly; none when there are none.
    async fn corrected(&self, owner: Uuid, query: &Query) -> Result<Option<Query>, Error> {
        let mut query = query.clone();
        let mut doubtful: Vec<&mut Vec<String>> = query
            .wanted
            .iter_mut()
            .filter_map(|clause| match clause {
                Clause::Word { any, .. } => Some(any),
                Clause::Phrase(_) => None,
            })
            .filter(|any| any.first().is_some_and(|word| word.chars().count() >= CORRECTED_CHARS_MIN))
            .take(CORRECTED_MAX)
            .collect();
        if doubtful.is_empty() {
            return Ok(None);
        }
        let asked = doubtful.iter().filter_map(|any| any.first().cloned()).collect();
        let params = [Value::Text(self.name.clone()), owner.into(), Value::TextArray(asked)];
        let rows = self.read(owner, SIMILAR, &params).await?;
        let mut found = false;
        for row in rows.rows {
            let [Value::Int64(position), Value::Text(word)] = row.as_slice() else { return Err(unexpected()) };
            let index = usize::try_from(*position).unwrap_or_default().wrapping_sub(1);
            if let Some(any) = doubtful.get_mut(index).filter(|any| !any.contains(word)) {
                any.push(word.clone());
                found = true;
            }
        }
        Ok(found.then_some(query))
    }
}

#[async_trait]
impl SearchIndex for PostgresIndex {
    async fn upsert(&self, document: &Document) -> Result<(), Error> {
        self.write(UPSERT, &[self.upsert_params(document)?]).await
    }

    async fn upsert_all(&self, documents: &[Document]) -> Result<(), Error> {
        // In the order of their ids, so that two batches with the same documents wait for each other instead of both failing.
        let mut by_id: Vec<&Document> = documents.iter().collect();
        by_id.sort_by(|one, other| one.id.cmp(&other.id));
        let each = by_id.into_iter().map(|document| self.upsert_params(document)).collect::<Result<Vec<_>, _>>()?;
        self.write(UPSERT, &each).await
    }

    async fn delete(&self, id: &str, owner: Uuid, version_deleted: u64) -> Result<(), Error> {
        let params =
            vec![Value::Text(self.name.clone()), Value::Text(id.to_owned()), owner.into(), version(version_deleted)?];
        self.write(DELETE, &[params]).await
    }

    async fn search(&self, owner: Uuid, query: &Query, filter: &Filter, limit: u32) -> Result<TextHits, Error> {
        let limit = checked(limit)?;
        let hits = self.matching(owner, query, filter, limit).await?;
        if hits.total > 0 {
            return Ok(hits);
        }
        match self.corrected(owner, query).await? {
            Some(corrected) => self.matching(owner, &corrected, filter, limit).await,
            None => Ok(hits),
        }
    }

    async fn nearest(&self, owner: Uuid, near: &Near<'_>, filter: &Filter) -> Result<Vec<VectorHit>, Error> {
        let limit = checked(near.limit)?;
        let wanted = nearest::unit(near.vector).ok_or(super::DocumentError::Vector)?;
        let [keywords, after, before] = filter_params(filter);
        let except = Value::Text(near.except.unwrap_or_default().to_owned());
        let mut params = vec![Value::Text(self.name.clone()), owner.into(), except, keywords, after, before];
        if self.compares().await? {
            params.extend([Value::Bytes(nearest::to_bytes(&wanted)), Value::Int64(limit.into())]);
            let rows = self.read(owner, NEAREST, &params).await?;
            let hits = rows.rows.into_iter().map(|row| match <[Value; 2]>::try_from(row) {
                Ok([Value::Text(id), Value::Float64(score)]) => Ok(VectorHit { id, score }),
                _ => Err(unexpected()),
            });
            return hits.collect();
        }
        params.push(Value::Int64(i64::try_from(VECTORS_MAX).unwrap_or(i64::MAX)));
        let rows = self.read(owner, VECTORS, &params).await?;
        let documents = rows.rows.into_iter().filter_map(|row| match <[Value; 2]>::try_from(row) {
            Ok([Value::Text(id), Value::Bytes(bytes)]) => Some((id, nearest::from_bytes(&bytes))),
            _ => None,
        });
        Ok(nearest::best(&wanted, documents, limit))
    }

    async fn vector(&self, owner: Uuid, id: &str) -> Result<Option<Vec<f32>>, Error> {
        let params = [Value::Text(self.name.clone()), owner.into(), Value::Text(id.to_owned())];
        let rows = self.read(owner, VECTOR, &params).await?;
        Ok(rows.rows.first().and_then(|row| match row.as_slice() {
            [Value::Bytes(bytes)] => Some(nearest::from_bytes(bytes)),
            _ => None,
        }))
    }
}

/// `keywords @>`, `at >=`, `at <`.
fn filter_params(filter: &Filter) -> [Value; 3] {
    let time = |at: Option<i64>| at.map_or(Value::Null, Value::Timestamp);
    let keywords = filter.keywords.iter().map(|keyword| keyword.to_lowercase()).collect();
    [Value::TextArray(keywords), time(filter.after), time(filter.before)]
}

fn version(version: u64) -> Result<Value, Error> {
    i64::try_from(version).map(Value::Int64).map_err(|_| super::DocumentError::Version.into())
}

fn unexpected() -> Error {
    Error::Other(sql::Error::Other("a row of another shape than was asked for".into()).to_string())
}

/// Options of `ts_headline`.
fn headline(shape: &str) -> String {
    let (open, close, between) = (highlight::OPEN, highlight::CLOSE, highlight::BETWEEN);
    format!("{shape}, StartSel=\"{open}\", StopSel=\"{close}\", FragmentDelimiter=\"{between}\"")
}

/// As `to_tsquery` reads it. Words are letters and digits alone, so none can end its quotes.
fn clause(clause: &Clause) -> String {
    let quoted = |word: &String| format!("'{word}'");
    match clause {
        Clause::Word { any, prefix } => {
            let alternatives = any
                .iter()
                .enumerate()
                .map(|(index, word)| if index == 0 && *prefix { format!("'{word}':*") } else { quoted(word) });
            format!("({})", alternatives.collect::<Vec<_>>().join(" | "))
        }
        Clause::Phrase(words) => format!("({})", words.iter().map(quoted).collect::<Vec<_>>().join(" <-> ")),
    }
}

/// The phrases among the clauses, or the others.
fn written(clauses: &[Clause], phrases: bool, operator: &str) -> String {
    let chosen = clauses.iter().filter(|clause| matches!(clause, Clause::Phrase(_)) == phrases);
    chosen.map(clause).collect::<Vec<_>>().join(operator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_written_as_the_server_reads_it() {
        let query = Query::parse(r#"morning "by the river" -office -"old town" wal"#).unwrap();
        assert_eq!(written(&query.wanted, false, " & "), "('morning') & ('wal':*)");
        assert_eq!(written(&query.wanted, true, " & "), "('by' <-> 'the' <-> 'river')");
        assert_eq!(written(&query.unwanted, false, " | "), "('office')");
        assert_eq!(written(&query.unwanted, true, " | "), "('old' <-> 'town')");
        let similar = Clause::Word { any: vec!["rivr".into(), "river".into()], prefix: true };
        assert_eq!(clause(&similar), "('rivr':* | 'river')");
    }
}
