//! Words that have no place in the project's files.

use super::{Broken, TextFile};

/// Where a word is banned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    /// Every file that holds text.
    Everywhere,
    /// Rust sources.
    Rust,
    /// Rust sources of the project itself and its tests, without the chores.
    Project,
    /// Rust sources of the engine: all that must run the same natively and in Wasm.
    Engine,
    /// Chores and their documents: where a path of one machine could slip in. Elsewhere such a
    /// path may be one inside a simulated container.
    Chores,
}

struct Ban {
    word: &'static str,
    place: Where,
    instead: &'static str,
}

/// The floors of the house that know neither clock, thread nor hash order.
const ENGINE: [&str; 12] = [
    "sim",
    "api",
    "etcd",
    "apiserver",
    "client",
    "scheduler",
    "controllers",
    "kubelet",
    "network",
    "cluster",
    "session",
    "kubectl",
];

/// `concat!` keeps this file clear of its own rules.
const BANS: &[Ban] = &[
    ban(
        concat!("to", "do!("),
        Where::Rust,
        "build it or leave it out",
    ),
    ban(
        concat!("unimple", "mented!("),
        Where::Rust,
        "build it or leave it out",
    ),
    ban(concat!("db", "g!("), Where::Rust, "remove it"),
    ban(concat!("#[ig", "nore"), Where::Rust, "a test runs or goes"),
    ban(
        concat!("TO", "DO"),
        Where::Everywhere,
        "do it or open an issue",
    ),
    ban(
        concat!("FIX", "ME"),
        Where::Everywhere,
        "fix it or open an issue",
    ),
    ban(
        concat!("Hash", "Map"),
        Where::Engine,
        "use BTreeMap, IndexMap or imbl::OrdMap: their order is the same everywhere",
    ),
    ban(
        concat!("Hash", "Set"),
        Where::Engine,
        "use BTreeSet, IndexSet or imbl::OrdSet: their order is the same everywhere",
    ),
    ban(
        concat!("Instant", "::now"),
        Where::Engine,
        "use the virtual clock",
    ),
    ban(
        concat!("System", "Time"),
        Where::Engine,
        "use the virtual clock",
    ),
    ban(
        concat!("std::", "thread"),
        Where::Engine,
        "the engine is a state machine stepped by events",
    ),
    ban(
        concat!("thread", "::sleep"),
        Where::Project,
        "wait for the event itself",
    ),
    ban(
        concat!("/wo", "rk/"),
        Where::Chores,
        "name no path of one machine",
    ),
    ban(
        concat!("/wo", "rk/shared"),
        Where::Everywhere,
        "name no path of one machine",
    ),
    ban(
        concat!("/ro", "ot/."),
        Where::Everywhere,
        "name no path of one machine",
    ),
    ban(
        concat!("/tm", "p/"),
        Where::Chores,
        "name no path of one machine",
    ),
    ban(
        concat!("/ho", "me/"),
        Where::Chores,
        "name no path of one machine",
    ),
    ban(
        concat!("registry.npm", "js"),
        Where::Everywhere,
        "name no registry: npm is told by its own settings",
    ),
    ban(
        concat!("\"resol", "ved\":"),
        Where::Everywhere,
        "name no registry: .npmrc leaves addresses out of the lock file",
    ),
    ban(
        concat!("deb.deb", "ian.org"),
        Where::Everywhere,
        "name no mirror: use the machine's own",
    ),
];

const fn ban(word: &'static str, place: Where, instead: &'static str) -> Ban {
    Ban {
        word,
        place,
        instead,
    }
}

/// The banned words in one file.
pub fn check(file: &TextFile) -> Vec<Broken> {
    let bans: Vec<&Ban> = BANS
        .iter()
        .filter(|ban| applies(ban.place, &file.path))
        .collect();
    let mut broken = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        for ban in bans.iter().filter(|ban| line.contains(ban.word)) {
            broken.push(Broken {
                file: file.path.clone(),
                line: index + 1,
                rule: format!("`{}`: {}", ban.word, ban.instead),
            });
        }
    }
    broken
}

fn applies(place: Where, path: &str) -> bool {
    let is_rust = path.ends_with(".rs");
    match place {
        Where::Everywhere => true,
        Where::Rust => is_rust,
        Where::Project => is_rust && !path.starts_with("xtask/"),
        Where::Engine => {
            let floor = path
                .strip_prefix("src/")
                .and_then(|rest| rest.split(['/', '.']).next());
            is_rust && floor.is_some_and(|floor| ENGINE.contains(&floor))
        }
        Where::Chores => {
            let folders = ["xtask/", ".ci/", ".cargo/", "web/", "tests/e2e/"];
            folders.iter().any(|folder| path.starts_with(folder)) || !path.contains('/')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::TextFile;

    fn lines_broken(path: &str, text: &str) -> Vec<usize> {
        let file = TextFile {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        check(&file).iter().map(|broken| broken.line).collect()
    }

    #[test]
    fn banned_words_are_found_where_they_are_banned() {
        let hash_map = concat!("use std::collections::Hash", "Map;\n");
        let unfinished = concat!("fn f() {\n    to", "do!()\n}\n");
        let scratch = concat!("touch /tm", "p/healthy\n");
        let machine = concat!("cd /wo", "rk/x\n");
        let cases: [(&str, &str, &[usize]); 9] = [
            ("src/scheduler/queue.rs", hash_map, &[1]),
            ("src/network.rs", hash_map, &[1]),
            ("src/page/stage.rs", hash_map, &[]),
            ("src/page/stage.rs", unfinished, &[2]),
            ("notes.txt", unfinished, &[]),
            ("src/kubelet/probes.rs", scratch, &[]),
            ("xtask/src/main.rs", scratch, &[1]),
            ("scenarios/one.yaml", machine, &[]),
            (".ci/run", machine, &[1]),
        ];
        for (path, text, expected) in cases {
            assert_eq!(lines_broken(path, text), expected, "{path}: {text}");
        }
    }
}
