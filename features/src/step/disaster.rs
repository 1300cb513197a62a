//! Sentences about what befalls a server: a kill, a full disk, a database that goes away.

use anyhow::Result;
use cucumber::{then, when};

use crate::world::{Studio, expect_equal};

#[when("the server is killed and started again")]
async fn is_killed(studio: &mut Studio) -> Result<()> {
    let house = studio.build().await?;
    house.take_process()?.kill().await?;
    house.launch().await
}

#[when("the disk is full")]
async fn disk_is_full(studio: &mut Studio) -> Result<()> {
    studio.house()?.process()?.limit_files(true)
}

#[when("the disk has room again")]
async fn disk_has_room(studio: &mut Studio) -> Result<()> {
    studio.house()?.process()?.limit_files(false)
}

#[when("the database goes away")]
async fn database_goes(studio: &mut Studio) -> Result<()> {
    studio.house()?.cut_database_off().await
}

#[when("the database comes back")]
async fn database_comes(studio: &mut Studio) -> Result<()> {
    studio.house()?.bring_database_back().await
}

#[then("the refusal says that it may be tried again")]
async fn is_retryable(studio: &mut Studio) -> Result<()> {
    expect_equal("retryable", studio.refusal()?.retryable(), Some(true))
}
