//! What a component may say. One statement that reads or writes rows; nothing that changes the session,
//! runs SQL from a text, or reaches outside of the database. The role's privileges and row-level security
//! are the real walls. The guard is there because a pooled connection outlives the statement, and because
//! a managed server may not let us revoke `set_config`.

use super::lexer::{Lexer, Token};

/// Longest statement. Values belong in parameters.
const STATEMENT_BYTES_MAX: usize = 64 * 1024;

const VERBS: &[&str] = &["select", "insert", "update", "delete", "merge", "values", "with"];

/// Names that must not occur, quoted or not.
const NAMES: &[&str] = &[
    // The session's settings, and with them the identity.
    "set_config",
    "pg_settings",
    "pg_reload_conf",
    // SQL from a text.
    "query_to_xml",
    "query_to_xmlschema",
    "query_to_xml_and_xmlschema",
    "cursor_to_xml",
    "cursor_to_xmlschema",
    "table_to_xml",
    "table_to_xmlschema",
    "table_to_xml_and_xmlschema",
    "schema_to_xml",
    "schema_to_xmlschema",
    "schema_to_xml_and_xmlschema",
    "database_to_xml",
    "database_to_xmlschema",
    "database_to_xml_and_xmlschema",
    "ts_stat",
    "ts_rewrite",
    "crosstab",
    "crosstab2",
    "crosstab3",
    "crosstab4",
    "connectby",
    "normal_rand",
    // Other sessions.
    "pg_terminate_backend",
    "pg_cancel_backend",
    "pg_notify",
    "pg_stat_activity",
    // Outside of the database.
    "pg_stat_file",
    "pg_current_logfile",
    "pg_rotate_logfile",
    "pg_promote",
    "pg_switch_wal",
    "pg_create_restore_point",
    "pg_export_snapshot",
    "pg_import_system_collations",
];

/// Families that must not occur: files, large objects (which no row-level security covers), other servers, and locks by number,
/// among which are those of delivery.
const PREFIXES: &[&str] = &[
    "dblink",
    "lo_",
    "pg_advisory_",
    "pg_backup_",
    "pg_file_",
    "pg_logical_",
    "pg_ls_",
    "pg_read_",
    "pg_replication_",
    "pg_try_advisory_",
    "pg_wal_",
];

/// Large objects' old names.
const EXACT_OLD: &[&str] = &["loread", "lowrite", "lo"];

/// Why a statement is not run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("the statement is empty")]
    Empty,
    #[error("`{0}` is not a statement for components: use SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES or WITH")]
    Verb(String),
    #[error("more than one statement")]
    Several,
    #[error("`{0}` is not for components")]
    Name(String),
    #[error("U& escapes are not for components: write the character itself")]
    UnicodeEscape,
    #[error("E'…' strings are not for components: pass the text as a parameter")]
    EscapeText,
    #[error("a quote or comment never ends")]
    Unterminated,
    #[error("the statement is longer than {STATEMENT_BYTES_MAX} bytes: pass values as parameters")]
    TooLong,
}

/// Judges a statement.
///
/// # Errors
/// Why it is not run.
pub fn judge(statement: &str) -> Result<(), Refusal> {
    if statement.len() > STATEMENT_BYTES_MAX {
        return Err(Refusal::TooLong);
    }
    let mut verb_seen = false;
    let mut ended = false;
    for (_, token) in Lexer::new(statement) {
        if ended && token != Token::Semicolon {
            return Err(Refusal::Several);
        }
        match token {
            Token::Word(word) => {
                if !verb_seen && !VERBS.iter().any(|verb| word.eq_ignore_ascii_case(verb)) {
                    return Err(Refusal::Verb(word.to_owned()));
                }
                verb_seen = true;
                check_name(word)?;
            }
            Token::Quoted(name) => check_name(name)?,
            Token::UnicodeEscaped => return Err(Refusal::UnicodeEscape),
            Token::EscapeText => return Err(Refusal::EscapeText),
            Token::Unterminated => return Err(Refusal::Unterminated),
            Token::Semicolon => ended = verb_seen,
            Token::Text => {}
            // A query may open with a parenthesis; nothing else comes before the verb.
            Token::Symbol('(') => {}
            Token::Symbol(symbol) if !verb_seen => return Err(Refusal::Verb(symbol.to_string())),
            Token::Symbol(_) => {}
        }
    }
    if verb_seen { Ok(()) } else { Err(Refusal::Empty) }
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let lower = name.to_ascii_lowercase();
    let refused = NAMES.contains(&lower.as_str())
        || EXACT_OLD.contains(&lower.as_str())
        || PREFIXES.iter().any(|prefix| lower.starts_with(prefix));
    if refused { Err(Refusal::Name(lower)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_read_or_write_rows_pass() {
        for sql in [
            "SELECT 1",
            "  -- why\n /* and /* how */ */ select 'set_config; DROP TABLE x' AS \"odd; name\"",
            "(SELECT 1) UNION (SELECT 2);",
            "WITH a AS (INSERT INTO t VALUES ($1) RETURNING x) SELECT * FROM a ; ",
            "INSERT INTO t (a) VALUES ($1) ON CONFLICT DO NOTHING",
            "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE",
            "VALUES (1), (2)",
            "SELECT low, local_time, location FROM t WHERE pg_advisory IS NULL",
            "SELECT $$ BEGIN; set_config $$",
        ] {
            assert_eq!(judge(sql), Ok(()), "{sql}");
        }
    }

    #[test]
    fn session_and_schema_commands_are_refused() {
        for sql in [
            "SET ROLE mindflow",
            "RESET ALL",
            "BEGIN",
            "COMMIT",
            "DO $$ x $$",
            "CREATE TABLE x ()",
            "CALL p()",
            "COPY t TO STDOUT",
            "EXPLAIN ANALYZE SELECT 1",
            "DISCARD ALL",
            "LISTEN x",
            "/* SELECT */ RESET x",
            "EXECUTE p",
            "PREPARE p AS SELECT 1",
            "TABLE t",
        ] {
            assert!(matches!(judge(sql), Err(Refusal::Verb(_))), "{sql}: {:?}", judge(sql));
        }
    }

    #[test]
    fn a_second_statement_is_refused() {
        for sql in ["SELECT 1; SELECT 2", "SELECT 1;;RESET ALL", "SELECT ';' ; /* */ COMMIT"] {
            assert_eq!(judge(sql), Err(Refusal::Several), "{sql}");
        }
    }

    #[test]
    fn functions_that_change_the_session_or_reach_outside_are_refused_in_any_spelling() {
        for sql in [
            "SELECT set_config('mindflow.user_id', $1, true)",
            "SELECT pg_catalog . \"set_config\"('a','b',true)",
            "SELECT SET_CONFIG('a','b',true)",
            "UPDATE pg_settings SET setting = $1",
            "SELECT query_to_xml('select set_' || 'config(1)', true, true, '')",
            "SELECT * FROM dblink_exec('x')",
            "SELECT lo_import('/etc/passwd')",
            "SELECT pg_read_binary_file('x')",
            "SELECT pg_try_advisory_lock(1)",
            "SELECT pg_advisory_xact_lock(1)",
            "SELECT/**/pg_notify('a','b')",
        ] {
            assert!(matches!(judge(sql), Err(Refusal::Name(_))), "{sql}: {:?}", judge(sql));
        }
        assert_eq!(judge("SELECT U&\"set\\005fconfig\"('a','b',true)"), Err(Refusal::UnicodeEscape));
    }

    #[test]
    fn empty_and_unfinished_statements_are_refused() {
        for (sql, refusal) in [
            ("", Refusal::Empty),
            (" ; -- x", Refusal::Empty),
            ("SELECT 'x", Refusal::Unterminated),
            ("SELECT 1 /* x", Refusal::Unterminated),
        ] {
            assert_eq!(judge(sql), Err(refusal), "{sql}");
        }
        assert_eq!(judge(&format!("SELECT '{}'", "x".repeat(STATEMENT_BYTES_MAX))), Err(Refusal::TooLong));
    }

    #[test]
    fn what_postgres_reads_differently_hides_nothing() {
        for sql in [
            "SELECT 1 -- x\r, set_config('a','b',true)",
            "SELECT 1 AS \u{a0}$a$, set_config('a','b',true) AS \u{a0}$a$",
            "SELECT 1 UNION SELECT 1from set_config('a','b',true)",
            "SELECT $1$a$ $a$, set_config('a','b',true)",
        ] {
            assert!(judge(sql).is_err(), "{sql:?}");
        }
        let continued = "SELECT E''\n'\\'' , set_config('x','y',true), '";
        assert_eq!(judge(continued), Err(Refusal::EscapeText));
    }
}
