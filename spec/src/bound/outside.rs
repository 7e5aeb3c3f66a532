//! Rates where a hypothesis of the theorem fails. The theorem says nothing there, and these formulas say what happens instead.

use crate::bound::deviation::Deviation;
use crate::bound::pool::PoolError;
use crate::bound::quality::{QualityError, accept};
use crate::exact::binomial::{TooLarge, binomial};
use crate::params::{Params, word};
use rug::{Integer, Rational, ops::Pow};

/// Computes how likely a flaky server is accepted, where H5 fails: it is honest, but each answer flips independently with probability `d` to the
/// sample's one wrong answer. The probability is `((1-d)^B + d^B)^R Pr[Bin(T,d) <= slack]`.
///
/// $$ \Bigl( (1-d)^B + d^B \Bigr)^R \sum_{j=0}^{\min(s,T)} \binom{T}{j} d^j (1-d)^{T-j} $$
///
/// # Errors
/// [`QualityError`] says that `d` is outside `[0, 1]`, or that a value is too long.
///
/// ```
/// use fusion_spec::{bound::outside::flaky_accepted, params::Params};
/// use rug::Rational;
///
/// let coin = Rational::from((1, 2));
/// assert_eq!(flaky_accepted(Params::new(8, 2, 4, 0)?, &coin)?, Rational::from((1, 1 << 12)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn flaky_accepted(params: Params, d: &Rational) -> Result<Rational, QualityError> {
    let publics = accept(params.T(), params.slack(), d)?;
    let right = accept(params.B(), 0, d)?;
    let wrong = power(d, params.B())?;
    Ok(power(&(right + wrong), params.R())? * publics)
}

/// Computes how likely the flaky server of [`flaky_accepted`] is accepted with at least one wrong answer.
///
/// $$ \Bigl( \bigl( (1-d)^B + d^B \bigr)^R - (1-d)^{RB} \Bigr) \sum_{j=0}^{\min(s,T)} \binom{T}{j} d^j (1-d)^{T-j} $$
///
/// # Errors
/// [`QualityError`] says that `d` is outside `[0, 1]`, or that a value is too long.
///
/// ```
/// use fusion_spec::{bound::outside::flaky_win, params::Params};
/// use rug::Rational;
///
/// // This happens as often as it is accepted, except for the one case in 2^20 where no answer flips.
/// let coin = Rational::from((1, 2));
/// assert_eq!(flaky_win(Params::new(8, 2, 4, 0)?, &coin)?, Rational::from((255, 1 << 20)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn flaky_win(params: Params, d: &Rational) -> Result<Rational, QualityError> {
    let publics = accept(params.T(), params.slack(), d)?;
    let all_right = power(&accept(params.B(), 0, d)?, params.R())?;
    Ok(flaky_accepted(params, d)? - all_right * publics)
}

/// Computes the rates of a server with scattered answers, where H4b fails: each of `k` touched slots is answered with a wrong label drawn for it alone,
/// uniformly from the `classes - 1` that are wrong. Whole groups agree only by chance, so the sum for `W` weighs `f` of them with
/// `(classes-1)^(-f(B-1))`.
///
/// $$ \Pr[\mathrm{win}] = \sum_{f \ge 1, \text{ } 0 \le k-fB \le s} \binom{R}{f} \binom{T}{k-fB} (c-1)^{-f(B-1)} \Big/ \binom{N}{k} $$
///
/// with $c$ classes, and the term `f = 0` is harmless.
///
/// # Errors
/// [`PoolError`] says that `k > N` or that a value is too long. Fewer than two classes count as two.
///
/// ```
/// use fusion_spec::{bound::outside::scattered, params::Params};
/// use rug::Rational;
///
/// let params = Params::new(8, 2, 4, 0)?;
/// assert_eq!(scattered(params, 2, 10)?.win, Rational::from((4, 855)));
/// assert_eq!(scattered(params, 2, 2)?.win, Rational::from((4, 95)), "one wrong label: the theorem's rate");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn scattered(params: Params, k: u128, classes: u32) -> Result<Rates, PoolError> {
    let all = Deviation::full(params, k)?.all_sets()?;
    let (R, B, T) = (u128::from(params.R()), u128::from(params.B()), u128::from(params.T()));
    let chance = Rational::from((1, classes.saturating_sub(1).max(1)));
    let agree = power(&chance, params.B() - 1)?;
    // Every slot touched is wrong, so nothing is neutral: k - fB of them are publics, at most slack.
    let first = k.saturating_sub(u128::from(params.slack()).min(T)).div_ceil(B);
    let term = |f: u128| -> Result<Rational, TooLarge> {
        let sets = binomial(R, f)? * binomial(T, k - f * B)?;
        let weight = power(&agree, word(f))?;
        Ok(Rational::from((sets, all.clone())) * weight)
    };
    let win = (first.max(1)..=R.min(k / B)).map(term).sum::<Result<Rational, _>>()?;
    let harmless = if first == 0 { term(0)? } else { Rational::new() };
    Ok(Rates { win, harmless })
}

/// The rates at which a session ends in each way: the server wins, or is accepted with every answer right, or else is caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    /// The probability that the client accepts at least one wrong answer, `Pr[win]`.
    pub win: Rational,
    /// The probability that the client accepts and every answer is right, `Pr[accepted] - Pr[win]`.
    pub harmless: Rational,
}

impl Rates {
    /// Returns the probability that the client accepts.
    #[must_use]
    pub fn accepted(&self) -> Rational {
        Rational::from(&self.win + &self.harmless)
    }

    /// Returns the probability that the client rejects.
    #[must_use]
    pub fn caught(&self) -> Rational {
        1 - self.accepted()
    }

    /// Computes the rates of a client that runs a rejected session again, up to `q` sessions in all, until one is accepted, so that H7 fails. The server
    /// wins with `win (1-c^q)/(1-c)` where `c` is the rate of rejection, which is `1-(1-win)^q` for a server that is never harmless.
    ///
    /// With the rates of a win, a harmless session and a rejection as $w$, $h$ and $c$, it wins with
    ///
    /// $$ w \frac{1-c^q}{1-c}, \qquad \text{at } h = 0 \text{:} \quad 1 - (1-w)^q $$
    ///
    /// # Errors
    /// [`QualityError`] says that a value is too long.
    ///
    /// ```
    /// use fusion_spec::bound::outside::Rates;
    /// use rug::Rational;
    ///
    /// let once = Rates { win: Rational::from((1, 4)), harmless: Rational::new() };
    /// assert_eq!(once.until_accepted(3)?.win, Rational::from((37, 64)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn until_accepted(&self, q: u64) -> Result<Self, QualityError> {
        let caught = self.caught();
        let sessions = geometric(&caught, q)?;
        Ok(Self { win: Rational::from(&self.win * &sessions), harmless: Rational::from(&self.harmless * &sessions) })
    }

    /// Computes the rates of sessions that go on until the first rejection, at most `q` of them. A win in any of them counts, whatever follows. Without
    /// a win, all are harmless with probability `h^q`, and the server is caught with `c (1-h^q)/(1-h)`.
    ///
    /// With the letters of [`Rates::until_accepted`], some session is won with
    ///
    /// $$ 1 - h^q - c \frac{1-h^q}{1-h} $$
    ///
    /// # Errors
    /// [`QualityError`] says that a value is too long.
    ///
    /// ```
    /// use fusion_spec::bound::outside::Rates;
    /// use rug::Rational;
    ///
    /// let once = Rates { win: Rational::from((1, 5)), harmless: Rational::from((1, 3)) };
    /// let twice = Rates { win: Rational::from((4, 15)), harmless: Rational::from((1, 9)) };
    /// assert_eq!(once.until_rejected(2)?, twice);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn until_rejected(&self, q: u64) -> Result<Self, QualityError> {
        let harmless = power(&self.harmless, q)?;
        let caught = self.caught() * geometric(&self.harmless, q)?;
        Ok(Self { win: 1 - Rational::from(&harmless + &caught), harmless })
    }
}

impl Rates {
    /// Computes the rates of `q` sessions that are all played, whatever the verdicts, at least one. A win in any of them counts; without one, the last session
    /// decides.
    ///
    /// With the letters of [`Rates::until_accepted`], some session is won, and without a win the last one is harmless, with
    ///
    /// $$ 1 - (1-w)^q \qquad \text{and} \qquad (1-w)^{q-1} h $$
    ///
    /// # Errors
    /// [`QualityError`] says that a value is too long.
    ///
    /// ```
    /// use fusion_spec::bound::outside::Rates;
    /// use rug::Rational;
    ///
    /// let once = Rates { win: Rational::from((1, 5)), harmless: Rational::from((1, 3)) };
    /// let twice = Rates { win: Rational::from((9, 25)), harmless: Rational::from((4, 15)) };
    /// assert_eq!(once.of_all(2)?, twice);
    /// # Ok::<(), fusion_spec::bound::quality::QualityError>(())
    /// ```
    pub fn of_all(&self, q: u64) -> Result<Self, QualityError> {
        let not_won = power(&Rational::from(1 - &self.win), q.saturating_sub(1))?;
        let win = 1 - &not_won * Rational::from(1 - &self.win);
        Ok(Self { win, harmless: not_won * &self.harmless })
    }
}

/// `1 + x + ... + x^(q-1)`.
fn geometric(x: &Rational, q: u64) -> Result<Rational, QualityError> {
    if *x == 1 {
        return Ok(Rational::from(q));
    }
    Ok((1 - power(x, q)?) / Rational::from(1 - x))
}

/// Computes how often a guess wins the linking game, which is H2 as a game: name two slots that are copies of one query. The probability is
/// `R C(B,2)/C(N,2)`, and `None` where there are not two slots.
///
/// $$ R \binom{B}{2} \Big/ \binom{N}{2} $$
///
/// ```
/// use fusion_spec::{bound::outside::linking_baseline, params::Params};
/// use rug::Rational;
///
/// assert_eq!(linking_baseline(Params::new(8, 2, 4, 0)?), Some(Rational::from((8, 190))));
/// # Ok::<(), fusion_spec::params::ParamError>(())
/// ```
#[must_use]
pub fn linking_baseline(params: Params) -> Option<Rational> {
    let pairs = |n: u128| Integer::from(n) * n.saturating_sub(1);
    let all = pairs(params.N());
    (all != 0).then(|| Rational::from((pairs(params.B().into()) * params.R(), all)))
}

/// Computes how much accept or reject tells a server of a predicate of the inputs, where H2 fails by selective failure. The server applies to `k` slots an act
/// that changes an answer just where the predicate holds, here for `m` queries and `t` publics. The client then rejects with `1 - Pr[accepted|m,t]`,
/// and never where the predicate holds for none.
///
/// $$ 1 - \Pr[\mathrm{accepted} \mid m,t] $$
///
/// # Errors
/// [`TooLarge`] says that `C(N, k)` is too long.
///
/// ```
/// use fusion_spec::bound::{bits::nearest, deviation::Deviation, outside::leak};
/// use fusion_spec::params::Params;
///
/// // Half the slots at (512,5,100), and a predicate that holds for one query: it is rejected with 93.8 %.
/// let oracle = Deviation::new(Params::new(512, 5, 100, 0)?, 1330, 1, 0)?;
/// assert_eq!(format!("{:.3}", nearest(&leak(&oracle)?)), "0.938");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn leak(deviation: &Deviation) -> Result<Rational, TooLarge> {
    Ok(1 - deviation.pr_accepted()?)
}

/// `x^n` within the exact limit.
fn power(x: &Rational, n: u64) -> Result<Rational, TooLarge> {
    if *x == 0 || *x == 1 {
        return Ok(if n == 0 { Rational::from(1) } else { x.clone() });
    }
    let bits = Integer::from(x.denom().significant_bits()) * n;
    let n = u32::try_from(n).map_err(|_| TooLarge { bits: bits.clone() })?;
    TooLarge::check(bits)?;
    Ok(x.clone().pow(n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::bits::nearest;

    fn params(R: u64, B: u64, T: u64, slack: u64) -> Params {
        Params::new(R, B, T, slack).expect("legal")
    }

    #[test]
    fn selective_failure_at_the_published_setting() -> Result<(), Box<dyn std::error::Error>> {
        let oracle = Deviation::new(params(512, 5, 100, 0), 1330, 1, 0)?;
        assert!((nearest(&leak(&oracle)?) - 0.938).abs() < 0.0005);
        Ok(())
    }

    /// Over every pattern of flips at a small setting.
    #[test]
    fn flaky_by_enumeration() -> Result<(), QualityError> {
        let d = Rational::from((1, 5));
        for (R, B, T, slack) in [(2, 2, 2, 0), (2, 3, 2, 1), (1, 1, 3, 2), (3, 2, 0, 0_u32)] {
            let setting = params(R, B, T, slack.into());
            let RB = R * B;
            let N = u32::try_from(setting.N()).expect("small");
            let (mut accepted, mut win) = (Rational::new(), Rational::new());
            for flips in 0..1_u32 << N {
                let groups: Vec<u32> = (0..R).map(|q| flips >> (q * B) & ((1 << B) - 1)).collect();
                let agree = groups.iter().all(|&g| g == 0 || u64::from(g.count_ones()) == B);
                if !agree || (flips >> RB).count_ones() > slack {
                    continue;
                }
                let wrong = flips.count_ones();
                let chance = d.clone().pow(wrong) * Rational::from(1 - &d).pow(N - wrong);
                if groups.iter().any(|&g| g != 0) {
                    win += &chance;
                }
                accepted += chance;
            }
            assert_eq!(flaky_accepted(setting, &d)?, accepted);
            assert_eq!(flaky_win(setting, &d)?, win);
        }
        Ok(())
    }

    #[test]
    fn a_server_that_never_flips_passes_at_any_size() {
        let never = flaky_accepted(params(1 << 62, 3, 5, 0), &Rational::new());
        assert_eq!(never, Ok(Rational::from(1)));
    }

    #[test]
    fn scattered_wrong_labels_rarely_agree() -> Result<(), PoolError> {
        let p = params(8, 2, 4, 0);
        assert_eq!(scattered(p, 2, 10)?.win, Rational::from((4, 855)));
        assert_eq!(scattered(p, 2, 2)?.win, Rational::from((4, 95)), "two classes: one wrong label");
        assert_eq!(scattered(p, 3, 10)?, Rates { win: Rational::new(), harmless: Rational::new() });
        assert_eq!(scattered(p, 0, 10)?, Rates { win: Rational::new(), harmless: Rational::from(1) });
        Ok(())
    }

    /// Every set of slots and every choice of wrong labels at small settings, counted.
    #[test]
    fn scattered_by_enumeration() -> Result<(), PoolError> {
        for (R, B, T, slack, classes) in [(2, 2, 2, 0, 3), (2, 2, 2, 1, 3), (1, 3, 1, 1, 4), (3, 1, 1, 0, 3_u64)] {
            let setting = params(R, B, T, slack);
            let N = u32::try_from(setting.N()).expect("small");
            for k in 0..=N {
                let (mut all, mut win, mut harmless) = (0_u64, 0, 0);
                for code in 0..classes.pow(N) {
                    let offsets: Vec<u64> = (0..N).map(|slot| code / classes.pow(slot) % classes).collect();
                    if offsets.iter().filter(|&&o| o != 0).count() != k as usize {
                        continue;
                    }
                    all += 1;
                    let (queries, publics) = offsets.split_at(usize::try_from(R * B).expect("small"));
                    let groups: Vec<&[u64]> = queries.chunks(usize::try_from(B).expect("small")).collect();
                    let agree = groups.iter().all(|group| group.iter().all(|o| *o == group[0]));
                    if agree && publics.iter().filter(|&&o| o != 0).count() as u64 <= slack {
                        if groups.iter().any(|group| group[0] != 0) { win += 1 } else { harmless += 1 }
                    }
                }
                let rates = scattered(setting, k.into(), u32::try_from(classes).expect("small"))?;
                let share = |n: u64| Rational::from((n, all));
                assert_eq!(rates, Rates { win: share(win), harmless: share(harmless) }, "{setting} k={k}");
            }
        }
        Ok(())
    }

    /// All paths of up to four sessions.
    #[test]
    fn sessions_by_enumeration() -> Result<(), QualityError> {
        let once = Rates { win: Rational::from((1, 5)), harmless: Rational::from((1, 3)) };
        let chance = [once.win.clone(), once.harmless.clone(), once.caught()];
        for q in 1..=4_u32 {
            let (mut retry, mut go_on) = ([Rational::new(), Rational::new()], [Rational::new(), Rational::new()]);
            for code in 0..3_usize.pow(q) {
                let path: Vec<usize> = (0..q).map(|session| code / 3_usize.pow(session) % 3).collect();
                let weight: Rational = path.iter().fold(Rational::from(1), |product, &end| product * &chance[end]);
                if let Some(&end) = path.iter().find(|&&end| end != 2) {
                    retry[end] += &weight;
                }
                let played = path.iter().position(|&end| end == 2).map_or(&path[..], |rejected| &path[..=rejected]);
                if played.contains(&0) {
                    go_on[0] += weight;
                } else if !played.contains(&2) {
                    go_on[1] += weight;
                }
            }
            let rates = |[win, harmless]: [Rational; 2]| Rates { win, harmless };
            assert_eq!(once.until_accepted(q.into())?, rates(retry));
            assert_eq!(once.until_rejected(q.into())?, rates(go_on));
        }
        Ok(())
    }

    #[test]
    fn retries_and_links() -> Result<(), QualityError> {
        let never_harmless = Rates { win: Rational::from((1, 4)), harmless: Rational::new() };
        assert_eq!(never_harmless.until_accepted(3)?.win, Rational::from((37, 64)));
        let caught = Rates { win: Rational::new(), harmless: Rational::new() };
        assert_eq!(caught.until_accepted(7)?, caught);
        // 8 pairs of copies among the 190 pairs of slots.
        assert_eq!(linking_baseline(params(8, 2, 4, 0)), Some(Rational::from((8, 190))));
        assert_eq!(linking_baseline(params(1, 1, 0, 0)), None);
        assert_eq!(linking_baseline(params(3, 1, 0, 0)), Some(Rational::new()));
        Ok(())
    }
}
