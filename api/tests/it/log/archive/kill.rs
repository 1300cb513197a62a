//! Archiving that ends in the middle: whoever runs it again finds everything, and nothing is lost.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use ziggie::service::log::archive as log_archive;
use ziggie::store::fault::{Fault, Kind};

use super::{World, first_present, holds, on_each_database, run, two_months, verdict};

/// Lets work go on until it has waited so many times for a disk or a database, and then drops it, as a process that dies does. None where it
/// came to its end before.
async fn until<T>(waits: usize, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut left = waits;
    std::future::poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// Whatever has happened: every entry is in the database or in an archive that holds, and running again ends the work.
async fn nothing_is_lost(world: &World) {
    world.checkpoint().await;
    holds(&verdict(world).await);
}

async fn is_ended_by_the_next(world: &World, size: u64) {
    run(world).await;
    assert_eq!(first_present(world).await, size, "every old entry has left");
    nothing_is_lost(world).await;
}

#[tokio::test]
async fn wherever_it_dies_nothing_is_lost_and_the_next_goes_on() {
    on_each_database(async |world| {
        two_months(&world, super::YEARS).await;
        let size = world.service.db.settled().await.unwrap().unsigned_abs();
        // Each attempt dies a little later than the one before, wherever that one has left the work.
        for waits in 0.. {
            let ended = until(waits, log_archive::run(&world.service, None)).await;
            nothing_is_lost(&world).await;
            if let Some(done) = ended {
                done.unwrap();
                break;
            }
        }
        is_ended_by_the_next(&world, size).await;
    })
    .await;
}

#[tokio::test]
async fn a_fault_at_any_call_of_the_database_loses_nothing() {
    on_each_database(async |world| {
        two_months(&world, super::YEARS).await;
        let size = world.service.db.settled().await.unwrap().unsigned_abs();
        for at in 0..200 {
            let kind = if at % 2 == 0 {
                Kind::NotMade
            } else {
                Kind::AnswerLost
            };
            let fault = Fault::new(kind, at / 2);
            let ended = fault.befall(log_archive::run(&world.service, None)).await;
            nothing_is_lost(&world).await;
            if ended.is_ok() && !fault.has_struck() {
                break;
            }
        }
        is_ended_by_the_next(&world, size).await;
    })
    .await;
}
