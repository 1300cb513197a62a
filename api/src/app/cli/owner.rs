//! Orders of a data directory's owner: by the server where one runs, else by this process. Floor 6.

use anyhow::Result;

use crate::app::config::Config;
use crate::app::data_dir::DataDir;
use crate::app::door;
use crate::app::order::{self, Order};
use crate::app::parts::Parts;
use crate::store::clock::Clock;

/// Has an order carried out; returns what to print.
///
/// An embedded database is written by one process: by whoever holds the lock. PostgreSQL is written by anybody with the master key.
pub(super) async fn order(config: &Config, order: Order) -> Result<String> {
    let data_dir = DataDir::open(&config.data_dir)?;
    let lock = data_dir.lock()?;
    if lock.is_none() && (config.database_url.is_none() || data_dir.socket().exists()) {
        return door::ask(&data_dir.socket(), &order).await;
    }
    let parts = Parts::open(config, &data_dir, Clock::default()).await?;
    let said = order::carry_out(&parts.service, order).await;
    parts.close().await;
    said
}
