//! Rule: inside `api`, imports point down only, and each floor names only the libraries that are its business.

use super::{
    house::{File, House},
    path::{self, Named},
};

/// From the ground up; the domain error lies beneath them all.
const FLOORS: [&str; 7] = [
    "error", "auth", "store", "service", "graphql", "http", "app",
];

/// What a floor never names. `auth` does no I/O.
const FOREIGN: [(&str, &[&str]); 5] = [
    (
        "auth",
        &["sea_orm", "std::fs", "tokio::fs", "tokio::net", "reqwest"],
    ),
    ("store", &["async_graphql", "axum"]),
    ("service", &["async_graphql", "axum"]),
    ("graphql", &["sea_orm"]),
    ("http", &["sea_orm"]),
];

/// Sources of the crate's roots, and what its tests alone are made of: they stand on no floor.
const ROOTS: [&str; 3] = ["fuzz", "lib", "main"];

pub fn faults(house: &House) -> Vec<String> {
    let mut faults = Vec::new();
    for file in house.sources() {
        let Some(inside) = file.path.strip_prefix("api/src/") else {
            continue;
        };
        let module = inside
            .split('/')
            .next()
            .unwrap_or(inside)
            .trim_end_matches(".rs");
        match FLOORS.iter().position(|floor| *floor == module) {
            Some(floor) => check(file, floor, &mut faults),
            None if ROOTS.contains(&module) => {}
            None => faults.push(format!("{}: `{module}` stands on no floor", file.path)),
        }
    }
    faults
}

fn check(file: &File, floor: usize, faults: &mut Vec<String>) {
    let name = FLOORS[floor];
    let foreign = FOREIGN
        .iter()
        .filter(|(of, _)| *of == name)
        .flat_map(|(_, foreign)| *foreign);
    let foreign: Vec<&str> = foreign.copied().collect();
    for path in path::named(&file.text) {
        let place = format!("{}:{}", file.path, path.line);
        if let Some(higher) = inside(&path).filter(|module| FLOORS[floor + 1..].contains(module)) {
            faults.push(format!(
                "{place}: `{name}` names `{higher}`, which is above it"
            ));
        }
        for foreign in foreign.iter().filter(|foreign| names(&path, foreign)) {
            faults.push(format!("{place}: `{name}` names `{foreign}`"));
        }
    }
}

/// The top module of this crate that a path leads to, if it says so.
fn inside(path: &Named) -> Option<&str> {
    let (first, rest) = path.segments.split_first()?;
    match first.as_str() {
        "crate" => rest.first().map(String::as_str),
        "super" => rest
            .iter()
            .map(String::as_str)
            .find(|segment| *segment != "super"),
        _ => None,
    }
}

fn names(path: &Named, foreign: &str) -> bool {
    let foreign: Vec<&str> = foreign.split("::").collect();
    path.segments
        .windows(foreign.len())
        .any(|window| window == foreign)
}
