//! Which part of the bytes a request asks for (RFC 9110, 14). Floor 5.

use std::ops::Range;

use axum::http::header::{HeaderMap, IF_RANGE, RANGE};

/// What is to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Everything: nothing else is asked for, or nothing that is understood.
    Whole,
    /// A part.
    Of(Range<u64>),
    /// Nothing lies there.
    Nowhere,
}

/// Reads the headers: one range of bytes, under `If-Range` only where the bytes are still those. Several ranges get the whole.
pub(super) fn asked(headers: &HeaderMap, size: u64, etag: &str) -> Part {
    let text = |name| {
        headers
            .get(name)
            .map(|value: &axum::http::HeaderValue| value.to_str().unwrap_or_default())
    };
    let Some(range) = text(RANGE) else {
        return Part::Whole;
    };
    if text(IF_RANGE).is_some_and(|wanted| wanted != etag) {
        return Part::Whole;
    }
    range
        .strip_prefix("bytes=")
        .and_then(|range| parse(range.trim(), size))
        .unwrap_or(Part::Whole)
}

/// `0-499`, `500-`, `-500`; none for what is no range.
fn parse(range: &str, size: u64) -> Option<Part> {
    let (first, last) = range.split_once('-')?;
    let number = |text: &str| match text {
        "" => Some(None),
        digits if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            // Beyond any size is beyond this one.
            Some(Some(digits.parse::<u64>().unwrap_or(u64::MAX)))
        }
        _ => None,
    };
    let (from, to) = match (number(first)?, number(last)?) {
        (None, None) => return None,
        (None, Some(count)) => (size.saturating_sub(count), size),
        (Some(from), None) => (from, size),
        (Some(from), Some(last)) if last < from => return None,
        (Some(from), Some(last)) => (from, last.saturating_add(1).min(size)),
    };
    Some(if from < to {
        Part::Of(from..to)
    } else {
        Part::Nowhere
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn of(range: &str, if_range: Option<&str>) -> Part {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, range.parse().unwrap());
        if let Some(etag) = if_range {
            headers.insert(IF_RANGE, etag.parse().unwrap());
        }
        asked(&headers, 1_000, "\"e\"")
    }

    #[test]
    fn one_range_is_understood_and_everything_else_gets_the_whole() {
        for (range, part) in [
            ("bytes=0-499", Part::Of(0..500)),
            ("bytes=500-", Part::Of(500..1_000)),
            ("bytes=-1", Part::Of(999..1_000)),
            ("bytes=-5000", Part::Of(0..1_000)),
            ("bytes=0-99999999999999999999999", Part::Of(0..1_000)),
            ("bytes=1000-", Part::Nowhere),
            ("bytes=-0", Part::Nowhere),
            ("bytes=5-4", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("lines=0-1", Part::Whole),
        ] {
            assert_eq!(of(range, None), part, "{range}");
        }
        assert_eq!(of("bytes=0-0", Some("\"e\"")), Part::Of(0..1));
        assert_eq!(of("bytes=0-0", Some("\"f\"")), Part::Whole);
        assert_eq!(asked(&HeaderMap::new(), 5, ""), Part::Whole);
    }

    #[test]
    fn fuzz_ranges() {
        use crate::fuzz::{fuzz, soup};
        use proptest::prelude::*;
        const WORDS: &[&str] = &[
            "bytes=",
            "bytes",
            "=",
            "-",
            "0",
            "1",
            "9",
            "499",
            "99999999999999999999",
            ",",
            " ",
            "+1",
            "\"etag\"",
            "W/",
        ];
        let input = (
            soup(WORDS, 6),
            soup(WORDS, 3),
            prop_oneof![Just(0), 0..600u64, any::<u64>()],
        );
        // No byte is promised that is not there.
        fuzz("fuzz_ranges", input, |(range, condition, size)| {
            let mut headers = HeaderMap::new();
            for (name, value) in [(RANGE, range), (IF_RANGE, condition)] {
                if let Ok(value) = value.parse() {
                    headers.insert(name, value);
                }
            }
            if let Part::Of(part) = asked(&headers, size, "\"etag\"") {
                assert!(
                    part.start < part.end && part.end <= size,
                    "{headers:?} of {size}"
                );
            }
        });
    }
}
