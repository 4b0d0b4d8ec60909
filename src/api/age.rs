//! Spans of time as people read them (`k8s.io/apimachinery/pkg/util/duration`).

/// `12s`, `2m30s`, `4d3h`: two or three figures. Clocks may differ by a second;
/// what lies further ahead is `<invalid>`.
pub fn human_duration(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let days = hours / 24;
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => two(minutes, 'm', seconds % 60, 's'),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => two(hours, 'h', minutes % 60, 'm'),
        _ if hours < 48 => format!("{hours}h"),
        _ if days < 8 => two(days, 'd', hours % 24, 'h'),
        _ if days < 365 * 2 => format!("{days}d"),
        _ if days < 365 * 8 => two(days / 365, 'y', days % 365, 'd'),
        _ => format!("{}y", days / 365),
    }
}

/// Seconds as they were written: `300s`.
pub fn human_seconds(seconds: i64) -> String {
    format!("{seconds}s")
}

fn two(large: i64, unit: char, small: i64, small_unit: char) -> String {
    match small {
        0 => format!("{large}{unit}"),
        small => format!("{large}{unit}{small}{small_unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::human_duration;

    #[test]
    fn spans_are_told_with_two_or_three_figures() {
        const DAY: i64 = 86_400;
        let table = [
            (-5, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (182, "3m2s"),
            (600, "10m"),
            (3 * 3600, "3h"),
            (3 * 3600 + 60, "3h1m"),
            (8 * 3600 + 60, "8h"),
            (2 * DAY, "2d"),
            (2 * DAY + 3600, "2d1h"),
            (8 * DAY + 3600, "8d"),
            (730 * DAY, "2y"),
            (731 * DAY, "2y1d"),
            (8 * 365 * DAY, "8y"),
        ];
        for (seconds, expected) in table {
            assert_eq!(human_duration(seconds), expected);
        }
    }
}
