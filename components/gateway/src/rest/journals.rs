//! `/api/journals`: entries for clients that do not speak GraphQL.

use super::{entry, existing_id, not_found};
use crate::failure::{Failure, Kind};
use crate::graphql::cost::ENTRY_BYTES_MAX;
use crate::memory::{self, ANSWER_BYTES_MAX, READ_BYTES_MAX};
use crate::names;
use crate::read_your_writes;
use crate::services::accounts::Role;
use crate::services::{journal, reads};
use crate::viewer::Viewer;
use crate::web::body::{self, Fields};
use crate::web::conditional::{self, IfMatch, Validators};
use crate::web::{Request, Response};
use http::StatusCode;
use mindflow_guest::call::{Error, FieldError};
use mindflow_guest::failure::field;
use mindflow_guest::journal::PAGE_MAX;
use mindflow_guest::rules::{Format, Rule, Unit};
use mindflow_guest::web::query::Query;
use serde::Deserialize;
use serde_json::json;

const PAGE_DEFAULT: u32 = 20;
/// The largest entry, as it is written or read, as JSON's values, as a text, and while that grows.
const ONE_ENTRY_BYTES: u64 = 4 * ENTRY_BYTES_MAX;
/// Where an entry was, as a body says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    name: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
}

impl From<Place> for journal::Place {
    fn from(Place { name, latitude, longitude }: Place) -> Self {
        Self { name, latitude, longitude }
    }
}

/// The answer is the user's own; a cache asks each time whether it is still good.
const OWN_CACHE: &str = "private, no-cache";

fn with_validators(response: Response, validators: &Validators) -> Response {
    let response = response.header("etag", &validators.etag).header("cache-control", OWN_CACHE);
    match validators.modified_us.and_then(conditional::http_date) {
        Some(date) => response.header("last-modified", date),
        None => response,
    }
}

fn show(status: StatusCode, shown: &reads::AnalyzedEntry) -> Response {
    with_validators(Response::json(status, &entry::json(shown)), &entry::validators(shown))
}

pub async fn create(request: &Request, viewer: &Viewer) -> Result<Response, Failure> {
    let context = viewer.proven().await?;
    let _place = memory::take(ONE_ENTRY_BYTES).await?;
    let mut fields = Fields::new(body::object(request)?);
    let new = journal::NewEntry {
        id: fields.optional_text("id"),
        title: fields.text("title"),
        content: fields.text("content"),
        mood: fields.nullable("mood", names::mood_rule(), &names::MOOD_RULE, names::parse_mood).flatten(),
        tags: fields.texts("tags").unwrap_or_default(),
        entry_date: fields.nullable("entryDate", Format::Date, names::DATE_RULE, names::parse_date).flatten(),
        attachment_ids: fields.texts("attachmentIds").unwrap_or_default(),
        client_mutation_id: fields.optional_text("clientMutationId"),
        private: fields.optional_flag("private").unwrap_or_default(),
        draft: fields.optional_flag("draft").unwrap_or_default(),
        pinned: fields.optional_flag("pinned").unwrap_or_default(),
        favourite: fields.optional_flag("favourite").unwrap_or_default(),
        book_id: fields.optional_text("journalId"),
        entry_time: fields.optional_text("entryTime"),
        place: fields.nullable_object::<Place>("place").flatten().map(Into::into),
    };
    fields.finish()?;
    let written = journal::create_entry(context, new).await?;
    let journal::WrittenEntry { entry, analysis_requested, marks } = written;
    read_your_writes::written(viewer, marks).await;
    let location = format!("/api/journals/{}", entry.id);
    let analysis = entry::analysis_to_come(analysis_requested);
    let shown = reads::AnalyzedEntry { entry, analysis, shown_since: None };
    Ok(show(StatusCode::CREATED, &shown).header("location", location))
}

pub async fn page(request: &Request, viewer: &Viewer) -> Result<Response, Failure> {
    let caller = viewer.caller().await?;
    let asked = PageRequest::read(request.uri().query().unwrap_or_default())?;
    if asked.user_id.as_ref().is_some_and(|user| *user != caller.user_id) && !caller.roles.contains(&Role::Admin) {
        return Err(Failure::new(Kind::Forbidden, "You may read your own journal only."));
    }
    // The entries as they were read and as JSON's values, and a text that grows.
    let read = (u64::from(asked.page.first) * ENTRY_BYTES_MAX).min(READ_BYTES_MAX);
    let place = memory::take(read + 3 * ANSWER_BYTES_MAX as u64).await?;
    let page = reads::entries(viewer.proven_for_views().await?, asked.user_id, asked.filter, asked.order, asked.page)
        .await
        .map_err(in_rests_names)?;
    let next_cursor = page.edges.last().filter(|_| page.has_next_page).map(|edge| edge.cursor.clone());
    let items: Vec<_> = page.edges.iter().map(|edge| entry::json(&edge.node)).collect();
    let json = memory::json_within(ANSWER_BYTES_MAX, &json!({ "items": items, "nextCursor": next_cursor }));
    let json = json.ok_or_else(|| {
        let text = format!("These entries take more than {} MiB together: ask for fewer.", ANSWER_BYTES_MAX >> 20);
        Failure::invalid(vec![field("limit", Rule::too_much(ANSWER_BYTES_MAX as u64, Unit::Bytes), text)])
    })?;
    let response = Response::new(StatusCode::OK)
        .header("content-type", "application/json; charset=utf-8")
        .header("cache-control", OWN_CACHE);
    Ok(place.send(response, json))
}

#[derive(Debug)]
struct PageRequest {
    user_id: Option<String>,
    filter: reads::Filter,
    order: Option<reads::EntryOrder>,
    page: reads::PageRequest,
}

impl PageRequest {
    fn read(query: &str) -> Result<Self, Failure> {
        let mut given = Query::of(query);
        let in_range = |text: &str| text.parse::<u32>().ok().filter(|first| (1..=PAGE_MAX).contains(first));
        let message = format!("Must be a whole number from 1 to {PAGE_MAX}.");
        let first = given.read("limit", Rule::range(1, PAGE_MAX), &message, in_range).unwrap_or(PAGE_DEFAULT);
        let mood = given.read("mood", names::mood_rule(), &names::MOOD_RULE, names::parse_mood);
        let order = given.read("orderBy", names::order_rule(), &names::ORDER_RULE, names::parse_order);
        let mut date = |name| given.read(name, Format::Date, names::DATE_RULE, names::parse_date);
        let (from_date, to_date) = (date("from"), date("to"));
        let asked = Self {
            user_id: given.text("userId"),
            filter: reads::Filter {
                text: given.text("text"),
                tag: given.text("tag"),
                mood,
                from_date,
                to_date,
                drafts: false,
                book_id: given.text("journalId"),
                pinned: None,
                favourite: None,
                tags_all: Vec::new(),
                tags_any: Vec::new(),
                tags_none: Vec::new(),
            },
            order,
            page: reads::PageRequest { first, after: given.text("cursor") },
        };
        given.finish().map(|()| asked)
    }
}

/// A failed read of a page, with its parameters called as this path calls them.
fn in_rests_names(error: Error) -> Failure {
    let renamed = |error: FieldError| {
        let field = match error.field.as_str() {
            "first" => "limit".to_owned(),
            "after" => "cursor".to_owned(),
            _ => error.field,
        };
        FieldError { field, ..error }
    };
    match error {
        Error::Invalid(fields) => Failure::invalid(fields.into_iter().map(renamed).collect()),
        error => error.into(),
    }
}

async fn read(viewer: &Viewer, id: &str) -> Result<reads::AnalyzedEntry, Failure> {
    viewer.caller().await?;
    existing_id(id, "entry")?;
    let entry = reads::entry_by_id(viewer.proven_for_views().await?, id.to_owned()).await?;
    entry.ok_or_else(|| not_found("entry"))
}

pub async fn entry(request: &Request, viewer: &Viewer, id: String) -> Result<Response, Failure> {
    let _place = memory::take(ONE_ENTRY_BYTES).await?;
    let found = read(viewer, &id).await?;
    let validators = entry::validators(&found);
    if conditional::not_modified(request.headers(), &validators) {
        return Ok(with_validators(Response::new(StatusCode::NOT_MODIFIED), &validators));
    }
    Ok(show(StatusCode::OK, &found))
}

/// The version that `If-Match` asks for; the service compares it within its transaction.
///
/// The state of the analysis does not count here: insights that arrive during an edit are not a conflict.
///
/// # Errors
/// 412 when no tag can match, 404 when there is no such entry.
async fn expected_version(request: &Request, viewer: &Viewer, id: &str) -> Result<Option<u32>, Failure> {
    let IfMatch::OneOf(tags) = conditional::if_match(request.headers()) else { return Ok(None) };
    let versions: Vec<u32> = tags.iter().filter_map(|tag| entry::version_of(tag)).collect();
    if let [only] = versions.as_slice() {
        return Ok(Some(*only));
    }
    let current = read(viewer, id).await?.entry.version;
    if versions.contains(&current) { Ok(Some(current)) } else { Err(precondition_failed()) }
}

fn precondition_failed() -> Failure {
    Failure::new(Kind::PreconditionFailed, "The entry has changed since: read it again.")
}

/// With `If-Match` a version that moved on is 412, without it 409.
fn version_conflict(error: Error, conditional: bool) -> Failure {
    match error {
        Error::Conflict(_) if conditional => precondition_failed(),
        error => error.into(),
    }
}

pub async fn update(request: &Request, viewer: &Viewer, id: String) -> Result<Response, Failure> {
    let context = viewer.proven().await?;
    existing_id(&id, "entry")?;
    let _place = memory::take(ONE_ENTRY_BYTES).await?;
    let mut fields = Fields::new(body::object(request)?);
    let default_book = viewer.caller().await?.user_id.clone();
    let mut change = journal::EntryChange {
        title: fields.new_text("title"),
        content: fields.emptied_text("content"),
        mood: fields.nullable("mood", names::mood_rule(), &names::MOOD_RULE, names::parse_mood),
        tags: fields.texts("tags"),
        entry_date: fields.set("entryDate", Format::Date, names::DATE_RULE, names::parse_date),
        attachment_ids: fields.texts("attachmentIds"),
        private: fields.new_flag("private"),
        pinned: fields.new_flag("pinned"),
        favourite: fields.new_flag("favourite"),
        book_id: fields.nullable_text("journalId").map(|id| id.unwrap_or(default_book)),
        entry_time: fields.nullable_text("entryTime"),
        place: fields.nullable_object::<Place>("place").map(|place| place.map(Into::into)),
        expected_version: fields.optional_number("expectedVersion"),
    };
    fields.finish()?;
    let matched = expected_version(request, viewer, &id).await?;
    change.expected_version = matched.or(change.expected_version);
    let written = journal::update_entry(context.clone(), id.clone(), change)
        .await
        .map_err(|error| version_conflict(error, matched.is_some()))?;
    let journal::WrittenEntry { entry, analysis_requested, marks } = written;
    read_your_writes::written(viewer, marks).await;
    let analysis = if analysis_requested {
        entry::analysis_to_come(true)
    } else {
        // Not requested again: the current analysis stays, or it is not included at all.
        reads::entry_by_id(context, id)
            .await
            .ok()
            .flatten()
            .map_or_else(|| entry::analysis_to_come(false), |read| read.analysis)
    };
    Ok(show(StatusCode::OK, &reads::AnalyzedEntry { entry, analysis, shown_since: None }))
}

pub async fn delete(request: &Request, viewer: &Viewer, id: String) -> Result<Response, Failure> {
    let context = viewer.proven().await?;
    existing_id(&id, "entry")?;
    let matched = expected_version(request, viewer, &id).await?;
    let mark = journal::delete_entry(context, id, matched)
        .await
        .map_err(|error| version_conflict(error, matched.is_some()))?;
    read_your_writes::written(viewer, vec![mark]).await;
    Ok(Response::new(StatusCode::NO_CONTENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_from_the_query_and_decoded() {
        let asked =
            PageRequest::read("userId=u1&limit=5&cursor=c&tag=caf%C3%A9&mood=CALM&from=2025-01-01&to=").unwrap();
        assert_eq!(asked.user_id.as_deref(), Some("u1"));
        assert_eq!((asked.page.first, asked.page.after.as_deref()), (5, Some("c")));
        assert_eq!(asked.filter.tag.as_deref(), Some("café"));
        assert_eq!(asked.filter.mood, Some(reads::Mood::Calm));
        assert_eq!((asked.filter.from_date.as_deref(), asked.filter.to_date), (Some("2025-01-01"), None));
    }

    #[test]
    fn every_wrong_parameter_is_reported() {
        let failure = PageRequest::read("limit=101&mood=calm&orderBy=newest&from=yesterday").unwrap_err();
        let names: Vec<_> = failure.fields.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(names, ["limit", "mood", "orderBy", "from"]);
        let ordered = PageRequest::read("orderBy=CREATED_AT_ASC").unwrap();
        assert_eq!(ordered.order, Some(reads::EntryOrder::CreatedAscending));
        assert!(PageRequest::read("limit=0").is_err());
        assert_eq!(PageRequest::read("").unwrap().page.first, 20);
    }

    #[test]
    fn a_misspelt_parameter_is_refused_along_with_wrong_ones_and_none_is_given_twice() {
        let failure = PageRequest::read("tgas=rain&limit=0&tag=a&tag=b&from=").unwrap_err();
        let broken: Vec<_> = failure.fields.iter().map(|error| (error.field.as_str(), error.rule.as_str())).collect();
        assert_eq!(broken, [("limit", "range"), ("tag", "too-many"), ("tgas", "unknown-field")]);
        for name in ["userId", "limit", "cursor", "text", "tag", "mood", "from", "to", "orderBy", "journalId"] {
            assert!(failure.fields[2].message.contains(name), "{}", failure.fields[2].message);
        }
    }

    #[test]
    fn what_a_page_cannot_be_read_by_is_named_as_the_client_named_it() {
        let fields = ["first", "after", "from"].map(|name| field(name, Format::Cursor, "No.")).to_vec();
        let failure = in_rests_names(Error::Invalid(fields));
        let names: Vec<_> = failure.fields.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(names, ["limit", "cursor", "from"]);
    }

    #[test]
    fn a_moved_version_is_412_under_if_match_and_409_otherwise() {
        let conflict = || mindflow_guest::failure::conflict("", Rule::Version { expected: 1, actual: 2 }, "version");
        assert_eq!(version_conflict(conflict(), true).kind, Kind::PreconditionFailed);
        assert_eq!(version_conflict(conflict(), false).kind, Kind::Conflict);
    }
}
