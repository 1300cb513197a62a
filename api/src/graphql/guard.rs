//! Guards of fields: the static half of the policy, asked before a resolver runs. Closed by default. Floor 4.

use async_graphql::{Context, Guard};

use super::error::Refusal;
use super::request::Asked;
use crate::auth::policy::Operation;
use crate::error::{Denial, Error};

/// Lets through who meets what the operation requires. A refusal is reported to the audit log (spec R5.04).
pub(super) struct Allow(pub Operation);

impl Guard for Allow {
    async fn check(&self, ctx: &Context<'_>) -> async_graphql::Result<()> {
        let outcome = ctx.service().allow(ctx.caller(), self.0);
        outcome.map_err(|error| Refusal::from(error).into())
    }
}

/// The guard of every root object. A field's own guard takes its place, so it answers for the fields that declare no requirement: it
/// refuses everybody (design property 3).
#[allow(
    dead_code,
    reason = "the macro emits it for fields that declare nothing, and there is none"
)]
pub(super) struct Closed;

impl Guard for Closed {
    async fn check(&self, _: &Context<'_>) -> async_graphql::Result<()> {
        Err(Refusal::from(Error::Forbidden(Denial {
            rule: "closed by default",
            needed: "a field that declares what it requires".to_owned(),
            had: "one that declares nothing".to_owned(),
        }))
        .into())
    }
}
