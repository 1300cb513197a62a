//! What the text of a document may hold, judged in one pass before it is parsed. Floor 4.

use super::within;
use crate::error::Result;

/// How many bytes a document may have: the parser takes 70 ms for four times as many, were they a comment. What is large
/// comes in variables.
pub const MAX_BYTES: u64 = 64 * 1024;
/// How many tokens: names, numbers, strings, punctuation, and comments, which the parser looks at as often. The introspection query of the usual tools has 300.
pub const MAX_TOKENS: u64 = 10_000;
/// How many bytes a name or a number may have.
pub const MAX_WORD_BYTES: u64 = 1_024;
/// How many brackets may be nested, JSON literals included.
pub const MAX_BRACKETS_NESTED: u64 = 100;

/// Refuses a text that is too long, has too many tokens or too long names, or nests too deeply: the parser would go as deep.
pub fn check(text: &str) -> Result<()> {
    within("bytes of a document", MAX_BYTES, text.len() as u64)?;
    let found = Found::of(text);
    within("tokens of a document", MAX_TOKENS, found.tokens)?;
    within("bytes of a name or number", MAX_WORD_BYTES, found.longest)?;
    within("nested brackets", MAX_BRACKETS_NESTED, found.deepest)
}

/// What one pass over a text has counted.
#[derive(Default)]
struct Found {
    tokens: u64,
    longest: u64,
    deepest: u64,
}

impl Found {
    fn of(text: &str) -> Self {
        let mut found = Self::default();
        let mut strings = Strings::default();
        let (mut rest, mut depth) = (text.as_bytes(), 0u64);
        while let Some(next) = rest.first() {
            let (length, is_token) = match next {
                b'{' | b'[' | b'(' => {
                    depth += 1;
                    found.deepest = found.deepest.max(depth);
                    (1, true)
                }
                b'}' | b']' | b')' => {
                    depth = depth.saturating_sub(1);
                    (1, true)
                }
                b' ' | b'\t' | b'\n' | b'\r' | b',' => (1, false),
                b'#' => (run(rest, |byte| !matches!(byte, b'\n' | b'\r')), true),
                b'"' => (strings.length(rest), true),
                b'.' if rest.starts_with(b"...") => (3, true),
                byte if is_of_word(*byte) => {
                    let length = run(rest, is_of_word);
                    found.longest = found.longest.max(length as u64);
                    (length, true)
                }
                _ => (1, true),
            };
            found.tokens += u64::from(is_token);
            rest = rest.get(length..).unwrap_or_default();
        }
        found
    }
}

/// Bytes of names and of numbers without their signs and points.
const fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn run(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    let length = bytes.iter().position(|byte| !belongs(*byte));
    length.unwrap_or(bytes.len())
}

/// What was learnt of the strings of a text. Where one does not end none behind it is looked for in the same way again: a text of many such
/// beginnings would be read as often.
#[derive(Default)]
struct Strings {
    no_line: bool,
    no_block: bool,
}

impl Strings {
    /// The length of the string that a text begins with, as the grammar has it. A quote that begins none counts alone, so that nothing behind
    /// it is missed.
    fn length(&mut self, text: &[u8]) -> usize {
        const BLOCK: &[u8] = b"\"\"\"";
        if text.starts_with(BLOCK) {
            if !self.no_block {
                if let Some(length) = block(text) {
                    return length;
                }
                self.no_block = true;
            }
            // Three quotes that begin no block begin with an empty string.
            return 2;
        }
        if !self.no_line {
            if let Some(length) = line(text) {
                return length;
            }
            self.no_line = true;
        }
        1
    }
}

/// The length of a string within a line.
fn line(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\n' | b'\r' => return None,
            b'\\' => 2,
            _ => 1,
        };
    }
}

/// The length of a block string.
fn block(text: &[u8]) -> Option<usize> {
    let mut at = 3;
    loop {
        let rest = text.get(at..)?;
        at += match rest {
            [b'"', b'"', b'"', ..] => return Some(at + 3),
            [b'\\', b'"', b'"', b'"', ..] => 4,
            [_, ..] => 1,
            [] => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::error::Code;

    /// The limit that a text crosses, and by how much.
    fn crossed(text: &str) -> (String, u64) {
        let error = check(text).unwrap_err();
        assert_eq!(error.code(), Code::LimitExceeded, "{error}");
        let details = error.details();
        let limit = details["limit"].as_str().unwrap().to_owned();
        (limit, details["requested"].as_u64().unwrap())
    }

    #[test]
    fn brackets_nested_beyond_any_honest_text_never_reach_the_parser() {
        let nested = |levels: usize| {
            let (open, close) = ("[".repeat(levels), "]".repeat(levels));
            format!(
                "mutation {{ executeTask(input: {{type: \"X\", input: {open}{close}}}) {{ id }} }}"
            )
        };
        assert!(check(&nested(90)).is_ok());
        assert_eq!(
            crossed(&nested(4_000)),
            ("nested brackets".to_owned(), 4_003)
        );
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count_and_hide_nothing() {
        let many = "[".repeat(200);
        for honest in [
            format!("{{ a(b: \"{many}\") }}"),
            format!("{{ a(b: \"\\\"{many}\") }}"),
            format!("{{ a(b: \"\"\"{many}\n\\\"\"\"{many}\"\"\") }}"),
            format!("{{ a # {many}\n }}"),
        ] {
            assert!(check(&honest).is_ok(), "{honest}");
        }
        for hostile in [
            format!("{{ a(b: \"\" {many}"),
            format!("{{ a(b: \"\\\\\" {many}"),
            format!("{{ a(b: [\"\"\"\" {many}"),
            format!("{{ a(b: [\" \n {many}"),
            format!("{{ a # \r {many}"),
            format!("{{ a(b: \"ü\" {many}"),
        ] {
            assert!(check(&hostile).is_err(), "{hostile}");
        }
    }

    #[test]
    fn a_token_is_a_name_a_number_a_string_a_mark_or_a_comment() {
        for (text, tokens) in [
            ("", 0),
            ("{ me { id } }", 6),
            ("query A($n: Int! = 10) { ...f }", 15),
            (
                "{ a(b: \"one two\", c: \"\"\"three\nfour\"\"\") } # five six",
                12,
            ),
            ("\u{feff}{,,,a,,,}", 6),
        ] {
            assert_eq!(Found::of(text).tokens, tokens, "{text}");
        }
        let many = |count: usize| format!("{{{}}}", "a ".repeat(count));
        assert!(check(&many(9_998)).is_ok());
        assert_eq!(
            crossed(&many(9_999)),
            ("tokens of a document".to_owned(), 10_001)
        );
    }

    #[test]
    fn a_text_and_its_words_have_so_many_bytes() {
        assert!(check(&format!("{{ {} }}", "a".repeat(1_024))).is_ok());
        let long = format!("{{ {} }}", "a".repeat(1_025));
        assert_eq!(
            crossed(&long),
            ("bytes of a name or number".to_owned(), 1_025)
        );
        let digits = format!("{{ a(b: {}) }}", "9".repeat(5_000));
        assert_eq!(
            crossed(&digits),
            ("bytes of a name or number".to_owned(), 5_000)
        );
        let text = format!("{{ a }} # {}", "x".repeat(300_000));
        assert_eq!(crossed(&text), ("bytes of a document".to_owned(), 300_008));
    }

    #[test]
    fn strings_that_do_not_end_are_looked_for_once() {
        let line = "\\\"".repeat(1_000);
        let mut strings = Strings::default();
        assert_eq!(strings.length(&line.as_bytes()[1..]), 1);
        assert!(strings.no_line);
        let mut strings = Strings::default();
        assert_eq!(strings.length(b"\"\"\" \\\"\"\" "), 2);
        assert!(strings.no_block && !strings.no_line);
    }
}
