//! As much of PostgreSQL's lexical structure (chapter 4.1 of its manual) as it takes to tell words from
//! quoted text and comments, and one statement from the next. Both the guard and the migration runner
//! read SQL through it; neither parses further.

/// A piece of SQL text; comments and white space are left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token<'a> {
    /// A keyword or an unquoted name.
    Word(&'a str),
    /// A quoted name, without its outer quotes and with inner ones still doubled.
    Quoted(&'a str),
    /// `U&"…"` or `U&'…'`, whose text is hidden behind escapes.
    UnicodeEscaped,
    /// A string whose backslashes are only backslashes.
    Text,
    /// `E'…'`. Its escapes go on in a string on the next line, which is not followed here.
    EscapeText,
    Semicolon,
    /// One character of anything else: an operator, a digit, a parenthesis.
    Symbol(char),
    /// A quote or a comment that never ends.
    Unterminated,
}

/// Tokens with the byte offset at which each starts.
pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

// === impl Lexer ===

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Moves over white space and comments; false when a comment never ends.
    fn skip_blank(&mut self) -> bool {
        loop {
            let rest = self.rest();
            // Other white space of Unicode's is a part of names to PostgreSQL.
            let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("--") {
                self.at += trimmed.find(['\n', '\r']).unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                match block_comment(trimmed) {
                    Some(length) => self.at += length,
                    None => return false,
                }
            } else {
                return true;
            }
        }
    }

    fn token(&mut self) -> Option<(Token<'a>, usize)> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        let quoted_after = |prefix: usize, quote: char| rest.get(prefix..).is_some_and(|text| text.starts_with(quote));
        Some(match first {
            ';' => (Token::Semicolon, 1),
            '"' => match until_quote(rest, 1, '"', false) {
                Some(end) => (Token::Quoted(rest.get(1..end - 1).unwrap_or_default()), end),
                None => (Token::Unterminated, rest.len()),
            },
            '\'' => text(until_quote(rest, 1, '\'', false), rest),
            'e' | 'E' if quoted_after(1, '\'') => match until_quote(rest, 2, '\'', true) {
                Some(end) => (Token::EscapeText, end),
                None => (Token::Unterminated, rest.len()),
            },
            'b' | 'B' | 'x' | 'X' | 'n' | 'N' if quoted_after(1, '\'') => text(until_quote(rest, 2, '\'', false), rest),
            'u' | 'U' if rest.get(1..2) == Some("&") && (quoted_after(2, '"') || quoted_after(2, '\'')) => {
                (Token::UnicodeEscaped, 3)
            }
            '$' => match dollar_quoted(rest) {
                DollarQuote::Text(length) => (Token::Text, length),
                DollarQuote::Open => (Token::Unterminated, rest.len()),
                DollarQuote::None => (Token::Symbol('$'), 1),
            },
            _ if first.is_ascii_digit() => {
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                (Token::Symbol('0'), end)
            }
            _ if is_word_start(first) => {
                let end = rest.find(|c: char| !is_word_part(c)).unwrap_or(rest.len());
                (Token::Word(rest.get(..end).unwrap_or_default()), end)
            }
            other => (Token::Symbol(other), other.len_utf8()),
        })
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = (usize, Token<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if !self.skip_blank() {
            let start = std::mem::replace(&mut self.at, self.text.len());
            return Some((start, Token::Unterminated));
        }
        let start = self.at;
        let (token, length) = self.token()?;
        self.at += length;
        Some((start, token))
    }
}

fn is_word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn is_word_part(c: char) -> bool {
    is_word_start(c) || c.is_ascii_digit() || c == '$'
}

fn text(end: Option<usize>, rest: &str) -> (Token<'_>, usize) {
    match end {
        Some(end) => (Token::Text, end),
        None => (Token::Unterminated, rest.len()),
    }
}

/// The offset just behind the closing quote, when reading from `from`.
fn until_quote(text: &str, from: usize, quote: char, backslashes: bool) -> Option<usize> {
    let mut chars = text.char_indices().skip_while(|(at, _)| *at < from).peekable();
    while let Some((at, c)) = chars.next() {
        if backslashes && c == '\\' {
            chars.next();
        } else if c == quote {
            match chars.peek() {
                Some((_, next)) if *next == quote => {
                    chars.next();
                }
                _ => return Some(at + 1),
            }
        }
    }
    None
}

/// The length of a block comment; they nest.
fn block_comment(text: &str) -> Option<usize> {
    let mut depth = 0_u32;
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest.chars().next()?.len_utf8();
        }
    }
}

enum DollarQuote {
    None,
    Text(usize),
    Open,
}

fn dollar_quoted(text: &str) -> DollarQuote {
    let Some(tag_end) = text.get(1..).and_then(|rest| rest.find('$')).map(|at| at + 2) else {
        return DollarQuote::None;
    };
    let tag = text.get(..tag_end).unwrap_or_default();
    let name = tag.trim_matches('$');
    let is_name = name.chars().all(|c| is_word_part(c) && c != '$') && !name.starts_with(|c: char| c.is_ascii_digit());
    if !is_name {
        return DollarQuote::None;
    }
    match text.get(tag_end..).and_then(|rest| rest.find(tag)) {
        Some(at) => DollarQuote::Text(tag_end + at + tag.len()),
        None => DollarQuote::Open,
    }
}

/// The statements of a script, each with the byte offset at which it starts.
pub fn statements(script: &str) -> Result<Vec<(usize, &str)>, usize> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, token) in Lexer::new(script) {
        match token {
            Token::Unterminated => return Err(at),
            Token::Semicolon => {
                if let Some(start) = start.take() {
                    found.push((start, script.get(start..at).unwrap_or_default()));
                }
            }
            _ => {
                start.get_or_insert(at);
            }
        }
    }
    if let Some(start) = start {
        found.push((start, script.get(start..).unwrap_or_default()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(sql: &str) -> Vec<&str> {
        Lexer::new(sql).filter_map(|(_, token)| if let Token::Word(word) = token { Some(word) } else { None }).collect()
    }

    #[test]
    fn words_are_distinguished_from_strings_comments_and_quoted_names() {
        assert_eq!(
            words("SELECT 'a b''c', E'x\\' y', \"D e\" -- f\n, $t$ g $t$ /* h /* i */ */ FROM $1"),
            ["SELECT", "FROM"]
        );
        assert_eq!(words("select B'01' x, n'y', é from t"), ["select", "x", "é", "from", "t"]);
    }

    #[test]
    fn a_script_is_cut_at_semicolons_outside_of_quotes() {
        let script = "-- head\nCREATE TABLE a (x text DEFAULT ';');\n\nDO $$ BEGIN x; END $$ ; ;\nSELECT 1 -- ;\n";
        let found: Vec<_> =
            statements(script).unwrap().into_iter().map(|(at, sql)| (at, sql.lines().next().unwrap())).collect();
        assert_eq!(
            found,
            [(8, "CREATE TABLE a (x text DEFAULT ';')"), (46, "DO $$ BEGIN x; END $$ "), (72, "SELECT 1 -- ;")]
        );
    }

    #[test]
    fn what_never_ends_is_found_where_it_starts() {
        for (sql, at) in [("SELECT 'a", 7), ("SELECT 1 /* x", 9), ("SELECT \"a", 7), ("DO $$ x", 3)] {
            assert_eq!(statements(sql), Err(at), "{sql}");
        }
    }

    #[test]
    fn unicode_escapes_are_seen() {
        let tokens: Vec<_> = Lexer::new("select U&\"\\0073\"").map(|(_, token)| token).collect();
        assert_eq!(tokens.get(1), Some(&Token::UnicodeEscaped));
    }
}
