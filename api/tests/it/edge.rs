//! The edge over real sockets: GraphQL over HTTP, graphql-transport-ws, the admin address, the binary and its commands.

mod asset;
mod audit;
mod away;
mod command;
mod drain;
mod event_stream;
mod export;
mod hostile;
mod http;
mod limits;
mod overload;
mod place;
mod protocol;
mod raw;
mod registered;
mod replica;
mod session;
mod share;
mod slow;
mod socket;
mod tlog;
mod tls;
mod token;
mod upgrade;

use std::net::{Ipv4Addr, SocketAddr};

use reqwest::Response;
use serde_json::{Value, json};
use tempfile::TempDir;
use ziggie::app::{self, Config, Running};

use raw::Socket;

/// A server in this process with a directory of its own, and the operator's token.
struct Edge {
    running: Running,
    http: reqwest::Client,
    operator: String,
    data_dir: TempDir,
}

/// Free ports of the loopback, in a directory of its own.
fn config(data_dir: &TempDir) -> Config {
    Config {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        admin_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        data_dir: data_dir.path().to_owned(),
        asset_folder_shared: true,
        ..Config::default()
    }
}

impl Edge {
    async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// With settings of its own.
    async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let data_dir = tempfile::tempdir().unwrap();
        let mut config = config(&data_dir);
        change(&mut config);
        let running = app::start(config).await.unwrap();
        let mut edge = Self {
            running,
            http: reqwest::Client::new(),
            operator: String::new(),
            data_dir,
        };
        edge.operator = edge.log_in().await;
        edge
    }

    /// Trades the operator's secret for another session.
    async fn log_in(&self) -> String {
        let secret = std::fs::read_to_string(self.data_dir.path().join("operator.secret")).unwrap();
        log_in_at(self.running.address, secret.trim()).await
    }

    fn url(&self) -> String {
        format!("http://{}/graphql", self.running.address)
    }

    fn post(&self, token: Option<&str>) -> reqwest::RequestBuilder {
        let request = self.http.post(self.url());
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Asks as the operator.
    async fn ask(&self, query: &str) -> Value {
        let answer = self
            .post(Some(&self.operator))
            .json(&json!({"query": query}))
            .send()
            .await
            .unwrap();
        answer.json().await.unwrap()
    }

    async fn page(&self, address: SocketAddr, path: &str) -> (u16, String) {
        let answer = self
            .http
            .get(format!("http://{address}{path}"))
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// A figure of `/metrics`.
    async fn metric(&self, name: &str) -> String {
        let (_, text) = self.page(self.running.admin_address, "/metrics").await;
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value
            .unwrap_or_else(|| panic!("no {name} in:\n{text}"))
            .to_owned()
    }

    /// An acknowledged socket of the operator's.
    async fn socket(&self) -> Socket {
        Socket::greeted(
            self.running.address,
            &json!({"authorization": format!("Bearer {}", self.operator)}),
        )
        .await
    }
}

/// Trades the operator's secret for a session of a server.
async fn log_in_at(address: SocketAddr, secret: &str) -> String {
    let login = format!(
        "mutation {{ authenticate(agentId: \"SYSTEM-001\", secret: \"{secret}\") {{ token }} }}"
    );
    let answer = ask_at(address, None, &login).await;
    let token = answer["data"]["authenticate"]["token"].as_str();
    token.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Asks a server, as whoever has the token.
async fn ask_at(address: SocketAddr, token: Option<&str>, query: &str) -> Value {
    let request = reqwest::Client::new()
        .post(format!("http://{address}/graphql"))
        .json(&json!({"query": query}));
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    request.send().await.unwrap().json().await.unwrap()
}

/// The first error's code.
fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"]
        .as_str()
        .unwrap_or_else(|| panic!("no code in {answer}"))
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}
