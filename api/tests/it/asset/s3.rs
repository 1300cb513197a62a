//! The same in a bucket: against the S3-compatible server that a variable names, such as one of `moto_server`. Without one these are left
//! out, which `cargo xtask test` says.

use bytes::Bytes;
use futures::stream;
use ziggie::error::{Code, Error, Result};
use ziggie::service::asset::{clear_leftovers, delete, get_content, put_content};
use ziggie::service::{Service, Settings};
use ziggie::store::shelf::{Bucket, Shelf};

use super::{code, keys, leftovers, put, read, registered};
use crate::world::World;

/// Names the server, as `http://127.0.0.1:5000`.
const S3: &str = "ZIGGIE_TEST_S3_URL";
const BUCKET: &str = "shelf";

/// A world whose assets are kept under a prefix of their own.
struct Far {
    world: World,
    service: Service,
    endpoint: String,
    prefix: String,
}

impl Far {
    async fn open() -> Option<Self> {
        #[allow(clippy::disallowed_methods, reason = "the tests' one setting")]
        let endpoint = std::env::var(S3).ok().filter(|url| !url.is_empty())?;
        let made = reqwest::Client::new()
            .put(format!("{endpoint}/{BUCKET}"))
            .send()
            .await;
        assert!(made.unwrap().status().as_u16() < 500);
        let world = World::on_sqlite(Settings::default()).await;
        let installation = ziggie::service::installation::get(&world.service).await;
        let prefix = format!("tests/{}", installation.unwrap().id);
        let bucket = Bucket {
            name: BUCKET.to_owned(),
            prefix: prefix.clone(),
            endpoint: Some(endpoint.clone()),
            region: "us-east-1".to_owned(),
            key: Some(("id".to_owned(), "secret".to_owned())),
        };
        let service = Service {
            shelf: Shelf::s3(bucket).unwrap(),
            ..world.service.clone()
        };
        Some(Self {
            world,
            service,
            endpoint,
            prefix,
        })
    }

    /// How often something is listed: `<Key>` of objects, `<UploadId>` of uploads that have not ended.
    async fn count(&self, query: &str, what: &str) -> usize {
        let url = format!("{}/{BUCKET}?{query}&prefix={}", self.endpoint, self.prefix);
        let listed = reqwest::get(url).await.unwrap().text().await.unwrap();
        listed.matches(what).count()
    }

    async fn objects(&self) -> usize {
        self.count("list-type=2", "<Key>").await
    }

    async fn unfinished(&self) -> usize {
        self.count("uploads", "<UploadId>").await
    }
}

#[tokio::test]
async fn a_bucket_keeps_small_and_large_assets_and_gives_them_back() {
    let Some(far) = Far::open().await else {
        return;
    };
    let (service, operator) = (&far.service, &far.world.operator);
    // Nothing, one request, exactly one part, several parts.
    for size in [0, 5_000, 5 * 1024 * 1024, 12 * 1024 * 1024 + 17] {
        let bytes: Vec<u8> = (0..size).map(|byte| (byte % 251) as u8).collect();
        let id = registered(service, operator).await.id.to_string();
        assert!(put(service, operator, &id, &bytes).await.unwrap().kept);
        assert_eq!(read(service, operator, &id).await.unwrap(), bytes, "{size}");
        if size > 100 {
            let content = get_content(service, operator, &id).await.unwrap().unwrap();
            let part = content.read(service, Some(10..20)).await.unwrap();
            let part: Vec<Bytes> = futures::TryStreamExt::try_collect(part).await.unwrap();
            assert_eq!(part.concat(), bytes[10..20]);
        }
        delete(service, operator, &id, "seen").await.unwrap();
    }
    assert_eq!((far.objects().await, far.unfinished().await), (0, 0));
    assert!(leftovers(&service.db).await.is_empty());
}

#[tokio::test]
async fn what_breaks_off_on_its_way_to_a_bucket_is_removed() {
    let Some(far) = Far::open().await else {
        return;
    };
    let (service, operator) = (&far.service, &far.world.operator);
    let large = || -> Result<Bytes> { Ok(Bytes::from(vec![7; 6 * 1024 * 1024])) };
    let id = registered(service, operator).await.id.to_string();
    let gone = Err(Error::Unavailable("the client is gone"));
    let broken = stream::iter([large(), gone]);
    let refused = put_content(service, operator, &id, None, broken).await;
    assert_eq!(code(refused), Code::Unavailable);
    assert_eq!((far.objects().await, far.unfinished().await), (0, 0));

    // The server is killed in the middle: the upload stays, its id is known, and the duty ends it.
    let (begun, mut heard) = tokio::sync::watch::channel(false);
    let endless = futures::StreamExt::chain(
        stream::iter([large()]),
        stream::once(async move {
            begun.send_replace(true);
            std::future::pending().await
        }),
    );
    tokio::select! {
        _ = put_content(service, operator, &id, None, endless) => panic!("it has no end"),
        begun = heard.wait_for(|begun| *begun) => drop(begun.unwrap()),
    }
    assert_eq!(far.unfinished().await, 1);
    service
        .db
        .clock()
        .advance(std::time::Duration::from_secs(2 * 3_600));
    assert_eq!(clear_leftovers(service).await.unwrap(), 1);
    assert_eq!((far.objects().await, far.unfinished().await), (0, 0));
    assert!(keys(&service.db).await.is_empty());
}

#[tokio::test]
async fn a_bucket_that_cannot_be_reached_is_unavailable_and_forgets_nothing() {
    let world = World::on_sqlite(Settings::default()).await;
    let bucket = Bucket {
        name: BUCKET.to_owned(),
        prefix: String::new(),
        // Nobody listens on the discard port.
        endpoint: Some("http://127.0.0.1:9".to_owned()),
        region: "us-east-1".to_owned(),
        key: Some(("id".to_owned(), "secret".to_owned())),
    };
    let service = Service {
        shelf: Shelf::s3(bucket).unwrap(),
        ..world.service.clone()
    };
    let id = registered(&service, &world.operator).await.id.to_string();
    let refused = put(&service, &world.operator, &id, b"fox").await;
    assert_eq!(code(refused), Code::Unavailable);
    assert_eq!(leftovers(&service.db).await.len(), 1);
}
