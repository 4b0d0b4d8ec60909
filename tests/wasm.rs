//! Tests that only a browser can fail: run in Chromium by `cargo xtask test wasm`.
#![cfg(target_arch = "wasm32")]

use tabernetes::session::Session;
use tabernetes::session::history::HistoryHash;
use tabernetes::session::protocol::ClusterSpec;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// What `tests/history.rs` compares natively.
const RECORDED: &str = include_str!("histories.txt");

/// One seed, one history, whatever the machine; and nothing in the engine touches what a worker does
/// not have, such as std's clock.
#[wasm_bindgen_test]
fn histories_are_the_same_as_natively() {
    for (name, recorded) in RECORDED.lines().filter_map(|line| line.split_once(' ')) {
        let mut session = Session::new(ClusterSpec::default());
        let mut hash = HistoryHash::default();
        session
            .play_scenario(name, |cluster| hash.follow(cluster))
            .expect("the scenario ends well");
        assert_eq!(hash.hex(), recorded, "{name}");
    }
}
