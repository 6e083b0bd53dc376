//! Quotation marks as keyboards type them.

use std::borrow::Cow;

/// The text with `"` in place of every double quotation mark: `“…”`, `„…“`, `«…»`, `「…」` and the wide one.
#[must_use]
pub fn with_straight_quotes(text: &str) -> Cow<'_, str> {
    if text.contains(is_quote) { text.replace(is_quote, "\"").into() } else { text.into() }
}

fn is_quote(c: char) -> bool {
    matches!(c, '«' | '»' | '\u{201C}'..='\u{201F}' | '\u{300C}'..='\u{300F}' | '\u{301D}'..='\u{301F}' | '\u{FF02}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_of_every_keyboard_are_straight() {
        assert_eq!(with_straight_quotes("“a” „b“ «c» 「d」 ＂e＂ ‘f’"), "\"a\" \"b\" \"c\" \"d\" \"e\" ‘f’");
        assert!(matches!(with_straight_quotes("a \"b\""), Cow::Borrowed(_)));
    }
}
