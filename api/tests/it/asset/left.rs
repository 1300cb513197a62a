//! Whatever goes wrong between the database and the store of bytes, nothing lies there for ever that no asset refers to, and nothing is gone
//! that one refers to.

use std::time::Duration;

use bytes::Bytes;
use entities::asset::AssetStatus;
use futures::stream;
use ziggie::error::{Code, Error, Result};
use ziggie::service::Settings;
use ziggie::service::asset::{clear_leftovers, delete, put_content};
use ziggie::store::fault::{Fault, Kind};

use super::{code, files, keys, leftovers, load, put, read, registered, uploaded};
use crate::task::Studio;
use crate::world::{World, on_each_database};

/// Longer than any upload may take.
const LATER: Duration = Duration::from_secs(2 * 3_600);

/// After the duty, what lies in the folder is what the rows refer to.
async fn all_is_cleared(studio: &Studio) {
    let service = studio.service();
    service.db.clock().advance(LATER);
    clear_leftovers(service).await.unwrap();
    assert_eq!(files(studio.world.shelf()), keys(&service.db).await);
    assert!(leftovers(&service.db).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_call_fails_what_lies_on_the_shelf_is_what_the_rows_refer_to() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let service = studio.service();
        for kind in [Kind::NotMade, Kind::AnswerLost, Kind::Silence] {
            for deletes in [false, true] {
                let mut whole = 0;
                for at in 0.. {
                    // Sessions end after an hour of the clock that the duty moves on.
                    let caller = studio.world.agent_anew("L2-CHAR-001").await;
                    let operator = studio.world.operator_anew().await;
                    let asset = match deletes {
                        false => registered(service, &caller).await,
                        true => uploaded(service, &caller, b"fox").await,
                    };
                    let id = asset.id.to_string();
                    let fault = Fault::new(kind, at);
                    let work = async {
                        match deletes {
                            false => put(service, &caller, &id, b"fox").await.map(drop),
                            true => delete(service, &operator, &id, "old").await.map(drop),
                        }
                    };
                    let ended = tokio::select! {
                        ended = fault.befall(work) => Some(ended),
                        () = fault.silence() => None,
                    };
                    all_is_cleared(&studio).await;
                    let reader = studio.world.operator_anew().await;
                    let row = load(service, &id).await;
                    if row.object_key.is_some() {
                        assert_eq!(read(service, &reader, &id).await.unwrap(), b"fox");
                    }
                    if let Some(Ok(())) = ended {
                        let done = match deletes {
                            false => row.uploaded_at.is_some(),
                            true => row.status == AssetStatus::Deleted,
                        };
                        assert!(done, "call {at} {kind:?}: it says that it was done");
                        whole += usize::from(!fault.has_struck());
                    }
                    if whole > 0 {
                        assert!(at > 3, "too few calls were tried");
                        break;
                    }
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let service = studio.service();
        let id = registered(service, &studio.specialist).await.id.to_string();
        // More than is held back, so that a file is begun.
        let piece: Result<Bytes> = Ok(Bytes::from(vec![7; 1024 * 1024]));
        let gone = Err(Error::Unavailable("the client is gone"));
        let broken = stream::iter([piece, gone]);
        let refused = put_content(service, &studio.specialist, &id, None, broken).await;
        assert_eq!(code(refused), Code::Unavailable);
        assert!(files(studio.world.shelf()).is_empty());
        assert!(leftovers(&service.db).await.is_empty());

        // The server is killed in the middle of one: here the unfinished file stays, its key is known, and the duty clears it.
        let piece: Result<Bytes> = Ok(Bytes::from(vec![7; 1024 * 1024]));
        let (begun, mut heard) = tokio::sync::watch::channel(false);
        let endless = futures::StreamExt::chain(
            stream::iter([piece]),
            stream::once(async move {
                begun.send_replace(true);
                std::future::pending().await
            }),
        );
        tokio::select! {
            _ = put_content(service, &studio.specialist, &id, None, endless) => panic!("it has no end"),
            begun = heard.wait_for(|begun| *begun) => drop(begun.unwrap()),
        }
        let waiting = leftovers(&service.db).await;
        assert_eq!(waiting.len(), 1);
        // The library removes the file of an upload that is dropped, in its own time; a server that is killed does not.
        while !files(studio.world.shelf()).is_empty() {
            tokio::task::yield_now().await;
        }
        let unfinished = format!("{}#1", waiting[0].object_key);
        std::fs::write(studio.world.shelf().join(&unfinished), b"half a fox").unwrap();
        clear_leftovers(service).await.unwrap();
        assert_eq!(files(studio.world.shelf()).len(), 1, "its time is not over");
        all_is_cleared(&studio).await;
        assert_eq!(load(service, &id).await.uploaded_at, None);
    })
    .await;
}

#[tokio::test]
async fn an_upload_whose_time_is_over_is_not_taken_any_more() {
    let settings = Settings {
        upload_time: Duration::from_secs(60),
        ..Settings::default()
    };
    let world = World::on_sqlite(settings).await;
    let service = &world.service;
    let id = registered(service, &world.operator).await.id.to_string();
    let clock = service.db.clock().clone();
    let slow = stream::iter([0, 1]).map_pieces(move |number| {
        // Between its pieces somebody else clears the key, since its time was over.
        if number == 1 {
            clock.advance(Duration::from_secs(20 * 60));
        }
        Bytes::from_static(b"fox")
    });
    let refused = put_content(service, &world.operator, &id, None, slow).await;
    assert_eq!(code(refused), Code::Unavailable);
    assert!(files(world.shelf()).is_empty());
    assert!(leftovers(&service.db).await.is_empty());
}

/// Makes pieces of a body.
trait Pieces: futures::Stream + Sized {
    fn map_pieces(
        self,
        make: impl FnMut(Self::Item) -> Bytes,
    ) -> impl futures::Stream<Item = Result<Bytes>> {
        let mut make = make;
        futures::StreamExt::map(self, move |item| Ok(make(item)))
    }
}

impl<S: futures::Stream> Pieces for S {}

#[tokio::test]
async fn a_store_that_cannot_delete_is_tried_again() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let service = studio.service();
        let id = uploaded(service, &studio.specialist, b"fox")
            .await
            .id
            .to_string();
        // As a shared folder that is not mounted.
        let (folder, aside) = (studio.world.shelf(), tempfile::tempdir().unwrap());
        std::fs::rename(folder, aside.path().join("assets")).unwrap();
        let deleted = delete(service, &studio.director, &id, "old").await.unwrap();
        assert_eq!(deleted.status, AssetStatus::Deleted);
        assert_eq!(leftovers(&service.db).await.len(), 1);
        assert!(clear_leftovers(service).await.is_err());
        assert_eq!(leftovers(&service.db).await.len(), 1);
        std::fs::rename(aside.path().join("assets"), folder).unwrap();
        assert_eq!(files(folder).len(), 1);
        all_is_cleared(&studio).await;
        assert!(files(folder).is_empty());
    })
    .await;
}
