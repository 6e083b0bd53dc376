//! Validation of requests: every argument is checked before anything is read, and named as the client named it.

use crate::bindings::exports::mindflow::query::reads::{DaySpan, EntryOrder, Filter, Mood, PageRequest};
use crate::cursor::{self, Listing, Position};
use crate::order::Order;
use jiff::civil::Date;
use mindflow_guest::{
    call::{Error, FieldError},
    failure::{field, invalid},
    id,
    journal::PAGE_MAX,
    rules::{Format, Rule, Unit},
    sql, text,
};
use uuid::Uuid;

/// The longest title: longer words are in no title, and a longer pattern only costs time.
const TEXT_CHARS_MAX: usize = 200;
/// As many as an entry can have.
const TAGS_MAX: usize = 20;
/// Of a span of days: a leap year, which a calendar shows at a time.
const SPAN_DAYS_MAX: i32 = 366;

/// A checked `filter`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    pub text: Option<String>,
    /// The key of a name, as the views keep it.
    pub tag: Option<String>,
    pub mood: Option<Mood>,
    pub from: Option<Date>,
    pub to: Option<Date>,
    /// Drafts instead of entries.
    pub drafts: bool,
    /// The user's own id stands for the default one.
    pub book: Option<Uuid>,
    pub pinned: Option<bool>,
    pub favourite: Option<bool>,
    /// Keys of names, each once: entries have all of these,
    pub tags_all: Vec<String>,
    /// one of these at least, if there are any,
    pub tags_any: Vec<String>,
    /// and none of these.
    pub tags_none: Vec<String>,
}

impl Selection {
    /// Whether it asks about what an entry says, or what its user thinks of it, rather than when it was written.
    pub fn concerns_content(&self) -> bool {
        let says = self.text.is_some() || self.tag.is_some() || self.mood.is_some();
        let tagged = [&self.tags_all, &self.tags_any, &self.tags_none].iter().any(|tags| !tags.is_empty());
        says || tagged || self.drafts || self.book.is_some() || self.pinned.is_some() || self.favourite.is_some()
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
        tag: words("tag", filter.tag.as_deref(), &mut errors).map(|tag| text::key(&tag).into_owned()),
        mood: filter.mood,
        from: day("from", filter.from_date.as_deref(), &mut errors),
        to: day("to", filter.to_date.as_deref(), &mut errors),
        drafts: filter.drafts,
        book: filter.book_id.as_deref().and_then(|id| book(id, &mut errors)),
        pinned: filter.pinned,
        favourite: filter.favourite,
        tags_all: tags("tagsAll", &filter.tags_all, &mut errors),
        tags_any: tags("tagsAny", &filter.tags_any, &mut errors),
        tags_none: tags("tagsNone", &filter.tags_none, &mut errors),
    };
    if let (Some(from), Some(to)) = (selection.from, selection.to) {
        in_order(from, to, &mut errors);
    }
    if errors.is_empty() { Ok(selection) } else { Err(errors) }
}

/// The keys of names, each once.
fn tags(name: &str, names: &[String], errors: &mut Vec<FieldError>) -> Vec<String> {
    if names.len() > TAGS_MAX {
        let text = format!("Name at most {TAGS_MAX} tags; these are {}.", names.len());
        errors.push(field(name, Rule::items(TAGS_MAX, names.len()), text));
        return Vec::new();
    }
    let of_name = |(index, text): (usize, &String)| words(&format!("{name}[{index}]"), Some(text), errors);
    let found: Vec<String> = names.iter().enumerate().filter_map(of_name).collect();
    let mut keys: Vec<String> = found.iter().map(|name| text::key(name).into_owned()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn in_order(from: Date, to: Date, errors: &mut Vec<FieldError>) {
    if from > to {
        errors.push(field("from", Rule::After { other: "to".into() }, "The first day must not be after the last."));
    }
}

fn book(text: &str, errors: &mut Vec<FieldError>) -> Option<Uuid> {
    let id = id::parse(text);
    if id.is_none() {
        errors.push(field("journalId", Format::Uuid, "This is not the id of a journal (a UUID)."));
    }
    id
}

/// The first and the last day.
pub fn span(span: &DaySpan) -> Result<(Date, Date), Error> {
    let mut errors = Vec::new();
    let from = day("from", Some(&span.from_date), &mut errors);
    let to = day("to", Some(&span.to_date), &mut errors);
    let (Some(from), Some(to)) = (from, to) else { return Err(Error::Invalid(errors)) };
    in_order(from, to, &mut errors);
    let days = from.until((jiff::Unit::Day, to)).map_or(i32::MAX, |span| span.get_days());
    if days >= SPAN_DAYS_MAX {
        let rule = Rule::too_much(SPAN_DAYS_MAX.unsigned_abs().into(), Unit::Days);
        errors.push(field("to", rule, format!("Ask for at most {SPAN_DAYS_MAX} days.")));
    }
    if errors.is_empty() { Ok((from, to)) } else { Err(Error::Invalid(errors)) }
}

/// The listing is that of the page before, where none is named, and `other` where there is no page before either.
pub fn page(named: Option<Listing>, other: Listing, request: &PageRequest) -> Result<(Listing, Page), Vec<FieldError>> {
    let mut errors = Vec::new();
    if !(1..=PAGE_MAX).contains(&request.first) {
        errors.push(field("first", Rule::range(1, PAGE_MAX), format!("Ask for 1 to {PAGE_MAX} items.")));
    }
    let after = request.after.as_deref().map(|text| {
        let (listing, position) = cursor::decode(text)?;
        let is_of_it = named.map_or_else(|| listing.is_like(other), |named| named == listing);
        is_of_it.then_some((listing, position))
    });
    if after == Some(None) {
        errors.push(field("after", Format::Cursor, "This is not a cursor of this listing, in this order."));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let (before, after) = after.flatten().unzip();
    Ok((before.or(named).unwrap_or(other), Page { first: request.first, after }))
}

/// All of them, with all that is wrong with any. Without an order, that of the page before, and else the usual one.
pub fn entries(
    filter: &Filter,
    order: Option<EntryOrder>,
    request: &PageRequest,
) -> Result<(Selection, Order, Page), Error> {
    let named = order.map(|order| Listing::Entries(order.into()));
    match (selection(filter), page(named, Listing::Entries(Order::default()), request)) {
        (Ok(selection), Ok((Listing::Entries(order), page))) => Ok((selection, order, page)),
        (Ok(selection), Ok((Listing::Users, page))) => Ok((selection, Order::default(), page)),
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
    match page(Some(Listing::Users), Listing::Users, request) {
        Ok((_, page)) if errors.is_empty() => Ok((search, page)),
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
    Err(invalid("limit", Rule::range(1, PAGE_MAX), format!("Ask for 1 to {PAGE_MAX} items.")))
}

/// A given day, or none.
pub fn date(text: Option<&str>) -> Result<Option<Date>, Error> {
    let mut errors = Vec::new();
    let day = day("date", text, &mut errors);
    if errors.is_empty() { Ok(day) } else { Err(Error::Invalid(errors)) }
}

pub fn user_id(text: &str) -> Result<Uuid, Error> {
    id::parse(text).ok_or_else(|| invalid("userId", Format::Uuid, "This is not a user's id."))
}

/// The ids; `None` in place of a text that is not an id.
pub fn ids(texts: &[String]) -> Result<Vec<Option<Uuid>>, Error> {
    if texts.len() > PAGE_MAX as usize {
        return Err(invalid(
            "ids",
            Rule::items(PAGE_MAX as usize, texts.len()),
            format!("Ask for at most {PAGE_MAX} ids."),
        ));
    }
    Ok(texts.iter().map(|text| id::parse(text)).collect())
}

fn words(name: &str, text: Option<&str>, errors: &mut Vec<FieldError>) -> Option<String> {
    let text = text::label(text.filter(|text| text.contains('\0') || !text::is_blank(text))?);
    if text.chars().count() > TEXT_CHARS_MAX {
        errors.push(field(
            name,
            Rule::characters(TEXT_CHARS_MAX, 0),
            format!("Use at most {TEXT_CHARS_MAX} characters."),
        ));
    }
    if text.contains('\0') {
        errors.push(field(name, Rule::Characters, "It must not hold the NUL character."));
    }
    Some(text)
}

fn day(name: &str, text: Option<&str>, errors: &mut Vec<FieldError>) -> Option<Date> {
    let day = text?.parse().ok().map(|sql::Date(day)| day);
    if day.is_none() {
        errors.push(field(name, Format::Date, "Write the day as YYYY-MM-DD."));
    }
    day
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn no_filter() -> Filter {
        Filter {
            text: None,
            tag: None,
            mood: None,
            from_date: None,
            to_date: None,
            drafts: false,
            book_id: None,
            pinned: None,
            favourite: None,
            tags_all: Vec::new(),
            tags_any: Vec::new(),
            tags_none: Vec::new(),
        }
    }

    #[test]
    fn a_span_of_days_has_an_order_and_a_length() {
        let of = |from: &str, to: &str| span(&DaySpan { from_date: from.into(), to_date: to.into() });
        assert!(of("2024-01-01", "2024-12-31").is_ok() && of("2025-05-01", "2025-05-01").is_ok());
        let Err(Error::Invalid(errors)) = of("2024-01-01", "2025-01-01") else { panic!("more than a year") };
        let [error] = errors.as_slice() else { panic!("{errors:?}") };
        assert_eq!((error.field.as_str(), error.rule.as_str()), ("to", "too-much"));
        assert_eq!(error.params, r#"{"max":366,"unit":"days"}"#);
        assert_eq!(fields(of("2025-05-02", "2025-05-01").unwrap_err()), ["from"]);
        assert_eq!(fields(of("soon", "later").unwrap_err()), ["from", "to"]);
    }

    #[test]
    fn a_journal_is_named_by_its_id() {
        let filter = Filter { book_id: Some("Dreams".into()), ..no_filter() };
        assert_eq!(selection(&filter).unwrap_err()[0].field, "journalId");
    }

    fn fields(error: Error) -> Vec<String> {
        match error {
            Error::Invalid(errors) => errors.into_iter().map(|error| error.field).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn everything_that_is_wrong_is_reported_together() {
        let filter = Filter { from_date: Some("yesterday".into()), text: Some("x".repeat(201)), ..no_filter() };
        let error = entries(&filter, None, &PageRequest { first: 0, after: Some("!".into()) }).unwrap_err();
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
            assert_eq!(entries(&no_filter(), None, &PageRequest { first, after: None }).is_ok(), fits, "{first}");
            assert_eq!(limit(first).is_ok(), fits, "{first}");
        }
    }

    #[test]
    fn a_page_has_the_order_of_the_one_before_it_and_no_other() {
        let of = |order: Order| {
            let position = Position {
                day: order.is_by_day().then_some(jiff::civil::date(2025, 5, 1)),
                created_at: 1,
                id: Uuid::nil(),
            };
            Some(cursor::encode(Listing::Entries(order), position))
        };
        let order = |named, after| {
            entries(&no_filter(), named, &PageRequest { first: 1, after })
                .map(|(_, order, page)| (order, page.after.is_some()))
        };
        assert_eq!(order(None, None), Ok((Order::EntryDateDescending, false)));
        assert_eq!(order(Some(EntryOrder::CreatedAscending), None), Ok((Order::CreatedAscending, false)));
        assert_eq!(order(None, of(Order::CreatedDescending)), Ok((Order::CreatedDescending, true)));
        assert_eq!(
            order(Some(EntryOrder::EntryDateAscending), of(Order::EntryDateAscending)),
            Ok((Order::EntryDateAscending, true))
        );
        assert_eq!(fields(order(Some(EntryOrder::CreatedAscending), of(Order::default())).unwrap_err()), ["after"]);
        let of_users = cursor::encode(Listing::Users, Position { day: None, created_at: 1, id: Uuid::nil() });
        assert_eq!(fields(order(None, Some(of_users)).unwrap_err()), ["after"]);
        assert!(users(None, &PageRequest { first: 1, after: of(Order::CreatedDescending) }).is_err());
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
