//! Which media type an answer takes: one of two, or a stream of events (GraphQL over HTTP, sections "Accept" and "Media Types"). Floor 5.

use axum::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};

/// The media type of Server-Sent Events; they are UTF-8 always.
pub(super) const EVENTS: &str = "text/event-stream";

/// The media type of an answer. They carry the same body and differ in when they use which status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/graphql-response+json`: the status tells what became of the operation.
    GraphqlResponse,
    /// `application/json`, for clients that know no other: every well-formed request is a 200.
    Json,
}

impl Media {
    /// The value of `Content-Type`.
    pub(super) const fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        })
    }

    /// The best that a client accepts; `None` where it accepts neither.
    ///
    /// A type that is named counts before one that only a wildcard allows. Where nothing but wildcards is said, or nothing at all,
    /// `application/json` is what every client can read.
    pub(super) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let ranges = ranges(headers);
        if ranges.is_empty() {
            return Some(Self::Json);
        }
        let named = |wanted: &str| {
            let matching = ranges.iter().filter(|range| range.media == wanted);
            matching.map(|range| range.quality).max()
        };
        let graphql = named("application/graphql-response+json");
        let json = named("application/json");
        match (
            graphql.filter(|quality| *quality > 0),
            json.filter(|quality| *quality > 0),
        ) {
            (Some(graphql), Some(json)) if json > graphql => Some(Self::Json),
            (Some(_), _) => Some(Self::GraphqlResponse),
            (None, Some(_)) => Some(Self::Json),
            (None, None) => {
                let wildcard = named("application/*")
                    .or(named("*/*"))
                    .is_some_and(|quality| quality > 0);
                match (wildcard, json, graphql) {
                    (true, None, _) => Some(Self::Json),
                    (true, Some(_), None) => Some(Self::GraphqlResponse),
                    _ => None,
                }
            }
        }
    }
}

/// Whether a client asks for a stream of events, by name: a wildcard is none.
pub(super) fn accepts_events(headers: &HeaderMap) -> bool {
    let ranges = ranges(headers);
    let mut named = ranges.iter().filter(|range| range.media == EVENTS);
    named.any(|range| range.quality > 0)
}

fn ranges(headers: &HeaderMap) -> Vec<Range> {
    let values = headers.get_all(ACCEPT).iter();
    values
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .filter_map(Range::parse)
        .collect()
}

/// Whether a body says that it is JSON in UTF-8.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let mut parts = value.split(';').map(str::trim);
    let json = parts
        .next()
        .is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
    let utf8 = parts
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .all(|(_, charset)| {
            let charset = charset.trim().trim_matches('"');
            charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
        });
    json && utf8
}

/// Whether a body is compressed or otherwise not as it is.
pub(super) fn is_encoded(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_ENCODING).iter();
    values.any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// One media range of `Accept`.
struct Range {
    media: String,
    /// In thousandths.
    quality: u16,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let media = parts
            .next()
            .filter(|media| !media.is_empty())?
            .to_ascii_lowercase();
        let quality = parts
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
            .map_or(1000, |(_, quality)| thousandths(quality.trim()));
        Some(Self { media, quality })
    }
}

/// RFC 9110 gives a weight three digits at most; what is none weighs nothing.
fn thousandths(quality: &str) -> u16 {
    match quality.parse::<f32>() {
        Ok(quality) if (0.0..=1.0).contains(&quality) => (quality * 1000.0).round() as u16,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn accepted(accept: &str) -> Option<Media> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        Media::accepted(&headers)
    }

    #[test]
    fn the_best_type_that_is_accepted_is_chosen() {
        for (accept, chosen) in [
            (
                "application/graphql-response+json",
                Some(Media::GraphqlResponse),
            ),
            ("application/json", Some(Media::Json)),
            (
                "application/graphql-response+json, application/json;q=0.9",
                Some(Media::GraphqlResponse),
            ),
            (
                "application/json, application/graphql-response+json",
                Some(Media::GraphqlResponse),
            ),
            (
                "application/graphql-response+json;q=0.5, application/json",
                Some(Media::Json),
            ),
            (
                "application/graphql-response+json;q=0, application/json;q=0.1",
                Some(Media::Json),
            ),
            ("application/json;q=0, */*", Some(Media::GraphqlResponse)),
            ("APPLICATION/JSON ; charset=utf-8", Some(Media::Json)),
            ("application/json, text/plain, */*", Some(Media::Json)),
            ("*/*", Some(Media::Json)),
            ("application/*;q=0.2", Some(Media::Json)),
            ("", Some(Media::Json)),
            ("text/html, application/xhtml+xml", None),
            ("application/json;q=0", None),
            ("application/json;q=nonsense", None),
            ("*/*;q=0", None),
        ] {
            assert_eq!(accepted(accept), chosen, "{accept}");
        }
        assert_eq!(Media::accepted(&HeaderMap::new()), Some(Media::Json));
    }

    #[test]
    fn events_are_for_who_names_them() {
        for (accept, named) in [
            ("text/event-stream", true),
            ("application/json, Text/Event-Stream;q=0.1", true),
            ("text/event-stream;q=0", false),
            ("text/*, */*", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().unwrap());
            assert_eq!(accepts_events(&headers), named, "{accept}");
        }
    }

    #[test]
    fn only_json_in_utf8_is_taken() {
        for (content_type, taken) in [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json; charset=\"utf-8\"; boundary=x", true),
            ("application/json; charset=utf-16", false),
            ("application/graphql+json", false),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
            assert_eq!(is_json(&headers), taken, "{content_type}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
