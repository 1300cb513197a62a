//! Background duties: what the server does by itself, on every replica, each step harmless when two do it. Floor 3.

use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Service, asset, log, notification, personal, session, sprint, task};
use crate::auth::actor::Caller;
use crate::error::{Error, Result};
use crate::store::Tx;

/// How often expired idempotency keys are removed.
const KEY_EXPIRY: Duration = Duration::from_secs(600);
/// How often another replica's rotation of the signing keys is looked for.
const KEY_RELOAD: Duration = Duration::from_secs(1);

type Duty = fn(&Service) -> BoxFuture<'_, Result<()>>;

/// Waits until `shutdown` turns true. A function of its own, because what the channel lends must not be held while something else is waited
/// for.
pub(super) async fn turned(shutdown: &mut watch::Receiver<bool>) {
    // Whoever would have turned it is gone: that is the same.
    let _ = shutdown.wait_for(|down| *down).await;
}

/// Starts every duty; they end when `shutdown` turns true, the flush of last uses after one more turn.
pub fn start(service: &Service, shutdown: watch::Receiver<bool>) -> JoinSet<()> {
    let settings = &service.settings;
    let duties: [(&'static str, Duration, Duty); 9] = [
        ("session.sweep", settings.session_sweep, |service| {
            Box::pin(async { session::sweep(service).await.map(drop) })
        }),
        ("task.deadline", settings.deadline_sweep, |service| {
            Box::pin(async {
                task::cancel_overdue(service).await?;
                task::complete_abandoned(service).await.map(drop)
            })
        }),
        ("task.lease", settings.lease_sweep, |service| {
            Box::pin(async {
                task::expire_leases(service).await?;
                task::stop_losers(service).await.map(drop)
            })
        }),
        ("session.last_use", settings.last_use_flush, |service| {
            Box::pin(session::flush_last_uses(service))
        }),
        ("asset.sweep", settings.asset_sweep, |service| {
            Box::pin(async { asset::clear_leftovers(service).await.map(drop) })
        }),
        ("idempotency_key.expiry", KEY_EXPIRY, |service| {
            Box::pin(expire_keys(service))
        }),
        (
            "notification.sweep",
            settings.notification_sweep,
            |service| Box::pin(async { notification::sweep(service).await.map(drop) }),
        ),
        ("personal.sweep", settings.personal_sweep, |service| {
            Box::pin(async { personal::sweep(service).await.map(drop) })
        }),
        ("key.reload", KEY_RELOAD, |service| {
            Box::pin(async {
                service.keys.reload(&service.db).await?;
                service.log_keys.reload(&service.db).await
            })
        }),
    ];
    let mut running = JoinSet::new();
    running.spawn(flush_when_wanted(service.clone(), shutdown.clone()));
    running.spawn(task::serve_claimers(service.clone(), shutdown.clone()));
    running.spawn(sprint::keep_going(service.clone(), shutdown.clone()));
    running.spawn(log::keep_checkpoints(service.clone(), shutdown.clone()));
    running.spawn(log::archive::keep_retention(
        service.clone(),
        shutdown.clone(),
    ));
    for (name, period, duty) in duties {
        running.spawn(run(service.clone(), shutdown.clone(), name, period, duty));
    }
    running
}

async fn run(
    service: Service,
    mut shutdown: watch::Receiver<bool>,
    name: &'static str,
    period: Duration,
    duty: Duty,
) {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let last = tokio::select! {
            _ = ticks.tick() => false,
            _ = shutdown.wait_for(|down| *down) => true,
        };
        if let Err(error) = duty(&service).await {
            report(&service, name, &error);
        }
        if last {
            return;
        }
    }
}

/// Flushes last uses between the turns of their duty, when an agent that counts as IDLE was heard of (spec R1.05).
async fn flush_when_wanted(service: Service, mut shutdown: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = service.last_uses.flush_wanted() => {}
            _ = shutdown.wait_for(|down| *down) => return,
        }
        if let Err(error) = session::flush_last_uses(&service).await {
            report(&service, "session.last_use", &error);
        }
    }
}

pub(super) fn report(service: &Service, name: &'static str, error: &Error) {
    let cause = match error {
        Error::Internal(cause) => cause.0.to_string(),
        other => other.to_string(),
    };
    tracing::error!(duty = name, %cause, "a background duty failed and is tried again");
    // A database that cannot be reached cannot take the entry either; the log has the line.
    if !matches!(error, Error::Unavailable(_)) {
        let caller = Caller::control_center(service.db.request_id());
        service.denials.report_fault(&caller, name);
    }
}

async fn expire_keys(service: &Service) -> Result<()> {
    let caller = Caller::control_center(service.db.request_id());
    service
        .db
        .write(&caller, async |tx: &mut Tx| {
            tx.expire_idempotency_keys().await
        })
        .await
        .map(drop)
}
