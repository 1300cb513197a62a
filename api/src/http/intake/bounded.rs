//! How much JSON a request may bring, judged before it is read: as values it takes many times the room of its text. Floor 5.

use crate::error::{Error, Result};

/// How many values a request may be made of, those in others included. A bulk call with 10,000 agents has 70,000.
pub const MAX_VALUES: u64 = 80_000;
/// How deep they may nest.
pub const MAX_NESTED: u64 = 100;

/// Refuses a text that would be read as too many values, or as too deep. What is no JSON is counted as if it were.
pub(in crate::http) fn check(text: &[u8]) -> Result<()> {
    let (mut values, mut depth, mut deepest) = (1u64, 0u64, 0u64);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text {
        if in_string {
            in_string = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                values += 1;
                depth += 1;
                deepest = deepest.max(depth);
            }
            b',' => values += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    within("nested values of a request", MAX_NESTED, deepest)?;
    within("values of a request", MAX_VALUES, values)
}

fn within(limit: &'static str, value: u64, requested: u64) -> Result<()> {
    if requested > value {
        return Err(Error::LimitExceeded {
            limit,
            value,
            requested,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::error::Code;

    fn crossed(text: &str) -> String {
        let error = check(text.as_bytes()).unwrap_err();
        assert_eq!(error.code(), Code::LimitExceeded);
        error.to_string()
    }

    #[test]
    fn a_request_has_so_many_values() {
        let list = |count: usize| format!("[{}0]", "0,".repeat(count - 2));
        assert!(check(list(80_000).as_bytes()).is_ok());
        assert_eq!(
            crossed(&list(80_001)),
            "values of a request is limited to 80000, this would be 80001"
        );
        assert!(check(format!("[\"{}\"]", ",[{".repeat(200_000)).as_bytes()).is_ok());
        assert!(check(format!("[\"\\\"{}\"]", ",".repeat(200_000)).as_bytes()).is_ok());
        crossed(&format!("[\"\\\\\"{}\"]", ",".repeat(200_000)));
    }

    #[test]
    fn they_nest_so_deep() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(check(nested(100).as_bytes()).is_ok());
        assert_eq!(
            crossed(&nested(101)),
            "nested values of a request is limited to 100, this would be 101"
        );
    }
}
