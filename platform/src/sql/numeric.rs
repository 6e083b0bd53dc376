//! PostgreSQL's binary `numeric` and the decimal text it stands for. No decimal type of Rust's holds all
//! of what `numeric` holds, so digits go in and come out as text.
//!
//! The wire form: digit-group count, weight of the first group (base 10,000), sign, decimals to show,
//! then the groups, each of 16 bits (PostgreSQL's `numeric_send`).

use bytes::{Buf, BufMut, BytesMut};

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;

/// Digits before and after the point that PostgreSQL itself takes in a literal, less than its stated
/// maxima; more is not a figure of ours.
const DIGITS_MAX: usize = 16_000;

/// Encodes decimal digits; `None` when the text is not a number.
pub fn encode(text: &str, out: &mut BytesMut) -> Option<()> {
    let special = match text {
        "NaN" => Some(NAN),
        "Infinity" => Some(INFINITY),
        "-Infinity" => Some(NEGATIVE_INFINITY),
        _ => None,
    };
    if let Some(sign) = special {
        for part in [0, 0, sign, 0] {
            out.put_u16(part);
        }
        return Some(());
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    if whole.len() > DIGITS_MAX || fraction.len() > DIGITS_MAX {
        return None;
    }
    let scale = u16::try_from(fraction.len()).ok()?;
    let whole = whole.trim_start_matches('0');
    // Fill up both sides, so that groups of four meet at the point.
    let padded_whole = format!("{}{whole}", "0".repeat((4 - whole.len() % 4) % 4));
    let padded_fraction = format!("{fraction}{}", "0".repeat((4 - fraction.len() % 4) % 4));
    let mut weight = i16::try_from(padded_whole.len() / 4).ok()? - 1;
    let mut groups: Vec<u16> = Vec::with_capacity((padded_whole.len() + padded_fraction.len()) / 4);
    for part in [&padded_whole, &padded_fraction] {
        for group in part.as_bytes().chunks(4) {
            groups.push(group.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')));
        }
    }
    let leading = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..leading);
    weight -= i16::try_from(leading).ok()?;
    while groups.last() == Some(&0) {
        groups.pop();
    }
    if groups.is_empty() {
        weight = 0;
    }
    out.put_u16(u16::try_from(groups.len()).ok()?);
    out.put_i16(weight);
    out.put_u16(if negative && !groups.is_empty() { NEGATIVE } else { POSITIVE });
    out.put_u16(scale);
    for group in groups {
        out.put_u16(group);
    }
    Some(())
}

/// The decimal digits of a binary `numeric`; `None` when it is malformed.
pub fn decode(mut raw: &[u8]) -> Option<String> {
    let count = usize::from(raw.try_get_u16().ok()?);
    let weight = i32::from(raw.try_get_i16().ok()?);
    let sign = raw.try_get_u16().ok()?;
    let scale = usize::from(raw.try_get_u16().ok()?);
    match sign {
        NAN => return Some("NaN".to_owned()),
        INFINITY => return Some("Infinity".to_owned()),
        NEGATIVE_INFINITY => return Some("-Infinity".to_owned()),
        POSITIVE | NEGATIVE => {}
        _ => return None,
    }
    let mut groups = Vec::with_capacity(count);
    for _ in 0..count {
        groups.push(raw.try_get_u16().ok().filter(|group| *group < 10_000)?);
    }
    // The group that stands for 10000^exponent.
    let group = |exponent: i32| -> u16 {
        usize::try_from(weight - exponent).ok().and_then(|index| groups.get(index)).copied().unwrap_or(0)
    };
    let mut text = String::new();
    if sign == NEGATIVE {
        text.push('-');
    }
    if weight < 0 {
        text.push('0');
    } else {
        text.push_str(&group(weight).to_string());
        for exponent in (0..weight).rev() {
            text.push_str(&format!("{:04}", group(exponent)));
        }
    }
    if scale > 0 {
        let mut fraction = String::with_capacity(scale + 4);
        let mut exponent = -1;
        while fraction.len() < scale {
            fraction.push_str(&format!("{:04}", group(exponent)));
            exponent -= 1;
        }
        fraction.truncate(scale);
        text.push('.');
        text.push_str(&fraction);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(text: &str) -> Option<String> {
        let mut out = BytesMut::new();
        encode(text, &mut out)?;
        decode(&out)
    }

    #[test]
    fn digits_survive_the_round_trip() {
        for text in [
            "0",
            "1",
            "-1",
            "10000",
            "9999",
            "12345.6789",
            "-0.0001",
            "0.00000001",
            "100000000",
            "1.10",
            "123456789012345678901234567890.123456789",
            "NaN",
            "Infinity",
            "-Infinity",
        ] {
            assert_eq!(round_trip(text).as_deref(), Some(text), "{text}");
        }
    }

    #[test]
    fn other_spellings_become_the_usual_one() {
        for (text, usual) in [("+7", "7"), ("007", "7"), (".5", "0.5"), ("5.", "5"), ("-0", "0"), ("-0.00", "0.00")] {
            assert_eq!(round_trip(text).as_deref(), Some(usual), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        for text in ["", ".", "-", "1e5", "1,5", "0x1", "1.2.3", " 1"] {
            assert_eq!(round_trip(text), None, "{text}");
        }
    }
}
