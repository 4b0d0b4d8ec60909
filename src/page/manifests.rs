//! A manifest that is being written: how long it may be, where its lines are, and
//! how what was found in it reads.

use crate::api::Kind;
use crate::manifest::INPUT_BYTES_MAX;
use crate::session::protocol::{DiagnosticView, Outcome, Subject};
use std::cmp::Reverse;

/// Texts from this length on are checked only after a longer pause.
pub const LONG_BYTES: usize = 200 * 1024;
/// Longer texts are not kept across a reload: browsers give a page about 5 MB.
pub const KEPT_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Milliseconds without a key before a text of this length is checked.
pub fn pause_before_check(bytes: usize) -> u32 {
    if bytes > LONG_BYTES { 1_500 } else { 300 }
}

/// Why a text of so many bytes is not taken, or none.
pub fn refusal(what: &str, bytes: f64) -> Option<String> {
    let most = INPUT_BYTES_MAX as f64;
    (bytes > most).then(|| {
        format!(
            "{what} has {:.1} MB; the editor takes 10 MB. Nothing was changed: split it and apply the parts.",
            bytes / 1e6
        )
    })
}

/// A place in a text: line and column from 1, columns in UTF-16 units as browsers
/// count them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

impl Default for Spot {
    fn default() -> Self {
        Spot { line: 1, column: 1 }
    }
}

/// The place so many UTF-16 units after the beginning.
pub fn spot_at(text: &str, units: u32) -> Spot {
    let mut spot = Spot::default();
    let mut passed = 0;
    for character in text.chars() {
        if passed >= units {
            break;
        }
        let width = character.len_utf16() as u32;
        passed += width;
        if character == '\n' {
            spot.line += 1;
            spot.column = 1;
        } else {
            spot.column += width;
        }
    }
    spot
}

/// How many UTF-16 units before a place; the end of its line where the line is
/// shorter.
pub fn units_before(text: &str, spot: Spot) -> u32 {
    let mut units = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if index as u32 + 1 >= spot.line {
            let content = line.trim_end_matches(['\n', '\r']);
            let width = content.encode_utf16().count() as u32;
            return units + spot.column.saturating_sub(1).min(width);
        }
        units += line.encode_utf16().count() as u32;
    }
    units
}

/// What was found in a text, in the order in which it is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// Errors, then warnings; each by line.
    pub problems: Vec<DiagnosticView>,
    /// What has no effect here.
    pub notes: Vec<DiagnosticView>,
}

impl Findings {
    /// Sorts what a check found together with what an apply was told.
    pub fn new(checked: &[DiagnosticView], told: &[DiagnosticView]) -> Self {
        let mut all: Vec<DiagnosticView> = told.to_vec();
        for one in checked {
            let same =
                |other: &DiagnosticView| other.line == one.line && other.column == one.column;
            // The API server says the same in its own words: once is enough.
            if one.severity < 2 || !told.iter().any(same) {
                all.push(one.clone());
            }
        }
        all.sort_by_key(|one| (Reverse(one.severity), one.line, one.column));
        let (problems, notes) = all.into_iter().partition(|one| one.severity > 0);
        Findings { problems, notes }
    }

    /// Number of errors.
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|one| one.severity == 2).count()
    }

    /// One line about all of it.
    pub fn summary(&self) -> String {
        use super::words::count;
        let errors = self.errors();
        let warnings = self.problems.len() - errors;
        match (errors, warnings) {
            (0, 0) => "No problems found.".into(),
            (errors, 0) => format!("{}.", count(errors, "error")),
            (0, warnings) => format!("{}.", count(warnings, "warning")),
            _ => format!(
                "{}, {}.",
                count(errors, "error"),
                count(warnings, "warning")
            ),
        }
    }

    /// The heading of what has no effect.
    pub fn notes_title(&self) -> String {
        match self.notes.len() {
            1 => "1 field has no effect here".into(),
            many => format!("{many} fields have no effect here"),
        }
    }
}

/// What became of a document, as kubectl prints it: `deployment.apps/web created`.
pub fn outcome_line(outcome: &Outcome) -> String {
    let name = &outcome.key.name;
    let kind = match kind_of(outcome).map(Kind::info) {
        Some(info) if info.group.is_empty() => info.singular.to_owned(),
        Some(info) => format!("{}.{}", info.singular, info.group),
        None => outcome.kind.to_lowercase(),
    };
    let what = match (&*kind, &**name) {
        ("", "") => "this document".to_owned(),
        (kind, "") => kind.to_owned(),
        (kind, name) => format!("{kind}/{name}"),
    };
    if outcome.error.is_empty() {
        format!("{what} {}", outcome.result)
    } else {
        what
    }
}

fn kind_of(outcome: &Outcome) -> Option<Kind> {
    Kind::ALL
        .iter()
        .copied()
        .find(|kind| kind.info().kind == outcome.kind)
}

/// What to look at after an apply: the first workload, or else the first thing
/// that the stage shows; nothing where something was refused.
pub fn worth_a_look(outcomes: &[Outcome]) -> Option<Subject> {
    if outcomes.iter().any(|outcome| !outcome.error.is_empty()) {
        return None;
    }
    let first = |kinds: &[Kind]| {
        outcomes.iter().find_map(|outcome| {
            let kind = kind_of(outcome).filter(|kind| kinds.contains(kind))?;
            let key = outcome.key.clone();
            Some(Subject::Object { kind, key })
        })
    };
    first(&[Kind::Deployment, Kind::ReplicaSet, Kind::Pod])
        .or_else(|| first(&[Kind::Service, Kind::Node]))
}

/// One line about all outcomes: `2 created, 1 unchanged, 1 refused`.
pub fn outcomes_summary(outcomes: &[Outcome]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for outcome in outcomes {
        let word = match outcome.error.as_str() {
            "" => outcome.result.as_str(),
            _ => "refused",
        };
        match counts.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    let parts: Vec<String> = counts
        .iter()
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Key;

    fn found(severity: u8, line: u32, message: &str) -> DiagnosticView {
        DiagnosticView {
            severity,
            line,
            column: 1,
            end_line: line,
            end_column: 2,
            message: message.into(),
            fix: String::new(),
        }
    }

    fn outcome(kind: &str, name: &str, result: &str, error: &str) -> Outcome {
        Outcome {
            kind: kind.into(),
            key: Key::new("default", name),
            result: result.into(),
            error: error.into(),
            line: 1,
        }
    }

    #[test]
    fn places_and_offsets_are_each_others_inverse() {
        let text = "a: 1\nb: \u{1f980}x\n\nend";
        for (units, line, column) in [(0, 1, 1), (4, 1, 5), (5, 2, 1), (10, 2, 6), (13, 4, 1)] {
            let spot = Spot { line, column };
            assert_eq!(spot_at(text, units), spot);
            assert_eq!(units_before(text, spot), units);
        }
        let beyond = |line, column| units_before(text, Spot { line, column });
        assert_eq!(beyond(1, 99), 4);
        assert_eq!(beyond(99, 1), 16);
    }

    #[test]
    fn errors_come_first_and_only_once() {
        let checked = [
            found(0, 2, "no effect"),
            found(1, 1, "odd"),
            found(2, 9, "wrong"),
            found(2, 3, "wrong too"),
        ];
        let told = [found(2, 9, "as the server says it")];
        let findings = Findings::new(&checked, &told);
        let lines: Vec<_> = findings.problems.iter().map(|one| one.line).collect();
        assert_eq!(lines, [3, 9, 1]);
        assert_eq!(findings.summary(), "2 errors, 1 warning.");
        assert_eq!(findings.notes_title(), "1 field has no effect here");
        assert_eq!(Findings::default().summary(), "No problems found.");
    }

    #[test]
    fn outcomes_read_as_kubectl_prints_them() {
        for (outcome, line) in [
            (
                outcome("Deployment", "web", "created", ""),
                "deployment.apps/web created",
            ),
            (
                outcome("Service", "web", "unchanged", ""),
                "service/web unchanged",
            ),
            (outcome("Widget", "w", "", "no matches"), "widget/w"),
            (outcome("", "", "", "kind not set"), "this document"),
        ] {
            assert_eq!(outcome_line(&outcome), line);
        }
    }

    #[test]
    fn after_an_apply_one_looks_at_the_first_workload() {
        let service = outcome("Service", "web", "created", "");
        let deployment = outcome("Deployment", "web", "created", "");
        let wrong = outcome("Pod", "x", "", "refused");
        let kind = |outcomes: &[Outcome]| match worth_a_look(outcomes) {
            Some(Subject::Object { kind, .. }) => Some(kind),
            _ => None,
        };
        assert_eq!(
            kind(&[service.clone(), deployment.clone()]),
            Some(Kind::Deployment)
        );
        assert_eq!(kind(std::slice::from_ref(&service)), Some(Kind::Service));
        assert_eq!(kind(&[deployment.clone(), wrong.clone()]), None);
        assert_eq!(
            outcomes_summary(&[service, deployment, wrong]),
            "2 created, 1 refused"
        );
    }

    #[test]
    fn long_texts_are_checked_later_and_too_long_ones_are_not_taken() {
        assert_eq!(pause_before_check(1_000), 300);
        assert!(pause_before_check(LONG_BYTES + 1) > 1_000);
        assert_eq!(refusal("The file", 5e6), None);
        let words = refusal("The file", 12.3e6).unwrap_or_default();
        assert!(words.starts_with("The file has 12.3 MB"), "{words}");
    }
}
