//! What has left the platform, as its user reads it.

use super::page::PageInfo;
use super::scalars::{Bytes, DateTime};
use async_graphql::{Enum, ID, SimpleObject};
use mindflow_guest::call::{CallContext, Credential, Error};
use mindflow_guest::disclosure_reader::{self, Disclosed};
use mindflow_guest::failure::invalid;
use mindflow_guest::id;
use mindflow_guest::rules::Format;

/// The prefix of a cursor, so that one of another listing is refused rather than misread.
const CURSOR_MARK: &[u8] = b"disclosure:";

/// What a text was sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum DisclosurePurpose {
    /// An entry, for insights.
    Analysis,
    /// An entry, to be found by its meaning.
    SearchIndex,
    /// What the user searched for.
    SearchQuery,
    /// An event with what the user wrote, to a webhook of the user's.
    Webhook,
    /// A message without a text of the user's, sealed for a browser of the user's.
    Push,
    /// Something else.
    Other,
}

/// A request that carried a text of the user's outside of the platform.
#[derive(SimpleObject)]
pub struct Disclosure {
    /// Opaque.
    id: ID,
    /// When it was written down, just before it was sent.
    at: DateTime,
    /// The entry that the text is from; null where it is from none.
    entry_id: Option<ID>,
    /// Which version of the entry; null where that is not known.
    entry_version: Option<u64>,
    /// What it was sent for.
    purpose: DisclosurePurpose,
    /// Where to, with the port where it is not the usual one.
    host: String,
    /// The model that read it; null where none did.
    model: Option<String>,
    /// The size of the request's body.
    bytes: Bytes,
}

/// A disclosure and its place in the list.
#[derive(SimpleObject)]
pub struct DisclosureEdge {
    /// Opaque; for `after`.
    cursor: String,
    /// The disclosure.
    node: Disclosure,
}

/// A page of disclosures, newest first.
#[derive(SimpleObject)]
pub struct DisclosureConnection {
    /// The disclosures of this page.
    edges: Vec<DisclosureEdge>,
    /// Where the page lies.
    page_info: PageInfo,
}

/// One page of at most `first`, of what left of the caller's.
///
/// # Errors
/// `invalid` for a cursor of something else; `unavailable`.
pub async fn page(context: CallContext, first: u32, after: Option<String>) -> Result<DisclosureConnection, Error> {
    let Credential::Token(token) = context.credential else {
        return Err(Error::Unauthenticated("Log in first: this needs an access token.".into()));
    };
    let has_previous_page = after.is_some();
    let wrong = || invalid("after", Format::Cursor, "Must be a cursor of this list.");
    let before = after.map(|cursor| position(&cursor).ok_or_else(wrong)).transpose()?;
    // One more than requested shows whether others follow.
    let page = disclosure_reader::page(token, first.saturating_add(1), before).await;
    let mut rows = page.map_err(|error| match error {
        disclosure_reader::Error::AccessDenied(reason) => Error::Unauthenticated(reason),
        disclosure_reader::Error::Unavailable(reason) => Error::Unavailable(reason),
    })?;
    let has_next_page = rows.len() > first as usize;
    rows.truncate(first as usize);
    let edge = |row: Disclosed| DisclosureEdge { cursor: cursor(&row.id), node: row.into() };
    let edges: Vec<DisclosureEdge> = rows.into_iter().map(edge).collect();
    let page_info = PageInfo {
        has_next_page,
        has_previous_page,
        start_cursor: edges.first().map(|edge| edge.cursor.clone()),
        end_cursor: edges.last().map(|edge| edge.cursor.clone()),
    };
    Ok(DisclosureConnection { edges, page_info })
}

fn cursor(id: &str) -> String {
    hex::encode([CURSOR_MARK, id.as_bytes()].concat())
}

fn position(cursor: &str) -> Option<String> {
    let bytes = hex::decode(cursor).ok()?;
    let text = std::str::from_utf8(bytes.strip_prefix(CURSOR_MARK)?).ok()?;
    id::parse(text).map(|id| id.to_string())
}

impl DisclosurePurpose {
    /// By the word that the sender gave.
    fn of(word: &str) -> Self {
        match word {
            "analysis" => Self::Analysis,
            "search-index" => Self::SearchIndex,
            "search-query" => Self::SearchQuery,
            "webhook" => Self::Webhook,
            "push" => Self::Push,
            _ => Self::Other,
        }
    }
}

impl From<Disclosed> for Disclosure {
    fn from(row: Disclosed) -> Self {
        let (entry_id, version) = row.document.map(|document| (document.id, document.version)).unzip();
        Self {
            id: row.id.into(),
            at: DateTime(row.at),
            entry_id: entry_id.map(Into::into),
            entry_version: version.filter(|version| *version > 0),
            purpose: DisclosurePurpose::of(&row.purpose),
            host: row.host,
            model: row.model,
            bytes: Bytes(row.bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mindflow_guest::disclosure::Document;

    #[test]
    fn a_cursor_is_of_this_list_alone() {
        let id = "00000000-0000-4000-8000-000000000007";
        assert_eq!(position(&cursor(id)).as_deref(), Some(id));
        for other in ["", "07", "zz", &hex::encode(format!("audit:{id}")), &cursor("7"), &hex::encode(id)] {
            assert_eq!(position(other), None, "{other}");
        }
    }

    #[test]
    fn a_row_names_the_entry_and_its_version_where_that_is_known() {
        let of = |document: Option<Document>, purpose: &str| -> Disclosure {
            let (component, host) = ("ai".into(), "api.example.org".into());
            Disclosed {
                id: "1".into(),
                at: 2,
                component,
                document,
                purpose: purpose.into(),
                host,
                model: None,
                bytes: 3,
            }
            .into()
        };
        let read = of(Some(Document { id: "e".into(), version: 4 }), "analysis");
        assert_eq!((read.entry_id, read.entry_version), (Some("e".into()), Some(4)));
        assert_eq!(read.purpose, DisclosurePurpose::Analysis);
        let unknown = of(Some(Document { id: "e".into(), version: 0 }), "webhook");
        assert_eq!((unknown.entry_id, unknown.entry_version), (Some("e".into()), None));
        let searched = of(None, "something-new");
        assert_eq!((searched.entry_id, searched.purpose), (None, DisclosurePurpose::Other));
    }
}
