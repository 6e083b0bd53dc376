//! What the host keeps between two calls of a connection. Another version of this component may read it, so it begins
//! with the number of its format.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Rises when an older reader would misunderstand what this one writes, or the other way round.
const FORMAT: u8 = 1;

pub fn write(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    // Writing to memory fails for no type that is kept; an empty value is not understood later.
    if serde_json::to_writer(&mut bytes, value).is_err() {
        bytes.clear();
    }
    bytes
}

/// None for another format.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (format, json) = bytes.split_first()?;
    (*format == FORMAT).then(|| serde_json::from_slice(json).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_again_and_another_format_is_not() {
        let mut bytes = write(&("a", 1));
        assert_eq!(read(&bytes), Some(("a".to_owned(), 1)));
        bytes[0] = FORMAT + 1;
        assert_eq!(read::<(String, u8)>(&bytes), None);
        assert_eq!(read::<(String, u8)>(&[]), None);
    }
}
