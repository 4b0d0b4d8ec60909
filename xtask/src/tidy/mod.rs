//! The house rules that no compiler knows: `cargo xtask tidy`.

mod modules;
mod words;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::checkout::Checkout;
use crate::shell::{self, Failure, Result};

/// A rule that a file breaks.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken {
    /// Relative to the checkout.
    pub file: String,
    /// From 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong and what to do instead.
    pub rule: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(formatter, "{}: {}", self.file, self.rule),
            line => write!(formatter, "{}:{line}: {}", self.file, self.rule),
        }
    }
}

/// A file of the project that holds text.
pub struct TextFile {
    /// Relative to the checkout, with `/`.
    pub path: String,
    pub text: String,
}

/// `cargo xtask tidy`.
///
/// # Errors
/// When a rule is broken.
pub fn run(checkout: &Checkout) -> Result<()> {
    let broken = check(checkout)?;
    print(&broken);
    if broken.is_empty() {
        shell::say("tidy", "");
        Ok(())
    } else {
        Err(Failure::new(format!(
            "{} house rules are broken",
            broken.len()
        )))
    }
}

/// Every broken rule, in the order of the files.
///
/// # Errors
/// When the files cannot be listed.
pub fn check(checkout: &Checkout) -> Result<Vec<Broken>> {
    let files = project_files(checkout.root())?;
    let mut broken: Vec<Broken> = files.iter().flat_map(words::check).collect();
    broken.extend(modules::check(&files));
    broken.sort_by(|left, right| (&left.file, left.line).cmp(&(&right.file, right.line)));
    Ok(broken)
}

/// One line a broken rule.
pub fn print(broken: &[Broken]) {
    for one in broken {
        println!("{one}");
    }
}

/// The files that git tracks or would track; without git, all outside the ignored folders.
fn project_files(root: &Path) -> Result<Vec<TextFile>> {
    let mut git = std::process::Command::new("git");
    git.current_dir(root).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let paths: Vec<String> = match shell::capture(&mut git) {
        Ok(listed) => listed
            .split('\0')
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect(),
        Err(_) => walk(root)?,
    };
    let read = |path: String| {
        // Deleted but not yet committed, or not text: nothing to check.
        let text = std::fs::read_to_string(root.join(&path)).ok()?;
        Some(TextFile { path, text })
    };
    Ok(paths.into_iter().filter_map(read).collect())
}

fn walk(root: &Path) -> Result<Vec<String>> {
    let ignored = ["target", "dist", "build", "node_modules", ".tools", ".git"];
    let mut folders: Vec<PathBuf> = vec![root.to_path_buf()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .map_err(|error| Failure::new(format!("cannot list {}: {error}", folder.display())))?;
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() {
                if !ignored.iter().any(|folder| *folder == name) {
                    folders.push(path);
                }
            } else if let Ok(relative) = path.strip_prefix(root) {
                files.push(relative.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    files.sort();
    Ok(files)
}
