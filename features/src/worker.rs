//! The example workers of `api/examples` as what they are to whoever runs them: programs of their own.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    str::FromStr,
    time::Duration,
};

use anyhow::{Context as _, Error, Result, ensure};
use cucumber::Parameter;
use rustix::process::{Signal, kill_process};
use tokio::{
    process::{Child, Command},
    sync::watch,
};

use crate::process::{self, Lines};

/// How long a worker may take to end once it was asked to.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a worker is written in.
#[derive(Clone, Copy, Debug, Parameter, PartialEq, Eq)]
#[param(name = "language", regex = "Rust|Python|TypeScript")]
pub enum Language {
    /// `api/examples/worker.rs`, which is built with the workspace.
    Rust,
    /// `api/examples/python`.
    Python,
    /// `api/examples/typescript`.
    TypeScript,
}

impl FromStr for Language {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let named = Self::ALL
            .into_iter()
            .find(|language| language.name() == text);
        named.with_context(|| format!("no worker is written in {text}"))
    }
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rust, Self::Python, Self::TypeScript];

    /// What the scenarios call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::TypeScript => "TypeScript",
        }
    }

    /// What is started, and the page that it runs if it needs one. They lie beside this binary: the build has put them there, or
    /// `cargo xtask workers`.
    fn program(self) -> Result<(PathBuf, Option<PathBuf>)> {
        let own = std::env::current_exe().context("where this binary lies")?;
        let beside = own.parent().context("the folder of this binary")?;
        let prepared = |path: &str| beside.join("workers").join(path);
        Ok(match self {
            Self::Rust => (beside.join("examples/worker"), None),
            Self::Python => {
                let pages = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("api");
                let page = pages.join("examples/python/colors.py");
                (prepared("python/bin/python"), Some(page))
            }
            Self::TypeScript => {
                let page = prepared("typescript/build/worker.js");
                (PathBuf::from("node"), Some(page))
            }
        })
    }

    /// Whether it was prepared, so that it can be started here.
    #[must_use]
    pub fn is_ready(self) -> bool {
        let exists = |path: &Path| path.components().count() == 1 || path.exists();
        self.program()
            .is_ok_and(|(program, page)| exists(&program) && page.as_deref().is_none_or(exists))
    }

    /// Sets a worker to work for an agent.
    ///
    /// # Errors
    /// When it was not prepared, or cannot be started.
    pub fn start(self, server: &str, agent: &str, secret: &str) -> Result<Worker> {
        ensure!(
            self.is_ready(),
            "the worker in {} is not prepared: `cargo xtask workers` does that",
            self.name()
        );
        let (program, page) = self.program()?;
        let mut child = Command::new(program)
            .args(page)
            .env("ZIGGIE_URL", format!("http://{server}"))
            .env("ZIGGIE_AGENT", agent)
            .env("ZIGGIE_SECRET", secret)
            // The page lies among the sources, which stay as they are.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("the worker in {} could not be started", self.name()))?;
        let (lines, news) = (Lines::default(), watch::Sender::new(()));
        process::listen(child.stdout.take(), &lines, &news);
        process::listen(child.stderr.take(), &lines, &news);
        let words = Words {
            lines,
            heard: news.subscribe(),
        };
        Ok(Worker { child, words })
    }
}

/// A worker at work. It is killed when dropped.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    words: Words,
}

/// What a worker says, also after its end.
#[derive(Clone, Debug)]
pub struct Words {
    lines: Lines,
    heard: watch::Receiver<()>,
}

impl Words {
    /// Everything that it has said, line by line, once it has ended: up to then this waits.
    pub async fn all(mut self) -> Vec<String> {
        // An error says that both streams are closed: it will say no more.
        while self.heard.changed().await.is_ok() {}
        self.lines.all()
    }
}

impl Worker {
    /// Everything that it has said.
    #[must_use]
    pub fn said(&self) -> String {
        self.words.lines.all().join("\n")
    }

    /// What it says, for whoever wants to know it after its end.
    #[must_use]
    pub fn words(&self) -> Words {
        self.words.clone()
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// When that cannot be heard.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        self.child.wait().await.context("waiting for its end")
    }

    /// Stops it as a machine that is put to sleep does: its connections stay, and it says nothing.
    ///
    /// # Errors
    /// When it has ended.
    pub fn freeze(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Wakes it up again; it does not know that time has passed.
    ///
    /// # Errors
    /// When it has ended.
    pub fn thaw(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill(self) -> Result<()> {
        process::kill(self.child).await
    }

    /// Asks it to stop as a service manager does, and waits until it has.
    ///
    /// # Errors
    /// When it does not end in time; with what it said.
    pub async fn terminate(mut self) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        Ok(ended.with_context(|| format!("it did not end; it said:\n{}", self.said()))??)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        kill_process(process::pid(&self.child)?, signal)
            .with_context(|| format!("a signal to a worker that said:\n{}", self.said()))
    }
}
