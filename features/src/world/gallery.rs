//! A gallery: a server of somebody else's, where pictures lie that Ziggie only refers to. It can let whoever asks for one wait.

use std::{net::SocketAddr, str::FromStr};

use anyhow::{Context as _, Error, Result, bail};
use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cucumber::Parameter;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

/// What a picture is painted with.
#[derive(Clone, Copy, Debug, Parameter, PartialEq, Eq)]
#[param(name = "paint", regex = "slate|pink")]
pub enum Paint {
    /// `#1F2A44`, a colour of the founding palette.
    Slate,
    /// `#FF00AA`, which nobody asked for.
    Pink,
}

impl FromStr for Paint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "slate" => Self::Slate,
            "pink" => Self::Pink,
            other => bail!("there is no paint called {other}"),
        })
    }
}

impl Paint {
    /// Its colour.
    #[must_use]
    pub fn color(self) -> &'static str {
        match self {
            Self::Slate => "#1F2A44",
            Self::Pink => "#FF00AA",
        }
    }

    /// A PNG of one pixel.
    ///
    /// # Errors
    /// Never, unless the picture below was spoilt.
    pub fn picture(self) -> Result<Vec<u8>> {
        let text = match self {
            Self::Slate => {
                "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mOQ13IBAAD5AI55KdetAAAAAElFTkSuQmCC"
            }
            Self::Pink => {
                "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4z7AKAAOrAapYHCBOAAAAAElFTkSuQmCC"
            }
        };
        STANDARD.decode(text).context("a picture")
    }
}

/// The gallery of one scenario. It closes when dropped.
#[derive(Debug)]
pub struct Gallery {
    address: SocketAddr,
    open: watch::Sender<bool>,
    _serving: JoinSet<()>,
}

impl Gallery {
    /// Opens the house; whether the doors are open is another matter.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn build(open: bool) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("a gallery")?;
        let (address, open) = (listener.local_addr()?, watch::Sender::new(open));
        let (doors, picture) = (open.clone(), Paint::Slate.picture()?);
        let show = move || async move {
            // An error says that the gallery is gone: who asked will hear no more.
            _ = doors.subscribe().wait_for(|open| *open).await;
            ([(CONTENT_TYPE, "image/png")], picture)
        };
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let rooms = Router::new().route("/picture.png", get(show));
            if let Err(error) = axum::serve(listener, rooms).await {
                eprintln!("the gallery: {error}");
            }
        });
        Ok(Self {
            address,
            open,
            _serving: serving,
        })
    }

    /// Where its picture is found, of one pixel in slate.
    #[must_use]
    pub fn picture(&self) -> String {
        format!("http://{}/picture.png", self.address)
    }

    /// Lets everybody in who waits, and who comes.
    pub fn open(&self) {
        self.open.send_replace(true);
    }
}
