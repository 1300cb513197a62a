//! A token that is not good is refused in one way, whatever is wrong with it and at whichever door it is shown (spec R2.03).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Map, Value, json};

use super::raw::Socket;
use super::{Edge, header};

/// What is wrong, and the headers that show it.
type Shown = (&'static str, Vec<(&'static str, String)>);

/// Registers an agent and issues a session of that many seconds for it. Those of L2 report to L1-ONE-001.
async fn issued(edge: &Edge, id: &str, seconds: u32) -> Value {
    let (tier, _) = id.split_once('-').unwrap();
    let supervisor = match tier {
        "L2" => ", supervisorId: \"L1-ONE-001\"",
        _ => "",
    };
    for text in [
        format!(
            "registerAgent(input: {{id: \"{id}\", name: \"T\", tier: {tier}{supervisor}}}) {{ agent {{ id }} }}"
        ),
        format!(
            "issueSession(agentId: \"{id}\", ttlSeconds: {seconds}) {{ token session {{ id }} }}"
        ),
    ] {
        let mut answer = edge.ask(&format!("mutation {{ done: {text} }}")).await;
        assert!(answer.get("errors").is_none(), "{answer}");
        if answer["data"]["done"]["token"].is_string() {
            return answer["data"]["done"].take();
        }
    }
    panic!("no token for {id}")
}

fn token(issued: &Value) -> String {
    issued["token"].as_str().unwrap().to_owned()
}

/// A token's text with another header.
fn with_header(token: &str, header: &Value) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
}

/// A token's text with another claim, under its old signature.
fn with_claim(token: &str, name: &str, value: Value) -> String {
    let mut parts: Vec<&str> = token.split('.').collect();
    let claims = URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
    let mut claims: Value = serde_json::from_slice(&claims).unwrap();
    claims[name] = value;
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    parts[1] = &claims;
    parts.join(".")
}

/// Tokens that were good once, of sessions and agents that are so no longer.
async fn ended(edge: &Edge) -> Vec<(&'static str, String)> {
    let expired = issued(edge, "L1-LATE-001", 1).await;
    let revoked = issued(edge, "L1-GONE-001", 600).await;
    let rotated = issued(edge, "L1-TURN-001", 600).await;
    let stopped = issued(edge, "L1-OFF-001", 600).await;
    let broken = issued(edge, "L1-ODD-001", 600).await;
    let id = revoked["session"]["id"].as_str().unwrap();
    for done in [
        format!("mutation {{ revokeSession(sessionId: \"{id}\") {{ id }} }}"),
        "mutation { deactivateAgent(agentId: \"L1-OFF-001\", reason: \"t\") { id } }".to_owned(),
        "mutation { setAgentError(agentId: \"L1-ODD-001\", reason: \"t\") { id } }".to_owned(),
    ] {
        let answer = edge.ask(&done).await;
        assert!(answer.get("errors").is_none(), "{answer}");
    }
    let rotate = edge
        .post(Some(&token(&rotated)))
        .json(&json!({"query": "mutation { rotateSession { session { id } } }"}));
    assert_eq!(rotate.send().await.unwrap().status(), 200);
    edge.running.clock.advance(Duration::from_secs(5));
    [
        ("expired", expired),
        ("revoked", revoked),
        ("rotated away", rotated),
        ("of a deactivated agent", stopped),
        ("of an agent in ERROR", broken),
    ]
    .map(|(what, issued)| (what, token(&issued)))
    .into()
}

/// Everything that is no good token.
async fn bad(edge: &Edge) -> Vec<Shown> {
    let good = edge.operator.as_str();
    let elsewhere = Edge::start().await;
    let kid = good.split('.').next().unwrap();
    let mut known: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(kid).unwrap()).unwrap();
    let with = |name: &str, value: &str| {
        let mut header = known.clone();
        header[name] = value.into();
        with_header(good, &header)
    };
    let unsigned = with("alg", "none");
    let (unsigned, _) = unsigned.rsplit_once('.').unwrap();
    let signature = good.rsplit_once('.').unwrap().1;
    let mut tokens = ended(edge).await;
    tokens.extend([
        ("of another installation", elsewhere.operator.clone()),
        ("unsigned", format!("{unsigned}.")),
        ("of another algorithm", with("alg", "HS256")),
        ("of another type", with("typ", "JWT")),
        ("of a key that nobody has", with("kid", "nobody")),
        (
            "signed otherwise",
            good.replace(signature, &"A".repeat(signature.len())),
        ),
        (
            "for another agent",
            with_claim(good, "sub", json!("L1-LATE-001")),
        ),
        (
            "for longer",
            with_claim(good, "exp", json!(9_999_999_999_u64)),
        ),
        ("of another tier", with_claim(good, "tier", json!("L3"))),
        ("cut", good[..good.len() - 5].to_owned()),
        ("in two parts", good.rsplit_once('.').unwrap().0.to_owned()),
        ("no token", "garbage".to_owned()),
        ("a secret", format!("zgs_{}", "A".repeat(43))),
        ("too long", "x".repeat(20_000)),
        ("nothing", String::new()),
        ("SQL", "' OR '1'='1".to_owned()),
    ]);
    known["jwk"] = json!({"kty": "OKP"});
    tokens.push(("with a key of its own", with_header(good, &known)));
    let mut shown: Vec<Shown> = Vec::new();
    for (what, token) in tokens {
        shown.push((what, vec![("authorization", format!("Bearer {token}"))]));
        shown.push((what, vec![("x-agent-token", token)]));
    }
    let bearer = ("authorization", format!("Bearer {good}"));
    shown.extend([
        (
            "another scheme",
            vec![("authorization", format!("Basic {good}"))],
        ),
        ("no scheme", vec![("authorization", good.to_owned())]),
        (
            "two that differ",
            vec![bearer, ("x-agent-token", elsewhere.operator.clone())],
        ),
    ]);
    shown
}

/// A request of each kind that looks at a token; of bytes once for an asset that there is, once for one that there is not.
async fn doors(edge: &Edge) -> Vec<RequestBuilder> {
    let made = edge
        .ask("mutation { registerAsset(input: {kind: IMAGE, mediaType: \"image/png\"}) { id } }")
        .await;
    let made = made["data"]["registerAsset"]["id"].as_str().unwrap();
    let page = |path: String| format!("http://{}{path}", edge.running.address);
    let query = json!({"query": "{ me { id } }"});
    let follow = json!({"query": "subscription { agentUpdates { action } }"});
    let (graphql, events) = ("application/graphql-response+json", "text/event-stream");
    let mut doors = vec![
        edge.post(None).header("accept", graphql).json(&query),
        edge.post(None)
            .header("accept", graphql)
            .json(&json!({"query": "{ me {"})),
        edge.post(None)
            .header("accept", "application/json")
            .json(&query),
        edge.post(None).header("accept", events).json(&query),
        edge.post(None).header("accept", events).json(&follow),
        edge.http
            .get(edge.url())
            .header("accept", graphql)
            .query(&[("query", "{ me { id } }")]),
        edge.http
            .get(edge.url())
            .header("accept", events)
            .query(&[("query", "subscription { agentUpdates { action } }")]),
        edge.http
            .get(page("/audit/tlog/tile/entries/000".to_owned())),
    ];
    for id in [made, "asset_01h455vb4pex5vsknk084sn02q"] {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
            let page = page(format!("/assets/{id}/content"));
            doors.push(edge.http.request(method, page));
        }
    }
    doors
}

/// Status, headers and body, but for what is each answer's own.
async fn read(answer: Response) -> String {
    let id = header(&answer, "x-request-id").to_owned();
    let own = ["date", "x-request-id"];
    let mut lines: Vec<String> = answer
        .headers()
        .iter()
        .filter(|(name, _)| !own.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort_unstable();
    lines.insert(0, answer.status().to_string());
    lines.push(answer.text().await.unwrap().replace(&id, "ID"));
    lines.join("\n")
}

#[tokio::test]
async fn whatever_is_wrong_with_a_token_every_door_says_the_same_of_it() {
    let edge = Edge::start_with(|config| config.limits.address_rate = 0).await;
    let bad = bad(&edge).await;
    for door in doors(&edge).await {
        let mut first = None;
        for (what, headers) in &bad {
            let mut request = door.try_clone().unwrap();
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            let heard = read(request.send().await.unwrap()).await;
            let refused = ["401 Unauthorized", "www-authenticate: Bearer"];
            let plain = heard.contains("200 OK") && heard.contains("application/json");
            assert!(
                plain || refused.iter().all(|part| heard.contains(part)),
                "{heard}"
            );
            let first = first.get_or_insert_with(|| heard.clone());
            assert_eq!(heard, *first, "{what} at {door:?}");
        }
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_a_token_a_socket_closes_in_the_same_words() {
    let edge = Edge::start().await;
    let mut first = None;
    for (what, shown) in bad(&edge).await {
        let mut payload = Map::new();
        for (name, value) in &shown {
            payload.insert((*name).to_owned(), json!(value));
        }
        let headers: Vec<_> = shown
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let address = edge.running.address;
        for (headers, payload) in [(&[][..], payload), (&headers, Map::new())] {
            let protocol = Some("graphql-transport-ws");
            let mut socket = Socket::open(address, protocol, headers).await.unwrap();
            socket.init(&Value::Object(payload)).await;
            let heard = socket.hear().await;
            assert_eq!(heard["close"], 4401, "{what}: {heard}");
            let first = first.get_or_insert_with(|| heard.clone());
            assert_eq!(heard, *first, "{what}");
        }
    }
}

#[tokio::test]
async fn bytes_that_are_hidden_and_bytes_that_there_are_not_are_refused_alike() {
    let edge = Edge::start().await;
    issued(&edge, "L1-ONE-001", 600).await;
    let stranger = token(&issued(&edge, "L2-ONE-001", 600).await);
    let maker = edge
        .ask("mutation { registerAsset(input: {kind: IMAGE, mediaType: \"image/png\"}) { id } }")
        .await;
    let id = maker["data"]["registerAsset"]["id"].as_str().unwrap();
    let url = |id: &str| format!("http://{}/assets/{id}/content", edge.running.address);
    let put = edge
        .http
        .put(url(id))
        .bearer_auth(&edge.operator)
        .body("a fox");
    assert_eq!(put.send().await.unwrap().status(), 200);
    let delete = format!("mutation {{ deleteAsset(assetId: \"{id}\", reason: \"t\") {{ id }} }}");
    for deleted in [false, true] {
        if deleted {
            let answer = edge.ask(&delete).await;
            assert!(answer.get("errors").is_none(), "{answer}");
        }
        for method in [Method::GET, Method::HEAD, Method::PUT] {
            let ask = async |id: &str| {
                let request = edge.http.request(method.clone(), url(id));
                let request = request.bearer_auth(&stranger).body("a fox");
                read(request.send().await.unwrap())
                    .await
                    .replace(id, "ASSET")
            };
            let (there, not) = (ask(id).await, ask("asset_01h455vb4pex5vsknk084sn02q").await);
            assert!(not.starts_with("404"), "{not}");
            assert_eq!(there, not, "{method} deleted {deleted}");
        }
    }
}
