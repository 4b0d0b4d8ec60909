//! Manifests as people write them, and texts as nobody should.

use super::{Severity, check, document::read_all};
use crate::api::Kind;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Refused for what else is in the cluster, not for what they say.
const BY_CLUSTER: [&str; 3] = [
    "not configured on this cluster",
    "error looking up",
    "no PriorityClass",
];

#[test]
fn public_manifests_are_judged_as_by_a_real_server() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let verdicts = shared.join("golden/corpus-verdicts/verdicts.jsonl");
    let Ok(verdicts) = std::fs::read_to_string(verdicts) else {
        println!("skipped: no corpus beside the project");
        return;
    };
    let mut files: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in verdicts.lines() {
        let verdict: Value = serde_json::from_str(line).expect("recorded JSON");
        let file = verdict["file"].as_str().unwrap_or_default().to_owned();
        files.entry(file).or_default().push(verdict);
    }
    let (mut right, mut all, mut idle) = (0, 0, 0);
    for (file, verdicts) in &files {
        let Ok(text) = std::fs::read_to_string(shared.join("corpus").join(file)) else {
            continue;
        };
        let (documents, _) = read_all(&text);
        let diagnostics = check(&text);
        let real: Vec<&Value> = verdicts
            .iter()
            .filter(|it| it["verdict"] != "empty")
            .collect();
        if documents.len() != real.len() {
            // Lists are one document to the server.
            println!(
                "{file}: {} documents read, {} judged",
                documents.len(),
                real.len()
            );
            continue;
        }
        for (document, verdict) in documents.iter().zip(real) {
            let kind = Kind::from_api_version(&document.api_version, &document.kind);
            let unknown = verdict["verdict"] == "unknown-kind";
            if kind.is_none() && !unknown {
                idle += 1;
                continue;
            }
            let message = verdict["message"].as_str().unwrap_or_default();
            if BY_CLUSTER.iter().any(|words| message.contains(words)) {
                continue;
            }
            all += 1;
            let refused = diagnostics.iter().any(|diagnostic| {
                diagnostic.severity == Severity::Error
                    && (document.line..=document.end_line).contains(&diagnostic.line)
            });
            if refused == (verdict["verdict"] != "accepted") {
                right += 1;
            } else {
                println!("{file} {} {}: {message}", document.kind, document.name);
                for diagnostic in &diagnostics {
                    if diagnostic.severity == Severity::Error {
                        println!("   {}: {}", diagnostic.line, diagnostic.message);
                    }
                }
            }
        }
    }
    println!("{right} of {all} documents judged as recorded; {idle} of kinds not known here");
    assert!(all > 200);
    assert_eq!(right, all);
}

/// Mostly punctuation that means something, so that broken texts are common.
fn yaml_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("kind: Pod\n"),
        Just("apiVersion: v1\n"),
        Just("metadata:\n  name: a\n"),
        Just("spec:\n"),
        Just("  containers:\n  - name: c\n    image: x\n"),
        Just("---\n"),
        Just("- "),
        Just("  "),
        Just("\t"),
        Just(": "),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just("&a "),
        Just("*a "),
        Just("<<: "),
        Just("|\n"),
        Just("!!str "),
        Just("\""),
        Just("'"),
        Just("# "),
        Just("\n"),
        Just("0x1F"),
        Just("é\u{1F600}"),
        Just("%"),
        Just("? "),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_text_breaks_the_reader(text in prop_oneof![yaml_like(), ".{0,200}"]) {
        for diagnostic in check(&text) {
            prop_assert!(diagnostic.line >= 1 && diagnostic.column >= 1);
            prop_assert!(!diagnostic.message.is_empty());
        }
    }
}

/// A text of about `bytes` bytes.
fn repeated(piece: &str, bytes: usize) -> String {
    piece.repeat(bytes / piece.len() + 1)
}

/// Longer texts must not take disproportionately longer. Not timed: what would be
/// quadratic would not end.
#[test]
fn megabytes_of_anything_are_read() {
    let bytes = 1 << 20;
    let document = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: v\n---\n";
    let mut keys = String::from("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n");
    for index in 0..50_000 {
        keys.push_str(&format!("  k{index}: v\n"));
    }
    let texts = [
        repeated(document, bytes),
        repeated("[", bytes),
        repeated("{", bytes),
        repeated("- ", bytes),
        repeated("a: 1\n", bytes),
        repeated("\n", bytes),
        repeated("# words\n", bytes),
        repeated("x", bytes),
        repeated("'", bytes),
        repeated("? ", bytes),
        repeated("&a ", bytes),
        repeated("a: b: ", bytes),
        repeated("---\n", bytes),
        keys,
    ];
    for text in texts {
        let _ = check(&text);
    }
    let too_long = check(&repeated(" ", super::INPUT_BYTES_MAX));
    assert!(too_long.iter().any(|it| it.message.contains("10 MiB")));
}
