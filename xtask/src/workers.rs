//! The example workers in Python and TypeScript, made ready to be run: their packages are fetched, their pages compiled. Under the roof.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

use crate::tool;

/// An example that the workspace's own build does not make ready.
#[derive(Clone, Copy)]
pub enum Worker {
    /// `api/examples/python`.
    Python,
    /// `api/examples/typescript`.
    TypeScript,
}

impl Worker {
    pub const ALL: [Self; 2] = [Self::Python, Self::TypeScript];

    /// What is made ready, as a step of a run is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "example worker in Python",
            Self::TypeScript => "example worker in TypeScript",
        }
    }

    /// Puts it where the suite looks for it, which is beside the workspace's binaries. What is there already is kept as long as its packages
    /// are those that are asked for.
    ///
    /// # Errors
    /// There is no interpreter, the packages cannot be had, or the page does not compile.
    pub fn prepare(self) -> Result<()> {
        match self {
            Self::Python => prepare_python(),
            Self::TypeScript => prepare_typescript(),
        }
    }
}

/// A folder of packages, and the list that they were installed by.
struct Packages {
    folder: PathBuf,
    wanted: String,
}

impl Packages {
    fn new(name: &str, list: &str) -> Result<Self> {
        let list = tool::root().join("api/examples").join(name).join(list);
        let wanted = fs::read_to_string(&list).with_context(|| list.display().to_string())?;
        let folder = tool::beside("workers")?.join(name);
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

fn prepare_python() -> Result<()> {
    let packages = Packages::new("python", "requirements.txt")?;
    if packages.are_there() {
        return Ok(());
    }
    let folder = packages.folder.to_string_lossy();
    tool::run(tool::program(
        "python3",
        &["-m", "venv", "--clear", &folder],
    ))?;
    let pip = packages.folder.join("bin/pip");
    let requirements = "api/examples/python/requirements.txt";
    let install = ["install", "--quiet", "--requirement", requirements];
    tool::run(tool::program(pip, &install))?;
    packages.note()
}

fn prepare_typescript() -> Result<()> {
    let packages = Packages::new("typescript", "package-lock.json")?;
    let sources = tool::root().join("api/examples/typescript");
    for file in [
        "package.json",
        "package-lock.json",
        "tsconfig.json",
        "worker.ts",
    ] {
        fs::copy(sources.join(file), packages.folder.join(file)).context(file)?;
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
    npm(&["run", "--silent", "build"])
}
