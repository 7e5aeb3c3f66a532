//! `sim bound`: every exact probability of one setting.

use crate::answers::substitution::sentence;
use crate::args::BoundArgs;
use crate::text::{self, ACCENT, DIM, HEADING};
use fusion_engine::documents::substitution::SubstitutionDocument;
use fusion_engine::failure::Failure;
use fusion_spec::bound::accuracy::{accept_bits, false_abort_bits, shown};
use fusion_spec::bound::bits::nearest;
use fusion_spec::bound::deviation::Deviation;
use fusion_spec::bound::quality::{QualityError, accept, false_abort};
use fusion_spec::bound::report::{Report, Row, groups_of};
use fusion_spec::bound::worst::worst_k;
use fusion_spec::exact::binomial::{MAX_EXACT_BITS, TooLarge, binomial_bits};
use fusion_spec::params::Params;
use rug::{Integer, Rational};
use serde::{Serialize, Serializer};
use std::fmt::Display;
use std::io::{self, Write};
use std::ops::RangeInclusive;

/// The largest number of rows printed at once.
const MAX_ROWS: u128 = 1 << 16;
/// The largest number of bits in a range: those of its longest row times the number of rows.
const MAX_RANGE_BITS: u32 = 1 << 26;
/// The number of bits beyond which a row that was not asked for is left out, because it would take longer than everything else.
const UNASKED_BITS: u32 = 1 << 16;

/// The largest product of the number of terms of a touch bound and their length in bits.
const MAX_TOUCH_WORK: u32 = 1 << 20;

/// Runs `sim bound`.
pub fn run(args: &BoundArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let answer = answer(args)?;
    if args.json {
        serde_json::to_writer(&mut *stdout, &answer).map_err(io::Error::from)?;
        writeln!(stdout)?;
    } else if args.quiet {
        answer.worst.write_worst(stdout)?;
    } else {
        answer.write_text(args, stdout)?;
    }
    Ok(())
}

#[derive(Serialize)]
struct BoundDocument {
    R: u64,
    B: u64,
    T: u64,
    slack: u64,
    N: u128,
    rows: Vec<RowDocument>,
    worst: RowDocument,
    accuracy: Option<AccuracyBounds>,
    substitution: Option<SubstitutionDocument>,
    left_out: Vec<LeftOut>,
}

#[derive(Clone, Serialize)]
struct RowDocument {
    k: u128,
    i: Option<u64>,
    wins: Option<InDigits<Integer>>,
    pr_e_t: Option<InDigits<Rational>>,
    pr_e_b: Option<InDigits<Rational>>,
    pr_success: Option<InDigits<Rational>>,
    bits: Option<f64>,
    touch_bound: Option<InDigits<Rational>>,
}

/// The exact probabilities of the accuracy game at the T and slack of this setting.
#[derive(Serialize)]
struct AccuracyBounds {
    accept: Option<InDigits<Rational>>,
    accept_bits: Option<f64>,
    false_abort: Option<InDigits<Rational>>,
    false_abort_bits: Option<f64>,
}

/// A default row that is left out because its exact value is long.
#[derive(Serialize)]
struct LeftOut {
    k: u128,
    #[serde(serialize_with = "as_number")]
    value_bits: Integer,
}

fn as_number<S: Serializer>(value: &Integer, serializer: S) -> Result<S::Ok, S::Error> {
    // At most N, which fits.
    serializer.serialize_u128(value.to_u128_wrapping())
}

/// A number that JSON carries as a string, digit by digit.
#[derive(Clone)]
struct InDigits<T>(T);

impl<T: Display> Serialize for InDigits<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

fn answer(args: &BoundArgs) -> Result<BoundDocument, Failure> {
    let BoundArgs { R, B, T, slack, i, k, reject_acc, honest_acc, json: _, quiet: _ } = args;
    let params = Params::new(*R, *B, *T, *slack).map_err(Failure::usage)?;
    let wanted = requested(params, i.as_ref(), k.as_ref())?;
    let worst_k = worst_k(params).map_err(Failure::usage)?;
    let (wanted, left_out) = match wanted {
        Some(wanted) => (wanted, Vec::new()),
        None => default_rows(params, worst_k),
    };
    let rows = wanted.into_iter().map(|k| row(params, k)).collect::<Result<Vec<_>, _>>()?;
    let worst = match rows.iter().find(|row| row.k == worst_k) {
        Some(row) => row.clone(),
        None if binomial_bits(params.N(), worst_k) <= UNASKED_BITS => row(params, worst_k)?,
        None => bits_alone(params, worst_k)?,
    };
    let accuracy = accuracy(params, reject_acc.as_ref(), honest_acc.as_ref())?;
    let (N, substitution) = (params.N(), SubstitutionDocument::new(params));
    Ok(BoundDocument { R: *R, B: *B, T: *T, slack: *slack, N, rows, worst, accuracy, substitution, left_out })
}

/// Returns the numbers of touched slots that `--i` and `--k` name, in that order; `None` for the default rows.
fn requested(
    params: Params,
    i: Option<&RangeInclusive<u128>>,
    k: Option<&RangeInclusive<u128>>,
) -> Result<Option<Vec<u128>>, Failure> {
    if i.is_none() && k.is_none() {
        return Ok(None);
    }
    let mut wanted = Vec::new();
    for (flag, range, limit, what, step) in
        [("--i", i, params.R().into(), "R", u128::from(params.B())), ("--k", k, params.N(), "N", 1)]
    {
        let Some(range) = range else { continue };
        let (first, last) = (*range.start(), *range.end());
        if last > limit {
            return Err(Failure::Usage(format!("{flag} {first}..{last} goes beyond {what} = {limit}")));
        }
        if last - first >= MAX_ROWS {
            return Err(Failure::Usage(format!("{flag} {first}..{last} asks for more than {MAX_ROWS} rows")));
        }
        fits(params, first * step, last * step, last - first + 1)?;
        wanted.extend(range.clone().map(|n| n * step));
    }
    Ok(Some(wanted))
}

/// Refuses a range by its longest row, before any is computed: `C(N, .)` is largest nearest to `N/2`.
fn fits(params: Params, first: u128, last: u128, rows: u128) -> Result<(), Failure> {
    let longest = (params.N() / 2).clamp(first, last);
    let bits = binomial_bits(params.N(), longest);
    TooLarge::check(bits.clone()).map_err(|error| Failure::Usage(format!("row k = {longest}: {error}")))?;
    if rows > 1 && bits * rows > MAX_RANGE_BITS {
        return Err(Failure::Usage(format!(
            "{rows} rows up to k = {longest} are more than 2^26 bits to print: ask for fewer"
        )));
    }
    Ok(())
}

/// Returns the default rows `i = 1`, `i = R` and the worst, without repetition: those to compute, in order of `k`, and those that
/// are left out because they are too long.
fn default_rows(params: Params, worst_k: u128) -> (Vec<u128>, Vec<LeftOut>) {
    let mut rows = Vec::new();
    let mut left_out = Vec::new();
    for k in [u128::from(params.B()), params.RB(), worst_k] {
        let bits = binomial_bits(params.N(), k);
        if bits <= UNASKED_BITS {
            rows.push(k);
        } else if left_out.iter().all(|row: &LeftOut| row.k != k) {
            left_out.push(LeftOut { k, value_bits: bits });
        }
    }
    rows.sort_unstable();
    rows.dedup();
    (rows, left_out)
}

/// Makes the worst row with its bits alone, for when its exact value is long and was not asked for.
fn bits_alone(params: Params, k: u128) -> Result<RowDocument, Failure> {
    let bits = Report::correctness(params).map_err(Failure::usage)?.bits();
    let i = groups_of(params, k);
    let (wins, pr_e_t, pr_e_b, pr_success, touch_bound) = (None, None, None, None, None);
    Ok(RowDocument { k, i, wins, pr_e_t, pr_e_b, pr_success, bits: Some(bits), touch_bound })
}

fn row(params: Params, k: u128) -> Result<RowDocument, Failure> {
    let Row { k, i, wins, pr_e_t, pr_e_b, pr_success, bits } = Row::new(params, k).map_err(Failure::usage)?;
    let deviation = Deviation::full(params, k).map_err(Failure::usage)?;
    // A remark beside the row: left out where it would take longer than the row.
    let work = binomial_bits(params.N(), k) * deviation.touch_terms();
    let touch_bound = if work <= MAX_TOUCH_WORK { deviation.touch_bound().ok() } else { None };
    Ok(RowDocument {
        k,
        i,
        wins: Some(InDigits(wins)),
        pr_e_t: pr_e_t.map(InDigits),
        pr_e_b: pr_e_b.map(InDigits),
        pr_success: Some(InDigits(pr_success)),
        bits,
        touch_bound: touch_bound.map(InDigits),
    })
}

fn accuracy(
    params: Params,
    reject: Option<&Rational>,
    honest: Option<&Rational>,
) -> Result<Option<AccuracyBounds>, Failure> {
    if reject.is_none() && honest.is_none() {
        return Ok(None);
    }
    let (T, slack) = (params.T(), params.slack());
    let rates = |flag: &str, rate: Result<Rational, QualityError>, bits: Result<Option<f64>, QualityError>| {
        let rate = if_short(rate).and_then(|rate| Ok((rate, bits?)));
        rate.map_err(|error| Failure::Usage(format!("{flag}: {error}")))
    };
    let (accept, accept_bits) = reject.map_or(Ok((None, None)), |accuracy| {
        let rate = accept(T, slack, &Rational::from(1 - accuracy));
        rates("--reject-acc", rate, Ok(accept_bits(T, slack, accuracy)))
    })?;
    let (false_abort, false_abort_bits) = honest.map_or(Ok((None, None)), |accuracy| {
        let rate = false_abort(T, slack, accuracy);
        rates("--honest-acc", rate, false_abort_bits(T, slack, accuracy))
    })?;
    Ok(Some(AccuracyBounds { accept, accept_bits, false_abort, false_abort_bits }))
}

/// Returns an exact value, or `None` if it is too long to print; its bits are known all the same.
fn if_short(rate: Result<Rational, QualityError>) -> Result<Option<InDigits<Rational>>, QualityError> {
    match rate {
        Err(QualityError::TooLarge(_)) => Ok(None),
        rate => rate.map(|rate| Some(InDigits(rate))),
    }
}

impl BoundDocument {
    fn write_text(&self, args: &BoundArgs, out: &mut dyn Write) -> io::Result<()> {
        let Self { R, B, T, slack, N, rows, worst, accuracy, substitution, left_out } = self;
        let cost = nearest(&Rational::from((Integer::from(*N), Integer::from(*R))));
        let title = format!("R={R} B={B} T={T} slack={slack}   N={N}   cost {cost:.4} inferences per query");
        writeln!(out, "{}\n", text::styled(HEADING, &title))?;
        let heading = ["k", "i", "winning sets", "Pr[E_T]", "Pr[E_B|E_T]", "Pr[win]", "bits", "touch bound"];
        write!(out, "{}", text::table(&heading, rows.iter().map(RowDocument::cells).collect(), 0))?;
        for LeftOut { k, value_bits } in left_out {
            let hint = if *value_bits <= MAX_EXACT_BITS { format!("; --k {k} shows it") } else { String::new() };
            let note = format!("k={k} is left out: its exact value has {value_bits} bits{hint}");
            writeln!(out, "{}", text::styled(DIM, &note))?;
        }
        writeln!(out)?;
        worst.write_worst(out)?;
        writeln!(out, "{}", sentence(substitution.as_ref()))?;
        accuracy.as_ref().map_or(Ok(()), |accuracy| accuracy.write_text(args, out))
    }
}

impl RowDocument {
    fn write_worst(&self, out: &mut dyn Write) -> io::Result<()> {
        let touched = self.i.map_or_else(|| format!("k={}", self.k), |i| format!("k={} (i={i})", self.k));
        let p = self.pr_success.as_ref().map_or(String::new(), |p| format!(" with {}", text::probability(&p.0)));
        writeln!(out, "worst: {} wins{p}: {} bits", text::styled(ACCENT, &touched), text::bits(self.bits))
    }

    fn cells(&self) -> Vec<String> {
        let Self { k, i, wins, pr_e_t, pr_e_b, pr_success, bits, touch_bound } = self;
        let optional = |p: Option<&InDigits<Rational>>| p.map_or_else(|| "-".into(), |p| text::probability(&p.0));
        vec![
            k.to_string(),
            i.map_or_else(|| "-".into(), |i| i.to_string()),
            wins.as_ref().map_or_else(|| "-".into(), |wins| text::count(&wins.0)),
            optional(pr_e_t.as_ref()),
            optional(pr_e_b.as_ref()),
            optional(pr_success.as_ref()),
            text::bits(*bits),
            optional(touch_bound.as_ref()),
        ]
    }
}

impl AccuracyBounds {
    fn write_text(&self, args: &BoundArgs, out: &mut dyn Write) -> io::Result<()> {
        let Self { accept, accept_bits, false_abort, false_abort_bits } = self;
        for (what, accuracy, p, bits) in [
            ("accepted", &args.reject_acc, accept, accept_bits),
            ("rejected", &args.honest_acc, false_abort, false_abort_bits),
        ] {
            if let Some(accuracy) = accuracy {
                let p = p.as_ref().map_or_else(String::new, |InDigits(p)| format!(" with {}", text::probability(p)));
                writeln!(out, "accuracy: a model at {} is {what}{p}: {} bits", shown(accuracy), text::bits(*bits))?;
            }
        }
        Ok(())
    }
}
