//! What can be checked of a registration without the database. Floor 3.

use entities::asset::AssetKind;
use entities::json::JsonText;
use serde_json::json;

use super::Register;
use crate::error::{Error, Fault, Result};
use crate::service::Settings;
use crate::service::task::metadata_fault;

/// The most characters of a media type.
const MAX_MEDIA_TYPE: usize = 200;
/// The most characters of a URI.
const MAX_URI: usize = 2_000;
/// The most pixels of a side.
const MAX_PIXELS: i32 = 1_000_000;
/// Where the bytes of an asset may live.
const SCHEMES: [&str; 3] = ["http", "https", "s3"];

/// A registration that keeps the rules.
pub(super) struct Checked {
    pub(super) kind: AssetKind,
    pub(super) media_type: String,
    pub(super) uri: Option<String>,
    pub(super) byte_size: Option<i64>,
    pub(super) sha256: Option<String>,
    pub(super) width: Option<i32>,
    pub(super) height: Option<i32>,
    pub(super) metadata: JsonText,
    pub(super) task_id: Option<String>,
}

/// BAD_USER_INPUT with every fault; LIMIT_EXCEEDED where more bytes are announced than may be put.
pub(super) fn check(settings: &Settings, register: Register) -> Result<Checked> {
    let metadata = register.metadata.unwrap_or_else(|| json!({}));
    let mut faults: Vec<Fault> = metadata_fault(&metadata).into_iter().collect();
    if !is_media_type(&register.media_type) {
        let message = "must be a media type such as image/png (RFC 9110, 8.3.1)";
        faults.push(Fault::of("mediaType", "format", message).found(&json!(register.media_type)));
    }
    faults.extend(register.uri.as_deref().and_then(uri_fault));
    if register.byte_size.is_some_and(|size| size < 0) {
        faults.push(Fault::of("byteSize", "minimum", "must not be negative"));
    }
    if let Some(sha256) = &register.sha256
        && !is_sha256(sha256)
    {
        let message = "must be a SHA-256 as 64 digits 0-9 a-f";
        faults.push(Fault::of("sha256", "pattern", message).found(&json!(sha256)));
    }
    for (field, pixels) in [("width", register.width), ("height", register.height)] {
        if pixels.is_some_and(|pixels| !(1..=MAX_PIXELS).contains(&pixels)) {
            let message = format!("must be from 1 to {MAX_PIXELS}");
            faults.push(Fault::of(field, "range", message).found(&json!(pixels)));
        }
    }
    if !faults.is_empty() {
        return Err(Error::BadUserInput(faults));
    }
    if register.uri.is_none() {
        let announced = register.byte_size.and_then(|size| u64::try_from(size).ok());
        within_limit(settings, announced.unwrap_or_default())?;
    }
    Ok(Checked {
        kind: register.kind,
        media_type: register.media_type,
        uri: register.uri,
        byte_size: register.byte_size,
        sha256: register.sha256,
        width: register.width,
        height: register.height,
        metadata: JsonText::of(&metadata),
        task_id: register.task_id,
    })
}

/// LIMIT_EXCEEDED for more bytes than an asset may have.
pub(super) fn within_limit(settings: &Settings, requested: u64) -> Result<()> {
    let value = settings.max_asset_bytes as u64;
    if requested <= value {
        return Ok(());
    }
    Err(Error::LimitExceeded {
        limit: "bytes of an asset",
        value,
        requested,
    })
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn uri_fault(uri: &str) -> Option<Fault> {
    let fault = |rule, message: String| Some(Fault::of("uri", rule, message));
    if uri.len() > MAX_URI {
        return fault(
            "maxLength",
            format!("must have at most {MAX_URI} characters"),
        );
    }
    let absolute = "must be an absolute URI such as https://host/path or s3://bucket/key";
    let Ok(parsed) = url::Url::parse(uri) else {
        return fault("format", absolute.to_owned());
    };
    if !SCHEMES.contains(&parsed.scheme()) || parsed.host_str().is_none_or(str::is_empty) {
        return fault("format", absolute.to_owned());
    }
    // The parser mends what it is given; what is kept is what was given.
    if uri
        .chars()
        .any(|char| char.is_whitespace() || char.is_control())
    {
        return fault("format", "must not hold blanks".to_owned());
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return fault(
            "credentials",
            "must not carry a user or a password".to_owned(),
        );
    }
    None
}

/// `type/subtype` and parameters (RFC 9110, 8.3.1 and 5.6.6).
fn is_media_type(text: &str) -> bool {
    let mut parts = Parts(text);
    text.len() <= MAX_MEDIA_TYPE
        && parts.token()
        && parts.takes('/')
        && parts.token()
        && parts.parameters()
        && parts.0.is_empty()
}

/// What is left of a text to read.
struct Parts<'a>(&'a str);

impl Parts<'_> {
    fn takes(&mut self, char: char) -> bool {
        let rest = self.0.strip_prefix(char);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn token(&mut self) -> bool {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let end = self.0.bytes().position(|byte| !is_part(byte));
        let end = end.unwrap_or(self.0.len());
        self.0 = &self.0[end..];
        end > 0
    }

    fn parameters(&mut self) -> bool {
        while !self.0.is_empty() {
            self.0 = self.0.trim_start_matches([' ', '\t']);
            if !self.takes(';') {
                return false;
            }
            self.0 = self.0.trim_start_matches([' ', '\t']);
            let named = self.token() && self.takes('=');
            if !named || !(self.quoted() || self.token()) {
                return false;
            }
        }
        true
    }

    fn quoted(&mut self) -> bool {
        let Some(mut rest) = self.0.strip_prefix('"') else {
            return false;
        };
        while let Some(char) = rest.chars().next() {
            rest = &rest[char.len_utf8()..];
            match char {
                '"' => {
                    self.0 = rest;
                    return true;
                }
                '\\' => match rest.chars().next() {
                    Some(next) if !next.is_control() => rest = &rest[next.len_utf8()..],
                    _ => return false,
                },
                char if char.is_control() && char != '\t' => return false,
                _ => {}
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_has_the_form_of_the_rfc() {
        for good in [
            "image/png",
            "application/vnd.api+json",
            "text/plain; charset=utf-8",
            "text/plain;charset=\"ut\\\"f\";a=b",
            "model/gltf-binary",
        ] {
            assert!(is_media_type(good), "{good}");
        }
        for bad in [
            "",
            "image",
            "image/",
            "/png",
            "image/png/x",
            "image /png",
            "image/png; charset",
            "image/png;",
            "image/png, text/html",
            "image/png; a=\"b",
            "image/png\r\nx: y",
            "bild/größe",
        ] {
            assert!(!is_media_type(bad), "{bad:?}");
        }
        assert!(!is_media_type(&format!("a/{}", "b".repeat(200))));
    }

    #[test]
    fn an_asset_lives_at_an_absolute_uri_without_credentials() {
        for good in [
            "https://cdn.example/a.png?x=1",
            "http://127.0.0.1:9/a",
            "s3://bucket/key",
        ] {
            assert_eq!(uri_fault(good), None, "{good}");
        }
        for bad in [
            "",
            "a.png",
            "/assets/a",
            "//host/a",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://host/a",
            "https://",
            "https://user:hush@host/a",
            "https://user@host/a",
            "https://host/a b",
            "https://host/a\nb",
            "s3:///key",
        ] {
            assert!(uri_fault(bad).is_some(), "{bad:?}");
        }
        assert!(uri_fault(&format!("https://host/{}", "a".repeat(MAX_URI))).is_some());
    }

    #[test]
    fn a_hash_is_written_in_one_way() {
        assert!(is_sha256(&"0a".repeat(32)));
        for bad in [
            "0A".repeat(32),
            "0a".repeat(31),
            "0g".repeat(32),
            String::new(),
        ] {
            assert!(!is_sha256(&bad), "{bad}");
        }
    }
}
