//! Documents in PostgreSQL: full text with stems and ranks, what is spelt wrongly by trigrams, vectors compared
//! exactly, by the server where it has pgvector.
//!
//! Each statement runs as the capability's own role under row-level security: a search can read its owner's rows
//! and no others, for any statement. So it looks at all of the owner's documents; that they are few, and
//! [`SEARCH_TIMEOUT`], bound what it costs.

use std::sync::OnceLock;

use uuid::Uuid;

use super::excerpt::Marker;
use super::statements::{
    COMPARES, COUNT_NEAR, DELETE, FORGET, FORGETTABLE, NEAREST, SEARCH, SIMILAR, UPSERT, VECTOR, VECTORS,
    beyond_params, filter_params,
};
use super::tsquery::Written;
use super::{
    Clause, Document, DocumentError, Error, Filter, Near, Query, SEARCH_TIMEOUT, TextHit, TextHits, VECTORS_MAX,
    VectorHit, checked, cut, language, nearest,
};
use crate::sql::{self, Value};

/// The role of the capability in the database, named as a component's is.
pub const ROLE: &str = "search-index";

/// Most words of a query for which similar ones are looked for.
const CORRECTED_MAX: usize = 5;
/// Shorter words resemble half of all words.
const CORRECTED_CHARS_MIN: usize = 4;

/// The tables of the index, as a provider reaches them: logged in as [`ROLE`].
pub trait Tables {
    /// The rows of one statement that only reads, and that may take `within_ms`. It runs as the user `owner`.
    fn read(
        &self,
        owner: Uuid,
        within_ms: u32,
        statement: &str,
        params: &[Value],
    ) -> impl Future<Output = Result<Vec<Vec<Value>>, sql::Error>>;

    /// Runs the statement with each of these parameters, all in one transaction, as the service.
    fn write(&self, statement: &str, each: &[Vec<Value>]) -> impl Future<Output = Result<(), sql::Error>>;
}

/// One index.
#[derive(Debug)]
pub struct PostgresIndex<T> {
    name: String,
    tables: T,
    /// Whether the server compares vectors, once it has been asked.
    compares: OnceLock<bool>,
}

impl<T: Tables> PostgresIndex<T> {
    /// The index `name` in these tables, which have those of other names as well.
    #[must_use]
    pub fn new(name: &str, tables: T) -> Self {
        Self { name: name.to_owned(), tables, compares: OnceLock::new() }
    }

    /// Writes the document unless a newer version of it is there, or its deletion.
    ///
    /// # Errors
    /// A rule that it breaks, or the store's.
    pub async fn upsert(&self, document: &Document) -> Result<(), Error> {
        Ok(self.tables.write(UPSERT, &[self.upsert_params(document)?]).await?)
    }

    /// As [`Self::upsert`] for each document, of different ids.
    ///
    /// # Errors
    /// As of [`Self::upsert`]; none is written then.
    pub async fn upsert_all(&self, documents: &[Document]) -> Result<(), Error> {
        // In the order of their ids, so that two batches with the same documents wait for each other instead of both failing.
        let mut by_id: Vec<&Document> = documents.iter().collect();
        by_id.sort_by(|one, other| one.id.cmp(&other.id));
        let each = by_id.into_iter().map(|document| self.upsert_params(document)).collect::<Result<Vec<_>, _>>()?;
        Ok(self.tables.write(UPSERT, &each).await?)
    }

    /// Takes the document out, for this version and all older ones.
    ///
    /// # Errors
    /// As of [`Self::upsert`].
    pub async fn delete(&self, id: &str, owner: Uuid, version_deleted: u64) -> Result<(), Error> {
        let params = vec![self.name.as_str().into(), id.into(), owner.into(), version(version_deleted)?];
        Ok(self.tables.write(DELETE, &[params]).await?)
    }

    /// Deletes the owner's document of this id, or all of them. Answers how many there were before.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget(&self, owner: Uuid, id: Option<&str>) -> Result<u64, Error> {
        let params = [self.name.as_str().into(), owner.into(), id.map_or(Value::Null, Value::from)];
        let rows = self.read(owner, FORGETTABLE, &params).await?;
        self.tables.write(FORGET, &[params.to_vec()]).await?;
        Ok(match rows.first().map(Vec::as_slice) {
            Some([Value::Int64(count)]) => u64::try_from(*count).unwrap_or_default(),
            _ => 0,
        })
    }

    /// The owner's documents that match, best first.
    ///
    /// # Errors
    /// A rule that the query breaks, or the store's.
    pub async fn search(&self, owner: Uuid, query: &Query, filter: &Filter, limit: u32) -> Result<TextHits, Error> {
        let limit = checked(limit)?;
        let hits = self.matching(owner, query, filter, limit).await?;
        if hits.total > 0 {
            return Ok(hits);
        }
        // Whether words are spelt wrongly does not depend on which documents are asked about.
        if !filter.among.is_empty() && self.matching(owner, query, &filter.anywhere(), 1).await?.total > 0 {
            return Ok(hits);
        }
        match self.corrected(owner, query).await? {
            Some(corrected) => self.matching(owner, &corrected, filter, limit).await,
            None => Ok(hits),
        }
    }

    /// The owner's documents nearest to a vector: of the latest [`VECTORS_MAX`] where the server does not compare them.
    ///
    /// # Errors
    /// As of [`Self::search`].
    pub async fn nearest(&self, owner: Uuid, near: &Near<'_>, filter: &Filter) -> Result<Vec<VectorHit>, Error> {
        let limit = checked(near.limit)?;
        let wanted = nearest::unit(near.vector).ok_or(DocumentError::Vector)?;
        let mut params = self.passing(owner, near.except, filter);
        if self.compares().await? {
            params.push(Value::Bytes(nearest::to_bytes(&wanted)));
            params.extend(beyond_params(filter.beyond.as_ref()));
            params.push(Value::Int64(limit.into()));
            let rows = self.read(owner, NEAREST, &params).await?;
            let hits = rows.into_iter().map(|row| match <[Value; 2]>::try_from(row) {
                Ok([Value::Text(id), Value::Float64(score)]) => Ok(VectorHit { id, score }),
                _ => Err(unexpected()),
            });
            return hits.collect();
        }
        let documents = compared(self.vectors(owner, params).await?);
        Ok(nearest::best(&wanted, documents, filter.beyond.as_ref(), limit))
    }

    /// How many of the owner's documents are at least that near to a vector, wherever in the ranking: of the latest [`VECTORS_MAX`]
    /// where the server does not compare them.
    ///
    /// # Errors
    /// As of [`Self::search`].
    pub async fn count_near(&self, owner: Uuid, vector: &[f32], score_min: f64, filter: &Filter) -> Result<u32, Error> {
        let wanted = nearest::unit(vector).ok_or(DocumentError::Vector)?;
        let mut params = self.passing(owner, None, filter);
        if !self.compares().await? {
            let documents = compared(self.vectors(owner, params).await?);
            return Ok(nearest::count(&wanted, documents.map(|(_, vector)| vector), score_min));
        }
        params.extend([Value::Bytes(nearest::to_bytes(&wanted)), Value::Float64(score_min)]);
        let rows = self.read(owner, COUNT_NEAR, &params).await?;
        match rows.first().map(Vec::as_slice) {
            Some([Value::Int64(near)]) => Ok(u32::try_from(*near).unwrap_or(u32::MAX)),
            _ => Err(unexpected()),
        }
    }

    /// What the owner's document means; none when there is no such document or it has no vector.
    ///
    /// # Errors
    /// The store's.
    pub async fn vector(&self, owner: Uuid, id: &str) -> Result<Option<Vec<f32>>, Error> {
        let rows = self.read(owner, VECTOR, &[self.name.as_str().into(), owner.into(), id.into()]).await?;
        Ok(rows.first().and_then(|row| match row.as_slice() {
            [Value::Bytes(bytes)] => Some(nearest::from_bytes(bytes)),
            _ => None,
        }))
    }

    fn upsert_params(&self, document: &Document) -> Result<Vec<Value>, Error> {
        let document = document.clone().prepared()?;
        let labels = document.labels.join(" ");
        let cut = cut(&[&document.title, &labels, &document.body]);
        let mut stemmed = cut.stemmed.into_iter().map(Value::Text);
        let mut next = || stemmed.next().unwrap_or(Value::Null);
        Ok(vec![
            self.name.as_str().into(),
            document.id.into(),
            document.owner.into(),
            version(document.version)?,
            document.title.into(),
            document.body.into(),
            Value::TextArray(document.keywords),
            language::stemmer(document.language.as_deref()).into(),
            Value::Timestamp(document.at),
            next(),
            next(),
            next(),
            cut.vocabulary.into(),
            document.vector.map_or(Value::Null, |vector| Value::Bytes(nearest::to_bytes(&vector))),
            cut.in_order.into(),
        ])
    }

    /// Which documents are compared with a vector: `$1` to `$10` of the statements.
    fn passing(&self, owner: Uuid, except: Option<&str>, filter: &Filter) -> Vec<Value> {
        let mut params = vec![self.name.as_str().into(), owner.into(), except.unwrap_or_default().into()];
        params.extend(filter_params(filter));
        params.extend(Written::excluded(&filter.without).params());
        params
    }

    /// The latest of these, for the provider to compare.
    async fn vectors(&self, owner: Uuid, mut passing: Vec<Value>) -> Result<Vec<Vec<Value>>, Error> {
        passing.push(Value::Int64(i64::try_from(VECTORS_MAX).unwrap_or(i64::MAX)));
        self.read(owner, VECTORS, &passing).await
    }

    async fn read(&self, owner: Uuid, statement: &str, params: &[Value]) -> Result<Vec<Vec<Value>>, Error> {
        let within_ms = u32::try_from(SEARCH_TIMEOUT.as_millis()).unwrap_or(u32::MAX);
        Ok(self.tables.read(owner, within_ms, statement, params).await?)
    }

    async fn compares(&self) -> Result<bool, Error> {
        if let Some(compares) = self.compares.get() {
            return Ok(*compares);
        }
        let rows = self.read(Uuid::nil(), COMPARES, &[]).await?;
        let compares = rows.first().is_some_and(|row| row.as_slice() == [Value::Boolean(true)]);
        Ok(*self.compares.get_or_init(|| compares))
    }

    async fn matching(&self, owner: Uuid, query: &Query, filter: &Filter, limit: u32) -> Result<TextHits, Error> {
        let mut params = vec![self.name.as_str().into(), owner.into()];
        params.extend(Written::new(&query.wanted).params());
        params.extend(Written::excluded(&[query.unwanted.as_slice(), &filter.without].concat()).params());
        params.extend(filter_params(filter));
        params.extend(beyond_params(filter.beyond.as_ref()));
        params.push(Value::Int64(limit.into()));
        let mut hits = TextHits::default();
        let mut marker: Option<(Vec<String>, Marker)> = None;
        for row in self.read(owner, SEARCH, &params).await? {
            let [Value::Int64(total), id, score, title, body, forms] =
                <[Value; 6]>::try_from(row).map_err(|_| unexpected())?
            else {
                return Err(unexpected());
            };
            hits.total = u32::try_from(total).unwrap_or(u32::MAX);
            let (
                Value::Text(id),
                Value::Float64(score),
                Value::Text(title),
                Value::Text(body),
                Value::TextArray(forms),
            ) = (id, score, title, body, forms)
            else {
                // The total alone: no document is left.
                continue;
            };
            // The same for all documents of a language.
            if marker.as_ref().is_none_or(|(of, _)| *of != forms) {
                marker = Some((forms.clone(), Marker::new(query, forms)));
            }
            let highlights = marker.iter().flat_map(|(_, marker)| marker.parts(&title, &body)).collect();
            hits.hits.push(TextHit { id, score, highlights });
        }
        Ok(hits)
    }

    /// The query with similar words for those that may be spelt wrongly; none when there are none.
    async fn corrected(&self, owner: Uuid, query: &Query) -> Result<Option<Query>, Error> {
        let mut query = query.clone();
        let mut doubtful = doubtful(&mut query);
        if doubtful.is_empty() {
            return Ok(None);
        }
        let asked = doubtful.iter().filter_map(|any| any.first().cloned()).collect();
        let params = [self.name.as_str().into(), owner.into(), Value::TextArray(asked)];
        let mut found = false;
        for row in self.read(owner, SIMILAR, &params).await? {
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

/// Of each word that may be spelt wrongly, what would do.
fn doubtful(query: &mut Query) -> Vec<&mut Vec<String>> {
    let words = query.wanted.iter_mut().filter_map(|clause| match clause {
        Clause::Word { any, .. } => Some(any),
        Clause::Phrase(_) => None,
    });
    words
        .filter(|any| any.first().is_some_and(|word| word.chars().count() >= CORRECTED_CHARS_MIN))
        .take(CORRECTED_MAX)
        .collect()
}

/// Ids and vectors of the rows.
fn compared(rows: Vec<Vec<Value>>) -> impl Iterator<Item = (String, Vec<f32>)> {
    rows.into_iter().filter_map(|row| match <[Value; 2]>::try_from(row) {
        Ok([Value::Text(id), Value::Bytes(bytes)]) => Some((id, nearest::from_bytes(&bytes))),
        _ => None,
    })
}

fn version(version: u64) -> Result<Value, Error> {
    i64::try_from(version).map(Value::Int64).map_err(|_| DocumentError::Version.into())
}

fn unexpected() -> Error {
    Error::Other("a row of another shape than was asked for".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_words_of_a_query_may_be_spelt_wrongly_and_only_five_of_them() {
        let mut query =
            Query::parse(r#"sea "by the river" rivver one two wallk moning eveening nigt afternon"#).unwrap();
        let words: Vec<String> = doubtful(&mut query).into_iter().map(|any| any[0].clone()).collect();
        assert_eq!(words, ["rivver", "wallk", "moning", "eveening", "nigt"]);
    }
}
