//! Verdicts, and those of a real server.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn each_document_is_judged_at_its_line() {
    let text = "# words\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n\
                apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: []}\n---\n\
                apiVersion: v9\nkind: Podd\nmetadata: {name: q}\n---\na: b: c\n";
    let judged = judge(&[("f.yaml".to_owned(), text.to_owned())]);
    let found: Vec<_> = judged
        .iter()
        .map(|one| (one.doc, one.line, one.name.as_str(), one.verdict))
        .collect();
    assert_eq!(
        found,
        [
            (0, 1, "", Verdict::Empty),
            (1, 3, "a", Verdict::Accepted),
            (2, 7, "p", Verdict::Rejected),
            (3, 12, "q", Verdict::UnknownKind),
            (4, 16, "", Verdict::Unparsable),
        ]
    );
    assert_eq!(
        judged[2].message,
        "Pod \"p\" is invalid: spec.containers: Required value"
    );
}

#[test]
fn public_manifests_hear_what_a_real_server_said() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let verdicts = shared.join("golden/corpus-verdicts/verdicts.jsonl");
    let Ok(verdicts) = std::fs::read_to_string(verdicts) else {
        println!("skipped: no corpus beside the project");
        return;
    };
    let mut recorded: BTreeMap<(String, usize), Value> = BTreeMap::new();
    for line in verdicts.lines() {
        let one: Value = serde_json::from_str(line).expect("recorded JSON");
        let file = one["file"].as_str().unwrap_or_default().to_owned();
        let doc = one["doc"].as_u64().unwrap_or_default() as usize;
        recorded.insert((file, doc), one);
    }
    let names: BTreeSet<&String> = recorded.keys().map(|(file, _)| file).collect();
    let files: Vec<(String, String)> = names
        .into_iter()
        .filter_map(|file| {
            let text = std::fs::read_to_string(shared.join("corpus").join(file)).ok()?;
            Some((file.clone(), text))
        })
        .collect();
    let (mut right, mut wrong) = (0, Vec::new());
    for one in judge(&files) {
        let Some(real) = recorded.remove(&(one.file.clone(), one.doc)) else {
            wrong.push(format!("{} {}: not recorded", one.file, one.doc));
            continue;
        };
        let message = real["message"].as_str().unwrap_or_default();
        let message = message.replace(FROM, &format!("from {:?}", one.file));
        let warnings: Vec<&str> = real["warnings"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let verdict = json!(one.verdict);
        let same = real["verdict"] == verdict
            && (one.verdict == Verdict::Empty || one.message == message)
            && one.warnings == warnings;
        match same {
            true => right += 1,
            false => wrong.push(format!(
                "{} {}: {} {message} {warnings:?} but {verdict} {} {:?}",
                one.file, one.doc, real["verdict"], one.message, one.warnings
            )),
        }
    }
    wrong.extend(
        recorded
            .keys()
            .map(|(file, doc)| format!("{file} {doc}: not judged")),
    );
    println!(
        "{right} documents hear what they heard; {} do not",
        wrong.len()
    );
    wrong.iter().for_each(|line| println!("  {line}"));
    assert!(right > 200);
}
