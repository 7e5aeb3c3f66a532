//! The programs of servers that spend the verdicts of a trial's sessions on a secret that the client keeps between them.
//!
//! ```
//! use fusion_2pc::ot::{Extension, probe::{Guess, Parts}};
//! use fusion_adversaries::probe::{Prober, Search};
//!
//! // Two bits of a correlation by columns. The client rejects the session in which bit 0 is guessed wrongly.
//! let parts = Parts::of(Extension::Iknp);
//! let mut search = Search::new(parts, 2, &mut rand_pcg::Pcg64::new(1, 2));
//! let [first, second] = [false, true].map(|accepted| {
//!     let guess = search.guess().unwrap();
//!     search.told(accepted);
//!     guess
//! });
//! assert_eq!(search.names(), [Guess { value: 1 - first.value, ..first }, second]);
//! assert_eq!(search.guess(), None, "both are known");
//! ```

use fusion_2pc::ot::probe::{Guess, Parts};
use fusion_spec::mix::uniform_below;
use rand_core::Rng;
use std::fmt::Debug;

/// A server over the sessions of a trial: in each it may test a guess of a part of the client's secret, and is told the verdict. At the end it names parts of the
/// secret that the client has then.
pub trait Prober: Debug + Send {
    /// The guess of the next session: the client's answers are right if it is. `None` for a session in which the server is honest.
    fn guess(&mut self) -> Option<Guess>;

    /// Is told whether the client accepted the session.
    fn told(&mut self, accepted: bool);

    /// What it takes for the secret.
    fn names(&self) -> Vec<Guess>;
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
    fn guess(&mut self) -> Option<Guess> {
        self.asked = self.left.iter().position(|left| left.len() > 1);
        self.asked.map(|part| Guess { part: part as u32, value: self.left[part][0] })
    }

    fn told(&mut self, accepted: bool) {
        let Some(part) = self.asked.take() else { return };
        if accepted {
            self.left[part].truncate(1);
        } else {
            self.left[part].remove(0);
        }
    }

    fn names(&self) -> Vec<Guess> {
        let first = |(part, left): (u32, &Vec<u8>)| Guess { part, value: left[0] };
        (0..).zip(&self.left).map(first).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_2pc::ot::Extension;
    use fusion_spec::bound::probed::named_right;
    use rand_pcg::Pcg64;
    use rug::Rational;

    /// How often a search of so many sessions names a secret, over all secrets.
    fn rate(extension: Extension, wanted: u32, sessions: u32) -> Rational {
        let parts = Parts::of(extension);
        let secrets = parts.values().pow(wanted);
        let part = |secret: u32, part: u32| (secret >> (part * parts.bits)) & (parts.values() - 1);
        let named = (0..secrets).filter(|&secret| {
            let mut search = Search::new(parts, wanted, &mut Pcg64::new(secret.into(), 3));
            for _ in 0..sessions {
                let right = search.guess().is_none_or(|guess| u32::from(guess.value) == part(secret, guess.part));
                search.told(right);
            }
            search.names().iter().all(|guess| u32::from(guess.value) == part(secret, guess.part))
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
                let right = search.guess().is_none_or(|guess| guess.value == secret);
                search.told(right);
            }
            search.names() == [Guess { part: 0, value: secret }]
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
