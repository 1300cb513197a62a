//! What of the contract is not served yet: the list may only shrink (spec R8.01).

use std::{fs, path::Path};

use gates::{contract, shrinking};

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn what_of_the_contract_is_not_served_is_listed_and_the_list_only_shrinks() {
    let lacks = contract::missing(
        &read("../api/contract.graphql"),
        &read("../api/schema.graphql"),
    )
    .expect("both are SDL");
    let list = shrinking::List::read(&read("tests/unserved.txt"))
        .expect("a list with its number at the head");
    let faults = list.faults(lacks);
    assert!(
        faults.is_empty(),
        "gates/tests/unserved.txt does not say what is so:\n{}",
        faults.join("\n")
    );
}
