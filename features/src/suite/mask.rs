//! Nothing that opens a door stands in a report: tokens, secrets and keys are masked wherever they turn up.

use std::sync::LazyLock;

use regex::Regex;

/// What stands in the place of what was masked.
const MASK: &str = "•••";

/// What must not be read, with the part that may: a member of a JSON object, a query's argument, a token or secret wherever it stands.
static OPENERS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r#"(?<kept>"(?:secret|token|authorization|x-agent-token|password)"\s*:\s*")(?:[^"\\]|\\.)+"#,
        r"(?i)(?<kept>[?&](?:secret|token|key|signature|grant)=)[^&\s\x22]+",
        r"(?i)(?<kept>\bBearer )\S+",
        r"(?<kept>)\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.?[A-Za-z0-9_-]*",
        r"(?<kept>\bzgs_)[A-Za-z0-9_-]+",
        r"(?<kept>postgres(?:ql)?://[^:@/\s]+:)[^@\s]+",
    ]
    .into_iter()
    .filter_map(|pattern| Regex::new(&format!("(?i){pattern}")).ok())
    .collect()
});

/// The same text with nothing in it that opens a door.
#[must_use]
pub fn masked(text: &str) -> String {
    let mut text = text.to_owned();
    for opener in OPENERS.iter() {
        text = opener
            .replace_all(&text, format!("${{kept}}{MASK}"))
            .into_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn what_opens_a_door_is_masked_wherever_it_stands() {
        assert_eq!(OPENERS.len(), 6, "every pattern is one");
        for (text, wanted) in [
            (
                r#"{"secret": "zgs_abc", "id": "L1-ART-001"}"#,
                r#"{"secret": "•••", "id": "L1-ART-001"}"#,
            ),
            (r#"{"token":"made up"}"#, r#"{"token":"•••"}"#),
            ("it was zgs_AbC-_9, or so", "it was zgs_•••, or so"),
            (
                "GET /audit/export?token=abc&x=1",
                "GET /audit/export?token=•••&x=1",
            ),
            ("Authorization: Bearer abc.def", "Authorization: Bearer •••"),
            (
                "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ9.c2ln is let in",
                "••• is let in",
            ),
            ("postgres://a:b@localhost/x", "postgres://a:•••@localhost/x"),
            (
                "the token of ARTEMIS is a secret",
                "the token of ARTEMIS is a secret",
            ),
        ] {
            assert_eq!(masked(text), wanted);
        }
    }
}
