//! The unified diff inside an error about a forbidden change.

/// Lines of context around a change.
const CONTEXT: usize = 3;
/// Beyond this many differing lines the middle is shown as replaced whole, so
/// that no input costs quadratic time.
const COMPARED_LINES_MAX: usize = 2_000;

#[derive(Clone, Copy, PartialEq)]
enum Edit {
    Keep,
    Remove,
    Add,
}

/// `@@ -1,4 +1,5 @@` and what follows; empty where nothing differs.
pub(super) fn unified(old: &str, new: &str) -> String {
    let old: Vec<&str> = old.lines().collect();
    let new: Vec<&str> = new.lines().collect();
    let edits = edits(&old, &new);
    let mut text = String::new();
    for hunk in hunks(&edits) {
        write_hunk(&hunk, &edits, &old, &new, &mut text);
    }
    text
}

/// The edits that make `new` of `old`, by the longest common subsequence of what
/// lies between their common beginning and end.
fn edits(old: &[&str], new: &[&str]) -> Vec<Edit> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let tail = old_rest
        .iter()
        .rev()
        .zip(new_rest.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let old_middle = &old_rest[..old_rest.len() - tail];
    let new_middle = &new_rest[..new_rest.len() - tail];
    let mut edits = vec![Edit::Keep; head];
    edits.extend(middle(old_middle, new_middle));
    edits.extend(vec![Edit::Keep; tail]);
    edits
}

fn middle(old: &[&str], new: &[&str]) -> Vec<Edit> {
    if old.len().max(new.len()) > COMPARED_LINES_MAX {
        let mut edits = vec![Edit::Remove; old.len()];
        edits.extend(vec![Edit::Add; new.len()]);
        return edits;
    }
    let width = new.len() + 1;
    // common[i][j]: length of what old[i..] and new[j..] have in common.
    let mut common = vec![0u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = if old[i] == new[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut edits = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            edits.push(Edit::Keep);
            i += 1;
            j += 1;
        } else if j == new.len()
            || (i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1])
        {
            edits.push(Edit::Remove);
            i += 1;
        } else {
            edits.push(Edit::Add);
            j += 1;
        }
    }
    edits
}

/// Ranges of edits that are shown together, with their context.
fn hunks(edits: &[Edit]) -> Vec<std::ops::Range<usize>> {
    let mut hunks: Vec<std::ops::Range<usize>> = Vec::new();
    for (index, edit) in edits.iter().enumerate() {
        if *edit == Edit::Keep {
            continue;
        }
        let start = index.saturating_sub(CONTEXT);
        let end = (index + 1 + CONTEXT).min(edits.len());
        match hunks.last_mut() {
            Some(last) if start <= last.end => last.end = end,
            _ => hunks.push(start..end),
        }
    }
    hunks
}

fn write_hunk(
    hunk: &std::ops::Range<usize>,
    edits: &[Edit],
    old: &[&str],
    new: &[&str],
    text: &mut String,
) {
    let count = |range: &[Edit], skipped: Edit| range.iter().filter(|it| **it != skipped).count();
    let before = &edits[..hunk.start];
    let inside = &edits[hunk.clone()];
    let (mut i, mut j) = (count(before, Edit::Add), count(before, Edit::Remove));
    let (removed, added) = (count(inside, Edit::Add), count(inside, Edit::Remove));
    let range = |start: usize, length: usize| match length {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        _ => format!("{},{length}", start + 1),
    };
    text.push_str(&format!(
        "@@ -{} +{} @@\n",
        range(i, removed),
        range(j, added)
    ));
    for edit in inside {
        let (sign, line) = match edit {
            Edit::Keep => (' ', old[i]),
            Edit::Remove => ('-', old[i]),
            Edit::Add => ('+', new[j]),
        };
        i += usize::from(*edit != Edit::Add);
        j += usize::from(*edit != Edit::Remove);
        text.push(sign);
        text.push_str(line);
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_line_is_shown_in_its_surroundings() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\ni";
        let new = "a\nb\nc\nd\nE\nf\ng\nh\ni";
        let wanted = "@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n";
        assert_eq!(unified(old, new), wanted);
        assert_eq!(unified(old, old), "");
    }
}
