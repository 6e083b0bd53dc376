//! A search box's text: words for the index, and what narrows them down: `tag:NAME` (or `tag:"TWO WORDS"`),
//! `from:YYYY-MM-DD` and `to:YYYY-MM-DD`, both days included. Operators may be in capitals, and quotes those that phones type.

use jiff::{Timestamp, civil, tz::TimeZone};
use mindflow_events::Date;
use mindflow_guest::{
    call::Error,
    failure::invalid,
    journal::PAGE_MAX,
    rules::{Format, Rule},
    search_index::Filter,
    text,
};
use std::collections::HashMap;

/// Longest query, filters included: the limit of the index as well.
const QUERY_CHARS_MAX: usize = 200;
/// More can only be a mistake: an entry has at most 20 tags.
const TAGS_MAX: usize = 20;

#[derive(Debug, PartialEq)]
pub struct Request {
    /// What is left for the index to read.
    pub words: String,
    /// Keys of the names of tags, all of which an entry must have.
    pub tags: Vec<String>,
    pub filter: Filter,
}

/// # Errors
/// The rule that a filter breaks; the words are judged by the index.
pub fn read(query: &str) -> Result<Request, Error> {
    let query = text::nfc(query);
    let query = &*text::with_straight_quotes(&query);
    if query.chars().count() > QUERY_CHARS_MAX {
        return Err(invalid(
            "query",
            Rule::characters(QUERY_CHARS_MAX, 0),
            format!("A search has at most {QUERY_CHARS_MAX} characters."),
        ));
    }
    let mut request = Request { words: String::new(), tags: Vec::new(), filter: everything() };
    for token in tokens(query) {
        let day = |value: &str, name: &str| {
            value
                .parse::<Date>()
                .map_err(|_| invalid("query", Format::Search, format!("`{name}:` takes a day such as 2026-11-26.")))
        };
        let operator = token.trim_end().split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value));
        match operator.as_ref().map(|(name, value)| (name.as_str(), *value)) {
            Some(("tag", name)) => {
                let name = text::label(name.trim_matches('"'));
                if text::is_blank(&name) || request.tags.len() == TAGS_MAX {
                    return Err(invalid(
                        "query",
                        Format::Search,
                        format!("`tag:` takes the name of a tag, at most {TAGS_MAX} times."),
                    ));
                }
                request.tags.push(text::key(&name).into_owned());
            }
            Some(("-tag" | "-from" | "-to", _)) => {
                let text = "A filter says what must be there: write `tag:`, `from:` or `to:` without a `-`.";
                return Err(invalid("query", Format::Search, text));
            }
            Some(("from", value)) => request.filter.after = Some(start_us(day(value, "from")?.0)),
            Some(("to", value)) => {
                let next = day(value, "to")?.0.tomorrow().unwrap_or(civil::Date::MAX);
                request.filter.before = Some(start_us(next));
            }
            _ => request.words.push_str(token),
        }
    }
    Ok(request)
}

impl Request {
    /// With a filter for each tag, by its id. `None` when one of them is not among the known ones, `(name, id)`.
    pub fn with_tags<'a>(mut self, known: impl Iterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        let known: HashMap<_, &str> = known.map(|(name, id)| (text::key(name), id)).collect();
        for name in &self.tags {
            self.filter.keywords.push((*known.get(name.as_str())?).to_owned());
        }
        Some(self)
    }

    /// The filter of a ranking that knows nothing of words: with what must not be there.
    pub fn filter_of_meaning(&self) -> Filter {
        Filter { without: self.words.clone(), ..self.filter.clone() }
    }

    fn wanted(&self) -> String {
        tokens(&self.words).into_iter().filter(|token| !token.starts_with('-')).collect()
    }

    /// The words for the model: without quotes, and without excluded words. `None` where there is nothing that has a meaning, such as
    /// filters and emoji alone: then words decide in every mode.
    pub fn meaning(&self) -> Option<String> {
        let asked = self.wanted().replace('"', " ").trim().to_owned();
        Some(asked).filter(|asked| asked.contains(char::is_alphanumeric))
    }
}

pub fn everything() -> Filter {
    Filter { keywords: Vec::new(), after: None, before: None, without: String::new(), among: Vec::new(), beyond: None }
}

/// # Errors
/// It is not from 1 to 100.
pub fn limit(limit: u32) -> Result<u32, Error> {
    if (1..=PAGE_MAX).contains(&limit) {
        Ok(limit)
    } else {
        Err(invalid("limit", Rule::range(1, PAGE_MAX), format!("Must be from 1 to {PAGE_MAX}.")))
    }
}

/// Of the last two days before the year 10000, which no entry is about, the last time that there is.
fn start_us(day: civil::Date) -> i64 {
    day.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |start| start.timestamp()).as_microsecond()
}

/// Cut after spaces outside of quotes; together they are the whole text.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let (mut quoted, mut start) = (false, 0);
    for (at, c) in text.char_indices() {
        quoted ^= c == '"';
        if c.is_whitespace() && !quoted {
            let end = at + c.len_utf8();
            tokens.extend(text.get(start..end));
            start = end;
        }
    }
    tokens.extend(text.get(start..).filter(|rest| !rest.is_empty()));
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day_us(text: &str) -> Option<i64> {
        text.parse().ok().map(start_us)
    }

    #[test]
    fn filters_are_taken_out_of_the_words() {
        let request =
            read("river tag:Work tag:\"deep work\" \"by the river\" from:2026-11-01 to:2026-11-26 wal").unwrap();
        assert_eq!(request.words, "river \"by the river\" wal");
        assert_eq!(request.tags, ["work", "deep work"]);
        assert_eq!(request.filter.after, day_us("2026-11-01"));
        assert_eq!(request.filter.before, day_us("2026-11-27"));
    }

    #[test]
    fn tags_are_found_by_the_names_that_they_have_now_regardless_of_case() {
        let tagged = |query| read(query).unwrap().with_tags([("Job", "1"), ("Deep Work", "2")].into_iter());
        assert_eq!(tagged("walk tag:job tag:\"deep WORK\"").unwrap().filter.keywords, ["1", "2"]);
        assert_eq!(tagged("walk tag:work"), None);
        assert!(tagged("walk").unwrap().filter.keywords.is_empty());
    }

    #[test]
    fn operators_are_known_in_capitals_with_any_quotes_and_in_every_encoding() {
        let request =
            read("Tag:“Deep Work” TAG:Zu\u{308}rich tag:«ΟΔΟΣ» From:2026-11-01 TO:2026-11-02 “by the river”").unwrap();
        assert_eq!(request.tags, ["deep work", "zürich", "οδοσ"]);
        assert_eq!(request.words, "\"by the river\"");
        assert_eq!((request.filter.after, request.filter.before), (day_us("2026-11-01"), day_us("2026-11-03")));
        let known = [("Zürich", "1"), ("οδος", "2"), ("deep work", "3")];
        assert_eq!(request.with_tags(known.into_iter()).unwrap().filter.keywords, ["3", "1", "2"]);
        assert!(read(&"e\u{301}".repeat(200)).is_ok());
    }

    #[test]
    fn a_ranking_of_meaning_has_the_exclusions_of_the_words() {
        assert_eq!(read("walk -office").unwrap().filter_of_meaning().without, "walk -office");
    }

    #[test]
    fn other_colons_are_part_of_the_words() {
        assert_eq!(read("note: buy \"tag:x y\"").unwrap().words, "note: buy \"tag:x y\"");
    }

    #[test]
    fn a_filter_that_makes_no_sense_says_why() {
        for query in [
            "tag:",
            "tag:\"\"",
            "tag:\u{200b}",
            "from:yesterday",
            "to:2026-13-01",
            "from:",
            "from:-9998-01-01",
            "-tag:work",
            "-From:2026-11-01",
            "from:20261101",
            "to:2026-11-1",
        ] {
            assert!(matches!(read(query), Err(Error::Invalid(_))), "{query}");
        }
        assert!(read(&"tag:a ".repeat(21)).is_err() && read(&"tag:a ".repeat(20)).is_ok());
    }

    #[test]
    fn the_first_and_the_last_day_there_are_can_be_asked_for() {
        let every = read("from:0001-01-01 to:9999-12-31").unwrap().filter;
        assert_eq!((every.after, every.before), (day_us("0001-01-01"), Some(Timestamp::MAX.as_microsecond())));
        assert_eq!(read("to:9999-12-30").unwrap().filter.before, every.before);
        assert_eq!(read("from:9999-12-31").unwrap().filter.after, every.before);
        assert_eq!(read("to:9999-12-29").unwrap().filter.before, day_us("9999-12-30"));
        assert!(read("from:0000-12-31").is_err());
    }

    #[test]
    fn a_model_is_asked_for_what_is_wanted_alone() {
        let meaning = |query: &str| read(query).unwrap().meaning();
        assert_eq!(meaning("tired of \"the office\" -boss tag:work "), Some("tired of  the office".into()));
        for nothing in ["", "-boss", "tag:work", "tag:work \"\"", "tag:work 🎉", "!?"] {
            assert_eq!(meaning(nothing), None, "{nothing}");
        }
        assert!(read(&"x".repeat(201)).is_err());
    }

    #[test]
    fn a_page_has_one_to_a_hundred_hits() {
        assert!(limit(0).is_err() && limit(101).is_err());
        assert_eq!((limit(1), limit(100)), (Ok(1), Ok(100)));
    }
}
