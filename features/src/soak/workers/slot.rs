//! One worker's place: whatever process holds it is killed, paused or stopped some time, and another follows.

use std::{ops::Range, time::Duration};

use anyhow::Result;
use gates::client::Call;
use rand::{Rng as _, rngs::StdRng};
use tokio::{sync::watch, time::sleep};

use super::{super::Counts, LEASE, doors::Doors};
use crate::{
    tell::Tell as _,
    worker::{Language, Worker},
};

pub(super) struct Slot {
    pub(super) agent: String,
    pub(super) secret: String,
    /// The one server that it is told of.
    pub(super) server: String,
    /// Who brings its agent back that lost too many leases.
    pub(super) operator: Doors,
    /// How long it is left in peace, in milliseconds.
    pub(super) peace: Range<u64>,
    pub(super) random: StdRng,
    pub(super) counts: Counts,
    /// What its processes said, one after the other.
    pub(super) said: Vec<String>,
}

/// Why a process of the place is gone.
enum Gone {
    /// The run is over.
    Over,
    /// Somebody ended it: another follows after a while.
    Ended,
    /// Its agent was turned away.
    TurnedAway,
}

impl Slot {
    /// Has it worked in until it is over.
    pub(super) async fn live(mut self, mut over: watch::Receiver<()>) -> Result<Self> {
        loop {
            let worker = Language::Rust.start(&self.server, &self.agent, &self.secret)?;
            let words = worker.words();
            let gone = self.accompany(worker, &mut over).await;
            self.said.extend(words.all().await);
            let last = self.said.last().cloned().unwrap_or_default();
            match gone.tell(|| format!("{}, whose last words were {last:?}", self.agent))? {
                Gone::Over => return Ok(self),
                Gone::TurnedAway => {
                    self.counts.add("workers turned away", 1);
                    let activate = Call::mutation("activateAgent")
                        .with("agentId", "ID!", self.agent.as_str())
                        .selecting("id");
                    self.operator.insist(&activate).await?;
                }
                Gone::Ended => {
                    let pause = self.up_to(2 * LEASE);
                    tokio::select! {
                        () = sleep(pause) => {}
                        _ = over.changed() => return Ok(self),
                    }
                }
            }
        }
    }

    /// Lets a process work, and disturbs it, until it is gone.
    async fn accompany(
        &mut self,
        mut worker: Worker,
        over: &mut watch::Receiver<()>,
    ) -> Result<Gone> {
        loop {
            let peace = Duration::from_millis(self.random.random_range(self.peace.clone()));
            tokio::select! {
                () = sleep(peace) => {}
                _ = over.changed() => {
                    worker.terminate().await?;
                    return Ok(Gone::Over);
                }
                status = worker.ended() => {
                    status?;
                    return Ok(Gone::TurnedAway);
                }
            }
            match self.random.random_range(0..10) {
                0..5 => {
                    worker.kill().await?;
                    self.counts.add("workers killed", 1);
                    return Ok(Gone::Ended);
                }
                5..9 => {
                    worker.freeze()?;
                    sleep(self.up_to(3 * LEASE)).await;
                    worker.thaw()?;
                    self.counts.add("workers paused", 1);
                }
                // It ends in order, unless it was being turned away at that very moment.
                _ if worker.terminate().await?.success() => {
                    self.counts.add("workers stopped", 1);
                    return Ok(Gone::Ended);
                }
                _ => return Ok(Gone::TurnedAway),
            }
        }
    }

    fn up_to(&mut self, longest: Duration) -> Duration {
        longest.mul_f64(self.random.random())
    }
}
