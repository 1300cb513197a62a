//! `ziggie keys`: the keys that sign sessions, and those that sign the audit log. Floor 6.

use clap::Subcommand;

use super::Place;
use crate::app::order::Order;

/// What can be asked.
#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Prints the keys whose tokens are good, and which of them signs
    List {
        /// The public keys of the audit log instead, the youngest first
        #[arg(long)]
        log: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Makes another key that signs from now on; nobody is logged out
    Rotate {
        /// The key of the audit log instead; the one before signs beside it for 30 days
        #[arg(long)]
        log: bool,
        #[command(flatten)]
        place: Place,
    },
}

impl KeysCommand {
    /// Where, and what.
    pub(super) fn order(self) -> (Place, Order) {
        match self {
            Self::List { log: false, place } => (place, Order::ListKeys),
            Self::List { log: true, place } => (place, Order::ListLogKeys),
            Self::Rotate { log: false, place } => (place, Order::RotateKeys),
            Self::Rotate { log: true, place } => (place, Order::RotateLogKey),
        }
    }
}
