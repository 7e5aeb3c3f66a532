//! Where a confidence set ends.

use super::confidence::{Evidence, log2_binomial_fast};
use rug::{Integer, Rational};

impl Evidence {
    /// Returns the two ends of the confidence set, rounded outward to multiples of `2^-48`.
    ///
    /// ```
    /// use fusion_spec::evidence::Evidence;
    /// use rug::Rational;
    ///
    /// let alpha = Rational::from((1, 1_000_000));
    /// let (lower, upper) = Evidence::new(200_704, 8_320, alpha)?.interval();
    /// assert!(lower > Rational::from((38, 1000)) && upper < Rational::from((45, 1000)));
    /// # Ok::<(), fusion_spec::evidence::EvidenceError>(())
    /// ```
    #[must_use]
    pub fn interval(&self) -> (Rational, Rational) {
        let outside = |units: &Integer| !self.contains(&point(units));
        let top = Integer::from(1) << GRID;
        let peak: Integer = if self.n == 0 { top.clone() } else { Integer::from(&top * self.successes) / self.n };
        // Outside at 0 and inside near the peak, or the set reaches 0; and the mirror image above.
        let below = self.guess(&peak, -1).clamp(&Integer::new(), &peak);
        let lower = last_outside(&Integer::new(), below, &peak, outside);
        let peak = (peak + 1_u32).min(top.clone());
        let above = self.guess(&peak, 1).clamp(&peak, &top);
        let upper = last_outside(&top, above, &peak, outside);
        (point(&lower), point(&upper))
    }

    /// Nearly where the set ends on one side of the peak: Newton's method on the excess, which is concave, from a point that
    /// Bernstein's inequality puts outside. Only a guess: whatever it is, the end is found from there.
    fn guess(&self, peak: &Integer, side: i32) -> Integer {
        let Self { n, successes, alpha } = self;
        let failures = n - successes;
        if *n == 0 {
            return peak.clone();
        }
        let top = Integer::from(1) << GRID;
        let weight =
            Integer::from(*n).significant_bits() + Rational::from(alpha.recip_ref()).ceil().numer().significant_bits();
        let spread = peak * Integer::from(&top - peak) * (2 * weight) / *n;
        let reach = spread.sqrt() + Integer::from(&top * (2 * weight)) / *n;
        let mut units = peak + reach * side;
        for _ in 0..12 {
            units = units.clamp(&1, &Integer::from(&top - 1_u32));
            let p = point(&units);
            let slope = Rational::from(*successes) / &p - Rational::from(failures) / Rational::from(1 - &p);
            if slope == 0 {
                break;
            }
            // The excess is in bits: 1/ln 2 of them to the natural unit.
            let excess = self.excess(&p, 72, log2_binomial_fast).hi() * Rational::from((693_147, 1_000_000));
            let step = (excess / slope * Integer::from(&top)).round().numer().clone();
            units -= &step;
            if step.significant_bits() <= 1 {
                break;
            }
        }
        units
    }
}

/// The ends of confidence sets are multiples of `2^-48`.
const GRID: u32 = 48;

fn point(units: &Integer) -> Rational {
    Rational::from((units.clone(), Integer::from(1) << GRID))
}

/// On the way from `limit` to `inside`, the last integer that is outside, looked for around a guess; `limit` if none is.
fn last_outside(limit: &Integer, guess: Integer, inside: &Integer, outside: impl Fn(&Integer) -> bool) -> Integer {
    let (least, most) = (limit.min(inside), limit.max(inside));
    let inward = if limit <= inside { 1 } else { -1 };
    let mut step = Integer::from(inward);
    let next = |from: &Integer, step: &Integer| Integer::from(from + step).clamp(least, most);
    let (mut good, mut bad) = (guess.clone(), guess);
    if outside(&good) {
        loop {
            bad = next(&good, &step);
            if bad == *inside || !outside(&bad) {
                return bisect(good, bad, outside);
            }
            good.clone_from(&bad);
            step *= 2;
        }
    }
    step = -step;
    loop {
        good = next(&bad, &step);
        if good == *limit || outside(&good) {
            return bisect(good, bad, outside);
        }
        bad.clone_from(&good);
        step *= 2;
    }
}

/// Of the integers between two ends, the last one (counted from `from`) at which a condition holds that never returns once it
/// fails; `from` itself if it fails there.
fn bisect(from: Integer, to: Integer, holds: impl Fn(&Integer) -> bool) -> Integer {
    let (mut good, mut bad) = (from, to);
    loop {
        let middle = Integer::from(&good + &bad) / 2;
        if middle == good || middle == bad {
            return good;
        }
        if holds(&middle) { good = middle } else { bad = middle }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(n: u64, successes: u64) -> Evidence {
        Evidence::new(n, successes, Rational::from((1, 1000))).expect("legal")
    }

    fn rational(numer: u64, denom: u64) -> Rational {
        Rational::from((numer, denom))
    }

    #[test]
    fn interval_ends_are_outside_and_tight() {
        assert_eq!(evidence(0, 0).interval(), (Rational::new(), Rational::from(1)), "nothing is known");
        for (n, s) in [(1, 0), (50, 50), (1000, 42), (200_704, 8_320), (4_000_000, 19)] {
            let e = evidence(n, s);
            let (lo, hi) = e.interval();
            let unit = rational(1, 1 << 48);
            assert!(lo == 0 || !e.contains(&lo));
            assert!(hi == 1 || !e.contains(&hi));
            assert!(s == 0 || e.contains(&Rational::from(&lo + &unit)));
            assert!(s == n || e.contains(&Rational::from(&hi - &unit)));
            assert!(lo <= rational(s, n) && rational(s, n) <= hi);
        }
    }

    /// The guess only spares work: plain bisection finds the same ends.
    #[test]
    fn guessed_ends_are_those_of_bisection() {
        let top = Integer::from(1) << GRID;
        for n in [1, 2, 3, 10, 999, 123_457, 40_000_000] {
            for s in [0, 1, 2, n / 1000, n / 3, n / 2, n - 1, n].into_iter().filter(|&s| s <= n) {
                let e = evidence(n, s);
                let peak = Integer::from(&top * s) / n;
                let outside = |units: &Integer| !e.contains(&point(units));
                let lower = bisect(Integer::new(), peak.clone(), outside);
                let upper = bisect(top.clone(), peak + 1, outside);
                assert_eq!(e.interval(), (point(&lower), point(&upper)), "{s} of {n}");
            }
        }
    }
}
