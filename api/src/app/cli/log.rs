//! The log of a process: standard error, structured, and traces to a collector (spec R10.04). Floor 6.

#[cfg(not(feature = "otlp"))]
mod no_otlp;
#[cfg(feature = "otlp")]
mod otlp;

use std::io::IsTerminal;

use anyhow::{Context, Result, anyhow};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, fmt};

use crate::app::config::{Log, LogFormat};
#[cfg(not(feature = "otlp"))]
use no_otlp::Traces;
#[cfg(feature = "otlp")]
use otlp::Traces;

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Starts it, once for the process. What this returns is dropped last, after the runtime: only then are all traces sent.
pub(super) fn start(log: &Log) -> Result<Traces> {
    let filter =
        EnvFilter::try_new(&log.level).with_context(|| format!("log.level `{}`", log.level))?;
    let traces = log.otlp_endpoint.as_deref().map(Traces::start);
    let traces = traces.transpose().context("log.otlp_endpoint")?;
    let traces = traces.unwrap_or_default();
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let lines = match log.format {
        LogFormat::Text => lines.with_filter(filter).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_filter(filter).boxed(),
    };
    // Each layer has its own filter: a quiet log does not thin out the traces.
    let layers: Vec<BoxedLayer> = [lines].into_iter().chain(traces.layer()).collect();
    tracing_subscriber::registry()
        .with(layers)
        .try_init()
        .map_err(|error| anyhow!("the log cannot be started: {error}"))?;
    Ok(traces)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn refusal(endpoint: &str) -> String {
        let log = Log {
            otlp_endpoint: Some(endpoint.to_owned()),
            ..Log::default()
        };
        format!("{:#}", start(&log).err().unwrap())
    }

    #[cfg(not(feature = "otlp"))]
    #[test]
    fn a_build_without_open_telemetry_refuses_to_start_with_a_collector() {
        assert_eq!(
            refusal("http://127.0.0.1:4318/v1/traces"),
            "log.otlp_endpoint: this build has no OpenTelemetry: build with --features otlp"
        );
    }

    #[cfg(feature = "otlp")]
    #[test]
    fn a_collector_that_cannot_be_spoken_to_is_refused() {
        for endpoint in ["https://127.0.0.1/v1/traces", "127.0.0.1:4318", ""] {
            assert_eq!(
                refusal(endpoint),
                "log.otlp_endpoint: expected a URL such as http://127.0.0.1:4318/v1/traces; TLS is not spoken"
            );
        }
    }
}
