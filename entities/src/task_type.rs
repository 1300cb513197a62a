//! Task types: registered, versioned data (spec R3.13). Floor 0.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::audit::AuditEntity;
use crate::audit::recorded::{Recorded, columns, time};
use crate::json::JsonText;
use crate::stored_as_json_text;

/// Names of task types, each once, in the order in which they were given: the validators of a type.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct TypeNames(pub Vec<String>);
stored_as_json_text!(TypeNames);

/// One version of a task type. Defining a name again makes its next version; tasks keep theirs.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "task_types")]
pub struct Model {
    /// UPPER_SNAKE, 3 to 64 characters.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Counted from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    /// JSON Schema (2020-12) of the input.
    pub input_schema: JsonText,
    /// JSON Schema (2020-12) of the output.
    pub output_schema: JsonText,
    /// Whether IN_PROGRESS may go to COMPLETED only by way of APPROVED.
    pub requires_review: bool,
    /// Seconds; 0 for no lease.
    pub lease_seconds: i32,
    /// Seconds from ASSIGNED in which a task must be started; none for no limit.
    pub start_timeout_seconds: Option<i32>,
    /// Seconds from creation to the deadline when the caller names none.
    pub deadline_seconds: Option<i32>,
    /// How many attempts policy grants before an operator must decide.
    pub max_attempts: i32,
    /// Base of the backoff between attempts, in seconds.
    pub backoff_seconds: i32,
    /// How many tasks of this type may be IN_PROGRESS in the whole fleet; none for no limit.
    pub max_concurrent: Option<i32>,
    /// The types whose checks hold every hand-in (spec R3.14).
    pub validators: TypeNames,
    /// When this version was defined.
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The schemas are recorded by their SHA-256.
impl Recorded for Model {
    const ENTITY: AuditEntity = AuditEntity::TaskType;

    /// `NAME@VERSION`.
    fn entity_id(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    fn recorded(&self) -> serde_json::Map<String, serde_json::Value> {
        use serde_json::json;
        columns([
            ("name", json!(self.name)),
            ("version", json!(self.version)),
            ("inputSchemaSha256", json!(self.input_schema.sha256())),
            ("outputSchemaSha256", json!(self.output_schema.sha256())),
            ("requiresReview", json!(self.requires_review)),
            ("leaseSeconds", json!(self.lease_seconds)),
            ("startTimeoutSeconds", json!(self.start_timeout_seconds)),
            ("deadlineSeconds", json!(self.deadline_seconds)),
            ("maxAttempts", json!(self.max_attempts)),
            ("backoffSeconds", json!(self.backoff_seconds)),
            ("maxConcurrent", json!(self.max_concurrent)),
            // Absent where there are none, as in versions that were recorded before there could be any.
            (
                "validators",
                if self.validators.0.is_empty() {
                    json!(null)
                } else {
                    json!(self.validators)
                },
            ),
            ("createdAt", time(self.created_at)),
        ])
    }
}
