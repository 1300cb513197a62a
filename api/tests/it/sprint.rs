//! Sprints through the service, on every database at hand: random ones against a small model, replicas that advance the same one, faults
//! at every call, and what a page of one costs.

use entities::gate_run::{self, GateStatus};
use entities::sprint::PhaseKind;
use entities::task;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;
use ziggie::auth::actor::Caller;
use ziggie::error::Result;
use ziggie::service::gate_run::{Found, Report};
use ziggie::service::sprint::{CreateWorkflow, PlannedPhase, PlannedTask, PlannedWave};
use ziggie::service::{self, installation, task as tasks};

use crate::log::flaws;
use crate::task::Studio;
use crate::world::World;

mod fault;
mod model;
mod page;
mod rule;
mod step;

/// A studio whose specialist and micro-agent are capable of DRAW.
pub(crate) async fn studio(world: World) -> Studio {
    let studio = Studio::open(world).await;
    for id in ["L2-CHAR-001", "L3-CHAR-POSE-001"] {
        studio.world.make_capable(id, &["DRAW"]).await;
    }
    studio
}

/// A task of no importance that anybody may claim.
pub(crate) fn drawing() -> PlannedTask {
    PlannedTask {
        type_name: "DRAW".to_owned(),
        input: json!({"what": "a dragon"}),
        assignee_id: None,
    }
}

/// A wave of so many of them.
pub(crate) fn wave(tasks: usize) -> PlannedWave {
    PlannedWave {
        tasks: (0..tasks).map(|_| drawing()).collect(),
    }
}

/// Phases of waves of so many tasks, of equal weight as near as can be.
pub(crate) fn phases(shape: &[(PhaseKind, &[usize])]) -> Vec<PlannedPhase> {
    let share = 100 / i32::try_from(shape.len()).unwrap();
    let mut phases: Vec<_> = shape
        .iter()
        .map(|(kind, waves)| PlannedPhase {
            kind: *kind,
            weight: share,
            waves: waves.iter().map(|tasks| wave(*tasks)).collect(),
        })
        .collect();
    phases[0].weight += 100 - phases.iter().map(|phase| phase.weight).sum::<i32>();
    phases
}

/// A gate run of a sprint that began now, with so many gates passed.
pub(crate) async fn passed(service: &service::Service, sprint: &str, gates: i32) -> Report {
    let now = service.db.clock().now();
    let found = |gate: i32| Found {
        gate,
        name: format!("gate {gate}"),
        status: if gate <= gates {
            GateStatus::Passed
        } else {
            GateStatus::Warning
        },
        details: json!({}),
        duration_ms: 1,
    };
    let installation = installation::get(service).await.unwrap();
    Report {
        sprint_id: Some(sprint.to_owned()),
        target: "here".to_owned(),
        installation_id: installation.id.to_string(),
        build_hash: ziggie::BUILD_HASH.to_owned(),
        started_at: now,
        finished_at: now,
        gates: (1..=5).map(found).collect(),
    }
}

impl Studio {
    /// A sprint of the first director's, led by the first specialist, and started.
    pub(crate) async fn sprint(&self, shape: &[(PhaseKind, &[usize])]) -> String {
        let id = self.drafted(phases(shape)).await;
        service::sprint::start(self.service(), &self.director, &id)
            .await
            .unwrap();
        id
    }

    /// The same, not started.
    pub(crate) async fn drafted(&self, phases: Vec<PlannedPhase>) -> String {
        let create = CreateWorkflow {
            name: "foxes".to_owned(),
            lead_id: "L2-CHAR-001".to_owned(),
            phases,
        };
        let made = service::sprint::create_workflow(self.service(), &self.director, create).await;
        made.unwrap().id.to_string()
    }

    /// Its tasks, in the order of the plan.
    pub(crate) async fn tasks_of(&self, sprint: &str) -> Vec<task::Model> {
        let id: entities::id::SprintId = sprint.parse().unwrap();
        task::Entity::find()
            .filter(task::Column::SprintId.eq(id))
            .order_by_asc(task::Column::Id)
            .all(&self.service().db)
            .await
            .unwrap()
    }

    /// The sprint as it is now.
    pub(crate) async fn stands(&self, sprint: &str) -> entities::sprint::Model {
        service::sprint::get(self.service(), &self.director, sprint)
            .await
            .unwrap()
    }

    /// Lets it go on as far as it does; gives how many steps that took.
    pub(crate) async fn advance(&self, sprint: &str) -> usize {
        service::sprint::advance(self.service(), sprint.parse().unwrap())
            .await
            .unwrap()
    }

    /// Somebody claims the next task and completes it.
    pub(crate) async fn completed_next(&self, by: &Caller) -> task::Model {
        let claimed = tasks::claim(self.service(), by, tasks::Claim::default()).await;
        let id = claimed.unwrap().unwrap().id.to_string();
        tasks::complete(self.service(), by, &id, None, Some(json!({})))
            .await
            .unwrap()
    }

    /// A gate run of a sprint that began now, with so many gates passed.
    pub(crate) async fn gates(&self, sprint: &str, gates: i32) -> Report {
        passed(self.service(), sprint, gates).await
    }

    /// Reports a gate run.
    pub(crate) async fn report(&self, report: Report) -> Result<gate_run::Model> {
        service::gate_run::record(self.service(), &self.world.operator, report).await
    }

    /// The whole log holds: every row of sprints, tasks and gate runs is what its entries, folded, give.
    pub(crate) async fn folds(&self) {
        self.world.checkpoint().await;
        assert_eq!(flaws(&self.world).await, Vec::<String>::new());
    }
}
