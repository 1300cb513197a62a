//! The directives of the served schema that say what a field requires. [`super::guard`] enforces it; a test holds the two to the one
//! policy. Floor 4.

// The macro makes of each function a unit struct of the same name.
#![allow(missing_docs)]

use async_graphql::TypeDirective;
use entities::agent::{AgentPermission, AgentTier};

/// Callers below this tier are refused with FORBIDDEN before the resolver runs.
#[TypeDirective(location = "FieldDefinition")]
pub fn tier(#[graphql(desc = "The lowest tier that may call.")] at_least: AgentTier) {}

/// Callers without this permission are refused with FORBIDDEN before the resolver runs.
#[TypeDirective(location = "FieldDefinition")]
pub fn permission(
    #[graphql(desc = "The permission that the caller must hold.")] requires: AgentPermission,
) {
}

/// Any live session will do; what more is needed depends on the object and is decided by the policy.
#[TypeDirective(location = "FieldDefinition")]
pub fn authenticated() {}

/// Answers without a session.
#[TypeDirective(location = "FieldDefinition")]
pub fn public() {}
