//! What is not seen.

use icu_properties::{CodePointSetData, props::DefaultIgnorableCodePoint};

/// Whether nothing of the text is seen: it has only spaces, controls, and characters that have no glyph or an empty one.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_control() || is_space(c) || is_ignorable(c))
}

/// A space, or a character with an empty glyph that changes nothing next to it.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace()
        || matches!(c,
            // Fillers of Hangul, the separator of Mongolian vowels, spaces and joiners of no width, the empty pattern of Braille,
            // annotations, an empty note.
            '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}' | '\u{2060}'..='\u{2064}' | '\u{2800}' | '\u{3164}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{1D159}')
}

/// What a program shows nothing for unless it supports it (Unicode's `Default_Ignorable_Code_Point`).
pub(crate) fn is_ignorable(c: char) -> bool {
    !c.is_ascii() && CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// What reorders the text around it.
pub(crate) fn reorders(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// A space (category `Zs`) other than U+0020.
pub(crate) fn is_wide_space(c: char) -> bool {
    matches!(c, '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_nothing_is_blank() {
        for text in [
            "",
            " \t\n",
            "\u{200b}",
            "\u{3164}",
            "\u{2060}",
            "\u{2800}\u{2800}",
            "\u{202e}\u{2066}",
            "\u{ad}",
            "\u{fe0f}",
            "\0",
        ] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in ["a", "\u{200b}.", "🙂", "ㅎ", "\u{301}"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }
}
