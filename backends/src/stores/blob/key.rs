//! What a key may be: safe as a path on a disk and in a bucket alike, so that no key leaves its container.

use super::Error;
use object_store::path::Path;

/// S3 takes 1,024; a folder's prefix needs room too.
const BYTES_MAX: usize = 512;

/// The key as the store knows it.
pub(super) fn path(key: &str) -> Result<Path, Error> {
    let invalid = |rule: &str| Err(Error::Invalid { field: "key", rule: rule.into() });
    if key.is_empty() || key.len() > BYTES_MAX {
        return invalid("must have 1 to 512 bytes");
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let fits = |segment: &str| !segment.is_empty() && !segment.starts_with('.') && segment.bytes().all(plain);
    if !key.split('/').all(fits) {
        return invalid(
            "must be segments of letters, digits, `.`, `_` and `-` with `/` between them, none beginning with `.`",
        );
    }
    Ok(Path::from(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_plain_segments() {
        for key in ["a", "a/b.txt", "0190-7/thumb", &"x".repeat(512)] {
            assert_eq!(path(key).unwrap().as_ref(), key);
        }
    }

    #[test]
    fn a_key_that_could_leave_its_container_or_hide_in_it_is_refused() {
        for key in ["", "/a", "a/", "a//b", "..", "a/../b", ".hidden", "a b", "a#1", "a\\b", "ä", &"x".repeat(513)] {
            assert!(matches!(path(key), Err(Error::Invalid { field: "key", .. })), "{key:?}");
        }
    }
}
