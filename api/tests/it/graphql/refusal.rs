//! Refused and failed: what clients read, and what the audit log hears.

use entities::audit::AuditAction;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use ziggie::service::task;

use super::{Front, codes, drawing};

#[tokio::test]
async fn what_is_not_there_and_what_is_hidden_read_alike() {
    let front = Front::open().await;
    let hidden = task::create(&front.world.service, &front.world.operator, drawing())
        .await
        .unwrap();
    for root in ["task", "node"] {
        let text = format!("query($id: ID!) {{ found: {root}(id: $id) {{ id }} }}");
        let mut answers = Vec::new();
        for id in [
            hidden.id.to_string(),
            hidden.id.to_string().replace("task_0", "task_1"),
        ] {
            let answer = front.ask(&front.micro, &text, json!({"id": id})).await;
            assert_eq!(codes(&answer), ["NOT_FOUND"], "{answer}");
            assert_eq!(answer["data"], json!({"found": null}));
            let text = answer["errors"].to_string().replace(&id, "ID");
            answers.push(text);
        }
        assert_eq!(answers[0], answers[1]);
    }
    // Once for each way in: what is hidden is recorded, what is not there is not.
    assert_eq!(front.reported(AuditAction::AccessDenied).await.len(), 2);
}

#[tokio::test]
async fn a_refused_field_is_null_in_its_place_and_the_refusal_is_audited_once() {
    let front = Front::open().await;
    let own = task::execute(&front.world.service, &front.micro, drawing())
        .await
        .unwrap();
    let text = "query($id: ID!) { me { id } task(id: $id) { sum: aggregate { total } } }";
    let answer = front.ask(&front.micro, text, json!({"id": own.id})).await;
    assert_eq!(
        answer["data"],
        json!({"me": {"id": "L3-CHAR-POSE-001"}, "task": {"sum": null}})
    );
    assert_eq!(codes(&answer), ["FORBIDDEN"]);
    let error = &answer["errors"][0];
    assert_eq!(error["path"], json!(["task", "sum"]));
    assert_eq!(error["extensions"]["needed"], "AGGREGATE_L3_RESULTS");
    let denied = front.reported(AuditAction::AccessDenied).await;
    assert_eq!(denied.len(), 1);
    assert_eq!(denied[0]["rule"], "Task.aggregate");
}

#[tokio::test]
async fn a_mutation_that_is_refused_has_no_data() {
    let front = Front::open().await;
    let text = "mutation { createTask(input: {type: \"DRAW\", input: {}}) { id } }";
    let answer = front.ask(&front.micro, text, json!({})).await;
    assert_eq!(answer["data"], Value::Null);
    assert_eq!(codes(&answer), ["FORBIDDEN"]);
    let denied = front.reported(AuditAction::AccessDenied).await;
    assert_eq!(
        denied,
        [json!({"rule": "createTask", "needed": "tier L2 or higher", "had": "tier L3"})]
    );
}

#[tokio::test]
async fn every_error_carries_the_request_id_of_its_caller() {
    let front = Front::open().await;
    let caller = &front.micro;
    for text in [
        "{ nothing }",
        "{ me { id",
        "{ agents(first: 201) { nodes { id } } }",
        "{ agents(first: -1) { nodes { id } } }",
        "{ agents(after: \"forged\") { nodes { id } } }",
        "{ tasks(filter: {createdAfter: \"yesterday\"}) { nodes { id } } }",
        "query A { me { id } } query B { me { id } }",
        "{ fleet { orphanedSessions } }",
    ] {
        let answer = front.ask(caller, text, json!({})).await;
        assert_eq!(answer["data"], Value::Null, "{text}");
        for error in answer["errors"].as_array().unwrap() {
            let extensions = &error["extensions"];
            assert_eq!(
                extensions["requestId"],
                json!(caller.origin.request_id),
                "{text}"
            );
            assert_eq!(extensions["retryable"], false, "{text}");
        }
    }
}

#[tokio::test]
async fn what_does_not_fit_the_schema_is_bad_input_and_what_is_too_much_exceeds_a_limit() {
    let front = Front::open().await;
    for (text, code) in [
        ("{ me { nothing } }", "BAD_USER_INPUT"),
        ("{ agent { id } }", "BAD_USER_INPUT"),
        (
            "{ agents(filter: {tier: L4}) { nodes { id } } }",
            "BAD_USER_INPUT",
        ),
        (
            "{ agents(first: \"many\") { nodes { id } } }",
            "BAD_USER_INPUT",
        ),
        ("{ agents(first: 201) { nodes { id } } }", "LIMIT_EXCEEDED"),
        (
            "{ agents(first: 200) { nodes { reports(first: 200) { nodes { id name } } } } }",
            "LIMIT_EXCEEDED",
        ),
    ] {
        let answer = front.ask(&front.director, text, json!({})).await;
        assert_eq!(codes(&answer), [code], "{text}: {answer}");
    }
    let many = json!({"ids": vec!["L1-ART-001"; 201]});
    let text = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let answer = front.ask(&front.director, text, many).await;
    assert_eq!(codes(&answer), ["LIMIT_EXCEEDED"]);
    assert_eq!(answer["errors"][0]["extensions"]["limit"], "ids");
}

#[tokio::test]
async fn strangers_learn_nothing_of_the_schema() {
    let front = Front::open().await;
    let stranger = front.world.stranger();
    for text in [
        "{ __schema { types { name } } }",
        "{ ...all } fragment all on Query { __type(name: \"Task\") { name } }",
        "{ me { id } }",
    ] {
        let answer = front.ask(&stranger, text, json!({})).await;
        assert_eq!(codes(&answer), ["UNAUTHENTICATED"], "{text}");
        assert_eq!(answer["data"], Value::Null);
    }
    let typo = "{ taks(id: \"x\") { id } }";
    let message = |answer: Value| answer["errors"][0]["message"].to_string();
    let told = message(front.ask(&front.micro, typo, json!({})).await);
    assert!(told.contains("Did you mean"), "{told}");
    let untold = message(front.ask(&stranger, typo, json!({})).await);
    assert!(!untold.contains("Did you mean"), "{untold}");
    let schema = "{ __schema { queryType { name } } __type(name: \"Task\") { kind } }";
    let data = front.data(&front.micro, schema, json!({})).await;
    assert_eq!(data["__type"]["kind"], "OBJECT");
}

#[tokio::test]
async fn a_fault_shows_no_cause_and_is_reported_once_wherever_it_happens() {
    let front = Front::open().await;
    let broken = front.world.back_door().await;
    broken
        .execute_unprepared("ALTER TABLE tasks RENAME TO gone")
        .await
        .unwrap();
    for (text, data) in [
        ("{ tasks { nodes { id } } }", json!(null)),
        (
            "{ agent(id: \"L2-CHAR-001\") { id tasks { nodes { id } } } }",
            json!({"agent": null}),
        ),
        (
            "{ task(id: \"task_01h455vb4pex5vsknk084sn02q\") { id } }",
            json!({"task": null}),
        ),
        (
            "mutation { startTask(taskId: \"task_01h455vb4pex5vsknk084sn02q\") { id } }",
            json!(null),
        ),
    ] {
        let before = front.reported(AuditAction::SystemError).await.len();
        let answer = front.ask(&front.director, text, json!({})).await;
        assert_eq!(answer["data"], data, "{text}");
        assert_eq!(codes(&answer), ["INTERNAL"], "{text}");
        assert_eq!(answer["errors"][0]["extensions"]["retryable"], true);
        assert!(!answer.to_string().contains("no such table"), "{answer}");
        let after = front.reported(AuditAction::SystemError).await.len();
        assert_eq!(after, before + 1, "{text}");
    }
}
