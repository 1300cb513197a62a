//! The task engine against its model, for as long as is asked (`cargo xtask soak --model`). Under the roof.

use anyhow::{Context, Result, bail};

use crate::tool;

const HISTORIES: &str = "100000";
const RESULTS: &str = "features/results/model.json";

/// An optimised build of the test that CI runs with fewer histories; what it found goes to `features/results`.
pub fn run(arguments: &[String]) -> Result<()> {
    let (mut histories, mut from) = (HISTORIES.to_owned(), "1".to_owned());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let value = match argument.as_str() {
            "--model" => continue,
            "--histories" => &mut histories,
            "--from" => &mut from,
            other => bail!("soak --model takes --histories and --from, not {other}"),
        };
        let given = rest
            .next()
            .with_context(|| format!("{argument} of what?"))?;
        given
            .parse::<u64>()
            .with_context(|| format!("{argument} {given}"))?;
        value.clone_from(given);
    }
    let mut command = tool::optimised_test("task::history::random_histories_keep_to_the_rules");
    command
        .env("ZIGGIE_TEST_MODEL_HISTORIES", histories)
        .env("ZIGGIE_TEST_MODEL_FROM", from)
        .env("ZIGGIE_TEST_MODEL_RESULTS", tool::root().join(RESULTS));
    tool::run(command)
}
