//! The verdicts on claims, and what the counts say about each.

use super::claims::{RateClaim, other_reasons, successes};
use super::entry::{Campaign, Entry};
use super::statement::Statement;
use crate::simulate::Counts;
use fusion_spec::evidence::{Clause, Decision, Evidence, PassRule, Tolerance};
use rug::Rational;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The verdict on a clause, a strategy or a campaign. The verdict on a strategy or a campaign is the worst of those on its parts,
/// where each of these is worse than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CampaignVerdict {
    /// Every claim holds.
    Pass,
    /// No claim is refuted, and some are still open.
    Inconclusive,
    /// Some claim is refuted.
    Refuted,
    /// Some trial ended in an error of this program, so the counts say nothing about the claims.
    Error,
}

impl CampaignVerdict {
    /// Returns the worst of several verdicts, or `Inconclusive` if there are none.
    #[must_use]
    pub fn worst(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts.into_iter().max().unwrap_or(Self::Inconclusive)
    }

    /// Returns the word that results use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Refuted => "refuted",
            Self::Error => "error",
        }
    }
}

impl From<Decision> for CampaignVerdict {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Pass => Self::Pass,
            Decision::Inconclusive => Self::Inconclusive,
            Decision::Refuted => Self::Refuted,
        }
    }
}

/// What the counts so far say about an entry's claims.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The counts, one for each counter of the entry.
    pub counts: Vec<Counts>,
    /// Whether a trial that was counted as something else turned out to be an error when it was played again.
    pub departed: bool,
    /// Where each claim stands, in order.
    pub claims: Vec<ClaimStanding>,
    /// Where the claims about `E_T` and `E_B` stand, where their rates are known.
    pub events: Vec<ClaimStanding>,
    /// The error probability of the interval around the winning rate, or around the rate of each of its stages.
    alpha: Rational,
    staged: bool,
}

/// What the counts so far say about one claim.
#[derive(Clone, Debug)]
pub struct ClaimStanding {
    /// The claim in the words of its script.
    pub statement: Statement,
    /// The claimed rate; `None` for a claim about reasons.
    pub expected: Option<Rational>,
    /// The number of trials with the event.
    pub count: u64,
    /// The number of trials that count for the claim.
    pub trials: u64,
    /// Whether the claim passes, is refuted, or stays open.
    pub decision: Decision,
    /// How near to the claim the interval must be for a pass: a share of the lesser of the claimed rate and its complement, or a difference where
    /// the claimed rate is 0 or 1.
    pub tolerance: Rational,
    alpha: Rational,
}

impl ClaimStanding {
    /// Whether the claim is that a rate is at most 1, which holds for every rate.
    #[must_use]
    pub fn says_nothing(&self) -> bool {
        self.statement.is_bound() && self.expected.as_ref().is_some_and(|bound| *bound == 1)
    }
}

impl Standing {
    /// Compares counts with an entry's claims.
    pub fn new(campaign: &Campaign, entry: &Entry, counts: Vec<Counts>) -> Self {
        if !entry.stages.is_empty() {
            return Self::of_stages(campaign, entry, counts);
        }
        let all = counts[0];
        let judge = Judge { rule: campaign.pass_rule(), alpha: &campaign.alpha, tolerance: &entry.tolerance };
        let rates = entry.claims.rates.iter().map(|claim| judge.rate(claim, &all));
        let only = entry.claims.only.as_ref().map(|only| {
            let never = Clause::Equals(Rational::new());
            let standing = judge.clause(Statement::ReasonsOnly, &never, other_reasons(only, &all), all.trials());
            ClaimStanding { expected: None, ..standing }
        });
        let claims = rates.chain(only).collect();
        let events = entry.claims.events.as_ref().map_or_else(Vec::new, |(e_t, e_b)| {
            let e_t = judge.clause(Statement::ET, &Clause::Equals(e_t.clone()), all.e_t, all.trials());
            let e_b = e_b
                .as_ref()
                .map(|e_b| judge.clause(Statement::EBGivenET, &Clause::Equals(e_b.clone()), all.e_t_and_e_b, all.e_t));
            std::iter::once(e_t).chain(e_b).collect()
        });
        Self { counts, departed: false, claims, events, alpha: campaign.alpha.clone(), staged: false }
    }

    /// Compares the counts of stages with an entry's claims. The rate is the product of the stages' rates, each tested at its
    /// share of the error probability.
    fn of_stages(campaign: &Campaign, entry: &Entry, counts: Vec<Counts>) -> Self {
        let alpha = Rational::from(&campaign.alpha / counts.len() as u64);
        let (count, trials) = (counts.iter().map(|stage| stage.win).sum(), counts.iter().map(Counts::trials).sum());
        let stages = Stages { counts: &counts, alpha: &alpha };
        let claims = entry.claims.rates.iter().map(|claim| {
            let decision = stages.decide(&claim.clause, &entry.tolerance);
            let (statement, expected, alpha) = (claim.statement.clone(), Some(claim.expected().clone()), alpha.clone());
            let tolerance = entry.tolerance.used_for(claim.expected()).clone();
            ClaimStanding { statement, expected, count, trials, decision, tolerance, alpha }
        });
        Self { claims: claims.collect(), departed: false, events: Vec::new(), counts, alpha, staged: true }
    }

    /// Returns the least and the greatest rate of a claim's event that the evidence does not exclude.
    #[must_use]
    pub fn interval_of(&self, claim: &ClaimStanding) -> (Rational, Rational) {
        if self.staged { self.interval() } else { interval(claim.trials, claim.count, &claim.alpha) }
    }

    /// Returns the least and the greatest winning rate that the evidence does not exclude.
    #[must_use]
    pub fn interval(&self) -> (Rational, Rational) {
        if self.staged {
            return Stages { counts: &self.counts, alpha: &self.alpha }.interval();
        }
        self.interval_at(self.counts[0].win)
    }

    /// Returns the least and the greatest rate that the evidence does not exclude for an event that `count` of all trials had.
    #[must_use]
    pub fn interval_at(&self, count: u64) -> (Rational, Rational) {
        interval(self.trials(), count, &self.alpha)
    }

    /// Returns the measured winning rate; `None` before the first trial.
    #[must_use]
    pub fn rate(&self) -> Option<Rational> {
        let rate = |stage: &Counts| (stage.trials() > 0).then(|| Rational::from((stage.win, stage.trials())));
        self.counts.iter().map(rate).product::<OptionProduct>().0
    }

    /// Returns the number of all trials.
    pub fn trials(&self) -> u64 {
        self.counts.iter().map(Counts::trials).sum()
    }

    /// Whether there are clauses and all of them are decided.
    #[must_use]
    pub fn is_decided(&self) -> bool {
        !self.claims.is_empty() && self.claims.iter().all(|claim| claim.decision != Decision::Inconclusive)
    }

    /// Returns the number of trials that ended in an error of this program.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.counts.iter().map(|counts| counts.error).sum()
    }

    /// Returns the verdict on the strategy. Any error decides it, `E_T` and `E_B` change it only if they are refuted, and zero
    /// trials decide nothing.
    #[must_use]
    pub fn verdict(&self) -> CampaignVerdict {
        let refuted = |claim: &ClaimStanding| claim.decision == Decision::Refuted;
        if self.departed || self.errors() > 0 {
            CampaignVerdict::Error
        } else if self.trials() == 0 {
            CampaignVerdict::Inconclusive
        } else if self.claims.iter().chain(&self.events).any(refuted) {
            CampaignVerdict::Refuted
        } else {
            self.claims.iter().map(|claim| claim.decision.into()).max().unwrap_or(CampaignVerdict::Pass)
        }
    }
}

/// A product that is unknown if one of its factors is.
struct OptionProduct(Option<Rational>);

impl std::iter::Product<Option<Rational>> for OptionProduct {
    fn product<I: Iterator<Item = Option<Rational>>>(mut factors: I) -> Self {
        Self(factors.try_fold(Rational::from(1), |product, factor| Some(product * factor?)))
    }
}

struct Judge<'a> {
    rule: PassRule,
    alpha: &'a Rational,
    tolerance: &'a Tolerance,
}

impl Judge<'_> {
    fn rate(&self, claim: &RateClaim, counts: &Counts) -> ClaimStanding {
        self.clause(claim.statement.clone(), &claim.clause, successes(claim.event, counts), counts.trials())
    }

    fn clause(&self, statement: Statement, clause: &Clause, count: u64, trials: u64) -> ClaimStanding {
        let (Clause::Equals(expected) | Clause::AtMost(expected)) = clause;
        let Self { rule, alpha, tolerance } = *self;
        let decision = Evidence::new(trials, count, alpha.clone())
            .map_or(Decision::Inconclusive, |evidence| evidence.decide_by(rule, clause, tolerance));
        let (alpha, tolerance) = (alpha.clone(), tolerance.used_for(expected).clone());
        ClaimStanding { statement, expected: Some(expected.clone()), count, trials, decision, tolerance, alpha }
    }
}

struct Stages<'a> {
    counts: &'a [Counts],
    alpha: &'a Rational,
}

impl Stages<'_> {
    /// Decides a clause by the product of the stages' intervals, whatever rule decides single rates: no likelihood ratio is known for a product.
    fn decide(&self, clause: &Clause, tolerance: &Tolerance) -> Decision {
        let (Clause::Equals(claimed) | Clause::AtMost(claimed)) = clause;
        let near = tolerance.around(claimed);
        let (least, most) = (Rational::from(claimed - &near), Rational::from(claimed + &near));
        if self.surely_open(claimed, &most) {
            return Decision::Inconclusive;
        }
        let (lower, upper) = self.interval();
        let equals = matches!(clause, Clause::Equals(_));
        if lower > *claimed || (equals && upper < *claimed) {
            Decision::Refuted
        } else if upper <= most && (!equals || lower >= least) {
            Decision::Pass
        } else {
            Decision::Inconclusive
        }
    }

    /// Whether one stage alone leaves the claim and its upper limit possible, with the other stages at their measured rates. Then
    /// the product of the intervals, which is wider, does so too, and need not be computed.
    fn surely_open(&self, claimed: &Rational, most: &Rational) -> bool {
        let measured = |stage: &Counts| Rational::from((stage.win, stage.trials().max(1)));
        if self.counts.iter().any(|stage| stage.win == 0) {
            return true;
        }
        let product: Rational = self.counts.iter().map(measured).product();
        self.counts.iter().any(|stage| {
            let others = &product / measured(stage);
            let evidence = Evidence::new(stage.trials(), stage.win, self.alpha.clone());
            let leaves = |rate: &Rational| {
                evidence.as_ref().is_ok_and(|evidence| evidence.contains(&Rational::from(rate / &others)))
            };
            leaves(claimed) && leaves(most)
        })
    }

    fn interval(&self) -> (Rational, Rational) {
        let ends = self.counts.iter().map(|stage| interval(stage.trials(), stage.win, self.alpha));
        ends.fold((Rational::from(1), Rational::from(1)), |(lower, upper), (lo, hi)| (lower * lo, upper * hi))
    }
}

fn interval(trials: u64, count: u64, alpha: &Rational) -> (Rational, Rational) {
    let evidence = Evidence::new(trials, count, alpha.clone());
    evidence.map_or_else(|_| (Rational::new(), Rational::from(1)), |evidence| evidence.interval())
}
