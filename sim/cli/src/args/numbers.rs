//! Numbers on the command line, with their limits.

use fusion_nn::fixed::{MAX_FRAC_BITS, MAX_RING_BITS, Ring};
use fusion_spec::exact::rational;
use fusion_spec::params::{Lambda, MAX_B, MAX_LAMBDA, MAX_R, MAX_T, power_of_two};
use rug::{Integer, Rational};
use std::ops::RangeInclusive;

/// A number of queries `R`.
pub fn queries(text: &str) -> Result<u64, String> {
    natural("R", text, 1, MAX_R)
}

/// A number of copies `B`.
pub fn copies(text: &str) -> Result<u64, String> {
    natural("B", text, 1, MAX_B)
}

/// A number of publics `T`.
pub fn publics(text: &str) -> Result<u64, String> {
    natural("T", text, 0, MAX_T)
}

/// A number of tolerated wrong publics.
pub fn slack(text: &str) -> Result<u64, String> {
    natural("slack", text, 0, MAX_T)
}

/// Bits of security.
pub fn lambda(text: &str) -> Result<Lambda, String> {
    bits("lambda", text)
}

/// Bits against rejecting an honest model.
pub fn kappa(text: &str) -> Result<Lambda, String> {
    bits("kappa", text)
}

fn bits(name: &str, text: &str) -> Result<Lambda, String> {
    Lambda::new(natural(name, text, 1, MAX_LAMBDA.into())?).map_err(|error| error.to_string())
}

/// A number of fractional bits.
pub fn frac_bits(text: &str) -> Result<u32, String> {
    small("frac-bits", text, 1, MAX_FRAC_BITS)
}

/// A number of bits of a ring, or `auto`.
pub fn ring(text: &str) -> Result<Ring, String> {
    match text {
        "auto" => Ok(Ring::Auto),
        _ => small("ring", text, 2, MAX_RING_BITS).map(Ring::Bits).map_err(|error| format!("{error}; or auto")),
    }
}

fn small(name: &str, text: &str, least: u32, most: u32) -> Result<u32, String> {
    let value = natural(name, text, least.into(), most.into())?;
    u32::try_from(value).map_err(|error| error.to_string())
}

/// The value of one step of a pixel.
pub fn scale(text: &str) -> Result<Rational, String> {
    let value = number(text)?;
    let legal = value >= Rational::from((1, MILLION)) && value <= MILLION;
    if legal { Ok(value) } else { Err("a scale must be from 10^-6 to 10^6".into()) }
}

/// The value of pixel 0.
pub fn offset(text: &str) -> Result<Rational, String> {
    let value = number(text)?;
    if (-MILLION..=MILLION).contains(&value) { Ok(value) } else { Err("an offset must be from -10^6 to 10^6".into()) }
}

const MILLION: i32 = 1_000_000;

fn number(text: &str) -> Result<Rational, String> {
    rational::parse(text).map_err(|_| "not a number such as 1/255, 0.5 or -1".into())
}

/// A whole number between two others, by its name in messages.
pub fn natural(name: &str, text: &str, least: u64, most: u64) -> Result<u64, String> {
    let value = integer(text)?;
    let legal = value.to_u64().filter(|value| (least..=most).contains(value));
    legal.ok_or_else(|| format!("{name} must be from {least} to {}", power_of_two(most)))
}

/// A whole number in digits, or as `2^e`.
fn integer(text: &str) -> Result<Integer, String> {
    let digits = |text: &str| -> Option<Integer> {
        let plain = !text.is_empty() && text.len() <= 60 && text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten()
    };
    let value = match text.split_once('^') {
        Some((base, exponent)) => digits(base).filter(|base| *base == 2).and(digits(exponent)).and_then(|exponent| {
            let exponent = exponent.to_u32().filter(|exponent| *exponent <= 128)?;
            Some(Integer::from(1) << exponent)
        }),
        None => match text.strip_prefix('-') {
            Some(rest) => digits(rest).map(|value| -value),
            None => digits(text),
        },
    };
    value.ok_or_else(|| "not a whole number such as 512 or 2^9".into())
}

/// An accuracy, from 0 to 1.
pub fn probability(text: &str) -> Result<Rational, String> {
    let value = rational::parse(text).map_err(|_| "not a number such as 0.99, 99% or 99/100".to_string())?;
    if (0..=1).contains(&value) { Ok(value) } else { Err("an accuracy must be from 0 to 1".into()) }
}

/// A probability that can be reached: above 0 and up to 1.
pub fn rate(text: &str) -> Result<Rational, String> {
    let value = rational::parse(text).map_err(|_| "not a number such as 0.01, 1% or 1/100".to_string())?;
    if value > 0 && value <= 1 { Ok(value) } else { Err("it must be above 0 and up to 1".into()) }
}

/// The price of a public, in inferences.
pub fn price(text: &str) -> Result<Rational, String> {
    let value = rational::parse(text).map_err(|_| "not a number such as 3, 0.5 or 1/3".to_string())?;
    if (0..=MILLION).contains(&value) { Ok(value) } else { Err("a price must be from 0 to 10^6".into()) }
}

/// `A..B` with both ends included, or a single number.
pub fn range(text: &str) -> Result<RangeInclusive<u128>, String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let end = |text| integer(text)?.to_u128().ok_or_else(|| "out of range".to_string());
    let (first, last) = (end(first)?, end(last)?);
    match (first, last) {
        (0, _) => Err("it starts at 1".into()),
        _ if first > last => Err(format!("{first} exceeds {last}")),
        _ => Ok(first..=last),
    }
}
