//! Journals that entries are in.

use super::entries::LIVE;
use crate::bindings::exports::mindflow::query::reads::Book;
use crate::statement::Statement;
use mindflow_events::DEFAULT_BOOK;
use mindflow_guest::{call::Error, params, sql::Row};
use uuid::Uuid;

/// The default one, which has a row only when it was renamed, and those that are not deleted. Entries of those that are count for the
/// default one.
pub fn all(user: Uuid) -> Statement {
    let text = format!(
        "WITH live AS MATERIALIZED (
            SELECT b.book_id, b.name FROM query.books_view b WHERE b.user_id = $1 AND NOT b.deleted
        ), counted AS MATERIALIZED (
            SELECT l.book_id, count(*) AS entries
            FROM query.journals_view j LEFT JOIN live l ON l.book_id = j.book_id AND l.book_id <> $1
            WHERE {LIVE}
            GROUP BY l.book_id
        )
        SELECT b.book_id, b.name, b.is_default, COALESCE(c.entries, 0) AS entries
        FROM (
            SELECT $1::uuid AS book_id, COALESCE((SELECT l.name FROM live l WHERE l.book_id = $1), $2::text) AS name, true AS is_default
            UNION ALL
            SELECT l.book_id, l.name, false FROM live l WHERE l.book_id <> $1
        ) b
        LEFT JOIN counted c ON c.book_id IS NOT DISTINCT FROM CASE WHEN b.is_default THEN NULL ELSE b.book_id END
        ORDER BY b.is_default DESC, b.name COLLATE query.by_language, b.book_id"
    );
    Statement { text, params: params![user, DEFAULT_BOOK] }
}

pub fn book(row: &Row<'_>) -> Result<Book, Error> {
    Ok(Book {
        id: row.get("book_id")?,
        name: row.get("name")?,
        is_default: row.get("is_default")?,
        entry_count: Some(row.get("entries")?),
    })
}
