//! Every `k`, where no theorem names the worst: `slack >= B`, up to `N = 10^5`.
//!
//! Logarithms in fixed point, with certified error, decide all but a few `k`; those are compared exactly.

use crate::bound::deviation::Deviation;
use crate::exact::binomial::TooLarge;
use crate::exact::log2::log2_integer;
use crate::params::{Lambda, Params};
use rug::{Integer, Rational};

/// Largest `N` at which every `k` is looked at.
pub const MAX_SCAN: u128 = 100_000;

/// Fractional bits of the logarithms.
const BITS: u32 = 40;

/// Outside the theorem, and too many slots to look at every `k`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("with slack {slack} >= B = {B} the worst k is found by trying all, up to N = {MAX_SCAN}, and N is {N}")]
pub struct Unproved {
    /// Wrong publics tolerated.
    pub slack: u64,
    /// Copies of each query.
    pub B: u64,
    /// Number of slots.
    pub N: u128,
}

/// A deviation that wins too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The slots it touches.
    pub k: u128,
    /// How many more publics, at the same `B`, it certainly survives: at least 1 leaves it winning too often at all smaller
    /// numbers.
    pub publics_needed: u64,
}

/// Logarithms for settings up to some `N`.
#[derive(Debug)]
pub struct Scan {
    /// `log2(n!)` from below, in units of `2^-BITS`; entry `n` is at most `2n` units too low.
    log_factorials: Vec<i128>,
}

/// `log2` of a rate, between two multiples of `2^-BITS`.
#[derive(Clone, Copy)]
struct LogRange {
    lo: i128,
    hi: i128,
}

impl Scan {
    /// Logarithms for one setting.
    ///
    /// # Errors
    /// [`Unproved`] beyond [`MAX_SCAN`].
    pub fn of(params: Params) -> Result<Self, Unproved> {
        let N = params.N();
        if N > MAX_SCAN {
            return Err(Unproved { slack: params.slack(), B: params.B(), N });
        }
        Ok(Self::up_to(N))
    }

    /// Logarithms for every setting of at most `N` slots; `N` is cut at [`MAX_SCAN`].
    #[must_use]
    pub fn up_to(N: u128) -> Self {
        let scale = Integer::from(1) << BITS;
        let steps = (1..=N.min(MAX_SCAN)).scan(0_i128, |sum, n| {
            let units = log2_integer(&Integer::from(n), BITS).lo() * &scale;
            // A whole number of units, below 2^45.
            *sum += units.numer().to_i128_wrapping();
            Some(*sum)
        });
        Self { log_factorials: std::iter::once(0).chain(steps).collect() }
    }

    /// The setting is small enough for this table.
    #[must_use]
    pub fn covers(&self, params: Params) -> bool {
        params.N() < self.log_factorials.len() as u128
    }

    /// The least `k` that wins most often.
    ///
    /// # Errors
    /// [`TooLarge`] never up to [`MAX_SCAN`].
    pub fn worst_k(&self, params: Params) -> Result<u128, TooLarge> {
        let rates: Vec<_> = self.rates(params).collect();
        let surely = rates.iter().map(|(_, rate)| rate.lo).max();
        let mut worst = (u128::from(params.B()), Rational::new());
        for (k, _) in rates.into_iter().filter(|(_, rate)| Some(rate.hi) >= surely) {
            let exact = Deviation::full_within(params, k).pr_win()?;
            if exact > worst.1 {
                worst = (k, exact);
            }
        }
        Ok(worst.0)
    }

    /// A deviation that wins with probability above `2^-lambda`, if there is one: the one that more publics mend last.
    ///
    /// # Errors
    /// [`TooLarge`] never up to [`MAX_SCAN`].
    pub fn violation(&self, params: Params, lambda: Lambda) -> Result<Option<Violation>, TooLarge> {
        let threshold = -(i128::from(lambda.bits()) << BITS);
        let mut found: Option<Violation> = None;
        for (k, rate) in self.rates(params).filter(|(_, rate)| rate.hi > threshold) {
            let excess = rate.lo - threshold;
            let violated = excess > 0 || Deviation::full_within(params, k).pr_win()? > lambda.probability();
            if violated {
                let publics_needed = publics_to_lose(params, k, excess);
                if found.is_none_or(|worst| publics_needed > worst.publics_needed) {
                    found = Some(Violation { k, publics_needed });
                }
            }
        }
        Ok(found)
    }

    /// `log2 W(k)/C(N,k)` for every `k` that can win.
    fn rates(&self, params: Params) -> impl Iterator<Item = (u128, LogRange)> + '_ {
        debug_assert!(self.covers(params), "the table was made for smaller settings");
        (1..=params.N()).filter_map(move |k| Some((k, self.log2_win(params, k)?)))
    }

    /// Between the largest term of `W` and that many times their number; `None` if `W` is 0.
    fn log2_win(&self, params: Params, k: u128) -> Option<LogRange> {
        let (R, B, T) = (u128::from(params.R()), u128::from(params.B()), u128::from(params.T()));
        let most_j = u128::from(params.slack()).min(T);
        let first = k.saturating_sub(most_j).div_ceil(B).max(1);
        let last = R.min(k / B);
        let terms = (first..=last).map(|f| self.log2_binomial(R, f) + self.log2_binomial(T, k - f * B));
        let rate = terms.max()? - self.log2_binomial(params.N(), k);
        let error = i128::try_from(2 * (R + T + params.N())).ok()?;
        let doublings = i128::from((last - first + 1).next_power_of_two().trailing_zeros()) << BITS;
        Some(LogRange { lo: rate - error, hi: rate + error + doublings })
    }

    /// `log2 C(n,k)` to within `2n` units either way.
    fn log2_binomial(&self, n: u128, k: u128) -> i128 {
        let log = |i: u128| self.log_factorials[i as usize];
        log(n) - log(k) - log(n - k)
    }
}

/// One more public multiplies every term of `W(k)/C(N,k)` by `(T+1)/(T+1-j) (N+1-k)/(N+1)`, at least the second factor,
/// which grows with `N`. So a rate `2^excess` above the threshold stays above it for fewer than
/// `excess / log2((N+1)/(N+1-k))` more publics.
fn publics_to_lose(params: Params, k: u128, excess: i128) -> u64 {
    let N = params.N();
    let ratio = Rational::from((Integer::from(N + 1), Integer::from(N + 1 - k)));
    let step = crate::exact::log2::log2(&ratio, BITS + 24).hi() << BITS;
    let publics = Rational::from(excess.max(0)) / step;
    publics.ceil().numer().to_u64().map_or(u64::MAX, |publics| publics.max(1))
}
