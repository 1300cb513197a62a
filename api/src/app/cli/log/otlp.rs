//! Traces to an OpenTelemetry collector: OTLP over HTTP, in batches, from a thread of their own (spec R10.04). Floor 6.

use anyhow::{Result, ensure};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Layer;

use super::BoxedLayer;

/// The service's name in traces, and the crate whose spans they are.
const NAME: &str = env!("CARGO_PKG_NAME");

/// What is on its way to the collector, where one is named. Dropping it sends what waits, for some seconds at most.
#[derive(Debug, Default)]
pub(in super::super) struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// Starts the thread that sends.
    pub(super) fn start(endpoint: &str) -> Result<Self> {
        ensure!(
            endpoint.starts_with("http://"),
            "expected a URL such as http://127.0.0.1:4318/v1/traces; TLS is not spoken"
        );
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .build()?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder()
            .with_service_name(NAME)
            .with_attribute(version)
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource)
            .build();
        Ok(Self(Some(provider)))
    }

    /// The spans of this crate; what libraries trace is theirs.
    pub(super) fn layer(&self) -> Option<BoxedLayer> {
        let tracer = self.0.as_ref()?.tracer(NAME);
        let ours = Targets::new().with_target(NAME, LevelFilter::INFO);
        let layer = tracing_opentelemetry::layer().with_tracer(tracer);
        Some(layer.with_filter(ours).boxed())
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.as_ref().map(SdkTracerProvider::shutdown) {
            tracing::warn!(%error, "the last traces may not have reached the collector");
        }
    }
}
