//! Recorded answers of a real Kubernetes: what came out the same once must not
//! come out differently again.
//!
//! `tests/golden/failing.txt` lists the cases that differ; `RECORD_GOLDEN=1`
//! writes it anew.

#[path = "../examples/golden/replay/mod.rs"]
mod replay;

use replay::GROUPS;
use std::collections::BTreeSet;
use std::path::Path;

fn failing(path: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let cases = text.lines().filter(|line| !line.starts_with('#'));
    cases.map(str::to_owned).collect()
}

#[test]
fn what_agreed_with_the_recordings_still_does() {
    let folder = replay::default_folder();
    if !folder.is_dir() {
        println!("skipped: no recorded answers beside this project");
        return;
    }
    let floors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/failing.txt");
    let known = failing(&floors);
    let kept = replay::kept();
    let mut now = BTreeSet::new();
    let mut fresh = Vec::new();
    for (name, play) in GROUPS {
        let group = play(&folder.join(name));
        println!("{name}: {}/{}", group.passed(), group.cases.len());
        for part in group.parts() {
            let (passed, total) = group.count(part);
            println!("  {part}: {passed}/{total}");
        }
        for case in group.cases {
            let Some(difference) = case.difference else {
                continue;
            };
            let case = format!("{name} {}", case.id);
            if !known.contains(&case) {
                fresh.push(format!("{case}: {difference}"));
            }
            now.insert(case);
        }
    }
    if std::env::var_os("RECORD_GOLDEN").is_some() {
        let lines: Vec<&str> = now.iter().map(String::as_str).collect();
        let head = "# Recorded cases that come out differently. Shorter is better.\n";
        let text = format!("{head}{}\n", lines.join("\n"));
        std::fs::write(&floors, text).expect("a writable checkout");
        return;
    }
    for case in kept.keys() {
        let case = format!("{} {}", case.0, case.1);
        assert!(now.contains(&case), "{case} is kept for nothing: it agrees");
    }
    assert!(fresh.is_empty(), "{}", fresh.join("\n"));
}
