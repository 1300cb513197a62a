//! By which document each operation is called.

use serde_json::{Value, json};
use ziggie::auth::actor::Caller;
use ziggie::auth::policy::Operation;
use ziggie::service::page::Cursor;
use ziggie::service::{agent, session, task};

mod sprint;

use super::Cell;
use crate::asset::registered;
use crate::world::log_in;

/// A document and its variables.
type Call = (&'static str, Value);

impl Cell<'_> {
    /// The document by which this cell calls an operation, with its objects made.
    pub(super) async fn call(&self, operation: Operation) -> Call {
        match operation {
            Operation::RotateSession
            | Operation::RevokeSession
            | Operation::RevokeAgentSessions
            | Operation::IssueSession
            | Operation::Authenticate => self.session_call(operation).await,
            Operation::RegisterAgent
            | Operation::RegisterAgents
            | Operation::RotateAgentSecret
            | Operation::ErasePersonalData
            | Operation::UpdateAgents
            | Operation::ActivateAgent
            | Operation::DeactivateAgent
            | Operation::UpdateAgentConfig
            | Operation::SetAgentPermissions
            | Operation::SetAgentError
            | Operation::ReportAgentError => self.agent_call(operation).await,
            Operation::DefineTaskType
            | Operation::CreateTask
            | Operation::AssignTask
            | Operation::DelegateTask
            | Operation::ExecuteTask
            | Operation::ClaimTask
            | Operation::HeartbeatTask
            | Operation::StartTask
            | Operation::RequestReview
            | Operation::ApproveTask
            | Operation::RejectTask
            | Operation::CompleteTask
            | Operation::FailTask
            | Operation::RetryTask
            | Operation::CancelTask
            | Operation::AcknowledgeNotifications => self.task_call(operation).await,
            Operation::ExportAuditLog => {
                self.front.world.checkpoint().await;
                (
                    "mutation { exportAuditLog(format: CSV) { expiresAt } }",
                    json!({}),
                )
            }
            Operation::RegisterAsset | Operation::ReviewAsset | Operation::DeleteAsset => {
                self.asset_call(operation).await
            }
            Operation::Sprint
            | Operation::Sprints
            | Operation::GateRuns
            | Operation::CreateSprint
            | Operation::CreateWorkflow
            | Operation::StartSprint
            | Operation::ChangeWorkflow
            | Operation::AttachEvidence
            | Operation::AcceptFailedTask
            | Operation::CancelSprint
            | Operation::RecordGateRun
            | Operation::SprintUpdates => self.sprint_call(operation).await,
            _ => self.read_call(operation).await,
        }
    }

    async fn asset_call(&self, operation: Operation) -> Call {
        match operation {
            Operation::RegisterAsset => (
                "mutation { registerAsset(input: {kind: IMAGE, mediaType: \"image/png\"}) { id } }",
                json!({}),
            ),
            Operation::ReviewAsset => (
                "mutation($id: ID!) { reviewAsset(assetId: $id, approved: false, feedback: \"again\") { id } }",
                json!({"id": self.asset(&self.front.specialist).await}),
            ),
            Operation::DeleteAsset => (
                "mutation($id: ID!) { deleteAsset(assetId: $id, reason: \"old\") { id } }",
                json!({"id": self.asset(self.maker()).await}),
            ),
            other => panic!("{other:?} is nothing of assets"),
        }
    }

    /// An asset that somebody has registered.
    async fn asset(&self, by: &Caller) -> String {
        let made = registered(&self.front.world.service, by).await;
        made.id.to_string()
    }

    async fn read_call(&self, operation: Operation) -> Call {
        match operation {
            Operation::Me => ("{ me { id status } }", json!({})),
            Operation::Server => ("{ server { installationId version buildHash } }", json!({})),
            Operation::Node => ("{ node(id: \"L1-ART-001\") { id } }", json!({})),
            Operation::Nodes => ("{ nodes(ids: [\"L1-ART-001\"]) { id } }", json!({})),
            Operation::Agent => ("{ agent(id: \"L1-ART-001\") { id } }", json!({})),
            Operation::Agents => ("{ agents { nodes { id } totalCount } }", json!({})),
            Operation::Fleet => ("{ fleet { agentsByTier { tier count } } }", json!({})),
            Operation::Task => (
                "query($id: ID!) { task(id: $id) { id status } }",
                json!({"id": self.own_task().await}),
            ),
            Operation::Tasks => ("{ tasks { nodes { id } totalCount } }", json!({})),
            Operation::ReviewQueue => ("{ reviewQueue { nodes { id } totalCount } }", json!({})),
            Operation::TaskType => ("{ taskType(name: \"DRAW\") { version } }", json!({})),
            Operation::TaskTypes => ("{ taskTypes { name } }", json!({})),
            Operation::AuditLog => ("{ auditLog { nodes { id } totalCount } }", json!({})),
            Operation::AuditCheckpoint => {
                self.front.world.checkpoint().await;
                ("{ auditCheckpoint { size } }", json!({}))
            }
            Operation::AuditInclusionProof => {
                self.front.world.checkpoint().await;
                let id = self.front.world.first_entry().await;
                (
                    "query($id: ID!) { auditInclusionProof(entryId: $id) { index } }",
                    json!({ "id": id }),
                )
            }
            Operation::AuditConsistencyProof => {
                self.front.world.checkpoint().await;
                (
                    "{ auditConsistencyProof(fromSize: \"1\") { fromSize } }",
                    json!({}),
                )
            }
            Operation::Asset => (
                "query($id: ID!) { asset(id: $id) { id status } }",
                json!({"id": self.asset(self.maker()).await}),
            ),
            Operation::Assets => ("{ assets { nodes { id } totalCount } }", json!({})),
            Operation::TaskAggregate => (
                "query($id: ID!) { task(id: $id) { aggregate { total } } }",
                json!({"id": self.own_task().await}),
            ),
            Operation::Notifications => (
                "{ notifications(unacknowledged: false) { nodes { id } totalCount } }",
                json!({}),
            ),
            Operation::NotificationReceived => {
                self.told_of().await;
                (
                    "subscription($after: Cursor) { notificationReceived(after: $after) { notification { kind } } }",
                    json!({"after": Cursor::of("log", &0).0}),
                )
            }
            Operation::TaskUpdates => {
                self.own_task().await;
                (
                    "subscription($after: Cursor) { taskUpdates(after: $after) { action } }",
                    json!({"after": Cursor::of("log", &0).0}),
                )
            }
            Operation::AgentUpdates => (
                "subscription($after: Cursor) { agentUpdates(after: $after) { action } }",
                json!({"after": Cursor::of("log", &0).0}),
            ),
            Operation::AuditStream => (
                "subscription($after: Cursor) { auditStream(after: $after) { entry { action } } }",
                json!({"after": Cursor::of("log", &0).0}),
            ),
            other => panic!("{other:?} reads nothing"),
        }
    }

    async fn session_call(&self, operation: Operation) -> Call {
        let service = &self.front.world.service;
        let (victim, secret) = self.victim().await;
        match operation {
            Operation::Authenticate => (
                "mutation($id: ID!, $secret: String!) { authenticate(agentId: $id, secret: $secret) { token } }",
                json!({"id": victim, "secret": secret}),
            ),
            Operation::RotateSession => ("mutation { rotateSession { token } }", json!({})),
            Operation::RevokeSession => {
                // One's own, but not the one that calls.
                let operator = &self.front.world.operator;
                let other = session::issue(service, operator, &self.id, 60)
                    .await
                    .unwrap();
                (
                    "mutation($id: ID!) { revokeSession(sessionId: $id) { revokedAt } }",
                    json!({"id": other.session.id}),
                )
            }
            Operation::RevokeAgentSessions => {
                log_in(service, &victim, &secret).await;
                (
                    "mutation($id: ID!) { revokeAgentSessions(agentId: $id) }",
                    json!({"id": victim}),
                )
            }
            Operation::IssueSession => (
                "mutation($id: ID!) { issueSession(agentId: $id) { token } }",
                json!({"id": victim}),
            ),
            other => panic!("{other:?} is nothing of sessions"),
        }
    }

    async fn agent_call(&self, operation: Operation) -> Call {
        let (victim, _) = self.victim().await;
        let new = format!("L1-NEW-{}", self.number);
        let line = json!({"id": new, "name": "new", "tier": "L1"});
        match operation {
            Operation::RegisterAgent => (
                "mutation($line: RegisterAgentInput!) { registerAgent(input: $line) { agent { id } secret } }",
                json!({"line": line}),
            ),
            Operation::RegisterAgents => (
                "mutation($lines: [RegisterAgentInput!]!) { registerAgents(input: $lines) { secret } }",
                json!({"lines": [line]}),
            ),
            Operation::RotateAgentSecret => (
                "mutation($id: ID!) { rotateAgentSecret(agentId: $id) { secret } }",
                json!({"id": victim}),
            ),
            Operation::ErasePersonalData => (
                "mutation($id: ID!) { erasePersonalData(agentId: $id, reason: \"asked for\") }",
                json!({"id": victim}),
            ),
            Operation::UpdateAgents => (
                "mutation($lines: [UpdateAgentInput!]!) { updateAgents(input: $lines) { name } }",
                json!({"lines": [{"id": victim, "name": "renamed"}]}),
            ),
            Operation::ActivateAgent => {
                let (service, operator) = (&self.front.world.service, &self.front.world.operator);
                agent::deactivate(service, operator, &victim, "asleep", false)
                    .await
                    .unwrap();
                (
                    "mutation($id: ID!) { activateAgent(agentId: $id) { status } }",
                    json!({"id": victim}),
                )
            }
            Operation::DeactivateAgent => (
                "mutation($id: ID!) { deactivateAgent(agentId: $id, reason: \"tired\") { status } }",
                json!({"id": victim}),
            ),
            Operation::UpdateAgentConfig => (
                "mutation($id: ID!) { updateAgentConfig(agentId: $id, config: {model: \"m\"}) { config } }",
                json!({"id": victim}),
            ),
            Operation::SetAgentPermissions => (
                "mutation($id: ID!) { setAgentPermissions(agentId: $id, permissions: [EXECUTE_TASK]) { permissions } }",
                json!({"id": victim}),
            ),
            Operation::SetAgentError => (
                "mutation($id: ID!) { setAgentError(agentId: $id, reason: \"odd\") { status } }",
                json!({"id": victim}),
            ),
            Operation::ReportAgentError => (
                "mutation { reportAgentError(reason: \"odd\") { status } }",
                json!({}),
            ),
            other => panic!("{other:?} is nothing of agents"),
        }
    }

    async fn task_call(&self, operation: Operation) -> Call {
        let service = &self.front.world.service;
        let input = json!({"type": "DRAW", "input": {}});
        match operation {
            Operation::DefineTaskType => (
                "mutation($name: String!) { defineTaskType(input: {name: $name, inputSchema: {}, outputSchema: {}}) { version } }",
                json!({"name": format!("NEW_{}", self.number)}),
            ),
            Operation::CreateTask => (
                "mutation($input: CreateTaskInput!) { createTask(input: $input) { id } }",
                json!({"input": input}),
            ),
            Operation::ExecuteTask => (
                "mutation($input: CreateTaskInput!) { executeTask(input: $input) { id } }",
                json!({"input": input}),
            ),
            Operation::DelegateTask => {
                let mut input = input;
                input["toAgentId"] = self.lower().into();
                (
                    "mutation($input: DelegateTaskInput!) { delegateTask(input: $input) { id } }",
                    json!({"input": input}),
                )
            }
            Operation::AssignTask => (
                "mutation($id: ID!, $to: ID!) { assignTask(taskId: $id, agentId: $to) { id } }",
                json!({"id": self.pending_task().await, "to": self.lower()}),
            ),
            Operation::ClaimTask => ("mutation { claimTask { id } }", json!({})),
            Operation::HeartbeatTask => (
                "mutation($id: ID!) { heartbeatTask(taskId: $id, progress: 5) { id } }",
                json!({"id": self.own_task().await}),
            ),
            Operation::StartTask => (
                "mutation($id: ID!) { startTask(taskId: $id) { id } }",
                json!({"id": self.given_task().await}),
            ),
            Operation::RequestReview => (
                "mutation($id: ID!) { requestReview(taskId: $id, output: {}) { id } }",
                json!({"id": self.own_task().await}),
            ),
            Operation::ApproveTask => (
                "mutation($id: ID!) { approveTask(taskId: $id) { id } }",
                json!({"id": self.reviewed_task().await}),
            ),
            Operation::RejectTask => (
                "mutation($id: ID!) { rejectTask(taskId: $id, feedback: \"again\") { id } }",
                json!({"id": self.reviewed_task().await}),
            ),
            Operation::CompleteTask => (
                "mutation($id: ID!) { completeTask(taskId: $id, output: {}) { id } }",
                json!({"id": self.own_task().await}),
            ),
            Operation::FailTask => (
                "mutation($id: ID!) { failTask(taskId: $id, error: \"broken\") { id } }",
                json!({"id": self.own_task().await}),
            ),
            Operation::RetryTask => {
                let id = self.own_task().await;
                task::fail(service, self.maker(), &id, None, "broken".to_owned(), true)
                    .await
                    .unwrap();
                (
                    "mutation($id: ID!) { retryTask(taskId: $id) { id } }",
                    json!({"id": id}),
                )
            }
            Operation::CancelTask => (
                "mutation($id: ID!) { cancelTask(taskId: $id) { id } }",
                json!({"id": self.own_task().await}),
            ),
            Operation::AcknowledgeNotifications => (
                "mutation($ids: [ID!]!) { acknowledgeNotifications(ids: $ids) }",
                json!({"ids": ["notif_00000000000000000000000000"]}),
            ),
            other => panic!("{other:?} is nothing of tasks"),
        }
    }
}
