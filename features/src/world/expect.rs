//! What an answer is held against.

use anyhow::{Result, bail, ensure};
use gates::client::Answer;
use serde::Serialize;
use serde_json::{Value, json};

/// The data of an answer that must have succeeded.
///
/// # Errors
/// When it was refused, with the first fault.
pub fn expect_success(answer: &Answer) -> Result<&Value> {
    match answer.fault() {
        None => Ok(&answer.data),
        Some(fault) => bail!("{fault}"),
    }
}

/// Ends in an error that shows both when they differ, as JSON.
///
/// # Errors
/// When they do.
pub fn expect_equal<T: PartialEq + Serialize>(what: &str, found: T, wanted: T) -> Result<()> {
    ensure!(
        found == wanted,
        "{what} is {}, not {}",
        json!(found),
        json!(wanted)
    );
    Ok(())
}

/// The texts of a JSON list, each found at `pointer`.
#[must_use]
pub fn texts(list: &Value, pointer: &str) -> Vec<String> {
    let text = |item: &Value| item.pointer(pointer)?.as_str().map(str::to_owned);
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(text)
        .collect()
}
