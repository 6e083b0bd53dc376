//! Statements with their parameters written into them, for a provider that does not learn their types from the server. A
//! quoted literal takes its type from where it stands, by the same rules as a parameter. A parameter has the type of its first
//! place in all others as well, so what is cast there (`$1::uuid[]`) is cast everywhere.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use uuid::Uuid;

use super::lexer::{Lexer, Token};
use super::{Error, Value};

/// The statement with a literal in place of each `$n`. The session must have `standard_conforming_strings` on, and the
/// guard must have passed the statement.
///
/// # Errors
/// `InvalidParams`: another number of parameters than the statement has, or a value that has no form as a literal.
pub fn bind(statement: &str, params: &[Value]) -> Result<String, Error> {
    let mut bound = String::with_capacity(statement.len() * 2);
    let (mut copied, mut highest) = (0, 0);
    let mut casts = BTreeMap::new();
    for (at, token) in Lexer::new(statement) {
        if token != Token::Symbol('$') || at < copied {
            continue;
        }
        let digits = statement.get(at + 1..).unwrap_or_default();
        let digits = digits.get(..digits.bytes().take_while(u8::is_ascii_digit).count()).unwrap_or_default();
        let Ok(number) = digits.parse::<usize>() else { continue };
        highest = highest.max(number);
        if let Some(value) = number.checked_sub(1).and_then(|index| params.get(index)) {
            bound.push_str(statement.get(copied..at).unwrap_or_default());
            // In parentheses, so that it never joins with what stands before or after it.
            let literal = literal(value).map_err(|why| Error::InvalidParams(format!("${number}: {why}")))?;
            let _ = match casts.get(&number) {
                Some(Some(cast)) => write!(bound, "({literal}::{cast})"),
                _ => write!(bound, "({literal})"),
            };
        }
        copied = at + 1 + digits.len();
        casts.entry(number).or_insert_with(|| cast(statement.get(copied..).unwrap_or_default()));
    }
    if highest != params.len() {
        return Err(Error::InvalidParams(format!("the statement has {highest} parameter(s), {} given", params.len())));
    }
    bound.push_str(statement.get(copied..).unwrap_or_default());
    Ok(bound)
}

/// The type that a parameter is cast to, of what stands behind it. Names of several words are left out.
fn cast(behind: &str) -> Option<&str> {
    let cast = behind.strip_prefix("::")?;
    let part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '[' | ']');
    let (name, rest) = cast.split_at(cast.find(|letter| !part(letter)).unwrap_or(cast.len()));
    let next = rest.trim_ascii_start().split(|letter: char| !letter.is_ascii_alphabetic()).next().unwrap_or_default();
    let goes_on = ["precision", "varying", "with", "without"].iter().any(|word| next.eq_ignore_ascii_case(word));
    (!name.is_empty() && !goes_on).then_some(name)
}

fn literal(value: &Value) -> Result<String, String> {
    Ok(match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(truth) => quoted(&truth.to_string())?,
        Value::Int32(number) => quoted(&number.to_string())?,
        Value::Int64(number) => quoted(&number.to_string())?,
        Value::Float64(number) => quoted(&float(*number))?,
        Value::Numeric(digits) | Value::Text(digits) | Value::Json(digits) => quoted(digits)?,
        Value::Bytes(bytes) => format!("'\\x{}'", hex::encode(bytes)),
        Value::Uuid(id) => quoted(&uuid(id)?)?,
        Value::Timestamp(us) => quoted(&timestamp(*us).ok_or("out of range")?)?,
        Value::Date(days) => quoted(&date(*days).ok_or("out of range")?)?,
        Value::Int64Array(numbers) => quoted(&array(numbers.iter().map(i64::to_string)))?,
        Value::TextArray(texts) => quoted(&array(texts.iter().map(|text| element(text))))?,
        Value::UuidArray(ids) => {
            let ids = ids.iter().map(|id| uuid(id)).collect::<Result<Vec<_>, _>>()?;
            quoted(&array(ids.into_iter()))?
        }
    })
}

fn quoted(text: &str) -> Result<String, String> {
    if text.contains('\0') {
        return Err("a text with a NUL character in it".to_owned());
    }
    Ok(format!("'{}'", text.replace('\'', "''")))
}

/// As PostgreSQL reads a `float8`; Rust's shortest form is exact.
fn float(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    format!("{number:e}")
}

fn uuid(text: &str) -> Result<String, String> {
    Uuid::try_parse(text).map(|id| id.to_string()).map_err(|_| "not a UUID".to_owned())
}

/// Years 1 to 9999.
fn timestamp(us: i64) -> Option<String> {
    let time = TimeZone::UTC.to_datetime(Timestamp::from_microsecond(us).ok()?);
    (time.year() >= 1).then(|| time.strftime("%Y-%m-%d %H:%M:%S.%6f+00").to_string())
}

/// Years 1 to 9999.
fn date(days: i32) -> Option<String> {
    let date = Date::constant(1970, 1, 1).checked_add(days.days()).ok()?;
    (date.year() >= 1).then(|| date.to_string())
}

fn array(elements: impl Iterator<Item = String>) -> String {
    format!("{{{}}}", elements.collect::<Vec<_>>().join(","))
}

/// A text as an element of an array (section 8.15.6 of PostgreSQL's manual).
fn element(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_becomes_a_literal_wherever_it_stands_and_nothing_else_does() {
        let params = [Value::Text("it's".into()), Value::Int64(-5), Value::Null];
        assert_eq!(
            bind("SELECT $1, '$2', \"$3\", x$1, $$ $2 $$ -- $3\n FROM t WHERE a=$2 AND b IS NOT DISTINCT FROM $3 LIMIT $2", &params),
            Ok("SELECT ('it''s'), '$2', \"$3\", x$1, $$ $2 $$ -- $3\n FROM t WHERE a=('-5') AND b IS NOT DISTINCT FROM (NULL) LIMIT ('-5')".to_owned())
        );
    }

    #[test]
    fn a_parameter_has_the_type_of_its_first_place_in_all_others() {
        let bound = |statement| bind(statement, &[Value::UuidArray(vec![])]).unwrap();
        assert_eq!(
            bound("SELECT $1::uuid[], unnest($1), $1"),
            "SELECT ('{}')::uuid[], unnest(('{}'::uuid[])), ('{}'::uuid[])"
        );
        assert_eq!(
            bound("SELECT $1::pg_catalog.uuid[] = $1"),
            "SELECT ('{}')::pg_catalog.uuid[] = ('{}'::pg_catalog.uuid[])"
        );
        // Where it stands first, the server decides.
        assert_eq!(bound("SELECT id = $1, $1::text"), "SELECT id = ('{}'), ('{}')::text");
        assert_eq!(bound("SELECT $1::double precision, $1"), "SELECT ('{}')::double precision, ('{}')");
        assert_eq!(bound("SELECT f($1::double PRECISION, $1)"), "SELECT f(('{}')::double PRECISION, ('{}'))");
    }

    #[test]
    fn the_tenth_parameter_is_not_the_first_and_a_zero() {
        let params: Vec<Value> = (1..=10).map(Value::Int32).collect();
        let text = (1..=10).map(|number| format!("${number}")).collect::<Vec<_>>().join(",");
        assert!(bind(&format!("SELECT {text}"), &params).unwrap().ends_with("('9'),('10')"));
    }

    #[test]
    fn the_number_of_parameters_must_fit() {
        for (statement, params) in [("SELECT 1", 1), ("SELECT $1", 0), ("SELECT $2", 1), ("SELECT $1", 2)] {
            let error = bind(statement, &vec![Value::Null; params]).unwrap_err();
            assert!(matches!(error, Error::InvalidParams(_)), "{statement}: {error}");
        }
    }

    #[test]
    fn every_kind_of_value_has_a_form() {
        for (value, form) in [
            (Value::Boolean(true), "'true'"),
            (Value::Float64(1.5), "'1.5e0'"),
            (Value::Float64(f64::NEG_INFINITY), "'-Infinity'"),
            (Value::Numeric("12.340".into()), "'12.340'"),
            (Value::Text("a\\b".into()), "'a\\b'"),
            (Value::Bytes(vec![0, 255]), "'\\x00ff'"),
            (Value::Timestamp(1), "'1970-01-01 00:00:00.000001+00'"),
            (Value::Timestamp(-1), "'1969-12-31 23:59:59.999999+00'"),
            (Value::Date(-1), "'1969-12-31'"),
            (Value::Int64Array(vec![1, -2]), "'{1,-2}'"),
            (Value::TextArray(vec!["a\"b\\c".into(), String::new(), "it's".into()]), r#"'{"a\"b\\c","","it''s"}'"#),
            (Value::UuidArray(vec![]), "'{}'"),
        ] {
            assert_eq!(literal(&value).as_deref(), Ok(form));
        }
        assert_eq!(literal(&Value::Text("a\0".into())), Err("a text with a NUL character in it".to_owned()));
        assert_eq!(literal(&Value::Uuid("x".into())), Err("not a UUID".to_owned()));
        assert_eq!(literal(&Value::Timestamp(i64::MAX)), Err("out of range".to_owned()));
    }
}
