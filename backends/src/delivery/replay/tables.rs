//! The tables that a component writes, found in the catalog.

use tokio_postgres::{Client, Row};

use super::ReplayError;

/// Tables in which the role may insert, other than the platform's own. Names come quoted.
const FIND: &str = "SELECT format('%I.%I', n.nspname, c.relname) AS name, \
       ARRAY(SELECT quote_ident(a.attname) FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place) \
           JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum \
           WHERE i.indrelid = c.oid AND i.indisprimary ORDER BY k.place) AS key, \
       ARRAY(SELECT quote_ident(a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 \
           AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum) AS columns \
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT IN ('mindflow', 'delivery') \
       AND has_table_privilege($1, c.oid, 'INSERT') ORDER BY 1";

/// A table and how its rows are read, compared and written. Everything is quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    /// With its schema.
    pub(super) name: String,
    key: Vec<String>,
    /// Those that can be written.
    columns: Vec<String>,
}

pub(super) async fn find(client: &Client, database: &str, role: &str) -> Result<Vec<Table>, ReplayError> {
    let failed = |source| ReplayError::Statement {
        database: database.to_owned(),
        operation: "find the component's tables",
        source,
    };
    let rows = client.query(FIND, &[&role]).await.map_err(failed)?;
    let tables = rows.iter().map(table_of).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    match tables.iter().find(|table| table.key.is_empty()) {
        Some(table) => Err(ReplayError::NoPrimaryKey(table.name.clone())),
        None => Ok(tables),
    }
}

fn table_of(row: &Row) -> Result<Table, tokio_postgres::Error> {
    Ok(Table { name: row.try_get("name")?, key: row.try_get("key")?, columns: row.try_get("columns")? })
}

// === impl Table ===

impl Table {
    /// Every row as text, with its key as text before it, in the order of the key's bytes.
    pub(super) fn read(&self) -> String {
        let Self { name, key, .. } = self;
        let key = key.iter().map(|column| format!("t.{column}")).collect::<Vec<_>>().join(", ");
        format!("SELECT ROW({key})::text COLLATE \"C\" AS key, t::text AS row FROM {name} t ORDER BY 1")
    }

    /// Removes the rows that `$1` has as text.
    pub(super) fn remove(&self) -> String {
        let Self { name, key, .. } = self;
        let same = key.iter().map(|column| format!("t.{column} = g.{column}")).collect::<Vec<_>>().join(" AND ");
        format!("DELETE FROM {name} t USING ({}) g WHERE {same}", given(name))
    }

    /// Adds the rows that `$1` has as text, or makes those of the same keys equal to them.
    pub(super) fn put(&self) -> String {
        let Self { name, key, columns } = self;
        let (all, key_list) = (columns.join(", "), key.join(", "));
        let others: Vec<_> = columns.iter().filter(|column| !key.contains(column)).collect();
        let then = if others.is_empty() {
            "NOTHING".to_owned()
        } else {
            let set = others.iter().map(|column| format!("{column} = excluded.{column}")).collect::<Vec<_>>();
            format!("UPDATE SET {}", set.join(", "))
        };
        format!(
            "INSERT INTO {name} ({all}) OVERRIDING SYSTEM VALUE SELECT {all} FROM ({}) g ON CONFLICT ({key_list}) DO {then}",
            given(name)
        )
    }
}

/// The rows that `$1` has as text.
fn given(table: &str) -> String {
    format!("SELECT (r::{table}).* FROM unnest($1::text[]) AS r OFFSET 0")
}
