//! Bytes over HTTP: put and got as a caller, whatever they are.

use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::Value;

use super::{Answer, Client, ClientError, Page};

/// An answer that may be bytes, or a refusal in JSON.
#[derive(Clone, Debug)]
pub struct Content {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub bytes: Vec<u8>,
}

impl Content {
    /// The value of a header; empty where there is none, or no text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.get(name);
        found.and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// The same as an answer: with the faults of a refusal, or with `data` where it was none.
    #[must_use]
    pub fn into_answer(self, data: Value) -> Answer {
        let page = Page {
            status: self.status,
            body: String::from_utf8_lossy(&self.bytes).into_owned(),
        };
        match Answer::of(&page).filter(|_| self.status >= 400) {
            Some(refusal) => refusal,
            None => Answer {
                status: self.status,
                data,
                faults: Vec::new(),
            },
        }
    }
}

impl Client {
    /// Puts bytes to a path of the server as the caller.
    ///
    /// # Errors
    /// When the server could not be reached or did not answer in time.
    pub async fn put(&self, path: &str, bytes: Vec<u8>) -> Result<Content, ClientError> {
        let url = self.url(path);
        self.exchange(self.http.put(&url).body(bytes), url).await
    }

    /// Posts JSON to a path of the server as the caller, and gives the answer as it came.
    ///
    /// # Errors
    /// When the server could not be reached or did not answer in time.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Content, ClientError> {
        let url = self.url(path);
        self.exchange(self.http.post(&url).json(body), url).await
    }

    /// Gets whatever bytes lie at a path of the server as the caller.
    ///
    /// # Errors
    /// When the server could not be reached or did not answer in time.
    pub async fn download(&self, path: &str) -> Result<Content, ClientError> {
        let url = self.url(path);
        self.exchange(self.http.get(&url), url).await
    }

    /// Asks for the head of a path alone, as the caller.
    ///
    /// # Errors
    /// When the server could not be reached or did not answer in time.
    pub async fn head(&self, path: &str) -> Result<Content, ClientError> {
        let url = self.url(path);
        self.exchange(self.http.request(Method::HEAD, &url), url)
            .await
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn exchange(&self, request: RequestBuilder, url: String) -> Result<Content, ClientError> {
        let ticket = self.note(&request);
        let response = self.answer_to(&url, request).await?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        Ok(Content {
            status,
            headers,
            bytes: match response.bytes().await {
                Ok(bytes) => {
                    self.note_answer(ticket, status, &bytes);
                    bytes.to_vec()
                }
                Err(source) => return Err(ClientError::Unreachable { url, source }),
            },
        })
    }
}
