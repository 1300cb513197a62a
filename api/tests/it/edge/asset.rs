//! Bytes of assets over HTTP: put once, served so that nothing in them can run, and what a client may do wrong.

use std::time::Duration;

use entities::json::sha256_hex;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Edge, code, header};

impl Edge {
    /// Registers an asset of the operator's, of a media type and with what else is said; gives its path.
    async fn register(&self, media: &str, more: &str) -> String {
        let query = format!(
            "mutation {{ registerAsset(input: {{kind: OTHER, mediaType: \"{media}\" {more}}}) {{ uri }} }}"
        );
        let answer = self.ask(&query).await;
        let uri = answer["data"]["registerAsset"]["uri"].as_str();
        uri.unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    fn bytes(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://{}{path}", self.running.address);
        self.http.request(method, url)
    }

    async fn put(&self, path: &str, bytes: &'static [u8]) -> Response {
        let request = self.bytes(Method::PUT, path).bearer_auth(&self.operator);
        request.body(bytes).send().await.unwrap()
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = self.bytes(Method::GET, path).bearer_auth(&self.operator);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    /// Sends the head of a PUT and what else is said, as it is; gives the connection.
    async fn raw_put(&self, path: &str, rest: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.running.address).await.unwrap();
        let head = format!(
            "PUT {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-agent-token: {}\r\n",
            self.operator
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(rest).await.unwrap();
        stream
    }

    fn shelf(&self) -> std::path::PathBuf {
        self.data_dir.path().join("assets")
    }
}

async fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    let read = stream.read_to_string(&mut text);
    let read = tokio::time::timeout(Duration::from_secs(20), read).await;
    // A connection that is cut after the answer was sent is as good as one that is closed.
    assert!(read.is_ok(), "no answer but {text:?}");
    text
}

/// How many files lie in a directory and beneath.
fn count_files(directory: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| match path.is_dir() {
            true => count_files(&path),
            false => 1,
        })
        .sum()
}

#[tokio::test]
async fn bytes_come_back_dressed_so_that_nothing_in_them_runs() {
    let edge = Edge::start().await;
    let page = b"<script>alert(1)</script>";
    for (media, served, ending) in [
        ("image/png", "image/png", "png"),
        ("text/plain; charset=utf-8", "text/plain", "txt"),
        ("text/html", "application/octet-stream", "bin"),
        ("image/svg+xml", "application/octet-stream", "bin"),
    ] {
        let path = edge.register(media, "").await;
        let id = path.split('/').nth(2).unwrap();
        let taken = edge.put(&path, page).await;
        assert_eq!(taken.status(), 200);
        let taken: Value = taken.json().await.unwrap();
        let expected =
            json!({"id": id, "uri": path, "byteSize": page.len(), "sha256": sha256_hex(page)});
        assert_eq!(taken, expected);
        let found = edge.get(&path, &[]).await;
        assert_eq!(found.status(), 200);
        for (name, value) in [
            ("content-type", served),
            ("content-length", "25"),
            ("x-content-type-options", "nosniff"),
            (
                "content-security-policy",
                "sandbox; default-src 'none'; frame-ancestors 'none'",
            ),
            ("cache-control", "private, no-cache"),
            ("cross-origin-resource-policy", "same-origin"),
            ("access-control-allow-origin", ""),
            ("accept-ranges", "bytes"),
        ] {
            assert_eq!(header(&found, name), value, "{name} of {media}");
        }
        let name = format!("attachment; filename=\"{id}.{ending}\"");
        assert_eq!(header(&found, "content-disposition"), name);
        assert!(header(&found, "x-request-id").starts_with("req_"));
        assert_eq!(found.bytes().await.unwrap(), page.as_slice());
    }
    assert_eq!(edge.metric("ziggie_asset_stored_bytes_total").await, "100");
    assert_eq!(edge.metric("ziggie_asset_served_bytes_total").await, "100");
    let puts = r#"ziggie_resource_requests_total{kind="asset",method="PUT",code="OK"}"#;
    assert_eq!(edge.metric(puts).await, "4");
}

#[tokio::test]
async fn what_a_client_has_is_not_sent_again_and_a_part_is_sent_alone() {
    let edge = Edge::start().await;
    let path = edge.register("text/plain", "").await;
    edge.put(&path, b"0123456789").await;
    let etag = format!("\"{}\"", sha256_hex(b"0123456789"));
    let found = edge.get(&path, &[]).await;
    assert_eq!(header(&found, "etag"), etag);
    for known in [etag.as_str(), "*", &format!("\"x\", W/{etag}")] {
        let found = edge.get(&path, &[("if-none-match", known)]).await;
        assert_eq!(
            (found.status().as_u16(), header(&found, "etag")),
            (304, etag.as_str())
        );
        assert!(found.bytes().await.unwrap().is_empty());
    }
    for (headers, status, range, text) in [
        (vec![("range", "bytes=2-4")], 206, "bytes 2-4/10", "234"),
        (vec![("range", "bytes=-3")], 206, "bytes 7-9/10", "789"),
        (vec![("range", "bytes=7-")], 206, "bytes 7-9/10", "789"),
        (vec![("range", "bytes=10-")], 416, "bytes */10", ""),
        (vec![("range", "bytes=0-1,3-4")], 200, "", "0123456789"),
        (
            vec![("range", "bytes=0-1"), ("if-range", "\"x\"")],
            200,
            "",
            "0123456789",
        ),
        (vec![("if-none-match", "\"x\"")], 200, "", "0123456789"),
    ] {
        let found = edge.get(&path, &headers).await;
        assert_eq!(found.status().as_u16(), status, "{headers:?}");
        assert_eq!(header(&found, "content-range"), range, "{headers:?}");
        assert_eq!(header(&found, "content-length"), text.len().to_string());
        assert_eq!(found.text().await.unwrap(), text, "{headers:?}");
    }
    let head = edge.bytes(Method::HEAD, &path).bearer_auth(&edge.operator);
    let head = head.header("range", "bytes=0-1").send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), header(&head, "content-length")),
        (200, "10")
    );
    assert_eq!(header(&head, "etag"), etag);
    assert!(head.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn each_refusal_has_its_status_and_its_code() {
    let edge = Edge::start_with(|config| config.limits.max_asset_bytes = 100).await;
    let path = edge.register("text/plain", "").await;
    let refused = async |request: reqwest::RequestBuilder| {
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let id = header(&answer, "x-request-id").to_owned();
        assert!(header(&answer, "content-type").starts_with("application/json"));
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["requestId"], id);
        (status, code(&answer).to_owned())
    };
    let of = |status: u16, code: &str| (status, code.to_owned());
    let by = |method: Method, path: &str| edge.bytes(method, path).bearer_auth(&edge.operator);
    // Nobody, and somebody who is none.
    for method in [Method::GET, Method::PUT] {
        let nobody = refused(edge.bytes(method.clone(), &path)).await;
        assert_eq!(nobody, of(401, "UNAUTHENTICATED"));
        let forged = refused(edge.bytes(method, &path).bearer_auth("a.b.c")).await;
        assert_eq!(forged, of(401, "UNAUTHENTICATED"));
    }
    for nothing in [
        "/assets/nonsense/content",
        "/assets/asset_00000000000000000000000000/content",
    ] {
        assert_eq!(
            refused(by(Method::GET, nothing)).await,
            of(404, "NOT_FOUND")
        );
        assert_eq!(
            refused(by(Method::PUT, nothing)).await,
            of(404, "NOT_FOUND")
        );
    }
    assert_eq!(
        refused(by(Method::GET, &path)).await,
        of(404, "NOT_FOUND"),
        "not put yet"
    );
    let other = by(Method::POST, &path).send().await.unwrap();
    assert_eq!(
        (other.status().as_u16(), header(&other, "allow")),
        (405, "GET, HEAD, PUT")
    );
    let coded = by(Method::PUT, &path).header("content-encoding", "gzip");
    assert_eq!(refused(coded.body("x")).await, of(415, "BAD_USER_INPUT"));
    let part = by(Method::PUT, &path).header("content-range", "bytes 0-0/2");
    assert_eq!(refused(part.body("x")).await, of(400, "BAD_USER_INPUT"));

    let named = format!(", sha256: \"{}\"", sha256_hex(b"fox"));
    let hashed = edge.register("text/plain", &named).await;
    let wrong = refused(by(Method::PUT, &hashed).body("goose")).await;
    assert_eq!(wrong, of(422, "BAD_USER_INPUT"));
    assert_eq!(count_files(&edge.shelf()), 0);

    assert_eq!(edge.put(&path, b"fox").await.status(), 200);
    assert_eq!(edge.put(&path, b"fox").await.status(), 200);
    assert_eq!(
        refused(by(Method::PUT, &path).body("goose")).await,
        of(409, "CONFLICT")
    );
    let id = path.split('/').nth(2).unwrap();
    let delete =
        format!("mutation {{ deleteAsset(assetId: \"{id}\", reason: \"old\") {{ status }} }}");
    let deleted = edge.ask(&delete).await;
    assert_eq!(deleted["data"]["deleteAsset"]["status"], "DELETED");
    assert_eq!(refused(by(Method::GET, &path)).await, of(410, "NOT_FOUND"));
    assert_eq!(
        refused(by(Method::PUT, &path).body("fox")).await,
        of(409, "CONFLICT")
    );
    assert_eq!(count_files(&edge.shelf()), 0);
}

#[tokio::test]
async fn an_upload_beyond_the_limit_is_refused_whether_or_not_it_says_its_size() {
    let edge = Edge::start_with(|config| config.limits.max_asset_bytes = 100).await;
    let body = "x".repeat(101);
    for rest in [
        format!("content-length: 101\r\n\r\n{body}"),
        format!("transfer-encoding: chunked\r\n\r\n65\r\n{body}\r\n0\r\n\r\n"),
    ] {
        let path = edge.register("text/plain", "").await;
        let text = answer(edge.raw_put(&path, rest.as_bytes()).await).await;
        assert!(text.starts_with("HTTP/1.1 413 "), "{text}");
        assert!(text.contains(r#""code":"LIMIT_EXCEEDED""#), "{text}");
    }
    let path = edge.register("text/plain", "").await;
    let fits = format!(
        "transfer-encoding: chunked\r\n\r\n64\r\n{}\r\n0\r\n\r\n",
        &body[1..]
    );
    let text = answer(edge.raw_put(&path, fits.as_bytes()).await).await;
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    assert_eq!(count_files(&edge.shelf()), 1);
}

#[tokio::test]
async fn an_upload_that_breaks_off_or_stalls_leaves_nothing_and_can_be_sent_again() {
    let edge = Edge::start_with(|config| {
        config.limits.upload_pause = Duration::from_millis(300);
    })
    .await;
    let path = edge.register("text/plain", "").await;
    let half = format!("content-length: 2000000\r\n\r\n{}", "x".repeat(1_000_000));
    drop(edge.raw_put(&path, half.as_bytes()).await);
    let stalled = answer(edge.raw_put(&path, half.as_bytes()).await).await;
    assert!(stalled.starts_with("HTTP/1.1 408 "), "{stalled}");
    assert!(stalled.contains(r#""code":"UNAVAILABLE""#), "{stalled}");
    // The other one is cleared when the server hears that the client has gone.
    let cleared = async {
        while count_files(&edge.shelf()) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let cleared = tokio::time::timeout(Duration::from_secs(20), cleared).await;
    assert!(cleared.is_ok(), "something is left");
    assert_eq!(edge.get(&path, &[]).await.status(), 404);
    assert_eq!(edge.put(&path, b"fox").await.status(), 200);
}

#[tokio::test]
async fn too_many_uploads_at_once_are_refused_for_the_moment() {
    let edge = Edge::start_with(|config| config.limits.max_uploads = 1).await;
    let path = edge.register("text/plain", "").await;
    let mut first = edge
        .raw_put(&path, b"content-length: 4\r\nexpect: 100-continue\r\n\r\n")
        .await;
    // The server asks for the body once it has let the upload in.
    let mut asked = [0; 25];
    first.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    let other = edge.register("text/plain", "").await;
    let busy = edge.put(&other, b"fox").await;
    assert_eq!(busy.status(), 503);
    let busy: Value = busy.json().await.unwrap();
    assert_eq!(busy["errors"][0]["extensions"]["retryable"], true);
    first.write_all(b"done").await.unwrap();
    assert!(answer(first).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(edge.put(&other, b"fox").await.status(), 200);
}

#[tokio::test]
async fn nobody_else_can_enter_the_folder_and_another_can_be_named() {
    use std::os::unix::fs::PermissionsExt;
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = elsewhere.path().join("deep/assets");
    let named = format!("file://{}", folder.display());
    let edge = Edge::start_with(|config| config.asset_store = Some(named)).await;
    let path = edge.register("text/plain", "").await;
    assert_eq!(edge.put(&path, b"fox").await.status(), 200);
    assert_eq!(count_files(&folder), 1);
    assert!(!edge.shelf().exists());
    let mode = std::fs::metadata(&folder).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}
