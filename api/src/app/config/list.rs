//! Lists as people write them: `10.0.0.0/8, 192.0.2.1`, in a file also as an array. Floor 6.

use std::fmt::{self, Display};
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use url::Url;

/// Any number of things, each of which has a text without a comma.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Display> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let texts: Vec<String> = self.0.iter().map(T::to_string).collect();
        serializer.serialize_str(&texts.join(", "))
    }
}

/// Both ways to write one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Line(String),
    Array(Vec<String>),
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = match Written::deserialize(deserializer)? {
            Written::Line(line) => line.split(',').map(str::to_owned).collect(),
            Written::Array(texts) => texts,
        };
        let texts = texts.iter().map(|text| text.trim());
        let parsed = texts.filter(|text| !text.is_empty()).map(|text| {
            let wrong = |error| D::Error::custom(format!("`{text}`: {error}"));
            text.parse().map_err(wrong)
        });
        parsed.collect::<Result<_, _>>().map(Self)
    }
}

/// A network: `10.0.0.0/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(pub IpNet);

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        let network = text.parse().or_else(|_| address());
        network
            .map(Self)
            .map_err(|_| "no network such as 10.0.0.0/8 or fd00::/8, and no address")
    }
}

impl Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The origin of a page, as a browser sends it: `https://board.example`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebOrigin(String);

impl FromStr for WebOrigin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
        let same = url.is_some_and(|url| url.origin().ascii_serialization() == text);
        same.then(|| Self(text.to_owned()))
            .ok_or("no origin such as https://board.example: scheme, host, port where it is not the usual one, and no more")
    }
}

impl Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::json;

    fn read<T: FromStr<Err: Display>>(value: serde_json::Value) -> Result<List<T>, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn a_list_is_a_line_or_an_array_and_is_written_as_a_line() {
        let line = read::<Network>(json!(" 10.0.0.0/8,192.0.2.1 , ")).unwrap();
        assert_eq!(line, read(json!(["10.0.0.0/8", "192.0.2.1/32"])).unwrap());
        assert_eq!(json!(line), json!("10.0.0.0/8, 192.0.2.1/32"));
        assert_eq!(read::<Network>(json!("")), Ok(List::default()));
    }

    #[test]
    fn what_is_none_is_named() {
        for wrong in ["10.0.0.0/33", "localhost", "10.0.0.0/8 192.0.2.1"] {
            assert!(read::<Network>(json!(wrong)).unwrap_err().contains(wrong));
        }
        for wrong in [
            "*",
            "board.example",
            "https://board.example/",
            "https://board.example:443",
            "HTTPS://board.example",
            "ftp://board.example",
            "null",
        ] {
            assert!(
                read::<WebOrigin>(json!(wrong)).unwrap_err().contains(wrong),
                "{wrong}"
            );
        }
        assert!(read::<WebOrigin>(json!("https://board.example, http://127.0.0.1:5173")).is_ok());
    }
}
