//! Salts for the personal values of tasks (spec R5.08). Floor 3.

use entities::json::hex;
use entities::task::{self, Personal, personal};
use rand::RngCore;
use serde_json::json;

pub(super) use entities::task::personal::outermost;

use crate::error::{Error, Result};

/// Personal values at these places of a new task's input.
pub(super) fn of_input(places: Vec<String>) -> Option<Personal> {
    Personal::of_input(salt(), places)
}

/// The salt of a task's commitments; a new one for a task that has none.
pub(super) fn salt_of(task: &task::Model) -> String {
    match &task.personal {
        Some(personal) => personal.salt().to_owned(),
        None => hex(&salt()),
    }
}

/// Personal values as they are once an output was handed in whose commitments were made with `salt`.
///
/// # Errors
/// CONFLICT, retryable, where the task has another salt by now: something else was handed in since the output was looked at.
pub(super) fn with_output(
    task: &task::Model,
    salt: &str,
    places: &[String],
) -> Result<Option<Personal>> {
    let of_task = task.personal.as_ref();
    let salt = match of_task.map(personal::Personal::salt) {
        Some(other) if !places.is_empty() && other != salt => {
            return Err(Error::conflict_with(
                "something else was handed in at the same moment: send it again",
                json!({"retryable": true}),
            ));
        }
        Some(of_task) => of_task,
        None => salt,
    };
    Ok(Personal::with_output(of_task, salt, places.to_vec()))
}

fn salt() -> [u8; 16] {
    let mut salt = [0; 16];
    rand::rng().fill_bytes(&mut salt);
    salt
}
