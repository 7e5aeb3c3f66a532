//! The rows that `sim sweep` writes: what each strategy's trials came to in each setting.

use super::result::{ExpectationDocument, Fraction, ResultDocument, StrategyDocument};
use crate::campaign::verdict::CampaignVerdict;
use crate::campaign::{Campaign, Entry, Statement};
use crate::sweep::Setting;
use fusion_adversaries::script::CountedEvent;
use fusion_spec::bound::bits::nearest;
use fusion_spec::params::Lambda;
use schemars::JsonSchema;
use serde::Serialize;

/// How often an event happened to a strategy in one setting, beside what is claimed of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SweepRow {
    /// The number of copies of each query.
    pub B: u64,
    /// The number of queries of a session.
    pub R: u64,
    /// The number of publics of a session.
    pub T: u64,
    /// The two-party protocols; `null` where no strategy is `real`.
    pub backend: Option<String>,
    /// The bytes that both parties send in an honest session, for each query; `null` where no strategy is `real`. By SPDZ they are with the set-up that each session makes.
    pub bytes_per_query: Option<f64>,
    /// The number of trials with the event.
    pub count: u64,
    /// The event: `win`, `accepted`, `harmless` or `caught`.
    pub event: &'static str,
    /// The claimed rate, or the exact one of an event of which nothing is claimed, a fraction; `null` where there is none.
    pub exact: Option<Fraction>,
    /// The same number as the nearest floating-point number.
    pub exact_decimal: Option<f64>,
    /// The greatest rate that the evidence does not exclude; `null` where nothing is claimed and the event is no win.
    pub high: Option<f64>,
    /// The number of inferences for each query, `(RB+T)/R`.
    pub inferences_per_query: f64,
    /// The security bits for which the parameters were chosen, where the sweep varies them.
    pub lambda: Option<u32>,
    /// The least rate that the evidence does not exclude.
    pub low: Option<f64>,
    /// The measured rate; `null` before the first trial, and for events other than wins where the rate is estimated stage by stage.
    pub rate: Option<f64>,
    /// Whether the claimed rate `equals` the true one or bounds it, `at_most`; `null` where nothing is claimed.
    pub relation: Option<&'static str>,
    /// The folder of the setting's run, below that of the sweep.
    pub run: String,
    /// The virtual seconds of an honest session over the script's network, for each query; `null` where no strategy is `real`.
    pub seconds_per_query: Option<f64>,
    /// The number of wrong publics that are tolerated.
    pub slack: u64,
    /// The strategy's name.
    pub strategy: String,
    /// The most that a server wins at these parameters by swapping in another function; `null` at a slack at which it is not computed.
    pub substitution: Option<f64>,
    /// The number of all trials.
    pub trials: u64,
    /// What the counts decide about the claim; `null` where nothing is claimed.
    pub verdict: Option<CampaignVerdict>,
}

impl SweepRow {
    /// The columns of [`SweepRow::csv`].
    pub const COLUMNS: &'static str = "R,B,T,slack,lambda,backend,strategy,event,count,trials,rate,low,high,relation,exact,exact_decimal,verdict,\
        inferences_per_query,substitution,bytes_per_query,seconds_per_query,run";

    /// Makes the rows of a setting from its campaign and the result of its run: four for each strategy. What the script claims nothing of is compared with
    /// nothing, and has its exact rate where there is one.
    #[must_use]
    pub fn of(setting: &Setting, campaign: &Campaign, result: &ResultDocument, run: &str) -> Vec<Self> {
        let rows = |(entry, strategy): (&Entry, &StrategyDocument)| {
            Statement::EVENTS.map(|event| {
                let claim = strategy.expectations.iter().find(|claim| claim.clause.subject() == event.name());
                let exact = match claim {
                    Some(claim) => claim.standing.expected.clone(),
                    None => campaign.exact(entry, event).map(Fraction),
                };
                Self {
                    exact_decimal: exact.as_ref().map(|exact| nearest(&exact.0)),
                    exact,
                    ..Self::measured(setting, result, run, strategy, (event, claim))
                }
            })
        };
        campaign.entries.iter().zip(&result.strategies).flat_map(rows).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "costs and counts are shown")]
    fn measured(
        setting: &Setting,
        result: &ResultDocument,
        run: &str,
        strategy: &StrategyDocument,
        (event, claim): (CountedEvent, Option<&ExpectationDocument>),
    ) -> Self {
        let params = setting.params;
        let count = match event {
            CountedEvent::Win => strategy.win,
            CountedEvent::Accepted => strategy.accepted,
            CountedEvent::Harmless => strategy.harmless,
            CountedEvent::Caught => strategy.caught,
        };
        // Stages estimate the rate of wins alone.
        let counted = strategy.trials > 0 && strategy.estimator.is_none();
        let interval = match claim {
            Some(claim) => Some(claim.standing.interval),
            None => (event == CountedEvent::Win).then_some(strategy.interval),
        };
        let each = |whole: f64| whole / params.R() as f64;
        let bytes = result.cost.as_ref().map(|cost| each((cost.client_sent_bytes + cost.server_sent_bytes) as f64));
        let relation = match claim.map(|claim| &claim.clause) {
            Some(Statement::Rate { relation, .. }) => Some(relation.name()),
            _ => None,
        };
        Self {
            B: params.B(),
            R: params.R(),
            T: params.T(),
            backend: result.backend.clone(),
            bytes_per_query: bytes,
            count,
            event: event.name(),
            exact: None,
            exact_decimal: None,
            high: interval.map(|[_, high]| high),
            inferences_per_query: nearest(&params.cost()),
            lambda: setting.lambda.map(Lambda::bits),
            low: interval.map(|[low, _]| low),
            rate: match event {
                CountedEvent::Win => strategy.rate,
                _ => counted.then(|| count as f64 / strategy.trials as f64),
            },
            relation,
            run: run.into(),
            seconds_per_query: result.cost.as_ref().map(|cost| each(cost.virtual_s)),
            slack: params.slack(),
            strategy: strategy.name.clone(),
            substitution: result.substitution.map(|most| most.rate[1]),
            trials: strategy.trials,
            verdict: claim.map(|claim| claim.standing.verdict),
        }
    }

    /// Returns the row as a line of CSV, with nothing where there is no value. No field has a comma or a quote in it.
    #[must_use]
    pub fn csv(&self) -> String {
        fn or_nothing<T: ToString>(value: Option<T>) -> String {
            value.map_or_else(String::new, |value| value.to_string())
        }
        let Self { B, R, T, slack, strategy, event, count, trials, run, .. } = self;
        let exact = self.exact.as_ref().map(|exact| &exact.0);
        let (lambda, backend, relation) =
            (or_nothing(self.lambda), or_nothing(self.backend.as_ref()), or_nothing(self.relation));
        let [rate, low, high] = [self.rate, self.low, self.high].map(or_nothing);
        let (exact, decimal, verdict) =
            (or_nothing(exact), or_nothing(self.exact_decimal), or_nothing(self.verdict.map(CampaignVerdict::name)));
        let [most, bytes, seconds] = [self.substitution, self.bytes_per_query, self.seconds_per_query].map(or_nothing);
        let each = self.inferences_per_query;
        format!(
            "{R},{B},{T},{slack},{lambda},{backend},{strategy},{event},{count},{trials},{rate},{low},{high},{relation},{exact},{decimal},{verdict},\
             {each},{most},{bytes},{seconds},{run}"
        )
    }
}
