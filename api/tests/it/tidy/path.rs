//! Reads from Rust source which paths it names, without a parser: comments and literals are blanked out, then
//! `a::{b, c::d}` is spelled out as `a::b` and `a::c::d`.

/// A path as named at a line, `crate::service::task` say.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    pub line: usize,
    pub segments: Vec<String>,
}

/// Every path that the code names; a lone word counts as a path of one segment.
pub fn named(source: &str) -> Vec<Named> {
    let tokens = tokens(&code(source));
    let mut paths = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        at = match tokens[at].word {
            Word::Name(_) => spell_out(&tokens, at, &[], &mut paths),
            _ => at + 1,
        };
    }
    paths
}

/// The source with every character of comments and of string and character literals replaced by a space.
fn code(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let blank = literal_or_comment(rest, code.chars().next_back());
        if blank == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.extend(
                rest[..blank]
                    .chars()
                    .map(|c| if c == '\n' { '\n' } else { ' ' }),
            );
            rest = &rest[blank..];
        }
    }
    code
}

/// How many bytes of comment or literal the text begins with.
fn literal_or_comment(text: &str, before: Option<char>) -> usize {
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if text.starts_with("//") {
        text.find('\n').unwrap_or(text.len())
    } else if text.starts_with("/*") {
        block_comment(text)
    } else if text.starts_with('"') {
        quoted(text, '"')
    } else if text.starts_with('\'') {
        character(text)
    } else if !in_word && text.starts_with('r') {
        raw_string(text)
    } else {
        0
    }
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        let rest = &text[at..];
        at += match rest {
            rest if rest.starts_with("/*") => {
                depth += 1;
                2
            }
            rest if rest.starts_with("*/") => {
                depth -= 1;
                2
            }
            rest => match rest.chars().next() {
                Some(c) => c.len_utf8(),
                None => return at,
            },
        };
        if depth == 0 {
            return at;
        }
    }
}

/// To behind the closing quote; a backslash takes the next character with it.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A character literal; a lifetime is none.
fn character(text: &str) -> usize {
    let mut characters = text.chars().skip(1);
    match (characters.next(), characters.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => quoted(text, '\''),
        _ => 0,
    }
}

fn raw_string(text: &str) -> usize {
    let hashes = text[1..].chars().take_while(|c| *c == '#').count();
    let body = 1 + hashes;
    if !text[body..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    text[body + 1..]
        .find(&end)
        .map_or(text.len(), |at| body + 1 + at + end.len())
}

struct Token {
    line: usize,
    word: Word,
}

#[derive(PartialEq)]
enum Word {
    Name(String),
    Colons,
    Open,
    Close,
    Comma,
    Other,
}

fn tokens(code: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (line, text) in (1..).zip(code.lines()) {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let name = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            let (length, word) = match first {
                _ if name > 0 => (name, Word::Name(rest[..name].to_owned())),
                ':' if rest.starts_with("::") => (2, Word::Colons),
                '{' => (1, Word::Open),
                '}' => (1, Word::Close),
                ',' => (1, Word::Comma),
                other => (other.len_utf8(), Word::Other),
            };
            tokens.push(Token { line, word });
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

/// Spells out the path, or the group of paths, that begins at a token; returns where the next token is.
fn spell_out(tokens: &[Token], mut at: usize, prefix: &[String], paths: &mut Vec<Named>) -> usize {
    let mut segments = prefix.to_vec();
    let mut line = 0;
    while let Some(token) = tokens.get(at) {
        match &token.word {
            Word::Name(name) => {
                segments.push(name.clone());
                line = token.line;
                at += 1;
                if tokens.get(at).is_none_or(|next| next.word != Word::Colons) {
                    break;
                }
                at += 1;
            }
            Word::Open => return group(tokens, at + 1, &segments, paths),
            _ => break,
        }
    }
    paths.push(Named { line, segments });
    at
}

/// The paths between braces, up to behind the closing one; `as OTHER` is passed over.
fn group(tokens: &[Token], mut at: usize, prefix: &[String], paths: &mut Vec<Named>) -> usize {
    while let Some(token) = tokens.get(at) {
        match token.word {
            Word::Close => return at + 1,
            Word::Comma => at += 1,
            _ => {
                at = spell_out(tokens, at, prefix, paths);
                while tokens
                    .get(at)
                    .is_some_and(|next| !matches!(next.word, Word::Comma | Word::Close))
                {
                    at += 1;
                }
            }
        }
    }
    at
}

#[test]
fn groups_are_spelled_out_and_text_is_passed_over() {
    let source = r##"
        //! crate::comment
        use crate::{auth, service::{self as s, task::*}};
        /* crate::block /* nested */ crate::block */
        fn f<'a>(x: &'a str) -> char { super::http::serve("crate::text \" crate::text", r#"crate::"raw"#); '"' }
        const C: char = '\''; // crate::end
        fn g() { ::axum::serve() }
    "##;
    let paths: Vec<(usize, String)> = named(source)
        .into_iter()
        .filter(|path| path.segments.len() > 1)
        .map(|path| (path.line, path.segments.join("::")))
        .collect();
    let expected = [
        (3, "crate::auth"),
        (3, "crate::service::self"),
        (3, "crate::service::task"),
        (5, "super::http::serve"),
        (7, "axum::serve"),
    ];
    assert_eq!(paths, expected.map(|(line, path)| (line, path.to_owned())));
}
