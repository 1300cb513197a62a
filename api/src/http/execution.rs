//! Running an operation on the library's executor: bounded in time, fenced against panics. Floor 5.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use async_graphql::Response;
use futures::{FutureExt, Stream, StreamExt, TryFutureExt};

use crate::error::{Error, Result};

/// Waits for a query or mutation. UNAVAILABLE when it takes too long: dropping it takes back what it had not committed. INTERNAL when it
/// panics, which costs this operation and nothing else.
pub(super) async fn once(
    operation: impl Future<Output = Response>,
    within: Duration,
) -> Result<Response> {
    let fenced = AssertUnwindSafe(operation).catch_unwind().map_err(panicked);
    tokio::time::timeout(within, fenced)
        .await
        .unwrap_or(Err(Error::Unavailable(
            "the operation took longer than the server allows",
        )))
}

/// The responses of a subscription; it ends after a panic with INTERNAL.
pub(super) fn stream<S: Stream<Item = Response>>(
    responses: S,
) -> impl Stream<Item = Result<Response>> + use<S> {
    AssertUnwindSafe(responses)
        .catch_unwind()
        .map(|response| response.map_err(panicked))
}

/// INTERNAL, with what was said in the panic for the log alone.
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Error {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a value that is no text".to_owned());
    Error::internal(format!("the code panicked: {message}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, clippy::unwrap_used)]

    use super::*;
    use crate::error::Code;
    use async_graphql::{EmptyMutation, Object, Schema, Subscription, value};
    use futures::stream;

    struct Query;

    #[Object]
    impl Query {
        async fn good(&self) -> i32 {
            7
        }

        async fn bad(&self) -> i32 {
            give_up("secret of the house")
        }

        async fn endless(&self) -> i32 {
            std::future::pending().await
        }
    }

    fn give_up(reason: &str) -> i32 {
        panic!("{reason}")
    }

    struct Streams;

    #[Subscription]
    impl Streams {
        async fn counts(&self) -> impl Stream<Item = i32> {
            stream::iter(1..=3).map(|count| {
                if count < 3 {
                    count
                } else {
                    give_up("at three")
                }
            })
        }
    }

    fn schema() -> Schema<Query, EmptyMutation, Streams> {
        Schema::new(Query, EmptyMutation, Streams)
    }

    #[tokio::test]
    async fn a_panic_costs_its_own_operation_only() {
        let schema = schema();
        let error = once(schema.execute("{bad}"), Duration::from_secs(5))
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::Internal);
        assert!(!error.to_string().contains("secret"));
        let good = once(schema.execute("{good}"), Duration::from_secs(5))
            .await
            .unwrap();
        assert_eq!(good.data, value!({"good": 7}));
    }

    #[tokio::test]
    async fn an_operation_that_takes_too_long_is_given_up() {
        let error = once(schema().execute("{endless}"), Duration::from_millis(20))
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        assert!(error.retryable());
    }

    #[tokio::test]
    async fn a_stream_ends_after_a_panic() {
        let responses: Vec<_> = super::stream(schema().execute_stream("subscription {counts}"))
            .collect()
            .await;
        let codes: Vec<_> = responses
            .iter()
            .map(|one| one.as_ref().map_err(Error::code).map(|one| one.is_ok()))
            .collect();
        assert_eq!(codes, [Ok(true), Ok(true), Err(Code::Internal)]);
    }
}
