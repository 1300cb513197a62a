//! Calls about sprints and gate runs.

use entities::agent::AgentTier;
use entities::sprint::PhaseKind;
use serde_json::json;
use ziggie::auth::policy::Operation;
use ziggie::service::page::Cursor;
use ziggie::service::{sprint, task};

use super::{Call, Cell};

impl Cell<'_> {
    pub(super) async fn sprint_call(&self, operation: Operation) -> Call {
        match operation {
            Operation::Sprint => (
                "query($id: ID!) { sprint(id: $id) { status progress } }",
                json!({"id": self.running().await}),
            ),
            Operation::Sprints => ("{ sprints { nodes { id } totalCount } }", json!({})),
            Operation::GateRuns => ("{ gateRuns { nodes { rating } totalCount } }", json!({})),
            Operation::SprintUpdates => (
                "subscription($id: ID!, $after: Cursor) { sprintUpdates(sprintId: $id, after: $after) { action } }",
                json!({"id": self.running().await, "after": Cursor::of("log", &0).0}),
            ),
            Operation::CreateSprint => (
                "mutation($lead: ID!) { createSprint(input: {name: \"fox\", leadId: $lead}) { status } }",
                json!({"lead": self.lead()}),
            ),
            Operation::CreateWorkflow => (
                "mutation($lead: ID!) { createWorkflow(input: {name: \"fox\", leadId: $lead, \
                 phases: [{kind: PLANNING, weight: 100, waves: [{tasks: [{type: \"DRAW\", input: {}}]}]}]}) { status } }",
                json!({"lead": self.lead()}),
            ),
            Operation::StartSprint => (
                "mutation($id: ID!) { startSprint(sprintId: $id) { status } }",
                json!({"id": self.draft().await}),
            ),
            Operation::ChangeWorkflow => (
                "mutation($id: ID!) { changeWorkflow(sprintId: $id, phase: 0, waves: []) { status } }",
                json!({"id": self.draft().await}),
            ),
            Operation::AttachEvidence => (
                "mutation($id: ID!) { attachEvidence(sprintId: $id, phase: 0, evidence: [\"https://studio.example/fox\"]) { status } }",
                json!({"id": self.running().await}),
            ),
            Operation::AcceptFailedTask => (
                "mutation($id: ID!) { acceptFailedTask(taskId: $id, reason: \"no need\") { accepted } }",
                json!({"id": self.broken().await}),
            ),
            Operation::CancelSprint => (
                "mutation($id: ID!) { cancelSprint(sprintId: $id, reason: \"no fox\") { status } }",
                json!({"id": self.running().await}),
            ),
            Operation::RecordGateRun => (
                "mutation($installation: ID!) { recordGateRun(input: {target: \"here\", installationId: $installation, buildHash: \"b\", \
                 startedAt: \"2026-01-01T00:00:00Z\", finishedAt: \"2026-01-01T00:01:00Z\", gates: []}) { rating } }",
                json!({"installation": "inst_00000000000000000000000000"}),
            ),
            other => panic!("{other:?} is nothing of sprints"),
        }
    }

    /// Who leads: the caller itself where its tier does.
    fn lead(&self) -> String {
        match self.tier {
            Some(AgentTier::L2) => self.id.clone(),
            _ => "L2-CHAR-001".to_owned(),
        }
    }

    /// A sprint of one task, which is the caller's where its tier has a part in sprints.
    async fn draft(&self) -> String {
        let holds = matches!(self.tier, Some(AgentTier::L3 | AgentTier::L2));
        let task = sprint::PlannedTask {
            type_name: "DRAW".to_owned(),
            input: json!({}),
            assignee_id: holds.then(|| self.id.clone()),
        };
        let phase = sprint::PlannedPhase {
            kind: PhaseKind::Planning,
            weight: 100,
            waves: vec![sprint::PlannedWave { tasks: vec![task] }],
        };
        let create = sprint::CreateWorkflow {
            name: "fox".to_owned(),
            lead_id: self.lead(),
            phases: vec![phase],
        };
        let (service, operator) = (&self.front.world.service, &self.front.world.operator);
        let made = sprint::create_workflow(service, operator, create).await;
        made.unwrap().id.to_string()
    }

    /// The same, started.
    async fn running(&self) -> String {
        let id = self.draft().await;
        let (service, operator) = (&self.front.world.service, &self.front.world.operator);
        sprint::start(service, operator, &id).await.unwrap();
        id
    }

    /// The task of a sprint that was cancelled.
    async fn broken(&self) -> String {
        let sprint = self.running().await;
        let (service, operator) = (&self.front.world.service, &self.front.world.operator);
        let filter = task::Filter {
            sprint_id: Some(sprint),
            ..task::Filter::default()
        };
        let page = ziggie::service::page::PageRequest {
            first: 1,
            ..Default::default()
        };
        let tasks = task::list(service, operator, filter, &page).await.unwrap();
        let id = tasks.items[0].1.id.to_string();
        task::cancel(service, operator, &id, None).await.unwrap();
        id
    }
}
