//! Opaque cursors of the trash and of versions: a number, by which the list is sorted, and an id.

use mindflow_guest::call::Error;
use mindflow_guest::failure::invalid;
use mindflow_guest::journal::PAGE_MAX;
use mindflow_guest::rules::{Format, Rule};
use uuid::Uuid;

/// Hexadecimal digits of the number and of the id.
const DIGITS: (usize, usize) = (16, 32);

/// The last item seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Microseconds since 1970-01-01T00:00:00Z, or a version.
    pub number: i64,
    pub id: Uuid,
}

impl Cursor {
    pub fn encode(self) -> String {
        format!("{:016x}{}", self.number, self.id.as_simple())
    }

    fn decode(text: &str) -> Option<Self> {
        let is_hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != DIGITS.0 + DIGITS.1 || !text.bytes().all(is_hexadecimal) {
            return None;
        }
        let (number, id) = text.split_at_checked(DIGITS.0)?;
        Some(Self { number: i64::from_str_radix(number, 16).ok()?, id: Uuid::try_parse(id).ok()? })
    }
}

/// How many items a page has, and what it follows. All of it that is wrong is named.
pub fn page(first: u32, after: Option<&str>) -> Result<(u32, Option<Cursor>), Error> {
    if !(1..=PAGE_MAX).contains(&first) {
        return Err(invalid("first", Rule::range(1, PAGE_MAX), format!("Ask for 1 to {PAGE_MAX} items.")));
    }
    let Some(text) = after else { return Ok((first, None)) };
    let after =
        Cursor::decode(text).ok_or_else(|| invalid("after", Format::Cursor, "This is not a cursor of this list."))?;
    Ok((first, Some(after)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_leads_back_to_its_place(number in 0..i64::MAX, id in any::<u128>()) {
            let cursor = Cursor { number, id: Uuid::from_u128(id) };
            prop_assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        }

        #[test]
        fn arbitrary_text_is_refused_or_is_exactly_a_cursor(text in "[0-9a-fA-F+-]{47,49}|.{0,60}") {
            if let Some(cursor) = Cursor::decode(&text) {
                prop_assert_eq!(cursor.encode(), text);
            }
        }
    }

    #[test]
    fn a_page_has_bounds_and_follows_a_cursor_of_its_list() {
        assert_eq!(page(20, None), Ok((20, None)));
        for (first, after, name) in [(0, None, "first"), (101, None, "first"), (1, Some("x"), "after")] {
            let Err(Error::Invalid(fields)) = page(first, after) else { panic!("{first}") };
            assert_eq!(fields[0].field, name);
        }
    }
}
