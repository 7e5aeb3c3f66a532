//! The page on one run.

use super::cost::Spending;
use super::figures::{self, Form, Scene};
use super::hypotheses::{Condition, Stated, conditions, stated};
use super::plot::{Claimed, Plot, Rate, absolute, first_rate, relative};
use super::run::Run;
use super::sequence::{Sequence, sequences};
use crate::answers::substitution::sentence;
use crate::answers::{accuracy, headline};
use crate::text::{self, interval, percent, probability};
use fusion_adversaries::script::{HONEST, Script, StrategySection};
use fusion_engine::campaign::verdict::CampaignVerdict;
use fusion_engine::documents::headline::GoalDocument;
use fusion_engine::documents::replay::ReplayDocument;
use fusion_engine::documents::result::{Fault, StageDocument, StandingDocument, StrategyDocument};
use fusion_engine::documents::substitution::SubstitutionDocument;
use fusion_engine::failure::Failure;
use fusion_spec::bound::bits::nearest;
use fusion_spec::bound::report::Report;
use rug::Rational;
use serde::Serialize;

/// The values that the template of a run reads.
#[derive(Debug, Serialize)]
pub struct RunPage {
    name: String,
    about: Option<String>,
    verdict: Badge,
    /// Whether the formulas hold; empty for results from before there was this headline.
    formula: String,
    goals: Vec<GoalRow>,
    meaning: String,
    /// The command that continues an inconclusive campaign.
    next: Option<String>,
    warnings: Vec<String>,
    errors: Vec<Wrong>,
    parameters: Vec<Fact>,
    accuracy: Option<String>,
    substitution: String,
    overview: Plot,
    /// The address from which the overview is saved as SVG, if there is room for one.
    overview_svg: Option<String>,
    hypotheses: [Stated; 9],
    strategies: Vec<Card>,
    cost: Option<Spending>,
    sequences: Vec<Sequence>,
    origin: Vec<Fact>,
    commands: Vec<String>,
    script: String,
}

/// A row with a name and a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// The name on the left.
    pub name: &'static str,
    /// The value on the right.
    pub value: String,
}

/// A verdict as a word, a sign and a colour.
#[derive(Clone, Debug, Serialize)]
pub struct Badge {
    word: String,
    class: &'static str,
    sign: &'static str,
}

/// A bug of this program that the run has shown.
#[derive(Debug, Serialize)]
struct Wrong {
    strategy: String,
    says: String,
    replay: Option<String>,
}

/// A goal of the script in words; `met` is missing where the script states none.
#[derive(Debug, Serialize)]
struct GoalRow {
    statement: String,
    met: Option<bool>,
}

#[derive(Debug, Serialize)]
struct Card {
    name: String,
    about: Option<String>,
    does: Option<String>,
    verdict: Badge,
    trials: u64,
    stopped_by: String,
    outcomes: Vec<OutcomeShare>,
    rows: Vec<ClaimRow>,
    plot: Option<Plot>,
    /// The address from which the plot is saved as SVG.
    plot_svg: Option<String>,
    stages: Vec<StageRow>,
    hypotheses: Vec<Condition>,
    replays: Vec<ReplayLine>,
}

/// The share of trials with one outcome.
#[derive(Debug, Serialize)]
struct OutcomeShare {
    name: String,
    count: u64,
    percent: String,
    width: f64,
    class: &'static str,
}

#[derive(Debug, Serialize)]
struct ClaimRow {
    of: String,
    trials: u64,
    count: String,
    rate: String,
    interval: String,
    exact: String,
    decimal: Option<String>,
    verdict: Badge,
}

#[derive(Debug, Serialize)]
struct StageRow {
    name: String,
    trials: u64,
    successes: u64,
    rate: String,
}

#[derive(Debug, Serialize)]
struct ReplayLine {
    outcome: String,
    command: String,
}

impl RunPage {
    /// Formats a run for its page.
    ///
    /// # Errors
    /// [`Failure::Usage`] if the exact security of its parameters is too long to be computed.
    pub fn new(run: &Run) -> Result<Self, Failure> {
        let rates: Vec<Rate> = run.result.strategies.iter().map(first_rate).collect();
        let overview = absolute(&rates);
        let script = text::shell(&run.folder.join("script.yaml"));
        Ok(Self {
            name: run.script.name.clone(),
            about: run.script.about.clone(),
            verdict: Badge::of_run(run),
            formula: run.result.formula.as_ref().map_or_else(String::new, headline::formula),
            goals: goals(run)?,
            meaning: meaning(run),
            next: headline::next(&run.result, &run.folder),
            warnings: run.result.warnings.clone(),
            errors: run.result.errors.iter().map(Wrong::from).collect(),
            parameters: parameters(run)?,
            accuracy: accuracy::sentence(&run.result.accuracy, run.result.publics_kept.as_ref()),
            substitution: sentence(SubstitutionDocument::new(run.params).as_ref()),
            overview_svg: figures::rates(&overview, Form::OF_PAGES).map(|scene| figures::link(&scene)),
            overview,
            hypotheses: stated(run),
            strategies: run.result.strategies.iter().map(|strategy| Card::new(run, strategy)).collect(),
            cost: run.result.cost.as_ref().map(|cost| Spending::new(cost, network(&run.script), run.script.backend)),
            sequences: sequences(run),
            origin: origin(run),
            commands: vec![format!("sim attack {script}"), format!("sim report {}", text::shell(&run.folder))],
            script: run.script_text.clone(),
        })
    }
}

impl RunPage {
    /// Returns the plots of the page, each with a name for its file; `None` in place of one that has no room.
    pub fn drawings(&self, form: Form) -> Vec<(String, Option<Scene>)> {
        let overview = ("measured-against-exact".into(), figures::rates(&self.overview, form));
        let card = |card: &Card| Some((format!("strategy-{}", card.name), figures::rates(card.plot.as_ref()?, form)));
        std::iter::once(overview).chain(self.strategies.iter().filter_map(card)).collect()
    }
}

/// Returns the goals of a run's script, or a row that says that there are none.
fn goals(run: &Run) -> Result<Vec<GoalRow>, Failure> {
    let goals = GoalDocument::all(&run.script, run.params)?;
    if goals.is_empty() {
        return Ok(vec![GoalRow { statement: headline::no_goal(run.params)?, met: None }]);
    }
    Ok(goals.iter().map(|goal| GoalRow { statement: headline::goal(goal), met: Some(goal.met) }).collect())
}

impl From<&Fault> for Wrong {
    fn from(Fault { strategy, says, replay }: &Fault) -> Self {
        Self { strategy: strategy.clone(), says: says.clone(), replay: replay.clone() }
    }
}

/// Returns one sentence on the verdict, and one on the chance that it is wrong.
fn meaning(run: &Run) -> String {
    let names = |verdict: CampaignVerdict| {
        let with = run.result.strategies.iter().filter(|strategy| strategy.verdict == verdict);
        with.map(|strategy| strategy.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let within = format!("{}%", nearest(&Rational::from(&run.script.test.within.0 * 100)));
    let alarm = total_alarm(run);
    let alpha = &run.result.alpha;
    match run.result.verdict {
        CampaignVerdict::Error => format!(
            "A bug of sim, please report it: trials of {} ended in an error of ours. Whatever was counted says nothing about the claims.",
            names(CampaignVerdict::Error)
        ),
        CampaignVerdict::Pass => format!(
            "Every strategy does what is claimed of it: each rate that is claimed exactly is within {within} of the smaller of it and its \
             complement (where that is 0, within 0.001, or {within} at real), and no bound is exceeded by more than that. \
             A claim that is further off than that would have passed with a probability of at most {alpha:.1e}."
        ),
        CampaignVerdict::Refuted => format!(
            "The claims on {} are refuted: a hypothesis, a formula or the simulated system is not what it is said to be. \
             The chance that a campaign of true claims only comes to this is at most {alarm:.1e}.",
            names(CampaignVerdict::Refuted)
        ),
        CampaignVerdict::Inconclusive => format!(
            "Nothing is refuted, but the claims cannot be decided yet for: {}. More trials may decide them. \
             The chance that any true claim is refuted stays below {alarm:.1e}, however long it goes on.",
            names(CampaignVerdict::Inconclusive)
        ),
    }
}

/// Returns the chance that any true claim is refuted: the script's `false_alarm` for its clauses, and in addition a clause's
/// share for each event whose rate is strictly between 0 and 1.
fn total_alarm(run: &Run) -> f64 {
    let events = run.result.strategies.iter().flat_map(|strategy| [&strategy.events.e_t, &strategy.events.e_b]);
    let events = events.flatten();
    let uncertain = |event: &&StandingDocument| event.expected.as_ref().is_some_and(|rate| rate.0 > 0 && rate.0 < 1);
    #[expect(clippy::cast_precision_loss, reason = "a few events for each strategy")]
    let tests = events.filter(uncertain).count() as f64;
    nearest(&run.script.test.false_alarm.0) + tests * run.result.alpha
}

/// Returns the parameters of a run.
pub fn parameters(run: &Run) -> Result<Vec<Fact>, Failure> {
    let (params, script) = (run.params, &run.script);
    let bits = Report::correctness(params).map_err(Failure::usage)?.bits();
    let fact = |name, value| Fact { name, value };
    let cost = params.cost();
    Ok(vec![
        fact("queries R", params.R().to_string()),
        fact("copies B", params.B().to_string()),
        fact("publics T", params.T().to_string()),
        fact("slack", params.slack().to_string()),
        fact("slots N", params.N().to_string()),
        fact("inferences per query", format!("{:.2}", nearest(&cost))),
        fact("correctness", format!("{} bits", text::bits(Some(bits)))),
        fact("fidelity", script.fidelity.value.name().into()),
        fact("seed", script.trials.seed.to_string()),
    ])
}

/// Returns what made the run.
pub fn origin(run: &Run) -> Vec<Fact> {
    let made = &run.environment;
    let fact = |name, value: &str| Fact { name, value: value.into() };
    vec![
        fact("run", &run.folder.display().to_string()),
        fact("campaign", &made.id),
        fact("made", &made.created),
        fact("version", &format!("sim {}, semantics {}", made.version, made.semantics)),
        fact("commit", made.commit.as_deref().unwrap_or("not built from a checkout")),
        fact("on", &format!("{} {}", made.os, made.arch)),
    ]
}

fn network(script: &Script) -> String {
    serde_json::to_value(script.network)
        .map_or_else(|_| String::new(), |value| value.as_str().map_or_else(|| value.to_string(), str::to_string))
}

impl From<CampaignVerdict> for Badge {
    fn from(verdict: CampaignVerdict) -> Self {
        let (class, sign) = match verdict {
            CampaignVerdict::Pass => ("good", "✓"),
            CampaignVerdict::Refuted => ("bad", "✗"),
            CampaignVerdict::Error => ("bad", "!"),
            CampaignVerdict::Inconclusive => ("open", "?"),
        };
        Self { word: verdict.name().into(), class, sign }
    }
}

impl Badge {
    /// Returns the badge of a verdict, which names the tolerance of a pass where that is wide.
    fn within(verdict: CampaignVerdict, tolerance: Option<f64>) -> Self {
        Self { word: headline::verdict(verdict, tolerance), ..Self::from(verdict) }
    }

    /// Returns the badge of a whole run.
    pub fn of_run(run: &Run) -> Self {
        Self::within(run.result.verdict, run.result.formula.as_ref().and_then(|formula| formula.within))
    }

    /// Returns the badge of a rate about which nothing is claimed.
    fn measured() -> Self {
        Self { word: "measured".into(), class: "plain", sign: "•" }
    }

    /// Returns the badge of an event of the theorem: its verdict or, of one that never happens or always does, that there was no exception.
    fn of_event(standing: &StandingDocument) -> Self {
        let StandingDocument { count, trials, verdict, tolerance, .. } = *standing;
        let certain = |exact: u32| standing.expected.as_ref().is_some_and(|rate| rate.0 == exact);
        let word = match verdict {
            CampaignVerdict::Inconclusive if certain(0) && count == 0 => "never, as it must",
            CampaignVerdict::Inconclusive if certain(1) && count == trials => "always, as it must",
            _ => return Self::within(verdict, tolerance),
        };
        Self { word: word.into(), class: "plain", sign: "•" }
    }

    /// Returns a strategy's badge: its verdict, or `measured` if nothing is claimed and nothing went wrong.
    pub fn of(strategy: &StrategyDocument) -> Self {
        if strategy.expectations.is_empty() && strategy.verdict == CampaignVerdict::Pass {
            Self::measured()
        } else {
            Self::within(strategy.verdict, strategy.loosest())
        }
    }
}

impl Card {
    fn new(run: &Run, strategy: &StrategyDocument) -> Self {
        let section = run.script.strategies.iter().find(|section| section.name == strategy.name);
        let claims = strategy.expectations.iter().map(Claimed::from);
        let events = [("E_T", &strategy.events.e_t), ("E_B given E_T", &strategy.events.e_b)].into_iter();
        let events = events.filter_map(|(label, standing)| {
            Some(Claimed { label: label.into(), bound: false, event: true, standing: standing.as_ref()? })
        });
        let claims: Vec<Claimed<'_>> = claims.chain(events).collect();
        let rates: Vec<Rate> = claims.iter().map(Claimed::rate).collect();
        let staged = !strategy.stages.is_empty();
        let rates = if staged { vec![Rate { label: "wins".into(), ..first_rate(strategy) }] } else { rates };
        let plot = relative(&rates, nearest(&run.script.test.within.0));
        Self {
            name: strategy.name.clone(),
            about: about(section, &strategy.name),
            does: section.and_then(does),
            verdict: Badge::of(strategy),
            trials: strategy.trials,
            stopped_by: strategy.stopped_by.name().into(),
            outcomes: if staged { Vec::new() } else { outcomes(strategy) },
            rows: rows(strategy, &claims),
            plot_svg: plot.as_ref().and_then(|plot| Some(figures::link(&figures::rates(plot, Form::OF_PAGES)?))),
            plot,
            stages: strategy.stages.iter().map(StageRow::from).collect(),
            hypotheses: conditions(run, strategy),
            replays: replays(run, strategy),
        }
    }
}

fn about(section: Option<&StrategySection>, name: &str) -> Option<String> {
    let control = || (name == HONEST).then(|| "The control: a server that does what it should.".into());
    section.and_then(|section| section.about.clone()).or_else(control)
}

/// Returns the strategy as its script describes it, without what the card shows elsewhere.
fn does(section: &StrategySection) -> Option<String> {
    let section = StrategySection { about: None, ..section.clone() };
    section.to_yaml().ok()
}

fn outcomes(strategy: &StrategyDocument) -> Vec<OutcomeShare> {
    let accepted = [("win", strategy.win, "bad"), ("harmless", strategy.harmless, "good")];
    let accepted = accepted.map(|(name, count, class)| (name.to_string(), count, class));
    let caught = strategy
        .reasons
        .iter()
        .map(|(reason, count)| (format!("caught: {}", reason.name().replace('_', " ")), count, "caught"));
    let error = ("error, ours".to_string(), strategy.error, "bad");
    let all = accepted.into_iter().chain(caught).chain([error]).filter(|(_, count, _)| *count > 0);
    let share = |(name, count, class): (String, u64, &'static str)| {
        let rate = nearest(&Rational::from((count, strategy.trials.max(1))));
        OutcomeShare { name, count, percent: percent(rate), width: (rate * 10_000.0).round() / 100.0, class }
    };
    all.map(share).collect()
}

fn rows(strategy: &StrategyDocument, claims: &[Claimed<'_>]) -> Vec<ClaimRow> {
    if !strategy.expectations.is_empty() {
        return claims.iter().map(|claim| ClaimRow::new(claim, strategy)).collect();
    }
    let row = ClaimRow {
        of: "win".into(),
        trials: strategy.trials,
        count: strategy.win.to_string(),
        rate: strategy.rate.map_or_else(|| "-".into(), percent),
        interval: interval(strategy.interval),
        exact: "-".into(),
        decimal: None,
        verdict: Badge::measured(),
    };
    std::iter::once(row).chain(claims.iter().map(|claim| ClaimRow::new(claim, strategy))).collect()
}

impl ClaimRow {
    fn new(claim: &Claimed<'_>, strategy: &StrategyDocument) -> Self {
        let staged = !strategy.stages.is_empty();
        let Rate { label, measured, interval: ends, expected, bound } = claim.rate();
        let StandingDocument { count, tolerance, trials, verdict, .. } = *claim.standing;
        let measured = if staged { strategy.rate } else { measured };
        let decimal = expected.as_ref().filter(|p| **p > 0 && **p < 1).map(|p| percent(nearest(p)));
        let exact = expected.as_ref().map_or_else(|| "-".into(), probability);
        Self {
            of: label,
            trials,
            count: if staged { "-".into() } else { count.to_string() },
            rate: measured.map_or_else(|| "-".into(), percent),
            interval: interval(ends),
            exact: if bound { format!("≤ {exact}") } else { exact },
            decimal,
            verdict: if claim.event { Badge::of_event(claim.standing) } else { Badge::within(verdict, tolerance) },
        }
    }
}

impl From<&StageDocument> for StageRow {
    fn from(stage: &StageDocument) -> Self {
        let rate = nearest(&Rational::from((stage.successes, stage.trials.max(1))));
        Self { name: stage.name.clone(), trials: stage.trials, successes: stage.successes, rate: percent(rate) }
    }
}

fn replays(run: &Run, strategy: &StrategyDocument) -> Vec<ReplayLine> {
    let script = text::shell(&run.folder.join("script.yaml"));
    let own = run.exemplars.iter().filter(|exemplar| exemplar.strategy == strategy.name);
    let replay = |exemplar: &ReplayDocument| ReplayLine {
        outcome: exemplar.outcome.to_string().replace('_', " "),
        command: format!("sim run {script} --trial {}:{} --trace", exemplar.strategy, exemplar.trial),
    };
    own.map(replay).collect()
}
