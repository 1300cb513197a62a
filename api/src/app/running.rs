//! A running server: started in this process, stopped by draining. Floor 6.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::config::Config;
use super::data_dir::{DataDir, Lock};
use super::door::Door;
use super::parts::{self, Parts, explained};
use super::{registered, shelf};
use crate::http::{self, Drain, Gateway};
use crate::service::{duty, founding};
use crate::store::clock::Clock;

/// How long the admin address may take to close.
const ADMIN_PATIENCE: Duration = Duration::from_secs(1);

/// A server that answers. Dropping it stops it without waiting for anything; [`shutdown`](Self::shutdown) drains it first.
#[derive(Debug)]
pub struct Running {
    /// Where agents and dashboards are answered.
    pub address: SocketAddr,
    /// The API's URL there: `https` where there is a certificate.
    pub url: String,
    /// Where operators are answered.
    pub admin_address: SocketAddr,
    /// Its clock, which only tests move.
    pub clock: Clock,
    /// Where its files are.
    pub data_dir: PathBuf,
    gateway: Arc<Gateway>,
    parts: Parts,
    duties: JoinSet<()>,
    duties_end: watch::Sender<bool>,
    door: Option<Door>,
    drain: Drain,
    admin_drain: Drain,
    serving: JoinHandle<()>,
    admin_serving: JoinHandle<()>,
    patience: Duration,
    _lock: Lock,
}

/// Starts a server. It is ready when this returns.
///
/// # Errors
/// When the data directory is served by another process, an address is taken, or the database or its keys cannot be opened.
pub async fn start(config: Config) -> Result<Running> {
    shelf::check_shared(&config)?;
    let registered = registered::read(&config).await?;
    let data_dir = DataDir::open(&config.data_dir)?;
    let Some(lock) = data_dir.lock()? else {
        bail!(
            "data directory {} is served by another process: stop it, or choose another directory by --data-dir",
            data_dir.path().display()
        );
    };
    let tls = config.tls()?;
    let listener = bind(config.listen).await?;
    let admin_listener = bind(config.admin_listen).await?;
    let (address, admin_address) = (listener.local_addr()?, admin_listener.local_addr()?);

    let clock = Clock::default();
    let parts = Parts::open(&config, &data_dir, clock.clone()).await?;
    if config.founding {
        founding::load(&parts.service)
            .await
            .map_err(explained)
            .context("loading the founding fleet")?;
    }
    let (duties_end, duties_ending) = watch::channel(false);
    let duties = duty::start(&parts.service, duties_ending);
    let (drain, draining) = Drain::new();
    let (admin_drain, admin_draining) = Drain::new();
    let limits = config.limits.of_edge();
    let gateway = Gateway::start(
        parts.service.clone(),
        limits.clone(),
        config.boundary()?,
        registered,
        draining.clone(),
    );
    let door = Door::open(data_dir.socket(), parts.service.clone());
    let serving = http::serve(
        listener,
        tls,
        http::public_routes(gateway.clone()),
        limits.clone(),
        draining,
        config.drain,
    );
    let admin_routes = http::admin_routes(gateway.clone());
    let admin_serving = http::serve(
        admin_listener,
        None,
        admin_routes,
        limits,
        admin_draining,
        ADMIN_PATIENCE,
    );
    Ok(Running {
        address,
        url: config.url(address),
        admin_address,
        clock,
        data_dir: data_dir.path().to_owned(),
        gateway,
        parts,
        duties,
        duties_end,
        door,
        drain,
        admin_drain,
        serving: tokio::spawn(serving),
        admin_serving: tokio::spawn(admin_serving),
        patience: config.drain,
        _lock: lock,
    })
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listening on {address}"))
}

impl Running {
    /// Drains: stops accepting, ends streams with "resume elsewhere", lets what runs finish for as long as the setting grants, records
    /// what waits to be recorded. Health is answered until the end.
    ///
    /// # Errors
    /// When a part of the server failed while it ended.
    pub async fn shutdown(self) -> Result<()> {
        self.drain.begin();
        self.parts.service.feed.drain();
        let finished = async {
            let served = self.serving.await;
            self.gateway.sockets_closed().await;
            served
        };
        // Requests are cut off by the listener itself when their time is over; sockets that do not close are left behind.
        let slack = self.patience + Duration::from_secs(1);
        match tokio::time::timeout(slack, finished).await {
            Ok(served) => served.context("serving")?,
            Err(_) => tracing::warn!("sockets did not close in time and are cut off"),
        }
        if let Some(door) = self.door {
            door.close().await;
        }
        self.duties_end.send_replace(true);
        self.duties.join_all().await;
        self.admin_drain.begin();
        self.admin_serving.await.context("serving operators")?;
        drop(self.gateway);
        self.parts.close().await;
        Ok(())
    }
}

/// Brings the database of a configuration to the newest schema and says how many migrations ran; nothing else is put into it. An embedded one is
/// made where there is none, and with it the key that its contents will be sealed under.
///
/// # Errors
/// When another process serves the data directory, the database cannot be reached, or a migration fails.
pub async fn migrate(config: &Config) -> Result<usize> {
    let data_dir = DataDir::open(&config.data_dir)?;
    let lock = data_dir.lock()?;
    if config.database_url.is_none() {
        if lock.is_none() {
            bail!(
                "data directory {} is served by another process, which has migrated it",
                data_dir.path().display()
            );
        }
        // A first start takes a database without its key for one whose key was lost.
        data_dir.find_master_key(config)?;
        data_dir.make_database()?;
    }
    let database = parts::database(config, &data_dir);
    database.migrate().await.context("migrating the database")
}

/// A token of the first operator in a file of its own, in place of the last one, whose session ends (`dev` only).
///
/// # Errors
/// When the operator cannot be given a session, or the file cannot be written.
pub(super) async fn write_operator_token(running: &Running) -> Result<PathBuf> {
    let data_dir = DataDir::open(Path::new(&running.data_dir))?;
    super::order::renew_operator_token(&running.parts.service, &data_dir.operator_token()).await?;
    Ok(data_dir.operator_token())
}
