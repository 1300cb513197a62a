//! What every resolver stands on: the service, the caller, and the readers of this request. Floor 4.

use async_graphql::Context;
use async_graphql::dataloader::DataLoader;

use super::loader::Reader;
use crate::auth::actor::Caller;
use crate::service::Service;

/// Access to what [`super::Schema`] puts into each request before it is executed.
pub(super) trait Asked {
    /// The use cases.
    fn service(&self) -> &Service;
    /// Who asks.
    fn caller(&self) -> &Caller;
    /// Batched reads.
    fn reader(&self) -> &DataLoader<Reader>;
}

impl Asked for Context<'_> {
    fn service(&self) -> &Service {
        self.reader().loader().service()
    }

    fn caller(&self) -> &Caller {
        self.reader().loader().caller()
    }

    fn reader(&self) -> &DataLoader<Reader> {
        // There is no way to execute a request but through `Schema`, which puts it there.
        self.data_unchecked()
    }
}
