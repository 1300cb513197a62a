//! Errors in one line: the runner shows no more than an error's own words, so what led to it is put into them.

use anyhow::{Error, Result, anyhow};

/// Adds what was being done to an error.
pub trait Tell<T> {
    /// The same result; an error says first what was being done, then everything that led to it.
    ///
    /// # Errors
    /// The error that was there before, told anew.
    fn tell(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<Error>> Tell<T> for Result<T, E> {
    fn tell(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| anyhow!("{}: {:#}", doing(), error.into()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use anyhow::Context as _;

    use super::*;

    #[test]
    fn an_error_tells_its_whole_story_in_its_own_words() {
        let error = Err::<(), _>(anyhow!("no ochre")).context("no color");
        let told = error.tell(|| "painting".to_owned()).expect_err("an error");
        assert_eq!(told.to_string(), "painting: no color: no ochre");
    }
}
