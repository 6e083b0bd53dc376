//! The capability `disclosure`: what a request that carries a user's text outside must say, and what the ledger keeps of it. The
//! provider writes the row, and sends after that.

pub mod postgres;
mod request;

pub use request::{ANSWER_BYTES_MAX, BODY_BYTES_MAX, Request, TIMEOUT_MAX, host_of};

use uuid::Uuid;

use crate::broken_rule::BrokenRule;

/// Most rows of one page: as many as a client may ask for, and one that shows whether others follow.
pub const PAGE_MAX: u32 = 101;
/// How long a writing or a read may take, the wait for a connection included. What is sent waits for it.
pub const LEDGER_MS_MAX: u32 = 5_000;
/// Of a purpose: a word or two.
const PURPOSE_CHARS_MAX: usize = 40;
/// Of a model's name, as analyses have it.
const MODEL_CHARS_MAX: usize = 100;
/// Of a document's id: a UUID has 36.
const DOCUMENT_CHARS_MAX: usize = 100;

/// A state of something that a user keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub id: String,
    pub version: u64,
}

/// Whose text, of what, and what for: the owner is proven or found by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub user_id: Uuid,
    pub document: Option<Document>,
    pub purpose: String,
}

/// A request as it is written before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// Who sends it.
    pub component: String,
    pub subject: Subject,
    /// See [`host_of`].
    pub host: String,
    /// The one that reads it.
    pub model: Option<String>,
    /// Of the request's body.
    pub bytes: usize,
}

/// A row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosed {
    /// It says nothing of other rows.
    pub id: Uuid,
    /// Microseconds since 1970-01-01T00:00:00Z, by the database's clock.
    pub at_us: i64,
    pub component: String,
    pub document: Option<Document>,
    pub purpose: String,
    pub host: String,
    pub model: Option<String>,
    pub bytes: u64,
}

/// The ledger was not written or read. What was to be sent was not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the ledger of disclosures: {0}")]
pub struct LedgerError(pub String);

/// Why something is not written down, and so not sent; or why it is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A rule that the subject breaks.
    #[error("{0}")]
    Invalid(String),
    /// The token proves no caller, or it is not granted.
    #[error("{0}")]
    Denied(String),
    #[error("{0}")]
    Unavailable(String),
}

/// The user of this id.
///
/// # Errors
/// It is none.
pub fn owner(id: &str) -> Result<Uuid, Refusal> {
    id.parse().map_err(|_| Refusal::Invalid("owner: the user's id is no UUID".to_owned()))
}

/// The row of this id. What is no id is that of no row, behind which is nothing.
#[must_use]
pub fn row(id: &str) -> Uuid {
    id.parse().unwrap_or_default()
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<BrokenRule> for Refusal {
    fn from(broken: BrokenRule) -> Self {
        Self::Invalid(broken.to_string())
    }
}

/// Makes refusals and rows those of the interfaces: each program has types of its own for them, made from the same WIT.
#[macro_export]
macro_rules! disclosure_types {
    ($sender:ident, $reader:ident, $document:ident) => {
        impl From<$crate::broken_rule::BrokenRule> for $sender::Error {
            fn from(broken: $crate::broken_rule::BrokenRule) -> Self {
                Self::Invalid(broken.to_string())
            }
        }

        impl From<$crate::disclosure::Refusal> for $sender::Error {
            fn from(refusal: $crate::disclosure::Refusal) -> Self {
                use $crate::disclosure::Refusal as R;
                match refusal {
                    R::Invalid(reason) => Self::Invalid(reason),
                    R::Denied(reason) => Self::Prohibited(reason),
                    R::Unavailable(reason) => Self::Unrecorded(reason),
                }
            }
        }

        impl From<$crate::disclosure::Refusal> for $reader::Error {
            fn from(refusal: $crate::disclosure::Refusal) -> Self {
                use $crate::disclosure::Refusal as R;
                match refusal {
                    R::Invalid(reason) | R::Denied(reason) => Self::AccessDenied(reason),
                    R::Unavailable(reason) => Self::Unavailable(reason),
                }
            }
        }

        impl From<$crate::disclosure::Disclosed> for $reader::Disclosed {
            fn from(row: $crate::disclosure::Disclosed) -> Self {
                let $crate::disclosure::Disclosed { id, at_us, component, document, purpose, host, model, bytes } = row;
                let document = document.map(|$crate::disclosure::Document { id, version }| $document { id, version });
                Self { id: id.to_string(), at: at_us, component, document, purpose, host, model, bytes }
            }
        }
    };
}

// === impl Subject ===

impl Subject {
    /// A text of the user's, of what and what for.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn of(user_id: Uuid, document: Option<Document>, purpose: String) -> Result<Self, Refusal> {
        let subject = Self { user_id, document, purpose };
        subject.check()?;
        Ok(subject)
    }

    /// # Errors
    /// The rule that it breaks.
    pub fn check(&self) -> Result<(), BrokenRule> {
        let purpose = self.purpose.as_bytes();
        let letters = purpose.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'-');
        if !purpose.first().is_some_and(u8::is_ascii_lowercase) || !letters || purpose.len() > PURPOSE_CHARS_MAX {
            let rule = format!("must be 1 to {PURPOSE_CHARS_MAX} of a-z and `-`, a letter first");
            return Err(BrokenRule::new("purpose", rule));
        }
        let Some(document) = &self.document else { return Ok(()) };
        line("document id", &document.id, DOCUMENT_CHARS_MAX)?;
        match i64::try_from(document.version) {
            Ok(_) => Ok(()),
            Err(_) => Err(BrokenRule::new("document version", "must be below 2^63")),
        }
    }
}

/// A text of some visible characters.
fn line(field: &'static str, text: &str, chars_max: usize) -> Result<(), BrokenRule> {
    let chars = text.chars().count();
    if (1..=chars_max).contains(&chars) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(BrokenRule::new(field, format!("must be 1 to {chars_max} characters without control characters")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> Subject {
        let document = Document { id: Uuid::from_u128(1).to_string(), version: 3 };
        Subject { user_id: Uuid::from_u128(2), document: Some(document), purpose: "analysis".into() }
    }

    fn broken(subject: &Subject) -> Option<&'static str> {
        subject.check().err().map(|broken| broken.field)
    }

    #[test]
    fn a_purpose_is_a_word_that_can_be_looked_for() {
        for purpose in ["a", "search-index", &"x".repeat(40)] {
            assert_eq!(broken(&Subject { purpose: purpose.into(), ..subject() }), None, "{purpose}");
        }
        for purpose in ["", "-a", "Analysis", "a b", "a\n", &"x".repeat(41)] {
            assert_eq!(broken(&Subject { purpose: purpose.into(), ..subject() }), Some("purpose"), "{purpose}");
        }
    }

    #[test]
    fn a_document_has_an_id_and_a_version_that_the_ledger_can_keep() {
        let of =
            |id: &str, version| broken(&Subject { document: Some(Document { id: id.into(), version }), ..subject() });
        assert_eq!(of("entry 1", u64::MAX / 2), None);
        assert_eq!(of("", 1), Some("document id"));
        assert_eq!(of("a\u{0}", 1), Some("document id"));
        assert_eq!(of("a", u64::MAX), Some("document version"));
        assert_eq!(broken(&Subject { document: None, ..subject() }), None);
    }
}
