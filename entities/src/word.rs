//! Closed words: enums whose spelling is the same in column, SDL, JSON and Gherkin. Floor 0.

/// A text that is none of the words it should be one of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no {vocabulary}; known are {known}")]
pub struct UnknownWord {
    /// The vocabulary's name, such as `AgentTier`.
    pub vocabulary: &'static str,
    /// What was found, cut at 64 characters.
    pub found: String,
    /// The words of the vocabulary, separated by commas.
    pub known: String,
}

/// Defines a closed vocabulary: a `Copy` enum, ordered as written, that serialises, prints, parses and (with the feature `graphql`)
/// appears in the schema under one spelling.
#[macro_export]
macro_rules! closed_word {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "graphql", derive(async_graphql::Enum))]
        pub enum $name {
            $($(#[$variant_meta])* #[cfg_attr(feature = "graphql", graphql(name = $text))] $variant,)+
        }

        impl $name {
            /// Every word, in the order of the vocabulary.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word's one spelling.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::word::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::word::UnknownWord {
                        vocabulary: stringify!($name),
                        found: text.chars().take(64).collect(),
                        known: Self::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(", "),
                    }),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
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

/// Stores a value as a text: `write` gives the text, `read` the value again or what is wrong with the text.
#[macro_export]
macro_rules! stored_as_string {
    ($name:ident, |$value:ident| $write:expr, |$text:ident| $read:expr) => {
        impl $name {
            fn to_stored_text($value: Self) -> String {
                $write
            }

            fn of_stored_text($text: &str) -> Result<Self, String> {
                $read
            }
        }

        impl From<$name> for sea_orm::Value {
            fn from(value: $name) -> Self {
                $name::to_stored_text(value).into()
            }
        }

        impl sea_orm::TryGetable for $name {
            fn try_get_by<I: sea_orm::ColIdx>(
                row: &sea_orm::QueryResult,
                index: I,
            ) -> Result<Self, sea_orm::TryGetError> {
                let text = <String as sea_orm::TryGetable>::try_get_by(row, index)?;
                $name::of_stored_text(&text)
                    .map_err(|error| sea_orm::TryGetError::DbErr(sea_orm::DbErr::Type(error)))
            }
        }

        impl sea_orm::sea_query::ValueType for $name {
            fn try_from(value: sea_orm::Value) -> Result<Self, sea_orm::sea_query::ValueTypeErr> {
                let text = <String as sea_orm::sea_query::ValueType>::try_from(value)?;
                $name::of_stored_text(&text).map_err(|_| sea_orm::sea_query::ValueTypeErr)
            }

            fn type_name() -> String {
                stringify!($name).to_owned()
            }

            fn array_type() -> sea_orm::sea_query::ArrayType {
                sea_orm::sea_query::ArrayType::String
            }

            fn column_type() -> sea_orm::sea_query::ColumnType {
                sea_orm::sea_query::ColumnType::Text
            }
        }

        impl sea_orm::sea_query::Nullable for $name {
            fn null() -> sea_orm::Value {
                sea_orm::Value::String(None)
            }
        }

        impl sea_orm::IntoActiveValue<$name> for $name {
            fn into_active_value(self) -> sea_orm::ActiveValue<$name> {
                sea_orm::ActiveValue::Set(self)
            }
        }
    };
}

/// Stores a closed word as its spelling.
#[macro_export]
macro_rules! stored_as_text {
    ($name:ident) => {
        $crate::stored_as_string!($name, |word| word.as_str().to_owned(), |text| text
            .parse()
            .map_err(|error: $crate::word::UnknownWord| error.to_string()));
    };
}

/// Stores a value as the JSON text that serde gives for it.
#[macro_export]
macro_rules! stored_as_json_text {
    ($name:ident) => {
        $crate::stored_as_string!(
            $name,
            |value| serde_json::json!(value).to_string(),
            |text| serde_json::from_str(text).map_err(|error| error.to_string())
        );
    };
}
