//! What values of the scalars look like in an answer.

use serde_json::Value;

/// What is wrong with `value` as a value of the scalar `name`, as the end of a sentence; `None` when it fits.
///
/// A scalar that is not known here is wrong whatever its value: it would go unchecked otherwise.
pub(super) fn fault(name: &str, value: &Value) -> Option<&'static str> {
    let (fits, otherwise) = match name {
        "Int" => (
            value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
            "is not a 32-bit integer",
        ),
        "Float" => (value.is_number(), "is not a number"),
        "Boolean" => (value.is_boolean(), "is not a boolean"),
        "String" | "ID" | "Cursor" => (value.is_string(), "is not a string"),
        "Long" => (value.is_i64(), "is not a signed 64-bit integer"),
        "DateTime" => (
            value.as_str().is_some_and(is_moment),
            "is not a moment in RFC 3339, in UTC with microseconds",
        ),
        "JSON" => (true, ""),
        _ => (false, "is of a scalar that this check does not know"),
    };
    (!fits).then_some(otherwise)
}

/// Whether `text` is a moment as the schema promises them: `2026-03-01T09:30:00.000000Z`.
fn is_moment(text: &str) -> bool {
    const FORM: &[u8] = b"0000-00-00T00:00:00.000000Z";
    let formed = text.len() == FORM.len()
        && text.bytes().zip(FORM).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            mark => byte == *mark,
        });
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok();
    let within = || {
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        // 60 is a leap second.
        Some((1..=days(year, month)?).contains(&day) && hour < 24 && minute < 60 && second <= 60)
    };
    formed && within().unwrap_or(false)
}

/// How many days a month has; `None` when there is no such month.
fn days(year: u32, month: u32) -> Option<u32> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if leap { 29 } else { 28 }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_fit_their_scalars() {
        for (name, value) in [
            ("Int", json!(i32::MIN)),
            ("Int", json!(i32::MAX)),
            ("Float", json!(1)),
            ("Float", json!(1.5)),
            ("Boolean", json!(false)),
            ("String", json!("")),
            ("ID", json!("task_1")),
            ("Cursor", json!("c")),
            ("Long", json!(i64::MIN)),
            ("Long", json!(i64::MAX)),
            ("DateTime", json!("2026-03-01T09:30:00.000000Z")),
            ("DateTime", json!("2024-02-29T23:59:60.999999Z")),
            ("DateTime", json!("2000-02-29T00:00:00.000000Z")),
            ("JSON", json!({ "any": [1, "thing", true] })),
            ("JSON", json!("text")),
        ] {
            assert_eq!(fault(name, &value), None, "{name}: {value}");
        }
    }

    #[test]
    fn values_that_do_not_fit_are_faults() {
        for (name, value) in [
            ("Int", json!(2_147_483_648_i64)),
            ("Int", json!(-2_147_483_649_i64)),
            ("Int", json!(1.0)),
            ("Int", json!("1")),
            ("Float", json!("1.5")),
            ("Boolean", json!(0)),
            ("Boolean", json!("true")),
            ("String", json!(1)),
            ("String", json!(["a"])),
            ("ID", json!(1)),
            ("Cursor", json!({})),
            ("Long", json!(u64::MAX)),
            ("Long", json!(1.5)),
            ("Long", json!("1")),
            ("DateTime", json!(0)),
            ("DateTime", json!("now")),
            ("DateTime", json!("2026-03-01")),
            ("DateTime", json!("2026-03-01T09:30:00Z")),
            ("DateTime", json!("2026-03-01T09:30:00.000000+01:00")),
            ("DateTime", json!("2026-13-01T09:30:00.000000Z")),
            ("DateTime", json!("2026-00-01T09:30:00.000000Z")),
            ("DateTime", json!("2026-02-29T09:30:00.000000Z")),
            ("DateTime", json!("1900-02-29T09:30:00.000000Z")),
            ("DateTime", json!("2026-04-31T09:30:00.000000Z")),
            ("DateTime", json!("2026-03-00T09:30:00.000000Z")),
            ("DateTime", json!("2026-03-01T24:00:00.000000Z")),
            ("DateTime", json!("2026-03-01T09:60:00.000000Z")),
            ("DateTime", json!("2026-03-01T09:30:61.000000Z")),
            ("DateTime", json!("٢026-03-01T09:30:00.00000Z")),
            ("Colour", json!("red")),
        ] {
            assert!(fault(name, &value).is_some(), "{name}: {value}");
        }
    }
}
