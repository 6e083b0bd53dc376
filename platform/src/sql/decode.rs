//! From a row's binary columns to [`Value`]s.

use postgres_types::{FromSql, Kind, Type};

use super::{Value, numeric};

/// Microseconds from 1970-01-01 to 2000-01-01, PostgreSQL's own epoch.
pub const EPOCH_SHIFT_US: i64 = 946_684_800_000_000;
/// Days from 1970-01-01 to 2000-01-01.
pub const EPOCH_SHIFT_DAYS: i32 = 10_957;
/// Whether a type's binary form is its text.
pub fn is_text(ty: &Type) -> bool {
    matches!(*ty, Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN)
        || matches!(ty.kind(), Kind::Enum(_))
        || matches!(ty.name(), "citext")
}

type Failure = Box<dyn std::error::Error + Sync + Send>;

/// Whether a column of this type has a [`Value`].
pub fn is_supported(ty: &Type) -> bool {
    match ty.kind() {
        Kind::Domain(base) => is_supported(base),
        Kind::Array(element) => {
            matches!(*element, Type::INT2 | Type::INT4 | Type::INT8 | Type::UUID) || is_text(element)
        }
        _ => {
            is_text(ty)
                || matches!(
                    *ty,
                    Type::BOOL
                        | Type::INT2
                        | Type::INT4
                        | Type::INT8
                        | Type::OID
                        | Type::FLOAT4
                        | Type::FLOAT8
                        | Type::NUMERIC
                        | Type::BYTEA
                        | Type::UUID
                        | Type::JSON
                        | Type::JSONB
                        | Type::TIMESTAMPTZ
                        | Type::TIMESTAMP
                        | Type::DATE
                        | Type::VOID
                )
        }
    }
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        if let Kind::Domain(base) = ty.kind() {
            return Self::from_sql(base, raw);
        }
        if let Kind::Array(element) = ty.kind() {
            return array(ty, element, raw);
        }
        if is_text(ty) {
            return Ok(Self::Text(std::str::from_utf8(raw)?.to_owned()));
        }
        Ok(match *ty {
            Type::BOOL => Self::Boolean(bool::from_sql(ty, raw)?),
            Type::INT2 => Self::Int32(i32::from(i16::from_sql(ty, raw)?)),
            Type::INT4 => Self::Int32(i32::from_sql(ty, raw)?),
            Type::INT8 => Self::Int64(i64::from_sql(ty, raw)?),
            Type::OID => Self::Int64(i64::from(u32::from_sql(ty, raw)?)),
            Type::FLOAT4 => Self::Float64(f64::from(f32::from_sql(ty, raw)?)),
            Type::FLOAT8 => Self::Float64(f64::from_sql(ty, raw)?),
            Type::NUMERIC => Self::Numeric(numeric::decode(raw).ok_or("malformed numeric")?),
            Type::BYTEA => Self::Bytes(raw.to_vec()),
            Type::UUID => Self::Uuid(uuid::Uuid::from_slice(raw)?.to_string()),
            Type::JSON => Self::Json(std::str::from_utf8(raw)?.to_owned()),
            // The first byte is the version of the binary form.
            Type::JSONB => Self::Json(std::str::from_utf8(raw.get(1..).unwrap_or_default())?.to_owned()),
            Type::TIMESTAMPTZ | Type::TIMESTAMP => {
                let us = i64::from_be_bytes(raw.try_into()?);
                Self::Timestamp(us.checked_add(EPOCH_SHIFT_US).filter(|_| us != i64::MIN).ok_or("infinite timestamp")?)
            }
            Type::DATE => {
                let days = i32::from_be_bytes(raw.try_into()?);
                Self::Date(days.checked_add(EPOCH_SHIFT_DAYS).filter(|_| days != i32::MIN).ok_or("infinite date")?)
            }
            // What a function that answers nothing answers.
            Type::VOID => Self::Null,
            _ => return Err("unsupported type".into()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failure> {
        Ok(Self::Null)
    }

    fn accepts(ty: &Type) -> bool {
        is_supported(ty)
    }
}

fn array(ty: &Type, element: &Type, raw: &[u8]) -> Result<Value, Failure> {
    fn all<'a, T: FromSql<'a>>(ty: &Type, raw: &'a [u8]) -> Result<Vec<T>, Failure> {
        let items = Vec::<Option<T>>::from_sql(ty, raw)?;
        items
            .into_iter()
            .map(|item| item.ok_or_else(|| "an array with a null in it: use array_remove or coalesce".into()))
            .collect()
    }
    Ok(match *element {
        Type::INT2 => Value::Int64Array(all::<i16>(ty, raw)?.into_iter().map(i64::from).collect()),
        Type::INT4 => Value::Int64Array(all::<i32>(ty, raw)?.into_iter().map(i64::from).collect()),
        Type::INT8 => Value::Int64Array(all::<i64>(ty, raw)?),
        Type::UUID => Value::UuidArray(all::<uuid::Uuid>(ty, raw)?.into_iter().map(|id| id.to_string()).collect()),
        _ => Value::TextArray(
            all::<Value>(ty, raw)?
                .into_iter()
                .map(|item| match item {
                    Value::Text(text) => Ok(text),
                    other => Err(format!("{} in an array of text", other.kind()).into()),
                })
                .collect::<Result<_, Failure>>()?,
        ),
    })
}
