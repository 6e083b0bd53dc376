//! Pages as Relay's cursor connections, and the bounds of their sizes.

use super::entry::JournalEntry;
use super::user::User;
use crate::services::reads;
use async_graphql::SimpleObject;
use mindflow_guest::call::Error;
use mindflow_guest::failure::invalid;
use mindflow_guest::rules::Rule;

const PAGE_MAX: i32 = mindflow_guest::journal::PAGE_MAX.cast_signed();

/// A page size that the client may ask for.
///
/// # Errors
/// `invalid` outside of 1 to 100.
pub fn size(name: &'static str, asked: Option<i32>, default: i32) -> Result<u32, Error> {
    let size = asked.unwrap_or(default);
    if !(1..=PAGE_MAX).contains(&size) {
        return Err(invalid(name, Rule::range(1, PAGE_MAX), format!("Must be from 1 to {PAGE_MAX}.")));
    }
    Ok(size.unsigned_abs())
}

/// Where a page lies in the whole list.
#[derive(SimpleObject)]
pub struct PageInfo {
    /// Whether more follow: ask with `after: endCursor`.
    pub has_next_page: bool,
    /// Whether others come before.
    pub has_previous_page: bool,
    /// The first edge's cursor; null for an empty page.
    pub start_cursor: Option<String>,
    /// The last edge's cursor; null for an empty page.
    pub end_cursor: Option<String>,
}

/// An entry and its place in the list.
#[derive(SimpleObject)]
pub struct JournalEntryEdge {
    /// Opaque; for `after`.
    cursor: String,
    /// The entry.
    node: JournalEntry,
}

/// A page of journal entries, newest first.
#[derive(SimpleObject)]
pub struct JournalEntryConnection {
    /// The entries of this page.
    edges: Vec<JournalEntryEdge>,
    /// Where the page lies.
    page_info: PageInfo,
    /// How many entries fit the filter, on all pages.
    total_count: u32,
}

/// A user and its place in the list.
#[derive(SimpleObject)]
pub struct UserEdge {
    /// Opaque; for `after`.
    cursor: String,
    /// The user.
    node: User,
}

/// A page of users.
#[derive(SimpleObject)]
pub struct UserConnection {
    /// The users of this page.
    edges: Vec<UserEdge>,
    /// Where the page lies.
    page_info: PageInfo,
    /// How many users fit the search, on all pages.
    total_count: u32,
}

impl From<reads::EntryPage> for JournalEntryConnection {
    fn from(page: reads::EntryPage) -> Self {
        let page_info = PageInfo {
            has_next_page: page.has_next_page,
            has_previous_page: page.has_previous_page,
            start_cursor: page.edges.first().map(|edge| edge.cursor.clone()),
            end_cursor: page.edges.last().map(|edge| edge.cursor.clone()),
        };
        let edge = |edge: reads::EntryEdge| JournalEntryEdge { cursor: edge.cursor, node: edge.node.into() };
        Self { edges: page.edges.into_iter().map(edge).collect(), page_info, total_count: page.total_count }
    }
}

impl From<reads::ProfilePage> for UserConnection {
    fn from(page: reads::ProfilePage) -> Self {
        let page_info = PageInfo {
            has_next_page: page.has_next_page,
            has_previous_page: page.has_previous_page,
            start_cursor: page.edges.first().map(|edge| edge.cursor.clone()),
            end_cursor: page.edges.last().map(|edge| edge.cursor.clone()),
        };
        let edge = |edge: reads::ProfileEdge| UserEdge { cursor: edge.cursor, node: edge.node.into() };
        Self { edges: page.edges.into_iter().map(edge).collect(), page_info, total_count: page.total_count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_bounds_and_a_default() {
        assert_eq!(size("first", None, 20), Ok(20));
        assert_eq!(size("first", Some(100), 20), Ok(100));
        for wrong in [0, -1, 101, i32::MAX] {
            assert!(
                matches!(size("first", Some(wrong), 20), Err(Error::Invalid(fields)) if fields[0].field == "first")
            );
        }
    }
}
