//! Agents through the service, on every database at hand: registering, changing, stopping, listing, and the last operator.

use ziggie::error::{Code, Error, Result};

mod list;
mod operator;
mod register;
mod status;
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

/// The fault of a line, whose place is counted from 0.
pub(crate) fn at(index: usize, pointer: &str, rule: &str) -> (Option<usize>, String, String) {
    (Some(index + 1), pointer.to_owned(), rule.to_owned())
}
