//! Bytes over HTTP: put and got as a caller, whatever they are.

use reqwest::Method;
use serde_json::Value;

use super::{Answer, Client, ClientError, Page};

/// An answer that may be bytes, or a refusal in JSON.
#[derive(Clone, Debug)]
pub struct Content {
    /// The HTTP status.
    pub status: u16,
    /// The headers by their names in small letters; of those that come twice, the last.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub bytes: Vec<u8>,
}

impl Content {
    /// The value of a header; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
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
        self.exchange(Method::PUT, path, Some(bytes)).await
    }

    /// Gets whatever bytes lie at a path of the server as the caller.
    ///
    /// # Errors
    /// When the server could not be reached or did not answer in time.
    pub async fn download(&self, path: &str) -> Result<Content, ClientError> {
        self.exchange(Method::GET, path, None).await
    }

    /// Asks for the head of a path alone, as the caller.
    ///
    /// # Errors
    /// When the server could not be reached or did not answer in time.
    pub async fn head(&self, path: &str) -> Result<Content, ClientError> {
        self.exchange(Method::HEAD, path, None).await
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        bytes: Option<Vec<u8>>,
    ) -> Result<Content, ClientError> {
        let url = format!("http://{}{path}", self.address);
        let request = self.http.request(method, &url);
        let request = match bytes {
            Some(bytes) => request.body(bytes),
            None => request,
        };
        let ticket = self.note(&request);
        let response = self.answer_to(&url, request).await?;
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.to_string(), value)
        });
        Ok(Content {
            status,
            headers: headers.collect(),
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
