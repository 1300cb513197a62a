//! What a scenario knows of somebody: secrets, tokens, and what it hears.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Feed;
use crate::worker::Worker;

/// Somebody who calls the server.
#[derive(Debug, Default)]
pub struct Person {
    /// The secret that was shown last.
    pub secret: Option<String>,
    /// The secret before that.
    pub old_secret: Option<String>,
    /// The token in use.
    pub token: Option<String>,
    /// The token before that.
    pub old_token: Option<String>,
    /// The session of the token in use.
    pub session: Option<String>,
    /// The live connection.
    pub feed: Option<Feed>,
    /// The program that works for it.
    pub worker: Option<Worker>,
    /// The cursor of the last event that was heard.
    pub cursor: Option<String>,
}

impl Person {
    /// Takes the token of a session that was just opened, rotated or issued.
    ///
    /// # Errors
    /// When the answer holds none.
    pub fn open(&mut self, opened: &Value) -> Result<()> {
        let token = opened["token"]
            .as_str()
            .context("the answer has no token")?;
        self.old_token = self.token.replace(token.to_owned());
        self.session = opened["session"]["id"].as_str().map(str::to_owned);
        Ok(())
    }

    /// Takes a secret that was just shown.
    pub fn take_secret(&mut self, secret: &str) {
        self.old_secret = self.secret.replace(secret.to_owned());
    }
}
