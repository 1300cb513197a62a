//! Locks that are not rows. Of agents: what is written in an agent's name and what ends its sessions exclude each other (spec R2.03).
//! Of task types: those who start tasks of one whose number is limited come one after the other (spec R3.13).
//! Of the archives: they are made one behind the other (spec R5.08). Floor 2.

use std::collections::BTreeMap;

use entities::id::AgentId;
use sea_orm::{ConnectionTrait, DbBackend};
use sha2::{Digest, Sha256};

use super::connection::Connection;
use crate::error::Result;

/// Agents share this many locks: a whole fleet can be locked at once without filling the database's table of locks.
const AGENT_LOCKS: u64 = 256;
const AGENT_LOCK_CLASS: i32 = 0x5a49_0001;

/// On SQLite the one writer is the lock. On PostgreSQL advisory locks of the transaction, in one order for all: shared by whoever
/// writes in an agent's name, alone by whoever revokes its sessions or stops it.
pub(super) async fn lock_agents<'a>(
    transaction: &Connection,
    shared: impl IntoIterator<Item = &'a AgentId>,
    alone: impl IntoIterator<Item = &'a AgentId>,
) -> Result<()> {
    if transaction.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let shared = shared.into_iter().map(|id| (lock_of(id), false));
    let alone = alone.into_iter().map(|id| (lock_of(id), true));
    // A lock that is wanted both ways is taken alone: in the map the later one stays.
    let wanted: BTreeMap<u64, bool> = shared.chain(alone).collect();
    let statements: Vec<String> = wanted
        .into_iter()
        .map(|(key, alone)| {
            let function = if alone {
                "pg_advisory_xact_lock"
            } else {
                "pg_advisory_xact_lock_shared"
            };
            format!("SELECT {function}({AGENT_LOCK_CLASS}, {key})")
        })
        .collect();
    if statements.is_empty() {
        return Ok(());
    }
    transaction
        .execute_unprepared(&statements.join("; "))
        .await?;
    Ok(())
}

fn lock_of(id: &AgentId) -> u64 {
    hash(id.as_str()) % AGENT_LOCKS
}

fn hash(text: &str) -> u64 {
    let digest = Sha256::digest(text);
    u64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default())
}

const TYPE_LOCK_CLASS: i32 = 0x5a49_0002;

/// As for agents: on SQLite the one writer is the lock. Types that share one wait for each other, no more.
pub(super) async fn lock_type(transaction: &Connection, name: &str) -> Result<()> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        let key = hash(name) % u64::from(i32::MAX.unsigned_abs());
        let statement = format!("SELECT pg_advisory_xact_lock({TYPE_LOCK_CLASS}, {key})");
        transaction.execute_unprepared(&statement).await?;
    }
    Ok(())
}

const ARCHIVES_LOCK: i64 = 0x5a49_4747_4945_0004;

/// As for agents: on SQLite the one writer is the lock.
pub(super) async fn lock_archives(transaction: &Connection) -> Result<()> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        let statement = format!("SELECT pg_advisory_xact_lock({ARCHIVES_LOCK})");
        transaction.execute_unprepared(&statement).await?;
    }
    Ok(())
}
