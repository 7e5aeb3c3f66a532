//! Rates too small to count, stage by stage.
//!
//! A server that makes `k = iB` answers wrong wins if slot after slot avoids the publics (`E_T`), and if, given that, no more
//! than `i` queries are ever met (`E_B`): `k` such copies are then whole groups. Each slot is a stage. A trial of a stage draws
//! afresh from the exact law given that all stages before succeeded, lets the mix draw one more slot, and looks. The product of
//! the stages' rates is the rate of winning.

use super::stream::Purpose;
use super::{Counts, Streams, Trial};
use fusion_spec::mix::{Deck, Sample, uniform_below};
use fusion_spec::params::Params;
use fusion_spec::verdict::{Events, Outcome, Reason};
use rand_core::Rng;
use rug::{Integer, integer::Order};
use std::ops::Range;

/// Most stages of one strategy.
pub const MAX_STAGES: u32 = 256;

/// One slot's chance, given all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Slot `drawn + 1` holds no public, given that the `drawn` before it hold none.
    NoPublic {
        /// Slots before.
        drawn: u32,
    },
    /// Given `E_T`: after slot `drawn + 1` no more than `i` queries are met, given that no more were before it.
    FewQueries {
        /// Slots before.
        drawn: u32,
    },
}

impl Stage {
    /// Its name in files and reports.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::NoPublic { drawn } => format!("e_t-{}", drawn + 1),
            Self::FewQueries { drawn } => format!("e_b-{}", drawn + 1),
        }
    }
}

/// Why a rate has no stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoStages {
    /// Not whole groups.
    #[error("the conditional estimator needs k = iB slots with B = {1} and i from 1 to R, not k = {0}")]
    Groups(u32, u64),
    /// The stages of publics know no slack.
    #[error("the conditional estimator needs slack 0")]
    Slack,
    /// Too many.
    #[error("the conditional estimator has two stages a slot, and at most {MAX_STAGES} in all")]
    Long,
}

/// The stages of `k` wrong slots. Those that always succeed are left out.
///
/// # Errors
/// [`NoStages`] where there are none.
pub fn stages(params: Params, k: u32) -> Result<Vec<Stage>, NoStages> {
    let groups = u64::from(k) / params.B();
    match () {
        () if !(1..=params.R()).contains(&groups) || u64::from(k) % params.B() != 0 => {
            Err(NoStages::Groups(k, params.B()))
        }
        () if params.slack() > 0 => Err(NoStages::Slack),
        () if k > MAX_STAGES / 2 => Err(NoStages::Long),
        () => {
            let publics = (0..k).filter(|_| params.T() > 0).map(|drawn| Stage::NoPublic { drawn });
            let queries = (0..k).filter(|drawn| u64::from(*drawn) >= groups && groups < params.R());
            Ok(publics.chain(queries.map(|drawn| Stage::FewQueries { drawn })).collect())
        }
    }
}

/// The working memory of one thread.
#[derive(Debug)]
pub struct Conditional {
    params: Params,
    /// Most queries that may be met, `i`.
    most: u32,
    deck: Deck,
    taken: Vec<Sample>,
}

impl Conditional {
    /// Memory for the stages of `k` wrong slots.
    ///
    /// # Panics
    /// If `N` exceeds 32 bits.
    #[must_use]
    pub fn new(params: Params, k: u32) -> Self {
        let Ok(deck) = Deck::new(params) else { unreachable!("a campaign's slots fit 32 bits") };
        let most = u32::try_from(u64::from(k) / params.B()).unwrap_or(u32::MAX);
        Self { params, most, deck, taken: Vec::new() }
    }

    /// Plays a range of trials of a stage: a success counts as a win.
    pub fn play(&mut self, stage: Stage, index: u32, streams: &Streams, trials: Range<u64>) -> Counts {
        let mut counts = Counts::default();
        let ways = match stage {
            Stage::NoPublic { .. } => Ways::default(),
            Stage::FewQueries { drawn } => Ways::new(self.params, self.most, drawn),
        };
        for trial in trials {
            let mut coins = streams.coins(Purpose::Mix, trial, index);
            let (success, reason) = match stage {
                Stage::NoPublic { drawn } => (self.no_public(drawn, &mut coins), Reason::PublicWrong),
                Stage::FewQueries { drawn } => (self.few_queries(drawn, &ways, &mut coins), Reason::CopiesDisagree),
            };
            self.deck.reset();
            let outcome = if success { Outcome::Win } else { Outcome::Caught(reason) };
            counts.add(Trial { outcome: Some(outcome), events: Events { e_t: false, e_b: false } });
        }
        counts
    }

    fn no_public(&mut self, drawn: u32, coins: &mut impl Rng) -> bool {
        self.taken.clear();
        for _ in 0..drawn {
            let sample = self.free_copy(self.params.R(), 0, coins);
            self.take(sample);
        }
        matches!(self.deck.draw(coins), Some(Sample::Query { .. }))
    }

    /// Names of queries do not matter: those met are the first ones.
    fn few_queries(&mut self, drawn: u32, ways: &Ways, coins: &mut impl Rng) -> bool {
        self.taken.clear();
        let mut met = 0;
        for before in 0..drawn {
            let new = ways.next_is_new(before, met, coins);
            let sample =
                if new { self.free_copy(u64::from(met) + 1, met, coins) } else { self.free_copy(met.into(), 0, coins) };
            met += u32::from(new);
            self.take(sample);
        }
        // Given E_T, publics are passed over.
        loop {
            match self.deck.draw(coins) {
                Some(Sample::Query { query, .. }) => return query < met || met < self.most,
                Some(Sample::Public { .. }) => {}
                None => return false,
            }
        }
    }

    /// A uniform copy, not taken yet, of the queries `first..end`.
    fn free_copy(&self, end: u64, first: u32, coins: &mut impl Rng) -> Sample {
        let [end, B] = [end, self.params.B()].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        loop {
            let query = first + uniform_below(end - first, coins);
            let sample = Sample::Query { query, copy: uniform_below(B, coins) };
            if !self.taken.contains(&sample) {
                return sample;
            }
        }
    }

    fn take(&mut self, sample: Sample) {
        let there = self.deck.take(sample);
        debug_assert!(there, "{sample:?} is taken twice");
        self.taken.push(sample);
    }
}

/// In how many ways copies can be drawn in order, up to a number of slots and never more than `i` queries met.
#[derive(Debug, Default)]
struct Ways {
    /// By slots drawn and queries met: ways to go on with a copy of a query already met, and with one of a new query.
    split: Vec<Vec<[Integer; 2]>>,
}

impl Ways {
    fn new(params: Params, most: u32, slots: u32) -> Self {
        let (R, B) = (params.R(), params.B());
        let mut onward = vec![Integer::from(1); most as usize + 1];
        let mut split = Vec::new();
        for drawn in (0..slots).rev() {
            let row: Vec<[Integer; 2]> = (0..=most)
                .map(|met| {
                    let open = (u64::from(met) * B).saturating_sub(drawn.into());
                    let unmet = (R - u64::from(met).min(R)) * B;
                    let new =
                        onward.get(met as usize + 1).map_or_else(Integer::new, |ways| Integer::from(ways * unmet));
                    [Integer::from(&onward[met as usize] * open), new]
                })
                .collect();
            onward = row.iter().map(|[old, new]| Integer::from(old + new)).collect();
            split.push(row);
        }
        split.reverse();
        Self { split }
    }

    /// Coins are spent only where there is a choice.
    fn next_is_new(&self, drawn: u32, met: u32, coins: &mut impl Rng) -> bool {
        let [old, new] = &self.split[drawn as usize][met as usize];
        if *old == 0 || *new == 0 {
            return *old == 0;
        }
        uniform_integer_below(&Integer::from(old + new), coins) >= *old
    }
}

/// Uniform in `0..n`, by rejection.
fn uniform_integer_below(n: &Integer, coins: &mut impl Rng) -> Integer {
    let bits = n.significant_bits();
    loop {
        let words: Vec<u64> = (0..bits.div_ceil(64)).map(|_| coins.next_u64()).collect();
        let drawn = Integer::from_digits(&words, Order::Lsf).keep_bits(bits);
        if drawn < *n {
            return drawn;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_spec::bound::deviation::Deviation;

    /// Where the rate can be counted, the product of the stages is the rate. Each stage is Bin(20,000, p): the sum of seven
    /// relative errors of at most 7 deviations stays within a fifth.
    #[test]
    fn the_product_of_the_stages_is_the_rate() {
        for (R, B, T, k) in [(8, 2, 4, 2), (8, 2, 4, 4), (3, 2, 1, 6), (4, 3, 0, 3), (2, 1, 2, 1), (5, 2, 2, 6)] {
            let params = Params::new(R, B, T, 0).expect("legal");
            let streams = Streams::new(1, "test");
            let mut memory = Conditional::new(params, k);
            let product: f64 = (0..)
                .zip(stages(params, k).expect("whole groups"))
                .map(|(index, stage)| {
                    let counts = memory.play(stage, index, &streams, 0..20_000);
                    f64::from(u32::try_from(counts.win).expect("small")) / 20_000.0
                })
                .product();
            let exact = Deviation::full(params, k.into()).map(|d| d.pr_win().expect("small").to_f64());
            let exact = exact.expect("fits");
            assert!((product / exact - 1.0).abs() < 0.2, "({R},{B},{T}) k={k}: {product} for {exact}");
        }
    }

    #[test]
    fn what_has_no_stages_says_why() {
        let params = |slack| Params::new(8, 2, 4, slack).expect("legal");
        assert_eq!(stages(params(0), 3), Err(NoStages::Groups(3, 2)));
        assert_eq!(stages(params(0), 0), Err(NoStages::Groups(0, 2)));
        assert_eq!(stages(params(0), 18), Err(NoStages::Groups(18, 2)), "more slots than copies");
        assert_eq!(stages(params(1), 2), Err(NoStages::Slack));
        let long = Params::new(512, 5, 100, 0).expect("legal");
        assert_eq!(stages(long, 130), Err(NoStages::Long));
        let names: Vec<String> = stages(params(0), 2).expect("one group").into_iter().map(Stage::name).collect();
        assert_eq!(names, ["e_t-1", "e_t-2", "e_b-2"]);
    }
}
