//! Settings for the editors' Cucumber extension: where the features and the steps lie, and the words that it does not find in the steps' own files.

use serde_json::{Value, json};

use super::Catalogue;

/// What stands in `.vscode/settings.json`. The extension reads parameter types out of the steps' files, where they are written as plain strings;
/// all others it must be told.
#[must_use]
pub fn settings(catalogue: &Catalogue) -> Value {
    let words = catalogue.parameters.iter();
    let words = words.filter(|word| word.is_verbatim || !word.file.starts_with("step/"));
    let words: Vec<Value> = words
        .map(|word| json!({ "name": word.name, "regexp": word.regex }))
        .collect();
    json!({
        "cucumber.features": ["features/*/*.feature"],
        "cucumber.glue": ["features/src/step/**/*.rs"],
        "cucumber.parameterTypes": words,
    })
}
