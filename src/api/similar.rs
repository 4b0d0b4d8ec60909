//! Which of several words was perhaps meant.

/// The closest of `candidates` that is close at all.
pub fn closest<'c>(text: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let far = 1 + text.chars().count() / 4;
    let lower = text.to_lowercase();
    candidates
        .iter()
        .map(|candidate| (distance(&lower, &candidate.to_lowercase(), far), *candidate))
        .filter(|(distance, _)| *distance <= far)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits between two texts; more than `max` is not counted out.
fn distance(a: &str, b: &str, max: usize) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(80).collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > max {
        return max + 1;
    }
    let mut before: Vec<usize> = (0..=b.len()).collect();
    let mut two_before = before.clone();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let changed = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (before[j - 1] + changed)
                .min(before[j] + 1)
                .min(row[j - 1] + 1);
            let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if swapped {
                row[j] = row[j].min(two_before[j - 2] + 1);
            }
        }
        two_before = std::mem::replace(&mut before, row);
    }
    before.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let words = ["replicas", "selector", "image", "imagePullPolicy"];
        let table = [
            ("replica", Some("replicas")),
            ("slector", Some("selector")),
            ("Image", Some("image")),
            ("imagePullPolcy", Some("imagePullPolicy")),
            ("zzz", None),
        ];
        for (word, meant) in table {
            assert_eq!(closest(word, &words), meant, "{word}");
        }
    }
}
