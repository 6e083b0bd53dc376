//! The guard's verdicts, remembered: components run the same few dozen statements again and again.

use std::sync::LazyLock;

use mindflow_platform::sql::guard::judge;
use mindflow_platform::sql::{Error, Refusal};
use moka::sync::Cache;

/// Statements whose verdict is remembered.
const VERDICTS_MAX: u64 = 4_096;

/// Judges a statement, by memory when it was judged before.
pub(crate) fn check(statement: &str) -> Result<(), Error> {
    static VERDICTS: LazyLock<Cache<String, Result<(), Refusal>>> = LazyLock::new(|| Cache::new(VERDICTS_MAX));
    let verdict = match VERDICTS.get(statement) {
        Some(verdict) => verdict,
        None => {
            let verdict = judge(statement);
            // An endless variety of refused texts must not push the good ones out.
            if verdict.is_ok() {
                VERDICTS.insert(statement.to_owned(), verdict.clone());
            }
            verdict
        }
    };
    verdict.map_err(|refusal| Error::AccessDenied(refusal.to_string()))
}
