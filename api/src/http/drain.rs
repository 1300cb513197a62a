//! The signal that the server goes down, as everything on this floor hears it. Floor 5.

use tokio::sync::watch;

/// Gives the signal.
#[derive(Debug)]
pub struct Drain(watch::Sender<bool>);

/// Hears the signal; clones hear the same.
#[derive(Debug, Clone)]
pub struct Draining(watch::Receiver<bool>);

impl Drain {
    /// A signal that was not given yet.
    pub fn new() -> (Self, Draining) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), Draining(receiver))
    }

    /// Gives it. It cannot be taken back.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }
}

impl Draining {
    /// Whether it was given.
    pub fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for it. A giver that is gone counts as a signal.
    pub async fn begun(&mut self) {
        let _ = self.0.wait_for(|begun| *begun).await;
    }
}
