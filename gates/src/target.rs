//! What is judged: a server, met as its operator.

use serde_json::Value;
use thiserror::Error;

use crate::client::{Call, Client, ClientError};

/// A server that answered, and who it says it is.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its operator.
    pub operator: Client,
    /// Where it answers GraphQL: `127.0.0.1:7400`.
    pub address: String,
    /// Where it answers those who run it, if that is known: memory and CPU are read there.
    pub admin: Option<Client>,
    /// Which installation it belongs to.
    pub installation_id: String,
    /// SHA-256 of the sources that it was built from.
    pub build_hash: String,
    /// Its version.
    pub version: String,
}

/// A target that cannot be judged, because it was not reached.
#[derive(Debug, Error)]
pub enum NotReached {
    /// Nobody answered, or somebody who speaks no GraphQL.
    #[error("it does not answer: {0}")]
    Silent(#[from] ClientError),
    /// It turned the token away.
    #[error("it refused: {0}")]
    Refused(String),
}

impl Target {
    /// Asks a server who it is.
    ///
    /// # Errors
    /// When nobody answers at the address, and when the token is refused.
    pub async fn reach(
        address: &str,
        admin: Option<&str>,
        token: &str,
    ) -> Result<Self, NotReached> {
        let operator = Client::new(address).with_token(token);
        let call = Call::query("server").selecting("installationId version buildHash");
        let server = ask(&operator, &call).await?;
        let text = |name: &str| server[name].as_str().unwrap_or_default().to_owned();
        Ok(Self {
            address: address.to_owned(),
            admin: admin.map(Client::new),
            installation_id: text("installationId"),
            build_hash: text("buildHash"),
            version: text("version"),
            operator,
        })
    }
}

/// Sends a call and gives what it answered.
///
/// # Errors
/// When there is no answer, and when it is a refusal.
pub(crate) async fn ask(client: &Client, call: &Call) -> Result<Value, NotReached> {
    let answer = client.send(call).await?;
    match answer.fault() {
        None => Ok(answer.data[call.field()].clone()),
        Some(fault) => Err(NotReached::Refused(format!("{}: {fault}", call.field()))),
    }
}
