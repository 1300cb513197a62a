//! The files of the repository that the house rules speak of.

use std::{fs, io, path::Path};

/// A repository as read from disk, without what its `.gitignore` names at the top and without dot files.
pub struct House {
    /// Names at the top, dot files among them.
    pub top: Vec<String>,
    /// Rust sources, feature files and manifests.
    pub files: Vec<File>,
}

pub struct File {
    /// From the root, with slashes.
    pub path: String,
    pub text: String,
}

impl House {
    pub fn read(root: &Path) -> io::Result<Self> {
        let ignored = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
        let ignored: Vec<&str> = ignored
            .lines()
            .filter_map(|line| line.strip_prefix('/'))
            .collect();
        let mut house = Self {
            top: Vec::new(),
            files: Vec::new(),
        };
        for name in names(root)? {
            if !ignored.contains(&name.as_str()) {
                if !name.starts_with('.') {
                    house.visit(root, &name)?;
                }
                house.top.push(name);
            }
        }
        Ok(house)
    }

    fn visit(&mut self, root: &Path, path: &str) -> io::Result<()> {
        let place = root.join(path);
        if place.is_dir() {
            for name in names(&place)? {
                self.visit(root, &format!("{path}/{name}"))?;
            }
        } else if path.ends_with(".rs")
            || path.ends_with(".feature")
            || path.ends_with("Cargo.toml")
        {
            self.files.push(File {
                path: path.to_owned(),
                text: fs::read_to_string(place)?,
            });
        }
        Ok(())
    }

    pub fn sources(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }
}

fn names(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
