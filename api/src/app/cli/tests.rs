//! The command line as it is shown and understood. Floor 6.

#![allow(clippy::unwrap_used)]

use super::*;
use clap::CommandFactory;

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn the_help_pages_are_as_reviewed() {
    fn pages(command: &mut clap::Command, text: &mut String) {
        *text += &format!("{}\n{}\n", "=".repeat(80), command.render_help());
        for below in command
            .get_subcommands_mut()
            .filter(|below| below.get_name() != "help")
        {
            pages(below, text);
        }
    }
    let (mut command, mut text) = (Cli::command(), String::new());
    command.build();
    pages(&mut command, &mut text);
    insta::assert_snapshot!(text);
}

/// The words of a line as a shell would pass them on; what it would put in their place is some word.
fn words(line: &str) -> Vec<String> {
    // What goes into a file, and what is said of it beside it.
    let line = line.split(" > ").next().unwrap_or_default();
    let line = line.split("  ").next().unwrap_or_default();
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for letter in line.chars() {
        match (quote, letter) {
            (None, ' ') => words.push(std::mem::take(&mut word)),
            (None, '\'' | '"') => quote = Some(letter),
            (Some(mark), letter) if mark == letter => quote = None,
            (_, letter) => word.push(letter),
        }
    }
    words.push(word);
    let is_key = |word: &String| word.starts_with("$(");
    let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let word = |word| if is_key(&word) { key.to_owned() } else { word };
    words.into_iter().map(word).collect()
}

#[test]
fn what_the_pages_and_the_readme_show_is_understood() {
    let readme = include_str!("../../../../README.md");
    let mut command = Cli::command();
    let mut lines: Vec<String> = Vec::new();
    let mut pages = vec![&mut command];
    while let Some(page) = pages.pop() {
        let behind = page.get_after_help().map(ToString::to_string);
        lines.extend(behind.unwrap_or_default().lines().map(str::to_owned));
        pages.extend(page.get_subcommands_mut());
    }
    lines.extend(readme.lines().map(str::to_owned));
    let shown = lines.iter().map(|line| line.trim());
    let shown: Vec<&str> = shown.filter(|line| line.starts_with("ziggie ")).collect();
    assert!(shown.len() > 8, "{shown:?}");
    for line in shown {
        let understood = Cli::try_parse_from(words(line));
        assert!(understood.is_ok(), "{line}: {}", understood.err().unwrap());
    }
}

#[test]
fn flags_are_settings_that_say_so() {
    let cli = Cli::try_parse_from([
        "ziggie",
        "serve",
        "--listen",
        "0.0.0.0:80",
        "--data-dir",
        "/var/lib/ziggie",
        "--log-format",
        "json",
        "--founding",
    ]);
    let Command::Serve {
        place,
        addresses,
        founding: true,
    } = cli.unwrap().command
    else {
        unreachable!("serve was asked for")
    };
    let settings: Vec<_> = place
        .settings()
        .into_iter()
        .chain(addresses.settings())
        .collect();
    let config = layer::read(None, [], settings).unwrap().config;
    assert_eq!(config.listen, "0.0.0.0:80".parse().unwrap());
    assert_eq!(config.data_dir, PathBuf::from("/var/lib/ziggie"));
    assert_eq!(config.log.format, LogFormat::Json);
}

#[test]
fn a_time_to_live_is_a_time() {
    assert_eq!(seconds("8h"), Ok(28_800));
    assert!(seconds("8").is_err() && seconds("99999d").is_err());
}
