//! Where the bytes of assets lie, by the settings (spec R4.02). Floor 6.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::config::Config;
use super::data_dir::DataDir;
use crate::store::shelf::{Bucket, Shelf};

/// What the setting `asset_store` says.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// In the data directory.
    DataDir,
    /// `file:///path`.
    Folder(PathBuf),
    /// `s3://bucket/prefix`.
    Bucket { name: String, prefix: String },
}

fn place(config: &Config) -> Result<Place> {
    let Some(text) = &config.asset_store else {
        return Ok(Place::DataDir);
    };
    let unknown = || format!("asset_store is neither file:///path nor s3://bucket/prefix: {text}");
    let url = url::Url::parse(text).with_context(unknown)?;
    match url.scheme() {
        "file" => match url.to_file_path() {
            Ok(path) => Ok(Place::Folder(path)),
            Err(()) => bail!(unknown()),
        },
        "s3" => {
            let name = url.host_str().filter(|name| !name.is_empty());
            Ok(Place::Bucket {
                name: name.with_context(unknown)?.to_owned(),
                prefix: url.path().trim_matches('/').to_owned(),
            })
        }
        _ => bail!(unknown()),
    }
}

/// Replicas that do not see each other's folder would each have a part of the bytes: they refuse one that is not declared shared.
///
/// # Errors
/// Says what to set.
pub(super) fn check_shared(config: &Config) -> Result<()> {
    let folder = match place(config)? {
        Place::Bucket { .. } => return Ok(()),
        Place::Folder(path) => path,
        Place::DataDir => config.data_dir.join("assets"),
    };
    if config.database_url.is_none() || config.asset_folder_shared {
        return Ok(());
    }
    bail!(
        "replicas share the database, but the bytes of assets would lie in {}, which other replicas may not see: set asset_store to \
         s3://bucket/prefix, or asset_folder_shared = true where this folder is the same for every replica (or there is but one)",
        folder.display()
    )
}

/// Opens it.
///
/// # Errors
/// When a folder cannot be made, or the settings of a bucket do not fit together.
pub(super) fn open(config: &Config, data_dir: &DataDir) -> Result<Shelf> {
    let folder = |path: PathBuf| {
        Shelf::folder(&path).with_context(|| format!("assets' folder {}", path.display()))
    };
    let shelf = match place(config)? {
        Place::DataDir => folder(data_dir.assets())?,
        Place::Folder(path) => folder(path)?,
        Place::Bucket { name, prefix } => {
            let key = match (&config.asset_s3_key_id, &config.asset_s3_secret) {
                (Some(id), Some(secret)) => Some((id.clone(), secret.expose().to_owned())),
                (None, None) => None,
                _ => bail!("asset_s3_key_id and asset_s3_secret go together"),
            };
            let bucket = Bucket {
                name,
                prefix,
                endpoint: config.asset_s3_endpoint.clone(),
                region: config.asset_s3_region.clone(),
                key,
            };
            Shelf::s3(bucket).context("the store of the assets' bytes")?
        }
    };
    tracing::debug!(kind = shelf.kind(), "the store of the assets' bytes");
    Ok(shelf)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn config(store: Option<&str>) -> Config {
        Config {
            asset_store: store.map(str::to_owned),
            ..Config::default()
        }
    }

    #[test]
    fn the_setting_says_where() {
        let bucket = |name: &str, prefix: &str| Place::Bucket {
            name: name.to_owned(),
            prefix: prefix.to_owned(),
        };
        for (text, expected) in [
            (None, Place::DataDir),
            (
                Some("file:///var/assets"),
                Place::Folder("/var/assets".into()),
            ),
            (Some("s3://shelf"), bucket("shelf", "")),
            (
                Some("s3://shelf/ziggie/assets/"),
                bucket("shelf", "ziggie/assets"),
            ),
        ] {
            assert_eq!(place(&config(text)).unwrap(), expected, "{text:?}");
        }
        for wrong in ["/var/assets", "ftp://host/a", "s3://", "file://host/a", ""] {
            let refused = place(&config(Some(wrong))).unwrap_err().to_string();
            assert!(
                refused.contains("s3://bucket/prefix"),
                "{wrong:?}: {refused}"
            );
        }
    }

    #[test]
    fn replicas_refuse_a_folder_that_is_not_declared_shared() {
        for (store, shared, database, served) in [
            (None, false, None, true),
            (None, false, Some("postgres://db/z"), false),
            (None, true, Some("postgres://db/z"), true),
            (
                Some("file:///var/assets"),
                false,
                Some("postgres://db/z"),
                false,
            ),
            (
                Some("s3://shelf/ziggie"),
                false,
                Some("postgres://db/z"),
                true,
            ),
        ] {
            let config = Config {
                database_url: database.map(str::to_owned),
                asset_folder_shared: shared,
                ..config(store)
            };
            let checked = check_shared(&config);
            assert_eq!(checked.is_ok(), served, "{store:?} {shared} {database:?}");
            if let Err(error) = checked {
                let said = error.to_string();
                assert!(said.contains("asset_folder_shared = true"), "{said}");
            }
        }
    }
}
