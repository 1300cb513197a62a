//! The PostgreSQL server of one run of the tests, found or started by the binary `postgres`. Under the roof.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::tool;

/// Names the server that the tests use; see `features::postgres`.
const URL_VARIABLE: &str = "ZIGGIE_TEST_POSTGRES_URL";

/// The exit status by which `postgres` says that there is no server to be had.
const UNAVAILABLE: i32 = 69;

/// Says the server's URL, then holds it until standard input ends; so it also goes when this process is killed.
const HOLD: &str = "printenv ZIGGIE_TEST_POSTGRES_URL && cat";

/// A server that answers, held by a child process until this value is dropped.
pub struct Server {
    url: String,
    holder: Child,
}

impl Server {
    /// Nothing where no server is named and no Docker engine answers.
    ///
    /// # Errors
    /// A server is named, or an engine is there, and does not work.
    pub fn obtain() -> Result<Option<Self>> {
        let mut holder = tool::built("postgres")?
            .args(["--", "sh", "-c", HOLD])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting postgres")?;
        let mut url = String::new();
        if let Some(output) = holder.stdout.as_mut() {
            BufReader::new(output)
                .read_line(&mut url)
                .context("reading the server's URL")?;
        }
        if !url.is_empty() {
            return Ok(Some(Self {
                url: url.trim_end().to_owned(),
                holder,
            }));
        }
        match holder.wait()?.code() {
            Some(UNAVAILABLE) => Ok(None),
            _ => bail!("a PostgreSQL server or a Docker engine is there, but does not work"),
        }
    }

    /// Lets a command find the server.
    pub fn offer_to(&self, command: &mut Command) {
        command.env(URL_VARIABLE, &self.url);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Waiting closes the child's standard input first, which ends it.
        if let Err(error) = self.holder.wait() {
            eprintln!("warning: a PostgreSQL container may be left over: {error}");
        }
    }
}
