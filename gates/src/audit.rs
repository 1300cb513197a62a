//! Verifies the audit log of a target over the network and folds it against the rows: gate 5 (spec R8.01).
//!
//! [`look`] does as an auditor does. It reads the signed checkpoint, computes the tree from the entries' own bytes and
//! holds it against the signed root and the tiles, looks at each entry by itself and at how it follows those before it,
//! folds the entries of each row, and compares what that gives with the rows that the API shows: agents, task types,
//! tasks, assets, sessions and sprints. Nothing may be left over on either side.
//!
//! Which columns are excepted, and why, is told in `audit/shown.rs`. Work may go on meanwhile: a row that was changed
//! since the checkpoint has to be, after one of the entries that follow, just what was shown. Of a log whose first
//! months lie in archives, those are read first where they were handed over; else rows that were made before are counted as not foldable.
//!
//! Memory is that of the folded rows, and 16 bytes for each entry's id.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use thiserror::Error;

use crate::client::{Client, ClientError};

mod archive;
mod bundle;
mod entry;
mod fold;
mod log;
mod matching;
mod note;
mod reading;
mod shown;
mod survey;
mod tree;

pub(crate) use bundle::last_pages;
pub use note::{Key, NoteError};

use archive::Archives;
use log::{Halt, Log};
use survey::Survey;

/// How many faults are told; further ones are counted.
const MOST_FAULTS: usize = 50;
/// How often rows that differ are read again, with a newer checkpoint.
const ROUNDS: u32 = 3;
/// How long to wait for a newer checkpoint: there is one every second while the log grows.
const BETWEEN: Duration = Duration::from_millis(if cfg!(test) { 10 } else { 1500 });

/// Why a log could not be looked at. What does not hold is no error, but in [`Audit::faults`].
#[derive(Debug, Error)]
pub enum AuditError {
    /// The target gave no answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A page of the log was refused.
    #[error("{path} was answered with status {status}")]
    Page {
        /// Which page.
        path: String,
        /// The HTTP status.
        status: u16,
    },
    /// A query was refused.
    #[error("{field} was refused: {fault}")]
    Refused {
        /// The root field.
        field: &'static str,
        /// What the target says.
        fault: String,
    },
    /// The caller may not see what has to be compared.
    #[error("the caller may not see {0}")]
    Hidden(&'static str),
    /// The folder of the archives cannot be read.
    #[error("the archives: {0}")]
    Archives(#[source] std::io::Error),
    /// The target's key is none.
    #[error("the key of the log: {0}")]
    Key(NoteError),
}

impl AuditError {
    /// The body of a page that was given.
    fn unless_ok<T>(path: &str, status: u16, body: T) -> Result<T, Self> {
        match status {
            200 => Ok(body),
            status => Err(Self::Page {
                path: path.to_owned(),
                status,
            }),
        }
    }
}

/// The rows that the log tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Agents.
    Agent,
    /// Versions of task types.
    TaskType,
    /// Tasks.
    Task,
    /// Assets.
    Asset,
    /// Sessions.
    Session,
    /// Sprints, which the log calls workflows.
    Sprint,
}

impl Kind {
    /// By the word of the log; none for what has no rows to compare.
    fn of(entity_type: &str) -> Option<Self> {
        Some(match entity_type {
            "AGENT" => Self::Agent,
            "TASK_TYPE" => Self::TaskType,
            "TASK" => Self::Task,
            "ASSET" => Self::Asset,
            "SESSION" => Self::Session,
            "WORKFLOW" => Self::Sprint,
            _ => return None,
        })
    }

    fn graphql_type(self) -> &'static str {
        match self {
            Self::Agent => "Agent",
            Self::TaskType => "TaskType",
            Self::Task => "Task",
            Self::Asset => "Asset",
            Self::Session => "AgentSession",
            Self::Sprint => "Sprint",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Agent => "agent",
            Self::TaskType => "task type",
            Self::Task => "task",
            Self::Asset => "asset",
            Self::Session => "session",
            Self::Sprint => "sprint",
        })
    }
}

/// How many rows of a kind were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Found to be what their entries give.
    pub compared: u64,
    /// Made before the first entry that is served, and so not compared.
    pub not_foldable: u64,
    /// Of those compared: without the hash of an input in which values may be personal.
    pub personal: u64,
    /// Known by the log and shown nowhere: earlier versions of task types that no task was made under.
    pub unread: u64,
}

/// What came of looking at a log. Where the log itself cannot be read to its end, because a signature or a bundle is not
/// good, that is the last fault, and rows were not compared.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// How many entries the last checkpoint has that was read.
    pub entries: u64,
    /// The number of the first entry that is served: those before it lie in archives, or beside such.
    pub from: u64,
    /// How many of those were not read, since nobody has handed over the archives.
    pub unread: u64,
    /// The root that the entries give, lowercase hexadecimal.
    pub root: String,
    /// How many rows of each kind were looked at.
    pub rows_by_kind: BTreeMap<Kind, Rows>,
    /// What does not hold; the first fifty.
    pub faults: Vec<String>,
    /// How many things do not hold.
    pub fault_count: u64,
}

impl Audit {
    /// Whether everything holds that was looked at.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.fault_count == 0
    }
}

/// Faults, of which no more are kept than somebody reads.
#[derive(Debug, Default)]
struct Faults {
    told: Vec<String>,
    count: u64,
}

impl Faults {
    fn push(&mut self, fault: String) {
        self.count += 1;
        if self.told.len() < MOST_FAULTS {
            self.told.push(fault);
        }
    }
}

/// Looks at the log of a target and at its rows, believing the key that the target itself shows. `client` is an
/// operator's: of tier SYSTEM, with ACCESS_AUDIT_LOGS and MANAGE_AGENTS. `archives` is the folder with the log's archives, where it has such.
///
/// # Errors
/// [`AuditError`] when it could not be looked at. What does not hold is in [`Audit::faults`].
pub async fn look(client: &Client, archives: Option<&Path>) -> Result<Audit, AuditError> {
    let page = client.get("/audit/tlog/key").await?;
    let text = AuditError::unless_ok("/audit/tlog/key", page.status, page.body)?;
    let keys = Key::read(&text).map_err(AuditError::Key)?;
    look_trusting(client, &keys, archives).await
}

/// As [`look`], believing no other keys than these.
///
/// # Errors
/// As [`look`].
pub async fn look_trusting(
    client: &Client,
    keys: &[Key],
    archives: Option<&Path>,
) -> Result<Audit, AuditError> {
    let handed_over = archives.is_some();
    let archives = archives.map(Archives::of).transpose();
    let archives = archives.map_err(AuditError::Archives)?;
    let mut survey = Survey::new(client, Log::new(client, keys, archives));
    match survey.run().await {
        Ok(()) => {}
        Err(Halt::Fault(what)) => survey.log.faults.push(what),
        Err(Halt::Error(error)) => return Err(error),
    }
    let Survey { log, matching, .. } = survey;
    Ok(Audit {
        entries: log.tree.size(),
        from: log.from,
        unread: if handed_over { 0 } else { log.from },
        root: hex(&log.tree.root()),
        rows_by_kind: matching.rows,
        faults: log.faults.told,
        fault_count: log.faults.count,
    })
}

/// Lowercase hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The text at a name of a row.
fn text_of(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
