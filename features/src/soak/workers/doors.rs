//! Somebody who knows every server and asks another when one does not answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, ensure};
use gates::client::{Call, Client, ClientError};
use serde_json::Value;
use tokio::time::{Instant, sleep};

/// How long somebody asks before giving up.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// One agent at every server.
#[derive(Clone)]
pub(super) struct Doors {
    clients: Vec<Client>,
    turn: Arc<AtomicUsize>,
}

impl Doors {
    pub(super) fn new(clients: Vec<Client>) -> Self {
        Self {
            clients,
            turn: Arc::default(),
        }
    }

    /// Sends a call to one server after the other until it is answered for good. It must be one that may be repeated.
    pub(super) async fn insist(&self, call: &Call) -> Result<Value> {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let client = self.clients.get(turn % self.clients.len());
            let trouble = match client.context("a server")?.send(call).await {
                Ok(answer) => match answer.fault() {
                    None => return Ok(answer.data[call.field()].clone()),
                    Some(fault) if fault.retryable() == Some(true) => anyhow!("{fault}"),
                    Some(fault) => return Err(anyhow!("{fault}").context(call.field())),
                },
                Err(error @ ClientError::Unreachable { .. }) => error.into(),
                Err(error @ ClientError::NotGraphql { .. }) => return Err(error.into()),
            };
            ensure!(
                Instant::now() < give_up,
                "{} was not answered: {trouble:#}",
                call.field()
            );
            sleep(PAUSE).await;
        }
    }

    /// Gives an agent a session; the same servers for it.
    pub(super) async fn issue(&self, agent: &str) -> Result<Self> {
        let issue = Call::mutation("issueSession")
            .with("agentId", "ID!", agent)
            .selecting("token");
        let issued = self.insist(&issue).await?;
        let token = issued["token"].as_str().context("a session has a token")?;
        let clients = self.clients.iter();
        Ok(Self::new(
            clients.map(|client| client.with_token(token)).collect(),
        ))
    }
}
