//! The ledger in PostgreSQL: the statements on `migrations/write/0085_keep_ai_ledger.sql` and `0091_name_disclosures.sql`, and what their rows are.

use super::{Disclosed, Disclosure, Document, LedgerError, PAGE_MAX, Subject};
use crate::sql::Value;
use uuid::Uuid;

/// The role of the capability in the database, for a provider that is not its administrator.
pub const ROLE: &str = "disclosure-ledger";

/// Takes [`record_params`] and answers the row's id. It is written when the statement has answered: it runs outside a transaction.
pub const RECORD: &str = "SELECT disclosure.keep(
    $1::text, $2::uuid, $3::text, $4::bigint, $5::text, $6::text, $7::text, $8::bigint)";
/// Takes [`page_params`] and answers [`disclosed`], newest first.
pub const PAGE: &str = "SELECT name, at, component, document_id, document_version, purpose, host, model, bytes
    FROM disclosure.page_behind($1::uuid, $2::uuid, $3::integer)";

/// What [`RECORD`] takes.
///
/// # Errors
/// A number that the ledger cannot have.
pub fn record_params(disclosure: &Disclosure) -> Result<[Value; 8], LedgerError> {
    let Disclosure { component, subject: Subject { user_id, document, purpose }, host, model, bytes } = disclosure;
    let version = document.as_ref().map(|document| signed(document.version)).transpose()?;
    let bytes = i64::try_from(*bytes).map_err(|_| beyond())?;
    Ok([
        component.as_str().into(),
        (*user_id).into(),
        document.as_ref().map(|document| document.id.clone()).into(),
        version.into(),
        purpose.as_str().into(),
        host.as_str().into(),
        model.clone().into(),
        bytes.into(),
    ])
}

/// What [`PAGE`] takes: at most `first` and no more than [`PAGE_MAX`], behind the row `before`.
///
/// # Errors
/// A number that the database does not take.
pub fn page_params(user_id: Uuid, first: u32, before: Option<Uuid>) -> Result<[Value; 3], LedgerError> {
    let first = i32::try_from(first.min(PAGE_MAX)).map_err(|_| beyond())?;
    Ok([user_id.into(), before.into(), first.into()])
}

/// A row of [`PAGE`].
///
/// # Errors
/// It is none.
pub fn disclosed(row: Vec<Value>) -> Result<Disclosed, LedgerError> {
    let columns = <[Value; 9]>::try_from(row);
    let Ok(
        [
            Value::Uuid(id),
            Value::Timestamp(at_us),
            Value::Text(component),
            document_id,
            document_version,
            Value::Text(purpose),
            Value::Text(host),
            model,
            Value::Int64(bytes),
        ],
    ) = columns
    else {
        return Err(other_columns());
    };
    let document = match (document_id, document_version) {
        (Value::Text(id), Value::Int64(version)) => Some(Document { id, version: unsigned(version)? }),
        (Value::Null, Value::Null) => None,
        _ => return Err(other_columns()),
    };
    let model = match model {
        Value::Text(model) => Some(model),
        Value::Null => None,
        _ => return Err(other_columns()),
    };
    let id = id.parse().map_err(|_| other_columns())?;
    Ok(Disclosed { id, at_us, component, document, purpose, host, model, bytes: unsigned(bytes)? })
}

fn signed(number: u64) -> Result<i64, LedgerError> {
    i64::try_from(number).map_err(|_| beyond())
}

fn unsigned(number: i64) -> Result<u64, LedgerError> {
    u64::try_from(number).map_err(|_| LedgerError("a negative number".into()))
}

fn beyond() -> LedgerError {
    LedgerError("a number beyond 2^63-1".into())
}

fn other_columns() -> LedgerError {
    LedgerError("a row of other columns".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::literal;

    fn disclosure(document: Option<Document>, model: Option<&str>) -> Disclosure {
        let subject = Subject { user_id: Uuid::from_u128(7), document, purpose: "analysis".into() };
        let (component, host) = ("ai".into(), "api.example.org".into());
        Disclosure { component, subject, host, model: model.map(str::to_owned), bytes: 12 }
    }

    #[test]
    fn what_is_missing_is_null_of_its_type() {
        let statement = literal::bind(RECORD, &record_params(&disclosure(None, None)).unwrap()).unwrap();
        assert_eq!(statement.matches("NULL").count(), 3, "{statement}");
        let document = Document { id: "it's".into(), version: 3 };
        let statement = literal::bind(RECORD, &record_params(&disclosure(Some(document), Some("m"))).unwrap()).unwrap();
        assert!(statement.contains("'it''s'") && !statement.contains("NULL"), "{statement}");
    }

    #[test]
    fn a_version_that_the_ledger_cannot_have_is_refused() {
        let document = Document { id: "e".into(), version: u64::MAX };
        assert!(record_params(&disclosure(Some(document), None)).is_err());
        assert_eq!(page_params(Uuid::nil(), 1_000, None).unwrap()[2], Value::Int32(101));
    }

    #[test]
    fn a_row_is_what_left() {
        let row = |document: [Value; 2], model: Value| {
            let [id, version] = document;
            vec![
                Value::Uuid(Uuid::from_u128(4).to_string()),
                Value::Timestamp(5),
                "ai".into(),
                id,
                version,
                "analysis".into(),
                "api.example.org".into(),
                model,
                Value::Int64(12),
            ]
        };
        let found = disclosed(row(["e".into(), Value::Int64(3)], "m".into())).unwrap();
        assert_eq!((found.id, found.at_us, found.bytes), (Uuid::from_u128(4), 5, 12));
        assert_eq!((found.document, found.model), (Some(Document { id: "e".into(), version: 3 }), Some("m".into())));
        let found = disclosed(row([Value::Null, Value::Null], Value::Null)).unwrap();
        assert_eq!((found.document, found.model), (None, None));
        assert!(disclosed(row(["e".into(), Value::Null], Value::Null)).is_err());
        assert!(disclosed(Vec::new()).is_err());
    }
}
