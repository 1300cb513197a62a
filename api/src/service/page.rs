//! Pages: keyset cursors over (sort key, id), opaque and versioned. Floor 3.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Value};

use super::Settings;
use crate::error::{Error, Result};

/// What a caller asks of a list.
#[derive(Debug, Clone, Default)]
pub struct PageRequest {
    /// How many nodes at most.
    pub first: u64,
    /// Go on after this cursor.
    pub after: Option<Cursor>,
    /// Whether the total count is wanted: it costs a query of its own.
    pub total: bool,
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The nodes, each with its cursor.
    pub items: Vec<(Cursor, T)>,
    /// Whether more follow.
    pub has_next: bool,
    /// Whether the page begins after a cursor.
    pub has_previous: bool,
    /// How many there are in all, when it was asked for.
    pub total: Option<u64>,
}

impl<T> Page<T> {
    /// Makes a page of rows of which one more than asked for was read.
    pub fn of(
        request: &PageRequest,
        mut rows: Vec<T>,
        total: Option<u64>,
        cursor: impl Fn(&T) -> Cursor,
    ) -> Self {
        let first = usize::try_from(request.first).unwrap_or(usize::MAX);
        let has_next = rows.len() > first;
        rows.truncate(first);
        Self {
            items: rows.into_iter().map(|row| (cursor(&row), row)).collect(),
            has_next,
            has_previous: request.after.is_some(),
            total,
        }
    }

    /// The page of other nodes with the same cursors.
    pub fn map<U>(self, convert: impl Fn(T) -> U) -> Page<U> {
        Page {
            items: self
                .items
                .into_iter()
                .map(|(cursor, node)| (cursor, convert(node)))
                .collect(),
            has_next: self.has_next,
            has_previous: self.has_previous,
            total: self.total,
        }
    }
}

/// A place in a list. Opaque to clients: a list's name, a version and its sort key, in base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

const VERSION: u8 = 1;
/// No cursor of ours is longer.
const MAX_CURSOR: usize = 400;

impl Cursor {
    /// The cursor of a key in a list.
    pub fn of(list: &str, key: &impl Serialize) -> Self {
        let text = serde_json::json!([VERSION, list, key]).to_string();
        Self(URL_SAFE_NO_PAD.encode(text))
    }

    /// The key again. BAD_USER_INPUT for a cursor of another list, another version, or none at all.
    pub fn key<K: DeserializeOwned>(&self, list: &str) -> Result<K> {
        let refused = || Error::bad_input("after", "cursor", format!("is no cursor of {list}"));
        if self.0.len() > MAX_CURSOR {
            return Err(refused());
        }
        let bytes = URL_SAFE_NO_PAD.decode(&self.0).map_err(|_| refused())?;
        let (version, name, key): (u8, String, K) =
            serde_json::from_slice(&bytes).map_err(|_| refused())?;
        if version == VERSION && name == list {
            Ok(key)
        } else {
            Err(refused())
        }
    }
}

/// What lies behind a place in a list that has the newest first: an index of both columns begins to read there. (Said with OR, it would be
/// read from its beginning.)
pub fn before(
    created_at: impl ColumnTrait,
    at: DateTime<Utc>,
    id: impl ColumnTrait,
    of: impl Into<Value>,
) -> Expr {
    Expr::tuple([
        Expr::col(created_at.as_column_ref()),
        Expr::col(id.as_column_ref()),
    ])
    .lt(Expr::tuple([Expr::val(at), Expr::val(of)]))
}

impl PageRequest {
    /// Checks the size: BAD_USER_INPUT for a negative one, LIMIT_EXCEEDED for one beyond the setting.
    pub fn new(
        first: i32,
        after: Option<Cursor>,
        total: bool,
        settings: &Settings,
    ) -> Result<Self> {
        let first = u64::try_from(first)
            .map_err(|_| Error::bad_input("first", "minimum", "must not be negative"))?;
        if first > settings.max_page {
            return Err(Error::LimitExceeded {
                limit: "first",
                value: settings.max_page,
                requested: first,
            });
        }
        Ok(Self {
            first,
            after,
            total,
        })
    }

    /// The cursor's key, if there is a cursor.
    pub fn after_key<K: DeserializeOwned>(&self, list: &str) -> Result<Option<K>> {
        self.after
            .as_ref()
            .map(|cursor| cursor.key(list))
            .transpose()
    }

    /// The cursor's key in a list by time: the moment, which stands in it in µs, and the id.
    pub fn after_moment<I: DeserializeOwned>(
        &self,
        list: &str,
    ) -> Result<Option<(DateTime<Utc>, I)>> {
        let Some((micros, id)) = self.after_key::<(i64, I)>(list)? else {
            return Ok(None);
        };
        let at = DateTime::from_timestamp_micros(micros).ok_or_else(|| {
            Error::bad_input("after", "cursor", format!("is no cursor of {list}"))
        })?;
        Ok(Some((at, id)))
    }

    /// One row more than asked for: whether there is a next page.
    pub fn limit(&self) -> u64 {
        self.first + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_in_its_own_list_only() {
        let cursor = Cursor::of("tasks", &(17i64, "x"));
        assert_eq!(
            cursor.key::<(i64, String)>("tasks").unwrap(),
            (17, "x".to_owned())
        );
        assert!(cursor.key::<(i64, String)>("agents").is_err());
        for forged in ["", "AAAA", "W10", &"A".repeat(500)] {
            assert!(
                Cursor(forged.to_owned()).key::<i64>("tasks").is_err(),
                "{forged}"
            );
        }
    }

    #[test]
    fn fuzz_cursors() {
        use crate::fuzz::{changed, fuzz, json};
        use proptest::prelude::*;
        let forged = json(&["0"], &["tasks", "agents"]);
        let forged = forged.prop_map(|value| URL_SAFE_NO_PAD.encode(value.to_string()));
        let near = (any::<i64>(), "[a-z0-9]{0,30}")
            .prop_flat_map(|key| changed(Cursor::of("tasks", &key).0));
        let text = prop_oneof![2 => forged, 3 => near, 1 => any::<String>()];
        // Only what a list could have given is taken, and it gives it back.
        fuzz(
            "fuzz_cursors",
            (text, any::<i64>(), "\\PC{0,40}"),
            |(text, at, id)| {
                if let Ok(key) = Cursor(text.clone()).key::<(i64, String)>("tasks") {
                    let again = Cursor::of("tasks", &key).key::<(i64, String)>("tasks");
                    assert_eq!(again.ok(), Some(key), "{text}");
                }
                let request = PageRequest {
                    after: Some(Cursor(text)),
                    ..PageRequest::default()
                };
                let _ = request.after_moment::<entities::id::TaskId>("tasks");
                let cursor = Cursor::of("tasks", &(at, &id));
                assert_eq!(cursor.key::<(i64, String)>("tasks").ok(), Some((at, id)));
                assert!(cursor.key::<(i64, String)>("agents").is_err());
            },
        );
    }
}
