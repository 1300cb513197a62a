//! A whole look, at a target that plays its part over the network: a good log, and one for each way to tamper with it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::entry::tests::{bytes, entry};
use super::note::tests::{pair, text_of};
use super::tree::{Tree, leaf_hash};
use super::*;

const EMPTY: &str = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
const AT: &str = "2026-01-01T00:00:00.000000Z";

/// What a target has: its entries, the hashes that it shows, and its agents.
struct Target {
    entries: Vec<Vec<u8>>,
    hashes: Vec<[u8; 32]>,
    agents: Vec<Value>,
    signer: u8,
    /// How many of the first entries lie in archives.
    archived: usize,
    /// A bundle that is not served.
    lost: Option<usize>,
}

impl Target {
    fn of(count: u32) -> Self {
        let entries: Vec<_> = (0..count)
            .map(|number| bytes(&registered(number)))
            .collect();
        Self {
            hashes: entries.iter().map(|entry| leaf_hash(entry)).collect(),
            entries,
            agents: (0..count).map(agent).collect(),
            signer: 1,
            archived: 0,
            lost: None,
        }
    }

    /// Everything that it answers, by path.
    fn pages(&self) -> HashMap<String, Vec<u8>> {
        let left = self.entries.iter().enumerate().skip(self.archived);
        let export: String = left.map(|(number, entry)| line(number, entry)).collect();
        let mut tree = Tree::default();
        self.hashes.iter().for_each(|hash| tree.push(*hash));
        let note = pair(self.signer).1(&text_of(tree.size(), &tree.root()));
        let mut pages = HashMap::from([
            ("/audit/tlog/key".to_owned(), pair(1).0.into_bytes()),
            ("/audit/tlog/checkpoint".to_owned(), note.into_bytes()),
            ("/audit/export/a-link".to_owned(), export.into_bytes()),
        ]);
        for (index, tile) in self.hashes.chunks(256).enumerate() {
            let (first, width) = (index * 256, tile.len() as u64);
            pages.insert(bundle::path("0", index as u64, width), tile.concat());
            let there = self.entries.iter().skip(first).take(256);
            let framed = there.flat_map(|entry| {
                let length = u16::try_from(entry.len()).unwrap().to_be_bytes();
                [&length, entry.as_slice()].concat()
            });
            if first >= self.archived && self.lost != Some(index) {
                pages.insert(
                    bundle::path("entries", index as u64, width),
                    framed.collect(),
                );
            }
        }
        for (level, index, tile) in tree.tiles() {
            let path = bundle::path(&level.to_string(), index as u64, tile.len() as u64);
            pages.insert(path, tile.concat());
        }
        pages
    }

    /// Serves it, and looks at it.
    async fn looked_at(self) -> Audit {
        self.looked_at_with(None).await
    }

    /// The same where archives were handed over.
    async fn looked_at_with(self, archives: Option<&Path>) -> Audit {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (pages, agents) = (Arc::new(self.pages()), Arc::new(self.agents));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&pages), Arc::clone(&agents)));
            }
        });
        look(&Client::new(address), archives).await.unwrap()
    }

    async fn faults(self) -> String {
        let audit = self.looked_at().await;
        assert_eq!(audit.holds(), audit.faults.is_empty());
        audit.faults.join("\n")
    }
}

/// An entry as archives and exports have it.
fn line(number: usize, entry: &[u8]) -> String {
    let entry = str::from_utf8(entry).unwrap();
    format!("{{\"index\":\"{number}\",\"entry\":{entry},\"hashes\":[],\"personal\":{{}}}}\n")
}

fn registered(number: u32) -> Value {
    let set = json!({
        "name": "A", "tier": "L1", "permissions": [], "capabilities": [], "configSha256": EMPTY, "state": "OPERATIONAL",
        "createdAt": AT,
    });
    let id = format!("L1-A-{number}");
    entry(number, "AGENT_REGISTERED", &id, json!({ "set": set }))
}

fn agent(number: u32) -> Value {
    json!({
        "id": format!("L1-A-{number}"), "name": "A", "tier": "L1", "status": "IDLE", "permissions": [], "capabilities": [],
        "config": {}, "createdAt": AT, "sessions": {"nodes": [], "pageInfo": {"hasNextPage": false}},
    })
}

async fn answer(
    mut stream: TcpStream,
    pages: Arc<HashMap<String, Vec<u8>>>,
    agents: Arc<Vec<Value>>,
) {
    let request = request(&mut stream).await;
    let path = request.split(' ').nth(1).unwrap_or_default();
    let body = match path {
        "/graphql" => Some(graphql(&request, &agents).to_string().into_bytes()),
        path => pages.get(path).cloned(),
    };
    let status = if body.is_some() {
        "200 OK"
    } else {
        "404 Not Found"
    };
    let body = body.unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream
        .write_all(&[head.as_bytes(), &body].concat())
        .await
        .unwrap();
}

/// A request with its whole body.
async fn request(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    loop {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.unwrap();
        read.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&read).into_owned();
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let head = head.to_lowercase();
            let length = head.split("content-length: ").nth(1);
            let length = length.and_then(|rest| rest.lines().next()?.parse().ok());
            body.len() >= length.unwrap_or(0)
        });
        if whole || count == 0 {
            return text;
        }
    }
}

/// Agents are all in one page, and there is nothing else.
fn graphql(request: &str, agents: &[Value]) -> Value {
    let body = request.split("\r\n\r\n").nth(1).unwrap_or_default();
    let asked: Value = serde_json::from_str(body).unwrap();
    let document = asked["query"].as_str().unwrap();
    let field = document.split("{ ").nth(1).unwrap();
    let field = field.split([' ', '(']).next().unwrap();
    let list = |nodes: &[Value]| json!({"nodes": nodes, "pageInfo": {"hasNextPage": false}});
    let found = match field {
        "agents" => list(agents),
        "taskTypes" => json!([]),
        "exportAuditLog" => json!({"url": "http://studio.example/audit/export/a-link"}),
        "node" => {
            let known = agents
                .iter()
                .find(|agent| agent["id"] == asked["variables"]["id"]);
            let Some(agent) = known else {
                let extensions = json!({"code": "NOT_FOUND"});
                return json!({"data": null, "errors": [{"message": "none", "extensions": extensions}]});
            };
            agent.clone()
        }
        _ => list(&[]),
    };
    json!({"data": {field: found}})
}

#[tokio::test]
async fn a_good_log_holds() {
    let audit = Target::of(300).looked_at().await;
    assert_eq!((audit.holds(), audit.faults), (true, Vec::new()));
    assert_eq!((audit.entries, audit.from), (300, 0));
    assert_eq!(audit.rows_by_kind[&Kind::Agent].compared, 300);
}

#[tokio::test]
async fn a_changed_byte_of_an_entry_is_found() {
    let mut target = Target::of(300);
    let entry = &mut target.entries[270];
    let last = entry.iter().rposition(|byte| *byte == b'A').unwrap();
    entry[last] = b'B';
    let faults = target.faults().await;
    assert!(
        faults.contains("entry 270 and its hash in the tile do not agree"),
        "{faults}"
    );
    assert!(
        faults.contains("do not lead to the signed root"),
        "{faults}"
    );
}

#[tokio::test]
async fn a_missing_entry_is_found() {
    let mut target = Target::of(300);
    target.entries.remove(270);
    let faults = target.faults().await;
    assert_eq!(
        faults,
        "/audit/tlog/tile/entries/001.p/44 has not its 44 entries"
    );
}

#[tokio::test]
async fn entries_that_are_not_served_behind_others_that_are_were_not_archived() {
    let mut target = Target::of(300);
    target.lost = Some(1);
    let faults = target.faults().await;
    assert_eq!(
        faults,
        "/audit/tlog/tile/entries/001.p/44 is signed for and not served: status 404"
    );
}

#[tokio::test]
async fn an_entry_that_was_left_out_of_a_log_signed_anew_is_found_by_its_row() {
    let mut target = Target::of(5);
    target.entries.remove(2);
    target.hashes.remove(2);
    let faults = target.faults().await;
    assert_eq!(faults, "agent L1-A-2 is there, and no entry tells of it");
}

#[tokio::test]
async fn a_signature_by_another_key_is_found() {
    let mut target = Target::of(5);
    target.signer = 2;
    let faults = target.faults().await;
    assert_eq!(
        faults,
        "the checkpoint does not open: no key that is trusted has signed it"
    );
}

#[tokio::test]
async fn a_row_changed_or_removed_behind_the_back_of_the_log_is_found() {
    let mut target = Target::of(5);
    target.agents[3]["tier"] = json!("L2");
    target.agents.remove(1);
    let faults = target.faults().await;
    let expected = "agent L1-A-1 is not there, and entries tell of it\n\
        agent L1-A-3 is not what its entries give: tier is \"L2\" and by its entries \"L1\"";
    assert_eq!(faults, expected);
}

#[tokio::test]
async fn archived_entries_are_counted_and_their_hashes_read() {
    let mut target = Target::of(300);
    target.archived = 1;
    let audit = target.looked_at().await;
    assert_eq!((audit.faults, audit.from), (Vec::new(), 256));
    let agents = audit.rows_by_kind[&Kind::Agent];
    assert_eq!((agents.compared, agents.not_foldable), (44, 256));
}

#[tokio::test]
async fn archives_that_were_handed_over_are_folded_before_what_is_served() {
    for (name, changed, faults) in [
        ("0-200-a.ndjson", "", ""),
        (
            "0-200-a.ndjson",
            "L1-A-9",
            "entry 9 and its hash in the tile do not agree",
        ),
        (
            "elsewhere",
            "",
            "entry 0 is neither served nor in the archives",
        ),
    ] {
        let mut target = Target::of(300);
        // The bundle in which the archive ends is not served, and what of it was not archived stands in an export alone.
        target.archived = 200;
        let folder = tempfile::tempdir().unwrap();
        let archived = target.entries.iter().take(200).enumerate();
        let archive: String = archived
            .map(|(number, entry)| line(number, entry))
            .map(|line| match line.contains(&format!("\"{changed}\"")) {
                true => line.replace("\"name\":\"A\"", "\"name\":\"B\""),
                false => line,
            })
            .collect();
        std::fs::write(folder.path().join(name), archive).unwrap();
        let audit = target.looked_at_with(Some(folder.path())).await;
        assert!(
            audit.faults.join("\n").contains(faults),
            "{:?}",
            audit.faults
        );
        assert_eq!(audit.holds(), faults.is_empty(), "{:?}", audit.faults);
        if audit.holds() {
            assert_eq!((audit.from, audit.unread), (256, 0));
            assert_eq!(audit.rows_by_kind[&Kind::Agent].compared, 300);
        }
    }
}

#[tokio::test]
async fn of_many_faults_the_first_are_told_and_all_are_counted() {
    let mut target = Target::of(120);
    target.agents.clear();
    let audit = target.looked_at().await;
    assert_eq!((audit.faults.len(), audit.fault_count), (50, 120));
}
