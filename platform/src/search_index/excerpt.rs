//! Parts of a document with what was found marked, by the rule that cut its words for the index, as HTML that is safe to show:
//! everything is escaped once, but for the marks.

use super::{
    Query, highlight,
    query::Clause,
    words::{Word, words},
};
use std::{collections::HashSet, ops::Range};

/// Most parts of a body.
const PARTS_MAX: usize = 3;
/// What is shown before what was found, and of a part in all, in characters.
const BEFORE_CHARS: usize = 60;
const PART_CHARS: usize = 180;

/// What is marked.
#[derive(Debug, Default)]
pub struct Marker {
    words: HashSet<String>,
    beginnings: Vec<String>,
    phrases: Vec<Vec<String>>,
}

/// What was found in a text.
struct Found {
    /// Its words.
    words: Range<usize>,
    /// Its bytes.
    bytes: Range<usize>,
}

impl Marker {
    /// What a query wants. `forms` are words of the document that a back end knows to be forms of the query's.
    #[must_use]
    pub fn new(query: &Query, forms: impl IntoIterator<Item = String>) -> Self {
        let mut marker = Self { words: forms.into_iter().collect(), ..Self::default() };
        for clause in query.wanted() {
            match clause {
                Clause::Word { any, prefix } => {
                    marker.words.extend(any.iter().cloned());
                    marker.beginnings.extend(any.first().filter(|_| *prefix).cloned());
                }
                Clause::Phrase(phrase) => marker.phrases.push(phrase.clone()),
            }
        }
        marker
    }

    /// The title where something of it is marked, and parts of the body.
    #[must_use]
    pub fn parts(&self, title: &str, body: &str) -> Vec<String> {
        let found = self.found(&words(title).collect::<Vec<_>>());
        let title = (!found.is_empty()).then(|| html(title, 0..title.len(), &found));
        title.into_iter().chain(self.of_body(body)).collect()
    }

    fn found(&self, all: &[Word<'_>]) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        for (at, word) in all.iter().enumerate() {
            let Some(count) = self.length_at(all, at) else { continue };
            let Some(last) = all.get(at + count - 1) else { continue };
            match found.last_mut() {
                // Also where two words stand for one character.
                Some(before) if before.words.end > at || before.bytes.end > word.start => {
                    before.words.end = before.words.end.max(at + count);
                    before.bytes.end = before.bytes.end.max(last.end);
                }
                _ => found.push(Found { words: at..at + count, bytes: word.start..last.end }),
            }
        }
        found
    }

    /// How many words from here on are what was found.
    fn length_at(&self, all: &[Word<'_>], at: usize) -> Option<usize> {
        let word = &all.get(at)?.key;
        let is_phrase = |phrase: &&Vec<String>| {
            all.get(at..at + phrase.len())
                .is_some_and(|run| run.iter().zip(*phrase).all(|(word, part)| word.key == *part))
        };
        let phrase = self.phrases.iter().filter(is_phrase).map(Vec::len).max();
        let is_word = || {
            self.words.contains(word.as_ref())
                || self.beginnings.iter().any(|beginning| word.starts_with(beginning.as_str()))
        };
        phrase.filter(|count| *count > 0).or_else(|| is_word().then_some(1))
    }

    /// The parts in which most different things were found, in the order of the text.
    fn of_body(&self, body: &str) -> Vec<String> {
        let all: Vec<Word<'_>> = words(body).collect();
        let found = self.found(&all);
        let mut parts: Vec<(usize, Range<usize>)> = Vec::new();
        let mut rest = found.iter().peekable();
        while let Some(first) = rest.next() {
            let floor = parts.last().map_or(0, |(_, part)| part.end);
            let part = around(body, &all, first, floor);
            let mut different: HashSet<&str> = body.get(first.bytes.clone()).into_iter().collect();
            while let Some(next) = rest.next_if(|next| next.bytes.end <= part.end) {
                different.extend(body.get(next.bytes.clone()));
            }
            parts.push((different.len(), part));
        }
        // Stable: of equal ones the first.
        let mut best: Vec<usize> = (0..parts.len()).collect();
        best.sort_by_key(|index| std::cmp::Reverse(parts.get(*index).map(|(different, _)| *different)));
        best.truncate(PARTS_MAX);
        best.sort_unstable();
        best.into_iter()
            .filter_map(|index| parts.get(index))
            .map(|(_, part)| html(body, part.clone(), &found))
            .collect()
    }
}

/// What is shown around something that was found: whole words, and what is around the text's first and last ones.
fn around(text: &str, all: &[Word<'_>], found: &Found, floor: usize) -> Range<usize> {
    let chars = |from: usize, to: usize| text.get(from..to).map_or(usize::MAX, |part| part.chars().count());
    let before = all.get(..found.words.start).unwrap_or_default().iter().rev();
    let first =
        before.take_while(|word| word.start >= floor && chars(word.start, found.bytes.start) <= BEFORE_CHARS).last();
    let start = first.map_or(found.bytes.start, |word| word.start);
    let behind = all.get(found.words.end..).unwrap_or_default().iter();
    let last = behind.take_while(|word| chars(start, word.end) <= PART_CHARS).last();
    let end = last.map_or(found.bytes.end, |word| word.end);
    let is_first = all.first().is_some_and(|word| word.start == start) && chars(0, start) <= BEFORE_CHARS;
    let is_last = all.last().is_some_and(|word| word.end == end) && chars(end, text.len()) <= BEFORE_CHARS;
    (if is_first { 0 } else { start })..(if is_last { text.len() } else { end })
}

/// This part of the text, with what was found in it marked.
fn html(text: &str, part: Range<usize>, found: &[Found]) -> String {
    let mut marked = String::new();
    let mut at = part.start;
    for found in found.iter().filter(|found| part.start <= found.bytes.start && found.bytes.end <= part.end) {
        marked.push_str(text.get(at..found.bytes.start).unwrap_or_default());
        marked.push(highlight::OPEN);
        marked.push_str(text.get(found.bytes.clone()).unwrap_or_default());
        marked.push(highlight::CLOSE);
        at = found.bytes.end;
    }
    marked.push_str(text.get(at..part.end).unwrap_or_default());
    highlight::html(&marked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(query: &str, forms: &[&str], title: &str, body: &str) -> Vec<String> {
        let forms = forms.iter().map(ToString::to_string);
        Marker::new(&Query::parse(query).unwrap(), forms).parts(title, body)
    }

    #[test]
    fn words_are_marked_as_the_index_cuts_them() {
        for (query, body, marked) in [
            ("me@example.org ", "to me@example.org!", "to <mark>me@example.org</mark>!"),
            ("3.5 ", "It is 3.5, not 35.", "It is <mark>3.5</mark>, not 35."),
            ("24/7 ", "open 24/7", "open <mark>24/7</mark>"),
            ("AT&T ", "at AT&T", "at <mark>AT&amp;T</mark>"),
            ("example ", "https://example.org/a?b=c", "https://<mark>example</mark>.org/a?b=c"),
            ("हिन्दी ", "मैं हिन्दी में", "मैं <mark>हिन्दी</mark> में"),
            ("京タワ ", "東京タワー", "東<mark>京タワ</mark>ー"),
            ("❤ ", "so ❤\u{fe0f}", "so <mark>❤\u{fe0f}</mark>"),
            ("Zu\u{308}rich ", "in Zürich", "in <mark>Zürich</mark>"),
            ("1/2 ", "with ½ cup", "with <mark>½</mark> cup"),
            ("½ ", "1/2 or 1½", "<mark>1/2</mark> or 1<mark>½</mark>"),
            ("1 2 ", "a ½ b", "a <mark>½</mark> b"),
            ("kg ", "in ㎏", "in <mark>㎏</mark>"),
            ("\"slept well\" ", "Slept   WELL, well", "<mark>Slept   WELL</mark>, well"),
        ] {
            assert_eq!(parts(query, &[], "", body), [marked], "{query}");
        }
    }

    #[test]
    fn everything_but_the_marks_is_escaped_once() {
        assert_eq!(
            parts("bold ", &[], "", "if a<b then <b>bold</b>"),
            ["if a&lt;b then &lt;b&gt;<mark>bold</mark>&lt;/b&gt;"]
        );
        assert_eq!(parts("x ", &[], "", "&lt; x"), ["&amp;lt; <mark>x</mark>"]);
    }

    #[test]
    fn forms_and_beginnings_are_marked_and_a_title_as_a_whole() {
        assert_eq!(
            parts("walk harb", &["walked"], "A walk", "We walked to harbours."),
            ["A <mark>walk</mark>", "We <mark>walked</mark> to <mark>harbours</mark>."]
        );
    }

    #[test]
    fn of_a_long_text_the_parts_with_most_of_it_are_shown_in_their_order() {
        let filler = "word ".repeat(100);
        let body = format!("{filler}sea {filler}sea {filler}sea {filler}sea and the sun {filler}");
        let parts = parts("sea sun ", &[], "", &body);
        assert_eq!(parts.len(), 3);
        assert!(
            parts.iter().all(|part| part.matches("<mark>sea").count() == 1 && part.chars().count() < 250),
            "{parts:?}"
        );
        assert!(parts[2].contains("<mark>sun</mark>"), "{parts:?}");
    }
}
