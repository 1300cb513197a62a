//! How people get in: with a secret, or by a session that the operator issues.

use anyhow::{Context as _, Result};
use gates::client::{Call, Client};

use super::{SESSION, Studio, expect_success};
use crate::{tell::Tell as _, word::Agent};

impl Studio {
    /// A client without a token.
    ///
    /// # Errors
    /// When no server was started.
    pub fn door(&self) -> Result<Client> {
        Ok(self.house()?.client().with_journal(self.journal.clone()))
    }

    /// A client that shows the token of `who`, who logs in first if need be; a stranger shows none.
    ///
    /// # Errors
    /// When there is no server or the login is refused.
    pub async fn client(&mut self, who: &Agent) -> Result<Client> {
        let door = self.door()?;
        if who.is_stranger() {
            return Ok(door);
        }
        if self.person(who).token.is_none() {
            self.log_in(who).await?;
        }
        let token = self.person(who).token.clone().context("just logged in")?;
        Ok(door.with_token(token))
    }

    /// Opens a session for `who`: with its secret where the scenario knows it, else issued by the operator.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn log_in(&mut self, who: &Agent) -> Result<()> {
        if who.id() == Agent::operator().id()
            && let Some(token) = self.house()?.operator_token().map(str::to_owned)
        {
            self.person(who).token = Some(token);
            return Ok(());
        }
        let answer = match self.secret(who)? {
            Some(secret) => self.door()?.send(&authenticate(who, &secret)).await?,
            None => {
                let call = Call::mutation("issueSession")
                    .with("agentId", "ID!", who.id())
                    .selecting(SESSION);
                Box::pin(self.send(&Agent::operator(), &call)).await?
            }
        };
        let opened = expect_success(&answer).tell(|| format!("{who} logs in"))?;
        let opened = opened
            .as_object()
            .and_then(|data| data.values().next())
            .cloned()
            .unwrap_or_default();
        self.person(who).open(&opened)
    }

    /// The secret of `who` as far as the scenario knows it; the operator's lies in the data directory.
    ///
    /// # Errors
    /// When the operator's cannot be read.
    pub fn secret(&mut self, who: &Agent) -> Result<Option<String>> {
        if who.id() == Agent::operator().id() && self.person(who).secret.is_none() {
            self.person(who).secret = Some(self.house()?.operator_secret()?);
        }
        Ok(self.person(who).secret.clone())
    }
}

/// The call by which `who` trades a secret for a session.
#[must_use]
pub fn authenticate(who: &Agent, secret: &str) -> Call {
    Call::mutation("authenticate")
        .with("agentId", "ID!", who.id())
        .with("secret", "String!", secret)
        .selecting(SESSION)
}
