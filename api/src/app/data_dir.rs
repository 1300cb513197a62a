//! The data directory: who may read it, who serves it, the files in it. Floor 6.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::config::Config;
use crate::auth::key::MasterKey;

/// A directory that only its owner can enter.
#[derive(Debug, Clone)]
pub(super) struct DataDir {
    path: PathBuf,
}

/// Held by the process that serves the directory, or writes to its database; given back when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// A master key, and whether its file was made just now.
pub(super) struct FoundKey {
    pub(super) key: MasterKey,
    /// To be removed again when the database turns out to be sealed under another key.
    pub(super) made: Option<PathBuf>,
}

impl DataDir {
    /// Makes the directory where it is not there yet.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let place = || format!("data directory {}", path.display());
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(place)?;
        fs::set_permissions(path, Permissions::from_mode(0o700)).with_context(place)?;
        let path = path.canonicalize().with_context(place)?;
        Ok(Self { path })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The embedded database.
    pub(super) fn database(&self) -> PathBuf {
        self.path.join("ziggie.db")
    }

    /// Makes the embedded database's file where there is none: the files that the database makes beside it take over who may read it.
    pub(super) fn make_database(&self) -> Result<()> {
        let path = self.database();
        let mut options = OpenOptions::new();
        let made = options.create(true).append(true).mode(0o600).open(&path);
        made.with_context(|| format!("database {}", path.display()))?;
        Ok(())
    }

    /// Where the bytes of assets lie when nothing else is said.
    pub(super) fn assets(&self) -> PathBuf {
        self.path.join("assets")
    }

    /// Where commands ask the process that serves it.
    pub(super) fn socket(&self) -> PathBuf {
        self.path.join("ziggie.sock")
    }

    /// The first operator's secret, written once by the first start.
    pub(super) fn operator_secret(&self) -> PathBuf {
        self.path.join("operator.secret")
    }

    /// A token of the first operator, written by every start of `dev`.
    pub(super) fn operator_token(&self) -> PathBuf {
        self.path.join("operator.token")
    }

    fn master_key(&self) -> PathBuf {
        self.path.join("master.key")
    }

    /// Takes the lock; `None` where another process holds it.
    pub(super) fn lock(&self) -> Result<Option<Lock>> {
        let path = self.path.join("ziggie.lock");
        let place = || format!("lock {}", path.display());
        let mut options = OpenOptions::new();
        let file = options
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .with_context(place)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error).with_context(place),
        }
    }

    /// The master key: of the configuration, else of its file; made where there is neither it nor anything sealed under it.
    pub(super) fn find_master_key(&self, config: &Config) -> Result<FoundKey> {
        if let Some(text) = &config.master_key {
            let key = MasterKey::parse(text.expose()).context("master_key")?;
            return Ok(FoundKey { key, made: None });
        }
        let path = config
            .master_key_file
            .clone()
            .unwrap_or_else(|| self.master_key());
        let place = || format!("master key file {}", path.display());
        match fs::read_to_string(&path) {
            Ok(text) => {
                check_private(&path).with_context(place)?;
                let key = MasterKey::parse(&text).with_context(place)?;
                Ok(FoundKey { key, made: None })
            }
            Err(error)
                if error.kind() == std::io::ErrorKind::NotFound
                    && config.master_key_file.is_none() =>
            {
                if config.database_url.is_none() && self.database().exists() {
                    bail!(
                        "{} is missing: the keys in {} are sealed under it and cannot be opened without; put it back from a backup",
                        path.display(),
                        self.database().display()
                    );
                }
                let key = MasterKey::generate()?;
                write_private(&path, &key.expose()).with_context(place)?;
                Ok(FoundKey {
                    key,
                    made: Some(path),
                })
            }
            Err(error) => Err(error).with_context(place),
        }
    }
}

/// Writes a file that only its owner can read: whole or not at all, and on disk when this returns.
pub(super) fn write_private(path: &Path, text: &str) -> Result<()> {
    let place = || format!("file {}", path.display());
    let beside = path.with_extension("new");
    // What an interrupted write left behind.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(place);
        }
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&beside)
        .with_context(place)?;
    file.write_all(text.as_bytes()).with_context(place)?;
    file.write_all(b"\n").with_context(place)?;
    file.sync_all().with_context(place)?;
    fs::rename(&beside, path).with_context(place)?;
    if let Some(directory) = path.parent() {
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .with_context(place)?;
    }
    Ok(())
}

/// A key that others can read is none (spec R2.06).
fn check_private(path: &Path) -> Result<()> {
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!("others may read it (mode {mode:o}): `chmod 600` it");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::app::config::Hidden;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn refusal<T>(result: Result<T>) -> String {
        result
            .err()
            .map(|error| format!("{error:#}"))
            .unwrap_or_default()
    }

    #[test]
    fn the_directory_and_what_lies_in_it_are_the_owners_alone() {
        let above = tempfile::tempdir().unwrap();
        let dir = DataDir::open(&above.path().join("a/b")).unwrap();
        let _lock = dir.lock().unwrap().unwrap();
        dir.find_master_key(&Config::default()).unwrap();
        dir.make_database().unwrap();
        assert_eq!(mode(dir.path()), 0o700);
        for file in ["ziggie.lock", "master.key", "ziggie.db"] {
            assert_eq!(mode(&dir.path().join(file)), 0o600, "{file}");
        }
    }

    #[test]
    fn two_processes_never_hold_the_lock_at_once() {
        let above = tempfile::tempdir().unwrap();
        let dir = DataDir::open(above.path()).unwrap();
        let lock = dir.lock().unwrap();
        assert!(lock.is_some() && dir.lock().unwrap().is_none());
        drop(lock);
        assert!(dir.lock().unwrap().is_some());
    }

    #[test]
    fn the_master_key_is_made_once_and_found_again() {
        let above = tempfile::tempdir().unwrap();
        let dir = DataDir::open(above.path()).unwrap();
        let first = dir.find_master_key(&Config::default()).unwrap();
        let second = dir.find_master_key(&Config::default()).unwrap();
        assert!(first.made.is_some() && second.made.is_none());
        assert_eq!(*first.key.expose(), *second.key.expose());
    }

    #[test]
    fn a_key_of_the_configuration_counts_before_a_file_and_leaves_none() {
        let above = tempfile::tempdir().unwrap();
        let dir = DataDir::open(above.path()).unwrap();
        let text = MasterKey::generate().unwrap().expose().to_string();
        let config = Config {
            master_key: Some(Hidden::new(text.clone())),
            ..Config::default()
        };
        assert_eq!(*dir.find_master_key(&config).unwrap().key.expose(), text);
        assert!(!dir.path().join("master.key").exists());
    }

    #[test]
    fn a_master_key_that_is_lost_open_to_others_or_garbled_is_refused() {
        let above = tempfile::tempdir().unwrap();
        let dir = DataDir::open(above.path()).unwrap();
        fs::write(dir.database(), "").unwrap();
        assert!(refusal(dir.find_master_key(&Config::default())).contains("put it back"));
        let path = dir.path().join("master.key");
        write_private(&path, "garbled").unwrap();
        assert!(refusal(dir.find_master_key(&Config::default())).contains("not a master key"));
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(refusal(dir.find_master_key(&Config::default())).contains("chmod 600"));
        let elsewhere = Config {
            master_key_file: Some(above.path().join("no/such")),
            ..Config::default()
        };
        assert!(refusal(dir.find_master_key(&elsewhere)).contains("no/such"));
    }
}
