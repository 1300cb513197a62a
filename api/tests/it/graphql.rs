//! The served schema, asked as clients ask it: documents in, answers out.

use async_graphql::{Request, Variables};
use entities::agent::AgentTier;
use entities::audit::AuditAction;
use entities::task::TaskPriority;
use serde_json::{Value, json};
use ziggie::auth::actor::Caller;
use ziggie::graphql::{self, Schema};
use ziggie::service::{Settings, task, task_type};

use crate::world::World;

mod authz;
mod hidden;
mod live;
mod refusal;
mod relay;
mod whole;

/// A director, a specialist of hers and a micro-task agent of his, before the served schema.
pub(crate) struct Front {
    pub(crate) world: World,
    pub(crate) schema: Schema,
    pub(crate) director: Caller,
    pub(crate) specialist: Caller,
    pub(crate) micro: Caller,
}

impl Front {
    pub(crate) async fn open() -> Self {
        let world = World::on_sqlite(Settings::default()).await;
        let director = world.agent("L1-ART-001", AgentTier::L1, None).await;
        let specialist = world
            .agent("L2-CHAR-001", AgentTier::L2, Some("L1-ART-001"))
            .await;
        let micro = world
            .agent("L3-CHAR-POSE-001", AgentTier::L3, Some("L2-CHAR-001"))
            .await;
        let define = serde_json::from_value(json!({
            "name": "DRAW", "inputSchema": {"type": "object"}, "outputSchema": {"type": "object"},
            "leaseSeconds": 0, "maxAttempts": 3, "backoffSeconds": 0,
        }));
        task_type::define(&world.service, &world.operator, define.unwrap())
            .await
            .unwrap();
        Self {
            schema: graphql::build(world.service.clone()),
            world,
            director,
            specialist,
            micro,
        }
    }

    /// The answer to a document, as clients read it.
    pub(crate) async fn ask(&self, caller: &Caller, text: &str, variables: Value) -> Value {
        let response = self.schema.execute(caller, request(text, variables)).await;
        serde_json::to_value(response).unwrap()
    }

    /// The data of an answer without errors.
    pub(crate) async fn data(&self, caller: &Caller, text: &str, variables: Value) -> Value {
        let answer = self.ask(caller, text, variables).await;
        assert_eq!(answer["errors"], Value::Null, "{text}");
        answer["data"].clone()
    }

    /// A task that the director made and the specialist holds.
    pub(crate) async fn delegated(&self) -> entities::task::Model {
        task::delegate(
            &self.world.service,
            &self.director,
            "L2-CHAR-001",
            drawing(),
        )
        .await
        .unwrap()
    }

    /// How many refusals or faults the audit log has.
    pub(crate) async fn reported(&self, action: AuditAction) -> Vec<Value> {
        let entries = self.world.entries(action).await;
        entries.iter().map(|entry| entry.metadata.value()).collect()
    }
}

pub(crate) fn request(text: &str, variables: Value) -> Request {
    Request::new(text).variables(Variables::from_json(variables))
}

/// The codes of an answer's errors.
pub(crate) fn codes(answer: &Value) -> Vec<&str> {
    let errors = answer["errors"].as_array().into_iter().flatten();
    errors
        .map(|error| error["extensions"]["code"].as_str().unwrap())
        .collect()
}

pub(crate) fn drawing() -> task::Create {
    task::Create {
        type_name: "DRAW".to_owned(),
        input: json!({"what": "a dragon"}),
        metadata: None,
        priority: TaskPriority::Medium,
        parent_id: None,
        deadline: None,
        idempotency_key: None,
    }
}

#[tokio::test]
async fn a_list_is_walked_by_its_cursors_and_counted_when_asked() {
    let front = Front::open().await;
    for _ in 0..5 {
        front.delegated().await;
    }
    let text = "query($after: Cursor) {
        tasks(first: 2, after: $after) {
            edges { cursor node { id } } nodes { id } totalCount
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        }
    }";
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = front
            .data(&front.director, text, json!({"after": after}))
            .await["tasks"]
            .clone();
        assert_eq!(page["totalCount"], 5);
        assert_eq!(page["pageInfo"]["hasPreviousPage"], !after.is_null());
        assert_eq!(page["pageInfo"]["startCursor"], page["edges"][0]["cursor"]);
        assert_eq!(page["edges"][0]["node"], page["nodes"][0]);
        seen.extend(page["nodes"].as_array().unwrap().clone());
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    let newest_first: Vec<_> = seen.iter().map(|node| node["id"].to_string()).collect();
    assert_eq!(seen.len(), 5);
    assert!(newest_first.is_sorted_by(|one, next| one > next));
}

#[tokio::test]
async fn nodes_come_in_the_order_of_their_ids_with_null_for_what_is_hidden() {
    let front = Front::open().await;
    let seen = front.delegated().await;
    let hidden = task::create(&front.world.service, &front.world.operator, drawing())
        .await
        .unwrap();
    let session = front.specialist.session_id().unwrap();
    let others = front.director.session_id().unwrap();
    let ids = json!({"ids": [
        "L1-ART-001", hidden.id, seen.id, "task_00000000000000000000000000", "nonsense", session, others, "L3-CHAR-POSE-001",
    ]});
    let text = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Task { status } } }";
    let data = front.data(&front.specialist, text, ids).await;
    assert_eq!(
        data["nodes"],
        json!([
            {"__typename": "Agent", "id": "L1-ART-001"},
            null,
            {"__typename": "Task", "id": seen.id, "status": "ASSIGNED"},
            null,
            null,
            {"__typename": "AgentSession", "id": session},
            null,
            {"__typename": "Agent", "id": "L3-CHAR-POSE-001"},
        ])
    );
}

#[tokio::test]
async fn the_tree_of_the_fleet_is_walked_up_and_down() {
    let front = Front::open().await;
    let text = "{ agent(id: \"L2-CHAR-001\") { supervisor { id supervisor { id } } reports { totalCount nodes { id tier } } permissions config } }";
    let data = front.data(&front.micro, text, json!({})).await;
    assert_eq!(
        data["agent"],
        json!({
            "supervisor": {"id": "L1-ART-001", "supervisor": null},
            "reports": {"totalCount": 1, "nodes": [{"id": "L3-CHAR-POSE-001", "tier": "L3"}]},
            "permissions": null,
            "config": null,
        })
    );
    let own = front.data(&front.specialist, text, json!({})).await;
    assert_eq!(own["agent"]["config"], json!({}));
    assert!(own["agent"]["permissions"].as_array().unwrap().len() == 5);
}

#[tokio::test]
async fn an_agents_tasks_are_those_that_it_holds() {
    let front = Front::open().await;
    let held = front.delegated().await;
    task::create(&front.world.service, &front.director, drawing())
        .await
        .unwrap();
    let text = "query($filter: TaskFilter) { agent(id: \"L2-CHAR-001\") { tasks(filter: $filter) { nodes { id } } } }";
    for filter in [
        json!(null),
        json!({"assigneeId": "L2-CHAR-001"}),
        json!({"status": ["ASSIGNED"]}),
    ] {
        let data = front
            .data(&front.director, text, json!({"filter": filter}))
            .await;
        assert_eq!(data["agent"]["tasks"]["nodes"], json!([{"id": held.id}]));
    }
    let filter = json!({"filter": {"assigneeId": "L1-ART-001"}});
    let answer = front.ask(&front.director, text, filter).await;
    assert_eq!(codes(&answer), ["BAD_USER_INPUT"]);
}

#[tokio::test]
async fn the_server_says_which_installation_and_build_it_is() {
    let front = Front::open().await;
    let text = "{ server { installationId version buildHash } }";
    let server = front.data(&front.micro, text, json!({})).await["server"].clone();
    assert!(
        server["installationId"]
            .as_str()
            .unwrap()
            .starts_with("inst_")
    );
    assert_eq!(server["version"], ziggie::VERSION);
    assert_eq!(server["buildHash"].as_str().unwrap().len(), 64);
}
