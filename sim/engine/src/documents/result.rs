//! `result.json`: the result of a campaign.

use super::cost::CostDocument;
use super::headline::{FormulaDocument, GoalDocument};
use super::substitution::SubstitutionDocument;
use crate::campaign::accuracy::{ModelAccuracy, PublicsKept};
use crate::campaign::next::MoreTrials;
use crate::campaign::run::{Finished, StoppedBy};
use crate::campaign::verdict::{CampaignVerdict, ClaimStanding, Standing};
use crate::campaign::{Campaign, Entry, Statement};
use crate::failure::Failure;
use crate::simulate::Counts;
use fusion_adversaries::strategy::Hypothesis;
use fusion_spec::bound::bits::nearest;
use fusion_spec::verdict::Reason;
use rug::Rational;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::path::Path;

/// The content of `result.json`, and the last line of `sim attack --json`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ResultDocument {
    /// The number of copies of each query; `null`, as the other parameters, in results from before 2026-11-27.
    #[serde(default)]
    pub B: Option<u64>,
    /// The number of queries of a session.
    #[serde(default)]
    pub R: Option<u64>,
    /// The number of publics of a session.
    #[serde(default)]
    pub T: Option<u64>,
    /// The accuracy of each model on the data, the honest one first; empty where every strategy is `plain`.
    #[serde(default)]
    pub accuracy: Vec<ModelAccuracy>,
    /// The error probability of each clause.
    pub alpha: f64,
    /// The two-party protocols; `null` where no strategy is `real`.
    #[serde(default)]
    pub backend: Option<String>,
    /// The cost of one honest session; `null` where no strategy is `real`.
    pub cost: Option<CostDocument>,
    /// The bugs of this program that the campaign found.
    #[serde(default)]
    pub errors: Vec<Fault>,
    /// The kind of the event, which is always `result`.
    pub event: ResultTag,
    /// Whether the measured rates agree with the claimed ones; `null` in results from before 2026-11-27.
    #[serde(default)]
    pub formula: Option<FormulaDocument>,
    /// The goals of the script, and how far its parameters reach.
    #[serde(default)]
    pub goals: Vec<GoalDocument>,
    /// The campaign's name; empty in results from before 2026-11-27.
    #[serde(default)]
    pub name: String,
    /// The limits with which the campaign, when it is continued, has the trials that open claims need; `null` unless the verdict is
    /// `inconclusive`, and where the campaign was interrupted.
    #[serde(default)]
    pub next: Option<MoreTrials>,
    /// How many samples are kept as publics; `null` where every strategy is `plain`.
    #[serde(default)]
    pub publics_kept: Option<PublicsKept>,
    /// The run's folder.
    pub run_dir: String,
    /// The seed that decides every draw.
    #[serde(default)]
    pub seed: Option<u64>,
    /// The number of wrong publics that are tolerated.
    #[serde(default)]
    pub slack: Option<u64>,
    /// The strategies in script order, the honest control first.
    pub strategies: Vec<StrategyDocument>,
    /// The most that a server wins at these parameters by swapping in another function; `null` at a slack at which it is not computed.
    #[serde(default)]
    pub substitution: Option<SubstitutionDocument>,
    /// The worst verdict of the strategies.
    pub verdict: CampaignVerdict,
    /// What looks wrong about the models and the data, in words.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// The word `result`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub enum ResultTag {
    /// The word `result`, which is the only value.
    #[serde(rename = "result")]
    Result,
}

/// A finding that only a bug of this program can explain.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    /// The strategy that showed it.
    pub strategy: String,
    /// What is wrong, in words.
    pub says: String,
    /// The command that shows it again; `null` where no trial does.
    pub replay: Option<String>,
}

/// The result of a strategy.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StrategyDocument {
    /// The number of trials that the client accepted.
    pub accepted: u64,
    /// The number of trials that the client rejected.
    pub caught: u64,
    /// The number of trials that ended in an error of this program.
    pub error: u64,
    /// The word `conditional` where the rate is estimated stage by stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimator: Option<StagedTag>,
    /// The events `E_T` and `E_B`, where their exact rates are known.
    pub events: EventsDocument,
    /// The script's clauses on the strategy.
    pub expectations: Vec<ExpectationDocument>,
    /// The number of trials that the client accepted with every answer right.
    pub harmless: u64,
    /// The hypotheses of the theorem that the strategy violates.
    pub hypotheses: Vec<Hypothesis>,
    /// The least and the greatest rate of wins that the evidence does not exclude.
    pub interval: [f64; 2],
    /// The strategy's name.
    pub name: String,
    /// The measured rate of wins; `null` before the first trial.
    pub rate: Option<f64>,
    /// The number of rejections for each reason.
    pub reasons: ReasonCounts,
    /// The stages of a rate that is estimated stage by stage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageDocument>,
    /// Why the trials ended.
    pub stopped_by: StoppedBy,
    /// The number of all trials.
    pub trials: u64,
    /// The strategy's verdict: the worst of what the counts say about the claims.
    pub verdict: CampaignVerdict,
    /// The number of trials that the client accepted with a wrong answer.
    pub win: u64,
}

/// The word `conditional`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub enum StagedTag {
    /// The word `conditional`, which is the only value.
    #[serde(rename = "conditional")]
    Conditional,
}

/// A clause, and what the counts say about it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ExpectationDocument {
    /// The clause, such as `win equals spec`.
    pub clause: Statement,
    /// The claimed rate beside the counts.
    #[serde(flatten)]
    pub standing: StandingDocument,
    /// How near the measured rate must be to the claimed one for a pass, as a share of the claimed rate.
    pub within: f64,
}

/// The two events of the theorem. Each is absent where its exact rate is not known.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct EventsDocument {
    /// `E_B` among the trials with `E_T`: the touched slots that hold queries are all copies of one or more queries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e_b: Option<StandingDocument>,
    /// `E_T`: no more publics are touched than the slack tolerates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e_t: Option<StandingDocument>,
}

/// A claimed rate beside its counts.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StandingDocument {
    /// The number of trials with the event.
    pub count: u64,
    /// The claimed rate, an exact fraction; `null` for a clause on reasons.
    pub expected: Option<Fraction>,
    /// The claimed rate as the nearest floating-point number; `null` for a clause on reasons, and in results from before 2026-11-27.
    #[serde(default)]
    pub expected_decimal: Option<f64>,
    /// The least and the greatest rate that the evidence does not exclude.
    pub interval: [f64; 2],
    /// How near to the claim the interval must be for a pass: a share of the lesser of the claimed rate and its complement, or a difference where
    /// the claimed rate is 0 or 1; `null` in results from before 2026-11-27.
    #[serde(default)]
    pub tolerance: Option<f64>,
    /// The number of trials that count for the claim.
    pub trials: u64,
    /// What the counts decide about the claim.
    pub verdict: CampaignVerdict,
}

/// The number of rejections for each reason. A reason that did not occur is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ReasonCounts {
    /// Rejections because a proof that an active mode asks of the server does not hold.
    #[serde(skip_serializing_if = "is_zero")]
    pub cheating: u64,
    /// Rejections because copies of a query came back with different answers.
    #[serde(skip_serializing_if = "is_zero")]
    pub copies_disagree: u64,
    /// Rejections because the server sent something that is no answer.
    #[serde(skip_serializing_if = "is_zero")]
    pub malformed: u64,
    /// Rejections because the server was gone before all answers were in.
    #[serde(skip_serializing_if = "is_zero")]
    pub peer_gone: u64,
    /// Rejections because too many publics came back wrong.
    #[serde(skip_serializing_if = "is_zero")]
    pub public_wrong: u64,
}

/// A stage of a rate that is estimated stage by stage.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StageDocument {
    /// The stage's name.
    pub name: String,
    /// The number of the stage's draws that succeeded.
    pub successes: u64,
    /// The number of the stage's draws.
    pub trials: u64,
}

/// An exact number, written as a fraction such as `4/95`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fraction(pub Rational);

impl ResultDocument {
    /// Makes the result of a campaign whose run is in this folder.
    ///
    /// # Errors
    /// [`Failure::Usage`] if a rate that a goal is about is too long to be computed.
    pub fn new(
        campaign: &Campaign,
        finished: &[Finished],
        errors: Vec<Fault>,
        cost: Option<CostDocument>,
        folder: &Path,
    ) -> Result<Self, Failure> {
        let pairs = campaign.entries.iter().zip(finished);
        let strategies: Vec<_> = pairs.map(|(entry, finished)| StrategyDocument::new(entry, finished)).collect();
        let formula = formula(&strategies);
        let (script, params) = (&campaign.script, campaign.view.params);
        let (accuracy, publics_kept) = campaign.accuracies.clone().map(|found| (found.models, found.publics)).unzip();
        Ok(Self {
            B: Some(params.B()),
            R: Some(params.R()),
            T: Some(params.T()),
            accuracy: accuracy.into_iter().flatten().collect(),
            alpha: nearest(&campaign.alpha),
            backend: campaign.is_at_real().then(|| script.backend.name().into()),
            cost,
            errors,
            event: ResultTag::Result,
            verdict: formula.verdict,
            formula: Some(formula),
            goals: GoalDocument::all(script, params)?,
            name: script.name.clone(),
            next: MoreTrials::new(campaign, finished)?,
            publics_kept,
            run_dir: folder.display().to_string(),
            seed: Some(script.trials.seed),
            slack: Some(params.slack()),
            strategies,
            substitution: SubstitutionDocument::new(params),
            warnings: campaign.warnings.iter().map(|warning| warning.message.clone()).collect(),
        })
    }
}

/// Makes the headline of all strategies of a campaign.
fn formula(strategies: &[StrategyDocument]) -> FormulaDocument {
    let passes = |strategy: &&StrategyDocument| strategy.verdict == CampaignVerdict::Pass;
    let claimed = strategies.iter().filter(|strategy| !strategy.expectations.is_empty() || !passes(strategy));
    FormulaDocument {
        agree: claimed.clone().filter(passes).count(),
        of: claimed.count(),
        verdict: CampaignVerdict::worst(strategies.iter().map(|strategy| strategy.verdict)),
        within: strategies.iter().filter_map(StrategyDocument::loosest).max_by(f64::total_cmp),
    }
}

impl StrategyDocument {
    fn new(entry: &Entry, Finished { standing, stopped_by }: &Finished) -> Self {
        let total = Counts::total(&standing.counts);
        let expectation = |claim: &ClaimStanding| ExpectationDocument {
            clause: claim.statement.clone(),
            standing: StandingDocument::new(standing, claim),
            within: nearest(&entry.tolerance.relative),
        };
        Self {
            accepted: total.accepted(),
            caught: total.caught(),
            error: total.error,
            estimator: (!entry.stages.is_empty()).then_some(StagedTag::Conditional),
            events: EventsDocument::new(standing),
            expectations: standing.claims.iter().map(expectation).collect(),
            harmless: total.harmless,
            hypotheses: entry.claims.breaks.clone(),
            interval: ends(&standing.interval()),
            name: entry.name.clone(),
            rate: standing.rate().map(|rate| nearest(&rate)),
            reasons: ReasonCounts::new(&total),
            stages: stages(entry, standing),
            stopped_by: *stopped_by,
            trials: standing.trials(),
            verdict: standing.verdict(),
            win: total.win,
        }
    }
}

impl StrategyDocument {
    /// Returns the greatest tolerance with which a claim on the strategy has passed, apart from claims that say nothing; `None` if none has, and in
    /// results from before 2026-11-27.
    #[must_use]
    pub fn loosest(&self) -> Option<f64> {
        let passed = |claim: &&ExpectationDocument| claim.standing.verdict == CampaignVerdict::Pass;
        let claims = self.expectations.iter().filter(passed).filter(|claim| !claim.says_nothing());
        claims.filter_map(|claim| claim.standing.tolerance).max_by(f64::total_cmp)
    }
}

impl ExpectationDocument {
    fn says_nothing(&self) -> bool {
        self.clause.is_bound() && self.standing.expected.as_ref().is_some_and(|bound| bound.0 == 1)
    }
}

fn stages(entry: &Entry, standing: &Standing) -> Vec<StageDocument> {
    let stages = entry.stages.iter().zip(&standing.counts);
    stages
        .map(|(stage, counts)| StageDocument { name: stage.name(), successes: counts.win, trials: counts.trials() })
        .collect()
}

impl EventsDocument {
    fn new(standing: &Standing) -> Self {
        let document = |wanted: &Statement| {
            let claim = standing.events.iter().find(|claim| claim.statement == *wanted)?;
            Some(StandingDocument::new(standing, claim))
        };
        Self { e_b: document(&Statement::EBGivenET), e_t: document(&Statement::ET) }
    }
}

impl StandingDocument {
    fn new(standing: &Standing, claim: &ClaimStanding) -> Self {
        Self {
            count: claim.count,
            expected: claim.expected.clone().map(Fraction),
            expected_decimal: claim.expected.as_ref().map(nearest),
            interval: ends(&standing.interval_of(claim)),
            tolerance: Some(nearest(&claim.tolerance)),
            trials: claim.trials,
            verdict: claim.decision.into(),
        }
    }
}

impl ReasonCounts {
    fn new(counts: &Counts) -> Self {
        let mut reasons = Self::default();
        for (reason, count) in Reason::ALL.into_iter().zip(counts.caught) {
            *match reason {
                Reason::PublicWrong => &mut reasons.public_wrong,
                Reason::CopiesDisagree => &mut reasons.copies_disagree,
                Reason::Malformed => &mut reasons.malformed,
                Reason::PeerGone => &mut reasons.peer_gone,
                Reason::Cheating => &mut reasons.cheating,
            } = count;
        }
        reasons
    }

    /// Returns every reason with its count, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (Reason, u64)> {
        let Self { cheating, copies_disagree, malformed, peer_gone, public_wrong } = *self;
        [
            (Reason::Cheating, cheating),
            (Reason::CopiesDisagree, copies_disagree),
            (Reason::Malformed, malformed),
            (Reason::PeerGone, peer_gone),
            (Reason::PublicWrong, public_wrong),
        ]
        .into_iter()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn ends((lower, upper): &(Rational, Rational)) -> [f64; 2] {
    [nearest(lower), nearest(upper)]
}

impl Serialize for Fraction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Fraction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| de::Error::custom(format_args!("{text:?} is no fraction")))
    }
}

impl JsonSchema for Fraction {
    fn schema_name() -> Cow<'static, str> {
        "Fraction".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]+(/[0-9]+)?$", "description": "an exact fraction such as 4/95" })
    }
}
