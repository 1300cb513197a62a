//! The golden copy of the served schema, reviewed like code. Under the roof.

use std::{fs, process::Stdio};

use anyhow::{Context, Result, bail};

use crate::tool;

const GOLDEN: &str = "api/schema.graphql";

/// Writes what `ziggie schema` prints to the golden file, or compares the two.
pub fn run(check: bool) -> Result<()> {
    tool::build()?;
    let served = printed()?;
    let path = tool::root().join(GOLDEN);
    if !check {
        return fs::write(&path, served).with_context(|| format!("writing {GOLDEN}"));
    }
    let golden = fs::read_to_string(&path).with_context(|| format!("reading {GOLDEN}"))?;
    match first_difference(&golden, &served) {
        None => Ok(()),
        Some(difference) => bail!(
            "{GOLDEN} is not the served schema: {difference}; run `cargo xtask schema` and review what `git diff` shows"
        ),
    }
}

fn printed() -> Result<String> {
    let mut command = tool::built("ziggie")?;
    let output = command
        .arg("schema")
        .stderr(Stdio::inherit())
        .output()
        .context("starting ziggie")?;
    if !output.status.success() {
        bail!("{} ended with {}", tool::describe(&command), output.status);
    }
    String::from_utf8(output.stdout).context("reading the schema")
}

fn first_difference(golden: &str, served: &str) -> Option<String> {
    if golden == served {
        return None;
    }
    let (mut golden, mut served) = (golden.lines(), served.lines());
    for number in 1.. {
        let say = |line: Option<&str>| {
            line.map_or("nothing".to_owned(), |line| format!("`{}`", line.trim()))
        };
        match (golden.next(), served.next()) {
            (None, None) => break,
            (old, new) if old != new => {
                return Some(format!(
                    "line {number} has {}, served is {}",
                    say(old),
                    say(new)
                ));
            }
            _ => {}
        }
    }
    Some("the line ends differ".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        let changed = first_difference("type A {\n  b: Int\n}\n", "type A {\n  b: Int!\n}\n");
        assert_eq!(changed.unwrap(), "line 2 has `b: Int`, served is `b: Int!`");
        assert_eq!(
            first_difference("a\nb\n", "a\n").unwrap(),
            "line 2 has `b`, served is nothing"
        );
        assert_eq!(
            first_difference("a\n", "a").unwrap(),
            "the line ends differ"
        );
    }
}
