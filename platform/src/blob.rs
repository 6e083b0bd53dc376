//! The capability `blob`: what a key may be, and how files are cut. A key is safe as a path on a disk and in a bucket alike, so
//! that no key leaves its container.

use crate::broken_rule::BrokenRule;

/// S3 takes 1,024; a folder's prefix needs room too.
pub const KEY_BYTES_MAX: usize = 512;
/// Keys in one answer of a listing, as S3 has it.
pub const LIST_MAX: usize = 1_000;
/// S3 takes parts of no less than 5 MiB, but for the last.
pub const S3_PART_BYTES: usize = 5 << 20;
/// Of a file that is read. Stores give pieces of 8 KiB and more; fewer and larger ones cost a reader less.
pub const PIECE_BYTES: usize = 64 << 10;

/// # Errors
/// The rule that the key breaks.
pub fn check_key(key: &str) -> Result<(), BrokenRule> {
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        return Err(BrokenRule::new("key", format!("must have 1 to {KEY_BYTES_MAX} bytes")));
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let fits = |segment: &str| !segment.is_empty() && !segment.starts_with('.') && segment.bytes().all(plain);
    if !key.split('/').all(fits) {
        return Err(BrokenRule::new(
            "key",
            "must be segments of letters, digits, `.`, `_` and `-` with `/` between them, none beginning with `.`",
        ));
    }
    Ok(())
}

/// Of a range that has no byte of the file.
pub fn empty_range() -> BrokenRule {
    BrokenRule::new("range", "must name at least one byte of the file")
}

/// Of an upload that was finished or given up.
pub fn upload_is_over() -> BrokenRule {
    BrokenRule::new("upload", "is over already")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_plain_segments() {
        for key in ["a", "a/b.txt", "0190-7/thumb", &"x".repeat(512)] {
            assert_eq!(check_key(key), Ok(()));
        }
    }

    #[test]
    fn a_key_that_could_leave_its_container_or_hide_in_it_is_refused() {
        for key in ["", "/a", "a/", "a//b", "..", "a/../b", ".hidden", "a b", "a#1", "a\\b", "ä", &"x".repeat(513)] {
            assert!(matches!(check_key(key), Err(BrokenRule { field: "key", .. })), "{key:?}");
        }
    }
}
