//! Says to the compiler what it is compiling: `BUILD_HASH` is the SHA-256 over everything that goes into the server.
//!
//! Cargo runs this again when any of it changed, and then the server is compiled again anyway.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use sha2::{Digest, Sha256};

/// What goes into the server, seen from this crate.
const SOURCES: [&str; 5] = [
    "../Cargo.lock",
    "../entities/src",
    "Cargo.toml",
    "founding",
    "src",
];

fn main() -> io::Result<()> {
    let mut files = Vec::new();
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
        collect(Path::new(source), &mut files)?;
    }
    files.sort();
    let mut digest = Sha256::new();
    for file in files {
        let bytes = fs::read(&file)?;
        // Names and lengths go in too, so that no two trees have the same bytes.
        let name = file.to_string_lossy().replace('\\', "/");
        digest.update(format!("{name}\0{}\0", bytes.len()));
        digest.update(bytes);
    }
    let mut hash = String::new();
    for byte in digest.finalize() {
        write!(hash, "{byte:02x}").map_err(io::Error::other)?;
    }
    // Not under our own prefix: cargo hands the variable on to what it runs, where every variable of that prefix is a setting.
    println!("cargo::rustc-env=BUILD_HASH={hash}");
    Ok(())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}
