//! Assets: what a task brings forth beside its output (spec section 4). Floor 0.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::audit::AuditEntity;
use crate::audit::recorded::{Recorded, columns, optional_time, time};
use crate::id::{AgentId, AssetId, TaskId};
use crate::json::JsonText;
use crate::{closed_word, stored_as_text};

pub mod leftover;

closed_word! {
    /// What an asset is.
    pub enum AssetKind {
        /// A picture.
        Image = "IMAGE",
        /// A model in three dimensions.
        Model = "MODEL",
        /// Something to hear.
        Audio = "AUDIO",
        /// Something to read.
        Text = "TEXT",
        /// Anything else.
        Other = "OTHER",
    }
}
stored_as_text!(AssetKind);

closed_word! {
    /// Where an asset stands.
    pub enum AssetStatus {
        /// Made, and not judged yet.
        Generated = "GENERATED",
        /// A reviewer agreed to it.
        Approved = "APPROVED",
        /// A reviewer did not agree to it.
        Rejected = "REJECTED",
        /// Its bytes are gone; terminal.
        Deleted = "DELETED",
    }
}
stored_as_text!(AssetStatus);

impl AssetStatus {
    /// Where it can go from here: judged once, deleted at any time.
    pub const fn allowed(self) -> &'static [Self] {
        match self {
            Self::Generated => &[Self::Approved, Self::Rejected, Self::Deleted],
            Self::Approved | Self::Rejected => &[Self::Deleted],
            Self::Deleted => &[],
        }
    }

    /// Whether it may become `next`.
    pub fn may_become(self, next: Self) -> bool {
        self.allowed().contains(&next)
    }
}

/// One asset (spec R4.01).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "assets")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AssetId,
    /// What it is.
    pub kind: AssetKind,
    /// The media type of its bytes, as its maker says.
    pub media_type: String,
    /// Where it stands.
    pub status: AssetStatus,
    /// Where its bytes live elsewhere; none where they are put here.
    pub uri: Option<String>,
    /// Under which key the store holds its bytes; none until they were put, and once they are gone.
    pub object_key: Option<String>,
    /// How many bytes: as named, and once they were put as counted.
    pub byte_size: Option<i64>,
    /// Lowercase hexadecimal SHA-256 of its bytes: as named, and once they were put as computed.
    pub sha256: Option<String>,
    /// Pixels, where it has any.
    pub width: Option<i32>,
    /// Pixels, where it has any.
    pub height: Option<i32>,
    /// A JSON object of strings.
    pub metadata: JsonText,
    /// The task that it was made for.
    pub task_id: Option<TaskId>,
    /// Who made it.
    pub creator_id: AgentId,
    /// Who reviewed it.
    pub reviewer_id: Option<AgentId>,
    /// What the reviewer said.
    pub review_feedback: Option<String>,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When its bytes were put.
    pub uploaded_at: Option<DateTime<Utc>>,
    /// When it was reviewed.
    pub reviewed_at: Option<DateTime<Utc>>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

impl Model {
    /// Whether its bytes are to be put here and were not put yet.
    pub const fn awaits_bytes(&self) -> bool {
        self.uri.is_none() && self.uploaded_at.is_none()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// Not recorded: under which key the store holds the bytes, which says nothing of them. Metadata by their SHA-256.
impl Recorded for Model {
    const ENTITY: AuditEntity = AuditEntity::Asset;

    fn entity_id(&self) -> String {
        self.id.to_string()
    }

    fn recorded(&self) -> serde_json::Map<String, serde_json::Value> {
        use serde_json::json;
        columns([
            ("kind", json!(self.kind)),
            ("mediaType", json!(self.media_type)),
            ("status", json!(self.status)),
            ("uri", json!(self.uri)),
            ("byteSize", json!(self.byte_size)),
            ("sha256", json!(self.sha256)),
            ("width", json!(self.width)),
            ("height", json!(self.height)),
            ("metadataSha256", json!(self.metadata.sha256())),
            ("taskId", json!(self.task_id)),
            ("creatorId", json!(self.creator_id)),
            ("reviewerId", json!(self.reviewer_id)),
            ("reviewFeedback", json!(self.review_feedback)),
            ("createdAt", time(self.created_at)),
            ("uploadedAt", optional_time(self.uploaded_at)),
            ("reviewedAt", optional_time(self.reviewed_at)),
            ("deletedAt", optional_time(self.deleted_at)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_is_judged_once_and_deleted_at_any_time() {
        use AssetStatus::{Approved, Deleted, Generated, Rejected};
        for (from, to) in [
            (Generated, &[Approved, Rejected, Deleted][..]),
            (Approved, &[Deleted]),
            (Rejected, &[Deleted]),
            (Deleted, &[]),
        ] {
            for next in AssetStatus::ALL {
                assert_eq!(
                    from.may_become(*next),
                    to.contains(next),
                    "{from} to {next}"
                );
            }
        }
    }
}
