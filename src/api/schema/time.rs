//! Times as text, in the words of Go's `time.Parse`.

/// How much of a second is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    /// `metav1.Time`.
    Seconds,
    /// `metav1.MicroTime`.
    Micros,
}

impl Precision {
    fn layout(self) -> &'static str {
        match self {
            Precision::Seconds => "2006-01-02T15:04:05Z07:00",
            Precision::Micros => "2006-01-02T15:04:05.000000Z07:00",
        }
    }
}

/// A field of the layout, its digits, and the range that it must be in.
const FIELDS: [(&str, usize, std::ops::RangeInclusive<u32>, &str); 6] = [
    ("2006", 4, 0..=9999, ""),
    ("01", 2, 1..=12, "month"),
    ("02", 2, 1..=31, "day"),
    ("15", 2, 0..=23, "hour"),
    ("04", 2, 0..=59, "minute"),
    ("05", 2, 0..=59, "second"),
];
const SEPARATORS: [&str; 6] = ["", "-", "-", "T", ":", ":"];

/// The time in UTC as Kubernetes writes it, or why it is none.
pub(super) fn check(text: &str, precision: Precision) -> Result<String, String> {
    let layout = precision.layout();
    let cannot = |rest: &str, element: &str| {
        Err(format!(
            "parsing time {text:?} as {layout:?}: cannot parse {rest:?} as {element:?}"
        ))
    };
    let out_of_range = |what: &str| Err(format!("parsing time {text:?}: {what} out of range"));
    let mut rest = text;
    let mut late = None;
    for ((element, digits, range, name), separator) in FIELDS.into_iter().zip(SEPARATORS) {
        rest = match rest.strip_prefix(separator) {
            Some(rest) => rest,
            None => return cannot(rest, separator),
        };
        let number = rest
            .get(..digits)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse::<u32>().ok());
        let Some(number) = number else {
            return cannot(rest, element);
        };
        if !range.contains(&number) {
            late.get_or_insert(name);
        }
        rest = rest.get(digits..).unwrap_or_default();
    }
    if let Some(name) = late {
        return out_of_range(name);
    }
    let fraction = rest.strip_prefix('.').map(|rest| {
        let end = rest.find(|it: char| !it.is_ascii_digit());
        rest.split_at(end.unwrap_or(rest.len()))
    });
    match (fraction, precision) {
        (Some((digits, after)), Precision::Seconds) if !digits.is_empty() => rest = after,
        (Some((digits, after)), Precision::Micros) if digits.len() == 6 => rest = after,
        (_, Precision::Micros) => return cannot(rest, ".000000"),
        _ => {}
    }
    if !is_zone(rest) {
        return cannot(rest, "Z07:00");
    }
    let Ok(stamp) = text.parse::<jiff::Timestamp>() else {
        return out_of_range("day");
    };
    Ok(match precision {
        Precision::Seconds => stamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Precision::Micros => stamp.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string(),
    })
}

/// `Z` or `+02:00`.
fn is_zone(text: &str) -> bool {
    if text == "Z" {
        return true;
    }
    let Some(offset) = text.strip_prefix(['+', '-']) else {
        return false;
    };
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    offset
        .split_once(':')
        .is_some_and(|(hours, minutes)| digits(hours) && digits(minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_judged_as_go_judges_them() {
        let table = [
            ("2026-01-02T03:04:05Z", Ok("2026-01-02T03:04:05Z")),
            ("2026-01-02T03:04:05.5+02:00", Ok("2026-01-02T01:04:05Z")),
            (
                "yesterday",
                Err(
                    "parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"yesterday\" as \"2006\"",
                ),
            ),
            (
                "2026-13-02T03:04:05Z",
                Err("parsing time \"2026-13-02T03:04:05Z\": month out of range"),
            ),
            (
                "2026-02-30T03:04:05Z",
                Err("parsing time \"2026-02-30T03:04:05Z\": day out of range"),
            ),
            (
                "2026-01-02",
                Err(
                    "parsing time \"2026-01-02\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"T\"",
                ),
            ),
        ];
        for (text, wanted) in table {
            let found = check(text, Precision::Seconds);
            assert_eq!(found.as_deref().map_err(String::as_str), wanted, "{text}");
        }
        assert!(check("2026-01-02T03:04:05.000001Z", Precision::Micros).is_ok());
    }
}
