//! Exports over HTTP: from the link to the body to the manifest.

use serde_json::{Value, json};

use super::Edge;

impl Edge {
    async fn fetch(&self, path: &str) -> reqwest::Response {
        let url = format!("http://{}{path}", self.running.address);
        self.http.get(url).send().await.unwrap()
    }
}

#[tokio::test]
async fn whoever_has_the_link_fetches_the_body_then_the_manifest() {
    let edge = Edge::start().await;
    let query = "mutation { exportAuditLog(format: NDJSON) { url manifestUrl expiresAt } }";
    let export = loop {
        let request = edge
            .post(Some(&edge.operator))
            .json(&json!({"query": query}));
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        match answer["data"]["exportAuditLog"].clone() {
            // The first checkpoint is made a second after the start.
            Value::Null => assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE"),
            export => break export,
        }
    };
    let (url, manifest) = (
        export["url"].as_str().unwrap(),
        export["manifestUrl"].as_str().unwrap(),
    );
    assert_eq!(edge.fetch(manifest).await.status(), 409);
    let answer = edge.fetch(url).await;
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    let name = answer.headers()["content-disposition"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(name.starts_with("attachment; filename=\"audit-"), "{name}");
    let body = answer.text().await.unwrap();
    let manifest: Value = edge.fetch(manifest).await.json().await.unwrap();
    assert_eq!(manifest["rows"], body.lines().count());
    assert_eq!(manifest["bytes"], body.len());
    assert_eq!(edge.fetch("/audit/export/zgs_nothing").await.status(), 404);
    let url = format!("http://{}{url}", edge.running.address);
    assert_eq!(edge.http.post(url).send().await.unwrap().status(), 405);
}
