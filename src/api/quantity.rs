//! Quantities: `100m`, `1.5Gi`, `1e3`.
//!
//! The rules are those of `k8s.io/apimachinery/pkg/api/resource`: the grammar,
//! three ways of writing (decimal suffix, decimal exponent, binary suffix), one
//! canonical form in each, nothing finer than a nano, and rounding away from zero
//! wherever precision is lost, so that whoever asks for something gets something.

use super::QuantityText;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Add, Sub};

const NANOS_PER_UNIT: i128 = 1_000_000_000;
const NANOS_PER_MILLI: i128 = 1_000_000;
const NANO_SCALE: i64 = -9;
/// What 128 bits can hold; digits after these only round up.
const SIGNIFICANT_DIGITS_MAX: usize = 37;
/// Amounts beyond this are held as this: far above any sum of capped amounts.
const NANOS_MAX: i128 = 10i128.pow(37);

/// How a quantity was written, which decides its canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `500m`, `2k`.
    DecimalSi,
    /// `2e3`.
    DecimalExponent,
    /// `64Mi`.
    BinarySi,
}

/// Why a text is no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantityError {
    /// Not of the form of a quantity.
    Format,
    /// A number with an unknown suffix.
    Suffix,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            QuantityError::Format => {
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            }
            QuantityError::Suffix => "unable to parse quantity's suffix",
        })
    }
}

impl std::error::Error for QuantityError {}

/// An exact amount. Two amounts are equal when they are worth the same, however
/// they were written.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    nanos: i128,
    format: Format,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount {
        nanos: 0,
        format: Format::DecimalSi,
    };

    /// An amount of thousandths, as CPU is counted.
    pub fn from_millis(millis: i64) -> Amount {
        Amount {
            nanos: i128::from(millis) * NANOS_PER_MILLI,
            format: Format::DecimalSi,
        }
    }

    /// An amount of whole units, as bytes and pods are counted.
    pub fn from_value(value: i64, format: Format) -> Amount {
        Amount {
            nanos: i128::from(value) * NANOS_PER_UNIT,
            format,
        }
    }

    /// Thousandths, rounded up.
    pub fn millis(self) -> i64 {
        clamp(divide_away_from_zero(self.nanos, NANOS_PER_MILLI))
    }

    /// Whole units, rounded up.
    pub fn value(self) -> i64 {
        clamp(divide_away_from_zero(self.nanos, NANOS_PER_UNIT))
    }

    /// How it was written.
    pub fn format(self) -> Format {
        self.format
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// Whether it is less than nothing.
    pub fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// Whether it is a whole number of units.
    pub fn is_whole(self) -> bool {
        self.nanos % NANOS_PER_UNIT == 0
    }

    /// Rounded up to thousandths: what defaulting does to every resource list.
    pub fn round_up_to_millis(self) -> Amount {
        Amount {
            nanos: divide_away_from_zero(self.nanos, NANOS_PER_MILLI) * NANOS_PER_MILLI,
            ..self
        }
    }

    /// The canonical text as the API holds it.
    pub fn to_quantity(self) -> QuantityText {
        QuantityText(self.to_string())
    }
}

impl PartialEq for Amount {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Amount {}

impl PartialOrd for Amount {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Amount {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

/// A sum is written as its left side was; nothing takes the format of what is
/// added to it.
impl Add for Amount {
    type Output = Amount;
    fn add(self, other: Amount) -> Amount {
        let format = if self.is_zero() {
            other.format
        } else {
            self.format
        };
        Amount {
            nanos: (self.nanos + other.nanos).clamp(-NANOS_MAX, NANOS_MAX),
            format,
        }
    }
}

impl Sub for Amount {
    type Output = Amount;
    fn sub(self, other: Amount) -> Amount {
        self + Amount {
            nanos: -other.nanos,
            ..other
        }
    }
}

fn divide_away_from_zero(nanos: i128, unit: i128) -> i128 {
    let rest = nanos % unit;
    nanos / unit + if rest == 0 { 0 } else { rest.signum() }
}

fn clamp(value: i128) -> i64 {
    value.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

/// Reads a quantity.
pub fn parse(text: &str) -> Result<Amount, QuantityError> {
    if text.is_empty() {
        return Err(QuantityError::Format);
    }
    let (negative, unsigned) = match text.as_bytes()[0] {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, rest) = split_digits(unsigned);
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(rest) => split_digits(rest),
        None => ("", rest),
    };
    let (scaling, format) = interpret(suffix)?;
    let (nanos, format) = match scaling {
        Scaling::Ten(exponent) => (decimal(whole, fraction, exponent), format),
        Scaling::Two(exponent) => binary(whole, fraction, exponent),
    };
    Ok(Amount {
        nanos: if negative { -nanos } else { nanos },
        format,
    })
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text
        .bytes()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

#[derive(Clone, Copy)]
enum Scaling {
    Ten(i64),
    Two(u32),
}

/// What a suffix multiplies by. A text whose suffix holds foreign characters is
/// not of the form at all; a suffix of the right characters in a wrong order is
/// an unknown suffix.
fn interpret(suffix: &str) -> Result<(Scaling, Format), QuantityError> {
    use Format::{BinarySi, DecimalExponent, DecimalSi};
    Ok(match suffix {
        "" => (Scaling::Ten(0), DecimalSi),
        "n" => (Scaling::Ten(-9), DecimalSi),
        "u" => (Scaling::Ten(-6), DecimalSi),
        "m" => (Scaling::Ten(-3), DecimalSi),
        "k" => (Scaling::Ten(3), DecimalSi),
        "M" => (Scaling::Ten(6), DecimalSi),
        "G" => (Scaling::Ten(9), DecimalSi),
        "T" => (Scaling::Ten(12), DecimalSi),
        "P" => (Scaling::Ten(15), DecimalSi),
        "E" => (Scaling::Ten(18), DecimalSi),
        "Ki" => (Scaling::Two(10), BinarySi),
        "Mi" => (Scaling::Two(20), BinarySi),
        "Gi" => (Scaling::Two(30), BinarySi),
        "Ti" => (Scaling::Two(40), BinarySi),
        "Pi" => (Scaling::Two(50), BinarySi),
        "Ei" => (Scaling::Two(60), BinarySi),
        _ => {
            well_formed(suffix)?;
            let exponent = suffix
                .strip_prefix(['e', 'E'])
                .and_then(|digits| digits.parse::<i64>().ok())
                .ok_or(QuantityError::Suffix)?;
            (Scaling::Ten(exponent), DecimalExponent)
        }
    })
}

fn well_formed(suffix: &str) -> Result<(), QuantityError> {
    let rest = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
    let rest = rest.strip_prefix(['+', '-']).unwrap_or(rest);
    let well_formed = rest.bytes().all(|byte| byte.is_ascii_digit());
    well_formed.then_some(()).ok_or(QuantityError::Format)
}

/// The digits of a number without leading zeros, cut where no further digit could
/// count, with the exponent of ten that belongs to them and whether something
/// other than zeros was cut off.
fn significant(whole: &str, fraction: &str) -> (i128, i64, bool) {
    let digits = || {
        whole
            .bytes()
            .chain(fraction.bytes())
            .skip_while(|digit| *digit == b'0')
    };
    let mut mantissa: i128 = 0;
    let mut kept = 0;
    for digit in digits().take(SIGNIFICANT_DIGITS_MAX) {
        mantissa = mantissa * 10 + i128::from(digit - b'0');
        kept += 1;
    }
    let total = digits().count();
    let lost = digits()
        .skip(SIGNIFICANT_DIGITS_MAX)
        .any(|digit| digit != b'0');
    let exponent = (total - kept) as i64 - fraction.len() as i64;
    (mantissa, exponent, lost)
}

/// `mantissa × 10^exponent` in nanos, rounded away from zero, saturating.
fn decimal(whole: &str, fraction: &str, exponent: i64) -> i128 {
    let (mantissa, own_exponent, lost) = significant(whole, fraction);
    if mantissa == 0 {
        return 0;
    }
    let shift = own_exponent
        .saturating_add(exponent)
        .saturating_sub(NANO_SCALE);
    match u32::try_from(shift.unsigned_abs()) {
        Ok(places) if shift >= 0 => 10i128
            .checked_pow(places)
            .and_then(|power| mantissa.checked_mul(power))
            .map_or(NANOS_MAX, |nanos| nanos.min(NANOS_MAX)),
        Ok(places) if shift < 0 => match 10i128.checked_pow(places) {
            Some(power) => {
                let up = mantissa % power != 0 || lost;
                mantissa / power + i128::from(up)
            }
            None => 1,
        },
        _ if shift > 0 => NANOS_MAX,
        _ => 1,
    }
}

/// `number × 2^exponent` in nanos, capped at the largest signed 64-bit number as
/// upstream caps it; less than one is then written as a decimal.
fn binary(whole: &str, fraction: &str, exponent: u32) -> (i128, Format) {
    let max = i128::from(i64::MAX) * NANOS_PER_UNIT;
    let (mantissa, own_exponent, lost) = significant(whole, fraction);
    let places = u32::try_from(own_exponent.unsigned_abs()).unwrap_or(u32::MAX);
    let nanos = if mantissa == 0 {
        0
    } else if own_exponent >= 0 {
        10i128
            .checked_pow(places)
            .and_then(|power| mantissa.checked_mul(power))
            .and_then(|units| units.checked_mul(1i128 << exponent))
            .and_then(|units| units.checked_mul(NANOS_PER_UNIT))
            .unwrap_or(max)
    } else {
        scaled_fraction(mantissa, places, exponent, lost, max)
    };
    let nanos = nanos.min(max);
    let format = if nanos > 0 && nanos < NANOS_PER_UNIT {
        Format::DecimalSi
    } else {
        Format::BinarySi
    };
    (nanos, format)
}

/// `mantissa / 10^places × 2^exponent` in nanos. Whole and rest are scaled apart,
/// so that no step leaves 128 bits.
fn scaled_fraction(mantissa: i128, places: u32, exponent: u32, lost: bool, max: i128) -> i128 {
    let factor = 1i128 << exponent;
    let Some(power) = 10i128.checked_pow(places) else {
        return 1;
    };
    let units = mantissa / power;
    let Some(nanos) = units
        .checked_mul(factor)
        .and_then(|units| units.checked_mul(NANOS_PER_UNIT))
    else {
        return max;
    };
    // Digit by digit: rest × 2^exponent × 10^9 / 10^places.
    let mut rest = mantissa % power;
    let mut part: i128 = 0;
    let mut up = lost;
    let mut weight = power;
    while weight > 1 && rest > 0 {
        weight /= 10;
        let digit = rest / weight;
        rest %= weight;
        let divisor = power / weight;
        let scaled = digit * factor;
        match scaled.checked_mul(NANOS_PER_UNIT) {
            Some(scaled) => {
                part += scaled / divisor;
                up |= scaled % divisor != 0;
            }
            None => return max,
        }
    }
    nanos + part + i128::from(up)
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanos == 0 {
            return f.write_str("0");
        }
        let small = self.nanos.abs() < 1024 * NANOS_PER_UNIT;
        if self.format == Format::BinarySi && !small && self.is_whole() {
            return self.fmt_binary(f);
        }
        self.fmt_decimal(f)
    }
}

impl Amount {
    fn fmt_binary(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SUFFIXES: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
        let mut mantissa = self.nanos / NANOS_PER_UNIT;
        let mut power = 0;
        while mantissa % 1024 == 0 && power + 1 < SUFFIXES.len() {
            mantissa /= 1024;
            power += 1;
        }
        write!(f, "{mantissa}{}", SUFFIXES[power])
    }

    /// The largest exponent that is a multiple of three and leaves a whole number.
    fn fmt_decimal(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SUFFIXES: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
        let mut mantissa = self.nanos;
        let mut power = 0;
        while mantissa % 1000 == 0 && power + 1 < SUFFIXES.len() {
            mantissa /= 1000;
            power += 1;
        }
        let exponent = power as i64 * 3 + NANO_SCALE;
        match self.format {
            Format::DecimalExponent if exponent != 0 => write!(f, "{mantissa}e{exponent}"),
            Format::DecimalExponent => write!(f, "{mantissa}"),
            _ => write!(f, "{mantissa}{}", SUFFIXES[power]),
        }
    }
}

/// The amount of a quantity; nothing where it is not one (the API server lets no
/// such quantity in).
pub fn amount(quantity: &QuantityText) -> Amount {
    parse(&quantity.0).unwrap_or(Amount::ZERO)
}

/// Thousandths of a CPU.
pub fn cpu_millis(quantity: &QuantityText) -> i64 {
    amount(quantity).millis()
}

/// Whole units (bytes, pods), rounded up.
pub fn value(quantity: &QuantityText) -> i64 {
    amount(quantity).value()
}

/// Thousandths of `resource` in a resource list; zero where it is not named.
pub fn millis_of(map: &BTreeMap<String, QuantityText>, resource: &str) -> i64 {
    map.get(resource).map_or(0, cpu_millis)
}

/// Whole units of `resource` in a resource list; zero where it is not named.
pub fn value_of(map: &BTreeMap<String, QuantityText>, resource: &str) -> i64 {
    map.get(resource).map_or(0, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_form_and_worth() {
        // text, canonical, millis, value
        let table = [
            ("0", "0", 0, 0),
            ("0.5", "500m", 500, 1),
            ("100m", "100m", 100, 1),
            ("1000m", "1", 1000, 1),
            ("1500m", "1500m", 1500, 2),
            ("2", "2", 2000, 2),
            (".5", "500m", 500, 1),
            ("1.", "1", 1000, 1),
            ("+3", "3", 3000, 3),
            ("-1500m", "-1500m", -1500, -2),
            ("1k", "1k", 1_000_000, 1000),
            ("1000", "1k", 1_000_000, 1000),
            ("1e3", "1e3", 1_000_000, 1000),
            ("1E3", "1e3", 1_000_000, 1000),
            ("12e-1", "1200e-3", 1200, 2),
            ("1E", "1E", i64::MAX, 1_000_000_000_000_000_000),
            ("64Mi", "64Mi", 67_108_864_000, 67_108_864),
            ("1.5Gi", "1536Mi", 1_610_612_736_000, 1_610_612_736),
            ("1024Ki", "1Mi", 1_048_576_000, 1_048_576),
            ("0.1Gi", "107374182400m", 107_374_182_400, 107_374_183),
            ("0.5Ki", "512", 512_000, 512),
            ("100Ki", "100Ki", 102_400_000, 102_400),
            ("1n", "1n", 1, 1),
            ("0.1n", "1n", 1, 1),
            ("1e-300", "1e-9", 1, 1),
            ("100Ei", "9223372036854775807", i64::MAX, i64::MAX),
            ("8Gi", "8Gi", 8_589_934_592_000, 8_589_934_592),
            ("500M", "500M", 500_000_000_000, 500_000_000),
        ];
        for (text, canonical, millis, value) in table {
            let amount = parse(text).unwrap();
            assert_eq!(amount.to_string(), canonical, "{text}");
            assert_eq!(amount.millis(), millis, "{text}");
            assert_eq!(amount.value(), value, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused_in_upstreams_words() {
        for text in ["", "lots", "1 Gi", "1.2.3", "12O", "500mb", "½"] {
            assert_eq!(parse(text), Err(QuantityError::Format), "{text}");
        }
        for text in ["1e", "1i", "5mi", "5K", "5KiM", "1Mm", "5e+"] {
            assert_eq!(parse(text), Err(QuantityError::Suffix), "{text}");
        }
        assert!(
            parse("lots")
                .unwrap_err()
                .to_string()
                .starts_with("quantities must match the regular expression")
        );
    }

    #[test]
    fn amounts_compare_by_worth() {
        assert_eq!(parse("1000m"), parse("1"));
        assert_eq!(parse("1Ki"), parse("1024"));
        assert!(parse("1G").unwrap() < parse("1Gi").unwrap());
        assert!(parse("-1").unwrap() < parse("0").unwrap());
    }

    #[test]
    fn sums_keep_the_way_of_writing() {
        let sum = parse("64Mi").unwrap() + parse("64Mi").unwrap();
        assert_eq!(sum.to_string(), "128Mi");
        assert_eq!((Amount::ZERO + parse("1Ki").unwrap()).to_string(), "1Ki");
        assert_eq!((sum - parse("128Mi").unwrap()).to_string(), "0");
    }

    #[test]
    fn endless_digits_neither_panic_nor_overflow() {
        for text in [
            "9".repeat(500),
            format!("0.{}", "1".repeat(500)),
            format!("{}Ei", "9".repeat(500)),
            format!("0.{}Ei", "9".repeat(500)),
            "1e99999999999999999".into(),
            "1e-9999999999999999".into(),
            format!("1e{}", "9".repeat(100)),
        ] {
            let _ = parse(&text).map(|amount| amount.to_string());
        }
        assert_eq!(
            parse(&format!("0.{}1", "0".repeat(90)))
                .unwrap()
                .to_string(),
            "1n"
        );
    }
}
