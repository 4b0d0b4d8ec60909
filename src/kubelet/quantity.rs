//! Resource quantities as numbers, and Go's way of writing durations.

use crate::api::QuantityText;
use std::collections::BTreeMap;
use std::time::Duration;

/// Requests or limits by resource name.
pub(super) type Amounts = BTreeMap<String, QuantityText>;

/// A quantity in thousandths; zero where it is none.
pub(super) fn millis(quantity: &QuantityText) -> u64 {
    let text = quantity.0.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, suffix) = text.split_at(digits.unwrap_or(text.len()));
    let Ok(number) = number.parse::<f64>() else {
        return 0;
    };
    let factor = match suffix {
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        "Pi" => 1_125_899_906_842_624.0,
        exponent => match exponent.trim_start_matches(['e', 'E']).parse::<i32>() {
            Ok(exponent) => 10f64.powi(exponent),
            Err(_) => return 0,
        },
    };
    (number * factor * 1000.0).ceil() as u64
}

/// CPU in thousandths of a core.
pub(super) fn cpu_millis(amounts: Option<&Amounts>) -> u64 {
    amounts
        .and_then(|amounts| amounts.get("cpu"))
        .map_or(0, millis)
}

/// Memory in bytes.
pub(super) fn memory_bytes(amounts: Option<&Amounts>) -> u64 {
    amounts
        .and_then(|amounts| amounts.get("memory"))
        .map_or(0, millis)
        / 1000
}

/// A duration as Go writes it: `450ms`, `1.891s`, `1m20s`, `5m0s`.
pub(super) fn go_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis == 0 {
        return "0s".to_owned();
    }
    if millis < 1000 {
        return format!("{millis}ms");
    }
    let (seconds, rest) = (millis / 1000, millis % 1000);
    let fraction = match rest {
        0 => String::new(),
        rest => format!(".{rest:03}").trim_end_matches('0').to_owned(),
    };
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}{fraction}s"),
        (0, minutes) => format!("{minutes}m{seconds}{fraction}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}{fraction}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_numbers() {
        let table = [
            ("100m", 100),
            ("2", 2_000),
            ("1.5", 1_500),
            ("1Ki", 1_024_000),
            ("1e3", 1_000_000),
            ("x", 0),
        ];
        for (text, thousandths) in table {
            assert_eq!(
                millis(&QuantityText(text.to_owned())),
                thousandths,
                "{text}"
            );
        }
    }

    #[test]
    fn durations_are_written_as_go_writes_them() {
        let table = [
            (0, "0s"),
            (450, "450ms"),
            (1_891, "1.891s"),
            (10_000, "10s"),
            (80_000, "1m20s"),
            (300_000, "5m0s"),
            (1_200, "1.2s"),
        ];
        for (millis, text) in table {
            assert_eq!(go_duration(Duration::from_millis(millis)), text);
        }
    }
}
