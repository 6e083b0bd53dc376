//! Titles for entries of products that have none.

/// As the platform allows.
pub const CHARS_MAX: usize = 200;

/// The first line that says something, without its Markdown, and shortened at a word; `otherwise` for a text without any.
pub fn of(content: &str, otherwise: &str) -> String {
    let line = content.lines().map(plain).find(|line| line.chars().any(char::is_alphanumeric));
    shortened(line.as_deref().unwrap_or(otherwise))
}

/// At most as long as a title may be.
pub fn shortened(title: &str) -> String {
    let title = title.trim();
    if title.chars().count() <= CHARS_MAX {
        return title.to_owned();
    }
    let head: String = title.chars().take(CHARS_MAX - 1).collect();
    let at_word = head.rfind(char::is_whitespace).filter(|end| *end > head.len() / 2);
    let head = at_word.and_then(|end| head.get(..end)).unwrap_or(&head);
    format!("{}…", head.trim_end())
}

/// A line without what makes it a heading, an item or a quote, and without pictures.
fn plain(line: &str) -> String {
    let line = line.trim().trim_start_matches(['#', '>', '*', '-', '+', ' ']);
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, picture)) = rest.split_once("![") {
        text.push_str(before);
        rest = picture.split_once(')').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text.replace(['*', '`'], "").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_first_line_that_says_something() {
        assert_eq!(of("\n![](media:1)\n## A *fine* day\nmore", "x"), "A fine day");
        assert_eq!(of("***\n\n", "2024-05-01"), "2024-05-01");
        let long = of(&"word ".repeat(100), "x");
        assert!(long.chars().count() <= CHARS_MAX && long.ends_with("word…"), "{long}");
        assert_eq!(of(&"ö".repeat(300), "x").chars().count(), CHARS_MAX);
    }
}
