//! Identifiers. Everything but agents carries a TypeID: a prefix that says its kind and a UUIDv7 in Crockford's base32
//! (<https://github.com/jetify-com/typeid/tree/main/spec>, version 0.3); agents keep their name plate (spec R1.02). Floor 0.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A text that is no id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no {kind} id")]
pub struct InvalidId {
    /// The kind that was expected, such as `task`.
    pub kind: &'static str,
    /// What was found, cut at 80 characters.
    pub found: String,
}

impl InvalidId {
    fn new(kind: &'static str, found: &str) -> Self {
        Self {
            kind,
            found: found.chars().take(80).collect(),
        }
    }
}

fn encode(uuid: Uuid) -> String {
    let bits = uuid.as_u128();
    (0..26)
        .rev()
        .map(|digit| char::from(ALPHABET[usize::from((bits >> (digit * 5)) as u8 & 31)]))
        .collect()
}

fn decode(suffix: &str) -> Option<Uuid> {
    // 26 digits hold 130 bits: a first digit above 7 would not fit.
    if suffix.len() != 26 || suffix.as_bytes().first().is_none_or(|first| *first > b'7') {
        return None;
    }
    suffix
        .bytes()
        .try_fold(0u128, |bits, digit| {
            let value = ALPHABET.iter().position(|known| *known == digit)?;
            Some(bits << 5 | value as u128)
        })
        .map(Uuid::from_u128)
}

/// The ORM asks of every primary key whether it can come from an auto-increment: ids never do.
macro_rules! never_auto_incremented {
    ($name:ident) => {
        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    };
}

macro_rules! typed_id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sea_orm::DeriveValueType)]
        pub struct $name(Uuid);

        impl $name {
            /// What stands before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a UUID, which should be of version 7.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID beneath.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        never_auto_incremented!($name);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", Self::PREFIX, encode(self.uuid()))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix($prefix)
                    .and_then(|rest| rest.strip_prefix('_'))
                    .and_then(decode)
                    .map(Self::new)
                    .ok_or_else(|| InvalidId::new(Self::PREFIX, text))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

typed_id! {
    /// A task.
    TaskId, "task"
}
typed_id! {
    /// An asset.
    AssetId, "asset"
}
typed_id! {
    /// A session.
    SessionId, "sess"
}
typed_id! {
    /// An audit entry.
    AuditId, "audit"
}
typed_id! {
    /// An export of the audit log.
    ExportId, "export"
}
typed_id! {
    /// A request, as it appears in error extensions, logs and audit entries.
    RequestId, "req"
}
typed_id! {
    /// A notification.
    NotificationId, "notif"
}
typed_id! {
    /// A sprint.
    SprintId, "sprint"
}
typed_id! {
    /// A gate run.
    GateRunId, "gate"
}
typed_id! {
    /// An installation: one database and whatever serves it.
    InstallationId, "inst"
}

/// An agent's id, chosen at registration: 3 to 64 characters of `A-Z 0-9 -`, beginning with its tier's name and a dash (spec R1.02).
///
/// Parsing checks the alphabet and the length; whether the prefix fits the tier is [`AgentId::fits`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, sea_orm::DeriveValueType)]
#[sea_orm(value_type = "String", column_type = "Text")]
pub struct AgentId(std::sync::Arc<str>);
never_auto_incremented!(AgentId);

impl AgentId {
    /// The control center itself: the actor of what the server does by itself. It cannot log in.
    pub fn control_center() -> Self {
        Self("SYSTEM-000".into())
    }

    /// The first operator.
    pub fn first_operator() -> Self {
        Self("SYSTEM-001".into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the id begins with the tier's name and a dash and says something after it.
    pub fn fits(&self, tier: crate::agent::AgentTier) -> bool {
        self.0
            .strip_prefix(tier.as_str())
            .and_then(|rest| rest.strip_prefix('-'))
            .is_some_and(|rest| !rest.is_empty())
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AgentId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let fits = (3..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-');
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(InvalidId::new("agent", text))
        }
    }
}

impl serde::Serialize for AgentId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for AgentId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_the_typeid_specification_hold() {
        for (suffix, uuid) in [
            ("00000000000000000000000000", Uuid::nil()),
            ("00000000000000000000000001", Uuid::from_u128(1)),
            ("0000000000000000000000000a", Uuid::from_u128(10)),
            ("0000000000000000000000000g", Uuid::from_u128(16)),
            ("00000000000000000000000010", Uuid::from_u128(32)),
            ("7zzzzzzzzzzzzzzzzzzzzzzzzz", Uuid::max()),
            (
                "0123456789abcdefghjkmnpqrs",
                Uuid::from_u128(0x0110_c853_1d09_52d8_d73e_1194_e95b_5f19),
            ),
            (
                "01h455vb4pex5vsknk084sn02q",
                Uuid::from_u128(0x0189_0a5d_ac96_774b_bcce_b302_099a_8057),
            ),
        ] {
            assert_eq!(encode(uuid), suffix);
            assert_eq!(decode(suffix), Some(uuid));
        }
    }

    #[test]
    fn an_id_of_another_kind_or_shape_is_refused() {
        let id = TaskId::new(Uuid::from_u128(7)).to_string();
        assert_eq!(id.parse(), Ok(TaskId::new(Uuid::from_u128(7))));
        for wrong in [
            id.replace("task", "sess"),
            id.to_uppercase(),
            id.replace('_', ""),
            format!("{id}0"),
            "task_8zzzzzzzzzzzzzzzzzzzzzzzzz".into(),
            "task_0000000000000000000000000l".into(),
            String::new(),
        ] {
            assert!(wrong.parse::<TaskId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn agent_ids_are_held_to_alphabet_length_and_tier() {
        use crate::agent::AgentTier;
        let good: AgentId = "L2-CHAR-001".parse().unwrap();
        assert!(good.fits(AgentTier::L2) && !good.fits(AgentTier::L1));
        assert!(!"L2-".parse::<AgentId>().unwrap().fits(AgentTier::L2));
        for wrong in ["", "L2", "l2-char", "L2_CHAR", "L2-CHÄR", &"L".repeat(65)] {
            assert!(wrong.parse::<AgentId>().is_err(), "{wrong}");
        }
    }
}
