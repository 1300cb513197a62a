//! What an operator may set (spec R10.04). Every key is one field here; where its value came from is kept in [`layer`]. Floor 6.

pub mod layer;
mod limits;
pub mod list;
pub mod unit;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use serde::{Deserialize, Serialize, Serializer};

pub use limits::Limits;
use list::{List, Network, WebOrigin};

use crate::http;

/// Everything that a server is told. Production, tests and demo differ in this and in the clock only.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where agents and dashboards are answered.
    pub listen: SocketAddr,
    /// Where operators are answered: liveness, readiness, metrics.
    pub admin_listen: SocketAddr,
    /// A file with the certificate under which agents and dashboards are answered over TLS, in PEM, those that vouch for it behind it.
    pub tls_certificate: Option<PathBuf>,
    /// A file with the certificate's key, in PEM.
    pub tls_key: Option<PathBuf>,
    /// The networks of proxies whose word is taken for who asks.
    pub trusted_proxies: List<Network>,
    /// The header in which they say so.
    pub forwarded_header: ForwardedHeader,
    /// The origins of pages that may ask from a browser.
    pub allowed_origins: List<WebOrigin>,
    /// Where keys, tokens and the embedded database are kept.
    pub data_dir: PathBuf,
    /// `postgres://user:password@host:port/name`; without it the database is a file in the data directory.
    pub database_url: Option<String>,
    /// How many connections to PostgreSQL this replica may hold.
    pub database_connections: u32,
    /// Where the bytes of assets lie: `file:///path` or `s3://bucket/prefix`; without it in the folder `assets` of the data directory.
    pub asset_store: Option<String>,
    /// That every replica has the same folder of assets: replicas refuse a folder without it.
    pub asset_folder_shared: bool,
    /// Where an S3-compatible store answers, such as `http://127.0.0.1:9000`; without it Amazon's own.
    pub asset_s3_endpoint: Option<String>,
    /// The region of the bucket.
    pub asset_s3_region: String,
    /// The id of the key to the bucket; without it what the machine itself is granted.
    pub asset_s3_key_id: Option<String>,
    /// The secret of the key; better in the environment than in a file.
    pub asset_s3_secret: Option<Hidden>,
    /// Whether the founding fleet and task types are loaded where they are missing.
    pub founding: bool,
    /// A folder of sprint templates, each a file of the form of `api/founding/sprint_template.schema.json`; without it there is the founding one.
    pub templates: Option<PathBuf>,
    /// A JSON file of documents by their SHA-256: with it no other document runs.
    pub registered_documents: Option<PathBuf>,
    /// A file with the master key, for replicas that share one; without it `master.key` in the data directory.
    pub master_key_file: Option<PathBuf>,
    /// The master key itself; better in the environment than in a file.
    pub master_key: Option<Hidden>,
    /// How long requests under way may go on when the server goes down.
    #[serde(with = "unit::time")]
    pub drain: Duration,
    /// What is logged, and how.
    pub log: Log,
    /// Limits and times.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7400)),
            admin_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7401)),
            tls_certificate: None,
            tls_key: None,
            trusted_proxies: List::default(),
            forwarded_header: ForwardedHeader::default(),
            allowed_origins: List::default(),
            data_dir: PathBuf::from("./ziggie-data"),
            database_url: None,
            database_connections: 10,
            asset_store: None,
            asset_folder_shared: false,
            asset_s3_endpoint: None,
            asset_s3_region: "us-east-1".to_owned(),
            asset_s3_key_id: None,
            asset_s3_secret: None,
            founding: false,
            templates: None,
            registered_documents: None,
            master_key_file: None,
            master_key: None,
            drain: Duration::from_secs(10),
            log: Log::default(),
            limits: Limits::default(),
        }
    }
}

/// Where proxies say who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl Config {
    /// The certificate of the public address, where one is set.
    pub(super) fn tls(&self) -> anyhow::Result<Option<http::Tls>> {
        match (&self.tls_certificate, &self.tls_key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some(http::Tls::open(certificate, key)?)),
            (Some(_), None) => bail!("tls_certificate is set and tls_key is not"),
            (None, Some(_)) => bail!("tls_key is set and tls_certificate is not"),
        }
    }

    /// Where a browser or a client finds the API at an address.
    pub(super) fn url(&self, address: SocketAddr) -> String {
        let scheme = match self.tls_certificate {
            Some(_) => "https",
            None => "http",
        };
        format!("{scheme}://{address}/graphql")
    }

    /// What the edge believes of what is outside.
    pub(super) fn boundary(&self) -> anyhow::Result<http::Boundary> {
        let origins = self.allowed_origins.0.iter();
        let origins = origins.map(|origin| Ok(origin.to_string().parse()?));
        Ok(http::Boundary {
            trusted_proxies: self.trusted_proxies.0.iter().map(|one| one.0).collect(),
            forwarded_by: match self.forwarded_header {
                ForwardedHeader::XForwardedFor => http::ForwardedBy::XForwardedFor,
                ForwardedHeader::Forwarded => http::ForwardedBy::Forwarded,
            },
            allowed_origins: origins.collect::<anyhow::Result<_>>()?,
        })
    }
}

/// The log goes to standard error, traces to a collector where one is named.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// For people or for programs.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,ziggie::request=warn`.
    pub level: String,
    /// Where an OpenTelemetry collector takes traces, such as `http://127.0.0.1:4318/v1/traces`; needs a build with the feature `otlp`.
    pub otlp_endpoint: Option<String>,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::default(),
            level: "info".to_owned(),
            otlp_endpoint: None,
        }
    }
}

/// How lines of the log look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

/// What is shown in place of a secret.
pub(super) const MASK: &str = "********";

impl Hidden {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for whoever needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}
