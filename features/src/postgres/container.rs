//! PostgreSQL in a container of its own. A guest of the house.

use std::{
    borrow::Cow,
    hash::{BuildHasher, Hasher, RandomState},
    iter,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use testcontainers::{
    ContainerAsync, Image, ImageExt,
    bollard::errors::Error as DockerError,
    core::{ContainerPort, WaitFor, client::docker_client_instance},
    runners::AsyncRunner,
};
use tokio::{net::TcpStream, time::timeout};

use super::{ANSWER_TIME, IMAGE_VARIABLE, Missing};

/// The image that `.ci/postgres-image` builds out of Debian's packages, taken where the engine has it.
const LOCAL_IMAGE: &str = "ziggie-postgres:local";

/// The image taken (and pulled) where the engine does not have the local one.
const OFFICIAL_IMAGE: &str = "postgres:17";

const PORT: ContainerPort = ContainerPort::Tcp(5432);

const LOOPBACK: &str = "127.0.0.1";

/// Durability costs time, and these databases live as long as one run of the tests.
const SETTINGS: [&str; 4] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=300",
];

/// How long a container may take from start to readiness; generous, for machines that build at the same time.
const START_TIME: Duration = Duration::from_secs(120);

/// A container whose server is ready; removed when dropped.
#[derive(Debug)]
pub(super) struct Container {
    handle: ContainerAsync<PostgresImage>,
    url: String,
}

impl Container {
    /// Starts one of the named image, else of the local one where the engine has it, else of the official one.
    ///
    /// # Errors
    /// [`Missing`] where no engine answers; else the image cannot be had or does not start.
    pub(super) async fn start(named: Option<String>) -> Result<Self> {
        let image = PostgresImage::named(&choose_image(named).await?);
        let password = image.password.clone();
        let reference = image.reference();
        // Arguments rather than a configuration file: our image and the official one both hand them to the server.
        let settings = SETTINGS.into_iter().flat_map(|setting| ["-c", setting]);
        let handle = image
            .with_cmd(iter::once("postgres").chain(settings))
            .with_startup_timeout(START_TIME)
            .start()
            .await
            .with_context(|| {
                format!(
                    "starting a container of {reference} (.ci/postgres-image builds one of Debian's packages, \
                     {IMAGE_VARIABLE} names another)"
                )
            })?;
        let address = published_at(&handle).await?;
        Ok(Self {
            handle,
            url: format!("postgres://postgres:{password}@{address}/postgres"),
        })
    }

    /// The superuser's URL of the database `postgres`.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The image that it was started from.
    pub(super) fn image(&self) -> String {
        self.handle.image().reference()
    }

    pub(super) async fn remove(self) -> Result<()> {
        let removal = self.handle.rm().await;
        removal.context("removing the PostgreSQL container")
    }
}

async fn choose_image(named: Option<String>) -> Result<String> {
    let missing = |cause: String| Missing { cause };
    let docker = docker_client_instance()
        .await
        .map_err(|error| missing(error.to_string()))?;
    match timeout(ANSWER_TIME, docker.ping()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => bail!(missing(error.to_string())),
        Err(_) => bail!(missing(format!(
            "nothing heard for {} seconds",
            ANSWER_TIME.as_secs()
        ))),
    }
    if let Some(named) = named {
        return Ok(named);
    }
    match docker.inspect_image(LOCAL_IMAGE).await {
        Ok(_) => Ok(LOCAL_IMAGE.to_owned()),
        Err(DockerError::DockerResponseServerError {
            status_code: 404, ..
        }) => Ok(OFFICIAL_IMAGE.to_owned()),
        Err(error) => Err(error).with_context(|| format!("looking for the image {LOCAL_IMAGE}")),
    }
}

/// Host and port at which the container's server is reached from here.
async fn published_at(container: &ContainerAsync<PostgresImage>) -> Result<String> {
    let port = container.get_host_port_ipv4(PORT).await?;
    // On what looks like a container the engine's host is taken to be its gateway, which is wrong where the engine
    // itself runs there. By number, since a name may lead to an IPv6 address, where another port is published or none.
    let told = match container.get_host().await?.to_string() {
        host if host == "localhost" => LOOPBACK.to_owned(),
        host => host,
    };
    for host in [told.as_str(), LOOPBACK] {
        let address = format!("{host}:{port}");
        if let Ok(Ok(_)) = timeout(ANSWER_TIME, TcpStream::connect(&address)).await {
            return Ok(address);
        }
    }
    bail!("the container's port {port} is reached neither at {told} nor at {LOOPBACK}")
}

/// The official image of PostgreSQL, or one that understands the same variables and arguments.
#[derive(Debug)]
struct PostgresImage {
    name: String,
    tag: String,
    password: String,
}

impl PostgresImage {
    /// From a reference like `registry:5000/postgres:17`; without a tag, `latest`.
    fn named(reference: &str) -> Self {
        let (name, tag) = match reference.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, tag),
            _ => (reference, "latest"),
        };
        Self {
            name: name.to_owned(),
            tag: tag.to_owned(),
            password: password(),
        }
    }

    fn reference(&self) -> String {
        format!("{}:{}", self.name, self.tag)
    }
}

impl Image for PostgresImage {
    fn name(&self) -> &str {
        &self.name
    }

    fn tag(&self) -> &str {
        &self.tag
    }

    fn ready_conditions(&self) -> Vec<WaitFor> {
        // The server that fills a new cluster says the same on standard output, before it stops again.
        vec![WaitFor::message_on_stderr(
            "database system is ready to accept connections",
        )]
    }

    fn env_vars(
        &self,
    ) -> impl IntoIterator<Item = (impl Into<Cow<'_, str>>, impl Into<Cow<'_, str>>)> {
        [
            ("POSTGRES_PASSWORD", self.password.as_str()),
            // The official image's own locale sorts text in another way than ours.
            (
                "POSTGRES_INITDB_ARGS",
                "--encoding=UTF8 --locale=C.UTF-8 --no-sync",
            ),
        ]
    }

    fn expose_ports(&self) -> &[ContainerPort] {
        &[PORT]
    }
}

/// Unguessable, since some engines publish a container's ports to the network. The standard library's hash keys are
/// the randomness at hand here.
fn password() -> String {
    let half = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", half(), half())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(reference: &str) -> (String, String) {
        let PostgresImage { name, tag, .. } = PostgresImage::named(reference);
        (name, tag)
    }

    #[test]
    fn an_image_reference_is_split_at_its_tag() {
        let expected = |name: &str, tag: &str| (name.to_owned(), tag.to_owned());
        assert_eq!(split("postgres:17"), expected("postgres", "17"));
        assert_eq!(split("postgres"), expected("postgres", "latest"));
        let at_registry = "localhost:5000/postgres";
        assert_eq!(split(at_registry), expected(at_registry, "latest"));
        assert_eq!(
            split("localhost:5000/postgres:17"),
            expected(at_registry, "17")
        );
    }

    #[test]
    fn two_containers_have_two_passwords() {
        assert_ne!(
            PostgresImage::named("postgres").password,
            PostgresImage::named("postgres").password
        );
    }
}
