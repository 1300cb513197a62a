//! Random commands by random callers, the same from the same seed. A task is named by its number in the order of making.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

/// Who is there beside the first operator: id, tier, supervisor.
pub(super) const AGENTS: &[(&str, &str, Option<&str>)] = &[
    ("L1-ART-001", "L1", None),
    ("L1-ENG-001", "L1", None),
    ("L2-CHAR-001", "L2", Some("L1-ART-001")),
    ("L2-NET-001", "L2", Some("L1-ENG-001")),
    ("L3-POSE-001", "L3", Some("L2-CHAR-001")),
    ("L3-PORT-001", "L3", Some("L2-NET-001")),
];

/// The caller who gets most of the work.
const SPECIALIST: usize = 3;

/// A document, its variables, and the number of its caller; the operator is 0.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) who: usize,
    pub(super) text: &'static str,
    pub(super) variables: Value,
}

/// An endless script.
pub(super) struct Script {
    random: StdRng,
    /// How many agents were registered.
    registered: u32,
}

/// A mutation that answers with a task: `made` where it makes one.
macro_rules! moving {
    ($alias:literal, $variables:literal, $call:literal) => {
        concat!(
            "mutation(", $variables, ") { ", $alias, ": ", $call,
            " { id status attempt assignee { id } reviewer { id } rejectionCount failureCount outputSha256 waitingFor } }"
        )
    };
}

impl Script {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            registered: 0,
        }
    }

    fn below(&mut self, count: usize) -> usize {
        self.random.random_range(0..count)
    }

    /// One of the tasks, mostly a late one.
    fn task(&mut self) -> Value {
        json!({"task#": self.random.random_range(0..700_u32)})
    }

    /// Somebody, mostly the one specialist who gets most of the work.
    fn agent(&mut self) -> &'static str {
        let number = if self.below(2) == 0 {
            SPECIALIST
        } else {
            1 + self.below(AGENTS.len())
        };
        AGENTS[number - 1].0
    }

    /// Mostly somebody who may do such a thing, else anybody.
    fn caller(&mut self, kind: usize) -> usize {
        if self.below(5) == 0 {
            return self.below(AGENTS.len() + 1);
        }
        match kind {
            9..=10 | 14..=23 | 28..=30 | 39..=41 => SPECIALIST,
            34..=37 => 0,
            43 => [SPECIALIST, 1, 2][self.below(3)],
            _ => self.below(3),
        }
    }

    /// A command about an asset: mostly of the task that somebody is doing.
    fn of_assets(&mut self) -> (&'static str, Value) {
        let asset = json!({"asset#": self.below(40)});
        match self.below(8) {
            0..=4 => {
                let mut input = json!({"kind": "IMAGE", "mediaType": "image/png", "uri": "https://cdn.example/a.png"});
                if self.below(3) > 0 {
                    input["taskId"] = self.task();
                }
                if self.below(4) == 0 {
                    input["mediaType"] = json!("picture");
                }
                (
                    "mutation($input: RegisterAssetInput!) { shown: registerAsset(input: $input) { id status task { id } } }",
                    json!({"input": input}),
                )
            }
            5..=6 => (
                "mutation($id: ID!, $good: Boolean!) { reviewAsset(assetId: $id, approved: $good, feedback: \"seen\") { id status reviewer { id } } }",
                json!({"id": asset, "good": self.below(2) == 0}),
            ),
            _ => (
                "mutation($id: ID!) { deleteAsset(assetId: $id, reason: \"old\") { id status } }",
                json!({"id": asset}),
            ),
        }
    }

    fn input(&mut self) -> Value {
        let mut input = json!({"type": "DRAW", "input": {"number": self.below(50)}});
        if self.below(20) == 0 {
            input["type"] = json!("UNKNOWN_TYPE");
        }
        if self.below(4) == 0 {
            input["idempotencyKey"] = json!(format!("key-{}", self.below(40)));
        }
        if self.below(3) == 0 {
            input["priority"] = json!(["LOW", "MEDIUM", "HIGH", "CRITICAL"][self.below(4)]);
        }
        if self.below(4) == 0 {
            input["parentId"] = self.task();
        }
        if self.below(5) == 0 {
            input["metadata"] = json!({"shelf": "b", "box": self.below(9).to_string()});
        }
        input
    }
}

impl Iterator for Script {
    type Item = Command;

    fn next(&mut self) -> Option<Command> {
        let kind = self.below(45);
        let who = self.caller(kind);
        let (text, variables) = match kind {
            0..=3 => (
                moving!(
                    "made",
                    "$input: CreateTaskInput!",
                    "createTask(input: $input)"
                ),
                json!({"input": self.input()}),
            ),
            4..=8 => {
                let mut input = self.input();
                input["toAgentId"] = json!(self.agent());
                (
                    moving!(
                        "made",
                        "$input: DelegateTaskInput!",
                        "delegateTask(input: $input)"
                    ),
                    json!({"input": input}),
                )
            }
            9..=10 => (
                moving!(
                    "made",
                    "$input: CreateTaskInput!",
                    "executeTask(input: $input)"
                ),
                json!({"input": self.input()}),
            ),
            11..=13 => (
                moving!(
                    "moved",
                    "$id: ID!, $to: ID!",
                    "assignTask(taskId: $id, agentId: $to)"
                ),
                json!({"id": self.task(), "to": self.agent()}),
            ),
            14..=20 => (
                moving!("moved", "$id: ID!", "startTask(taskId: $id)"),
                json!({"id": self.task()}),
            ),
            21..=23 => (
                moving!(
                    "moved",
                    "$id: ID!, $output: JSON!",
                    "requestReview(taskId: $id, output: $output)"
                ),
                json!({"id": self.task(), "output": {"number": self.below(9)}}),
            ),
            24..=25 => (
                moving!("moved", "$id: ID!", "approveTask(taskId: $id)"),
                json!({"id": self.task()}),
            ),
            26..=27 => (
                moving!(
                    "moved",
                    "$id: ID!, $back: Boolean!",
                    "rejectTask(taskId: $id, feedback: \"again\", reassign: $back)"
                ),
                json!({"id": self.task(), "back": self.below(2) == 0}),
            ),
            28..=29 => (
                moving!(
                    "moved",
                    "$id: ID!, $output: JSON",
                    "completeTask(taskId: $id, output: $output)"
                ),
                json!({"id": self.task(), "output": {"number": self.below(9)}}),
            ),
            30 => (
                moving!(
                    "moved",
                    "$id: ID!",
                    "failTask(taskId: $id, error: \"the brush broke\")"
                ),
                json!({"id": self.task()}),
            ),
            31..=32 => (
                moving!("moved", "$id: ID!", "retryTask(taskId: $id)"),
                json!({"id": self.task()}),
            ),
            33 => (
                moving!("moved", "$id: ID!", "cancelTask(taskId: $id)"),
                json!({"id": self.task()}),
            ),
            34 => {
                self.registered += 1;
                let id = format!("L3-TWIN-{:03}", self.registered);
                (
                    "mutation($input: [RegisterAgentInput!]!) { registerAgents(input: $input) { agent { id status permissions } } }",
                    json!({"input": [{"id": id, "name": "twin", "tier": "L3", "supervisorId": self.agent()}]}),
                )
            }
            35 => (
                "mutation($input: [UpdateAgentInput!]!) { updateAgents(input: $input) { id name config } }",
                json!({"input": [{"id": self.agent(), "name": format!("name {}", self.below(9)), "config": {"shelf": self.below(9)}}]}),
            ),
            36 => (
                "mutation($id: ID!, $to: [AgentPermission!]!) { setAgentPermissions(agentId: $id, permissions: $to) { id permissions } }",
                json!({
                    "id": format!("L3-TWIN-{:03}", self.below(20)),
                    "to": if self.below(2) == 0 { json!(["EXECUTE_TASK"]) } else { json!(["EXECUTE_TASK", "REPORT_STATUS", "APPROVE_ASSET"]) },
                }),
            ),
            37 => {
                let id = format!("L3-TWIN-{:03}", self.below(20));
                match self.below(3) {
                    0 => (
                        "mutation($id: ID!) { deactivateAgent(agentId: $id, reason: \"rest\") { id status statusReason } }",
                        json!({"id": id}),
                    ),
                    1 => (
                        "mutation($id: ID!) { setAgentError(agentId: $id, reason: \"broken\") { id status statusReason } }",
                        json!({"id": id}),
                    ),
                    _ => (
                        "mutation($id: ID!) { activateAgent(agentId: $id) { id status statusReason } }",
                        json!({"id": id}),
                    ),
                }
            }
            39..=40 => (
                concat!(
                    "mutation { moved: claimTask { id status attempt assignee { id } ",
                    "failureCount waitingFor validation { status } } }"
                ),
                json!({}),
            ),
            41 => (
                moving!(
                    "moved",
                    "$id: ID!, $progress: Int",
                    "heartbeatTask(taskId: $id, progress: $progress)"
                ),
                json!({"id": self.task(), "progress": self.below(110)}),
            ),
            38 => (
                "query($id: ID!) { task(id: $id) { id status aggregate { total complete byStatus { status count } firstError } children(first: 5) { nodes { id } totalCount } } }",
                json!({"id": self.task()}),
            ),
            42 => (
                "mutation { acknowledgeNotifications(ids: [\"notif_00000000000000000000000000\", \"notif_00000000000000000000000001\"]) }",
                json!({}),
            ),
            43 => self.of_assets(),
            _ => {
                let status = ["PENDING", "ASSIGNED", "IN_PROGRESS", "FAILED"][self.below(4)];
                (
                    "query($status: [TaskStatus!]) { tasks(filter: {status: $status}, first: 5) { totalCount nodes { id status } } }",
                    json!({"status": [status]}),
                )
            }
        };
        Some(Command {
            who,
            text,
            variables,
        })
    }
}
