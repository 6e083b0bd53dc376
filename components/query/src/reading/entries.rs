//! Entries with their tags, counts and analysis.

use crate::bindings::exports::mindflow::query::reads::{
    Analysis, AnalysisStatus, AnalyzedEntry, Entry, EntryEdge, EntryPage,
};
use crate::calendar::month_day;
use crate::columns;
use crate::cursor::{self, Listing, Position};
use crate::folded;
use crate::order::Order;
use crate::reading::insights;
use crate::request::{Page, Selection};
use crate::statement::{Params, Statement};
use crate::vocabulary::Word;
use jiff::civil::Date;
use mindflow_events::Mood;
use mindflow_guest::{
    call::Error,
    failure::{internal, invalid},
    params,
    rules::{Rule, Unit},
    sql::{self, Row, Rows, Time},
};
use uuid::Uuid;

/// Of one day's earlier years: as many as any other list holds.
const ON_THIS_DAY_MAX: i64 = 100;

/// Of the contents that one call answers. An instance has 64 MiB, in which they are five times: as rows, as entries, as they
/// are ordered, for the cache, and on their way. The gateway makes room for this much (`READ_BYTES_MAX`).
pub const PAGE_BYTES_MAX: u64 = 6 << 20;

/// What lists and figures show of entries `j`.
pub const LIVE: &str = "j.user_id = $1 AND j.deleted_at IS NULL AND NOT j.draft";
const DRAFTS: &str = "j.user_id = $1 AND j.deleted_at IS NULL AND j.draft";
/// Both.
const THERE: &str = "j.user_id = $1 AND j.deleted_at IS NULL";
/// Whether the entry `j` is in a book that is there, so not in the default one.
const IN_A_BOOK: &str =
    "EXISTS (SELECT FROM query.books_view b WHERE b.book_id = j.book_id AND b.user_id = $1 AND NOT b.deleted)";
/// A tag as of its own events: renaming one is one event for any number of entries.
const KNOWN_TAG: &str = "LEFT JOIN query.tags_view g ON g.tag_id = (e.tag ->> 'id')::uuid AND g.user_id = $1";
/// Until the tag's own event is here, the name that the entry brought.
const TAG_NAME: &str = "COALESCE(g.name, e.tag ->> 'name')";
const TAG_KEY: &str = "COALESCE(g.name_key, j.tag_names[e.position])";

/// A tag of the entry `j`, with its current key.
fn has_tag(key_is: &str) -> String {
    format!(
        "EXISTS (SELECT FROM jsonb_array_elements(j.tags) WITH ORDINALITY AS e (tag, position) {KNOWN_TAG} WHERE {TAG_KEY} = {key_is})"
    )
}

/// How much of an entry the reader may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Its owner: everything.
    Whole,
    /// An administrator: that it is there, when it was written, how long it is and how its analysis stands. What
    /// it says, its mood, tags and insights never leave the database.
    WithoutContent,
}

impl View {
    /// Of a row `j`.
    fn entry_columns(self) -> String {
        match self {
            Self::Whole => format!("j.entry_id, j.user_id, j.tags, j.tag_ids, {}", columns::of("j")),
            Self::WithoutContent => format!(
                "j.entry_id, j.user_id, '[]'::jsonb AS tags, '{{}}'::uuid[] AS tag_ids, {}",
                columns::without_content("j")
            ),
        }
    }

    fn analysis_columns(self) -> &'static str {
        match self {
            Self::Whole => "a.status, a.sentiment, a.themes, a.insights, a.model, a.completed_at",
            Self::WithoutContent => {
                "a.status, NULL::float8 AS sentiment, '{}'::text[] AS themes, '[]'::jsonb AS insights, NULL::text AS model, NULL::timestamptz AS completed_at"
            }
        }
    }
}

/// The entries of `page` (a `SELECT`), a row each, unless their contents have more bytes together: then one row says how many
/// they have. With a total, there is one row at least.
fn whole(view: View, page: &str, order: Order, total: Option<&str>, bytes_max: u64) -> String {
    whole_since(view, page, "NULL::timestamptz", order, total, bytes_max)
}

/// The same; `since` is when an entry's last change was.
fn whole_since(view: View, page: &str, since: &str, order: Order, total: Option<&str>, bytes_max: u64) -> String {
    let (total_column, base, condition) = match total {
        Some(count) => ("t.total, ", format!("({count}) t CROSS JOIN"), String::new()),
        None => ("", String::new(), format!("WHERE p.entry_id IS NOT NULL OR s.bytes > {bytes_max}")),
    };
    let (columns, analysis, order) = (columns::of("p"), view.analysis_columns(), order.clause("p"));
    // Each tag is counted once, from its place in an index, and not once for each entry that has it.
    format!(
        "WITH page AS ({page}), counts AS MATERIALIZED (
            SELECT t.tag_id, (SELECT count(*) FROM query.entry_tags c WHERE c.user_id = $1 AND c.tag_id = t.tag_id) AS entries
            FROM (SELECT DISTINCT unnest(p.tag_ids) AS tag_id FROM page p) t
        )
        SELECT {total_column}s.bytes AS page_bytes, p.entry_id AS journal_id, p.user_id, shown.tags, {columns}, {analysis},
            {since} AS shown_since
        FROM {base} (SELECT COALESCE(sum(octet_length(p.content)), 0) AS bytes FROM page p) s
        LEFT JOIN page p ON s.bytes <= {bytes_max}
        LEFT JOIN query.analyses_view a ON a.entry_id = p.entry_id AND a.user_id = $1
        CROSS JOIN LATERAL (
            SELECT COALESCE(jsonb_agg(jsonb_build_object('id', e.tag ->> 'id', 'name', {TAG_NAME}, 'entry_count', COALESCE(c.entries, 0))
                ORDER BY {TAG_NAME} COLLATE query.by_language, e.position), '[]') AS tags
            FROM jsonb_array_elements(p.tags) WITH ORDINALITY AS e (tag, position)
            {KNOWN_TAG}
            LEFT JOIN counts c ON c.tag_id = (e.tag ->> 'id')::uuid
        ) shown
        {condition}
        {order}"
    )
}

pub fn by_id(user: Uuid, ids: Vec<Uuid>) -> Statement {
    let page = format!(
        "SELECT {} FROM query.journals_view j WHERE {THERE} AND j.entry_id = ANY ($2::uuid[])",
        View::Whole.entry_columns()
    );
    // What was written before changes were kept has its own times.
    let since = "GREATEST(
            COALESCE((SELECT c.at FROM query.last_changes c WHERE c.user_id = $1 AND c.id = p.entry_id),
                GREATEST(p.updated_at, a.completed_at)),
            (SELECT max(c.at) FROM query.last_changes c WHERE c.user_id = $1 AND c.id = ANY (p.tag_ids)))";
    let text = whole_since(View::Whole, &page, since, Order::default(), None, PAGE_BYTES_MAX);
    Statement { text, params: params![user, ids] }
}

pub fn recent(user: Uuid, limit: u32, bytes_max: u64) -> Statement {
    let order = Order::default();
    let page = format!(
        "SELECT {} FROM query.journals_view j WHERE {LIVE} {} LIMIT $2",
        View::Whole.entry_columns(),
        order.clause("j")
    );
    Statement { text: whole(View::Whole, &page, order, None, bytes_max), params: params![user, limit] }
}

pub fn on_this_day(user: Uuid, day: Date, bytes_max: u64) -> Statement {
    let (columns, order) = (View::Whole.entry_columns(), Order::default());
    let newest_first = order.clause("j");
    let page = format!(
        "SELECT {columns} FROM query.journals_view j
         WHERE {LIVE} AND j.month_day = $2::integer AND j.entry_date < $3::date {newest_first} LIMIT $4"
    );
    Statement {
        text: whole(View::Whole, &page, order, None, bytes_max),
        params: params![user, month_day(day), sql::Date(day), ON_THIS_DAY_MAX],
    }
}

/// One entry more than asked for, which only says that there are more.
pub fn page(user: Uuid, view: View, selection: &Selection, order: Order, page: &Page) -> Statement {
    let mut params = Params(params![user]);
    let of = if selection.drafts { DRAFTS } else { LIVE };
    let matching = conditions(user, selection, &mut params);
    let after = page.after.map_or_else(String::new, |Position { day, created_at, id }| {
        let mut values = Vec::with_capacity(3);
        values.extend(day.map(|day| format!("{}::date", params.bind(sql::Date(day)))));
        values.push(format!("{}::timestamptz", params.bind(Time(created_at))));
        values.push(format!("{}::uuid", params.bind(id)));
        format!(" AND {}", order.after("j", &values))
    });
    let limit = params.bind(page.first.saturating_add(1));
    let (columns, ordered) = (view.entry_columns(), order.clause("j"));
    let items =
        format!("SELECT {columns} FROM query.journals_view j WHERE {of}{matching}{after} {ordered} LIMIT {limit}");
    let total = format!("SELECT count(*) AS total FROM query.journals_view j WHERE {of}{matching}");
    Statement { text: whole(view, &items, order, Some(&total), PAGE_BYTES_MAX), params: params.0 }
}

fn conditions(user: Uuid, selection: &Selection, params: &mut Params) -> String {
    let mut sql = String::new();
    if let Some(text) = &selection.text {
        let pattern = params.bind(folded::pattern(text));
        let holds = |column: &str| folded::holds("j", column, &pattern);
        sql += &format!(" AND ({} OR {})", holds("title"), holds("content"));
    }
    if let Some(tag) = &selection.tag {
        sql += &format!(" AND {}", has_tag(&format!("{}::text", params.bind(tag))));
    }
    for tag in &selection.tags_all {
        sql += &format!(" AND {}", has_tag(&format!("{}::text", params.bind(tag))));
    }
    for (tags, not) in [(&selection.tags_any, ""), (&selection.tags_none, "NOT ")] {
        if !tags.is_empty() {
            sql += &format!(" AND {not}{}", has_tag(&format!("ANY ({}::text[])", params.bind(tags.clone()))));
        }
    }
    if let Some(mood) = selection.mood {
        sql += &format!(" AND j.mood = {}::text", params.bind(Mood::from(mood)));
    }
    if let Some(from) = selection.from {
        sql += &format!(" AND j.entry_date >= {}::date", params.bind(sql::Date(from)));
    }
    if let Some(to) = selection.to {
        sql += &format!(" AND j.entry_date <= {}::date", params.bind(sql::Date(to)));
    }
    match selection.book {
        Some(book) if book == user => sql += &format!(" AND NOT {IN_A_BOOK}"),
        Some(book) => sql += &format!(" AND j.book_id = {}::uuid AND {IN_A_BOOK}", params.bind(book)),
        None => {}
    }
    for (column, wanted) in [("pinned", selection.pinned), ("favourite", selection.favourite)] {
        if let Some(wanted) = wanted {
            sql += if wanted { " AND j." } else { " AND NOT j." };
            sql += column;
        }
    }
    sql
}

/// Of a statement with the same bound. `argument` is what a client makes smaller when they are too large together.
pub fn all(rows: &Rows, argument: &str, bytes_max: u64) -> Result<Vec<AnalyzedEntry>, Error> {
    check(rows, argument, bytes_max)?;
    rows.iter().map(|row| entry(&row)).collect()
}

fn check(rows: &Rows, argument: &str, bytes_max: u64) -> Result<(), Error> {
    let bytes: u64 = rows.first().map_or(Ok(0), |row| row.get("page_bytes"))?;
    if bytes <= bytes_max {
        return Ok(());
    }
    let text = format!(
        "These entries have {bytes} bytes of content together; at most {bytes_max} are read at a time. Ask for fewer."
    );
    Err(invalid(argument, Rule::too_much(bytes_max, Unit::Bytes), text))
}

/// Of a statement that `page` made for the same request.
pub fn paged(rows: &Rows, order: Order, page: &Page) -> Result<EntryPage, Error> {
    check(rows, "first", PAGE_BYTES_MAX)?;
    let first = page.first as usize;
    let total_count = rows.first().map_or(Ok(0), |row| row.get("total"))?;
    let mut edges = Vec::with_capacity(rows.len().min(first));
    let mut has_next_page = false;
    for row in rows.iter() {
        // An empty page is one row that has only the total.
        let Some(id) = row.get::<Option<Uuid>>("journal_id")? else {
            continue;
        };
        if edges.len() == first {
            has_next_page = true;
            break;
        }
        let node = entry(&row)?;
        let day = if order.is_by_day() { Some(row.get::<sql::Date>("entry_date")?.0) } else { None };
        let by_changes = order == Order::ChangedDescending;
        let created_at = if by_changes { node.entry.updated_at } else { node.entry.created_at };
        let position = Position { day, created_at, id };
        let cursor = cursor::encode(Listing::Entries(order), position);
        edges.push(EntryEdge { cursor, node });
    }
    Ok(EntryPage { edges, has_next_page, has_previous_page: page.after.is_some(), total_count })
}

fn entry(row: &Row<'_>) -> Result<AnalyzedEntry, Error> {
    let tags = serde_json::from_str(&row.get::<String>("tags")?).map_err(internal)?;
    let entry = Entry { tags, ..row.read::<mindflow_events::Entry>()?.into() };
    let analysis = analysis(row, &entry.id)?;
    let shown_since = row.get::<Option<Time>>("shown_since")?.map(|time| time.0);
    Ok(AnalyzedEntry { entry, analysis, shown_since })
}

/// An entry without a row of analysis will have none.
fn analysis(row: &Row<'_>, entry_id: &str) -> Result<Analysis, Error> {
    let status: Option<String> = row.get("status")?;
    let completed_at = row.get::<Option<Time>>("completed_at")?.map(|time| time.0);
    let insights = match (row.get::<Option<String>>("insights")?, completed_at) {
        (Some(json), Some(completed_at)) => insights::of(&json, entry_id, completed_at)?,
        _ => Vec::new(),
    };
    Ok(Analysis {
        status: status.as_deref().and_then(AnalysisStatus::parse).unwrap_or(AnalysisStatus::NotIncluded),
        insights,
        sentiment: row.get("sentiment")?,
        themes: row.get::<Option<Vec<String>>>("themes")?.unwrap_or_default(),
        model: row.get("model")?,
        completed_at,
    })
}
/// Ids of the entries that carry the tag, the newest first.
pub fn tagged(user: Uuid, tag: Uuid, most: u32) -> Statement {
    let text = "SELECT entry_id FROM query.entry_tags WHERE user_id = $1::uuid AND tag_id = $2::uuid
        ORDER BY entry_id DESC LIMIT $3::bigint";
    Statement { text: text.to_owned(), params: params![user, tag, i64::from(most)] }
}
