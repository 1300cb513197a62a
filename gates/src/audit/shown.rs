//! A row as the API shows it, in the columns that the log keeps.
//!
//! Excepted are the columns of the log that the API does not show:
//!
//! | Row | Columns | Why |
//! |---|---|---|
//! | task | `depth`, `revision`, `held`, `checkOfAttempt` | the machinery's own figures; of `revision` it is checked that it grows |
//! | task type | `createdAt` | not shown |
//! | asset | `uploadedAt`, `deletedAt` | not shown; the status shows that it was deleted |
//! | sprint | `planSha256`, `revision` | the plan is shown as the tasks that are made from it |
//!
//! A task's `leaseExpiresAt` may be later than in the log, where a heartbeat without a figure has extended it: that is not
//! recorded (spec R5.01). An agent's `state` is shown within its status, which is derived: IDLE, ACTIVE and PROCESSING
//! are OPERATIONAL. Not in the log at all, and so not compared: last uses, addresses, secrets, leases lost in a row, from
//! when on a task may be claimed, and what derived fields count.
//!
//! Of an input with values that its type's schema marks as personal the log has a hash with salted commitments in their
//! places, which nobody can compute from outside while the values are there. Where that hash differs the row is counted
//! as `personal`. The output of such a task is held against its hash by nobody but the server.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::fold::Columns;
use super::{Kind, hex};

/// How a column is made from what is shown.
#[derive(Clone, Copy)]
enum As {
    /// As it is.
    Same,
    /// A whole number, which may be shown as text.
    Number,
    /// The SHA-256 of its canonical JSON.
    Hash,
    /// As it is, but for the value that stands for none.
    Unless(&'static str),
    /// A list, where there is something in it.
    Filled,
    /// A path of the target's own stands for none.
    Elsewhere,
    /// An agent's state, by its status.
    State,
    /// Whether something is so.
    Flag,
}

use As::{Elsewhere, Filled, Flag, Hash, Number, Same, State, Unless};

type Reading = (&'static str, &'static str, As);

const AGENT: &[Reading] = &[
    ("name", "/name", Same),
    ("tier", "/tier", Same),
    ("supervisorId", "/supervisor/id", Same),
    ("permissions", "/permissions", Same),
    ("capabilities", "/capabilities", Same),
    ("configSha256", "/config", Hash),
    ("state", "/status", State),
    ("statusReason", "/statusReason", Same),
    ("createdAt", "/createdAt", Same),
];

const TASK_TYPE: &[Reading] = &[
    ("name", "/name", Same),
    ("version", "/version", Same),
    ("inputSchemaSha256", "/inputSchema", Hash),
    ("outputSchemaSha256", "/outputSchema", Hash),
    ("requiresReview", "/requiresReview", Same),
    ("leaseSeconds", "/leaseSeconds", Same),
    ("startTimeoutSeconds", "/startTimeoutSeconds", Same),
    ("deadlineSeconds", "/deadlineSeconds", Same),
    ("maxAttempts", "/maxAttempts", Same),
    ("backoffSeconds", "/backoffSeconds", Same),
    ("maxConcurrent", "/maxConcurrent", Same),
    ("validators", "/validators", Filled),
];

const TASK: &[Reading] = &[
    ("typeName", "/type/name", Same),
    ("typeVersion", "/type/version", Same),
    ("status", "/status", Same),
    ("priority", "/priority", Same),
    ("creatorId", "/creator/id", Same),
    ("assigneeId", "/assignee/id", Same),
    ("reviewerId", "/reviewer/id", Same),
    ("parentId", "/parent/id", Same),
    ("metadataSha256", "/metadata", Hash),
    ("inputSha256", "/input", Hash),
    ("outputSha256", "/outputSha256", Same),
    ("error", "/error", Same),
    ("reviewFeedback", "/reviewFeedback", Same),
    ("rejectionCount", "/rejectionCount", Same),
    ("attempt", "/attempt", Same),
    ("failureCount", "/failureCount", Same),
    ("maxAttempts", "/maxAttempts", Same),
    ("leaseExpiresAt", "/leaseExpiresAt", Same),
    ("progress", "/progress", Same),
    ("progressMessage", "/progressMessage", Same),
    ("createdAt", "/createdAt", Same),
    ("assignedAt", "/assignedAt", Same),
    ("startedAt", "/startedAt", Same),
    ("reviewRequestedAt", "/reviewRequestedAt", Same),
    ("reviewedAt", "/reviewedAt", Same),
    ("completedAt", "/completedAt", Same),
    ("deadline", "/deadline", Same),
    ("durationMs", "/durationMs", Number),
    ("validation", "/validation/status", Unless("NONE")),
    ("sprintId", "/phase/sprint/id", Same),
    ("phase", "/phase/index", Same),
    ("wave", "/wave", Same),
    ("accepted", "/accepted", Flag),
];

const ASSET: &[Reading] = &[
    ("kind", "/kind", Same),
    ("mediaType", "/mediaType", Same),
    ("status", "/status", Same),
    ("uri", "/uri", Elsewhere),
    ("byteSize", "/byteSize", Number),
    ("sha256", "/sha256", Same),
    ("width", "/width", Same),
    ("height", "/height", Same),
    ("metadataSha256", "/metadata", Hash),
    ("taskId", "/task/id", Same),
    ("creatorId", "/creator/id", Same),
    ("reviewerId", "/reviewer/id", Same),
    ("reviewFeedback", "/reviewFeedback", Same),
    ("createdAt", "/createdAt", Same),
    ("reviewedAt", "/reviewedAt", Same),
];

const SESSION: &[Reading] = &[
    ("agentId", "/agent/id", Same),
    ("issuedBy", "/issuedBy/id", Same),
    ("createdAt", "/createdAt", Same),
    ("expiresAt", "/expiresAt", Same),
    ("revokedAt", "/revokedAt", Same),
];

const SPRINT: &[Reading] = &[
    ("name", "/name", Same),
    ("template", "/template", Same),
    ("leadId", "/lead/id", Same),
    ("creatorId", "/creator/id", Same),
    ("starterId", "/starter/id", Same),
    ("status", "/status", Same),
    ("reason", "/reason", Same),
    ("createdAt", "/createdAt", Same),
    ("startedAt", "/startedAt", Same),
    ("finishedAt", "/finishedAt", Same),
];

const PHASE: &[Reading] = &[
    ("kind", "/kind", Same),
    ("weight", "/weight", Same),
    ("status", "/status", Same),
    ("wavesEndedAt", "/wavesEndedAt", Same),
    ("gateRunId", "/gateRun/id", Same),
];

const WAVE: &[Reading] = &[
    ("status", "/status", Same),
    ("tasks", "/taskCount", Same),
    ("begunAt", "/begunAt", Same),
];

/// The columns of the log that the API does not show.
pub(super) fn excepted(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Task => &["depth", "revision", "held", "checkOfAttempt"],
        Kind::TaskType => &["createdAt"],
        Kind::Asset => &["uploadedAt", "deletedAt"],
        Kind::Sprint => &["planSha256", "revision"],
        Kind::Agent | Kind::Session => &[],
    }
}

/// A row as the API shows it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shown {
    pub(super) columns: Columns,
    /// When it was made, where that is shown.
    pub(super) created_at: Option<String>,
    /// Whether values of its input or output may be personal.
    pub(super) personal: bool,
}

impl Shown {
    /// Reads a row as the API shows it. `personal` says whether its type marks values so.
    pub(super) fn read(kind: Kind, row: &Value, personal: bool) -> Self {
        let columns = match kind {
            Kind::Agent => columns(AGENT, row),
            Kind::TaskType => columns(TASK_TYPE, row),
            Kind::Task => task(row, personal),
            Kind::Asset => columns(ASSET, row),
            Kind::Session => columns(SESSION, row),
            Kind::Sprint => sprint(row),
        };
        let created_at = row["createdAt"].as_str().map(str::to_owned);
        Self {
            columns,
            created_at,
            personal,
        }
    }
}

fn columns(readings: &[Reading], row: &Value) -> Columns {
    let read = |(name, place, how): &Reading| {
        let value = how.read(row.pointer(place)?);
        (!value.is_null()).then(|| ((*name).to_owned(), value))
    };
    readings.iter().filter_map(read).collect()
}

impl As {
    fn read(self, value: &Value) -> Value {
        let kept = |keep: bool| if keep { value.clone() } else { Value::Null };
        match self {
            Same => value.clone(),
            Number => {
                let number = value.as_str().and_then(|text| text.parse::<i64>().ok());
                number.map_or_else(|| value.clone(), Value::from)
            }
            Hash => sha256(value).into(),
            Unless(none) => kept(value != none),
            Filled => kept(value.as_array().is_none_or(|list| !list.is_empty())),
            Elsewhere => kept(value.as_str().is_none_or(|uri| !uri.starts_with('/'))),
            Flag => kept(value != &Value::Bool(false)),
            State => match value.as_str() {
                Some("IDLE" | "ACTIVE" | "PROCESSING") => "OPERATIONAL".into(),
                _ => value.clone(),
            },
        }
    }
}

fn task(row: &Value, personal: bool) -> Columns {
    let mut columns = columns(TASK, row);
    let output = &row["output"];
    // A difference by itself, whatever the log says: the output is not that which was reviewed.
    if !personal && !output.is_null() && row["outputSha256"] != sha256(output) {
        columns.insert("the SHA-256 of output".to_owned(), sha256(output).into());
    }
    columns
}

fn sprint(row: &Value) -> Columns {
    let mut all = columns(SPRINT, row);
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for (index, phase) in list(&row["phases"]).iter().enumerate() {
        let mut of_phase = columns(PHASE, phase);
        if !list(&phase["evidence"]).is_empty() {
            of_phase.insert(
                "evidenceSha256".to_owned(),
                sha256(&phase["evidence"]).into(),
            );
        }
        all.insert(format!("phase.{index}"), of_phase.into());
        for (number, wave) in list(&phase["waves"]).iter().enumerate() {
            let of_wave = columns(WAVE, wave);
            all.insert(format!("phase.{index}.wave.{number}"), of_wave.into());
        }
    }
    all
}

/// Lowercase hexadecimal SHA-256 of the canonical JSON.
fn sha256(value: &Value) -> String {
    // What was read as JSON can be written as such.
    let bytes = serde_json_canonicalizer::to_vec(value).unwrap_or_default();
    hex(&Sha256::digest(bytes))
}

/// Whether a schema marks values as personal.
pub(super) fn marks_personal(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => {
            members.get("x-personal") == Some(&json!(true)) || members.values().any(marks_personal)
        }
        Value::Array(items) => items.iter().any(marks_personal),
        _ => false,
    }
}
