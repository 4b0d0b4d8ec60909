//! Finding the place of a field: `spec.containers[0].image`,
//! `metadata.annotations[example.com/key]`, `data.a`.

use super::yaml::{Inside, Place, Span};

/// Where a field is, or where it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Its name and value, or those of its nearest existing parent.
    pub span: Span,
    /// Whether the field itself is there.
    pub exact: bool,
}

/// The steps of a path. What is in brackets is one step, whatever it holds.
fn steps(path: &str) -> Vec<&str> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            // Keys may hold brackets themselves only in theory; the last one ends.
            let end = inner.find(']').unwrap_or(inner.len());
            steps.push(&inner[..end]);
            rest = inner.get(end + 1..).unwrap_or_default();
        } else {
            let rest_of_field = rest.strip_prefix('.').unwrap_or(rest);
            let end = rest_of_field
                .find(['.', '['])
                .unwrap_or(rest_of_field.len());
            steps.push(&rest_of_field[..end]);
            rest = &rest_of_field[end..];
            if end == 0 && !rest.starts_with('[') {
                break;
            }
        }
    }
    steps.retain(|step| !step.is_empty());
    steps
}

/// Paths in errors are not always those of the manifest; upstream calls some
/// fields by other names.
const OTHER_NAMES: &[(&str, &[&str])] = &[
    ("clusterIPs", &["clusterIP"]),
    ("podCIDRs", &["podCIDR"]),
    ("LoadBalancerSourceRanges", &["loadBalancerSourceRanges"]),
    ("persistentDisk", &["gcePersistentDisk"]),
    ("downwarAPI", &["downwardAPI"]),
    ("cephFS", &["cephfs"]),
    ("Phase", &["phase"]),
    ("labels", &["metadata", "labels"]),
    ("annotations", &["metadata", "annotations"]),
];

/// Where `path` is under `root`.
pub(super) fn find(root: &Place, path: &str) -> Position {
    let mut here = root;
    let mut span = first_line(root.span);
    let path = path
        .strip_prefix("metadata.taints")
        .map_or(path.to_owned(), |rest| format!("spec.taints{rest}"));
    let steps = steps(&path);
    let mut index = 0;
    while index < steps.len() {
        let step = steps[index];
        if let Some((name, place)) = down(here, step) {
            span = joined(name, place);
            here = place;
            index += 1;
            continue;
        }
        // A key with dots: `metadata.annotations.example.com/key`.
        if let Some((taken, name, place)) = dotted(here, &steps[index..]) {
            span = joined(name, place);
            here = place;
            index += taken;
            continue;
        }
        match renamed(here, step) {
            Some((name, place)) => {
                span = joined(name, place);
                here = place;
                index += 1;
            }
            None => return Position { span, exact: false },
        }
    }
    Position { span, exact: true }
}

/// Name and value as one range, where they stand on one line; a long value is
/// represented by its name.
fn joined(name: Option<Span>, place: &Place) -> Span {
    match name {
        Some(name) if matches!(place.inside, Inside::Nothing) && place.span.line == name.line => {
            Span {
                end_line: place.span.end_line,
                end_column: place.span.end_column,
                ..name
            }
        }
        Some(name) => name,
        None => first_line(place.span),
    }
}

/// The part of a range that is on its first line.
fn first_line(span: Span) -> Span {
    if span.end_line == span.line && span.end_column > span.column {
        return span;
    }
    Span::at(span.line.max(1), span.column.max(1))
}

fn down<'p>(place: &'p Place, step: &str) -> Option<(Option<Span>, &'p Place)> {
    match &place.inside {
        Inside::Fields(fields) => fields
            .iter()
            .find(|(name, _, _)| name == step)
            .map(|(_, span, place)| (Some(*span), place)),
        Inside::Items(items) => {
            let index: usize = step.parse().ok()?;
            items.get(index).map(|place| (None, place))
        }
        Inside::Nothing => None,
    }
}

fn dotted<'p>(place: &'p Place, steps: &[&str]) -> Option<(usize, Option<Span>, &'p Place)> {
    if !matches!(place.inside, Inside::Fields(_)) {
        return None;
    }
    (2..=steps.len().min(8)).rev().find_map(|taken| {
        let key = steps[..taken].join(".");
        down(place, &key).map(|(span, place)| (taken, span, place))
    })
}

fn renamed<'p>(place: &'p Place, step: &str) -> Option<(Option<Span>, &'p Place)> {
    let (_, ways) = OTHER_NAMES.iter().find(|(name, _)| *name == step)?;
    let mut found = (None, place);
    for way in *ways {
        found = down(found.1, way)?;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::yaml;

    #[test]
    fn fields_are_found_and_missing_ones_lead_to_their_parent() {
        let text = "metadata:\n  annotations:\n    example.com/a: b\nspec:\n  containers:\n  \
                    - name: c\n    image: nginx\n";
        let parsed = yaml::parse(text, 1);
        let place = parsed
            .into_iter()
            .find_map(|it| it.root)
            .map(|(_, place)| place);
        let place = place.unwrap_or_default();
        let table = [
            ("spec.containers[0].image", 7, true),
            ("spec.containers[0].ports", 6, false),
            ("spec.containers[1].image", 5, false),
            ("spec.replicas", 4, false),
            ("metadata.annotations[example.com/a]", 3, true),
            ("metadata.annotations.example.com/a", 3, true),
            ("nothing.of.this", 1, false),
            ("[]", 1, true),
        ];
        for (path, line, exact) in table {
            let position = find(&place, path);
            assert_eq!(
                (position.span.line, position.exact),
                (line, exact),
                "{path}"
            );
        }
    }
}
