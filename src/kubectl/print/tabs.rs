//! Columns that line up, as Go's `text/tabwriter` makes them: cells end with a tab,
//! and a column is as wide as the widest of its cells in the lines that touch.

/// How columns are laid out.
#[derive(Clone, Copy)]
pub(in crate::kubectl) struct Layout {
    width_min: usize,
    padding: usize,
}

/// Tables of `get`.
pub(in crate::kubectl) const TABLE: Layout = Layout {
    width_min: 6,
    padding: 3,
};

/// Texts of `describe`.
pub(in crate::kubectl) const DESCRIPTION: Layout = Layout {
    width_min: 0,
    padding: 2,
};

/// Writes text with tabs as columns.
pub(in crate::kubectl) fn align(text: &str, layout: Layout) -> String {
    let lines: Vec<Vec<&str>> = text
        .split('\n')
        .map(|line| line.split('\t').collect())
        .collect();
    let mut widths: Vec<Vec<usize>> = lines.iter().map(|_| Vec::new()).collect();
    format(
        &lines,
        &mut widths,
        &mut Vec::new(),
        (0, lines.len()),
        layout,
    );
    let mut out = String::with_capacity(text.len() * 2);
    for (index, (line, widths)) in lines.iter().zip(&widths).enumerate() {
        if index > 0 {
            out.push('\n');
        }
        for (at, cell) in line.iter().enumerate() {
            out.push_str(cell);
            if let Some(width) = widths.get(at) {
                let missing = width.saturating_sub(cell.chars().count());
                out.extend(std::iter::repeat_n(' ', missing));
            }
        }
    }
    out
}

/// Finds blocks of lines that have a cell in the next column, and its width.
fn format(
    lines: &[Vec<&str>],
    widths: &mut [Vec<usize>],
    before: &mut Vec<usize>,
    (from, to): (usize, usize),
    layout: Layout,
) {
    let column = before.len();
    let has_cell = |at: usize| lines.get(at).is_some_and(|line| column + 1 < line.len());
    let mut at = from;
    while at < to {
        if !has_cell(at) {
            if let Some(widths) = widths.get_mut(at) {
                widths.clone_from(before);
            }
            at += 1;
            continue;
        }
        let end = (at..to).find(|line| !has_cell(*line)).unwrap_or(to);
        let cells = lines.get(at..end).into_iter().flatten();
        let widest = cells
            .filter_map(|line| line.get(column))
            .map(|cell| cell.chars().count() + layout.padding)
            .max()
            .unwrap_or(0);
        before.push(widest.max(layout.width_min));
        format(lines, widths, before, (at, end), layout);
        before.pop();
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_where_lines_touch() {
        let text = "NAME\tAGE\nweb-1\t2s\nx\t\nend";
        assert_eq!(align(text, TABLE), "NAME    AGE\nweb-1   2s\nx       \nend");
        let text = "Name:\tweb\nLabels:\ta=b\n\tc=d\nEvents:\n  A\tB\nx";
        assert_eq!(
            align(text, DESCRIPTION),
            "Name:    web\nLabels:  a=b\n         c=d\nEvents:\n  A  B\nx"
        );
    }
}
