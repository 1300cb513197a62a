//! The owner's door: a socket in the data directory that only its owner can open (spec R10.03). One order a connection: a line of JSON in,
//! a line of JSON out. Commands that must write while a server runs come in here. Floor 6.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};

use super::order::{self, Order};
use crate::service::Service;

/// A fleet of tens of thousands of agents fits.
const MAX_LINE: u64 = 64 * 1024 * 1024;
/// How long an order may take on its way in.
const PATIENCE: Duration = Duration::from_secs(120);
/// After a fault such as too many open files.
const PAUSE_AFTER_FAULT: Duration = Duration::from_millis(100);

/// What came of an order.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    /// Done; what to print.
    Done(String),
    /// Not done; why.
    Refused(String),
}

/// An open door.
#[derive(Debug)]
pub(super) struct Door {
    path: PathBuf,
    answering: JoinHandle<()>,
}

impl Door {
    /// Opens it. `None`, with a warning, where it cannot be opened: the server does without, commands wait until it is stopped.
    pub(super) fn open(path: PathBuf, service: Service) -> Option<Self> {
        match listen(&path) {
            Ok(listener) => Some(Self {
                path,
                answering: tokio::spawn(answer(listener, service)),
            }),
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "the owner's socket cannot be opened: commands cannot reach this server");
                None
            }
        }
    }

    /// Closes it; an order under way is taken back.
    pub(super) async fn close(mut self) {
        self.answering.abort();
        // That it was aborted is all that it could say.
        let _ = (&mut self.answering).await;
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.answering.abort();
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "the owner's socket cannot be removed");
        }
    }
}

/// Whoever holds the directory's lock may remove what an earlier process left.
fn listen(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    // Nobody but the owner can enter the directory meanwhile.
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn answer(listener: UnixListener, service: Service) {
    let mut visitors = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    visitors.spawn(serve(stream, service.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a visitor at the owner's socket could not be let in");
                    tokio::time::sleep(PAUSE_AFTER_FAULT).await;
                }
            },
            Some(_) = visitors.join_next() => {}
        }
    }
}

async fn serve(mut stream: UnixStream, service: Service) -> io::Result<()> {
    let line = tokio::time::timeout(PATIENCE, read_line(&mut stream)).await??;
    let reply = match serde_json::from_str::<Order>(&line) {
        Ok(order) => {
            let patience = order.patience();
            let done = tokio::time::timeout(patience, order::carry_out(&service, order)).await;
            match done {
                Ok(Ok(said)) => Reply::Done(said),
                Ok(Err(error)) => Reply::Refused(format!("{error:#}")),
                Err(_) => Reply::Refused("it took too long".to_owned()),
            }
        }
        Err(error) => Reply::Refused(format!("no order that this build knows: {error}")),
    };
    tokio::time::timeout(PATIENCE, write_line(&mut stream, &reply)).await?
}

/// Asks the process that serves a data directory; returns what to print.
pub(super) async fn ask(path: &Path, order: &Order) -> Result<String> {
    let asked = async {
        let mut stream = UnixStream::connect(path).await?;
        write_line(&mut stream, order).await?;
        read_line(&mut stream).await
    };
    let line = tokio::time::timeout(PATIENCE + order.patience(), asked)
        .await
        .context("the server did not answer in time")?
        .with_context(|| format!("asking the server by {}", path.display()))?;
    match serde_json::from_str(&line).context("the server's answer")? {
        Reply::Done(said) => Ok(said),
        Reply::Refused(reason) => bail!(reason),
    }
}

async fn read_line(stream: &mut UnixStream) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(stream.take(MAX_LINE))
        .read_line(&mut line)
        .await?;
    Ok(line)
}

async fn write_line(stream: &mut UnixStream, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    stream.write_all(&line).await
}
