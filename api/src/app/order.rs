//! What the owner of a data directory may order, who needs no session for it: carried out by the process that serves the directory, or by
//! the command itself where none does. Audited as the control center's. Floor 6.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entities::audit::export::AuditExportFormat;
use entities::id::AgentId;
use serde::{Deserialize, Serialize};

use super::data_dir::write_private;
use super::parts::explained;
use crate::auth::actor::Caller;
use crate::service::log::archive::{self, Month};
use crate::service::log::export::{self, Done, Sent};
use crate::service::{Service, founding, key, log, session};

/// How long the token lives that `dev` leaves for the operator: a working day.
const OPERATOR_TOKEN_SECONDS: i32 = 12 * 3_600;

/// One order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "order", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Order {
    /// A session of an agent.
    Token {
        /// Whose.
        agent: String,
        /// For how long; the setting says when nothing does.
        ttl_seconds: Option<i32>,
    },
    /// The keys that sign and verify.
    ListKeys,
    /// Another key signs from now on.
    RotateKeys,
    /// The public keys of the log.
    ListLogKeys,
    /// Another key signs the log from now on.
    RotateLogKey,
    /// Keeps that the log was exported.
    Exported {
        /// How it was written.
        format: AuditExportFormat,
        /// Which entries.
        filter: serde_json::Value,
        /// From this number on, where older entries were archived.
        first: Option<i64>,
        /// Of the first so many.
        size: i64,
        /// How many were written.
        rows: i64,
        /// How many bytes.
        bytes: i64,
        /// Their SHA-256.
        sha256: String,
    },
    /// Moves older entries of the log to archives.
    ArchiveLog {
        /// The months before this one, such as 2026-01; what the setting says when nothing does.
        before: Option<String>,
    },
    /// Registers the agents of a fleet file, all or none.
    ImportFleet {
        /// The file's text.
        text: String,
    },
    /// Every agent, as a fleet file.
    ExportFleet,
}

impl Order {
    /// How long it may take. A log of years takes its time to archive; broken off, it goes on where it stopped.
    pub(super) fn patience(&self) -> Duration {
        match self {
            Self::ArchiveLog { .. } => Duration::from_secs(6 * 3_600),
            _ => Duration::from_secs(120),
        }
    }
}

/// Carries an order out; returns what to print.
pub(super) async fn carry_out(service: &Service, order: Order) -> Result<String> {
    let caller = Caller::control_center(service.db.request_id());
    let said = match order {
        Order::Token { agent, ttl_seconds } => {
            let ttl = match ttl_seconds {
                Some(ttl) => ttl,
                None => i32::try_from(service.settings.session_ttl.as_secs())
                    .context("the setting session_ttl")?,
            };
            session::issue(service, &caller, &agent, ttl)
                .await
                .map(|issued| issued.token)
        }
        Order::ListKeys => Ok(list_keys(service)),
        Order::RotateKeys => key::rotate(service, &caller)
            .await
            .map(|_| list_keys(service)),
        Order::ListLogKeys => list_log_keys(service).await,
        Order::RotateLogKey => match log::rotate(service, &caller).await {
            Ok(_) => list_log_keys(service).await,
            Err(error) => Err(error),
        },
        Order::Exported {
            format,
            filter,
            first,
            size,
            rows,
            bytes,
            sha256,
        } => {
            let sent = Sent {
                rows,
                bytes,
                sha256,
            };
            let done = Done {
                format,
                filter,
                first,
                size,
                sent,
            };
            export::keep(service, &caller, &done)
                .await
                .map(|()| String::new())
        }
        Order::ArchiveLog { before } => {
            let before = before.as_deref().map(str::parse::<Month>).transpose();
            let before = before.map_err(anyhow::Error::msg)?;
            archive::run(service, before).await.map(|done| told(&done))
        }
        Order::ImportFleet { text } => founding::import_fleet(service, &caller, &text)
            .await
            .map(|count| format!("{count} agents registered")),
        Order::ExportFleet => founding::export_fleet(service).await,
    };
    said.map_err(explained)
}

/// A line for each archive, and one of what has left the database.
fn told(done: &archive::Done) -> String {
    let mut text = String::new();
    for row in &done.archives {
        let (first, last) = (row.first_sequence, row.next_sequence - 1);
        let (bytes, key) = (row.byte_size, &row.object_key);
        text += &format!("{first} to {last}: {bytes} bytes in {key}\n");
    }
    let (archives, entries) = (done.archives.len(), done.entries);
    text + &format!("archives made: {archives}; entries that have left the database: {entries}")
}

/// One line a key, in the form in which verifiers take it.
async fn list_log_keys(service: &Service) -> crate::error::Result<String> {
    let keys = service.log_keys.verifiers(&service.db).await?;
    let lines: Vec<_> = keys.iter().map(ToString::to_string).collect();
    Ok(lines.join("\n"))
}

/// One line a key: its id and what it does.
fn list_keys(service: &Service) -> String {
    let ring = service.keys.ring();
    let verifying = ring.jwks(service.db.clock().now()).keys;
    let line = |kid: &str| {
        let role = if kid == ring.signing_kid() {
            "signs"
        } else {
            "verifies"
        };
        format!("{kid}  {role}")
    };
    verifying
        .iter()
        .map(|key| line(&key.kid))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Leaves a fresh token of the first operator in a file. The session of the token that was there ends, so that starting often does not
/// pile sessions up.
pub(super) async fn renew_operator_token(service: &Service, path: &Path) -> Result<()> {
    let caller = Caller::control_center(service.db.request_id());
    let operator = AgentId::first_operator();
    if let Some(last) = std::fs::read_to_string(path)
        .ok()
        .as_deref()
        .and_then(session_id)
    {
        // It may have ended by itself, or belong to a database that was thrown away.
        let _ = session::revoke(service, &caller, &last).await;
    }
    let issued = session::issue(service, &caller, operator.as_str(), OPERATOR_TOKEN_SECONDS).await;
    write_private(path, &issued.map_err(explained)?.token)
}

/// The session that a token says it is of. Unverified: good enough to end it, when the file's owner asks.
fn session_id(token: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD
        .decode(token.trim().split('.').nth(1)?)
        .ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&payload).ok()?;
    claims.get("sid")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_token_tells_its_session_and_anything_else_none() {
        let payload = URL_SAFE_NO_PAD.encode(r#"{"sid":"sess_x"}"#);
        assert_eq!(
            session_id(&format!("a.{payload}.c\n")).as_deref(),
            Some("sess_x")
        );
        for other in ["", "a", "a.b.c", "a.e30.c"] {
            assert_eq!(session_id(other), None, "{other}");
        }
    }

    #[test]
    fn an_order_reads_back_from_its_line() {
        let order = Order::Token {
            agent: "L1-ART-001".into(),
            ttl_seconds: None,
        };
        let line = serde_json::to_string(&order).unwrap();
        assert_eq!(
            line,
            r#"{"order":"token","agent":"L1-ART-001","ttl_seconds":null}"#
        );
        assert_eq!(serde_json::from_str::<Order>(&line).unwrap(), order);
        assert!(serde_json::from_str::<Order>(r#"{"order":"delete_everything"}"#).is_err());
    }
}
