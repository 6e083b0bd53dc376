//! Values of PostgreSQL on their way in and out, with the types that Spin knows. A parameter must have exactly the type that
//! the statement wants; of a result, `timestamptz` fails, and what Spin has no type for comes as PostgreSQL's own bytes.

use super::postgres::wit::{Column, DbDataType, DbValue, Error, ParameterValue};
use jiff::civil::{Date, DateTime, Time};
use rust_decimal::Decimal;
use tokio_postgres::Row;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type};
use uuid::Uuid;

type AnyError = Box<dyn std::error::Error + Sync + Send>;
pub(super) type Parameter = Box<dyn ToSql + Send + Sync>;

/// The parameters as the driver takes them.
pub(super) fn parameters(values: Vec<ParameterValue>) -> Result<Vec<Parameter>, AnyError> {
    values.into_iter().map(parameter).collect()
}

fn parameter(value: ParameterValue) -> Result<Parameter, AnyError> {
    Ok(match value {
        ParameterValue::Boolean(value) => Box::new(value),
        ParameterValue::Int8(value) => Box::new(value),
        ParameterValue::Int16(value) => Box::new(value),
        ParameterValue::Int32(value) => Box::new(value),
        ParameterValue::Int64(value) => Box::new(value),
        ParameterValue::Floating32(value) => Box::new(value),
        ParameterValue::Floating64(value) => Box::new(value),
        ParameterValue::Str(value) => Box::new(value),
        ParameterValue::Binary(value) => Box::new(value),
        ParameterValue::Date(value) => Box::new(date(value)?),
        ParameterValue::Time(value) => Box::new(time(value)?),
        ParameterValue::Datetime((year, month, day, hour, minute, second, nanosecond)) => {
            let date = date((year, month, day))?;
            Box::new(DateTime::from_parts(date, time((hour, minute, second, nanosecond))?))
        }
        ParameterValue::Timestamp(seconds) => Box::new(jiff::Timestamp::from_second(seconds)?),
        ParameterValue::Uuid(text) => Box::new(Uuid::parse_str(&text)?),
        ParameterValue::Jsonb(bytes) => Box::new(serde_json::from_slice::<serde_json::Value>(&bytes)?),
        ParameterValue::Decimal(text) => Box::new(Decimal::from_str_exact(&text)?),
        ParameterValue::ArrayInt32(values) => Box::new(values),
        ParameterValue::ArrayInt64(values) => Box::new(values),
        ParameterValue::ArrayDecimal(values) => {
            let parsed = values.iter().map(|value| value.as_deref().map(Decimal::from_str_exact).transpose());
            Box::new(parsed.collect::<Result<Vec<_>, _>>()?)
        }
        ParameterValue::ArrayStr(values) => Box::new(values),
        ParameterValue::DbNull => Box::new(Null),
        ParameterValue::RangeInt32(_)
        | ParameterValue::RangeInt64(_)
        | ParameterValue::RangeDecimal(_)
        | ParameterValue::Interval(_) => return Err("this runtime has no ranges and no intervals".into()),
    })
}

fn date((year, month, day): (i32, u8, u8)) -> Result<Date, AnyError> {
    Ok(Date::new(year.try_into()?, month.try_into()?, day.try_into()?)?)
}

fn time((hour, minute, second, nanosecond): (u8, u8, u8, u32)) -> Result<Time, AnyError> {
    Ok(Time::new(hour.try_into()?, minute.try_into()?, second.try_into()?, nanosecond.try_into()?)?)
}

/// NULL of any type.
#[derive(Debug)]
struct Null;

impl ToSql for Null {
    fn to_sql(&self, _: &Type, _: &mut BytesMut) -> Result<IsNull, AnyError> {
        Ok(IsNull::Yes)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(&self, _: &Type, _: &mut BytesMut) -> Result<IsNull, AnyError> {
        Ok(IsNull::Yes)
    }
}

/// What there is no type for.
struct Raw(Vec<u8>);

impl FromSql<'_> for Raw {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, AnyError> {
        Ok(Self(raw.to_owned()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Spin reads the columns off the first row, so that an answer without rows has none.
pub(super) fn columns(row: &Row) -> Vec<Column> {
    let columns = row.columns().iter();
    columns.map(|column| Column { name: column.name().to_owned(), data_type: data_type(column.type_()) }).collect()
}

fn data_type(of: &Type) -> DbDataType {
    match *of {
        Type::BOOL => DbDataType::Boolean,
        Type::BYTEA => DbDataType::Binary,
        Type::FLOAT4 => DbDataType::Floating32,
        Type::FLOAT8 => DbDataType::Floating64,
        Type::INT2 => DbDataType::Int16,
        Type::INT4 => DbDataType::Int32,
        Type::INT8 => DbDataType::Int64,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => DbDataType::Str,
        Type::TIMESTAMP | Type::TIMESTAMPTZ => DbDataType::Datetime,
        Type::DATE => DbDataType::Date,
        Type::TIME => DbDataType::Time,
        Type::UUID => DbDataType::Uuid,
        Type::JSONB => DbDataType::Jsonb,
        Type::NUMERIC => DbDataType::Decimal,
        Type::INT4_ARRAY => DbDataType::ArrayInt32,
        Type::INT8_ARRAY => DbDataType::ArrayInt64,
        Type::NUMERIC_ARRAY => DbDataType::ArrayDecimal,
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::BPCHAR_ARRAY => DbDataType::ArrayStr,
        _ => DbDataType::Other(of.name().to_owned()),
    }
}

/// # Errors
/// A value that Spin cannot read, which fails the whole query.
pub(super) fn values(row: &Row) -> Result<Vec<DbValue>, tokio_postgres::Error> {
    (0..row.len()).map(|index| value(row, index)).collect()
}

fn value(row: &Row, index: usize) -> Result<DbValue, tokio_postgres::Error> {
    match *row.columns()[index].type_() {
        Type::BOOL => read(row, index, DbValue::Boolean),
        Type::BYTEA => read(row, index, DbValue::Binary),
        Type::FLOAT4 => read(row, index, DbValue::Floating32),
        Type::FLOAT8 => read(row, index, DbValue::Floating64),
        Type::INT2 => read(row, index, DbValue::Int16),
        Type::INT4 => read(row, index, DbValue::Int32),
        Type::INT8 => read(row, index, DbValue::Int64),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => read(row, index, DbValue::Str),
        // The driver does not read `timestamptz` as a time without a zone: an error, as in Spin.
        Type::TIMESTAMP | Type::TIMESTAMPTZ => read(row, index, |value: DateTime| {
            let ((year, month, day), (hour, minute, second, nanosecond)) = (ymd(value.date()), hms(value.time()));
            DbValue::Datetime((year, month, day, hour, minute, second, nanosecond))
        }),
        Type::DATE => read(row, index, |value: Date| DbValue::Date(ymd(value))),
        Type::TIME => read(row, index, |value: Time| DbValue::Time(hms(value))),
        Type::UUID => read(row, index, |value: Uuid| DbValue::Uuid(value.to_string())),
        Type::JSONB => read(row, index, |value: serde_json::Value| DbValue::Jsonb(value.to_string().into_bytes())),
        Type::NUMERIC => read(row, index, |value: Decimal| DbValue::Decimal(value.to_string())),
        Type::INT4_ARRAY => read(row, index, DbValue::ArrayInt32),
        Type::INT8_ARRAY => read(row, index, DbValue::ArrayInt64),
        Type::NUMERIC_ARRAY => read(row, index, |values: Vec<Option<Decimal>>| {
            DbValue::ArrayDecimal(values.iter().map(|value| value.map(|value| value.to_string())).collect())
        }),
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::BPCHAR_ARRAY => read(row, index, DbValue::ArrayStr),
        _ => read(row, index, |Raw(bytes)| DbValue::Unsupported(bytes)),
    }
}

fn read<'a, T: FromSql<'a>>(
    row: &'a Row,
    index: usize,
    value: impl Fn(T) -> DbValue,
) -> Result<DbValue, tokio_postgres::Error> {
    Ok(row.try_get::<_, Option<T>>(index)?.map_or(DbValue::DbNull, value))
}

fn ymd(date: Date) -> (i32, u8, u8) {
    (date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
}

fn hms(time: Time) -> (u8, u8, u8, u32) {
    let parts = (time.hour(), time.minute(), time.second());
    (parts.0.unsigned_abs(), parts.1.unsigned_abs(), parts.2.unsigned_abs(), time.subsec_nanosecond().unsigned_abs())
}

/// How much of a result Spin holds for a component.
pub(super) const RESULT_BYTES_MAX: usize = 128 << 20;

/// What a row counts for.
pub(super) fn row_bytes(row: &[DbValue]) -> usize {
    let held = row.iter().map(|value| match value {
        DbValue::Str(text) | DbValue::Uuid(text) | DbValue::Decimal(text) => text.len(),
        DbValue::Binary(bytes) | DbValue::Jsonb(bytes) | DbValue::Unsupported(bytes) => bytes.len(),
        DbValue::ArrayInt32(values) => values.len() * 8,
        DbValue::ArrayInt64(values) => values.len() * 16,
        DbValue::ArrayStr(values) | DbValue::ArrayDecimal(values) => {
            values.iter().map(|value| size_of::<Option<String>>() + value.as_ref().map_or(0, String::len)).sum()
        }
        _ => 0,
    });
    size_of_val(row) + held.sum::<usize>()
}

/// The error of a result that is too large.
pub(super) fn too_large() -> Error {
    super::postgres::failed_text(format!("query result exceeds limit of {RESULT_BYTES_MAX} bytes"))
}
