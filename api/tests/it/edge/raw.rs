//! A client that does as it is told: it sends whatever frames a test wants and shows every frame and close that comes.

use std::net::SocketAddr;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Longer than anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Socket(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// An upgraded socket on which nothing was said yet.
    pub async fn open(
        address: SocketAddr,
        protocol: Option<&str>,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, tungstenite::Error> {
        let mut request = format!("ws://{address}/graphql").into_client_request()?;
        let protocol = protocol.map(|protocol| ("sec-websocket-protocol", protocol));
        for (name, value) in protocol.iter().chain(headers) {
            request
                .headers_mut()
                .insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let (stream, _) = tokio::time::timeout(PATIENCE, connect_async(request))
            .await
            .unwrap()?;
        Ok(Self(stream))
    }

    /// One that speaks the protocol.
    pub async fn upgraded(address: SocketAddr) -> Self {
        Self::open(address, Some("graphql-transport-ws"), &[])
            .await
            .unwrap()
    }

    /// One that was acknowledged.
    pub async fn greeted(address: SocketAddr, payload: &Value) -> Self {
        let mut socket = Self::upgraded(address).await;
        socket.init(payload).await;
        assert_eq!(socket.hear().await, json!({"type": "connection_ack"}));
        socket
    }

    pub async fn init(&mut self, payload: &Value) {
        self.say(&json!({"type": "connection_init", "payload": payload}))
            .await;
    }

    pub async fn say(&mut self, message: &Value) {
        self.send(Message::text(message.to_string())).await;
    }

    pub async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    pub async fn subscribe(&mut self, id: &str, query: &str) {
        self.say(&json!({"id": id, "type": "subscribe", "payload": {"query": query}}))
            .await;
    }

    /// The next message; a close is a message of its own here.
    pub async fn hear(&mut self) -> Value {
        loop {
            let frame = tokio::time::timeout(PATIENCE, self.0.next())
                .await
                .expect("the server says nothing");
            match frame {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return json!({"close": u16::from(frame.code), "reason": frame.reason.to_string()});
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => return json!({"gone": format!("{other:?}")}),
            }
        }
    }

    /// The code by which it closes; what comes before is passed over.
    pub async fn closed(&mut self) -> u64 {
        loop {
            let heard = self.hear().await;
            if let Some(code) = heard["close"].as_u64() {
                return code;
            }
            assert!(heard["gone"].is_null(), "{heard}");
        }
    }
}

/// A stream of events, block by block.
pub struct Events {
    answer: reqwest::Response,
    text: String,
}

impl From<reqwest::Response> for Events {
    fn from(answer: reqwest::Response) -> Self {
        Self {
            answer,
            text: String::new(),
        }
    }
}

impl Events {
    /// One that is open.
    pub async fn of(request: reqwest::RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        answer.into()
    }

    /// The next block, comments and places among them: its `event`, `id` and, read as JSON, `data`. The end is a block of its own here.
    pub async fn block(&mut self) -> Value {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                return read(&block);
            }
            let chunk = tokio::time::timeout(PATIENCE, self.answer.chunk())
                .await
                .expect("the server says nothing");
            match chunk {
                Ok(Some(bytes)) => self.text.push_str(std::str::from_utf8(&bytes).unwrap()),
                Ok(None) => return json!({"event": "gone"}),
                Err(error) => return json!({"event": "cut", "error": error.to_string()}),
            }
        }
    }

    /// The next event; comments and places are passed over.
    pub async fn event(&mut self) -> Value {
        loop {
            let block = self.block().await;
            if block["event"] != "comment" && block["event"] != "place" {
                return block;
            }
        }
    }

    /// The next place that is told without an event.
    pub async fn place(&mut self) -> String {
        loop {
            let block = self.block().await;
            match block["event"].as_str().unwrap() {
                "comment" => {}
                "place" => return block["id"].as_str().unwrap().to_owned(),
                _ => panic!("instead of a place came {block}"),
            }
        }
    }
}

fn read(block: &str) -> Value {
    let mut read = serde_json::Map::new();
    for line in block.lines().filter(|line| !line.is_empty()) {
        let (field, value) = line.split_once(':').unwrap();
        let value = value.trim_start();
        let value = match field {
            "data" => serde_json::from_str(value).unwrap_or_default(),
            _ => json!(value),
        };
        read.insert(field.to_owned(), value);
    }
    if !read.contains_key("event") {
        let kind = if read.remove("").is_some() {
            "comment"
        } else {
            "place"
        };
        read.insert("event".to_owned(), json!(kind));
    }
    Value::Object(read)
}
