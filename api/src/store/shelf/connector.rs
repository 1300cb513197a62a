//! The HTTP client under the S3 store, of the parts that the server itself is made of. Floor 2.
//!
//! The library's own would be a second client with TLS of another make, for everybody in the workspace who uses that client.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector as Plain};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpResponseBody, HttpService,
};

/// How long a connection may take to come about.
const CONNECTING: Duration = Duration::from_secs(5);
/// How long the store may take to begin its answer.
const ANSWERING: Duration = Duration::from_secs(20);
/// How long a connection is kept for the next request.
const IDLE: Duration = Duration::from_secs(30);

/// Makes the client.
#[derive(Debug)]
pub(super) struct Connector {
    /// Without TLS: then no certificates need to be there.
    pub(super) plain: bool,
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let mut tcp = Plain::new();
        tcp.set_connect_timeout(Some(CONNECTING));
        tcp.set_nodelay(true);
        if self.plain {
            return Ok(client(tcp));
        }
        tcp.enforce_http(false);
        let provider = rustls::crypto::ring::default_provider();
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .map_err(|error| object_store::Error::Generic {
                store: "S3",
                source: Box::new(error),
            })?;
        Ok(client(tls.https_only().enable_http1().wrap_connector(tcp)))
    }
}

fn client<C>(connector: C) -> HttpClient
where
    C: Connect + Clone + Send + Sync + std::fmt::Debug + 'static,
{
    let client = Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE)
        .pool_timer(TokioTimer::new())
        .build(connector);
    HttpClient::new(Http { client })
}

#[derive(Debug)]
struct Http<C> {
    client: Client<C, HttpRequestBody>,
}

#[async_trait::async_trait]
impl<C> HttpService for Http<C>
where
    C: Connect + Clone + Send + Sync + std::fmt::Debug + 'static,
{
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = tokio::time::timeout(ANSWERING, self.client.request(request))
            .await
            .map_err(|late| HttpError::new(HttpErrorKind::Timeout, late))?
            .map_err(|error| {
                let kind = if error.is_connect() {
                    HttpErrorKind::Connect
                } else {
                    HttpErrorKind::Request
                };
                HttpError::new(kind, error)
            })?;
        let (head, body) = answer.into_parts();
        let body = body.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error));
        Ok(HttpResponse::from_parts(head, HttpResponseBody::new(body)))
    }
}
