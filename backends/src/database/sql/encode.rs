//! From a [`Value`] to what the parameter really is. A conversion happens only where nothing is lost;
//! anything else is refused before the statement is sent, naming the parameter, the given and the wanted
//! type, so that the transaction stays usable.

use bytes::{BufMut, Bytes, BytesMut};
use postgres_types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use mindflow_platform::sql::{EPOCH_SHIFT_DAYS, EPOCH_SHIFT_US, Error, Value, is_text, numeric};

/// The largest integer that every smaller integer shares with `float8`.
const FLOAT_INTEGER_MAX: u64 = 1 << 53;

/// A parameter in PostgreSQL's binary form.
#[derive(Debug)]
pub(super) struct Encoded(Option<Bytes>);

impl ToSql for Encoded {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match &self.0 {
            Some(bytes) => {
                out.extend_from_slice(bytes);
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        }
    }

    // `encode` has judged the type.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Encodes all parameters of a statement that wants `wanted`.
pub(super) fn params(values: &[Value], wanted: &[Type]) -> Result<Vec<Encoded>, Error> {
    if values.len() != wanted.len() {
        let message = format!("the statement has {} parameter(s), {} given", wanted.len(), values.len());
        return Err(Error::InvalidParams(message));
    }
    values.iter().zip(wanted).enumerate().map(|(index, (value, ty))| param(index + 1, value, ty)).collect()
}

fn param(number: usize, value: &Value, ty: &Type) -> Result<Encoded, Error> {
    if *value == Value::Null {
        return Ok(Encoded(None));
    }
    let mut out = BytesMut::new();
    match encode(value, ty, &mut out) {
        Ok(()) => Ok(Encoded(Some(out.freeze()))),
        Err(EncodeError::Type) => {
            Err(Error::InvalidParams(format!("${number}: {} given where {} is wanted", value.kind(), ty.name())))
        }
        Err(EncodeError::Content(why)) => {
            Err(Error::InvalidParams(format!("${number}: {} given where {} is wanted: {why}", value.kind(), ty.name())))
        }
    }
}

enum EncodeError {
    Type,
    Content(&'static str),
}

const OUT_OF_RANGE: EncodeError = EncodeError::Content("out of range");
const NOT_A_UUID: EncodeError = EncodeError::Content("not a UUID");
const NOT_A_NUMBER: EncodeError = EncodeError::Content("not a decimal number");

fn encode(value: &Value, ty: &Type, out: &mut BytesMut) -> Result<(), EncodeError> {
    if let Kind::Domain(base) = ty.kind() {
        return encode(value, base, out);
    }
    match value {
        Value::Null => Err(EncodeError::Type),
        Value::Boolean(truth) if *ty == Type::BOOL => {
            out.put_u8(u8::from(*truth));
            Ok(())
        }
        Value::Boolean(_) => Err(EncodeError::Type),
        Value::Int32(number) => integer(i64::from(*number), ty, out),
        Value::Int64(number) => integer(*number, ty, out),
        Value::Float64(number) => float(*number, ty, out),
        Value::Numeric(digits) if *ty == Type::NUMERIC => numeric::encode(digits, out).ok_or(NOT_A_NUMBER),
        Value::Numeric(digits) if is_integer(ty) => {
            let number = digits.parse().map_err(|_| EncodeError::Content("not a whole number of 64 bits"))?;
            integer(number, ty, out)
        }
        Value::Numeric(digits) => text(digits, ty, out, false),
        Value::Text(string) => text(string, ty, out, true),
        Value::Bytes(bytes) if *ty == Type::BYTEA => {
            out.extend_from_slice(bytes);
            Ok(())
        }
        Value::Bytes(_) => Err(EncodeError::Type),
        Value::Uuid(string) => {
            let id = uuid::Uuid::try_parse(string).map_err(|_| NOT_A_UUID)?;
            text(&id.to_string(), ty, out, true)
        }
        Value::Json(document) => text(document, ty, out, true),
        Value::Timestamp(us) if matches!(*ty, Type::TIMESTAMPTZ | Type::TIMESTAMP) => {
            // PostgreSQL reads the extreme values as infinity.
            let shifted = us.checked_sub(EPOCH_SHIFT_US).filter(|us| *us != i64::MIN).ok_or(OUT_OF_RANGE)?;
            out.put_i64(shifted);
            Ok(())
        }
        Value::Timestamp(_) => Err(EncodeError::Type),
        Value::Date(days) if *ty == Type::DATE => {
            let shifted = days.checked_sub(EPOCH_SHIFT_DAYS).filter(|days| *days != i32::MIN).ok_or(OUT_OF_RANGE)?;
            out.put_i32(shifted);
            Ok(())
        }
        Value::Date(_) => Err(EncodeError::Type),
        Value::Int64Array(numbers) => array(numbers, ty, out, |number, element, out| integer(*number, element, out)),
        Value::TextArray(strings) => array(strings, ty, out, |string, element, out| text(string, element, out, true)),
        Value::UuidArray(ids) => array(ids, ty, out, |string, element, out| {
            let id = uuid::Uuid::try_parse(string).map_err(|_| NOT_A_UUID)?;
            text(&id.to_string(), element, out, true)
        }),
    }
}

fn is_integer(ty: &Type) -> bool {
    matches!(*ty, Type::INT2 | Type::INT4 | Type::INT8)
}

fn integer(number: i64, ty: &Type, out: &mut BytesMut) -> Result<(), EncodeError> {
    match *ty {
        Type::INT2 => out.put_i16(i16::try_from(number).map_err(|_| OUT_OF_RANGE)?),
        Type::INT4 => out.put_i32(i32::try_from(number).map_err(|_| OUT_OF_RANGE)?),
        Type::INT8 => out.put_i64(number),
        Type::OID => out.put_u32(u32::try_from(number).map_err(|_| OUT_OF_RANGE)?),
        Type::NUMERIC => return numeric::encode(&number.to_string(), out).ok_or(NOT_A_NUMBER),
        Type::FLOAT8 if number.unsigned_abs() <= FLOAT_INTEGER_MAX => {
            // Exact up to 2^53.
            #[expect(clippy::cast_precision_loss, reason = "bounded by FLOAT_INTEGER_MAX")]
            out.put_f64(number as f64);
        }
        Type::FLOAT8 => return Err(EncodeError::Content("not exact as a float")),
        _ => return Err(EncodeError::Type),
    }
    Ok(())
}

fn float(number: f64, ty: &Type, out: &mut BytesMut) -> Result<(), EncodeError> {
    match *ty {
        Type::FLOAT8 => out.put_f64(number),
        Type::FLOAT4 => {
            #[expect(clippy::cast_possible_truncation, reason = "compared with the original right below")]
            let narrow = number as f32;
            if !number.is_nan() && f64::from(narrow) != number {
                return Err(EncodeError::Content("not exact in 32 bits"));
            }
            out.put_f32(narrow);
        }
        _ => return Err(EncodeError::Type),
    }
    Ok(())
}

/// Text, and what has an unmistakable form as text when `parse` allows it.
fn text(string: &str, ty: &Type, out: &mut BytesMut, parse: bool) -> Result<(), EncodeError> {
    match *ty {
        _ if is_text(ty) => out.extend_from_slice(string.as_bytes()),
        Type::UUID if parse => {
            let id = uuid::Uuid::try_parse(string).map_err(|_| NOT_A_UUID)?;
            out.extend_from_slice(id.as_bytes());
        }
        Type::JSON if parse => out.extend_from_slice(string.as_bytes()),
        Type::JSONB if parse => {
            // The version of jsonb's binary form.
            out.put_u8(1);
            out.extend_from_slice(string.as_bytes());
        }
        _ => return Err(EncodeError::Type),
    }
    Ok(())
}

/// The binary form of a one-dimensional array without nulls (PostgreSQL's `array_send`).
fn array<T>(
    items: &[T],
    ty: &Type,
    out: &mut BytesMut,
    item: impl Fn(&T, &Type, &mut BytesMut) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let Kind::Array(element) = ty.kind() else {
        return Err(EncodeError::Type);
    };
    let length = i32::try_from(items.len()).map_err(|_| OUT_OF_RANGE)?;
    out.put_i32(i32::from(length > 0));
    out.put_i32(0);
    out.put_u32(element.oid());
    if length > 0 {
        out.put_i32(length);
        out.put_i32(1);
    }
    let mut buffer = BytesMut::new();
    for entry in items {
        buffer.clear();
        item(entry, element, &mut buffer)?;
        out.put_i32(i32::try_from(buffer.len()).map_err(|_| OUT_OF_RANGE)?);
        out.extend_from_slice(&buffer);
    }
    // An empty array of the wrong kind is as wrong as a full one, but has no item to show it.
    if length == 0 && !(is_integer(element) || is_text(element) || *element == Type::UUID) {
        return Err(EncodeError::Type);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misfit_names_the_parameter_and_both_types() {
        let cases = [
            (Value::Text("x".into()), Type::INT4, "$1: text given where int4 is wanted"),
            (Value::Int64(1 << 40), Type::INT4, "$1: int64 given where int4 is wanted: out of range"),
            (Value::Uuid("x".into()), Type::UUID, "$1: uuid given where uuid is wanted: not a UUID"),
            (Value::Float64(0.1), Type::FLOAT4, "$1: float64 given where float4 is wanted: not exact in 32 bits"),
            (Value::Boolean(true), Type::TEXT, "$1: boolean given where text is wanted"),
            (Value::TextArray(vec![]), Type::BOOL_ARRAY, "$1: text-array given where _bool is wanted"),
            (
                Value::Numeric("1.5".into()),
                Type::INT8,
                "$1: numeric given where int8 is wanted: not a whole number of 64 bits",
            ),
            (Value::Int64((1 << 53) + 1), Type::FLOAT8, "$1: int64 given where float8 is wanted: not exact as a float"),
        ];
        for (value, ty, message) in cases {
            assert_eq!(params(&[value], &[ty]).unwrap_err(), Error::InvalidParams(message.to_owned()));
        }
    }

    #[test]
    fn the_number_of_parameters_must_fit() {
        let error = params(&[Value::Null], &[]).unwrap_err();
        assert_eq!(error, Error::InvalidParams("the statement has 0 parameter(s), 1 given".to_owned()));
    }
}
