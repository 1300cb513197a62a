//! The scalars of the contract. Floor 4.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{SecondsFormat, Utc};

use super::budget;
use crate::service::page;

/// A moment: RFC 3339, UTC, microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTime(pub chrono::DateTime<Utc>);

/// A moment in RFC 3339. Answers are in UTC with microseconds, such as `2026-03-01T09:30:00.000000Z`; other offsets are understood.
#[Scalar(
    name = "DateTime",
    specified_by_url = "https://datatracker.ietf.org/doc/html/rfc3339"
)]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        let moment = chrono::DateTime::parse_from_rfc3339(text)?;
        // Whole microseconds are what both databases keep.
        chrono::DateTime::from_timestamp_micros(moment.timestamp_micros())
            .map(Self)
            .ok_or_else(|| InputValueError::expected_type(value))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl From<chrono::DateTime<Utc>> for DateTime {
    fn from(moment: chrono::DateTime<Utc>) -> Self {
        Self(moment)
    }
}

impl From<DateTime> for chrono::DateTime<Utc> {
    fn from(moment: DateTime) -> Self {
        moment.0
    }
}

/// Any JSON value.
#[derive(Debug, Clone, PartialEq)]
pub struct Json(pub serde_json::Value);

/// Any JSON value: in variables as it is, in documents as a GraphQL literal.
#[Scalar(
    name = "JSON",
    specified_by_url = "https://datatracker.ietf.org/doc/html/rfc8259"
)]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value.into_json()?))
    }

    fn to_value(&self) -> Value {
        // An answer without room for it is given up as a whole when it is complete.
        if !budget::has_room(&self.0) {
            return Value::Null;
        }
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}

impl From<&entities::json::JsonText> for Json {
    fn from(text: &entities::json::JsonText) -> Self {
        Self(text.value())
    }
}

/// A 64-bit integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Long(pub i64);

/// A signed 64-bit integer.
#[Scalar(name = "Long")]
impl ScalarType for Long {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => number
                .as_i64()
                .map(Self)
                .ok_or_else(|| InputValueError::expected_type(value)),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::Number(self.0.into())
    }
}

/// A place in a list or stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub page::Cursor);

/// A place in a list or stream. Opaque: it is good for the list or stream that gave it, and for nothing else.
#[Scalar(name = "Cursor")]
impl ScalarType for Cursor {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(page::Cursor(text))),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.0.clone())
    }
}

impl From<Cursor> for page::Cursor {
    fn from(cursor: Cursor) -> Self {
        cursor.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn moment(text: &str) -> Option<DateTime> {
        DateTime::parse(Value::String(text.to_owned())).ok()
    }

    #[test]
    fn a_moment_is_answered_in_utc_with_microseconds() {
        let other_offset = moment("2026-03-01T10:30:00.1234567+01:00").unwrap();
        assert_eq!(
            other_offset.to_value(),
            Value::String("2026-03-01T09:30:00.123456Z".to_owned())
        );
        for wrong in ["2026-03-01", "2026-03-01T09:30:00", "now", ""] {
            assert_eq!(moment(wrong), None, "{wrong}");
        }
        assert!(DateTime::parse(Value::Number(7.into())).is_err());
    }

    #[test]
    fn json_passes_through_unchanged() {
        let value = json!({"a": [1, 2.5, null, true], "b": {"c": "ü"}, "long": i64::MIN});
        let scalar = Json::parse(Value::from_json(value.clone()).unwrap()).unwrap();
        assert_eq!(scalar.0, value);
        assert_eq!(scalar.to_value().into_json().unwrap(), value);
    }

    #[test]
    fn a_long_has_64_bits_and_no_fraction() {
        assert_eq!(
            Long::parse(Value::Number(i64::MAX.into())).unwrap(),
            Long(i64::MAX)
        );
        assert!(Long::parse(Value::from_json(json!(1.5)).unwrap()).is_err());
        assert!(Long::parse(Value::from_json(json!(u64::MAX)).unwrap()).is_err());
    }

    #[test]
    fn fuzz_moments() {
        use crate::fuzz::{changed, fuzz};
        fuzz(
            "fuzz_moments",
            changed("2026-03-01T09:30:00.123456Z".to_owned()),
            |text| {
                if let Some(read) = moment(&text) {
                    assert_eq!(DateTime::parse(read.to_value()).ok(), Some(read), "{text}");
                }
            },
        );
    }
}
