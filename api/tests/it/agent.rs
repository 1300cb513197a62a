//! Agents through the service, on every database at hand: registering, changing, stopping, listing, and the last operator.

use ziggie::error::{Code, Error, Result};

mod list;
mod operator;
mod register;
mod stop;
mod update;

/// The code of a refusal.
pub(crate) fn code<T: std::fmt::Debug>(result: &Result<T>) -> Option<Code> {
    result.as_ref().err().map(Error::code)
}

/// The faults of a refusal: line, pointer and rule of each.
pub(crate) fn faults<T: std::fmt::Debug>(
    result: Result<T>,
) -> Vec<(Option<usize>, String, String)> {
    match result {
        Err(Error::BadUserInput(faults)) => faults
            .into_iter()
            .map(|fault| (fault.line, fault.pointer, fault.rule))
            .collect(),
        other => panic!("{other:?}"),
    }
}

/// The fault of a line.
pub(crate) fn at(line: usize, pointer: &str, rule: &str) -> (Option<usize>, String, String) {
    (Some(line), pointer.to_owned(), rule.to_owned())
}
