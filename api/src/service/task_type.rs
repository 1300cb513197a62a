//! Task types: defining, finding, checking documents against their schemas (spec R3.13). Floor 3.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use entities::id::AgentId;
use entities::json::JsonText;
use entities::task_type;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;

mod document;
mod schema;
mod validator;
mod version;

pub use document::{
    Schemas, input_faults, output_faults, personal_input, personal_output, schema_faults,
};
pub(super) use schema::compile as compile_schema;
pub use version::Versions;
pub(super) use version::terms;

use super::Service;
use crate::auth::actor::Caller;
use crate::auth::policy::Operation;
use crate::error::{Error, Fault, Result};
use crate::store::Tx;

/// What a version of a task type is made of.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Define {
    /// UPPER_SNAKE, 3 to 64 characters.
    pub name: String,
    /// JSON Schema (2020-12) of the input.
    pub input_schema: Value,
    /// JSON Schema (2020-12) of the output.
    pub output_schema: Value,
    /// Whether IN_PROGRESS may go to COMPLETED only by way of APPROVED.
    #[serde(default)]
    pub requires_review: bool,
    /// Seconds; 0 for no lease.
    #[serde(default = "default_lease_seconds")]
    pub lease_seconds: i32,
    /// Seconds from ASSIGNED in which a task must be started.
    pub start_timeout_seconds: Option<i32>,
    /// Seconds from creation to the deadline.
    pub deadline_seconds: Option<i32>,
    /// How many attempts policy grants.
    #[serde(default = "default_max_attempts")]
    pub max_attempts: i32,
    /// Base of the backoff between attempts, in seconds.
    #[serde(default = "default_backoff_seconds")]
    pub backoff_seconds: i32,
    /// How many may be IN_PROGRESS in the whole fleet.
    pub max_concurrent: Option<i32>,
    /// The types whose checks hold every hand-in.
    #[serde(default)]
    pub validators: Vec<String>,
}

// What a definition that leaves them out has: the defaults of the contract's DefineTaskTypeInput.
const fn default_lease_seconds() -> i32 {
    60
}

const fn default_max_attempts() -> i32 {
    3
}

const fn default_backoff_seconds() -> i32 {
    5
}

const DAY: i32 = 24 * 3_600;

/// Whether a text can name a task type: `^[A-Z][A-Z0-9_]{2,63}$`.
pub fn is_name(text: &str) -> bool {
    (3..=64).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// A text of a caller's, cut for a message.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

/// Every fault of a definition: names, ranges, schemas that are invalid, fetch anything or blow up.
fn faults(define: &Define) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !is_name(&define.name) {
        faults.push(Fault::of(
            "name",
            "pattern",
            "must be 3 to 64 characters of A-Z 0-9 _, a letter first",
        ));
    }
    let ranges = [
        ("leaseSeconds", Some(define.lease_seconds), 0, DAY),
        (
            "startTimeoutSeconds",
            define.start_timeout_seconds,
            1,
            30 * DAY,
        ),
        ("deadlineSeconds", define.deadline_seconds, 1, 365 * DAY),
        ("maxAttempts", Some(define.max_attempts), 1, 100),
        ("backoffSeconds", Some(define.backoff_seconds), 0, DAY),
        ("maxConcurrent", define.max_concurrent, 1, 1_000_000),
    ];
    for (field, value, low, high) in ranges {
        if value.is_some_and(|value| value < low || value > high) {
            faults.push(Fault::of(
                field,
                "range",
                format!("must be {low} to {high}"),
            ));
        }
    }
    faults.extend(validator::faults_of_names(define));
    faults.extend(schema::faults("inputSchema", &define.input_schema));
    faults.extend(schema::faults("outputSchema", &define.output_schema));
    faults
}

/// Defines a type, or the next version of one; tasks keep the version that they were made under.
#[tracing::instrument(name = "task_type.define", skip_all, fields(task_type.name = define.name))]
pub async fn define(
    service: &Service,
    caller: &Caller,
    define: Define,
) -> Result<task_type::Model> {
    service.allow(caller, Operation::DefineTaskType)?;
    check_definition(&define)?;
    // One after the other: the second of two at once makes the version after the first one's.
    let locks = [AgentId::control_center()];
    let rows = service
        .perform_alone(
            caller,
            Operation::DefineTaskType,
            &locks,
            async |tx: &mut Tx| insert_all(tx, vec![define]).await,
        )
        .await?;
    rows.into_iter()
        .next()
        .ok_or_else(|| Error::internal("a definition made no version"))
}

/// BAD_USER_INPUT with every fault of a definition.
pub fn check_definition(define: &Define) -> Result<()> {
    let faults = faults(define);
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::BadUserInput(faults))
    }
}

/// Inserts checked definitions, each as the next version of its name. One query and one statement for all of them.
pub async fn insert_all(tx: &mut Tx, definitions: Vec<Define>) -> Result<Vec<task_type::Model>> {
    let names: Vec<String> = definitions
        .iter()
        .map(|define| define.name.clone())
        .collect();
    validator::check(tx, &definitions).await?;
    let mut versions = versions_of(tx, &names).await?;
    let rows: Vec<task_type::Model> = definitions
        .into_iter()
        .map(|define| {
            let version = versions.entry(define.name.clone()).or_default();
            *version += 1;
            row(define, *version, tx.now())
        })
        .collect();
    if !rows.is_empty() {
        tx.insert_task_types(rows.clone()).await?;
    }
    Ok(rows)
}

fn row(define: Define, version: i32, created_at: DateTime<Utc>) -> task_type::Model {
    task_type::Model {
        version,
        input_schema: JsonText::of(&define.input_schema),
        output_schema: JsonText::of(&define.output_schema),
        requires_review: define.requires_review,
        lease_seconds: define.lease_seconds,
        start_timeout_seconds: define.start_timeout_seconds,
        deadline_seconds: define.deadline_seconds,
        max_attempts: define.max_attempts,
        backoff_seconds: define.backoff_seconds,
        max_concurrent: define.max_concurrent,
        validators: task_type::TypeNames(define.validators),
        created_at,
        name: define.name,
    }
}

/// How many versions there are of each of these names.
async fn versions_of(db: &impl ConnectionTrait, names: &[String]) -> Result<HashMap<String, i32>> {
    let found: Vec<(String, i32)> = task_type::Entity::find()
        .select_only()
        .column(task_type::Column::Name)
        .column_as(task_type::Column::Version.max(), "version")
        .filter(task_type::Column::Name.is_in(names))
        .group_by(task_type::Column::Name)
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().collect())
}

pub(super) async fn latest(
    db: &impl ConnectionTrait,
    name: &str,
) -> Result<Option<task_type::Model>> {
    Ok(task_type::Entity::find()
        .filter(task_type::Column::Name.eq(name))
        .order_by_desc(task_type::Column::Version)
        .one(db)
        .await?)
}

/// The latest version of a type.
pub async fn find(service: &Service, name: &str) -> Result<Option<task_type::Model>> {
    if !is_name(name) {
        return Ok(None);
    }
    latest(&service.db, name).await
}

/// The latest version of each type, by name. Types are an operator's doing and few: the list is whole.
pub async fn list(service: &Service) -> Result<Vec<task_type::Model>> {
    Ok(latest_of_all(&service.db).await?.into_values().collect())
}

async fn latest_of_all(db: &impl ConnectionTrait) -> Result<BTreeMap<String, task_type::Model>> {
    let all = task_type::Entity::find()
        .order_by_asc(task_type::Column::Name)
        .order_by_asc(task_type::Column::Version)
        .all(db)
        .await?;
    Ok(all.into_iter().map(|row| (row.name.clone(), row)).collect())
}

/// These versions, for a loader: one query for all of them.
pub async fn find_versions(
    service: &Service,
    versions: &[(String, i32)],
) -> Result<HashMap<(String, i32), task_type::Model>> {
    let wanted: HashSet<&(String, i32)> = versions.iter().collect();
    let condition = wanted
        .into_iter()
        .fold(Condition::any(), |any, (name, version)| {
            any.add(
                Condition::all()
                    .add(task_type::Column::Name.eq(name.as_str()))
                    .add(task_type::Column::Version.eq(*version)),
            )
        });
    let rows = task_type::Entity::find()
        .filter(condition)
        .all(&service.db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| ((row.name.clone(), row.version), row))
        .collect())
}
