//! Estimates rates that are too small to count, stage by stage.
//!
//! A server that makes `k = iB` answers wrong wins if slot after slot avoids the publics (`E_T`), and if, given that, no more
//! than `i` queries are ever met (`E_B`): `k` such copies are then whole groups. Each slot is a stage. A trial of a stage draws
//! afresh from the exact law given that all stages before succeeded, lets the mix draw one more slot, and looks. The product of
//! the stages' rates is the rate of winning.
//!
//! What a slot holds decides a stage as long as the client's judgement is the same. So some draws, a share that falls with `N`
//! ([`Conditional::stride`]), become a whole session: the strategy names its slots, which get the draw and a completion that
//! favours the server, all others are shuffled, and the client judges (`driven.rs`). The estimate comes from positions, and these
//! sessions audit the client. If its judgement differs from that of the positions, or from a second client's, the trial is an
//! error.

use super::counts::Counts;
use super::driven::{ClientFn, Driven, Needed, specified};
use super::server::Server;
use super::size::in_32_bits;
use super::stream::Purpose;
use super::trial::Trial;
use fusion_adversaries::strategy::View;
use fusion_spec::mix::{Deck, Sample, uniform_below};
use fusion_spec::params::Params;
use fusion_spec::verdict::{Events, Outcome};
use rand_core::Rng;
use rug::{Integer, integer::Order};
use std::ops::Range;

/// The largest number of stages of one strategy.
pub const MAX_STAGES: u32 = 256;

/// A stage of the estimator: an event at one slot, given what the slots before it hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Slot `drawn + 1` holds no public, given that the `drawn` before it hold none.
    NoPublic {
        /// The number of slots before this one.
        drawn: u32,
    },
    /// No more than `i` queries are met after slot `drawn + 1`, given `E_T` and that no more were met before it.
    FewQueries {
        /// The number of slots before this one.
        drawn: u32,
    },
}

impl Stage {
    /// Returns the name of the stage in files and reports.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::NoPublic { drawn } => format!("e_t-{}", drawn + 1),
            Self::FewQueries { drawn } => format!("e_b-{}", drawn + 1),
        }
    }
}

/// The reason why a rate cannot be estimated stage by stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoStages {
    /// The number of slots is not that of whole groups of copies.
    #[error("the conditional estimator needs k = iB slots with B = {1} and i from 1 to R, not k = {0}")]
    Groups(u32, u64),
    /// The slack is not 0, and the stages of publics tolerate no touched public.
    #[error("the conditional estimator needs slack 0")]
    Slack,
    /// There would be more than [`MAX_STAGES`] stages.
    #[error("the conditional estimator has two stages a slot, and at most {MAX_STAGES} in all")]
    Long,
}

/// Returns the stages of a strategy that gives `k` slots wrong answers. Stages that always succeed are left out.
///
/// # Errors
/// [`NoStages`] if the rate cannot be estimated stage by stage.
pub fn stages(params: Params, k: u32) -> Result<Vec<Stage>, NoStages> {
    let groups = u64::from(k) / params.B();
    if !(1..=params.R()).contains(&groups) || u64::from(k) % params.B() != 0 {
        return Err(NoStages::Groups(k, params.B()));
    }
    if params.slack() > 0 {
        return Err(NoStages::Slack);
    }
    if k > MAX_STAGES / 2 {
        return Err(NoStages::Long);
    }
    let publics = (0..k).filter(|_| params.T() > 0).map(|drawn| Stage::NoPublic { drawn });
    let queries = (0..k).filter(|drawn| u64::from(*drawn) >= groups && groups < params.R());
    Ok(publics.chain(queries.map(|drawn| Stage::FewQueries { drawn })).collect())
}

/// One thread's working memory for the stages of a strategy.
#[derive(Debug)]
pub struct Conditional {
    params: Params,
    k: u32,
    /// The largest number `i` of queries that may be met.
    most: u32,
    deck: Deck,
    /// What the slots hold so far, where queries are numbered in the order in which they are met.
    taken: Vec<Sample>,
    driven: Driven,
    /// The ways of drawing all `k` slots.
    ways: Ways,
}

impl Conditional {
    /// Makes the working memory for the stages of `k` wrong slots.
    ///
    /// # Panics
    /// If `N` exceeds 32 bits.
    #[must_use]
    pub fn new(view: &View, k: u32) -> Self {
        Self::with(view, k, specified)
    }

    /// Makes the working memory with another client in place of the specification's.
    fn with(view: &View, k: u32, client: ClientFn) -> Self {
        let params = view.params;
        let Ok(deck) = Deck::new(params) else { unreachable!("a campaign's slots fit 32 bits") };
        let most = in_32_bits(u64::from(k) / params.B());
        let ways = Ways::new(params, most, k);
        Self { params, k, most, deck, taken: Vec::new(), driven: Driven::new(view, client), ways }
    }

    /// Returns a power of two: every trial whose number it divides is played as a whole session. All of these together take about
    /// half as long as the draws.
    #[must_use]
    pub fn stride(&self) -> u64 {
        u64::try_from(self.params.N()).map_or(1 << 63, u64::next_power_of_two).max(16)
    }

    /// Plays a range of trials of a stage, and counts a success as a win.
    pub fn play(&mut self, stage: Stage, index: u32, server: &Server<'_>, trials: Range<u64>) -> Counts {
        let mut counts = Counts::default();
        let ways = match stage {
            Stage::NoPublic { .. } => Ways::default(),
            Stage::FewQueries { drawn } => Ways::new(self.params, self.most, drawn),
        };
        let others = self.stride() - 1;
        for trial in trials {
            let mut coins = server.streams.coins(Purpose::Mix, trial, index);
            let (success, needed) = match stage {
                Stage::NoPublic { drawn } => (self.no_public(drawn, &mut coins), Needed::PublicsRight),
                Stage::FewQueries { drawn } => (self.few_queries(drawn, &ways, &mut coins), Needed::Win),
            };
            self.deck.reset();
            let whole = trial & others == 0;
            let success = if whole { self.judged(needed, success, server, (trial, index)) } else { Some(success) };
            let outcome = success.map(|success| if success { Outcome::Win } else { Outcome::Caught(needed.missed()) });
            counts.add(Trial { outcome, events: Events { e_t: false, e_b: false } });
        }
        counts
    }

    /// Draws the first `drawn + 1` slots, all before the last without publics, and returns whether the last holds a query.
    fn no_public(&mut self, drawn: u32, coins: &mut impl Rng) -> bool {
        self.taken.clear();
        for _ in 0..drawn {
            let sample = self.free_copy(self.params.R(), 0, coins);
            self.take(sample);
        }
        let Some(next) = self.deck.draw(coins) else { return false };
        self.taken.push(next);
        matches!(next, Sample::Query { .. })
    }

    /// Draws the first `drawn + 1` slots, and returns whether no more than `i` queries are met. The names of queries do not
    /// matter, so those that are met are the first ones.
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
                Some(Sample::Query { query, copy }) => {
                    self.taken.push(Sample::Query { query: query.min(met), copy });
                    return query < met || met < self.most;
                }
                Some(Sample::Public { .. }) => {}
                None => return false,
            }
        }
    }

    /// Completes the session so that all touched slots but the last drawn favour the server, and returns the client's judgement;
    /// `None` if it differs from `success`.
    fn judged(&mut self, needed: Needed, success: bool, server: &Server<'_>, at: (u64, u32)) -> Option<bool> {
        let mut coins = server.streams.coins(Purpose::Completion, at.0, at.1);
        match needed {
            Needed::PublicsRight => self.without_publics(&mut coins),
            Needed::Win => self.whole_groups(success, &mut coins),
        }
        let judged = self.driven.judge(&self.taken, needed, server, at, &mut coins);
        judged.filter(|judged| *judged == success)
    }

    /// Fills the slots up to `k` with copies of any queries.
    fn without_publics(&mut self, coins: &mut impl Rng) {
        while self.taken.len() < self.k as usize {
            let sample = self.free_copy(self.params.R(), 0, coins);
            self.taken.push(sample);
        }
    }

    /// Fills the slots up to `k` by the law given that `i` queries are met in all. After a failure, the query that is one too
    /// many has just one copy.
    fn whole_groups(&mut self, success: bool, coins: &mut impl Rng) {
        let met = |sample: &Sample| match sample {
            Sample::Query { query, .. } => query + 1,
            Sample::Public { .. } => 0,
        };
        let mut met = self.taken.iter().map(met).max().unwrap_or(0).min(self.most);
        for before in (0..self.k).skip(self.taken.len()) {
            let new = success && self.ways.next_is_new(before, met, coins);
            let sample =
                if new { self.free_copy(u64::from(met) + 1, met, coins) } else { self.free_copy(met.into(), 0, coins) };
            met += u32::from(new);
            self.taken.push(sample);
        }
    }

    /// Draws a uniform copy of the queries `first..end` that is not taken yet.
    fn free_copy(&self, end: u64, first: u32, coins: &mut impl Rng) -> Sample {
        let [end, B] = [end, self.params.B()].map(in_32_bits);
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

/// The numbers of ways in which copies can be drawn in order, up to a number of slots, with no more than `i` queries met.
#[derive(Debug, Default)]
struct Ways {
    /// By slots drawn and queries met, the numbers of ways to go on with a copy of a query already met, and with one of a new
    /// query.
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

    /// Draws whether the next copy is of a new query. Coins are spent only where there is a choice.
    fn next_is_new(&self, drawn: u32, met: u32, coins: &mut impl Rng) -> bool {
        let [old, new] = &self.split[drawn as usize][met as usize];
        if *old == 0 || *new == 0 {
            return *old == 0;
        }
        uniform_integer_below(&Integer::from(old + new), coins) >= *old
    }
}

/// Draws a uniform number in `0..n` by rejection.
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
    use super::super::client::Answers;
    use super::*;
    use fusion_adversaries::behaviour::{Place, Scripted};
    use fusion_adversaries::script::Relabel;
    use fusion_adversaries::strategy::Act;
    use fusion_spec::bound::deviation::Deviation;
    use fusion_spec::mix::Permutation;
    use fusion_spec::verdict::{Label, Verdict};

    fn next_on(k: u32) -> Scripted {
        Scripted::single(Place::Random(k), Act::Relabel(Relabel::Next))
    }

    /// Where the rate can be counted, the product of the stages is the rate. Each stage is Bin(20,000, p): the sum of seven
    /// relative errors of at most 7 deviations stays within a fifth.
    #[test]
    fn the_product_of_the_stages_is_the_rate() {
        for (R, B, T, k) in [(8, 2, 4, 2), (8, 2, 4, 4), (3, 2, 1, 6), (4, 3, 0, 3), (2, 1, 2, 1), (5, 2, 2, 6)] {
            let params = Params::new(R, B, T, 0).expect("legal");
            let (strategy, view) = (next_on(k), View::new(params, 10).expect("legal"));
            let server = Server::new("test", 1, &strategy);
            let mut memory = Conditional::new(&view, k);
            let product: f64 = (0..)
                .zip(stages(params, k).expect("whole groups"))
                .map(|(index, stage)| {
                    let counts = memory.play(stage, index, &server, 0..20_000);
                    assert_eq!(counts.error, 0, "({R},{B},{T}) k={k}: {stage:?}");
                    f64::from(u32::try_from(counts.win).expect("small")) / 20_000.0
                })
                .product();
            let exact = Deviation::full(params, k.into()).map(|d| d.pr_win().expect("small").to_f64());
            let exact = exact.expect("fits");
            assert!((product / exact - 1.0).abs() < 0.2, "({R},{B},{T}) k={k}: {product} for {exact}");
        }
    }

    /// The specification's client after some answers were put right, so that it does not see them.
    fn blind(
        params: Params,
        mix: Permutation,
        known: Vec<Label>,
        told: &Answers,
        to: fn(Sample) -> bool,
    ) -> Option<Verdict> {
        let mut answers: Vec<Label> = told.labels().collect();
        let mut results = vec![None; answers.len()];
        for (sample, answer) in mix.samples().zip(&answers).filter(|(sample, _)| !to(*sample)) {
            if let Sample::Query { query, .. } = sample {
                results[query as usize] = Some(*answer);
            }
        }
        for (sample, answer) in mix.samples().zip(&mut answers).filter(|(sample, _)| to(*sample)) {
            match sample {
                Sample::Public { index } => *answer = known[index as usize],
                Sample::Query { query, .. } => *answer = results[query as usize].unwrap_or(Label(0)),
            }
        }
        specified(params, mix, known, &Answers::at_once(answers))
    }

    /// Clients that do not look at all that the specification's does err in 500 whole sessions of each stage of the published
    /// setting, also where they let a server win no more often. A stage of publics meets public 0 in one of 160 to 260 of them, a stage of
    /// copies a given query or a third copy in one of ten and more.
    #[test]
    fn clients_that_look_at_less_are_errors() {
        let clients: [(&str, ClientFn, bool); 7] = [
            ("as specified", specified, false),
            (
                "the first two copies",
                |p, m, k, a| blind(p, m, k, a, |s| matches!(s, Sample::Query { copy: 2.., .. })),
                true,
            ),
            (
                "all but the last copy",
                |p, m, k, a| blind(p, m, k, a, |s| matches!(s, Sample::Query { copy: 7, .. })),
                true,
            ),
            (
                "a made-up result for the last query",
                |p, m, k, a| blind(p, m, k, a, |s| matches!(s, Sample::Query { query: 7, .. })),
                true,
            ),
            // Where one query's copies are not compared, others disagree whenever a stage fails: at k = B this cannot show.
            (
                "the last query's first copy",
                |p, m, k, a| blind(p, m, k, a, |s| matches!(s, Sample::Query { query: 7, copy: 1.. })),
                false,
            ),
            ("all but public 0", |p, m, k, a| blind(p, m, k, a, |s| s == Sample::Public { index: 0 }), true),
            ("no public", |p, m, k, a| blind(p, m, k, a, |s| matches!(s, Sample::Public { .. })), true),
        ];
        let params = Params::new(8, 8, 100, 0).expect("legal");
        let (strategy, view) = (next_on(8), View::new(params, 10).expect("legal"));
        let server = Server::new("test", 1, &strategy);
        for (name, client, errs) in clients {
            let mut memory = Conditional::with(&view, 8, client);
            let most = 500 * memory.stride();
            let mut errors = 0;
            for (index, stage) in (0..).zip(stages(params, 8).expect("whole groups")) {
                // Only the whole sessions.
                for trial in (0..most).step_by(usize::try_from(memory.stride()).expect("small")) {
                    errors += memory.play(stage, index, &server, trial..trial + 1).error;
                }
            }
            assert_eq!(errors > 0, errs, "{name}: {errors}");
        }
    }

    /// A server that touches fewer slots than it says is an error, and no better rate.
    #[test]
    fn a_strategy_that_touches_other_slots_is_an_error() {
        let params = Params::new(8, 2, 4, 0).expect("legal");
        let (strategy, view) = (next_on(2), View::new(params, 10).expect("legal"));
        let server = Server::new("test", 1, &strategy);
        let counts = Conditional::new(&view, 4).play(Stage::NoPublic { drawn: 0 }, 0, &server, 0..1);
        assert_eq!(counts.error, 1);
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
