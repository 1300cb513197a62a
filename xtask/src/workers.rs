//! The example workers in Python and TypeScript, made ready to be run: their packages are fetched, their pages compiled. Under the roof.

use anyhow::Result;

use crate::packages;

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
            Self::Python => packages::python("api/examples/python", "workers/python"),
            Self::TypeScript => {
                let folder = "workers/typescript";
                packages::node("api/examples/typescript", &[], folder, true)
            }
        }
    }
}
