//! Notifications as they happen, replayed without gap or duplicate (spec R6.02).

use std::time::Duration;

use entities::id::NotificationId;
use entities::notification::NotificationKind as Kind;
use futures::{Stream, StreamExt};
use ziggie::auth::actor::Caller;
use ziggie::error::{Code, Result};
use ziggie::service::live::{NotificationUpdate, Since, TaskUpdate, notifications, task_updates};
use ziggie::service::page::Cursor;
use ziggie::service::{Service, task};

use super::open;
use crate::task::Studio;
use crate::world::on_each_database;

const PATIENCE: Duration = Duration::from_secs(20);

async fn next<T>(stream: &mut (impl Stream<Item = Result<T>> + Unpin)) -> T {
    let next = tokio::time::timeout(PATIENCE, stream.next()).await;
    next.unwrap().unwrap().unwrap()
}

async fn from(
    service: &Service,
    caller: &Caller,
    after: Option<Cursor>,
) -> impl Stream<Item = Result<NotificationUpdate>> + Unpin + use<> {
    let since = Since {
        after,
        ..Since::default()
    };
    Box::pin(notifications(service, caller, &since).await.unwrap())
}

fn beginning() -> Option<Cursor> {
    Some(Cursor::of("log", &-1))
}

#[tokio::test]
async fn each_subscriber_hears_its_own_as_they_happen() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let (service, specialist) = (studio.service(), &studio.specialist);
        studio.delegated().await;
        let mut theirs = from(service, specialist, None).await;
        let mut directors = from(service, &studio.director, None).await;
        let task = studio.delegated().await;
        task::start(service, specialist, &task.id.to_string())
            .await
            .unwrap();
        let error = "no ink".to_owned();
        task::fail(
            service,
            specialist,
            &task.id.to_string(),
            None,
            error,
            false,
        )
        .await
        .unwrap();
        let assigned = next(&mut theirs).await.notification;
        assert_eq!(
            (assigned.kind, assigned.task_id),
            (Kind::TaskAssigned, Some(task.id))
        );
        let failed = next(&mut directors).await.notification;
        assert_eq!(
            (failed.kind, failed.task_id),
            (Kind::TaskFailed, Some(task.id))
        );
        assert_eq!(*failed, open(service, &studio.director).await[0]);
    })
    .await;
}

/// Every cursor is a place to go on from, also between two things that one entry tells the same agent.
#[tokio::test]
async fn from_every_cursor_the_rest_comes_without_gap_or_duplicate() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let (service, specialist) = (studio.service(), &studio.specialist);
        studio.delegated().await;
        let own = studio.world.begun(specialist).await.id.to_string();
        let error = "LEASE_EXPIRED".to_owned();
        task::fail(service, specialist, &own, None, error, false)
            .await
            .unwrap();
        studio.delegated().await;

        let mut heard = Vec::new();
        let mut all = from(service, specialist, beginning()).await;
        for _ in 0..4 {
            heard.push(next(&mut all).await);
        }
        let kinds: Vec<Kind> = heard
            .iter()
            .map(|update| update.notification.kind)
            .collect();
        assert_eq!(
            kinds,
            [
                Kind::TaskAssigned,
                Kind::TaskFailed,
                Kind::LeaseLost,
                Kind::TaskAssigned
            ]
        );
        let mut ids: Vec<NotificationId> =
            heard.iter().map(|update| update.notification.id).collect();
        let mut resumed = Vec::new();
        for update in &heard {
            resumed.push(from(service, specialist, Some(update.cursor.clone())).await);
        }
        studio.delegated().await;
        ids.push(next(&mut all).await.notification.id);
        for (place, stream) in resumed.iter_mut().enumerate() {
            for expected in &ids[place + 1..] {
                assert_eq!(
                    next(stream).await.notification.id,
                    *expected,
                    "after {place}"
                );
            }
        }
        // A place within an entry is after it for every other stream.
        let since = Since {
            after: Some(heard[1].cursor.clone()),
            ..Since::default()
        };
        let tasks = task_updates(service, specialist, None, task::Filter::default(), &since).await;
        let first: TaskUpdate = next(&mut Box::pin(tasks.unwrap())).await;
        assert_eq!(Some(first.task.id), heard[3].notification.task_id);
    })
    .await;
}

#[tokio::test]
async fn a_cursor_that_names_an_impossible_place_is_refused() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let (service, specialist) = (studio.service(), &studio.specialist);
        studio.delegated().await;
        for cursor in [
            Cursor::of("log", &i64::MIN),
            Cursor::of("log", &(i64::MIN, 7)),
            Cursor::of("log", &(-1, 7)),
            Cursor::of("log", &i64::MAX),
            Cursor::of("log", &(i64::MAX, 7)),
        ] {
            let since = Since {
                after: Some(cursor),
                ..Since::default()
            };
            let refused = notifications(service, specialist, &since).await.err();
            let code = refused.map(|error| error.code());
            assert_eq!(code, Some(Code::BadUserInput));
        }
    })
    .await;
}
