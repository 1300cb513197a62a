//! The layers of a configuration: defaults ← file ← environment ← flags, each value with where it came from (spec R10.04). Floor 6.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use toml::{Table, Value};

use super::{Config, MASK};

/// Every variable of ours begins so.
const PREFIX: &str = "ZIGGIE_";
/// Variables of the test suites, which a server that they start inherits.
const TEST_PREFIX: &str = "ZIGGIE_TEST_";
/// The variable that names the file.
const FILE_VARIABLE: &str = "ZIGGIE_CONFIG";
/// Keys that have no value unless one is set.
const OPTIONAL: [&str; 12] = [
    "asset_s3_endpoint",
    "asset_s3_key_id",
    "asset_s3_secret",
    "asset_store",
    "database_url",
    "log.otlp_endpoint",
    "master_key",
    "master_key_file",
    "registered_documents",
    "templates",
    "tls_certificate",
    "tls_key",
];

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody has set it.
    Default,
    /// A configuration file.
    File(PathBuf),
    /// A variable of the environment.
    Environment(String),
    /// A flag of the command line.
    Flag(&'static str),
    /// What the command brings along.
    Command(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(variable) => write!(f, "environment {variable}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Command(command) => write!(f, "command {command}"),
        }
    }
}

/// A value of the command line: its key, itself, whence.
pub type Setting = (&'static str, Value, Origin);

/// A configuration and the origin of each of its values.
#[derive(Debug, Clone)]
pub struct Layered {
    /// The values, checked.
    pub config: Config,
    values: BTreeMap<String, (Value, Origin)>,
}

/// Reads the layers. `file` counts before the variable that names one.
///
/// # Errors
/// An unknown key, a value of the wrong type, or a file that cannot be read; says in which layer.
pub fn read(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    settings: impl IntoIterator<Item = Setting>,
) -> Result<Layered> {
    let mut values = defaults()?;
    let variables: BTreeMap<String, String> = environment
        .into_iter()
        .filter(|(name, _)| name.starts_with(PREFIX) && !name.starts_with(TEST_PREFIX))
        .collect();

    let file = file
        .map(Path::to_path_buf)
        .or_else(|| variables.get(FILE_VARIABLE).map(PathBuf::from));
    if let Some(path) = file {
        for (key, value) in read_file(&path)? {
            values.insert(key, (value, Origin::File(path.clone())));
        }
    }
    for (variable, text) in variables.iter().filter(|(name, _)| *name != FILE_VARIABLE) {
        let (key, value) = of_variable(variable, text, &values)?;
        values.insert(key, (value, Origin::Environment(variable.clone())));
    }
    for (key, value, origin) in settings {
        check(key, &value).with_context(|| origin.to_string())?;
        values.insert(key.to_owned(), (value, origin));
    }

    let mut table = Table::new();
    for (key, (value, _)) in &values {
        put(&mut table, key, value.clone());
    }
    Ok(Layered {
        config: Config::deserialize(table)?,
        values,
    })
}

/// The variables of this process.
#[allow(
    clippy::disallowed_methods,
    reason = "the configuration is the home of the environment"
)]
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

impl Layered {
    /// One line for each key: `key = value  # origin`, secrets masked, and comments for those without a value. The lines are TOML again.
    pub fn lines(&self) -> Vec<String> {
        let line = |(key, (value, origin)): (&String, &(Value, Origin))| {
            let shown = match (key.as_str(), value) {
                ("asset_s3_secret" | "master_key", _) => Value::String(MASK.to_owned()),
                (
                    "asset_s3_endpoint" | "database_url" | "log.otlp_endpoint",
                    Value::String(url),
                ) => Value::String(masked_url(url)),
                _ => value.clone(),
            };
            format!("{key} = {shown}  # {origin}")
        };
        let unset = |key: &&str| !self.values.contains_key(*key);
        let comment = |key: &str| format!("# {key} is not set");
        self.values
            .iter()
            .map(line)
            .chain(
                OPTIONAL
                    .iter()
                    .copied()
                    .filter(|key| unset(key))
                    .map(comment),
            )
            .collect()
    }

    /// Whether nobody has set a key.
    pub fn is_default(&self, key: &str) -> bool {
        self.values
            .get(key)
            .is_some_and(|(_, origin)| *origin == Origin::Default)
    }
}

fn defaults() -> Result<BTreeMap<String, (Value, Origin)>> {
    let table = Table::try_from(Config::default()).context("the defaults as a table")?;
    Ok(leaves(table)
        .into_iter()
        .map(|(key, value)| (key, (value, Origin::Default)))
        .collect())
}

fn read_file(path: &Path) -> Result<Vec<(String, Value)>> {
    let place = || format!("configuration file {}", path.display());
    let text = std::fs::read_to_string(path).with_context(place)?;
    toml::from_str::<Config>(&text).with_context(place)?;
    Ok(leaves(text.parse::<Table>().with_context(place)?))
}

/// The key and value that a variable sets: `ZIGGIE_LIMITS_MAX_DEPTH` is `limits.max_depth`.
fn of_variable(
    variable: &str,
    text: &str,
    values: &BTreeMap<String, (Value, Origin)>,
) -> Result<(String, Value)> {
    let known = values.keys().map(String::as_str).chain(OPTIONAL);
    let Some(key) = known.into_iter().find(|key| variable_of(key) == variable) else {
        bail!("environment {variable}: there is no such setting; `ziggie config` lists them");
    };
    let value = match values.get(key) {
        Some((Value::Integer(_), _)) => text.parse().map(Value::Integer).ok(),
        Some((Value::Boolean(_), _)) => text.parse().map(Value::Boolean).ok(),
        _ => None,
    };
    let value = value.unwrap_or_else(|| Value::String(text.to_owned()));
    check(key, &value).with_context(|| format!("environment {variable}"))?;
    Ok((key.to_owned(), value))
}

fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

/// Whether the configuration takes a value, so that an error can say which layer it is in.
fn check(key: &str, value: &Value) -> Result<()> {
    let mut table = Table::new();
    put(&mut table, key, value.clone());
    Config::deserialize(table)?;
    Ok(())
}

/// The values of a table by their dotted keys.
fn leaves(table: Table) -> Vec<(String, Value)> {
    table
        .into_iter()
        .flat_map(|(key, value)| match value {
            Value::Table(table) => leaves(table)
                .into_iter()
                .map(|(below, value)| (format!("{key}.{below}"), value))
                .collect(),
            value => vec![(key, value)],
        })
        .collect()
}

fn put(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((name, below)) => {
            let entry = table
                .entry(name)
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = entry {
                put(inner, below, value);
            }
        }
    }
}

/// A URL without its password, wherever it stands.
fn masked_url(url: &str) -> String {
    let (url, query) = url
        .split_once('?')
        .map_or((url, None), |(url, query)| (url, Some(query)));
    let masked = match url
        .split_once("://")
        .and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?)))
    {
        Some((scheme, (user, host))) => {
            let name = user
                .split_once(':')
                .map_or(user.to_owned(), |(name, _)| format!("{name}:{MASK}"));
            format!("{scheme}://{name}@{host}")
        }
        None => url.to_owned(),
    };
    match query {
        None => masked,
        Some(query) => {
            let mask = |pair: &str| match pair.split_once('=') {
                Some((name, _)) if name.contains("password") => format!("{name}={MASK}"),
                _ => pair.to_owned(),
            };
            format!(
                "{masked}?{}",
                query.split('&').map(mask).collect::<Vec<_>>().join("&")
            )
        }
    }
}

#[cfg(test)]
mod tests;
