//! Rule: between crates, dependencies point down only. Guests come in by the front door, over the network; the roof
//! starts the others as processes.

use toml::{Table, Value};

use super::house::House;

/// Directory of a crate, and the crates of the workspace that it must not depend on.
const FORBIDDEN: [(&str, &[&str]); 5] = [
    ("entities", &["ziggie", "gates", "features", "xtask"]),
    ("api", &["gates", "features", "xtask"]),
    ("gates", &["ziggie", "entities", "features", "xtask"]),
    ("features", &["entities", "xtask"]),
    ("xtask", &["ziggie", "entities", "gates", "features"]),
];

const SECTIONS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

pub fn faults(house: &House) -> Vec<String> {
    let mut faults = Vec::new();
    for (directory, forbidden) in FORBIDDEN {
        let path = format!("{directory}/Cargo.toml");
        let Some(file) = house.files.iter().find(|file| file.path == path) else {
            continue;
        };
        let manifest: Table = file.text.parse().unwrap();
        let targets = manifest
            .get("target")
            .and_then(Value::as_table)
            .into_iter()
            .flat_map(Table::values);
        let tables = targets.filter_map(Value::as_table).chain([&manifest]);
        for name in tables
            .flat_map(dependencies)
            .filter(|name| forbidden.contains(name))
        {
            faults.push(format!("{path}: must not depend on `{name}`"));
        }
    }
    faults
}

/// The packages that a manifest, or one target's part of it, depends on.
fn dependencies(table: &Table) -> impl Iterator<Item = &str> {
    let sections = SECTIONS
        .iter()
        .filter_map(|section| table.get(*section)?.as_table());
    sections
        .flatten()
        .map(|(key, value)| match value.get("package") {
            Some(Value::String(package)) => package.as_str(),
            _ => key.as_str(),
        })
}
