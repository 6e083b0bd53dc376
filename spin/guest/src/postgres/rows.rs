//! The one row that a statement answers after `record::wrap`, as the rows of the statement itself.

use mindflow_platform::sql::record;
use mindflow_platform::sql::{Error, Value};

use crate::bindings::spin::postgres::postgres::DbValue;

/// The answer of a query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The columns' names; empty when there are no rows, which Spin does not describe.
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
    /// How much the server sent for them.
    pub bytes: usize,
}

impl Rows {
    /// The only column of the only row, as functions answer it.
    ///
    /// # Errors
    /// There is another number of rows or columns.
    pub fn into_single(self) -> Result<Value, Error> {
        match <[Vec<Value>; 1]>::try_from(self.rows).map(|[row]| <[Value; 1]>::try_from(row)) {
            Ok(Ok([value])) => Ok(value),
            _ => Err(Error::Other("the statement did not answer one row with one column".to_owned())),
        }
    }
}

/// # Errors
/// `Other`: it is not such a row, its rows have a type without a value, or there are too many.
pub(super) fn read(row: Vec<DbValue>) -> Result<Rows, Error> {
    let other = |column: Option<&DbValue>| Error::Other(format!("Spin answered {column:?} where rows were asked for"));
    let mut columns = row.into_iter();
    let (rows, bytes) = match columns.next() {
        // An array of records; Spin hands over the bytes of types that it does not know.
        Some(DbValue::Unsupported(raw)) => (record::rows(&raw)?, raw.len()),
        Some(DbValue::DbNull) => return Ok(Rows::default()),
        unknown => return Err(other(unknown.as_ref())),
    };
    let columns = match columns.next() {
        Some(DbValue::ArrayStr(names)) => names.into_iter().map(Option::unwrap_or_default).collect(),
        unknown => return Err(other(unknown.as_ref())),
    };
    Ok(Rows { columns, rows, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rows_are_no_columns() {
        assert_eq!(read(vec![DbValue::DbNull, DbValue::DbNull]), Ok(Rows::default()));
    }

    #[test]
    fn rows_have_the_columns_names_and_their_own_types() {
        let mut raw = Vec::new();
        for number in [1_i32, 0, 2249, 1, 1] {
            raw.extend(number.to_be_bytes());
        }
        let record = [0, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0, 1, 1];
        raw.extend(i32::try_from(record.len()).unwrap().to_be_bytes());
        raw.extend(record);
        let bytes = raw.len();
        let row = vec![DbValue::Unsupported(raw), DbValue::ArrayStr(vec![Some("truth".into())])];
        let rows = read(row).unwrap();
        assert_eq!(rows, Rows { columns: vec!["truth".into()], rows: vec![vec![Value::Boolean(true)]], bytes });
        assert_eq!(rows.into_single(), Ok(Value::Boolean(true)));
    }

    #[test]
    fn anything_else_is_refused() {
        assert!(matches!(read(vec![DbValue::Int32(1)]), Err(Error::Other(_))));
        assert!(matches!(read(Vec::new()), Err(Error::Other(_))));
    }
}
