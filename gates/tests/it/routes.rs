//! The routes that are served are those that `api/openapi.json` describes, method by method.

use std::{collections::BTreeSet, fs, path::Path};

use gates::{contract::route::Description, process::Process};
use reqwest::Method;
use tempfile::TempDir;

const DESCRIPTION: &str = include_str!("../../../api/openapi.json");

/// The methods that are tried.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// What stands for each parameter of a path.
const PLACES: [(&str, &str); 4] = [
    ("{id}", "asset_00000000000000000000000000"),
    ("{link}", "nobodys"),
    ("{level}", "0"),
    ("{index}", "000.p/1"),
];

/// The described operations, `GET /livez`, with what stands for their parameters.
fn described() -> BTreeSet<String> {
    let names = Description::read(DESCRIPTION).unwrap().names().into_iter();
    names
        .map(|name| {
            let mut name = name;
            for (parameter, place) in PLACES {
                name = name.replace(parameter, place);
            }
            name
        })
        .collect()
}

/// The paths of the routers, as the sources spell them.
fn routed() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .with_file_name("api")
        .join("src");
    let mut folders = vec![folder];
    let mut paths = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = fs::read_to_string(&path).unwrap_or_default();
            // What would add routes that are not seen here.
            for other in [
                ".nest(",
                ".nest_service(",
                ".route_service(",
                ".merge(Router",
            ] {
                assert!(!source.contains(other), "{}: {other}", path.display());
            }
            let routes = source.split(".route(").skip(1);
            paths.extend(routes.map(|rest| rest.split('"').nth(1).unwrap().to_owned()));
        }
    }
    paths
}

/// Whether a path of a router is this described one. `{*path}` stands for the rest.
fn serves(routed: &str, described: &str) -> bool {
    match routed.split_once("{*") {
        Some((before, _)) => described.starts_with(before),
        None => routed == described,
    }
}

#[test]
fn every_route_is_described_and_everything_described_is_a_route() {
    let names = Description::read(DESCRIPTION).unwrap().names();
    let described: BTreeSet<&str> = names
        .iter()
        .filter_map(|name| Some(name.split_once(' ')?.1))
        .collect();
    let routed = routed();
    assert!(routed.len() > 5, "{routed:?}");
    for route in &routed {
        assert!(
            described.iter().any(|path| serves(route, path)),
            "{route} is not described"
        );
    }
    for path in described {
        let serving = routed.iter().filter(|route| serves(route, path)).count();
        assert_eq!(serving, 1, "{path} is described");
    }
}

#[tokio::test]
async fn a_method_is_taken_where_it_is_described_and_refused_where_it_is_not() {
    let folder = TempDir::new().unwrap();
    let server = Process::start("serve", folder.path(), None).await.unwrap();
    let http = reqwest::Client::new();
    let described = described();
    let paths: BTreeSet<&str> = described
        .iter()
        .filter_map(|name| Some(name.split_once(' ')?.1))
        .collect();
    for path in paths {
        let address = match path {
            "/livez" | "/readyz" | "/metrics" => &server.admin_address,
            _ => &server.address,
        };
        for method in METHODS {
            let name = format!("{method} {path}");
            let method: Method = method.parse().unwrap();
            let request = http.request(method, format!("http://{address}{path}"));
            let answer = request.send().await.unwrap();
            let refused = answer.status() == 405;
            assert_eq!(refused, !described.contains(&name), "{name}: {answer:?}");
        }
    }
    server.terminate().await.unwrap();
}
