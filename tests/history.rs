//! Three scenarios leave the histories that were recorded: nothing depends on the
//! machine. `tests/wasm.rs` compares the same file in the browser.
//!
//! A change of behaviour changes them: look at what changed, then record anew with
//! `RECORD_HISTORIES=1 cargo test --test history`.

use tabernetes::session::Session;
use tabernetes::session::history::HistoryHash;
use tabernetes::session::protocol::ClusterSpec;

const RECORDED: &str = include_str!("histories.txt");

fn history(name: &str) -> String {
    let mut session = Session::new(ClusterSpec::default());
    let mut hash = HistoryHash::default();
    session
        .play_scenario(name, |cluster| hash.follow(cluster))
        .expect("the scenario ends well");
    hash.hex()
}

#[test]
fn histories_are_as_recorded() {
    let names = RECORDED
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, _)| name);
    let found: String = names
        .map(|name| format!("{name} {}\n", history(name)))
        .collect();
    if std::env::var_os("RECORD_HISTORIES").is_some() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/histories.txt");
        std::fs::write(file, &found).expect("the file can be written");
        return;
    }
    assert_eq!(found, RECORDED, "see the words at the top of this file");
}
