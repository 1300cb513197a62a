//! Gate runs: what the five quality gates said of a deployment, as a runner reported it (spec R8.03). Floor 0.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::audit::AuditEntity;
use crate::audit::recorded::{Recorded, columns, time};
use crate::id::{AgentId, GateRunId, InstallationId, SprintId};
use crate::json::JsonText;
use crate::{closed_word, stored_as_json_text, stored_as_text};

closed_word! {
    /// What a gate says.
    pub enum GateStatus {
        /// Within its limits.
        Passed = "PASSED",
        /// Measured, and a soft limit was crossed.
        Warning = "WARNING",
        /// A limit was crossed, or it could not measure.
        Failed = "FAILED",
    }
}
stored_as_text!(GateStatus);

/// How many gates there are.
pub const GATES: u8 = 5;

/// What one gate found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GateResult {
    /// Which gate: 1 to 5.
    pub gate: u8,
    /// What it is called.
    pub name: String,
    /// What it says.
    pub status: GateStatus,
    /// Its figures: a JSON object.
    pub details: serde_json::Value,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
}

/// What the gates found, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GateResults(pub Vec<GateResult>);
stored_as_json_text!(GateResults);

impl GateResults {
    /// How many passed: only PASSED counts (spec R8.01).
    pub fn passed(&self) -> usize {
        let passed = |gate: &&GateResult| gate.status == GateStatus::Passed;
        self.0.iter().filter(passed).count()
    }

    /// What they come to: PASSED where all five did, WARNING where none failed and none is missing, else FAILED.
    pub fn status(&self) -> GateStatus {
        let failed = |gate: &GateResult| gate.status == GateStatus::Failed;
        if self.0.len() < usize::from(GATES) || self.0.iter().any(failed) {
            GateStatus::Failed
        } else if self.passed() < usize::from(GATES) {
            GateStatus::Warning
        } else {
            GateStatus::Passed
        }
    }

    /// The rating: `4/5`.
    pub fn rating(&self) -> String {
        format!("{}/{GATES}", self.passed())
    }
}

/// One gate run.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "gate_runs")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: GateRunId,
    /// The sprint that it is for.
    pub sprint_id: Option<SprintId>,
    /// What was judged, as the runner says: an address, mostly.
    pub target: String,
    /// Which installation was judged.
    pub installation_id: InstallationId,
    /// SHA-256 of the sources of the build that was judged.
    pub build_hash: String,
    /// Whether that was this installation, and the build that took the report.
    pub is_of_this_build: bool,
    /// When it began, by the runner's clock.
    pub started_at: DateTime<Utc>,
    /// When it ended, likewise.
    pub finished_at: DateTime<Utc>,
    /// What it came to, computed from its gates.
    pub status: GateStatus,
    /// The rating, likewise: `5/5`.
    pub rating: String,
    /// What each gate found.
    pub gates: GateResults,
    /// Who reported it.
    pub creator_id: AgentId,
    /// When it was reported.
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What the gates found is recorded by the SHA-256 of its canonical JSON.
impl Recorded for Model {
    const ENTITY: AuditEntity = AuditEntity::Gate;

    fn entity_id(&self) -> String {
        self.id.to_string()
    }

    fn recorded(&self) -> serde_json::Map<String, serde_json::Value> {
        columns([
            ("sprintId", json!(self.sprint_id)),
            ("target", json!(self.target)),
            ("installationId", json!(self.installation_id)),
            ("buildHash", json!(self.build_hash)),
            ("isOfThisBuild", json!(self.is_of_this_build)),
            ("startedAt", time(self.started_at)),
            ("finishedAt", time(self.finished_at)),
            ("status", json!(self.status)),
            ("rating", json!(self.rating)),
            (
                "gatesSha256",
                json!(JsonText::of(&json!(self.gates)).sha256()),
            ),
            ("creatorId", json!(self.creator_id)),
            ("createdAt", time(self.created_at)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(statuses: &[GateStatus]) -> GateResults {
        let result = |(gate, status): (u8, &GateStatus)| GateResult {
            gate,
            name: format!("gate {gate}"),
            status: *status,
            details: json!({}),
            duration_ms: 1,
        };
        GateResults((1..).zip(statuses).map(result).collect())
    }

    #[test]
    fn only_what_passed_counts_and_what_is_missing_failed() {
        use GateStatus::{Failed, Passed, Warning};
        for (gates, status, rating) in [
            (&[Passed; 5][..], Passed, "5/5"),
            (&[Passed, Passed, Warning, Passed, Passed], Warning, "4/5"),
            (&[Passed, Failed, Warning, Passed, Passed], Failed, "3/5"),
            (&[Passed; 4], Failed, "4/5"),
            (&[], Failed, "0/5"),
        ] {
            let gates = results(gates);
            assert_eq!((gates.status(), gates.rating().as_str()), (status, rating));
        }
    }
}
