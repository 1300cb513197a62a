//! The documents at the top say what is so: tests that they name exist, tables that they carry are those of the code.

use std::collections::BTreeSet;
use std::path::Path;

use ziggie::app::config::layer;
use ziggie::auth::policy::Operation;
use ziggie::error::Code;

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands between backticks, outside of blocks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let blocks = text.split("```").step_by(2);
    blocks.flat_map(|text| text.split('`').skip(1).step_by(2))
}

#[test]
fn every_test_that_the_architecture_names_exists() {
    let text = read("ARCHITECTURE.md");
    let named = quoted(&text).filter_map(|name| name.split_once(".rs::"));
    let mut count = 0;
    for (file, test) in named {
        let source = read(&format!("{file}.rs"));
        let found = source.contains(&format!("fn {test}("));
        assert!(found, "{file}.rs has no {test}");
        count += 1;
    }
    assert!(count > 20, "only {count} tests are named");
}

#[test]
fn the_state_table_of_the_documents_is_that_of_the_code() {
    let (table, diagram) = (
        entities::task::state::table(),
        entities::task::state::diagram(),
    );
    assert!(read("ARCHITECTURE.md").contains(&table));
    let readme = read("README.md");
    assert!(readme.contains(&table) && readme.contains(&diagram));
}

#[test]
fn the_readme_names_every_setting_every_code_and_every_operation() {
    let text = read("README.md");
    let named: BTreeSet<&str> = quoted(&text).collect();
    let settings = layer::read(None, [], []).unwrap().lines();
    let settings = settings.iter().filter_map(|line| {
        let line = line.trim_start_matches("# ");
        line.split([' ', '=']).next()
    });
    let codes = Code::ALL.iter().map(|code| code.as_str());
    let operations = Operation::ALL.iter().map(|operation| operation.name());
    let missing: Vec<&str> = settings
        .chain(codes)
        .chain(operations)
        .filter(|name| !named.contains(name))
        .collect();
    assert!(missing.is_empty(), "README.md does not name {missing:?}");
}
