//! Rule: what stands at the top of the repository is settled, and files are named by noun.

use super::house::House;

/// What may stand at the top besides dot files.
const TOP: [&str; 12] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "api",
    "entities",
    "features",
    "gates",
    "rust-toolchain.toml",
    "xtask",
];

/// Names that say nothing about what is inside.
const EMPTY: [&str; 7] = [
    "common", "helper", "helpers", "manager", "managers", "util", "utils",
];

pub fn faults(house: &House) -> Vec<String> {
    let unsettled = house
        .top
        .iter()
        .filter(|name| !name.starts_with('.') && !TOP.contains(&name.as_str()));
    let mut faults: Vec<String> = unsettled
        .map(|name| format!("{name}: not among the settled names at the top"))
        .collect();
    for file in house.sources() {
        let path = &file.path;
        if path.ends_with("/mod.rs") {
            faults.push(format!(
                "{path}: write NAME.rs beside NAME/ instead of mod.rs"
            ));
        }
        for part in path.trim_end_matches(".rs").split('/') {
            if EMPTY.contains(&part) {
                faults.push(format!(
                    "{path}: `{part}` says nothing, name it by its noun"
                ));
            }
        }
    }
    faults
}
