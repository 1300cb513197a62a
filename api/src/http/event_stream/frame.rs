//! The words of GraphQL over SSE: what is written for each thing that is said. Floor 5.

use crate::service::page::Cursor;

/// The operation is over. Readers pass over an event without any data, so that it has an empty line of it.
pub(super) const COMPLETE: &str = "event: complete\ndata:\n\n";
/// A comment.
pub(super) const NOTHING: &str = ":\n\n";

/// A result, with the place of its event; `payload` is JSON already, in which no line ends.
pub(super) fn next(at: Option<&Cursor>, payload: &str) -> String {
    let id = at.map_or(String::new(), |Cursor(cursor)| format!("id: {cursor}\n"));
    format!("event: next\n{id}data: {payload}\n\n")
}

/// A place without an event: readers keep it as the last id and tell nobody.
pub(super) fn id(Cursor(at): &Cursor) -> String {
    format!("id: {at}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_one_block_of_lines() {
        let cursor = Cursor("WzFd".to_owned());
        assert_eq!(
            next(Some(&cursor), r#"{"data":"a\nb"}"#),
            "event: next\nid: WzFd\ndata: {\"data\":\"a\\nb\"}\n\n"
        );
        assert_eq!(next(None, "{}"), "event: next\ndata: {}\n\n");
        assert_eq!(id(&cursor), "id: WzFd\n\n");
    }

    #[test]
    fn fuzz_event_frames() {
        use crate::fuzz::{fuzz, json};
        // Whatever is said is one block, from which the same is read.
        fuzz(
            "fuzz_event_frames",
            json(&["data", "errors"], &["\n\n", "\r", "data: x"]),
            |value| {
                let block = next(None, &value.to_string());
                let inner = block.strip_suffix("\n\n").unwrap();
                assert!(
                    !inner.contains("\n\n") && !inner.contains('\r'),
                    "{block:?}"
                );
                let data = inner.strip_prefix("event: next\ndata: ").unwrap();
                assert!(!data.contains('\n'));
                assert_eq!(
                    serde_json::from_str::<serde_json::Value>(data).unwrap(),
                    value
                );
            },
        );
    }
}
