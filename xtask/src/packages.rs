//! Packages of other languages, as their lists lock them, in folders beside the workspace's binaries. Under the roof.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::tool;

/// A folder of packages, and the list that they were installed by.
struct Packages {
    folder: PathBuf,
    wanted: String,
}

impl Packages {
    fn new(folder: &str, list: &Path) -> Result<Self> {
        let wanted = fs::read_to_string(list).with_context(|| list.display().to_string())?;
        let folder = tool::beside(folder)?;
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        Ok(Self { folder, wanted })
    }

    fn list(&self) -> PathBuf {
        self.folder.join("installed")
    }

    fn are_there(&self) -> bool {
        fs::read_to_string(self.list()).is_ok_and(|installed| installed == self.wanted)
    }

    fn note(&self) -> Result<()> {
        fs::write(self.list(), &self.wanted).context("noting what was installed")
    }
}

/// A virtual environment in `folder`, with what the `requirements.txt` of the sources asks for.
pub fn python(sources: &str, folder: &str) -> Result<()> {
    let list = tool::root().join(sources).join("requirements.txt");
    let packages = Packages::new(folder, &list)?;
    if packages.are_there() {
        return Ok(());
    }
    let folder = packages.folder.to_string_lossy();
    tool::run(tool::program(
        "python3",
        &["-m", "venv", "--clear", &folder],
    ))?;
    let pip = packages.folder.join("bin/pip");
    let requirements = list.to_string_lossy();
    let install = ["install", "--quiet", "--requirement", &requirements];
    tool::run(tool::program(pip, &install))?;
    packages.note()
}

/// The files of the sources and `more` files in `folder`, with the packages of their lock; built, where there is something to build.
pub fn node(sources: &str, more: &[&str], folder: &str, build: bool) -> Result<()> {
    let sources = tool::root().join(sources);
    let packages = Packages::new(folder, &sources.join("package-lock.json"))?;
    let mut files = Vec::new();
    for entry in fs::read_dir(&sources).with_context(|| sources.display().to_string())? {
        // Folders among them are what somebody installed or built there by hand.
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.extend(more.iter().map(|file| tool::root().join(file)));
    for file in files {
        let name = file.file_name().unwrap_or_default();
        fs::copy(&file, packages.folder.join(name)).with_context(|| file.display().to_string())?;
    }
    let npm = |arguments: &[&str]| {
        let mut command = tool::program("npm", arguments);
        command.current_dir(&packages.folder);
        tool::run(command)
    };
    if !packages.are_there() {
        npm(&[
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ])?;
        packages.note()?;
    }
    if build {
        npm(&["run", "--silent", "build"])?;
    }
    Ok(())
}
