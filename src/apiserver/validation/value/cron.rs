//! The form of a schedule: `github.com/robfig/cron/v3`, with its words.

/// What each field counts, with the names that stand for numbers.
const FIELDS: [(u32, u32, &[&str]); 5] = [
    (0, 59, &[]),
    (0, 23, &[]),
    (1, 31, &[]),
    (
        1,
        12,
        &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    ),
    (0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];

const DESCRIPTORS: [&str; 7] = [
    "@yearly",
    "@annually",
    "@monthly",
    "@weekly",
    "@daily",
    "@midnight",
    "@hourly",
];

/// What is wrong with a schedule.
pub(super) fn check(schedule: &str) -> Result<(), String> {
    let mut schedule = schedule;
    for prefix in ["TZ=", "CRON_TZ="] {
        if schedule.starts_with(prefix) {
            schedule = schedule.split_once(' ').map_or("", |(_, rest)| rest).trim();
        }
    }
    if schedule.starts_with('@') {
        let every = schedule.strip_prefix("@every ");
        return match DESCRIPTORS.contains(&schedule) || every.is_some() {
            true => Ok(()),
            false => Err(format!("unrecognized descriptor: {schedule}")),
        };
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(format!(
            "expected exactly 5 fields, found {}: [{}]",
            fields.len(),
            fields.join(" ")
        ));
    }
    for (field, (low, high, names)) in fields.iter().zip(FIELDS) {
        for part in field.split(',').filter(|part| !part.is_empty()) {
            range(part, low, high, names)?;
        }
    }
    Ok(())
}

fn range(text: &str, low: u32, high: u32, names: &[&str]) -> Result<(), String> {
    let by_step: Vec<&str> = text.split('/').collect();
    let ends: Vec<&str> = by_step
        .first()
        .copied()
        .unwrap_or_default()
        .split('-')
        .collect();
    let first = ends.first().copied().unwrap_or_default();
    let (begin, mut end) = match first {
        "*" | "?" => (low, high),
        first => {
            let begin = number(first, names)?;
            match ends.as_slice() {
                [_] => (begin, begin),
                [_, last] => (begin, number(last, names)?),
                _ => return Err(format!("too many hyphens: {text}")),
            }
        }
    };
    let step = match by_step.as_slice() {
        [_] => 1,
        [_, step] => {
            if ends.len() == 1 {
                end = high;
            }
            plain(step)?
        }
        _ => return Err(format!("too many slashes: {text}")),
    };
    if begin < low {
        return Err(format!(
            "beginning of range ({begin}) below minimum ({low}): {text}"
        ));
    }
    if end > high {
        return Err(format!(
            "end of range ({end}) above maximum ({high}): {text}"
        ));
    }
    if begin > end {
        return Err(format!(
            "beginning of range ({begin}) beyond end of range ({end}): {text}"
        ));
    }
    match step {
        0 => Err(format!("step of range should be a positive number: {text}")),
        _ => Ok(()),
    }
}

fn number(text: &str, names: &[&str]) -> Result<u32, String> {
    let lower = text.to_ascii_lowercase();
    match names.iter().position(|name| *name == lower) {
        // Months begin with one, days with nought.
        Some(at) if names.len() == 12 => Ok(at as u32 + 1),
        Some(at) => Ok(at as u32),
        None => plain(text),
    }
}

fn plain(text: &str) -> Result<u32, String> {
    match text.parse::<i64>() {
        Ok(number) if number < 0 => Err(format!("negative number ({number}) not allowed: {text}")),
        Ok(number) => Ok(u32::try_from(number).unwrap_or(u32::MAX)),
        Err(_) => Err(format!(
            "failed to parse int from {text}: strconv.Atoi: parsing {text:?}: invalid syntax"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read_as_cron_reads_them() {
        let table = [
            ("*/5 * * * *", None),
            ("0 0 1 JAN mon-fri", None),
            ("@hourly", None),
            (
                "* * * *",
                Some("expected exactly 5 fields, found 4: [* * * *]"),
            ),
            (
                "61 * * * *",
                Some("end of range (61) above maximum (59): 61"),
            ),
            ("@often", Some("unrecognized descriptor: @often")),
            (
                "x * * * *",
                Some("failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"),
            ),
        ];
        for (schedule, expected) in table {
            assert_eq!(check(schedule).err().as_deref(), expected, "{schedule}");
        }
    }
}
