//! What was asked and answered last, kept for whoever has to say why something went wrong.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

/// How many exchanges are kept.
const KEPT: usize = 4;

/// How much of a body is kept, in characters.
const LENGTH: usize = 6_000;

/// A request and what came back, in words. It holds what was sent: tokens and secrets too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// How and where: `POST /graphql`.
    pub request: String,
    /// What was sent; empty where nothing was.
    pub sent: String,
    /// The HTTP status; none where nothing came, or over a WebSocket.
    pub status: Option<u16>,
    /// What came back; empty where nothing did.
    pub answer: String,
    /// How often the same was asked one time after the other; the answer is the last one.
    pub times: usize,
}

/// Which exchange an answer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket(u64);

/// An exchange as it was, to be told only where somebody asks.
#[derive(Debug)]
struct Entry {
    ticket: Ticket,
    request: String,
    sent: Vec<u8>,
    status: Option<u16>,
    answer: Vec<u8>,
    times: usize,
}

#[derive(Debug, Default)]
struct Pages {
    next: u64,
    entries: VecDeque<Entry>,
}

/// The last exchanges of a client and of all its clones.
#[derive(Clone, Debug, Default)]
pub struct Journal(Arc<Mutex<Pages>>);

impl Journal {
    /// The last exchanges, the latest one last.
    #[must_use]
    pub fn last(&self) -> Vec<Exchange> {
        let pages = self.pages();
        let told = pages.entries.iter().map(|entry| Exchange {
            request: entry.request.clone(),
            sent: told(&entry.sent),
            status: entry.status,
            answer: told(&entry.answer),
            times: entry.times,
        });
        told.collect()
    }

    pub(super) fn asked(&self, request: String, sent: &[u8]) -> Ticket {
        let mut pages = self.pages();
        pages.next += 1;
        let ticket = Ticket(pages.next);
        match pages.entries.back_mut() {
            Some(last) if last.request == request && last.sent == sent => {
                last.ticket = ticket;
                last.times += 1;
            }
            _ => pages.entries.push_back(Entry {
                ticket,
                request,
                sent: sent.to_vec(),
                status: None,
                answer: Vec::new(),
                times: 1,
            }),
        }
        if pages.entries.len() > KEPT {
            pages.entries.pop_front();
        }
        ticket
    }

    pub(super) fn answered(&self, ticket: Ticket, status: Option<u16>, answer: &[u8]) {
        let mut pages = self.pages();
        let mut entries = pages.entries.iter_mut();
        if let Some(entry) = entries.find(|entry| entry.ticket == ticket) {
            entry.status = status;
            entry.answer = answer.to_vec();
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body as a person reads it: a GraphQL document with its variables, JSON on lines of its own, or the text.
fn told(body: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(body) else {
        return format!("{} bytes", body.len());
    };
    let text = match serde_json::from_str::<Value>(text) {
        Ok(json) => match (json["query"].as_str(), json.as_object()) {
            (Some(document), Some(sent)) if sent.len() == 2 => {
                format!("{document}\n{:#}", json["variables"])
            }
            _ => format!("{json:#}"),
        },
        Err(_) => text.to_owned(),
    };
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], body.len()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn ask(journal: &Journal, sent: &str) -> Ticket {
        journal.asked("POST /graphql".to_owned(), sent.as_bytes())
    }

    #[test]
    fn the_last_exchanges_are_kept_and_what_is_asked_again_counts() {
        let journal = Journal::default();
        for sent in ["a", "b", "c", "d", "e"] {
            ask(&journal, sent);
        }
        let ticket = ask(&journal, "e");
        journal.answered(ticket, Some(200), b"{\"data\":1}");
        let last = journal.last();
        assert_eq!(last.len(), KEPT);
        assert_eq!(last[0].sent, "b");
        assert_eq!((last[3].times, last[3].status), (2, Some(200)));
        assert_eq!(last[3].answer, "{\n  \"data\": 1\n}");
    }

    #[test]
    fn answers_find_their_question_out_of_order() {
        let journal = Journal::default();
        let (first, second) = (ask(&journal, "a"), ask(&journal, "b"));
        journal.answered(second, None, b"two");
        journal.answered(first, None, b"one");
        let answers: Vec<_> = journal.last().into_iter().map(|one| one.answer).collect();
        assert_eq!(answers, ["one", "two"]);
    }

    #[test]
    fn bodies_are_told_as_people_read_them() {
        let sent =
            br#"{"query":"query($id: ID!) { node(id: $id) { id } }","variables":{"id":"t"}}"#;
        let wanted = "query($id: ID!) { node(id: $id) { id } }\n{\n  \"id\": \"t\"\n}";
        assert_eq!(told(sent), wanted);
        assert_eq!(told(&[0xff, 0xfe]), "2 bytes");
        assert!(told("ä".repeat(LENGTH + 1).as_bytes()).ends_with("… (12002 bytes)"));
    }
}
