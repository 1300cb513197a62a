//! A request as a part of the trace that its sender began: spans of what it changes have the sender's as their parent (W3C Trace Context).
//! Floor 5.

use axum::http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::context::FutureExt;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};

use super::boundary;

/// The sender's span; that of nobody where the headers name none.
pub(super) fn sender(headers: &HeaderMap) -> Context {
    let Some(parent) = boundary::trace_parent(headers) else {
        return Context::new();
    };
    let flags = u8::from_str_radix(parent.flags, 16).unwrap_or_default();
    let span = SpanContext::new(
        TraceId::from_hex(parent.trace).unwrap_or(TraceId::INVALID),
        SpanId::from_hex(parent.span).unwrap_or(SpanId::INVALID),
        TraceFlags::new(flags) & TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    Context::new().with_remote_span_context(span)
}

/// Answers within it.
pub(super) fn within<F: Future>(sender: Context, answering: F) -> impl Future<Output = F::Output> {
    answering.with_context(sender)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::{Arc, Mutex};

    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::error::OTelSdkResult;
    use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Debug, Clone, Default)]
    struct Kept(Arc<Mutex<Vec<SpanData>>>);

    impl SpanExporter for Kept {
        async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
            self.0.lock().unwrap().append(&mut batch);
            Ok(())
        }
    }

    #[tracing::instrument(name = "task.change")]
    async fn change() {
        tokio::task::yield_now().await;
    }

    fn headers(parent: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", parent.parse().unwrap());
        headers
    }

    #[tokio::test]
    async fn the_span_of_a_change_is_a_child_of_its_senders() {
        let kept = Kept::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(kept.clone())
            .build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("t"));
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        let parents = [
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-0000-00f067aa0ba902b7-01",
        ];
        for parent in parents {
            within(sender(&headers(parent)), change()).await;
        }
        change().await;
        provider.shutdown().unwrap();
        let spans = kept.0.lock().unwrap();
        let told: Vec<_> = spans
            .iter()
            .map(|span| {
                (
                    span.span_context.trace_id().to_string(),
                    span.parent_span_id.to_string(),
                )
            })
            .collect();
        assert_eq!(told[0].0, "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(told[0].1, "00f067aa0ba902b7");
        // What is malformed, and what is not there, begin traces of their own.
        for (trace, parent) in &told[1..] {
            assert_ne!(*trace, told[0].0);
            assert_eq!(parent, "0000000000000000");
        }
        assert_eq!(told.len(), 3);
    }
}
