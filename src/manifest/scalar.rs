//! What a scalar means in YAML 1.1: `yes`, `0777`, `1_000`.

use saphyr_parser::{ScalarStyle, Tag};
use serde_json::{Number, Value};
use std::borrow::Cow;

/// What a scalar means in YAML 1.1, as `sigs.k8s.io/yaml` resolves it.
pub(super) fn resolve(
    text: &str,
    style: ScalarStyle,
    tag: Option<&Cow<'_, Tag>>,
) -> Result<Value, String> {
    if let Some(tag) = tag.filter(|tag| tag.is_yaml_core_schema()) {
        return match tag.suffix.as_str() {
            "str" | "binary" => Ok(Value::String(text.to_owned())),
            _ => plain(text),
        };
    }
    match style {
        ScalarStyle::Plain => plain(text),
        _ => Ok(Value::String(text.to_owned())),
    }
}

fn plain(text: &str) -> Result<Value, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => {
            return Ok(Value::Bool(true));
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            return Ok(Value::Bool(false));
        }
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF"
        | ".nan" | ".NaN" | ".NAN" => {
            return Err(format!("{text} has no counterpart in JSON"));
        }
        _ => {}
    }
    let numeric = text
        .bytes()
        .next()
        .is_some_and(|first| first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.'));
    if !numeric {
        return Ok(Value::String(text.to_owned()));
    }
    Ok(number(text).unwrap_or_else(|| Value::String(text.to_owned())))
}

fn number(text: &str) -> Option<Value> {
    let digits: Cow<'_, str> = match text.contains('_') {
        true => text.replace('_', "").into(),
        false => text.into(),
    };
    let (negative, unsigned) = match digits.as_bytes().first()? {
        b'-' => (true, &digits[1..]),
        b'+' => (false, &digits[1..]),
        _ => (false, &*digits),
    };
    let lower = unsigned.get(..2).map(str::to_ascii_lowercase);
    let (radix, body) = match lower.as_deref() {
        Some("0x") => (16, &unsigned[2..]),
        Some("0o") => (8, &unsigned[2..]),
        Some("0b") => (2, &unsigned[2..]),
        _ if unsigned.len() > 1 && unsigned.starts_with('0') => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    let all_digits = !body.is_empty() && body.chars().all(|digit| digit.is_digit(radix));
    if all_digits && let Ok(whole) = i128::from_str_radix(body, radix) {
        let whole = if negative { -whole } else { whole };
        if let Ok(whole) = i64::try_from(whole) {
            return Some(whole.into());
        }
        if let Ok(whole) = u64::try_from(whole) {
            return Some(whole.into());
        }
    }
    is_float(unsigned)
        .then(|| digits.parse::<f64>().ok())
        .flatten()
        .and_then(whole_or_real)
}

/// JSON writes 3.0 as 3, and Go reads it back as a whole number.
fn whole_or_real(real: f64) -> Option<Value> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if real.fract() == 0.0 && real.abs() <= EXACT_MAX {
        return Some((real as i64).into());
    }
    Number::from_f64(real).map(Value::Number)
}

/// `.5`, `1.`, `1.5e3`, `1e-3`.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let some = !whole.is_empty() || !fraction.is_empty();
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    some && digits(whole) && digits(fraction) && exponent_fits
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scalars_mean_what_they_meant_in_yaml_1_1() {
        let table = [
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("y", json!(true)),
            ("N", json!(false)),
            ("~", json!(null)),
            ("0777", json!(511)),
            ("0o777", json!(511)),
            ("0x1F", json!(31)),
            ("0b101", json!(5)),
            ("1_000", json!(1000)),
            ("-3", json!(-3)),
            ("1.20", json!(1.2)),
            ("3.0", json!(3)),
            ("1e3", json!(1000)),
            ("089", json!(89)),
            ("1.2.3", json!("1.2.3")),
            ("-", json!("-")),
            ("12:30:45", json!("12:30:45")),
            ("100m", json!("100m")),
            ("nginx", json!("nginx")),
            ("18446744073709551615", json!(18_446_744_073_709_551_615u64)),
        ];
        for (text, wanted) in table {
            assert_eq!(plain(text), Ok(wanted), "{text}");
        }
    }
}
