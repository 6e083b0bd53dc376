//! Validation of requests: every argument is checked before anything is read, and named as the client named it.

use crate::bindings::exports::mindflow::query::reads::{Filter, Mood, PageRequest};
use crate::cursor::{self, Listing, Position};
use jiff::civil::Date;
use mindflow_guest::{
    call::{Error, FieldError},
    failure::{field, invalid},
    id,
    journal::PAGE_MAX,
    sql,
};
use uuid::Uuid;

/// A title's length in the contract: longer words are in no title, and a longer pattern only costs time.
const TEXT_CHARS_MAX: usize = 200;

/// A checked `filter`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    pub text: Option<String>,
    /// Lower case, as it is compared with names.
    pub tag: Option<String>,
    pub mood: Option<Mood>,
    pub from: Option<Date>,
    pub to: Option<Date>,
}

impl Selection {
    /// Whether it asks about what an entry says rather than when it was written.
    pub fn concerns_content(&self) -> bool {
        self.text.is_some() || self.tag.is_some() || self.mood.is_some()
    }
}

/// A checked `page-request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub first: u32,
    pub after: Option<Position>,
}

pub fn selection(filter: &Filter) -> Result<Selection, Vec<FieldError>> {
    let mut errors = Vec::new();
    let selection = Selection {
        text: words("text", filter.text.as_deref(), &mut errors),
        tag: words("tag", filter.tag.as_deref(), &mut errors).map(|tag| tag.to_lowercase()),
        mood: filter.mood,
        from: day("from", filter.from_date.as_deref(), &mut errors),
        to: day("to", filter.to_date.as_deref(), &mut errors),
    };
    if let (Some(from), Some(to)) = (selection.from, selection.to)
        && from > to
    {
        errors.push(field("from", "The first day must not be after the last."));
    }
    if errors.is_empty() { Ok(selection) } else { Err(errors) }
}

pub fn page(listing: Listing, request: &PageRequest) -> Result<Page, Vec<FieldError>> {
    let mut errors = Vec::new();
    if !(1..=PAGE_MAX).contains(&request.first) {
        errors.push(field("first", format!("Ask for 1 to {PAGE_MAX} items.")));
    }
    let after = request.after.as_deref().map(|text| cursor::decode(listing, text));
    if after == Some(None) {
        errors.push(field("after", "This is not a cursor of this listing."));
    }
    if errors.is_empty() { Ok(Page { first: request.first, after: after.flatten() }) } else { Err(errors) }
}

/// Both, with all that is wrong with either.
pub fn entries(filter: &Filter, request: &PageRequest) -> Result<(Selection, Page), Error> {
    match (selection(filter), page(Listing::Entries, request)) {
        (Ok(selection), Ok(page)) => Ok((selection, page)),
        (Err(mut errors), Err(more)) => {
            errors.extend(more);
            Err(Error::Invalid(errors))
        }
        (Err(errors), _) | (_, Err(errors)) => Err(Error::Invalid(errors)),
    }
}

pub fn users(search: Option<&str>, request: &PageRequest) -> Result<(Option<String>, Page), Error> {
    let mut errors = Vec::new();
    let search = words("search", search, &mut errors);
    match page(Listing::Users, request) {
        Ok(page) if errors.is_empty() => Ok((search, page)),
        Ok(_) => Err(Error::Invalid(errors)),
        Err(more) => {
            errors.extend(more);
            Err(Error::Invalid(errors))
        }
    }
}

pub fn limit(limit: u32) -> Result<u32, Error> {
    if (1..=PAGE_MAX).contains(&limit) {
        return Ok(limit);
    }
    Err(invalid("limit", format!("Ask for 1 to {PAGE_MAX} items.")))
}

/// A given day, or none.
pub fn date(text: Option<&str>) -> Result<Option<Date>, Error> {
    let mut errors = Vec::new();
    let day = day("date", text, &mut errors);
    if errors.is_empty() { Ok(day) } else { Err(Error::Invalid(errors)) }
}

pub fn user_id(text: &str) -> Result<Uuid, Error> {
    id::parse(text).ok_or_else(|| invalid("userId", "This is not a user's id."))
}

/// The ids; `None` in place of a text that is not an id.
pub fn ids(texts: &[String]) -> Result<Vec<Option<Uuid>>, Error> {
    if texts.len() > PAGE_MAX as usize {
        return Err(invalid("ids", format!("Ask for at most {PAGE_MAX} ids.")));
    }
    Ok(texts.iter().map(|text| id::parse(text)).collect())
}

fn words(name: &str, text: Option<&str>, errors: &mut Vec<FieldError>) -> Option<String> {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    if text.chars().count() > TEXT_CHARS_MAX {
        errors.push(field(name, format!("Use at most {TEXT_CHARS_MAX} characters.")));
    }
    if text.contains('\0') {
        errors.push(field(name, "It must not hold the NUL character."));
    }
    Some(text.to_owned())
}

fn day(name: &str, text: Option<&str>, errors: &mut Vec<FieldError>) -> Option<Date> {
    let day = text?.parse().ok().map(|sql::Date(day)| day);
    if day.is_none() {
        errors.push(field(name, "Write the day as YYYY-MM-DD."));
    }
    day
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_filter() -> Filter {
        Filter { text: None, tag: None, mood: None, from_date: None, to_date: None }
    }

    fn fields(error: Error) -> Vec<String> {
        match error {
            Error::Invalid(errors) => errors.into_iter().map(|error| error.field).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let filter = Filter { from_date: Some("yesterday".into()), text: Some("x".repeat(201)), ..no_filter() };
        let error = entries(&filter, &PageRequest { first: 0, after: Some("!".into()) }).unwrap_err();
        assert_eq!(fields(error), ["text", "from", "first", "after"]);
    }

    #[test]
    fn a_span_that_ends_before_it_begins_is_refused() {
        let filter = Filter { from_date: Some("2025-02-02".into()), to_date: Some("2025-02-01".into()), ..no_filter() };
        let errors = selection(&filter).unwrap_err();
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].field, "from");
    }

    #[test]
    fn a_single_day_is_a_span() {
        let filter = Filter { from_date: Some("2025-02-02".into()), to_date: Some("2025-02-02".into()), ..no_filter() };
        assert!(selection(&filter).is_ok());
    }

    #[test]
    fn pages_hold_one_to_a_hundred_items() {
        for (first, fits) in [(0, false), (1, true), (100, true), (101, false)] {
            assert_eq!(page(Listing::Entries, &PageRequest { first, after: None }).is_ok(), fits, "{first}");
            assert_eq!(limit(first).is_ok(), fits, "{first}");
        }
    }

    #[test]
    fn blank_text_is_no_filter_and_tags_are_compared_in_lower_case() {
        let filter = Filter { text: Some("  ".into()), tag: Some(" WÖRK ".into()), ..no_filter() };
        assert_eq!(selection(&filter).unwrap(), Selection { tag: Some("wörk".into()), ..Selection::default() });
    }

    #[test]
    fn what_is_no_id_keeps_its_place() {
        let id = Uuid::from_u128(1);
        assert_eq!(ids(&["x".into(), id.to_string(), id.as_simple().to_string()]).unwrap(), [None, Some(id), None]);
        assert_eq!(fields(ids(&vec![String::new(); 101]).unwrap_err()), ["ids"]);
    }
}
