//! Automatic persisted queries, as Apollo's clients send them: the hash alone, and once the query with it when the hash
//! is unknown. Queries are stored for a day for all instances, and some in memory.

use super::workarounds::params::{self, Params};
use crate::failure::{Failure, Kind};
use crate::rate;
use crate::viewer::Viewer;
use mindflow_guest::bucket;
use mindflow_guest::key_value::Condition;
use mindflow_guest::rules::{Format, Rule};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::HashMap;

const BUCKET: &str = "cache";
const LIFETIME_MS: u64 = 24 * 60 * 60 * 1_000;
/// An application has some dozens of queries, of one or two kilobytes; together at most 4 MiB an instance. Longer ones are not
/// stored: the client sends them again.
const KEPT_MAX: usize = 256;
const KEPT_BYTES_MAX: usize = 16 * 1024;

thread_local! {
    static KEPT: RefCell<HashMap<String, String>> = RefCell::default();
}

/// The hash in the extensions, in lower case.
///
/// # Errors
/// `Malformed` for another version of the protocol, or no SHA-256.
fn hash_of(extensions: &Map<String, Value>) -> Result<Option<String>, Failure> {
    let Some(persisted) = extensions.get("persistedQuery") else { return Ok(None) };
    if persisted.get("version").and_then(Value::as_u64) != Some(1) {
        return Err(wrong("version", Rule::one_of(["1"]), "`persistedQuery.version` must be 1."));
    }
    let hash = persisted.get("sha256Hash").and_then(Value::as_str).unwrap_or_default();
    if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong("sha256Hash", Format::Sha256, "`persistedQuery.sha256Hash` must be 64 hexadecimal digits."));
    }
    Ok(Some(hash.to_ascii_lowercase()))
}

fn sha256(query: &str) -> String {
    hex::encode(Sha256::digest(query.as_bytes()))
}

fn check(hash: &str, query: &str) -> Result<(), Failure> {
    if sha256(query) == hash {
        return Ok(());
    }
    Err(wrong("sha256Hash", Format::Sha256, "The provided `sha256Hash` is not the query's."))
}

fn wrong(name: &str, rule: impl Into<Rule>, text: &str) -> Failure {
    Failure::broken(Kind::Malformed, &format!("extensions.persistedQuery.{name}"), rule, text)
}

/// A query whose hash the client named.
pub struct ToKeep {
    hash: String,
    query: String,
}

/// The request's query, and whether to store it after it has executed.
///
/// # Errors
/// `PersistedQueryNotFound` for a hash that is not known, `Malformed` for one that is wrong.
pub async fn resolve(params: &mut Params) -> Result<(String, Option<ToKeep>), Failure> {
    let hash = hash_of(&params.extensions)?;
    match (params.query.take(), hash) {
        (Some(query), None) => Ok((query, None)),
        (Some(query), Some(hash)) => {
            check(&hash, &query)?;
            let to_keep = ToKeep { hash, query: query.clone() };
            Ok((query, Some(to_keep)))
        }
        (None, Some(hash)) => {
            let query = find(&hash).await;
            // Apollo's clients look for this very text or the code.
            query
                .map(|query| (query, None))
                .ok_or_else(|| Failure::new(Kind::PersistedQueryNotFound, "PersistedQueryNotFound"))
        }
        (None, None) => Err(params::missing_query()),
    }
}

async fn find(hash: &str) -> Option<String> {
    if let Some(query) = KEPT.with_borrow(|kept| kept.get(hash).cloned()) {
        return Some(query);
    }
    let bucket = bucket::open(BUCKET).await.ok()?;
    let entry = bucket.get(format!("apq:{hash}")).await.ok()??;
    let query = String::from_utf8(entry.value).ok().filter(|query| check(hash, query).is_ok())?;
    keep_here(hash, &query);
    Some(query)
}

fn keep_here(hash: &str, query: &str) {
    KEPT.with_borrow_mut(|kept| {
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(hash.to_owned(), query.to_owned());
    });
}

/// Stores the query, unless it is too long or the client has had too many stored. The client then needs one more round trip
/// next time, as when the store is unavailable.
pub async fn keep(to_keep: ToKeep, viewer: &Viewer) {
    let ToKeep { hash, query } = to_keep;
    if query.len() > KEPT_BYTES_MAX || find(&hash).await.is_some() || rate::of_persisted_query(viewer).await.is_err() {
        return;
    }
    keep_here(&hash, &query);
    if let Ok(bucket) = bucket::open(BUCKET).await {
        let _best_effort =
            bucket.put(format!("apq:{hash}"), query.into_bytes(), Some(LIFETIME_MS), Condition::Always).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use serde_json::json;

    /// Of `{__typename}`, as Apollo's documentation gives it.
    const HASH: &str = "ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38";

    fn params(query: Option<&str>, hash: &str) -> Params {
        let Value::Object(extensions) = json!({"persistedQuery": {"version": 1, "sha256Hash": hash}}) else {
            return Params::default();
        };
        Params { query: query.map(str::to_owned), extensions, ..Params::default() }
    }

    #[test]
    fn a_query_with_its_own_hash_is_taken_and_kept() {
        let (query, to_keep) = block_on(resolve(&mut params(Some("{__typename}"), HASH))).unwrap();
        assert_eq!(query, "{__typename}");
        assert!(to_keep.is_some());
        keep_here(HASH, &query);
        let (again, _) = block_on(resolve(&mut params(None, &HASH.to_ascii_uppercase()))).unwrap();
        assert_eq!(again, "{__typename}");
    }

    #[test]
    fn a_query_with_another_hash_is_malformed() {
        let failure = block_on(resolve(&mut params(Some("{other}"), HASH))).err().unwrap();
        assert_eq!(failure.kind, Kind::Malformed);
    }

    #[test]
    fn another_version_or_no_hash_is_malformed() {
        assert!(block_on(resolve(&mut params(None, "abc"))).is_err());
        let mut old = params(Some("{a}"), HASH);
        old.extensions["persistedQuery"]["version"] = json!(2);
        assert!(block_on(resolve(&mut old)).is_err());
    }
}
