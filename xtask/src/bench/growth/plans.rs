//! Plans as `auto_explain` logs them: which nodes they have, how many rows they read, and what must not be among them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anyhow::{Context, Result};
use serde_json::Value;

/// A table with more rows than this is not to be read from its beginning to its end.
pub const LARGE_ROWS: f64 = 10_000.0;
/// More rows than this are not to be sorted: half of what the user with most entries has.
pub const SORTED_ROWS_MAX: f64 = 50_000.0;

/// A statement of a request, as it was run.
pub struct Statement {
    pub role: String,
    /// What it does, and with which tables.
    pub what: String,
    /// How it finds its rows, and what it sorts.
    pub nodes: String,
    pub rows_read: f64,
    pub ms: f64,
    pub faults: Vec<String>,
    text: String,
}

#[derive(Default)]
struct Walk {
    tables: Vec<String>,
    nodes: Vec<String>,
    rows_read: f64,
    faults: Vec<String>,
}

/// The statements of a log that read or write tables, each text once: its slowest run. `rows` says how large tables are.
pub fn read(log: &str, rows: &BTreeMap<String, f64>) -> Result<Vec<Statement>> {
    let mut statements: Vec<Statement> = Vec::new();
    for (head, json) in logged(log) {
        let plan: Value = serde_json::from_str(&json).with_context(|| format!("read a plan after: {head}"))?;
        let Some(statement) = Statement::read(&head, &plan, rows) else { continue };
        match statements.iter_mut().find(|other| other.is_same(&statement)) {
            Some(other) if other.ms >= statement.ms => {}
            Some(other) => *other = statement,
            None => statements.push(statement),
        }
    }
    Ok(statements)
}

/// The lines before plans, and the plans: what follows with a tab before each line.
fn logged(log: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = log.lines().peekable();
    while let Some(line) = lines.next() {
        if !(line.contains("LOG:  duration: ") && line.ends_with("plan:")) {
            continue;
        }
        let mut json = String::new();
        while let Some(more) = lines.next_if(|line| line.starts_with('\t')) {
            json.push_str(more.trim_start_matches('\t'));
            json.push('\n');
        }
        found.push((line.to_owned(), json));
    }
    found
}

// === impl Statement ===

impl Statement {
    fn read(head: &str, plan: &Value, rows: &BTreeMap<String, f64>) -> Option<Self> {
        // 2026-11-28 16:13:33.011 UTC [123] ROLE@DATABASE LOG:  duration: 1.234 ms  plan:
        let role = head.split("] ").nth(1)?.split('@').next()?.to_owned();
        let ms = head.split("duration: ").nth(1)?.split(' ').next()?.parse().ok()?;
        let text = plan.get("Query Text")?.as_str()?.to_owned();
        let mut walk = Walk::default();
        walk.node(plan.get("Plan")?, rows);
        if walk.tables.is_empty() {
            return None;
        }
        let verb =
            plan.pointer("/Plan/Operation").and_then(Value::as_str).map_or_else(|| verb(&text), str::to_uppercase);
        Some(Self {
            role,
            what: format!("{verb} {}", walk.tables.join(", ")),
            nodes: counted(&walk.nodes),
            rows_read: walk.rows_read,
            ms,
            faults: walk.faults,
            text,
        })
    }

    /// Whether it is the same text by the same role.
    pub fn is_same(&self, other: &Self) -> bool {
        self.role == other.role && self.text == other.text
    }
}

fn verb(text: &str) -> String {
    text.split_whitespace().next().unwrap_or_default().trim_start_matches('(').to_uppercase()
}

/// `Index Scan a ×2, Sort`
fn counted(nodes: &[String]) -> String {
    let mut text = String::new();
    let mut seen = BTreeSet::new();
    for node in nodes.iter().filter(|node| seen.insert((*node).clone())) {
        let times = nodes.iter().filter(|other| *other == node).count();
        let separator = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{separator}{node}");
        if times > 1 {
            let _ = write!(text, " ×{times}");
        }
    }
    text
}

// === impl Walk ===

impl Walk {
    fn node(&mut self, node: &Value, rows: &BTreeMap<String, f64>) {
        let text = |name: &str| node.get(name).and_then(Value::as_str).unwrap_or_default();
        let number = |node: &Value, name: &str| node.get(name).and_then(Value::as_f64).unwrap_or_default();
        let loops = number(node, "Actual Loops");
        let (kind, table) = (text("Node Type"), text("Relation Name"));
        if !table.is_empty() && !self.tables.iter().any(|known| known == table) {
            self.tables.push(table.to_owned());
        }
        match kind {
            "Seq Scan" | "Index Scan" | "Index Only Scan" | "Bitmap Heap Scan" | "Tid Scan" => {
                let read = number(node, "Actual Rows")
                    + number(node, "Rows Removed by Filter")
                    + number(node, "Rows Removed by Index Recheck");
                self.rows_read += read * loops;
                let by = if text("Index Name").is_empty() { table } else { text("Index Name") };
                self.nodes.push(format!("{kind} {by}"));
                if kind == "Seq Scan" && loops > 0.0 && rows.get(table).is_some_and(|rows| *rows > LARGE_ROWS) {
                    self.faults.push(format!("sequential scan of {table}"));
                }
            }
            "Bitmap Index Scan" => self.nodes.push(format!("{kind} {}", text("Index Name"))),
            "Sort" | "Incremental Sort" => {
                let input = node
                    .pointer("/Plans/0")
                    .map_or(0.0, |child| number(child, "Actual Rows") * number(child, "Actual Loops"));
                self.nodes.push(kind.to_owned());
                if input > SORTED_ROWS_MAX {
                    self.faults.push(format!("{kind} of {input:.0} rows"));
                }
            }
            _ => {}
        }
        for child in node.get("Plans").and_then(Value::as_array).into_iter().flatten() {
            self.node(child, rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "2026-11-28 16:13:33.011 UTC [12] mindflow_query@read LOG:  duration: 1.500 ms  plan:\n\
        \t{\n\t  \"Query Text\": \"WITH page AS (SELECT 1)\\nSELECT 1\",\n\t  \"Plan\": { \"Node Type\": \"Sort\", \"Actual Loops\": 1, \"Actual Rows\": 5, \"Plans\": [\n\
        \t    { \"Node Type\": \"Seq Scan\", \"Relation Name\": \"journals_view\", \"Actual Rows\": 60000, \"Rows Removed by Filter\": 1, \"Actual Loops\": 1 }\n\
        \t  ] }\n\t}\n2026-11-28 16:13:33.012 UTC [12] mindflow_query@read LOG:  something else\n";

    #[test]
    fn a_logged_plan_says_what_it_read_and_what_it_must_not() {
        let rows = BTreeMap::from([("journals_view".to_owned(), 1e6)]);
        let statements = read(LOG, &rows).unwrap();
        let [statement] = statements.as_slice() else { panic!("one statement") };
        assert_eq!((statement.role.as_str(), statement.ms, statement.rows_read), ("mindflow_query", 1.5, 60_001.0));
        assert_eq!(statement.what, "WITH journals_view");
        assert_eq!(statement.nodes, "Sort, Seq Scan journals_view");
        assert_eq!(statement.faults, ["Sort of 60000 rows", "sequential scan of journals_view"]);
    }

    #[test]
    fn a_small_table_may_be_scanned_and_a_few_rows_sorted() {
        let log = LOG.replace("60000", "20");
        assert!(read(&log, &BTreeMap::from([("journals_view".to_owned(), 20.0)])).unwrap()[0].faults.is_empty());
    }
}
