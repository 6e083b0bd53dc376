//! Whether services outside of the platform may read what a user writes: the user's own decision, or, without one, the variable
//! `ai_consent`, the same for all components that have it.

use crate::{
    call::Error,
    config,
    failure::internal,
    params,
    sql::{self, Identity},
};
use uuid::Uuid;

const MAY_LEAVE: &str = "SELECT consent.may_leave($1::uuid, $2::uuid, $3::boolean) AS may_leave";

/// Whether it is so at this moment: of an entry, or else of anything else that the user writes. The write database is asked.
///
/// # Errors
/// It cannot be known now; then nothing may leave.
pub async fn may_leave(database: &str, user_id: Uuid, entry: Option<Uuid>) -> Result<bool, Error> {
    let assumed = is_assumed().await.map_err(Error::Internal)?;
    let rows = sql::query(database, Identity::Service, MAY_LEAVE, params![user_id, entry, assumed]).await?;
    let row = rows.first().ok_or_else(|| internal("the statement answers no row"))?;
    Ok(row.get("may_leave")?)
}

/// Whether the consent of such a user is assumed.
///
/// # Errors
/// A sentence that names the variable when it is another word.
pub async fn is_assumed() -> Result<bool, String> {
    read(config::text("ai_consent").await.as_deref())
}

fn read(setting: Option<&str>) -> Result<bool, String> {
    match setting.map(str::trim) {
        None | Some("assumed") => Ok(true),
        Some("asked") => Ok(false),
        Some(other) => Err(format!("the variable `ai_consent` is {other:?}; it can be `assumed` or `asked`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consent_is_assumed_unless_it_is_to_be_asked_for_and_another_word_is_neither() {
        assert_eq!((read(None), read(Some("assumed")), read(Some(" asked "))), (Ok(true), Ok(true), Ok(false)));
        for wrong in ["Asked", "true", "no"] {
            assert!(read(Some(wrong)).unwrap_err().contains("`ai_consent`"), "{wrong}");
        }
    }
}
