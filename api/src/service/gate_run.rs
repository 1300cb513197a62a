//! Gate runs: what a runner reports of the five gates, and whether it ends a sprint's phase (spec R7.02, R8.03). Floor 3.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use entities::audit::AuditAction;
use entities::gate_run::{self, GATES, GateResult, GateResults};
use entities::id::{GateRunId, InstallationId, SprintId};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;

use super::page::{self, Cursor, Page, PageRequest};
use super::text::{self, MAX_NAME};
use super::{Service, installation, sprint};
use crate::auth::actor::Caller;
use crate::auth::policy::Operation;
use crate::error::{Error, Fault, Result};
use crate::store::{Entry, Tx};

/// The most characters of a target.
const MAX_TARGET: usize = 500;
/// The most bytes that the figures of one gate may have.
const MAX_DETAILS: usize = 64 * 1024;

/// A gate run as a runner reports it. Status and rating are not among it: they are computed.
#[derive(Debug, Clone)]
pub struct Report {
    /// The sprint that it is for.
    pub sprint_id: Option<String>,
    /// What was judged: an address, mostly.
    pub target: String,
    /// Which installation was judged.
    pub installation_id: String,
    /// SHA-256 of the sources of the build that was judged.
    pub build_hash: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: DateTime<Utc>,
    /// What each gate found.
    pub gates: Vec<Found>,
}

/// What one gate found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Which gate: 1 to 5.
    pub gate: i32,
    /// What it is called.
    pub name: String,
    /// What it says.
    pub status: gate_run::GateStatus,
    /// Its figures.
    pub details: Value,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
}

/// Records a gate run. One that ends its sprint's phase does so in the same unit.
///
/// # Errors
/// BAD_USER_INPUT for gates that there are not, times that cannot be, figures that are too large; NOT_FOUND for a sprint that there is not.
#[tracing::instrument(name = "gate_run.record", skip_all)]
pub async fn record(service: &Service, caller: &Caller, report: Report) -> Result<gate_run::Model> {
    const OPERATION: Operation = Operation::RecordGateRun;
    service.allow(caller, OPERATION)?;
    let installation_id = check(&report, service.db.clock().now())?;
    let here = installation::get(service).await?.id;
    let sprint_id: Option<SprintId> = match &report.sprint_id {
        Some(id) => Some(sprint::get(service, caller, id).await?.id),
        None => None,
    };
    let mut gates: Vec<GateResult> = report.gates.into_iter().map(result).collect();
    gates.sort_by_key(|gate| gate.gate);
    let gates = GateResults(gates);
    service
        .perform(caller, OPERATION, async |tx: &mut Tx| {
            let row = gate_run::Model {
                id: tx.gate_run_id(),
                sprint_id,
                target: report.target,
                is_of_this_build: installation_id == here && report.build_hash == crate::BUILD_HASH,
                installation_id,
                build_hash: report.build_hash,
                started_at: report.started_at,
                finished_at: report.finished_at,
                status: gates.status(),
                rating: gates.rating(),
                gates,
                creator_id: tx.actor()?.agent.id.clone(),
                created_at: tx.now(),
            };
            let recorded = Entry::new(AuditAction::GateRunRecorded);
            tx.insert::<gate_run::Entity>(row.clone(), recorded).await?;
            if let Some(id) = sprint_id {
                sprint::settle(service, tx, id).await?;
            }
            Ok(row)
        })
        .await
}

fn result(found: Found) -> GateResult {
    GateResult {
        gate: u8::try_from(found.gate).unwrap_or_default(),
        name: found.name,
        status: found.status,
        details: found.details,
        duration_ms: found.duration_ms,
    }
}

fn check(report: &Report, now: DateTime<Utc>) -> Result<InstallationId> {
    let mut faults = Vec::new();
    faults.extend(text::fault("target", &report.target, MAX_TARGET));
    faults.extend(text::fault("buildHash", &report.build_hash, MAX_NAME));
    let installation_id = report.installation_id.parse();
    if installation_id.is_err() {
        let message = "must be the id of an installation, as `server` tells it";
        faults.push(Fault::of("installationId", "format", message));
    }
    if report.finished_at < report.started_at {
        faults.push(Fault::of(
            "finishedAt",
            "order",
            "must not lie before startedAt",
        ));
    }
    // A minute for clocks that differ.
    if report.finished_at > now + chrono::TimeDelta::minutes(1) {
        faults.push(Fault::of(
            "finishedAt",
            "past",
            "must not lie in the future",
        ));
    }
    let mut known = BTreeSet::new();
    for (index, gate) in report.gates.iter().enumerate() {
        faults.extend(of_gate(index, gate, &mut known));
    }
    match (faults.is_empty(), installation_id) {
        (true, Ok(installation_id)) => Ok(installation_id),
        _ => Err(Error::BadUserInput(faults)),
    }
}

fn of_gate(index: usize, found: &Found, known: &mut BTreeSet<i32>) -> Vec<Fault> {
    let place = |field: &str| format!("gates/{index}/{field}");
    let mut faults = Vec::new();
    if !(1..=i32::from(GATES)).contains(&found.gate) {
        let message = format!("must be 1 to {GATES}");
        faults.push(Fault::of(&place("gate"), "range", message));
    }
    if !known.insert(found.gate) {
        faults.push(Fault::of(&place("gate"), "unique", "is there twice"));
    }
    faults.extend(text::fault(&place("name"), &found.name, MAX_NAME));
    if found.duration_ms < 0 {
        faults.push(Fault::of(
            &place("durationMs"),
            "minimum",
            "must not be negative",
        ));
    }
    let bytes = found.details.to_string().len();
    if !found.details.is_object() || bytes > MAX_DETAILS {
        let message = format!("must be an object of at most {MAX_DETAILS} bytes, has {bytes}");
        faults.push(Fault::of(&place("details"), "maxBytes", message));
    }
    faults
}

/// These gate runs, for a loader: one query for all of them. L1 and SYSTEM see them, for others there are none (spec R1.09).
pub async fn find_visible(
    service: &Service,
    caller: &Caller,
    ids: &[GateRunId],
) -> Result<HashMap<GateRunId, gate_run::Model>> {
    if crate::auth::policy::allow(Operation::GateRuns, caller).is_err() {
        return Ok(HashMap::new());
    }
    let rows = gate_run::Entity::find()
        .filter(gate_run::Column::Id.is_in(ids.iter().copied()))
        .all(&service.db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// Gate runs, the one recorded last first.
pub async fn list(service: &Service, request: &PageRequest) -> Result<Page<gate_run::Model>> {
    let after = request.after_moment::<GateRunId>("gateRuns")?;
    let all = gate_run::Entity::find();
    let total = match request.total {
        true => Some(all.clone().count(&service.db).await?),
        false => None,
    };
    let page = match after {
        None => all,
        Some((at, id)) => {
            let created_at = gate_run::Column::CreatedAt;
            all.filter(page::before(created_at, at, gate_run::Column::Id, id))
        }
    };
    let rows = page
        .order_by_desc(gate_run::Column::CreatedAt)
        .order_by_desc(gate_run::Column::Id)
        .limit(request.limit())
        .all(&service.db)
        .await?;
    Ok(Page::of(request, rows, total, |row| {
        Cursor::of("gateRuns", &(row.created_at.timestamp_micros(), row.id))
    }))
}
