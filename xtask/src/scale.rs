//! What the task engine asks of a database full of tasks (`cargo xtask bench --scale`). Under the roof.

use anyhow::{Context, Result, bail};

use crate::{server::Server, tool};

const ENDED: &str = "1000000";
const RESULTS: &str = "features/results/bench-scale.json";

/// An optimised build of the test that CI runs with fewer tasks; what it found goes to `features/results`.
pub fn run(arguments: &[String]) -> Result<()> {
    let mut ended = ENDED.to_owned();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--scale" => {}
            "--ended" => {
                let given = rest.next().context("--ended how many?")?;
                given
                    .parse::<u32>()
                    .with_context(|| format!("--ended {given}"))?;
                ended.clone_from(given);
            }
            other => bail!("bench --scale takes --ended, not {other}"),
        }
    }
    tool::build()?;
    let server = Server::obtain()?.context("no PostgreSQL to measure on")?;
    let mut command =
        tool::optimised_test("task::scale::what_the_engine_asks_is_found_by_an_index");
    server.offer_to(&mut command);
    command
        .arg("--nocapture")
        .env("ZIGGIE_TEST_SCALE_ENDED", ended)
        .env("ZIGGIE_TEST_SCALE_RESULTS", tool::root().join(RESULTS));
    tool::run(command)
}
