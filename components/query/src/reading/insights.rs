//! What is gathered from many entries: the newest insights, tags with their counts.

use crate::bindings::exports::mindflow::query::reads::{Insight, Quote, Tag};
use crate::statement::Statement;
use mindflow_guest::{
    call::Error,
    failure::internal,
    params,
    sql::{Row, Time},
};
use uuid::Uuid;

/// As many analyses as insights are asked for are enough: only theirs are unfolded, and only of these is it looked up
/// whether the entry is there (with a limit of one, so that it is no join of all entries with all analyses).
pub fn newest(user: Uuid, limit: u32) -> Statement {
    let text = "WITH newest AS (
            SELECT a.entry_id, a.insights, a.completed_at FROM query.analyses_view a
            CROSS JOIN LATERAL (
                SELECT FROM query.journals_view j WHERE j.entry_id = a.entry_id AND j.user_id = $1 AND j.deleted_at IS NULL AND NOT j.draft LIMIT 1
            ) live
            WHERE a.user_id = $1 AND a.status = 'READY' AND a.insights <> '[]'
            ORDER BY a.completed_at DESC, a.entry_id
            LIMIT $2
        )
        SELECT i.value ->> 'id' AS id, n.entry_id, i.value ->> 'text' AS text, i.value ->> 'kind' AS kind, i.value -> 'quotes' AS quotes,
            n.completed_at AS created_at
        FROM newest n
        CROSS JOIN LATERAL jsonb_array_elements(n.insights) WITH ORDINALITY AS i (value, position)
        ORDER BY n.completed_at DESC, n.entry_id, i.position
        LIMIT $2";
    Statement { text: text.to_owned(), params: params![user, limit] }
}

pub fn insight(row: &Row<'_>) -> Result<Insight, Error> {
    Ok(Insight {
        id: row.get("id")?,
        entry_id: row.get("entry_id")?,
        text: row.get("text")?,
        kind: row.get("kind")?,
        created_at: row.get::<Time>("created_at")?.0,
        quotes: match row.get::<Option<String>>("quotes")? {
            Some(json) => quotes(serde_json::from_str(&json).map_err(internal)?),
            None => Vec::new(),
        },
    })
}

fn quotes(stored: Vec<mindflow_events::Quote>) -> Vec<Quote> {
    let quote = |mindflow_events::Quote { text, start, end }| Quote { text, start, end };
    stored.into_iter().map(quote).collect()
}

/// An entry's insights, from `analyses_view.insights`.
pub fn of(json: &str, entry_id: &str, completed_at: i64) -> Result<Vec<Insight>, Error> {
    let stored: Vec<mindflow_events::Insight> = serde_json::from_str(json).map_err(internal)?;
    let insight = |stored: mindflow_events::Insight| Insight {
        id: stored.id,
        entry_id: entry_id.to_owned(),
        text: stored.text,
        kind: stored.kind,
        created_at: completed_at,
        quotes: quotes(stored.quotes),
    };
    Ok(stored.into_iter().map(insight).collect())
}

pub fn tags(user: Uuid) -> Statement {
    let text = "SELECT g.tag_id, g.name, COALESCE(c.entries, 0) AS entries
        FROM query.tags_view g
        LEFT JOIN (SELECT tag_id, count(*) AS entries FROM query.entry_tags WHERE user_id = $1 GROUP BY tag_id) c ON c.tag_id = g.tag_id
        WHERE g.user_id = $1 AND NOT g.deleted
        ORDER BY g.name COLLATE query.by_language, g.tag_id";
    Statement { text: text.to_owned(), params: params![user] }
}

pub fn tag(row: &Row<'_>) -> Result<Tag, Error> {
    Ok(Tag { id: row.get("tag_id")?, name: row.get("name")?, entry_count: Some(row.get("entries")?) })
}

pub fn tag_counts(user: Uuid, ids: Vec<Uuid>) -> Statement {
    let text = "SELECT tag_id, count(*) AS entries FROM query.entry_tags WHERE user_id = $1 AND tag_id = ANY ($2::uuid[]) GROUP BY tag_id";
    Statement { text: text.to_owned(), params: params![user, ids] }
}
