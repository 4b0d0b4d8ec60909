//! Rust files that no `mod` reaches, and files that do not say what they are for.

use std::collections::{BTreeMap, BTreeSet};

use super::{Broken, TextFile};

/// A declared module: its name, and the file that `#[path]` names, if any.
type Declared = (String, Option<String>);

/// Dead files and files without a module comment.
pub fn check(files: &[TextFile]) -> Vec<Broken> {
    let sources: BTreeMap<&str, &str> = files
        .iter()
        .filter(|file| file.path.ends_with(".rs"))
        .map(|file| (file.path.as_str(), file.text.as_str()))
        .collect();
    let reached = reached(&sources);
    let dead = sources.keys().filter(|path| !reached.contains(**path));
    let dead = dead.map(|path| broken(path, "no `mod` reaches this file: declare it or delete it"));
    let silent = sources
        .iter()
        .filter(|(path, text)| !is_named_tests(path) && !begins_with_module_docs(text));
    let silent = silent.map(|(path, _)| broken(path, "begin with `//!`: what lives here"));
    dead.chain(silent).collect()
}

fn broken(path: &str, rule: &str) -> Broken {
    Broken {
        file: path.to_owned(),
        line: 0,
        rule: rule.to_owned(),
    }
}

fn reached(sources: &BTreeMap<&str, &str>) -> BTreeSet<String> {
    let mut waiting: Vec<String> = sources
        .keys()
        .filter(|path| is_root(path))
        .map(|path| (*path).to_owned())
        .collect();
    let mut reached = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        let Some(text) = sources.get(path.as_str()) else {
            continue;
        };
        for module in declared(text) {
            waiting.extend(
                candidates(&path, &module)
                    .into_iter()
                    .filter(|file| sources.contains_key(file.as_str())),
            );
        }
        if !reached.insert(path) {
            waiting.retain(|file| !reached.contains(file));
        }
    }
    reached
}

/// Files that cargo itself compiles: libraries, programs, tests, examples, benches.
fn is_root(path: &str) -> bool {
    let inside = path.strip_prefix("xtask/").unwrap_or(path);
    if matches!(inside, "src/lib.rs" | "src/main.rs" | "build.rs") {
        return true;
    }
    [
        "src/bin/",
        "tests/",
        "examples/",
        "benches/",
        "fuzz/fuzz_targets/",
    ]
    .iter()
    .any(|folder| {
        inside
            .strip_prefix(folder)
            .is_some_and(|rest| match rest.split_once('/') {
                None => true,
                Some((_, file)) => file == "main.rs",
            })
    })
}

/// Where the file of a module declared in `path` may lie.
fn candidates(path: &str, (name, explicit): &Declared) -> Vec<String> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    if let Some(explicit) = explicit {
        return vec![normal(&format!("{folder}/{explicit}"))];
    }
    let stem = file.trim_end_matches(".rs");
    let is_folder_owner = stem == "mod" || is_root(path);
    let own = if is_folder_owner {
        folder.to_owned()
    } else {
        format!("{folder}/{stem}")
    };
    vec![format!("{own}/{name}.rs"), format!("{own}/{name}/mod.rs")]
}

/// `a/b/../c` as `a/c`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            other => parts.push(other),
        }
    }
    parts.join("/")
}

/// `mod name;` lines, with the `#[path = "…"]` before them.
fn declared(text: &str) -> Vec<Declared> {
    let mut found = Vec::new();
    let mut explicit = None;
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("#[path = \"") {
            explicit = rest.split('"').next().map(str::to_owned);
        } else if let Some(name) = module_name(line) {
            found.push((name, explicit.take()));
        }
    }
    found
}

fn module_name(line: &str) -> Option<String> {
    let line = match line.strip_prefix("pub") {
        Some(rest) => match rest.strip_prefix('(') {
            Some(rest) => rest.split_once(')')?.1,
            None => rest,
        },
        None => line,
    };
    let name = line
        .trim_start()
        .strip_prefix("mod ")?
        .split_once(';')?
        .0
        .trim();
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|letter| letter.is_alphanumeric() || letter == '_');
    is_name.then(|| name.to_owned())
}

/// `tests.rs` beside what it tests: its name says it all.
fn is_named_tests(path: &str) -> bool {
    path.ends_with("/tests.rs")
}

fn begins_with_module_docs(text: &str) -> bool {
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("#!["));
    lines.next().is_some_and(|line| line.starts_with("//!"))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::TextFile;

    fn files(list: &[(&str, &str)]) -> Vec<TextFile> {
        let file = |(path, text): &(&str, &str)| TextFile {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        list.iter().map(file).collect()
    }

    fn broken(list: &[(&str, &str)]) -> Vec<String> {
        check(&files(list))
            .into_iter()
            .map(|broken| broken.file)
            .collect()
    }

    #[test]
    fn files_reached_by_modules_are_alive() {
        let alive = [
            (
                "src/lib.rs",
                "//! a\npub mod sim;\n#[cfg(test)]\npub(crate) mod probe;\n",
            ),
            (
                "src/sim/mod.rs",
                "//! a\nmod clock;\n#[path = \"../odd/name.rs\"]\nmod strange;\n",
            ),
            ("src/sim/clock.rs", "//! a\nmod inner;\n"),
            ("src/sim/clock/inner.rs", "//! a\n"),
            ("src/odd/name.rs", "//! a\n"),
            ("src/probe.rs", "//! a\n"),
            ("src/bin/page.rs", "//! a\n"),
            ("tests/golden.rs", "#![cfg(unix)]\n\n//! a\nmod common;\n"),
            ("tests/common/mod.rs", "//! a\n"),
            ("xtask/src/main.rs", "//! a\n"),
        ];
        assert_eq!(broken(&alive), Vec::<String>::new());
    }

    #[test]
    fn a_forgotten_file_and_a_silent_file_are_named() {
        let list = [
            ("src/lib.rs", "//! a\n// mod gone;\nmod silent;\n"),
            ("src/gone.rs", "//! a\n"),
            ("src/silent.rs", "use std::fmt;\n"),
            ("tests/common/mod.rs", "//! a\n"),
        ];
        assert_eq!(
            broken(&list),
            ["src/gone.rs", "tests/common/mod.rs", "src/silent.rs"]
        );
    }
}
