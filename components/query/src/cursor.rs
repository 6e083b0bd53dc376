//! Opaque page cursors: the position in a listing, independent of concurrent writes and deletions.

use crate::order::Order;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::civil::Date;
use uuid::Uuid;

/// 9999-12-31T23:59:59.999999Z: later times are none that a database takes.
const CREATED_AT_MAX_US: i64 = 253_402_300_799_999_999;

/// What a cursor belongs to, so that one of another listing is refused rather than misread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    Entries(Order),
    /// Newest first.
    Users,
}

impl Listing {
    const ALL: [Self; 6] = [
        Self::Entries(Order::EntryDateDescending),
        Self::Entries(Order::EntryDateAscending),
        Self::Entries(Order::CreatedDescending),
        Self::Entries(Order::CreatedAscending),
        Self::Entries(Order::ChangedDescending),
        Self::Users,
    ];

    fn mark(self) -> u8 {
        match self {
            Self::Entries(Order::EntryDateDescending) => b'd',
            Self::Entries(Order::EntryDateAscending) => b'D',
            // Earlier releases had this listing of entries alone.
            Self::Entries(Order::CreatedDescending) => b'e',
            Self::Entries(Order::CreatedAscending) => b'E',
            Self::Entries(Order::ChangedDescending) => b'w',
            Self::Users => b'u',
        }
    }

    /// Whether both list the same things, in any order.
    pub fn is_like(self, other: Self) -> bool {
        matches!((self, other), (Self::Entries(_), Self::Entries(_)) | (Self::Users, Self::Users))
    }

    fn is_by_day(self) -> bool {
        matches!(self, Self::Entries(order) if order.is_by_day())
    }
}

/// The last item seen. Items of one day, or of one time, follow each other by what is named next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The day that an entry is about, in listings by days.
    pub day: Option<Date>,
    /// Microseconds since 1970-01-01T00:00:00Z; in the listing by changes, of the last one.
    pub created_at: i64,
    pub id: Uuid,
}

pub fn encode(listing: Listing, position: Position) -> String {
    let mut bytes = vec![listing.mark()];
    if let Some(day) = position.day {
        bytes.extend(day.year().to_be_bytes());
        bytes.extend([day.month(), day.day()].map(i8::cast_unsigned));
    }
    bytes.extend(position.created_at.to_be_bytes());
    bytes.extend(position.id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// `None` for a text that `encode` did not make.
pub fn decode(cursor: &str) -> Option<(Listing, Position)> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (mark, rest) = bytes.split_first()?;
    let listing = Listing::ALL.into_iter().find(|listing| listing.mark() == *mark)?;
    let (day, rest) = if listing.is_by_day() {
        let (year, rest) = rest.split_first_chunk::<2>()?;
        let ([month, day], rest) = rest.split_first_chunk::<2>()?;
        let day = Date::new(i16::from_be_bytes(*year), month.cast_signed(), day.cast_signed()).ok()?;
        (Some(day).filter(|day| day.year() >= 1), rest)
    } else {
        (None, rest)
    };
    let (created_at, id) = rest.split_first_chunk::<8>()?;
    let position = Position { day, created_at: i64::from_be_bytes(*created_at), id: Uuid::from_slice(id).ok()? };
    let fits = (0..=CREATED_AT_MAX_US).contains(&position.created_at) && position.day.is_some() == listing.is_by_day();
    fits.then_some((listing, position))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn listings() -> impl Strategy<Value = Listing> {
        prop::sample::select(Listing::ALL.to_vec())
    }

    fn days() -> impl Strategy<Value = Date> {
        (1..=9999_i16, 1..=12_i8, 1..=28_i8).prop_map(|(year, month, day)| jiff::civil::date(year, month, day))
    }

    proptest! {
        #[test]
        fn a_cursor_leads_back_to_its_listing_and_position(
            listing in listings(), day in days(), created_at in 0..=CREATED_AT_MAX_US, id in any::<u128>(),
        ) {
            let day = listing.is_by_day().then_some(day);
            let position = Position { day, created_at, id: Uuid::from_u128(id) };
            prop_assert_eq!(decode(&encode(listing, position)), Some((listing, position)));
        }

        #[test]
        fn arbitrary_text_is_refused_or_is_exactly_a_cursor(text in ".{0,60}") {
            if let Some((listing, position)) = decode(&text) {
                prop_assert_eq!(encode(listing, position), text);
            }
        }
    }

    #[test]
    fn times_and_days_that_no_database_takes_are_refused() {
        let id = Uuid::nil();
        for created_at in [-1, CREATED_AT_MAX_US + 1, i64::MAX, i64::MIN] {
            let cursor = encode(Listing::Users, Position { day: None, created_at, id });
            assert_eq!(decode(&cursor), None);
        }
        for day in [jiff::civil::date(0, 12, 31), jiff::civil::date(-9998, 1, 1)] {
            let position = Position { day: Some(day), created_at: 0, id };
            assert_eq!(decode(&encode(Listing::Entries(Order::EntryDateDescending), position)), None);
        }
    }

    #[test]
    fn a_cursor_of_an_earlier_release_is_one_of_the_order_that_there_was() {
        let (listing, _) = decode("ZQAFynny--AAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
        assert_eq!(listing, Listing::Entries(Order::CreatedDescending));
    }
}
