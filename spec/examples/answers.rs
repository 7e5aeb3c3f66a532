//! Writes random numbers with Rust's answers, which `scripts/proofs.sh` lets the functions extracted from Coq recompute:
//! `answers SEED LINES`. As many random sessions of the machine follow the lines, one after each. The kinds of lines are those of `spec/coq/recompute.ml`. The same seed writes the same lines.

use fusion_spec::bound::certificate::{self, Certificate};
use fusion_spec::bound::deviation::Deviation;
use fusion_spec::bound::linked::unmasked;
use fusion_spec::bound::optimum::optimum;
use fusion_spec::bound::outside::{Rates, flaky_accepted, flaky_win, scattered};
use fusion_spec::bound::pool::{self, PoolCounts};
use fusion_spec::bound::quality::{accept, substituted_win};
use fusion_spec::bound::slack::{Search, least};
use fusion_spec::bound::slack_certificate::{self, SlackCertificate};
use fusion_spec::bound::witness::witness;
use fusion_spec::evidence::{Clause, Decision, Evidence, PassRule, Tolerance};
use fusion_spec::exact::binomial::binomial;
use fusion_spec::mix::{Mix, Sample};
use fusion_spec::params::{Lambda, MAX_T, Params};
use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng, TryRng};
use rug::{Integer, Rational, ops::Pow};
use std::convert::Infallible;
use std::error::Error;
use std::fmt::Display;
use std::io::{self, BufWriter, Write};

mod sessions;

type Answer = Result<String, Box<dyn Error>>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<u64> = std::env::args().skip(1).map(|text| text.parse()).collect::<Result<_, _>>()?;
    let &[seed, lines] = arguments.as_slice() else { return Err("answers SEED LINES".into()) };
    let mut coins = Coins(Pcg64::seed_from_u64(seed));
    let mut out = BufWriter::new(io::stdout().lock());
    for _ in 0..lines {
        writeln!(out, "{}", coins.line()?)?;
        writeln!(out, "{}", sessions::line(&mut coins.0)?)?;
    }
    Ok(out.flush()?)
}

/// Numbers for the lines; none of them needs to be unbiased.
struct Coins(Pcg64);

impl Coins {
    /// A number from `low` to `high`.
    fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.0.next_u64() % (high - low + 1)
    }

    fn line(&mut self) -> Answer {
        match self.within(0, 21) {
            0 => self.shuffle(),
            1..=5 => self.sets(),
            6..=7 => self.touch(),
            8 => self.flaky(),
            9 if self.within(0, 1) == 0 => self.unmasked(),
            9 => self.binomial(),
            10 if self.within(0, 1) == 0 => self.scattered(),
            10 => self.retries(),
            11 if self.within(0, 1) == 0 => self.swapped(),
            11 => self.pool(),
            12 => self.end(),
            13 if self.within(0, 1) == 0 => self.certificate(),
            13 => self.slack_certificate(),
            14..=16 => self.contains(),
            17..=18 => self.decide(),
            _ => self.sharp(),
        }
    }

    /// `(R, B, T)` of a session of a few slots.
    fn setting(&mut self) -> (u64, u64, u64) {
        (self.within(1, 12), self.within(1, 6), self.within(0, 24))
    }

    fn sets(&mut self) -> Answer {
        let (R, B, T) = self.setting();
        let (s, m, t, k) = (self.within(0, T), self.within(0, R), self.within(0, T), self.within(0, R * B + T));
        let deviation = Deviation::new(Params::new(R, B, T, s)?, k.into(), m, t)?;
        if self.within(0, 1) == 0 {
            Ok(written("wins", &[R, B, T, s, m, t, k], &deviation.winning_sets()?))
        } else {
            Ok(written("accepted", &[R, B, T, s, m, t, k], &deviation.accepted_sets()?))
        }
    }

    fn touch(&mut self) -> Answer {
        let (R, B, T) = self.setting();
        let k = self.within(0, R * B + T);
        let deviation = Deviation::full(Params::new(R, B, T, 0)?, k.into())?;
        let count = deviation.touch_bound()? * Rational::from(deviation.all_sets()?);
        Ok(written("touch", &[R, B, T, k], &count))
    }

    fn binomial(&mut self) -> Answer {
        let bits = self.within(1, 60);
        let (n, k) = (self.within(0, 1 << bits), self.within(0, 40));
        Ok(written("binomial", &[n, k], &binomial(n.into(), k.into())?))
    }

    /// How often an honest server that errs by chance is accepted, or is so with every query right, of all draws of its answers.
    fn flaky(&mut self) -> Answer {
        let (R, B, T) = self.setting();
        let (s, b) = (self.within(0, T), self.within(1, 20));
        let a = self.within(0, b);
        let (params, d) = (Params::new(R, B, T, s)?, Rational::from((a, b)));
        let all = Integer::from(b).pow(u32::try_from(params.N())?);
        let accepted = flaky_accepted(params, &d)?;
        if self.within(0, 1) == 0 {
            Ok(written("flaky", &[R, B, T, s, a, b], &(accepted * all)))
        } else {
            Ok(written("flaky_right", &[R, B, T, s, a, b], &((accepted - flaky_win(params, &d)?) * all)))
        }
    }

    /// How often labels that are wrong each in its own way win, or are accepted.
    fn scattered(&mut self) -> Answer {
        let (R, B, T) = self.setting();
        let (s, c, k, lo) = (self.within(0, T), self.within(1, 12), self.within(0, R * B + T), self.within(0, 1));
        let params = Params::new(R, B, T, s)?;
        let rates = scattered(params, k.into(), u32::try_from(c + 1)?)?;
        let rate = if lo == 0 { rates.accepted() } else { rates.win };
        let all = Deviation::full(params, k.into())?.all_sets()? * Integer::from(c).pow(u32::try_from(R * (B - 1))?);
        Ok(written("scattered", &[lo, R, B, T, s, c, k], &(rate * all)))
    }

    /// How often a server that sees which slots hold the same sample loses.
    fn unmasked(&mut self) -> Answer {
        let (R, B, T) = self.setting();
        let c = self.within(1, R * B + T);
        let params = Params::new(R, B, T, 0)?;
        let sets = Deviation::full(params, c.into())?.all_sets()?;
        Ok(written("unmasked", &[R, B, T, c], &((1 - unmasked(params, c.into())?.win) * sets * c)))
    }

    /// The rates of several sessions that end early, or do not.
    fn retries(&mut self) -> Answer {
        let (stop, d, q) = (self.within(0, 2), self.within(1, 1000), self.within(1, 30));
        let m = self.within(0, d);
        let n = self.within(0, d - m);
        let once = Rates { win: Rational::from((m, d)), harmless: Rational::from((n, d)) };
        let rate = match stop {
            0 => once.until_accepted(q)?.win,
            1 => once.until_rejected(q)?.caught(),
            _ => once.of_all(q)?.win,
        };
        Ok(written("retries", &[stop, m, n, d, q], &(rate * Integer::from(d).pow(u32::try_from(q)?))))
    }

    /// Draws from pools of up to twice as many samples as are drawn, and four more.
    fn pool(&mut self) -> Answer {
        let (R, B, T) = (self.within(1, 4), self.within(1, 3), self.within(0, 5));
        let (s, k) = (self.within(0, T.min(2)), self.within(0, R * B + T));
        let (Q, P) = (self.within(R, 2 * R + 4), self.within(T, 2 * T + 4));
        let counts = PoolCounts { Q, y: self.within(0, Q), P, x: self.within(0, P) };
        let params = Params::new(R, B, T, s)?;
        let draws = binomial(Q.into(), R.into())? * binomial(P.into(), T.into())? * binomial(params.N(), k.into())?;
        let count = pool::pr_win(params, k.into(), counts)? * draws;
        Ok(written("pool", &[Q, counts.y, P, counts.x, R, B, T, s, k], &count))
    }

    fn swapped(&mut self) -> Answer {
        let (R, T, n) = (self.within(1, 12), self.within(1, 24), self.within(1, 1000));
        let (s, w) = (self.within(0, T), self.within(0, n));
        let draws = Integer::from(n).pow(u32::try_from(R + T)?);
        let count = substituted_win(R, T, s, &Rational::from((w, n)))? * draws;
        Ok(written("swapped", &[R, T, s, w, n], &count))
    }

    /// The optimum's certificate, as it is or with one number off by one or two. One in nine has up to a million publics at least.
    fn certificate(&mut self) -> Answer {
        let change = self.within(0, 15);
        let bits = self.within(0, 40);
        let (R, lambda) = (self.within(1, 1 << bits), Lambda::new(self.within(1, 64))?);
        let min_T = match self.within(0, 8) {
            0 => self.within(1, 1_000_000),
            1 | 2 => self.within(1, 100),
            _ => 0,
        };
        let mut claim = optimum(R, lambda, min_T).ok_or("no plan is within the limits")?;
        let off = self.within(1, 2);
        match change {
            0 => claim.B += off,
            1 => claim.B = claim.B.saturating_sub(off).max(1),
            2 => claim.T += off,
            3 => claim.T = claim.T.saturating_sub(off),
            4 => claim.b += u128::from(off),
            5 => claim.l += u128::from(off),
            6 => claim.l = claim.l.saturating_sub(off.into()),
            7 => claim.b = claim.b.saturating_sub(off.into()),
            _ => {}
        }
        claim.N = u128::from(claim.R) * u128::from(claim.B) + u128::from(claim.T);
        let Certificate { R, lambda, min_T, B, T, N: _, b, l } = claim;
        let numbers: [u128; 7] = [R.into(), lambda.bits().into(), min_T.into(), B.into(), T.into(), b, l];
        Ok(written("certificate", &numbers, &u8::from(certificate::check(&claim).is_ok())))
    }

    /// The certificate of a plan at some slack and within limits of `T`, as it is or with one number off by one or two.
    fn slack_certificate(&mut self) -> Answer {
        let mut claim = loop {
            let bits = self.within(1, 20);
            let (R, lambda, slack) = (self.within(1, 1 << bits), Lambda::new(self.within(1, 48))?, self.within(0, 5));
            let min_T = slack + if self.within(0, 2) == 0 { self.within(1, 200) } else { 0 };
            let max_T = if self.within(0, 2) == 0 { min_T + self.within(0, 20) } else { MAX_T };
            let search = Search { R, lambda, min_T, max_T, slack, below: None };
            // A plan of fewer copies than wrong publics is scanned, which takes long at many slots.
            let found = least(&search).ok().flatten().filter(|params| params.slack() < params.B() || params.N() < 400);
            if let Some(claim) = found.and_then(|params| witness(&search, params)) {
                break claim;
            }
        };
        let (off, change) = (self.within(1, 2), self.within(0, 25));
        let SlackCertificate { min_T, max_T, B, T, b, l, q, cover, c, .. } = &mut claim;
        let intervals = cover.iter_mut().flat_map(|interval| [&mut interval.j, &mut interval.T]);
        let number = [B, T, b, l, q, c, min_T, max_T].into_iter().chain(intervals).nth(usize::try_from(change / 2)?);
        if let Some(number) = number {
            *number = if change % 2 == 0 { *number + off } else { number.saturating_sub(off) };
        }
        let answer = u8::from(slack_certificate::check(&claim).is_ok());
        Ok(written("slack_certificate", &claim.numbers(), &answer))
    }

    /// The fewest publics that reject a model, or the most that accept it, or one beside.
    fn end(&mut self) -> Answer {
        let (n, s, bits) = (self.within(3, 100), self.within(0, 3), self.within(1, 12));
        let (w, bound) = (self.within(1, n - 1), Rational::from(1) >> u32::try_from(bits)?);
        let error = Rational::from((w, n));
        let passes = |T| accept(T, s, &error);
        let is_floor = self.within(0, 1) == 0;
        let holds = |T| passes(T).map(|rate| if is_floor { rate <= bound } else { 1 - rate > bound });
        // Of a model that never errs more than once in a hundred at one bit, some hundred publics.
        let mut first = 0;
        while !holds(first)? {
            first += 1;
        }
        let end = if is_floor { first } else { first - 1 };
        let claimed = match self.within(0, 3) {
            0 => end + 1,
            1 => end.checked_sub(1).unwrap_or(end + 1),
            _ => end,
        };
        let kind = if is_floor { "floor" } else { "ceiling" };
        Ok(written(kind, &[n, w, bits, s, claimed], &u8::from(claimed == end)))
    }

    /// The samples of a session in the order in which slots are asked for: some at random, and the rest in order.
    fn shuffle(&mut self) -> Answer {
        let (R, B, T) = (self.within(1, 4), self.within(1, 3), self.within(0, 8));
        let N = R * B + T;
        let mut mix = Mix::new(Params::new(R, B, T, 0)?)?;
        let mut order: Vec<u32> = Vec::new();
        for _ in 0..self.within(0, N) {
            order.push(u32::try_from(self.within(0, N - 1))?);
        }
        order.extend(0..u32::try_from(N)?);
        let mut words = Words { coins: &mut self.0, drawn: Vec::new() };
        let mut digits = Integer::new();
        for (place, slot) in order.iter().enumerate() {
            let sample = mix.place(*slot, &mut words)?;
            if order[..place].contains(slot) {
                continue;
            }
            digits *= N;
            digits += match sample {
                Sample::Query { query, copy } => u64::from(query) * B + u64::from(copy),
                Sample::Public { index } => R * B + u64::from(index),
            };
        }
        let numbers: Vec<u64> = [N].into_iter().chain(words.drawn).collect();
        Ok(written("shuffle", &numbers, &digits))
    }

    /// A claimed rate.
    fn rate(&mut self) -> Rational {
        let b = self.within(1, 200);
        let a = match self.within(0, 9) {
            0 => 0,
            1 => b,
            _ => self.within(0, b),
        };
        Rational::from((a, b))
    }

    /// Trials of about a rate: how many, and how many successes.
    fn trials(&mut self, p: &Rational) -> Result<(u64, u64), Box<dyn Error>> {
        let most = if self.within(0, 9) == 0 { 400 } else { 60 };
        let n = self.within(0, most);
        let expected = (Rational::from(p * n)).round().numer().to_u64().ok_or("a count")?;
        let spread = n.isqrt() + 1;
        let S = (expected + self.within(0, 3 * spread)).saturating_sub(self.within(0, 3 * spread)).min(n);
        Ok((n, S))
    }

    /// Evidence of trials at an error probability: one in some power of ten, or, where that is one, sometimes just that at which there is a tie.
    fn evidence(&mut self, n: u64, S: u64, tie: &Rational) -> Result<(Evidence, [Integer; 4]), Box<dyn Error>> {
        let power = Integer::from(10).pow(u32::try_from(self.within(1, 9))?);
        let tied = self.within(0, 3) == 0 && *tie > 0 && *tie < 1;
        let alpha = if tied { tie.clone() } else { Rational::from((1, power)) };
        let numbers = [n.into(), S.into(), alpha.numer().clone(), alpha.denom().clone()];
        Ok((Evidence::new(n, S, alpha)?, numbers))
    }

    fn contains(&mut self) -> Answer {
        let p = self.rate();
        let (n, S) = self.trials(&p)?;
        let (evidence, [n, S, c, d]) = self.evidence(n, S, &edge_of_the_set(&p, n, S)?)?;
        let (a, b) = (p.numer().clone(), p.denom().clone());
        Ok(written("contains", &[n, S, c, d, a, b], &u8::from(evidence.contains(&p))))
    }

    /// A share of a claimed rate that it may be off by.
    fn tolerance(&mut self) -> Tolerance {
        let share = |coins: &mut Self| Rational::from((coins.within(0, 100), coins.within(1, 100)));
        Tolerance { relative: share(self), absolute: share(self), negligible: Rational::new() }
    }

    fn decide(&mut self) -> Answer {
        let (p, tolerance) = (self.rate(), self.tolerance());
        let (n, S) = self.trials(&p)?;
        let (evidence, numbers) = self.evidence(n, S, &edge_of_the_set(&p, n, S)?)?;
        let bound = self.within(0, 1);
        Ok(decided("decide", PassRule::UniformMixture, &evidence, numbers, (bound, &p), &tolerance))
    }

    /// One claim in four is a bound, which both rules decide alike. There may be a tie at either end of the tolerance.
    fn sharp(&mut self) -> Answer {
        let (p, tolerance) = (self.rate(), self.tolerance());
        let (n, S) = self.trials(&p)?;
        let delta = tolerance.around(&p);
        let end = if self.within(0, 1) == 0 { &p - delta } else { delta + &p };
        let claimed = likelihood(&p, n, S)?;
        let tie = if end > 0 && end < 1 && claimed > 0 { likelihood(&end, n, S)? / claimed } else { Rational::new() };
        let (evidence, numbers) = self.evidence(n, S, &tie)?;
        let bound = u64::from(self.within(0, 3) == 0);
        Ok(decided("sharp", PassRule::LikelihoodRatio, &evidence, numbers, (bound, &p), &tolerance))
    }
}

/// The probability of `n` given trials of which `S` succeed, at a rate.
fn likelihood(rate: &Rational, n: u64, S: u64) -> Result<Rational, Box<dyn Error>> {
    Ok(rate.clone().pow(u32::try_from(S)?) * Rational::from(1 - rate).pow(u32::try_from(n - S)?))
}

/// The error probability at which a rate just leaves the confidence set.
fn edge_of_the_set(p: &Rational, n: u64, S: u64) -> Result<Rational, Box<dyn Error>> {
    Ok(likelihood(p, n, S)? * binomial(n.into(), S.into())? * (n + 1))
}

/// A line of a decision on a claim, which is a bound where the first of its pair is 1.
fn decided(
    kind: &str,
    rule: PassRule,
    evidence: &Evidence,
    [n, S, c, d]: [Integer; 4],
    (bound, p): (u64, &Rational),
    tolerance: &Tolerance,
) -> String {
    let delta = tolerance.around(p);
    let (a, b, e, g) = (p.numer().clone(), p.denom().clone(), delta.numer().clone(), delta.denom().clone());
    let clause = if bound == 1 { Clause::AtMost(p.clone()) } else { Clause::Equals(p.clone()) };
    let decision = match evidence.decide_by(rule, &clause, tolerance) {
        Decision::Inconclusive => 0_u8,
        Decision::Pass => 1,
        Decision::Refuted => 2,
    };
    written(kind, &[bound.into(), n, S, c, d, a, b, e, g], &decision)
}

/// The most cells of a shuffle whose words are beside a change of value.
const MOST_CELLS: u64 = 24;

/// Words for a shuffle, taken down as they are drawn. One in eight is 0 or the largest, and as many are beside a word at which the value for some
/// number of cells changes, where those that are rejected lie.
struct Words<'c> {
    coins: &'c mut Pcg64,
    drawn: Vec<u64>,
}

impl TryRng for Words<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.coins.next_u32())
    }

    #[expect(clippy::cast_possible_truncation, reason = "a value below the number of cells changes below 2^64")]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let word = self.coins.next_u64();
        let word = match self.coins.next_u32() % 16 {
            0 => 0,
            1 => u64::MAX,
            2 | 3 => {
                let cells = u128::from(1 + word % MOST_CELLS);
                let changes = ((u128::from(word >> 32) % cells) << 64).div_ceil(cells) as u64;
                changes.wrapping_add(u64::from(self.coins.next_u32() % 3)).wrapping_sub(1)
            }
            _ => word,
        };
        self.drawn.push(word);
        Ok(word)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.coins.fill_bytes(bytes);
        Ok(())
    }
}

/// A line: a kind, its numbers, and Rust's answer.
fn written(kind: &str, numbers: &[impl Display], answer: &impl Display) -> String {
    let numbers = numbers.iter().map(ToString::to_string).collect::<Vec<_>>();
    format!("{kind} {} = {answer}", numbers.join(" "))
}
