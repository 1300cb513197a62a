//! Looks at every response that the clients of this process get: whether it fits the types that the server declares, and what of the schema it
//! shows. The Gherkin suite asks for it (`e2e --contract`), gate 3 reads what it has seen.

use std::{
    collections::BTreeSet,
    sync::{Mutex, OnceLock, PoisonError},
};

use serde_json::{Value, json};

use crate::contract::response::{Exercised, Schema, documents};

/// How many faults are kept: who has so many looks at the first.
const KEPT: usize = 200;

static WITNESS: OnceLock<Mutex<Witness>> = OnceLock::new();

struct Witness {
    schema: Schema,
    exercised: Exercised,
    responses: u64,
    faults: BTreeSet<String>,
}

/// From now on every response is looked at, with the schema that is to be served.
///
/// # Errors
/// When it is no SDL.
pub fn look_at_responses(sdl: &str) -> Result<(), async_graphql_parser::Error> {
    let witness = Witness {
        schema: Schema::read(sdl)?,
        exercised: Exercised::default(),
        responses: 0,
        faults: BTreeSet::new(),
    };
    // Who asks twice gets what it asked for.
    let _ = WITNESS.set(Mutex::new(witness));
    Ok(())
}

/// What was seen so far; none where nobody asked for it. `responses` counts them, `faults` says what does not fit, `exercised` is for
/// [`Exercised::read`].
#[must_use]
pub fn seen() -> Option<Value> {
    let witness = WITNESS
        .get()?
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    Some(json!({
        "responses": witness.responses,
        "faults": witness.faults,
        "exercised": witness.exercised.json(),
    }))
}

/// Queries for what nobody has asked for yet, or has seen no value of; none where nobody looks.
#[must_use]
pub fn unasked() -> Vec<String> {
    let Some(witness) = WITNESS.get() else {
        return Vec::new();
    };
    let witness = witness.lock().unwrap_or_else(PoisonError::into_inner);
    let missing = witness.exercised.missing(&witness.schema);
    documents(
        &witness.schema,
        missing.fields.iter().chain(&missing.always_null),
    )
}

/// Takes one response to a document: a whole body, or the payload of an event.
pub(super) fn note(document: &str, variables: &Value, body: &Value) {
    let Some(witness) = WITNESS.get() else {
        return;
    };
    let mut witness = witness.lock().unwrap_or_else(PoisonError::into_inner);
    let witness = &mut *witness;
    witness.responses += 1;
    let faults = witness
        .exercised
        .take(&witness.schema, document, variables, body);
    let room = KEPT.saturating_sub(witness.faults.len());
    let named: String = document.split_whitespace().collect::<Vec<_>>().join(" ");
    let named: String = named.chars().take(120).collect();
    witness.faults.extend(
        faults
            .into_iter()
            .take(room)
            .map(|fault| format!("{fault} (in {named})")),
    );
}
