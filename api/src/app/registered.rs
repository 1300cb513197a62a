//! The documents that clients may ask for by their hash: read and held to the served schema before anything is served. Floor 6.

use anyhow::{Context, Result, bail};

use super::config::Config;
use crate::graphql;
use crate::http::Registered;

/// Those of the file that the setting names; none without one.
pub(super) async fn read(config: &Config) -> Result<Option<Registered>> {
    let Some(file) = &config.registered_documents else {
        return Ok(None);
    };
    let place = || format!("registered_documents: {}", file.display());
    let text = std::fs::read_to_string(file).with_context(place)?;
    let registered = Registered::of_json(&text)
        .map_err(anyhow::Error::msg)
        .with_context(place)?;
    for (hash, document) in registered.iter() {
        if let Err(fault) = graphql::validate(document).await {
            bail!("{}: {hash}: {fault}", place());
        }
    }
    Ok(Some(registered))
}
