//! Each limit on what a request may ask for: refused by its name, its value and what was asked, over every transport, and counted.

use serde_json::{Value, json};

use super::event_stream::ME;
use super::raw::Events;
use super::{Edge, code};

/// A limit of which the metrics have counted nothing yet is none of theirs.
async fn counted(edge: &Edge, limit: &str) -> u64 {
    let (_, text) = edge.page(edge.running.admin_address, "/metrics").await;
    let name = format!("ziggie_limit_exceeded_total{{limit=\"{limit}\"}} ");
    let value = text.lines().find_map(|line| line.strip_prefix(&name));
    value.map_or(0, |value| value.parse().unwrap())
}

/// More than the value, by however much.
const ANY: u64 = 0;

fn many(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect()
}

/// A request for each limit on requests: the limit, its value, the body and how much that asks for.
fn beyond() -> Vec<(&'static str, u64, Value, u64)> {
    let document = |query: String| json!({ "query": query });
    vec![
        (
            "bytes of a document",
            64 * 1024,
            document(format!("{ME} # {}", "x".repeat(256 * 1024))),
            256 * 1024 + 16,
        ),
        (
            "tokens of a document",
            10_000,
            document(format!("{{ me {{ {} }} }}", "id ".repeat(10_000))),
            10_005,
        ),
        (
            "bytes of a name or number",
            1_024,
            document(format!("{{ {} }}", "a".repeat(2_000))),
            2_000,
        ),
        (
            "nested brackets",
            100,
            document(format!("{{ a(b: {} }}", "[".repeat(2_000))),
            2_002,
        ),
        (
            "operations of a document",
            50,
            document(many(51, |n| format!("query q{n} {{ me {{ id }} }} "))),
            51,
        ),
        (
            "variables of an operation",
            100,
            document(format!(
                "query({}) {ME}",
                many(101, |n| format!("$v{n}: ID "))
            )),
            101,
        ),
        (
            "aliases of a document",
            200,
            document(format!(
                "{{ me {{ {} }} }}",
                many(201, |n| format!("a{n}: id "))
            )),
            201,
        ),
        (
            "arguments of a field",
            32,
            document(format!(
                "{{ agents({}) {{ totalCount }} }}",
                "first: 1 ".repeat(33)
            )),
            33,
        ),
        (
            "directives in one place",
            8,
            document(format!(
                "{{ me {{ id {} }} }}",
                "@skip(if: false) ".repeat(9)
            )),
            9,
        ),
        (
            "directives of a document",
            100,
            document(format!(
                "{{ me {{ {} }} }}",
                "id @skip(if: false) ".repeat(101)
            )),
            101,
        ),
        (
            "selections with all fragments in their places",
            5_000,
            document(format!(
                "{{ me {{ {} }} }} fragment f on Agent {{ {} }}",
                "supervisor { ...f } ".repeat(50),
                "id ".repeat(100)
            )),
            10_201,
        ),
        (
            "nested selections",
            32,
            document(format!(
                "{{ me {{ {} id {} }} }}",
                "... { ".repeat(40),
                "} ".repeat(40)
            )),
            33,
        ),
        (
            "depth of the operation",
            15,
            document(format!(
                "{{ me {{ {} id {} }} }}",
                "supervisor { ".repeat(14),
                "} ".repeat(14)
            )),
            16,
        ),
        (
            "fields of the root",
            100,
            document(format!("{{ {} }}", "me { id } ".repeat(101))),
            101,
        ),
        (
            "fields of a mutation",
            50,
            document(format!(
                "mutation {{ {} }}",
                "startTask(taskId: \"x\") { id } ".repeat(51)
            )),
            51,
        ),
        (
            "fields and arguments that the schema does not have",
            10,
            document(format!("{{ {} }}", many(11, |n| format!("shoe{n} ")))),
            11,
        ),
        (
            "complexity of the operation",
            50_000,
            document(
                "{ agents(first: 200) { nodes { tasks(first: 200) { nodes { id status } } } } }"
                    .to_owned(),
            ),
            ANY,
        ),
        (
            "values of variables, as often as they are used",
            200_000,
            json!({
                "query": format!(
                    "query($ids: [ID!]!) {{ {} }}",
                    many(5, |n| format!("a{n}: nodes(ids: $ids) {{ id }} "))
                ),
                "variables": {"ids": vec!["x"; 50_000]},
            }),
            250_005,
        ),
        (
            "values of a request",
            80_000,
            json!({"query": ME, "variables": {"ids": vec![0; 100_001]}}),
            100_005,
        ),
        (
            "nested values of a request",
            100,
            json!({"query": ME, "variables": {"deep": (0..110).fold(json!(0), |inner, _| json!([inner]))}}),
            112,
        ),
    ]
}

#[tokio::test]
async fn what_asks_for_too_much_is_told_by_how_much_and_counted() {
    let edge = Edge::start().await;
    for (limit, value, body, requested) in beyond() {
        let before = counted(&edge, limit).await;
        let request = edge
            .post(Some(&edge.operator))
            .header("accept", "application/graphql-response+json")
            .json(&body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_client_error(), "{limit}");
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(code(&answer), "LIMIT_EXCEEDED", "{limit}: {answer}");
        assert!(answer.get("data").is_none(), "{answer}");
        let error = &answer["errors"][0]["extensions"];
        assert_eq!(error["limit"], limit);
        assert_eq!(error["value"], value, "{limit}");
        assert_eq!(error["retryable"], false);
        let told = error["requested"].as_u64().unwrap();
        assert!(
            told == requested || requested == ANY && told > value,
            "{limit}: {told}"
        );
        assert_eq!(counted(&edge, limit).await, before + 1, "{limit}");
        assert_eq!(edge.ask(ME).await["data"]["me"]["id"], "SYSTEM-001");
    }
}

#[tokio::test]
async fn it_is_told_over_a_socket_and_as_an_event_too() {
    let edge = Edge::start().await;
    let crossing = format!("{{ me {{ {} }} }}", many(201, |n| format!("a{n}: id ")));
    let mut socket = edge.socket().await;
    socket.subscribe("1", &crossing).await;
    let heard = socket.hear().await;
    assert_eq!(heard["type"], "error");
    assert_eq!(
        heard["payload"][0]["extensions"]["limit"],
        "aliases of a document"
    );
    let request = edge.stream_of(&edge.operator, &crossing);
    let mut events: Events = request.send().await.unwrap().into();
    let event = events.event().await;
    assert_eq!(
        event["data"]["errors"][0]["extensions"]["limit"],
        "aliases of a document"
    );
    assert_eq!(counted(&edge, "aliases of a document").await, 2);
}

#[tokio::test]
async fn an_answer_has_a_hundred_errors_and_one_that_says_how_many_there_were() {
    let edge = Edge::start().await;
    let ids: Vec<_> = (0..60).map(|n| format!("L1-NOBODY-{n}")).collect();
    let fields = |name: &str| {
        many(60, |n| {
            format!("{name}{n}: agent(id: \"{}\") {{ id }} ", ids[n])
        })
    };
    // Each lacks a selection and has an argument of the wrong type.
    let wrong = format!("{{ {} }}", "agents(first: \"x\") ".repeat(90));
    let errors = edge.ask(&wrong).await["errors"].clone();
    let errors = errors.as_array().unwrap();
    assert_eq!(errors.len(), 101);
    let last = &errors[100]["extensions"];
    assert_eq!(
        (&last["limit"], &last["value"]),
        (&json!("errors in an answer"), &json!(100))
    );
    assert_eq!(last["requested"], 180);
    // Executed: what was found stays, and null stands wherever something failed.
    let answer = edge.ask(&format!("{{ {} }}", fields("a"))).await;
    assert_eq!(answer["errors"].as_array().unwrap().len(), 60);
    assert_eq!(answer["data"]["a59"], Value::Null);
}

#[tokio::test]
async fn an_answer_has_so_many_bytes() {
    let edge = Edge::start().await;
    let config = json!({"text": "x".repeat(250_000)});
    let call =
        "mutation($c: JSON!) { updateAgentConfig(agentId: \"SYSTEM-001\", config: $c) { id } }";
    let request = edge.post(Some(&edge.operator));
    let request = request.json(&json!({"query": call, "variables": {"c": config}}));
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert!(answer.get("errors").is_none(), "{answer}");
    let shown = |times| {
        format!(
            "{{ me {{ {} }} }}",
            many(times, |n| format!("a{n}: config "))
        )
    };
    assert_eq!(edge.ask(&shown(60)).await["data"]["me"]["a59"], config);
    let answer = edge.ask(&shown(80)).await;
    assert_eq!(answer["data"], Value::Null);
    let error = &answer["errors"][0]["extensions"];
    assert_eq!(error["limit"], "bytes of an answer");
    assert_eq!(error["value"], 16 * 1024 * 1024);
    assert!(
        error["requested"].as_u64().unwrap() > 20_000_000 - 100_000,
        "{error}"
    );
    assert_eq!(counted(&edge, "bytes of an answer").await, 1);
}

#[tokio::test]
async fn what_is_compressed_is_not_taken() {
    let edge = Edge::start().await;
    for (encoding, status) in [
        ("gzip", 415),
        ("br", 415),
        ("identity, gzip", 415),
        ("identity", 200),
    ] {
        let request = edge
            .post(Some(&edge.operator))
            .header("content-encoding", encoding);
        let answer = request.json(&json!({"query": ME})).send().await.unwrap();
        assert_eq!(answer.status(), status, "{encoding}");
        if status == 415 {
            assert_eq!(code(&answer.json().await.unwrap()), "BAD_USER_INPUT");
        }
    }
}

#[tokio::test]
async fn the_schema_and_its_names_are_shown_to_agents_only() {
    let edge = Edge::start().await;
    let asked = async |token: Option<&str>, query: &str| -> Value {
        let request = edge.post(token).json(&json!({ "query": query }));
        request.send().await.unwrap().json().await.unwrap()
    };
    for query in [
        "{ __schema { queryType { name } } }",
        "{ ... { a: __type(name: \"Task\") { name } } }",
        "{ ...f } fragment f on Query { __schema { types { name } } }",
    ] {
        assert_eq!(
            code(&asked(None, query).await),
            "UNAUTHENTICATED",
            "{query}"
        );
        let shown = asked(Some(&edge.operator), query).await;
        assert!(shown.get("errors").is_none(), "{shown}");
    }
    let message = async |token: Option<&str>| {
        let answer = asked(token, "{ agnets { totalCount } }").await;
        answer["errors"][0]["message"].as_str().unwrap().to_owned()
    };
    assert!(!message(None).await.contains("agents"));
    assert!(
        message(Some(&edge.operator))
            .await
            .contains("Did you mean \"agents\"")
    );
}
