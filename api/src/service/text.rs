//! Rules of plain texts: lengths and control characters. Floor 3.

use crate::error::{Error, Fault, Result};

/// The most characters of a name.
pub const MAX_NAME: usize = 200;
/// The most characters of a reason, an error or a review's feedback.
pub const MAX_REASON: usize = 2_000;

/// The fault of a text that is empty, too long, or holds control characters other than line breaks and tabs.
pub fn fault(field: &str, text: &str, max: usize) -> Option<Fault> {
    let length = text.chars().count();
    if text.trim().is_empty() {
        return Some(Fault::of(field, "minLength", "must not be empty"));
    }
    if length > max {
        let message = format!("must have at most {max} characters, has {length}");
        return Some(Fault::of(field, "maxLength", message));
    }
    if text
        .chars()
        .any(|char| char.is_control() && !matches!(char, '\n' | '\r' | '\t'))
    {
        return Some(Fault::of(
            field,
            "pattern",
            "must not hold control characters",
        ));
    }
    None
}

/// BAD_USER_INPUT unless the text keeps the rules.
pub fn check(field: &str, text: &str, max: usize) -> Result<()> {
    match fault(field, text, max) {
        Some(fault) => Err(Error::BadUserInput(vec![fault])),
        None => Ok(()),
    }
}
