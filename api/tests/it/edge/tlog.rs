//! The log for whoever follows it from outside, over HTTP.

use tlog_tiles::{Hash, record_hash};
use ziggie::auth::note::{Verifier, open_checkpoint};

use super::Edge;

impl Edge {
    async fn log(&self, path: &str, token: Option<&str>) -> reqwest::Response {
        let url = format!("http://{}/audit/tlog/{path}", self.running.address);
        let request = self.http.get(url);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.unwrap()
    }

    /// The first one is made by itself, a second after the start at most.
    async fn checkpoint(&self) -> String {
        loop {
            let answer = self.log("checkpoint", None).await;
            if answer.status() == 200 {
                let media = &answer.headers()["content-type"];
                assert_eq!(media, "text/plain; charset=utf-8");
                return answer.text().await.unwrap();
            }
            assert_eq!(answer.status(), 503);
        }
    }
}

#[tokio::test]
async fn a_stranger_follows_the_log_and_reads_no_entry() {
    let edge = Edge::start().await;
    let note = edge.checkpoint().await;
    let key = edge.log("key", None).await.text().await.unwrap();
    let keys: Vec<Verifier> = key.lines().map(|line| line.parse().unwrap()).collect();
    let checkpoint = open_checkpoint(&note, &keys).unwrap();
    let tile = format!("tile/0/000.p/{}", checkpoint.size);
    let answer = edge.log(&tile, None).await;
    assert_eq!(
        answer.headers()["cache-control"],
        "public, max-age=31536000, immutable"
    );
    let hashes = answer.bytes().await.unwrap();
    assert_eq!(hashes.len() as u64, 32 * checkpoint.size);

    let entries = format!("tile/entries/000.p/{}", checkpoint.size);
    assert_eq!(edge.log(&entries, None).await.status(), 401);
    let answer = edge.log(&entries, Some(&edge.operator)).await;
    assert_eq!(
        answer.headers()["cache-control"],
        "private, max-age=31536000, immutable"
    );
    let mut bundle = answer.bytes().await.unwrap();
    for hash in hashes.chunks(32) {
        let length = usize::from(u16::from_be_bytes([bundle[0], bundle[1]]));
        let entry = bundle.split_to(2 + length);
        assert_eq!(record_hash(&entry[2..]), Hash(hash.try_into().unwrap()));
    }
    assert!(bundle.is_empty());
}

#[tokio::test]
async fn what_is_no_part_of_the_log_is_not_found_and_nothing_is_put() {
    let edge = Edge::start().await;
    edge.checkpoint().await;
    for path in [
        "nothing",
        "tile/0/999",
        "tile/0/x999/x999/x999/x999/999",
        "tile/entries/999",
    ] {
        assert_eq!(
            edge.log(path, Some(&edge.operator)).await.status(),
            404,
            "{path}"
        );
    }
    let url = format!("http://{}/audit/tlog/checkpoint", edge.running.address);
    let answer = edge.http.post(url).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["allow"]),
        (405, &"GET, HEAD".parse().unwrap())
    );
}
