//! The claims about a strategy: each clause of its script with its exact rate, and the two events.

use super::statement::{Relation, Statement};
use crate::simulate::{Counts, Seen, World};
use fusion_active::soundness;
use fusion_adversaries::law::Case;
use fusion_adversaries::problem::{Mark, Problem};
use fusion_adversaries::rate;
use fusion_adversaries::script::{Claim, CountedEvent, Expectation, SessionsSection, StrategySection, Until};
use fusion_adversaries::strategy::{Hypothesis, Strategy, View};
use fusion_spec::bound::outside::Rates;
use fusion_spec::bound::quality::QualityError;
use fusion_spec::evidence::Clause;
use fusion_spec::params::Params;
use fusion_spec::verdict::Reason;
use rug::Rational;
use std::cell::OnceCell;

/// All claims about one strategy.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    /// The claims about rates of events, in the order of the script.
    pub rates: Vec<RateClaim>,
    /// The only reasons that a rejection may have; `None` where the script does not limit them.
    pub only: Option<Vec<Reason>>,
    /// The exact `Pr[E_T]` and `Pr[E_B | E_T]`, where the law of the touched slots is known. The latter is missing where `E_T`
    /// never happens.
    pub events: Option<(Rational, Option<Rational>)>,
    /// The hypotheses of the theorem that the strategy breaks.
    pub breaks: Vec<Hypothesis>,
}

/// A claim about the rate of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateClaim {
    /// The event whose trials are counted.
    pub event: CountedEvent,
    /// The clause, with the claimed rate as an exact number.
    pub clause: Clause,
    /// The clause as its script says it.
    pub statement: Statement,
}

impl RateClaim {
    /// Returns the claimed rate.
    #[must_use]
    pub fn expected(&self) -> &Rational {
        let (Clause::Equals(rate) | Clause::AtMost(rate)) = &self.clause;
        rate
    }

    /// Whether the claim is that a rate is at most 1, which holds for every rate.
    #[must_use]
    pub fn says_nothing(&self) -> bool {
        matches!(&self.clause, Clause::AtMost(bound) if *bound == 1)
    }

    /// Whether the claimed rate is strictly between 0 and 1, so that chance can refute a true claim.
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        *self.expected() > 0 && *self.expected() < 1
    }
}

/// Returns how many of the counted trials had an event.
#[must_use]
pub fn successes(event: CountedEvent, counts: &Counts) -> u64 {
    match event {
        CountedEvent::Win => counts.win,
        CountedEvent::Accepted => counts.accepted(),
        CountedEvent::Harmless => counts.harmless,
        CountedEvent::Caught => counts.caught(),
    }
}

/// Returns how many of the counted trials were rejected for a reason that is not in `only`.
#[must_use]
pub fn other_reasons(only: &[Reason], counts: &Counts) -> u64 {
    Reason::ALL.iter().zip(counts.caught).filter(|(reason, _)| !only.contains(reason)).map(|(_, count)| count).sum()
}

/// What the specification predicts for a strategy: its exact rates, and a bound on its wins.
pub struct Spec<'a> {
    view: &'a View,
    strategy: &'a dyn Strategy,
    sessions: Option<SessionsSection>,
    seen: &'a Seen<'a>,
    /// The law of the touched slots, where it is known.
    cases: Option<Vec<Case>>,
    /// The exact rates over a whole trial, where there is a formula; worked out when they are first asked for, as this may evaluate every sample.
    rates: OnceCell<Option<Rates>>,
    /// Whether every answer on an untouched slot is right, which the touch bound takes for granted.
    untouched_right: bool,
    events: Option<(Rational, Option<Rational>)>,
}

impl<'a> Spec<'a> {
    /// Says what is known of a strategy. A rate that is too long to be an exact number is left out.
    pub fn new(
        view: &'a View,
        strategy: &'a dyn Strategy,
        sessions: Option<SessionsSection>,
        seen: &'a Seen<'a>,
    ) -> Self {
        let untouched_right = !seen.world.is_some_and(World::is_one_bit);
        let cases = strategy.cases(view);
        // A bent message touches more slots than are named.
        let named = cases.as_ref().filter(|_| !strategy.moves().iter().any(|m| m.act.is_on_messages()));
        let events = named.and_then(|cases| rate::events(view.params, cases).ok());
        let events = events.map(|[e_t, both]| {
            let e_b = (e_t != 0).then(|| both / &e_t);
            (e_t, e_b)
        });
        Self { view, strategy, sessions, seen, cases, rates: OnceCell::new(), untouched_right, events }
    }

    fn rates(&self) -> Option<&Rates> {
        let work_out = || {
            // A verdict tells what was guessed only if it would be an acceptance otherwise.
            let passes = self.seen.world.is_some_and(World::passes);
            if let Some(over_trial) = self.strategy.trial(self.view).filter(|_| passes) {
                return Some(over_trial);
            }
            let sees = self.strategy.breaks().contains(&Hypothesis::H2);
            let shown = |world: &World| self.untouched_right && world.shows_its_samples();
            if sees && !self.seen.world.is_some_and(shown) {
                return None;
            }
            let by_cases = || rate::rates(self.view.params, self.cases.as_ref()?, self.seen).ok().flatten();
            let goes_on = || self.strategy.exact(self.view).or_else(by_cases);
            let once = if self.may_stop() { self.stopping() } else { goes_on() }?;
            repeated(&once, self.sessions).ok()
        };
        self.rates.get_or_init(work_out).as_ref()
    }

    /// Whether the client may stop in the middle of a session, where a value decodes to nothing.
    fn may_stop(&self) -> bool {
        let stops = self.seen.world.is_some_and(World::stops_at_undecodable);
        stops && self.strategy.moves().iter().any(|m| m.act.spoils())
    }

    /// The rates of a strategy that does nothing but to make values undecodable: a client that stops there goes on only where nothing is changed, as it would tolerate no change at slack 0.
    fn stopping(&self) -> Option<Rates> {
        let params = self.view.params;
        let strict = Params::new(params.R(), params.B(), params.T(), 0).ok()?;
        let cases = self.cases.as_ref().filter(|_| self.strategy.moves().iter().all(|m| m.act.spoils()))?;
        let rates = rate::rates(strict, cases, self.seen).ok().flatten()?;
        Some(Rates { win: Rational::new(), ..rates })
    }

    /// Returns the exact rate of an event; `None` where there is none.
    pub fn exact(&self, event: CountedEvent) -> Option<Rational> {
        self.rate(event, false)
    }

    /// Returns the specification's rate for a claim about an event; `None` where there is none.
    fn rate(&self, event: CountedEvent, at_most: bool) -> Option<Rational> {
        if at_most && event != CountedEvent::Caught && self.strategy.cheat().is_some() {
            return self.cheat_bound();
        }
        let bounded = at_most && event == CountedEvent::Win;
        if bounded && self.strategy.moves().iter().any(|m| m.when.is_some() || m.act.is_inside()) {
            return self.touch_bound();
        }
        match self.rates() {
            Some(rates) => Some(match event {
                CountedEvent::Win => rates.win.clone(),
                CountedEvent::Accepted => rates.accepted(),
                CountedEvent::Harmless => rates.harmless.clone(),
                CountedEvent::Caught => rates.caught(),
            }),
            None if bounded => self.touch_bound(),
            None => None,
        }
    }

    /// Returns the touch bound over a whole trial; `None` where untouched answers may be wrong, and where the bound is too long
    /// to write out.
    fn touch_bound(&self) -> Option<Rational> {
        let cases = self.cases.as_ref().filter(|_| self.untouched_right)?;
        let moves = self.strategy.moves();
        let win = rate::touch_bound(self.view.params, cases, moves, self.view.slots_per_message).ok()?;
        at_worst(&win, self.sessions).ok()
    }

    /// Returns the bound, over a whole trial, on being accepted after a cheat in SPDZ: the sum of all errors of the inference of a session. `None` for a server that does not cheat.
    pub fn cheat_bound(&self) -> Option<Rational> {
        self.strategy.cheat()?;
        let terms = soundness::terms(&self.seen.world?.spdz()?.predicted());
        at_worst(&soundness::bound(&terms), self.sessions).ok()
    }

    /// Turns the clauses of a script's strategy into claims.
    ///
    /// # Errors
    /// A [`Problem`] for each clause that refers to a rate of the specification where there is none, with its place in the
    /// script.
    pub fn claims(&self, section: &StrategySection, breaks: Vec<Hypothesis>) -> Result<Claims, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut rates = Vec::new();
        for (event, expectation) in section.expect.rates() {
            let at_most = matches!(expectation, Expectation::AtMost(_));
            let claim = expectation.claim();
            let rate = match &claim.value {
                Claim::Number(rate) => Some(rate.clone()),
                Claim::Spec => self.rate(event, at_most),
            };
            match rate {
                Some(rate) => rates.push(rate_claim(event, at_most, &claim.value, rate)),
                None => problems.push(self.no_rate(claim.mark, event, at_most)),
            }
        }
        let only = section.expect.reasons.as_ref().map(|reasons| reasons.only.clone());
        let claims = Claims { rates, only, events: self.events.clone(), breaks };
        if problems.is_empty() { Ok(claims) } else { Err(problems) }
    }

    fn no_rate(&self, mark: Mark, event: CountedEvent, at_most: bool) -> Problem {
        let problem = Problem::new(mark, format!("there is no exact rate of `{}` for this strategy", event.name()));
        let bounded = event == CountedEvent::Win && !at_most && self.touch_bound().is_some();
        problem.help(if event != CountedEvent::Caught && self.strategy.cheat().is_some() {
            "`at_most: spec` is the bound on what the checks of the protocol let through; or give a number"
        } else if bounded {
            "`at_most: spec` is the touch bound, whatever is done to the slots; or give a number"
        } else {
            "give a number, or leave the clause out: the rate is measured anyway"
        })
    }

    /// Returns the claim about the honest control: it is accepted at the specification's rate, where that is known.
    #[must_use]
    pub fn control(&self, breaks: Vec<Hypothesis>) -> Claims {
        let accepted = self.rate(CountedEvent::Accepted, false);
        let rates =
            accepted.map(|rate| rate_claim(CountedEvent::Accepted, false, &Claim::Spec, rate)).into_iter().collect();
        Claims { rates, only: None, events: self.events.clone(), breaks }
    }
}

fn rate_claim(event: CountedEvent, at_most: bool, claim: &Claim, rate: Rational) -> RateClaim {
    let (clause, relation) =
        if at_most { (Clause::AtMost(rate), Relation::AtMost) } else { (Clause::Equals(rate), Relation::Equals) };
    RateClaim { event, clause, statement: Statement::Rate { event, relation, claim: claim.clone() } }
}

/// Turns the rates of one session into those of a trial of several.
fn repeated(once: &Rates, sessions: Option<SessionsSection>) -> Result<Rates, QualityError> {
    match sessions {
        None => Ok(once.clone()),
        Some(SessionsSection { until: Until::Accepted, max }) => once.until_accepted(max.into()),
        Some(SessionsSection { until: Until::Rejected, max }) => once.until_rejected(max.into()),
        Some(SessionsSection { until: Until::Max, max }) => once.of_all(max.into()),
    }
}

/// Turns a bound on winning one session into one on winning a trial, as if every session were played and none were harmless.
fn at_worst(win: &Rational, sessions: Option<SessionsSection>) -> Result<Rational, QualityError> {
    let all = sessions.map(|sessions| SessionsSection { until: Until::Accepted, ..sessions });
    Ok(repeated(&Rates { win: win.clone(), harmless: Rational::new() }, all)?.win)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_adversaries::behaviour::{Place, Scripted};
    use fusion_adversaries::script::{Bend, Elements, StepPattern, Stop};
    use fusion_adversaries::strategy::Act;

    /// Asks for what is said of one act on some of `N` slots.
    fn of<T>(params: Params, k: u32, act: Act, ask: impl FnOnce(&Spec<'_>) -> T) -> T {
        let view = View { slots_per_message: 128, ..View::new(params, 10).unwrap() };
        let strategy = Scripted::single(Place::Random(k), act);
        let seen = Seen { world: None, params, classes: 10, moves: strategy.moves() };
        ask(&Spec::new(&view, &strategy, None, &seen))
    }

    fn acts() -> [Act; 3] {
        let step: StepPattern = "layer[*:relu]".parse().unwrap();
        [
            Act::Add { step: step.clone(), value: 1, elements: Elements::All, kept: false },
            Act::Bend { step: "layer[*:relu]/mux/round[1]/msg[0]".parse().unwrap(), how: Bend::FlipBit(3) },
            Act::Stop { step, how: Stop::Crash },
        ]
    }

    #[test]
    fn an_act_on_shares_touches_its_slots_and_one_on_messages_their_chunks() {
        let small = Params::new(8, 2, 4, 0).unwrap();
        let [add, bend, stop] = acts();
        let bound = |params, k, act: &Act| of(params, k, act.clone(), |spec| spec.rate(CountedEvent::Win, true));
        assert_eq!(bound(small, 3, &add), Some(Rational::from((12, 95))));
        assert_eq!([&bend, &stop].map(|act| bound(small, 1, act)), [Some(1.into()), Some(1.into())]);
        let wide = Params::new(128, 6, 100, 0).unwrap();
        assert_eq!(bound(wide, 2, &bend), bound(wide, 256, &add));
        assert_ne!(bound(wide, 2, &bend), Some(1.into()));
        for event in [CountedEvent::Win, CountedEvent::Accepted, CountedEvent::Harmless, CountedEvent::Caught] {
            let rates = acts().map(|act| of(small, 1, act, |spec| spec.rate(event, false)));
            assert_eq!(rates, [None, None, None], "{event:?}");
        }
    }

    #[test]
    fn what_touches_nothing_has_its_exact_rate() {
        for act in acts() {
            let rates = of(Params::new(8, 2, 4, 0).unwrap(), 0, act, |spec| {
                [spec.rate(CountedEvent::Accepted, false), spec.rate(CountedEvent::Win, true)]
            });
            assert_eq!(rates, [Some(1.into()), Some(Rational::new())]);
        }
    }

    #[test]
    fn the_events_are_of_the_slots_named_where_no_others_are_touched() {
        let known = acts().map(|act| of(Params::new(8, 2, 4, 0).unwrap(), 2, act, |spec| spec.events.clone()));
        assert_eq!(known, [Some((Rational::from((12, 19)), Some(Rational::from((1, 15))))), None, None]);
    }
}
