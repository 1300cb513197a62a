//! How much JSON one answer may take while it is made: what tasks hold is as large as their agents like, and a list shows many of them
//! under many names. Floor 4.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::poll_fn;
use futures::stream::{self, Stream, StreamExt};
use serde_json::Value;

use super::limit::MAX_ANSWER_BYTES;

tokio::task_local! {
    static BUDGET: Budget;
}

/// What an answer has taken, in bytes; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Budget(Arc<AtomicU64>);

impl Budget {
    /// Makes an answer at the cost of this budget.
    pub(super) async fn spend<F: Future>(&self, making: F) -> F::Output {
        let mut making = std::pin::pin!(making);
        poll_fn(|cx| BUDGET.sync_scope(self.clone(), || making.as_mut().poll(cx))).await
    }

    /// Makes answers one after another.
    pub(super) fn spend_each<S: Stream + Unpin>(
        &self,
        mut making: S,
    ) -> impl Stream<Item = S::Item> + use<S> {
        let budget = self.clone();
        stream::poll_fn(move |cx| BUDGET.sync_scope(budget.clone(), || making.poll_next_unpin(cx)))
    }

    /// What an answer has taken that is made; the next one begins with nothing.
    pub(super) fn settle(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

/// Whether there is room for a value in the answer that is being made; it is taken then.
pub(super) fn has_room(value: &Value) -> bool {
    let taken = BUDGET.try_with(|Budget(taken)| {
        let bytes = bytes(value);
        taken.fetch_add(bytes, Ordering::Relaxed) + bytes
    });
    // Where no answer is made, as in tests of scalars, there is room.
    !taken.is_ok_and(|taken| taken > MAX_ANSWER_BYTES)
}

/// About how many bytes a value has as text.
fn bytes(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.len() as u64 + 2,
        Value::Array(elements) => elements.iter().map(|one| bytes(one) + 1).sum::<u64>() + 2,
        Value::Object(fields) => {
            let fields = fields.iter();
            fields
                .map(|(name, one)| name.len() as u64 + 4 + bytes(one))
                .sum::<u64>()
                + 2
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[tokio::test]
    async fn an_answer_has_so_much_room_and_the_next_one_as_much_again() {
        let half = json!("x".repeat(MAX_ANSWER_BYTES as usize / 2 - 100));
        assert!(has_room(&half), "no answer is made");
        let budget = Budget::default();
        let answer = async || [has_room(&half), has_room(&half), has_room(&half)];
        for _ in 0..2 {
            assert_eq!(budget.spend(answer()).await, [true, true, false]);
            assert!(budget.settle() > MAX_ANSWER_BYTES);
        }
    }

    #[test]
    fn a_value_counts_about_as_much_as_its_text() {
        for value in [
            json!({"a": [1, 2, {"b": "text"}], "c": null}),
            json!("x"),
            json!([]),
        ] {
            let (counted, text) = (bytes(&value), value.to_string().len() as u64);
            assert!((text..=2 * text).contains(&counted), "{value}: {counted}");
        }
    }
}
