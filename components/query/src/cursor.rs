//! Opaque page cursors: the position in a listing, independent of concurrent writes and deletions.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

/// 9999-12-31T23:59:59.999999Z: later times are none that a database takes.
const CREATED_AT_MAX_US: i64 = 253_402_300_799_999_999;

/// What a cursor belongs to, so that one of another listing is refused rather than misread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    Entries,
    Users,
}

impl Listing {
    fn mark(self) -> u8 {
        match self {
            Self::Entries => b'e',
            Self::Users => b'u',
        }
    }
}

/// The last item seen, of listings that run from the newest to the oldest, then by descending id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub created_at: i64,
    pub id: Uuid,
}

pub fn encode(listing: Listing, position: Position) -> String {
    let mut bytes = vec![listing.mark()];
    bytes.extend(position.created_at.to_be_bytes());
    bytes.extend(position.id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// `None` for a text that `encode` did not make for this listing.
pub fn decode(listing: Listing, cursor: &str) -> Option<Position> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (mark, rest) = bytes.split_first()?;
    let (created_at, id) = rest.split_first_chunk::<8>()?;
    let position = Position { created_at: i64::from_be_bytes(*created_at), id: Uuid::from_slice(id).ok()? };
    (*mark == listing.mark() && (0..=CREATED_AT_MAX_US).contains(&position.created_at)).then_some(position)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_leads_back_to_its_position(created_at in 0..=CREATED_AT_MAX_US, id in any::<u128>()) {
            let position = Position { created_at, id: Uuid::from_u128(id) };
            prop_assert_eq!(decode(Listing::Entries, &encode(Listing::Entries, position)), Some(position));
        }

        #[test]
        fn a_cursor_of_another_listing_is_refused(created_at in 0..=CREATED_AT_MAX_US, id in any::<u128>()) {
            let cursor = encode(Listing::Users, Position { created_at, id: Uuid::from_u128(id) });
            prop_assert_eq!(decode(Listing::Entries, &cursor), None);
        }

        #[test]
        fn arbitrary_text_is_refused_or_is_exactly_a_cursor(text in ".{0,60}") {
            if let Some(position) = decode(Listing::Entries, &text) {
                prop_assert_eq!(encode(Listing::Entries, position), text);
            }
        }
    }

    #[test]
    fn times_that_no_database_takes_are_refused() {
        for created_at in [-1, CREATED_AT_MAX_US + 1, i64::MAX, i64::MIN] {
            let cursor = encode(Listing::Entries, Position { created_at, id: Uuid::nil() });
            assert_eq!(decode(Listing::Entries, &cursor), None);
        }
    }
}
