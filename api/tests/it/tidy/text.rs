//! Rule: every module says what lives in it, nothing is left undone, no file is too long to read.

use super::house::{File, House};

/// Lines that a file may have.
const LONGEST: usize = 400;

/// Files that are longer all the same. This list may only shrink.
const LONG: [&str; 0] = [];

/// Words by which what is left undone says so. Put together here, so that this file does not say them itself.
const MARKS: [&str; 3] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

/// Code that does the same.
const UNDONE: [&str; 3] = [
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
    concat!("#[ig", "nore"),
];

pub fn faults(house: &House) -> Vec<String> {
    let mut faults = Vec::new();
    for file in &house.files {
        let path = &file.path;
        if path.ends_with(".rs") && !file.text.starts_with("//!") {
            faults.push(format!(
                "{path}:1: opens without //! (what lives here, on which floor)"
            ));
        }
        if path.ends_with(".rs") || path.ends_with(".feature") {
            marks(file, &mut faults);
            let lines = file.text.lines().count();
            match LONG.contains(&path.as_str()) {
                false if lines > LONGEST => {
                    faults.push(format!("{path}: {lines} lines, {LONGEST} is the most"))
                }
                true if lines <= LONGEST => {
                    faults.push(format!("{path}: no longer too long, take it off the list"))
                }
                _ => {}
            }
        }
    }
    let gone = LONG
        .iter()
        .filter(|path| !house.files.iter().any(|file| file.path == **path));
    faults.extend(gone.map(|path| format!("{path}: gone, take it off the list of long files")));
    faults
}

fn marks(file: &File, faults: &mut Vec<String>) {
    for (number, line) in (1..).zip(file.text.lines()) {
        let words: Vec<&str> = line
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .collect();
        let marks = MARKS.iter().filter(|mark| words.contains(mark));
        let undone = UNDONE.iter().filter(|code| line.contains(*code));
        for found in marks.chain(undone) {
            faults.push(format!("{}:{number}: `{found}`", file.path));
        }
    }
}
