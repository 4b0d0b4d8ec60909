//! The groups of recorded answers, and what is common to their replays.
//!
//! A folder of the form of `../shared/golden` holds one folder a group. To add a
//! group, write its file here and its line in [`GROUPS`].

mod defaults;
mod http;
mod json;
mod kubectl;
mod kubelet;
mod placeholders;
mod tables;
mod validate;
mod wait;
mod world;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One thing that was recorded, and how we differ from it, if we do.
pub struct Case {
    /// The file that it is of, where a group counts by file; or empty.
    pub part: String,
    /// Its name within the group.
    pub id: String,
    /// The first difference.
    pub difference: Option<String>,
}

/// All cases of a group.
#[derive(Default)]
pub struct Group {
    /// In the order of recording.
    pub cases: Vec<Case>,
}

impl Group {
    /// How many cases came out the same.
    pub fn passed(&self) -> usize {
        let same = |case: &&Case| case.difference.is_none();
        self.cases.iter().filter(same).count()
    }

    /// Passed and total of one part.
    pub fn count(&self, part: &str) -> (usize, usize) {
        let of_part = || self.cases.iter().filter(|case| case.part == part);
        let passed = of_part().filter(|case| case.difference.is_none()).count();
        (passed, of_part().count())
    }

    /// The parts, in order.
    pub fn parts(&self) -> Vec<&str> {
        let mut parts: Vec<&str> = self.cases.iter().map(|case| case.part.as_str()).collect();
        parts.dedup();
        parts
    }

    fn add(&mut self, part: &str, id: impl Into<String>, difference: Option<String>) {
        self.cases.push(Case {
            part: part.to_owned(),
            id: id.into(),
            difference,
        });
    }
}

/// A group's name and its replay.
pub type Play = (&'static str, fn(&Path) -> Group);

/// Every group that can be replayed, in the order of printing.
pub const GROUPS: [Play; 5] = [
    ("http", http::play),
    ("validate", validate::play),
    ("defaults", defaults::play),
    ("tables", tables::play),
    ("kubectl", kubectl::play),
];

/// Differences that are kept, by group and case, with their reasons.
pub type Kept = BTreeMap<(String, String), String>;

/// Reads `tests/golden/kept.txt`: `GROUP CASE: why`.
pub fn kept() -> Kept {
    let text = include_str!("../../../tests/golden/kept.txt");
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let (case, why) = line.split_once(": ")?;
            let (group, id) = case.split_once(' ')?;
            Some(((group.to_owned(), id.to_owned()), why.to_owned()))
        })
        .collect()
}

/// Where recordings lie unless somebody says otherwise: beside the project.
pub fn default_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/golden")
}

fn read_text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The folders or files in a folder, sorted by name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    paths
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
