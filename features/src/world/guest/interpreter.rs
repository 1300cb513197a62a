//! Who stands between a scenario and the server: requests, answers, sockets and streams pass through and change their names on the way.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{
        FromRequestParts as _, Request, State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures::{SinkExt as _, StreamExt as _, stream};
use tokio::{net::TcpListener, task::JoinSet};
use websocket::{
    connect_async,
    tungstenite::{self, client::IntoClientRequest as _, protocol},
};

use super::Names;

/// More than any scenario sends or is sent.
const MOST: usize = 64 * 1024 * 1024;

/// One scenario's interpreter; it goes when this is dropped.
#[derive(Debug)]
pub struct Interpreter {
    address: SocketAddr,
    _work: JoinSet<()>,
}

#[derive(Clone)]
struct Way {
    server: String,
    names: Names,
    http: reqwest::Client,
}

impl Interpreter {
    /// Listens on a port of its own, on the way to `server`.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn open(server: String, names: Names) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let way = Way {
            server,
            names,
            http: reqwest::Client::new(),
        };
        let router = Router::new().fallback(pass).with_state(way);
        let mut work = JoinSet::new();
        work.spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("an interpreter fell silent: {error}");
            }
        });
        Ok(Self {
            address,
            _work: work,
        })
    }

    /// Where the scenario asks.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn pass(State(way): State<Way>, request: Request) -> Response {
    let passed = if request.headers().contains_key(header::UPGRADE) {
        way.upgrade(request).await
    } else {
        way.carry(request).await
    };
    passed.unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response())
}

impl Way {
    async fn carry(&self, request: Request) -> Result<Response> {
        let (head, body) = request.into_parts();
        let path = head.uri.path_and_query().context("a path")?;
        let url = format!(
            "http://{}{}",
            self.server,
            self.names.outward(path.as_str())
        );
        let body = to_bytes(body, MOST).await?;
        let body = self.translated(&body, Names::outward);
        let asked = self.http.request(head.method, url);
        let asked = asked.headers(without_lengths(head.headers)).body(body);
        let answer = asked.send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let is_stream = headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        let body = if is_stream {
            let way = self.clone();
            // The server writes a block at a time, and names do not reach from one into the next.
            let blocks = stream::try_unfold((answer, way), async |(mut answer, way)| {
                let block = answer.chunk().await?;
                let said = block.map(|block| way.translated(&block, Names::inward));
                Ok::<_, reqwest::Error>(said.map(|said| (said, (answer, way))))
            });
            Body::from_stream(blocks)
        } else {
            let bytes = answer.bytes().await?;
            Body::from(self.translated(&bytes, Names::inward))
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = without_lengths(headers);
        Ok(response)
    }

    /// Bytes that are no text pass as they are.
    fn translated(&self, bytes: &[u8], by: fn(&Names, &str) -> String) -> Vec<u8> {
        match std::str::from_utf8(bytes) {
            Ok(text) => by(&self.names, text).into_bytes(),
            Err(_) => bytes.to_vec(),
        }
    }

    async fn upgrade(&self, request: Request) -> Result<Response> {
        let (mut head, _) = request.into_parts();
        let mut asked = format!("ws://{}{}", self.server, head.uri.path()).into_client_request()?;
        for name in [
            header::AUTHORIZATION,
            header::ORIGIN,
            header::SEC_WEBSOCKET_PROTOCOL,
        ] {
            if let Some(value) = head.headers.get(&name) {
                asked.headers_mut().insert(name, value.clone());
            }
        }
        let (server, greeting) = match connect_async(asked).await {
            Ok(open) => open,
            Err(tungstenite::Error::Http(refusal)) => {
                let (head, body) = refusal.into_parts();
                return Ok((head.status, body.unwrap_or_default()).into_response());
            }
            Err(error) => return Err(error.into()),
        };
        let upgrade = WebSocketUpgrade::from_request_parts(&mut head, &()).await;
        let upgrade = upgrade.map_err(|refusal| anyhow::anyhow!(refusal.body_text()))?;
        let spoken = greeting.headers().get(header::SEC_WEBSOCKET_PROTOCOL);
        let upgrade = match spoken.and_then(|spoken| spoken.to_str().ok()) {
            Some(spoken) => upgrade.protocols([spoken.to_owned()]),
            None => upgrade,
        };
        let names = self.names.clone();
        Ok(upgrade.on_upgrade(move |guest| interpret(guest, server, names)))
    }
}

type Server = websocket::WebSocketStream<websocket::MaybeTlsStream<tokio::net::TcpStream>>;

/// Until one of the two has nothing more to say.
async fn interpret(guest: WebSocket, server: Server, names: Names) {
    let (mut to_guest, mut from_guest) = guest.split();
    let (mut to_server, mut from_server) = server.split();
    loop {
        tokio::select! {
            said = from_guest.next() => {
                let said = match said {
                    Some(Ok(Message::Text(text))) => protocol::Message::text(names.outward(&text)),
                    Some(Ok(Message::Binary(bytes))) => protocol::Message::Binary(bytes),
                    Some(Ok(Message::Close(frame))) => {
                        let frame = frame.map(|frame| protocol::CloseFrame {
                            code: frame.code.into(),
                            reason: frame.reason.as_str().into(),
                        });
                        protocol::Message::Close(frame)
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Err(_)) | None => break,
                };
                if to_server.send(said).await.is_err() {
                    break;
                }
            }
            said = from_server.next() => {
                let (said, last) = match said {
                    Some(Ok(protocol::Message::Text(text))) => (Message::text(names.inward(&text)), false),
                    Some(Ok(protocol::Message::Binary(bytes))) => (Message::Binary(bytes), false),
                    Some(Ok(protocol::Message::Close(frame))) => {
                        let frame = frame.map(|frame| CloseFrame {
                            code: frame.code.into(),
                            reason: names.inward(&frame.reason).into(),
                        });
                        (Message::Close(frame), true)
                    }
                    Some(Ok(_)) => continue,
                    Some(Err(_)) | None => break,
                };
                if to_guest.send(said).await.is_err() || last {
                    break;
                }
            }
        }
    }
}

/// Names change lengths, and whoever sends on says how.
fn without_lengths(mut headers: HeaderMap) -> HeaderMap {
    const NOT_OURS: [HeaderName; 4] = [
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::CONNECTION,
        header::HOST,
    ];
    for name in NOT_OURS {
        headers.remove(name);
    }
    headers
}
