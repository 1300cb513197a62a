//! A folder as the store of bytes. Floor 2.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use object_store::ObjectStoreExt;
use object_store::local::LocalFileSystem;

use super::writer::Writer;
use super::{failed, out_of_order};
use crate::error::{Error, Result};

/// A folder. Files are written beside their place and moved there when they are whole and on disk.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    store: LocalFileSystem,
}

/// What the library adds to the name of a file that is not whole yet. A key is used once, so that there is one such name.
const UNFINISHED: &str = "#1";

impl Folder {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        let root = path.canonicalize()?;
        let store = LocalFileSystem::new_with_prefix(&root)
            .map_err(io::Error::other)?
            .with_fsync(true);
        Ok(Self { root, store })
    }

    pub(super) fn store(&self) -> &LocalFileSystem {
        &self.store
    }

    pub(super) async fn write(&self, key: &str) -> Result<Writer> {
        let path = object_store::path::Path::from(key);
        let upload = self.store.put_multipart(&path).await.map_err(failed)?;
        Ok(Writer::to_folder(upload))
    }

    /// Removed is what is gone for good: the directory is synced, or a crash could bring back what nobody remembers.
    pub(super) async fn remove(&self, key: &str) -> Result<()> {
        let (root, file) = (self.root.clone(), self.root.join(key));
        let removed = tokio::task::spawn_blocking(move || remove(&root, &file));
        removed
            .await
            .map_err(Error::internal)?
            .map_err(|error| out_of_order(&error))
    }
}

fn remove(root: &Path, file: &Path) -> io::Result<()> {
    // A shared folder that is not mounted is empty too: nothing is taken for removed there.
    std::fs::read_dir(root)?;
    let mut unfinished = file.as_os_str().to_owned();
    unfinished.push(UNFINISHED);
    for path in [file, Path::new(&unfinished)] {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let Some(directory) = file.parent() else {
        return Ok(());
    };
    match std::fs::File::open(directory) {
        Ok(directory) => directory.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
