//! Numbers read from text as exact rationals.

use rug::{Integer, Rational, ops::Pow};

/// The longest text that is read as a number, in bytes.
pub const MAX_TEXT: usize = 200;
/// Largest decimal exponent, either way.
const MAX_EXPONENT: u32 = 1000;

/// Says that a text, which it holds, is not a number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a number such as 0.99, 99%, 99/100 or 1e-6")]
pub struct NotANumber(pub String);

/// Reads a number such as `0.99`, `1e-6`, `10%`, `99/100` or `-3`, and returns exactly the number that is written.
///
/// # Errors
/// [`NotANumber`] is returned for anything else, for a zero denominator, and for exponents beyond 1000 or texts beyond 200 bytes.
///
/// ```
/// use fusion_spec::exact::rational::parse;
/// assert_eq!(parse("12.5%")?, rug::Rational::from((1, 8)));
/// assert_eq!(parse("1e-3")?, rug::Rational::from((1, 1000)));
/// assert!(parse("1/0").is_err());
/// # Ok::<(), fusion_spec::exact::rational::NotANumber>(())
/// ```
pub fn parse(text: &str) -> Result<Rational, NotANumber> {
    let found = if text.len() > MAX_TEXT { None } else { parse_signed(text) };
    found.ok_or_else(|| NotANumber(text.chars().take(MAX_TEXT).collect()))
}

fn parse_signed(text: &str) -> Option<Rational> {
    match text.strip_prefix('-') {
        Some(rest) => parse_unsigned(rest).map(|x| -x),
        None => parse_unsigned(text),
    }
}

fn parse_unsigned(text: &str) -> Option<Rational> {
    if let Some((numer, denom)) = text.split_once('/') {
        let (numer, denom) = (parse_decimal(numer)?, parse_decimal(denom)?);
        return (denom != 0).then(|| numer / denom);
    }
    match text.strip_suffix('%') {
        Some(percent) => Some(parse_decimal(percent)? / 100),
        None => parse_decimal(text),
    }
}

fn parse_decimal(text: &str) -> Option<Rational> {
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = format!("{whole}{fraction}");
    if all_digits.is_empty()
        || !all_digits.bytes().all(|b| b.is_ascii_digit())
        || exponent.unsigned_abs() > MAX_EXPONENT
    {
        return None;
    }
    let value = Rational::from(all_digits.parse::<Integer>().ok()?);
    let shift = exponent - i32::try_from(fraction.len()).ok()?;
    let power = Integer::from(10).pow(shift.unsigned_abs());
    Some(if shift < 0 { value / power } else { value * power })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        for (text, expected) in [
            ("0", (0, 1)),
            ("7", (7, 1)),
            ("0.99", (99, 100)),
            (".5", (1, 2)),
            ("5.", (5, 1)),
            ("1e-6", (1, 1_000_000)),
            ("2.5E2", (250, 1)),
            ("10%", (1, 10)),
            ("0.5%", (1, 200)),
            ("1/255", (1, 255)),
            ("-3", (-3, 1)),
        ] {
            assert_eq!(parse(text), Ok(Rational::from(expected)), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let long = "1".repeat(201);
        for text in [
            "",
            ".",
            "-",
            "--1",
            "1/0",
            "1/0.0",
            "nan",
            "inf",
            "1e",
            "1e1001",
            "1e99999999999",
            "0x10",
            "1 ",
            "1_0",
            "%",
            "1/2/3",
            "٣",
            &long,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
