//! The columns of `query.journals_view` that hold what an entry says: written by its event, read by its owner, and in part
//! by administrators. The columns of its tags are not among them, because tags are read by their own events.

/// A column is named like the member of the event that it holds.
struct Column {
    name: &'static str,
    /// What an administrator reads instead; `None`: the column itself.
    hidden: Option<&'static str>,
}

const COLUMNS: [Column; 17] = [
    shown("version"),
    hidden("title", "''"),
    hidden("content", "''"),
    hidden("mood", "NULL::text"),
    hidden("attachment_ids", "'{}'::uuid[]"),
    shown("created_at"),
    shown("updated_at"),
    shown("entry_date"),
    shown("word_count"),
    shown("private"),
    shown("draft"),
    shown("published_at"),
    hidden("pinned", "false"),
    hidden("favourite", "false"),
    hidden("book_id", "NULL::uuid"),
    hidden("entry_time", "NULL::text"),
    hidden("place", "NULL::jsonb"),
];

const fn shown(name: &'static str) -> Column {
    Column { name, hidden: None }
}

const fn hidden(name: &'static str, instead: &'static str) -> Column {
    Column { name, hidden: Some(instead) }
}

/// `version, title, …`
pub fn names() -> String {
    list(|Column { name, .. }| (*name).to_owned())
}

/// `row.version, row.title, …`
pub fn of(row: &str) -> String {
    list(|Column { name, .. }| format!("{row}.{name}"))
}

/// The same as an administrator reads them.
pub fn without_content(row: &str) -> String {
    list(|Column { name, hidden }| {
        hidden.map_or_else(|| format!("{row}.{name}"), |instead| format!("{instead} AS {name}"))
    })
}

/// `version = EXCLUDED.version, title = EXCLUDED.title, …`
pub fn replaced() -> String {
    list(|Column { name, .. }| format!("{name} = EXCLUDED.{name}"))
}

fn list(column: impl Fn(&Column) -> String) -> String {
    COLUMNS.iter().map(column).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use mindflow_guest::sql::Json;
    use serde_json::{Map, Value};
    use std::collections::BTreeSet;

    #[test]
    fn every_field_of_an_entry_has_its_column() {
        let Json(entry) = Json::columns(&mindflow_events::fixture_entry().unwrap());
        let entry: Map<String, Value> = serde_json::from_str(&entry).unwrap();
        // The key, the owner, and the tags with their own columns.
        let others = ["journal_id", "user_id", "tags"];
        let names: BTreeSet<_> = COLUMNS.iter().map(|column| column.name).chain(others).collect();
        assert_eq!(entry.keys().map(String::as_str).collect::<BTreeSet<_>>(), names);
    }
}
