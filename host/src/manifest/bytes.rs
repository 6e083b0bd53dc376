//! Sizes in the runtime configuration, with their units.

use serde::{Deserialize, Deserializer};

/// A number of bytes: `262144`, `"256KiB"`, `"10MiB"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub u64);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(u64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Number(bytes) => Ok(Self(bytes)),
            Form::Text(text) => parse_bytes(&text).map(Self).ok_or_else(|| {
                serde::de::Error::custom(format!("{text:?} is no size; write such as \"256KiB\" or \"10MiB\""))
            }),
        }
    }
}

fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let shift = match unit.trim() {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_binary_units() {
        assert_eq!(parse_bytes("262144"), Some(262_144));
        assert_eq!(parse_bytes("256KiB"), Some(262_144));
        assert_eq!(parse_bytes("10 MiB"), Some(10 << 20));
        assert_eq!(parse_bytes("10MB"), None);
    }
}
