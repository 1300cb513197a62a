//! Everything that reads what strangers write, tried with whatever they may send, for as long as is asked (`cargo xtask soak --fuzz`). Under
//! the roof.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::tool;

/// Ten minutes for each target.
const SECONDS: u64 = 600;
const RESULTS: &str = "features/results/fuzz.json";

/// An optimised build of the tests that CI runs with fewer inputs; what was tried goes to `features/results`. What breaks a property is named
/// with its seed, and kept in `api/proptest-regressions`.
pub fn run(arguments: &[String]) -> Result<()> {
    let (mut seconds, mut target) = (SECONDS, "fuzz_".to_owned());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().with_context(|| format!("{argument} of what?"));
        match argument.as_str() {
            "--fuzz" => {}
            "--seconds" => {
                let given = value()?;
                seconds = given
                    .parse()
                    .with_context(|| format!("--seconds {given}"))?;
            }
            "--target" => target.clone_from(value()?),
            other => bail!("soak --fuzz takes --seconds and --target, not {other}"),
        }
    }
    let folder = tool::root().join("target").join("fuzz");
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    for old in fs::read_dir(&folder)?.flatten() {
        fs::remove_file(old.path())?;
    }
    let mut command = tool::cargo(&["test", "--release", "--package", "ziggie", "--lib", "--"]);
    command
        .arg(&target)
        .env("ZIGGIE_TEST_FUZZ_SECONDS", seconds.to_string())
        .env("ZIGGIE_TEST_FUZZ_RESULTS", &folder);
    tool::run(command)?;
    let mut targets = Vec::new();
    for found in fs::read_dir(&folder)?.flatten() {
        targets.push(fs::read_to_string(found.path())?);
    }
    if targets.is_empty() {
        bail!("no target is called {target}");
    }
    targets.sort();
    let targets = targets.join(",\n    ");
    let results = format!(
        "{{\n  \"run\": \"fuzz\",\n  \"secondsEach\": {seconds},\n  \"targets\": [\n    {targets}\n  ]\n}}\n"
    );
    fs::write(tool::root().join(RESULTS), results).context("writing what was tried")
}
