//! The programs of servers that spend the verdicts of a trial's sessions on a secret that the client keeps between them.
//!
//! ```
//! use fusion_2pc::backend::probe::Probe;
//! use fusion_2pc::ot::{Extension, probe::{Guess, Parts}};
//! use fusion_adversaries::probe::{Prober, Search};
//!
//! // Two bits of a correlation by columns. The client rejects the session in which bit 0 is guessed wrongly.
//! let parts = Parts::of(Extension::Iknp);
//! let mut search = Search::new(parts, 2, &mut rand_pcg::Pcg64::new(1, 2));
//! let [first, second] = [false, true].map(|accepted| {
//!     let Some(Probe::Correlation(guess)) = search.asks() else { panic!("it wants two bits") };
//!     search.told(accepted);
//!     guess
//! });
//! assert_eq!(search.names(), [Guess { value: 1 - first.value, ..first }, second].map(Probe::Correlation));
//! assert_eq!(search.asks(), None, "both are known");
//! ```

use fusion_2pc::backend::probe::{Coefficient, Parity, Probe};
use fusion_2pc::ot::probe::{Guess, Parts};
use fusion_spec::mix::uniform_below;
use rand_core::Rng;
use std::fmt::Debug;

/// A server over the sessions of a trial: in each it may test a part of the client's secret, and is told the verdict. At the end it names parts of the
/// secret that the client has then.
pub trait Prober: Debug + Send {
    /// What it tests in the next session; `None` for a session in which the server is honest.
    fn asks(&mut self) -> Option<Probe>;

    /// Is told whether the client accepted the session.
    fn told(&mut self, accepted: bool);

    /// What it takes for the secret.
    fn names(&self) -> Vec<Probe>;
}

/// Tries the values of each part in random order, one part after another, until one value is accepted or one is left.
#[derive(Clone, Debug)]
pub struct Search {
    /// By part, the values that were not rejected; the first is tried next.
    left: Vec<Vec<u8>>,
    asked: Option<usize>,
}

impl Search {
    /// A server that wants the first so many parts of a secret, or all if these are fewer.
    #[must_use]
    pub fn new(parts: Parts, wanted: u32, coins: &mut dyn Rng) -> Self {
        let left = (0..wanted.min(parts.count)).map(|_| shuffled(parts.values(), coins)).collect();
        Self { left, asked: None }
    }
}

/// All values of a part, in random order (Fisher and Yates).
fn shuffled(values: u32, coins: &mut dyn Rng) -> Vec<u8> {
    let mut order: Vec<u8> = (0..=u8::MAX).zip(0..values).map(|(value, _)| value).collect();
    for last in (1..values).rev() {
        order.swap(last as usize, uniform_below(last + 1, &mut &mut *coins) as usize);
    }
    order
}

impl Prober for Search {
    #[expect(clippy::cast_possible_truncation, reason = "parts are counted in 32 bits")]
    fn asks(&mut self) -> Option<Probe> {
        self.asked = self.left.iter().position(|left| left.len() > 1);
        self.asked.map(|part| Probe::Correlation(Guess { part: part as u32, value: self.left[part][0] }))
    }

    fn told(&mut self, accepted: bool) {
        let Some(part) = self.asked.take() else { return };
        if accepted {
            self.left[part].truncate(1);
        } else {
            self.left[part].remove(0);
        }
    }

    fn names(&self) -> Vec<Probe> {
        let first = |(part, left): (u32, &Vec<u8>)| Probe::Correlation(Guess { part, value: left[0] });
        (0..).zip(&self.left).map(first).collect()
    }
}

/// Asks about one coefficient of the client's key, whether it is 1 and then whether it is -1, or the other way round, until a session is rejected.
#[derive(Clone, Debug)]
pub struct KeySearch {
    index: u32,
    /// The values that it may have; the last is asked about next, and the first, 0, never.
    left: Vec<i8>,
}

impl KeySearch {
    /// A server that wants a coefficient that is drawn at random.
    #[must_use]
    pub fn new(coins: &mut dyn Rng) -> Self {
        let tested = Coefficient::TESTED;
        let index = tested.start + uniform_below(tested.end - tested.start, &mut &mut *coins);
        let sign = if uniform_below(2, &mut &mut *coins) == 0 { 1 } else { -1 };
        Self { index, left: vec![0, sign, -sign] }
    }
}

impl Prober for KeySearch {
    fn asks(&mut self) -> Option<Probe> {
        let [_, .., value] = self.left[..] else { return None };
        Some(Probe::Key(Coefficient { index: self.index, value }))
    }

    /// All answers are right unless the coefficient has the value.
    fn told(&mut self, accepted: bool) {
        let [_, .., value] = self.left[..] else { return };
        if accepted {
            self.left.pop();
        } else {
            self.left = vec![value];
        }
    }

    fn names(&self) -> Vec<Probe> {
        vec![Probe::Key(Coefficient { index: self.index, value: self.left[0] })]
    }
}

/// Keeps the client's first message of the first session, and asks about one parity of what it encrypts in each later one.
#[derive(Clone, Debug)]
pub struct Replayer {
    /// The names of the parities that are still to be asked about; the last is next.
    left: Vec<u64>,
    asked: Option<Probe>,
    found: Vec<Parity>,
    keeps: bool,
}

impl Replayer {
    /// A server that wants so many parities, which are drawn at random.
    #[must_use]
    pub fn new(wanted: u32, coins: &mut dyn Rng) -> Self {
        let left = (0..wanted).map(|_| coins.next_u64()).collect();
        Self { left, asked: None, found: Vec::new(), keeps: false }
    }
}

impl Prober for Replayer {
    fn asks(&mut self) -> Option<Probe> {
        self.asked = if self.keeps {
            self.left.pop().map(|of| Probe::Earlier(Parity { of, odd: false }))
        } else {
            self.keeps = true;
            Some(Probe::Keep)
        };
        self.asked
    }

    fn told(&mut self, accepted: bool) {
        if let Some(Probe::Earlier(parity)) = self.asked.take() {
            self.found.push(Parity { odd: !accepted, ..parity });
        }
    }

    fn names(&self) -> Vec<Probe> {
        self.found.iter().copied().map(Probe::Earlier).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_2pc::ot::Extension;
    use fusion_spec::bound::probed::named_right;
    use rand_pcg::Pcg64;
    use rug::Rational;

    fn guess(probe: Probe) -> Guess {
        let Probe::Correlation(guess) = probe else { panic!("it wants no key") };
        guess
    }

    /// How often a search of so many sessions names a secret, over all secrets.
    fn rate(extension: Extension, wanted: u32, sessions: u32) -> Rational {
        let parts = Parts::of(extension);
        let secrets = parts.values().pow(wanted);
        let part = |secret: u32, part: u32| (secret >> (part * parts.bits)) & (parts.values() - 1);
        let named = (0..secrets).filter(|&secret| {
            let mut search = Search::new(parts, wanted, &mut Pcg64::new(secret.into(), 3));
            for _ in 0..sessions {
                let right =
                    search.asks().map(guess).is_none_or(|guess| u32::from(guess.value) == part(secret, guess.part));
                search.told(right);
            }
            search.names().into_iter().map(guess).all(|guess| u32::from(guess.value) == part(secret, guess.part))
        });
        Rational::from((named.count(), secrets))
    }

    /// Bits are certain. Of bytes each order of guesses names `q + 1` of 256, so that the count over all secrets, each with an order of its own, is near: the number of
    /// heads of 256 coins of `(q+1)/256` is off by more than 60 with chance below 1e-12 (Hoeffding).
    #[test]
    fn a_search_names_what_its_rate_says() {
        for sessions in [1, 4, 9] {
            assert_eq!(Some(rate(Extension::Iknp, sessions, sessions)), named_right(2, sessions, true));
        }
        for sessions in [0, 15, 128, 254] {
            let expected = named_right(256, sessions, true).expect("fewer sessions than values");
            let off = (rate(Extension::SoftSpoken, 1, sessions) - expected).abs();
            assert!(off < Rational::from((60, 256)), "{sessions}: {off}");
        }
        assert_eq!(rate(Extension::SoftSpoken, 1, 255), 1);
    }

    /// With one order for all secrets the rate is exact.
    #[test]
    fn one_order_names_one_more_value_than_it_tried() {
        let parts = Parts::of(Extension::Ferret);
        let named = |secret: u8| {
            let mut search = Search::new(parts, 1, &mut Pcg64::new(5, 6));
            for _ in 0..15 {
                let right = search.asks().map(guess).is_none_or(|guess| guess.value == secret);
                search.told(right);
            }
            search.names() == [Probe::Correlation(Guess { part: 0, value: secret })]
        };
        assert_eq!((0..=u8::MAX).filter(|secret| named(*secret)).count(), 16);
    }

    #[test]
    fn every_value_is_tried_once_in_random_order() {
        let order = |seed| shuffled(256, &mut Pcg64::new(seed, 1));
        let mut sorted = order(1);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..=u8::MAX).collect::<Vec<_>>());
        assert_ne!(order(1), order(2));
        let wanted = Search::new(Parts::of(Extension::SoftSpoken), 99, &mut Pcg64::new(1, 1));
        assert_eq!(wanted.names().len(), 14, "no more than there are");
    }
}
