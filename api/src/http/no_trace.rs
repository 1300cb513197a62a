//! What stands for the traces of senders in a build without the feature `otlp`. Floor 5.

use axum::http::HeaderMap;

/// Nobody's span.
pub(super) struct Nobody;

/// None is looked for.
pub(super) fn sender(_headers: &HeaderMap) -> Nobody {
    Nobody
}

/// As it is.
pub(super) fn within<F: Future>(_: Nobody, answering: F) -> F {
    answering
}
