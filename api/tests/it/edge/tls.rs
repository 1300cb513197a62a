//! TLS on the public address: HTTP and sockets over it, what is refused at the start, and certificates that are renewed.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use ziggie::app::{self, Config, Running};

use super::config;

/// Whom the clients of these tests trust.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Writes another certificate and its key, and gives the certificate.
    fn issue(&self, folder: &Path) -> CertificateDer<'static> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["ziggie.example".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
        std::fs::write(folder.join("certificate.pem"), certificate.pem()).unwrap();
        certificate.der().clone()
    }

    async fn connect(
        &self,
        address: SocketAddr,
        versions: &[&'static SupportedProtocolVersion],
        protocol: &[u8],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("ziggie.example").unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }

    async fn connected(&self, address: SocketAddr) -> TlsStream<TcpStream> {
        let both = [&version::TLS12, &version::TLS13];
        self.connect(address, &both, b"http/1.1").await.unwrap()
    }
}

/// What a server says to a request over a connection.
async fn said(mut stream: TlsStream<TcpStream>) -> String {
    let request =
        "GET /.well-known/jwks.json HTTP/1.1\r\nhost: ziggie.example\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn with_files(folder: &Path) -> impl FnOnce(&mut Config) {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    move |config| {
        config.tls_certificate = Some(certificate);
        config.tls_key = Some(key);
        config.limits.header_timeout = Duration::from_millis(500);
    }
}

async fn started(change: impl FnOnce(&mut Config)) -> (tempfile::TempDir, anyhow::Result<Running>) {
    let data_dir = tempfile::tempdir().unwrap();
    let mut config = config(&data_dir);
    change(&mut config);
    let running = app::start(config).await;
    (data_dir, running)
}

#[tokio::test]
async fn requests_and_sockets_are_answered_over_tls_and_over_nothing_else() {
    let (files, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    authority.issue(files.path());
    let (_data, running) = started(with_files(files.path())).await;
    let running = running.unwrap();
    let address = running.address;
    assert_eq!(running.url, format!("https://{address}/graphql"));
    for version in [&version::TLS12, &version::TLS13] {
        let stream = authority
            .connect(address, &[version], b"http/1.1")
            .await
            .unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert!(said(stream).await.starts_with("HTTP/1.1 200 OK"));
    }
    // Nobody is led to believe that another protocol is spoken.
    let refused = authority.connect(address, &[&version::TLS13], b"h2").await;
    assert!(refused.is_err());

    let mut request = "ws://ziggie.example/graphql".into_client_request().unwrap();
    let protocol = "graphql-transport-ws".parse().unwrap();
    request
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    let stream = authority.connected(address).await;
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream)
        .await
        .unwrap();
    let init = json!({"type": "connection_init"}).to_string();
    socket.send(Message::text(init)).await.unwrap();
    let heard = socket.next().await.unwrap().unwrap().into_text().unwrap();
    assert_eq!(heard.as_str(), r#"{"type":"connection_ack"}"#);
    drop(socket);

    // Whoever speaks plainly, or says nothing, is cut off in time.
    for words in ["GET / HTTP/1.1\r\nhost: x\r\n\r\n", ""] {
        let mut plain = TcpStream::connect(address).await.unwrap();
        plain.write_all(words.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(20), plain.read_to_end(&mut answer));
        // Cut off with a word of TLS or without one, or reset.
        let _ = ended.await.expect("it is not cut off");
        assert!(
            !String::from_utf8_lossy(&answer).contains("HTTP/"),
            "{answer:?}"
        );
    }
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_certificate_is_renewed_without_a_restart_and_a_broken_one_changes_nothing() {
    let (files, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let first = authority.issue(files.path());
    let (_data, running) = started(with_files(files.path())).await;
    let running = running.unwrap();
    let served = async || {
        let stream = authority.connected(running.address).await;
        stream.get_ref().1.peer_certificates().unwrap()[0]
            .clone()
            .into_owned()
    };
    assert_eq!(served().await, first);
    // An open connection outlives what follows.
    let open = authority.connected(running.address).await;
    std::fs::write(files.path().join("certificate.pem"), "no certificate").unwrap();
    assert_eq!(served().await, first);
    let second = authority.issue(files.path());
    assert_ne!(first, second);
    assert_eq!(served().await, second);
    assert!(said(open).await.starts_with("HTTP/1.1 200 OK"));
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_served_with_is_named_at_the_start() {
    let (files, other, authority) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        Authority::new(),
    );
    authority.issue(files.path());
    authority.issue(other.path());
    let path = |name: &str| Some(files.path().join(name));
    std::fs::write(files.path().join("empty.pem"), "").unwrap();
    let strange = Some(other.path().join("key.pem"));
    for (certificate, key, complaint) in [
        (path("certificate.pem"), None, "tls_key is not"),
        (None, path("key.pem"), "tls_certificate is not"),
        (
            path("nowhere.pem"),
            path("key.pem"),
            "nowhere.pem cannot be read",
        ),
        (
            path("empty.pem"),
            path("key.pem"),
            "empty.pem has no certificate in PEM",
        ),
        (
            path("key.pem"),
            path("key.pem"),
            "key.pem has no certificate in PEM",
        ),
        (
            path("certificate.pem"),
            path("empty.pem"),
            "empty.pem has no private key in PEM",
        ),
        (path("certificate.pem"), strange, "cannot be used"),
    ] {
        let (_data, refused) = started(|config| {
            config.tls_certificate = certificate;
            config.tls_key = key;
        })
        .await;
        let refused = format!("{:#}", refused.expect_err("it started"));
        assert!(refused.contains(complaint), "{refused}");
    }
}
