//! Sessions: begun by a secret or issued, rotated, revoked, swept (spec section 2). Floor 3.
//!
//! Reading is here; each verb that changes something has its file beneath.

use chrono::{DateTime, Utc};
use entities::id::{AgentId, SessionId};
use entities::session;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

mod caller;
mod issue;
mod last_use;
mod revoke;
mod sweep;

pub use caller::{anonymous, caller, still_live};
pub use issue::{authenticate, issue, rotate};
pub use last_use::{LastUses, flush_last_uses};
pub use revoke::{revoke, revoke_all};
pub use sweep::{orphaned, sweep};

pub(super) use revoke::revoke_all_of;

use super::Service;
use super::page::{self, Cursor, Page, PageRequest};
use crate::auth::actor::Caller;
use crate::auth::policy;
use crate::error::Result;

/// A session that has just begun, and the one time that its token is shown.
#[derive(Clone)]
pub struct Issued {
    /// The JWT.
    pub token: String,
    /// Its row.
    pub session: session::Model,
}

/// Without the token.
impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

const LIST: &str = "sessions";

/// One session: one's own, or anyone's with MANAGE_AGENTS (spec R2.04). None where there is none or the caller may not see it.
pub async fn find(service: &Service, caller: &Caller, id: &str) -> Result<Option<session::Model>> {
    let Ok(id) = id.parse::<SessionId>() else {
        return Ok(None);
    };
    let Some(found) = session::Entity::find_by_id(id).one(&service.db).await? else {
        return Ok(None);
    };
    match revoke::may_manage(caller, &found) {
        Ok(()) => Ok(Some(found)),
        Err(error) => {
            if let Some(denial) = error.denial() {
                service.denials.report(caller, denial);
            }
            Ok(None)
        }
    }
}

/// Agent.sessions: all that have not been swept, newest first. None where the caller may not see them (spec R2.04).
pub async fn list(
    service: &Service,
    caller: &Caller,
    agent: &AgentId,
    request: &PageRequest,
) -> Result<Option<Page<session::Model>>> {
    if !policy::may_manage_sessions_of(caller, agent) {
        return Ok(None);
    }
    let all = session::Entity::find().filter(session::Column::AgentId.eq(agent.clone()));
    let total = if request.total {
        Some(all.clone().count(&service.db).await?)
    } else {
        None
    };
    let mut following = all
        .order_by_desc(session::Column::CreatedAt)
        .order_by_desc(session::Column::Id)
        .limit(request.limit());
    if let Some((at, id)) = request.after_moment::<SessionId>(LIST)? {
        let created_at = session::Column::CreatedAt;
        following = following.filter(page::before(created_at, at, session::Column::Id, id));
    }
    let rows = following.all(&service.db).await?;
    Ok(Some(Page::of(
        request,
        rows,
        total,
        |session: &session::Model| {
            Cursor::of(LIST, &(session.created_at.timestamp_micros(), session.id))
        },
    )))
}

/// Which rows answer for their agents at this moment: [`session::Model::is_live`] in SQL.
fn live(now: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(session::Column::RevokedAt.is_null())
        .add(session::Column::ExpiresAt.gt(now))
}
