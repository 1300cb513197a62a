//! How long notifications are kept: until they are acknowledged, and a while after that.

use std::time::Duration;

use entities::audit::entry;
use futures::future::join_all;
use sea_orm::{EntityTrait, PaginatorTrait};
use ziggie::error::{Code, Error};
use ziggie::service::notification::{acknowledge, find_many, list, sweep};
use ziggie::service::page::PageRequest;
use ziggie::service::task;

use super::{forgetful, open, told, with};
use crate::task::{Studio, drawing};
use crate::world::{log_in, on_each_database};

impl Studio {
    /// The specialist is told of so many things, one after the other.
    async fn tell(&self, times: usize) -> Vec<String> {
        for _ in 0..times {
            self.delegated().await;
        }
        told(self.service(), &self.specialist).await.unwrap()
    }
}

#[tokio::test]
async fn one_acknowledges_ones_own_once_and_leaves_no_entry() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let (service, specialist, micro) = (studio.service(), &studio.specialist, &studio.micro);
        let ids = studio.tell(3).await;
        service.denials.flush().await;
        let entries = async || entry::Entity::find().count(&service.db).await.unwrap();
        let before = entries().await;

        assert_eq!(
            acknowledge(service, micro, &ids).await.unwrap(),
            0,
            "others' are not there"
        );
        assert_eq!(acknowledge(service, specialist, &[]).await.unwrap(), 0);
        assert_eq!(
            acknowledge(service, specialist, &ids[..1]).await.unwrap(),
            1
        );
        let unknown = "notif_00000000000000000000000000".to_owned();
        let with_others = [ids.clone(), ids.clone(), vec![unknown]].concat();
        assert_eq!(
            acknowledge(service, specialist, &with_others)
                .await
                .unwrap(),
            2
        );
        assert_eq!(acknowledge(service, specialist, &ids).await.unwrap(), 0);
        assert!(open(service, specialist).await.is_empty());
        assert_eq!(entries().await, before);

        let request = PageRequest {
            first: 2,
            after: None,
            total: true,
        };
        let page = list(service, specialist, false, &request).await.unwrap();
        assert_eq!((page.total, page.has_next), (Some(3), true));
        assert!(
            page.items
                .iter()
                .all(|(_, row)| row.acknowledged_at.is_some())
        );
        let rest = PageRequest {
            after: page.items.last().map(|(cursor, _)| cursor.clone()),
            ..request
        };
        let rest = list(service, specialist, false, &rest).await.unwrap();
        let pages = page.items.iter().chain(&rest.items);
        let walked: Vec<String> = pages.map(|(_, row)| row.id.to_string()).collect();
        assert_eq!(walked, ids, "newest first, each once");

        let own = [ids[0].parse().unwrap()];
        assert_eq!(find_many(service, specialist, &own).await.unwrap().len(), 1);
        assert!(find_many(service, micro, &own).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_is_no_id_is_named_and_more_than_a_thousand_are_refused() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let (service, specialist) = (studio.service(), &studio.specialist);
        let mut ids = studio.tell(1).await;
        ids.extend(["nonsense".to_owned(), studio.created().await.id.to_string()]);
        let Err(Error::BadUserInput(faults)) = acknowledge(service, specialist, &ids).await else {
            panic!("malformed ids are refused");
        };
        let pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/ids/1", "/ids/2"]);
        assert_eq!(open(service, specialist).await.len(), 1, "all or nothing");
        let many = vec![ids[0].clone(); 1_001];
        let refused = acknowledge(service, specialist, &many).await.unwrap_err();
        assert_eq!(refused.code(), Code::LimitExceeded);
        assert_eq!(
            acknowledge(service, specialist, &many[1..]).await.unwrap(),
            1
        );
        let stranger = studio.world.stranger();
        let refused = acknowledge(service, &stranger, &ids).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_acknowledge_the_same_each_is_counted_once() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let ids = studio.tell(20).await;
        let calls = (0..8).map(async |number: usize| {
            let mut ids = ids.clone();
            ids.rotate_left(number * 2);
            acknowledge(studio.service(), &studio.specialist, &ids)
                .await
                .unwrap()
        });
        assert_eq!(join_all(calls).await.into_iter().sum::<u64>(), 20);
    })
    .await;
}

#[tokio::test]
async fn what_was_acknowledged_goes_after_thirty_days_the_rest_stays() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let service = studio.service();
        let ids = studio.tell(3).await;
        acknowledge(service, &studio.specialist, &ids[..2])
            .await
            .unwrap();
        let days = |days: u64| Duration::from_secs(days * 24 * 3_600);
        service.db.clock().advance(days(29));
        assert_eq!(sweep(service).await.unwrap(), 0);
        service.db.clock().advance(days(2));
        assert_eq!(sweep(service).await.unwrap(), 2);
        assert_eq!(studio.count().await, 1);
        let operator = log_in(service, "SYSTEM-001", &studio.world.operator_secret).await;
        task::create(service, &operator, drawing()).await.unwrap();
        assert_eq!(
            sweep(&forgetful(service)).await.unwrap(),
            0,
            "what waits is not forgotten"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_too_many_the_oldest_are_dropped_whoever_sweeps_at_once() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let ids = studio.tell(12).await;
        let others = studio.asked(&studio.specialist).await;
        let strict = with(studio.service(), |settings| settings.max_notifications = 5);
        let sweeps = join_all((0..4).map(async |_| sweep(&strict).await.unwrap())).await;
        assert_eq!(sweeps.into_iter().sum::<u64>(), 7);
        let kept = told(studio.service(), &studio.specialist).await.unwrap();
        assert_eq!(kept, ids[..5]);
        let director = open(studio.service(), &studio.director).await;
        assert_eq!(director.len(), 1, "those of others are not counted in");
        assert_eq!(director[0].task_id, Some(others));
    })
    .await;
}
