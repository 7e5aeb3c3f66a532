//! Coq's values equal Rust's bit for bit. What is proved of them: spec/README.md.

use fusion_spec::bound::certificate::{self, Certificate};
use fusion_spec::bound::deviation::Deviation;
use fusion_spec::bound::quality::substituted_win;
use fusion_spec::exact::binomial::binomial;
use fusion_spec::params::{Lambda, Params};
use rug::{Integer, Rational, ops::Pow};
use std::collections::BTreeMap;
use std::str::FromStr;

const VECTORS: &str = include_str!("../../spec/coq/vectors.txt");

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number in range"))
}

fn small(n: u128) -> Result<u64, String> {
    u64::try_from(n).map_err(|_| format!("{n} is out of range"))
}

/// What Rust says to one vector: `kind arguments`.
fn ours(kind: &str, arguments: &[u128]) -> Result<Integer, String> {
    let setting = |R, B, T, s| Params::new(small(R)?, small(B)?, small(T)?, small(s)?).map_err(|e| e.to_string());
    let full = |R, B, T, k| Deviation::full(setting(R, B, T, 0)?, k).map_err(|e| e.to_string());
    let exact = |value: Result<Integer, _>| value.map_err(|_| "too large to build".to_string());
    match (kind, arguments) {
        ("binomial", &[n, k]) => exact(binomial(n, k)),
        ("groups", &[R, B, T, 0]) => setting(R, B, T, 0).map(|_| Integer::from(1)),
        ("groups", &[R, B, T, i]) => exact(full(R, B, T, i * B)?.winning_sets()),
        ("sets", &[R, B, T, i]) => exact(full(R, B, T, i * B)?.all_sets()),
        ("wins" | "accepted", &[R, B, T, s, m, t, k]) => {
            let deviation = Deviation::new(setting(R, B, T, s)?, k, small(m)?, small(t)?).map_err(|e| e.to_string())?;
            exact(if kind == "wins" { deviation.winning_sets() } else { deviation.accepted_sets() })
        }
        ("touch", &[R, B, T, k]) => {
            let deviation = full(R, B, T, k)?;
            let all = Rational::from(exact(deviation.all_sets())?);
            let count = deviation.touch_bound().map_err(|e| e.to_string())? * all;
            if count.is_integer() { Ok(count.into_numer_denom().0) } else { Err("not a count of sets".to_string()) }
        }
        ("swapped", &[R, T, s, w, n]) => {
            let error = Rational::from((Integer::from(w), Integer::from(n)));
            let rate = substituted_win(small(R)?, small(T)?, small(s)?, &error).map_err(|e| e.to_string())?;
            let draws = u32::try_from(R + T).map_err(|_| "too many draws".to_string())?;
            let count = rate * Integer::from(n).pow(draws);
            if count.is_integer() { Ok(count.into_numer_denom().0) } else { Err("not a count of draws".to_string()) }
        }
        ("certificate", &[R, lambda, min_T, B, T, b, l]) => {
            let lambda = Lambda::new(small(lambda)?).map_err(|e| e.to_string())?;
            let N = R * B + T;
            let claim = Certificate { R: small(R)?, lambda, min_T: small(min_T)?, B: small(B)?, T: small(T)?, N, b, l };
            Ok(Integer::from(u32::from(certificate::check(&claim).is_ok())))
        }
        _ => Err(format!("no vector is called `{kind}` with {} arguments", arguments.len())),
    }
}

fn compare(line: &str) -> Result<&str, String> {
    let (left, right) = line.split_once(" = ").ok_or("no ` = `")?;
    let (kind, arguments) = left.split_once(' ').ok_or("no arguments")?;
    let arguments = arguments.split(' ').map(number).collect::<Result<Vec<u128>, _>>()?;
    let (coq, rust) = (number::<Integer>(right)?, ours(kind, &arguments)?);
    if coq == rust { Ok(kind) } else { Err(format!("Coq says {coq}, Rust says {rust}")) }
}

#[test]
fn every_vector_of_coq_is_met() {
    let mut counts = BTreeMap::new();
    for (index, line) in VECTORS.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        match compare(line) {
            Ok(kind) => *counts.entry(kind).or_insert(0) += 1,
            Err(error) => panic!("spec/coq/vectors.txt:{}: {error}: {line}", index + 1),
        }
    }
    let least = [
        ("accepted", 200),
        ("binomial", 25),
        ("certificate", 15),
        ("groups", 25),
        ("sets", 25),
        ("swapped", 9),
        ("touch", 40),
        ("wins", 200),
    ];
    assert_eq!(counts.keys().copied().collect::<Vec<_>>(), least.map(|(kind, _)| kind));
    for (kind, least) in least {
        assert!(counts[kind] >= least, "{} of {kind}", counts[kind]);
    }
}

#[test]
fn a_wrong_or_malformed_vector_is_refused() {
    assert_eq!(compare("binomial 4 2 = 6"), Ok("binomial"));
    for bad in ["binomial 4 2 = 7", "binomial 4 = 6", "binomial 4 x = 6", "binomial 4 2", "wins 2 2 1 0 3 0 0 = 0"] {
        assert!(compare(bad).is_err(), "{bad}");
    }
}
