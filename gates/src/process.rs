//! The real binary as a child process: the twin that the gates judge, and what scenarios tagged `@process` and the demo start.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::{Child, Command},
    sync::watch,
};

/// How long the binary may take to say where it listens, and to drain.
const PATIENCE: Duration = Duration::from_secs(30);

/// Names another binary than the one beside: a release build, for what is measured.
const BINARY_VARIABLE: &str = "ZIGGIE_TEST_BINARY";

/// Where the binary lies: beside the one that runs, unless `ZIGGIE_TEST_BINARY` names another.
///
/// # Errors
/// When it was not built.
#[expect(
    clippy::disallowed_methods,
    reason = "this variable configures the tests, not the server"
)]
pub fn binary() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os(BINARY_VARIABLE).filter(|name| !name.is_empty()) {
        return Ok(named.into());
    }
    let own = std::env::current_exe().context("where this binary lies")?;
    let folder = own.parent().context("the folder of this binary")?;
    // Tests lie one folder deeper than what they start.
    let folder = match folder.ends_with("deps") {
        true => folder.parent().unwrap_or(folder),
        false => folder,
    };
    let binary = folder.join("ziggie");
    ensure!(
        binary.exists(),
        "{} is not there: build it with `cargo build -p ziggie`",
        binary.display()
    );
    Ok(binary)
}

/// What a process has said so far, line by line.
#[derive(Clone, Debug, Default)]
pub struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn push(&self, line: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    /// All of them so far.
    pub fn all(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What follows `words` up to the next blank or slash.
    fn address_after(&self, words: &str) -> Option<String> {
        self.all().iter().find_map(|line| {
            let (_, rest) = line.split_once(words)?;
            Some(
                rest.chars()
                    .take_while(|letter| !letter.is_whitespace() && !"/\"".contains(*letter))
                    .collect(),
            )
        })
    }
}

/// A running server of its own process. It is killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    lines: Lines,
    /// Where it answers GraphQL.
    pub address: String,
    /// Where it answers operators.
    pub admin_address: String,
}

impl Process {
    /// Starts `ziggie COMMAND` on free ports with its data in `data_dir`, and waits until it listens.
    ///
    /// # Errors
    /// When it ends, or stays silent, before it listens; with what it said.
    pub async fn start(command: &str, data_dir: &Path, database_url: Option<&str>) -> Result<Self> {
        Self::start_at(FREE, command, data_dir, database_url).await
    }

    /// Starts it as [`Process::start`] does, at an address of one's own choice.
    ///
    /// # Errors
    /// As there; also when the address is taken.
    pub async fn start_at(
        address: &str,
        command: &str,
        data_dir: &Path,
        database_url: Option<&str>,
    ) -> Result<Self> {
        Self::start_with(address, &[], command, data_dir, database_url).await
    }

    /// Starts it as [`Process::start_at`] does, with settings by their variables.
    ///
    /// # Errors
    /// As there.
    pub async fn start_with(
        address: &str,
        settings: &[(&str, &str)],
        command: &str,
        data_dir: &Path,
        database_url: Option<&str>,
    ) -> Result<Self> {
        let arguments = serving(address, command, data_dir, database_url);
        Self::listening(spawn(&arguments, [ALONE].iter().chain(settings))?).await
    }

    /// Waits until a child says where it listens.
    async fn listening(mut child: Child) -> Result<Self> {
        let (lines, news) = (Lines::default(), watch::channel(()).0);
        listen(child.stdout.take(), &lines, &news);
        listen(child.stderr.take(), &lines, &news);
        let mut heard = news.subscribe();
        drop(news);
        let addresses = async {
            loop {
                let found = lines
                    .address_after("listening on http://")
                    .zip(lines.address_after("admin on http://"));
                if let Some(found) = found {
                    return Ok(found);
                }
                // Both pipes are closed: it will say no more.
                if heard.changed().await.is_err() {
                    bail!("it ended before it listened");
                }
            }
        };
        let addresses = tokio::time::timeout(PATIENCE, addresses)
            .await
            .context("it did not say where it listens");
        let (address, admin_address) = addresses
            .and_then(|found| found)
            .with_context(|| format!("it said:\n{}", lines.all().join("\n")))?;
        Ok(Self {
            child,
            lines,
            address,
            admin_address,
        })
    }

    /// Starts `ziggie COMMAND` and kills it after a time, wherever it has come to.
    ///
    /// # Errors
    /// When it cannot be started or killed.
    pub async fn start_in_vain(
        command: &str,
        data_dir: &Path,
        database_url: Option<&str>,
        lives: Duration,
    ) -> Result<()> {
        let child = spawn(&serving(FREE, command, data_dir, database_url), &[ALONE])?;
        tokio::time::sleep(lives).await;
        kill(child).await
    }

    /// Everything that it has said, on both of its streams.
    #[must_use]
    pub fn said(&self) -> String {
        self.lines.all().join("\n")
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill(self) -> Result<()> {
        kill(self.child).await
    }

    fn id(&self) -> Result<Pid> {
        pid(&self.child)
    }

    /// Stops it as `kill -STOP` does: it holds all that it holds, and says nothing.
    ///
    /// # Errors
    /// When it has ended.
    pub fn freeze(&self) -> Result<()> {
        kill_process(self.id()?, Signal::STOP).context("freezing it")
    }

    /// The number by which the system knows it.
    ///
    /// # Errors
    /// When it has ended.
    pub fn number(&self) -> Result<u32> {
        self.child.id().context("it has ended already")
    }

    /// Makes every write fail, as on a full disk, or lets them through again. A limit to the size of files stands for the disk.
    ///
    /// # Errors
    /// When the process has ended, or the system refuses.
    pub fn limit_files(&self, full: bool) -> Result<()> {
        let limits = Rlimit {
            current: full.then_some(1),
            maximum: None,
        };
        prlimit(Some(self.id()?), Resource::Fsize, limits)
            .context("limiting the size of its files")?;
        Ok(())
    }

    /// Asks it to stop as a service manager does, and waits until it has.
    ///
    /// # Errors
    /// When it cannot be asked or does not end in time.
    pub async fn terminate(mut self) -> Result<ExitStatus> {
        kill_process(self.id()?, Signal::TERM).context("asking it to stop")?;
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        Ok(ended.with_context(|| format!("it did not end; it said:\n{}", self.said()))??)
    }
}

/// What a child is signalled by.
///
/// # Errors
/// When it has ended.
pub fn pid(child: &Child) -> Result<Pid> {
    let id = child.id();
    id.and_then(|id| Pid::from_raw(id.cast_signed()))
        .context("it has ended already")
}

/// How a command ended that is not meant to go on.
#[derive(Debug)]
pub struct Ended {
    /// Its status.
    pub status: ExitStatus,
    /// What it said, on both streams.
    pub said: String,
}

/// Runs `ziggie ARGUMENTS` to its end.
///
/// # Errors
/// When it cannot be started or does not end in time.
pub async fn run(arguments: &[&str]) -> Result<Ended> {
    let child = spawn(arguments, &[])?;
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    let output =
        output.with_context(|| format!("`ziggie {}` did not end", arguments.join(" ")))??;
    let said = [output.stdout, output.stderr]
        .map(|stream| String::from_utf8_lossy(&stream).into_owned())
        .concat();
    Ok(Ended {
        status: output.status,
        said,
    })
}

/// Kills a child and waits until it is gone.
///
/// # Errors
/// When it cannot be killed.
pub async fn kill(mut child: Child) -> Result<()> {
    // It may have ended by itself: there is nothing to kill then.
    child.start_kill().context("killing the process")?;
    child.wait().await.context("waiting for its end")?;
    Ok(())
}

/// Any port that nobody has.
pub const FREE: &str = "127.0.0.1:0";

/// An address that stays the same when a server is started again. Not one of the ports that the system gives to whoever calls out:
/// who waits for a server there would in the end be connected to itself.
///
/// # Errors
/// When none of those that were tried is free.
pub fn lasting_address() -> Result<String> {
    let mut addresses =
        (0..100).map(|_| format!("127.0.0.1:{}", rand::random_range(12_000..30_000)));
    addresses
        .find(|address| std::net::TcpListener::bind(address).is_ok())
        .context("a hundred ports are taken")
}

/// The arguments that start a server.
fn serving(
    address: &str,
    command: &str,
    data_dir: &Path,
    database_url: Option<&str>,
) -> Vec<String> {
    let data_dir = data_dir.to_string_lossy();
    let mut arguments = vec![
        command,
        "--listen",
        address,
        "--admin-listen",
        FREE,
        "--data-dir",
        &data_dir,
    ];
    if let Some(url) = database_url {
        arguments.extend(["--database-url", url]);
    }
    arguments.into_iter().map(str::to_owned).collect()
}

/// The folder of assets is nobody else's: servers that share a database here share no assets.
const ALONE: (&str, &str) = ("ZIGGIE_ASSET_FOLDER_SHARED", "true");

fn spawn<'a>(
    arguments: &[impl AsRef<OsStr>],
    settings: impl IntoIterator<Item = &'a (&'a str, &'a str)>,
) -> Result<Child> {
    Command::new(binary()?)
        .args(arguments)
        .envs(settings.into_iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("the binary could not be started")
}

/// Writes down what comes on a stream up to its end, and tells of each line.
pub fn listen(
    stream: Option<impl AsyncRead + Unpin + Send + 'static>,
    lines: &Lines,
    news: &watch::Sender<()>,
) {
    let Some(stream) = stream else { return };
    let (lines, news) = (lines.clone(), news.clone());
    tokio::spawn(async move {
        let mut stream = BufReader::new(stream).lines();
        while let Ok(Some(line)) = stream.next_line().await {
            lines.push(line);
            news.send_replace(());
        }
    });
}
