//! The log in tiles, for whoever follows it from outside (C2SP tlog-tiles). Floor 3.

use entities::audit::leaf;
use entities::audit::tree::{TILE_HEIGHT, TILE_WIDTH};

use super::latest;
use crate::error::{Error, Result};
use crate::service::Service;
use crate::store::{archive, tree as stored};

/// Which tile of a level, and how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Counted from 0.
    pub index: u64,
    /// How many of its 256 places; all of them for a full tile.
    pub width: u64,
}

impl Place {
    /// What is asked for, where the signed log has it: nothing else is ever shown.
    async fn published(self, service: &Service, level: u8) -> Result<std::ops::Range<u64>> {
        let size = latest(service).await?.row.size.unsigned_abs();
        let there = size
            .checked_shr(u32::from(level) * u32::from(TILE_HEIGHT))
            .unwrap_or(0);
        let first = self.index.checked_mul(TILE_WIDTH);
        let range = first.and_then(|first| Some(first..first.checked_add(self.width)?));
        range
            .filter(|range| (1..=TILE_WIDTH).contains(&self.width) && range.end <= there)
            .ok_or_else(|| Error::not_found("tile", format!("{level}/{}", self.index)))
    }
}

/// The hashes of a tile, one after the other.
///
/// # Errors
/// NOT_FOUND where the signed log has no such tile.
pub async fn tile(service: &Service, level: u8, place: Place) -> Result<Vec<u8>> {
    let places = place.published(service, level).await?;
    Ok(stored::stored(&service.db, level, places).await?.concat())
}

/// The entries of a tile of level 0: of each the length as two bytes, the most significant first, and its canonical bytes.
///
/// # Errors
/// NOT_FOUND where the signed log has no such tile, or an entry of it was archived.
pub async fn bundle(service: &Service, place: Place) -> Result<Vec<u8>> {
    let places = place.published(service, 0).await?;
    let first = i64::try_from(places.start).map_err(Error::internal)?;
    let kept = archive::first_kept(&service.db).await?;
    if first < kept {
        let message = format!("{}: the entries before {kept} were archived", place.index);
        return Err(Error::not_found("entry bundle", message));
    }
    let leaves = stored::leaves(&service.db, first, places.end - places.start).await?;
    let mut bundle = Vec::new();
    for leaf in leaves {
        let Some(entry) = &leaf.entry else {
            return Err(Error::internal(format!(
                "entry {} of the log is missing",
                leaf.place.sequence
            )));
        };
        let bytes = leaf::canonical_bytes(entry);
        let length = u16::try_from(bytes.len()).map_err(Error::internal)?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(bytes.as_bytes());
    }
    Ok(bundle)
}
