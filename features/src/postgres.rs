//! A PostgreSQL server for tests, the same for the Gherkin suite, the demo and `cargo test`: the one that
//! `ZIGGIE_TEST_POSTGRES_URL` names, else one in a container that is removed with its handle. A guest of the house: it
//! knows no server types.

mod container;

use std::{env, fmt, time::Duration};

use anyhow::{Context, Result};
use container::Container;
use sea_orm::{ConnectOptions, Database};
use tokio::time::{Instant, sleep};

/// Names the server to use: a superuser's URL of its database `postgres`.
pub const URL_VARIABLE: &str = "ZIGGIE_TEST_POSTGRES_URL";

/// Names the image to start a container from, `postgres:17` say.
pub const IMAGE_VARIABLE: &str = "ZIGGIE_TEST_POSTGRES_IMAGE";

/// How long an engine or a server may take to answer before it counts as absent.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// A running server. Its container, if it has one of its own, is removed when this value is dropped: keep it out of
/// statics, which are never dropped, and drop it inside the runtime.
#[derive(Debug)]
pub struct Postgres {
    url: String,
    container: Option<Container>,
}

impl Postgres {
    /// Takes the server that `ZIGGIE_TEST_POSTGRES_URL` names, else starts a container where a Docker engine answers.
    /// The server has answered a first connection when this returns.
    ///
    /// # Errors
    /// [`Missing`] where there is neither; anything else means that one of the two is there and does not work.
    pub async fn obtain() -> Result<Self> {
        let server = match variable(URL_VARIABLE) {
            Some(url) => Self::named(url),
            None => Self::contained(Container::start(variable(IMAGE_VARIABLE)).await?),
        };
        server.answers_within(ANSWER_TIME).await?;
        Ok(server)
    }

    fn named(url: String) -> Self {
        Self {
            url,
            container: None,
        }
    }

    fn contained(container: Container) -> Self {
        Self {
            url: container.url().to_owned(),
            container: Some(container),
        }
    }

    /// A superuser's URL of the server's database `postgres`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Removes the container, if the server has one of its own; dropping does the same without telling of failure.
    ///
    /// # Errors
    /// The engine refused.
    pub async fn remove(self) -> Result<()> {
        match self.container {
            Some(container) => container.remove().await,
            None => Ok(()),
        }
    }

    /// Tries until the superuser was let in: a container's port takes connections before its server does.
    async fn answers_within(&self, patience: Duration) -> Result<()> {
        let give_up = Instant::now() + patience;
        loop {
            match self.lets_in(patience).await {
                Ok(()) => return Ok(()),
                Err(_) if Instant::now() < give_up => sleep(PAUSE).await,
                Err(error) => {
                    let server = match &self.container {
                        Some(container) => format!("a container of {}", container.image()),
                        None => format!("the server that {URL_VARIABLE} names"),
                    };
                    return Err(error)
                        .with_context(|| format!("{server} does not let its superuser in"));
                }
            }
        }
    }

    async fn lets_in(&self, patience: Duration) -> Result<()> {
        let mut options = ConnectOptions::new(&self.url);
        options
            .max_connections(1)
            .connect_timeout(patience)
            .sqlx_logging(false);
        let connection = Database::connect(options).await?;
        connection.ping().await?;
        Ok(connection.close().await?)
    }
}

/// There is no PostgreSQL to test on: no server was named and no engine answers.
#[derive(Debug)]
pub struct Missing {
    cause: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cause } = self;
        write!(
            f,
            "no PostgreSQL to test on: {URL_VARIABLE} names no server, and no Docker engine answers ({cause})"
        )
    }
}

impl std::error::Error for Missing {}

/// A variable of the environment; an empty one counts as not set.
#[expect(
    clippy::disallowed_methods,
    reason = "these two variables configure the tests, not the server"
)]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_named_server_that_does_not_answer_is_an_error_and_not_missing() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = listener.local_addr().unwrap();
        drop(listener);
        let server = Postgres::named(format!("postgres://nobody@{closed}/postgres"));
        let error = server
            .answers_within(Duration::from_millis(50))
            .await
            .unwrap_err();
        assert!(error.downcast_ref::<Missing>().is_none(), "{error:#}");
        assert!(error.to_string().contains(URL_VARIABLE), "{error:#}");
    }
}
