//! When two texts are the same, and when a text is blank. Text comes from keyboards that encode one letter in different ways, so
//! everything that takes text brings it into one form first, and counts and compares that form:
//!
//! - [`nfc`]: prose, kept as the user wrote it
//! - [`label`]: what stands on one line among others, such as a title, a name or a tag
//! - [`key`]: what two labels, addresses or words are compared by
//! - [`password`]: what is hashed

mod blank;
mod quotes;

pub use blank::is_blank;
pub use quotes::with_straight_quotes;

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use std::borrow::Cow;

/// The text in normalization form C (UAX #15): letters with their accents composed. Without a copy where it already is.
#[must_use]
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { text.into() } else { ComposingNormalizerBorrowed::new_nfc().normalize(text) }
}

/// As [`nfc`], of a text that is owned.
#[must_use]
pub fn into_nfc(text: String) -> String {
    match nfc(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(text) => text,
    }
}

/// A text of one line among others: in [`nfc`], without blank characters around it, and without the characters that reorder what
/// stands next to it (UAX #9, 2.1 to 2.5: embeddings, overrides, isolates). Marks of direction stay, which Hebrew and Arabic need.
#[must_use]
pub fn label(text: &str) -> String {
    let kept: Cow<'_, str> =
        if text.contains(blank::reorders) { text.replace(blank::reorders, "").into() } else { text.into() };
    nfc(&kept).trim_matches(blank::is_space).to_owned()
}

/// What texts are compared by: the same for every case, composition and width of the same letters (Unicode 3.13,
/// `toNFKC_Casefold`). Characters that are not seen, such as a soft hyphen, are left out.
#[must_use]
pub fn key(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => text.to_ascii_lowercase().into(),
            false => text.into(),
        };
    }
    if text.chars().all(is_own_key) {
        return text.into();
    }
    let (compose, fold) = (ComposingNormalizerBorrowed::new_nfkc(), CaseMapper::new());
    let decomposed = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
    let seen: String = fold.fold_string(&decomposed).chars().filter(|c| !blank::is_ignorable(*c)).collect();
    let composed = compose.normalize(&seen);
    // Some compositions have a case of their own.
    let key = compose.normalize(&fold.fold_string(&composed)).into_owned();
    key.into()
}

/// The characters that one stands for, by its compatible decomposition (NFKD): `1⁄2` of `½`, `kg` of `㎏`, itself alone of most.
pub fn compatible(c: char) -> impl Iterator<Item = char> {
    DecomposingNormalizerBorrowed::new_nfkd().normalize_iter(std::iter::once(c))
}

/// Letters and emoji that are their own keys, alone and next to each other, of scripts that much is written in: found without the tables.
fn is_own_key(c: char) -> bool {
    matches!(c,
        '\0'..='@' | '['..='\u{7F}' | 'à'..='ö' | 'ø'..='ÿ' | 'а'..='я' | '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FA}'
        | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' | '\u{1F300}'..='\u{1F64F}')
}

/// A password as it is hashed: by the mapping of RFC 8265, 4.2 (`OpaqueString`). Spaces of all kinds are one, accents are composed,
/// case stays.
#[must_use]
pub fn password(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return text.into();
    }
    let spaced: Cow<'_, str> =
        if text.contains(blank::is_wide_space) { text.replace(blank::is_wide_space, " ").into() } else { text.into() };
    match spaced {
        Cow::Borrowed(text) => nfc(text),
        Cow::Owned(text) => into_nfc(text).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_letter_in_two_encodings_is_one_text() {
        assert_eq!(nfc("cre\u{300}me bru\u{302}le\u{301}e"), "crème brûlée");
        assert_eq!(into_nfc("Zu\u{308}rich".into()), "Zürich");
        assert!(matches!(nfc("crème 日本語 🙂"), Cow::Borrowed(_)), "no copy");
        assert_eq!(nfc(&"e\u{301}".repeat(40)).chars().count(), 40);
    }

    #[test]
    fn a_key_knows_no_case_no_width_and_no_composition() {
        for (one, other) in [
            ("Zürich", "zU\u{308}RICH"),
            ("STRASSE", "straße"),
            ("ΟΔΟΣ", "οδος"),
            ("οδός", "ΟΔΌΣ"),
            ("İstanbul", "i\u{307}STANBUL"),
            ("Ｗｏｒｋ", "work"),
            ("ﬁne", "FINE"),
            ("co\u{ad}op", "coop"),
            ("ᾳ", "\u{3b1}\u{345}"),
            ("한글", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"),
        ] {
            assert_eq!(key(one), key(other), "{one} {other}");
        }
        assert_ne!(key("résumé"), key("resume"));
        assert_eq!(key("Work"), "work");
        assert!(matches!(key("work 7"), Cow::Borrowed(_)), "no copy");
    }

    #[test]
    fn one_character_may_stand_for_many() {
        for (one, many) in [('½', "1\u{2044}2"), ('㎏', "kg"), ('ﬁ', "fi"), ('a', "a"), ('é', "e\u{301}"), ('東', "東")]
        {
            assert_eq!(compatible(one).collect::<String>(), many);
        }
    }

    #[test]
    fn a_label_keeps_its_case_and_loses_what_is_blank_around_it_or_reorders_its_neighbours() {
        assert_eq!(label(" \u{200b}Deep Work\u{a0}\u{2060}"), "Deep Work");
        assert_eq!(label("invoice\u{202e}fdp.exe\u{202c}"), "invoicefdp.exe");
        assert_eq!(label("e\u{2066}\u{301}\u{2069}"), "é");
        assert_eq!(label("\u{200f}שלום!\u{200f}"), "\u{200f}שלום!\u{200f}");
        assert_eq!(label("❤\u{fe0f}"), "❤\u{fe0f}");
    }

    #[test]
    fn a_password_opens_from_a_keyboard_that_encodes_its_letters_otherwise() {
        assert_eq!(password("cafe\u{301}\u{a0}\u{3000}au lait"), "café  au lait");
        assert_ne!(password("Café"), password("café"), "case counts");
        assert_ne!(password("①"), password("1"), "so does a letter that only resembles another");
        assert!(matches!(password("correct horse"), Cow::Borrowed(_)));
    }

    #[test]
    fn letters_that_are_found_without_the_tables_are_their_own_keys() {
        let (compose, fold) = (ComposingNormalizerBorrowed::new_nfkc(), CaseMapper::new());
        for c in ('\0'..='\u{1FFFF}').filter(|c| is_own_key(*c)) {
            let text = c.to_string();
            assert_eq!(compose.normalize(&fold.fold_string(&compose.normalize(&text))), text, "{c}");
            assert!(!blank::is_ignorable(c), "{c}");
        }
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key_and_that_of_every_encoding(text in "\\PC{0,20}") {
            let found = key(&text).into_owned();
            let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(&text).into_owned();
            let composed = nfc(&text);
            prop_assert_eq!(&key(&found), &found);
            prop_assert_eq!(&key(&decomposed), &found);
            prop_assert_eq!(&key(&composed), &found);
        }

        #[test]
        fn a_text_in_its_form_stays_as_it_is(text in any::<String>()) {
            for form in [|text: &str| nfc(text).into_owned(), label, |text: &str| password(text).into_owned()] {
                let formed = form(&text);
                prop_assert_eq!(&form(&formed), &formed);
            }
        }
    }
}
