//! The house rules of ARCHITECTURE.md that no compiler checks. All faults are listed at once; `broken` shows for each
//! rule that it can fail.

mod broken;
mod dependency;
mod floor;
mod house;
mod name;
mod path;
mod text;

use std::path::Path;

use house::House;

#[test]
fn the_house_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let faults = faults(root);
    assert!(
        faults.is_empty(),
        "not tidy, {} times:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

/// Every fault of the house in a directory, each as `place: what is wrong`.
fn faults(root: &Path) -> Vec<String> {
    let house = House::read(root).unwrap();
    let mut faults = [
        name::faults(&house),
        text::faults(&house),
        floor::faults(&house),
        dependency::faults(&house),
    ]
    .concat();
    faults.sort();
    faults
}
