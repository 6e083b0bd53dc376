//! Rows as records, for a provider that does not hand over every type. A record in its binary form names the type of each of
//! its columns, so a value is read from it as from the server itself. All rows come as one array of them, because such a
//! provider may take its time for each row.

use postgres_types::{FromSql, Type};

use super::lexer::{Lexer, Token};
use super::{Error, ROWS_MAX, Value};

/// What a main statement begins with.
const VERBS: [&str; 6] = ["select", "insert", "update", "delete", "merge", "values"];
/// Those that answer rows only with `RETURNING`.
const WRITES: [&str; 4] = ["insert", "update", "delete", "merge"];

/// Most bytes of the answer to one statement, as PostgreSQL sent them: a quarter of a component's memory.
pub const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The statement made one that answers one row: an array of its rows as records, and an array of the names of their columns.
/// Both are null when there are no rows. `None`: it answers no rows ever, and is to be executed as it is. The guard must have
/// passed the statement.
pub fn wrap(statement: &str) -> Option<String> {
    let (mut tokens, mut end) = (Vec::new(), statement.len());
    for (at, token) in Lexer::new(statement) {
        if token == Token::Semicolon {
            end = at;
            break;
        }
        tokens.push((at, token));
    }
    let main = if is_word(&tokens.first()?.1, "with") { main_statement(&tokens)? } else { 0 };
    let body = tokens.get(main..)?;
    let writes = body.first().is_some_and(|(_, token)| WRITES.iter().any(|verb| is_word(token, verb)));
    if writes && !body.iter().any(|(_, token)| is_word(token, "returning")) {
        return None;
    }
    let start = tokens.get(main)?.0;
    let before = if main == 0 { "WITH ".to_owned() } else { format!("{}, ", statement.get(..start)?.trim_end()) };
    let text = statement.get(start..end)?;
    // A comment at the end must not take the parenthesis with it.
    Some(format!(
        "{before}mindflow_rows AS ({text}\n) \
         SELECT (SELECT array_agg(r) FROM (SELECT * FROM mindflow_rows LIMIT {}) r), \
         (SELECT ARRAY(SELECT json_object_keys(row_to_json(r))) FROM mindflow_rows r LIMIT 1)",
        // One more than may be, so that more are seen.
        ROWS_MAX + 1
    ))
}

/// Where the statement behind a `WITH` list begins: the first that follows the closing parenthesis of a list's element.
fn main_statement(tokens: &[(usize, Token<'_>)]) -> Option<usize> {
    let mut depth = 0_u32;
    let mut closed = false;
    for (index, (_, token)) in tokens.iter().enumerate() {
        let begins = is_symbol(token, '(') || VERBS.iter().any(|verb| is_word(token, verb));
        if depth == 0 && closed && begins {
            return Some(index);
        }
        closed = false;
        match token {
            Token::Symbol('(') => depth += 1,
            Token::Symbol(')') => {
                depth = depth.saturating_sub(1);
                closed = depth == 0;
            }
            _ => {}
        }
    }
    None
}

fn is_word(token: &Token<'_>, word: &str) -> bool {
    matches!(token, Token::Word(found) if found.eq_ignore_ascii_case(word))
}

fn is_symbol(token: &Token<'_>, symbol: char) -> bool {
    *token == Token::Symbol(symbol)
}

/// The rows of an array of records (PostgreSQL's `array_send`: dimensions, a flag, the elements' type, of each dimension its
/// length and lower bound, then the elements, each with its length).
///
/// # Errors
/// `Other`: a type that has no value here, an answer that is too large, or bytes that are no such array.
pub fn rows(raw: &[u8]) -> Result<Vec<Vec<Value>>, Error> {
    if raw.len() > ANSWER_BYTES_MAX {
        return Err(Error::Other("the answer has more than 32 MiB: read in pages".to_owned()));
    }
    let rows = elements(raw).map_err(Error::Other)?;
    if rows.len() > ROWS_MAX {
        return Err(Error::Other("the answer has more than 10,000 rows: read in pages".to_owned()));
    }
    Ok(rows)
}

fn elements(mut raw: &[u8]) -> Result<Vec<Vec<Value>>, String> {
    let dimensions = integer(&mut raw)?;
    let (_has_nulls, _type) = (integer(&mut raw)?, integer(&mut raw)?);
    if dimensions == 0 {
        return Ok(Vec::new());
    }
    let (rows, _lower_bound) = (integer(&mut raw)?, integer(&mut raw)?);
    (0..rows).map(|_| values(sized(&mut raw)?.ok_or("a row that is null")?)).collect()
}

/// The values of a record (PostgreSQL's `record_send`: the number of columns, then of each its type's OID, its length, -1 for
/// null, and its binary form).
///
/// # Errors
/// A type that has no value here, or bytes that are no record.
pub fn values(mut raw: &[u8]) -> Result<Vec<Value>, String> {
    let columns = integer(&mut raw)?;
    (1..=columns)
        .map(|number| {
            let oid = u32::from_ne_bytes(integer(&mut raw)?.to_ne_bytes());
            let Some(value) = sized(&mut raw)? else { return Ok(Value::Null) };
            let ty = Type::from_oid(oid).filter(Value::accepts).ok_or_else(|| {
                format!("column {number} is of the type {oid}, which has no value here: cast it, for example to text")
            })?;
            Value::from_sql(&ty, value).map_err(|error| format!("column {number}: {error}"))
        })
        .collect()
}

/// What a length stands before; `None` for null.
fn sized<'a>(raw: &mut &'a [u8]) -> Result<Option<&'a [u8]>, String> {
    let Ok(length) = usize::try_from(integer(raw)?) else { return Ok(None) };
    let (value, rest) = raw.split_at_checked(length).ok_or("a record that ends early")?;
    *raw = rest;
    Ok(Some(value))
}

fn integer(raw: &mut &[u8]) -> Result<i32, String> {
    let (number, rest) = raw.split_first_chunk().ok_or("a record that ends early")?;
    *raw = rest;
    Ok(i32::from_be_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = "\n) SELECT (SELECT array_agg(r) FROM (SELECT * FROM mindflow_rows LIMIT 10001) r), \
                        (SELECT ARRAY(SELECT json_object_keys(row_to_json(r))) FROM mindflow_rows r LIMIT 1)";

    #[test]
    fn a_statement_goes_into_a_with_list_of_its_own_or_behind_the_one_it_has() {
        for (statement, wrapped) in [
            ("SELECT 1 -- one", "WITH mindflow_rows AS (SELECT 1 -- one"),
            ("(SELECT 1) UNION (SELECT 2);", "WITH mindflow_rows AS ((SELECT 1) UNION (SELECT 2)"),
            ("INSERT INTO t VALUES (1) RETURNING id", "WITH mindflow_rows AS (INSERT INTO t VALUES (1) RETURNING id"),
            (
                "WITH a (x) AS NOT MATERIALIZED (SELECT ')'), insert AS (INSERT INTO t SELECT x FROM a RETURNING x) SELECT * FROM insert ; ",
                "WITH a (x) AS NOT MATERIALIZED (SELECT ')'), insert AS (INSERT INTO t SELECT x FROM a RETURNING x), mindflow_rows AS (SELECT * FROM insert ",
            ),
            (
                "WITH RECURSIVE a AS (SELECT 1) (SELECT * FROM a)",
                "WITH RECURSIVE a AS (SELECT 1), mindflow_rows AS ((SELECT * FROM a)",
            ),
        ] {
            assert_eq!(wrap(statement), Some(format!("{wrapped}{ROWS}")));
        }
    }

    #[test]
    fn a_write_that_answers_no_rows_stays_as_it_is() {
        for statement in [
            "UPDATE t SET a = 'returning'",
            "DELETE FROM t",
            "WITH a AS (DELETE FROM t RETURNING x) INSERT INTO u SELECT x FROM a",
        ] {
            assert_eq!(wrap(statement), None, "{statement}");
        }
    }

    #[test]
    fn a_record_is_read_by_the_types_that_it_names() {
        let mut raw = vec![0, 0, 0, 3];
        raw.extend([0, 0, 0, 20, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7]);
        raw.extend([0, 0, 0, 25, 255, 255, 255, 255]);
        raw.extend([0, 0, 0, 25, 0, 0, 0, 2]);
        raw.extend(b"hi");
        assert_eq!(values(&raw), Ok(vec![Value::Int64(7), Value::Null, Value::Text("hi".into())]));
        assert!(values(raw.get(..20).unwrap()).unwrap_err().contains("ends early"));
        let interval = [0, 0, 0, 1, 0, 0, 4, 162, 0, 0, 0, 0];
        assert!(values(&interval).unwrap_err().contains("column 1 is of the type 1186"));
    }

    #[test]
    fn rows_are_the_elements_of_an_array_or_none() {
        let row = [0, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0, 1, 1];
        let mut raw = vec![0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 8, 201, 0, 0, 0, 2, 0, 0, 0, 1];
        for _ in 0..2 {
            raw.extend([0, 0, 0, 13]);
            raw.extend(row);
        }
        assert_eq!(rows(&raw), Ok(vec![vec![Value::Boolean(true)]; 2]));
        assert_eq!(rows(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 201]), Ok(Vec::new()));
        assert_eq!(rows(raw.get(..30).unwrap()), Err(Error::Other("a record that ends early".into())));
    }
}
