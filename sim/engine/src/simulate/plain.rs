//! Sessions at `plain`, by positions only: what a slot holds, and whether its answer is right. It draws no more than decides a
//! trial, from the same streams as the other fidelities, and so reaches the same outcome, trial by trial.
//!
//! An answer is its distance from the honest one, modulo the classes; 0 is right. That covers the acts whose effect does not
//! depend on the label: `next` and `random_wrong`.

use super::client::{Answers, conclude};
use super::linking::guess;
use super::positional::{distance, is_positional};
use super::second::Heard;
use super::server::Server;
use super::simulator::{Replayed, Simulator};
use super::size::in_32_bits;
use super::stream::Purpose;
use super::trace::Trace;
use super::trial::{SlotRecord, Trial};
use fusion_adversaries::script::Relabel;
use fusion_adversaries::strategy::{Act, Strategy, Touches, View};
use fusion_spec::machine::{Effect, Event};
use fusion_spec::mix::{Deck, Mix, Permutation, Sample};
use fusion_spec::params::Params;
use fusion_spec::trace::Logged;
use fusion_spec::verdict::{Events, Label, Outcome, Reason, Verdict};
use rand_core::Rng;

/// One thread's working memory for sessions at `plain`.
#[derive(Debug)]
pub struct Plain {
    view: View,
    deck: Deck,
    touches: Touches,
    /// How far each slot's answer is from the honest one.
    distance: Vec<u32>,
    /// What each touched slot holds.
    held: Vec<Sample>,
    /// The slots that were named in the linking game.
    named: Vec<SlotRecord>,
    /// The touched copies of queries: the query, and the distance of its answer.
    copies: Vec<(u32, u32)>,
    groups: Groups,
    shortcut: Option<u32>,
}

/// A set of queries that is emptied in constant time.
#[derive(Debug)]
struct Groups {
    seen: Vec<u64>,
    now: u64,
}

impl Groups {
    fn start(&mut self) {
        self.now += 1;
    }

    /// Adds a query, and returns whether it is new.
    #[inline]
    fn meet(&mut self, query: u32) -> bool {
        std::mem::replace(&mut self.seen[query as usize], self.now) != self.now
    }
}

impl Plain {
    /// Makes the working memory for sessions of one strategy.
    ///
    /// # Panics
    /// If the strategy has acts other than `next` and `random_wrong` on any input, because those need labels.
    #[must_use]
    pub fn new(view: &View, strategy: &dyn Strategy) -> Self {
        assert!(strategy.moves().iter().all(is_positional), "plain knows no labels");
        let Ok(deck) = Deck::new(view.params) else { unreachable!("a view has 32-bit slots") };
        let next = strategy.moves().first().is_none_or(|first| first.act == Act::Relabel(Relabel::Next));
        let shortcut = strategy.size(view).filter(|k| next && strategy.link().is_none() && *k <= view.slots);
        Self {
            view: *view,
            deck,
            touches: Touches::new(view),
            distance: vec![0; view.slots as usize],
            held: Vec::new(),
            named: Vec::new(),
            copies: Vec::new(),
            groups: Groups { seen: vec![0; in_32_bits(view.params.R()) as usize], now: 0 },
            shortcut,
        }
    }

    /// Plays a session in which `k` slots are wrong by one. Which slots they are does not matter.
    #[inline]
    fn count_only(&mut self, k: u32, mut coins: impl Rng) -> Trial {
        let Self { deck, groups, view: View { params, .. }, .. } = self;
        groups.start();
        let (mut publics, mut copies, mut queries) = (0_u64, 0_u64, 0_u64);
        for _ in 0..k {
            if let Some(Sample::Query { query, .. }) = deck.draw(&mut coins) {
                copies += 1;
                queries += u64::from(groups.meet(query));
                continue;
            }
            publics += 1;
            if publics > params.slack() {
                break;
            }
        }
        deck.reset();
        // No query has more than B copies, so B times the queries are whole groups.
        let whole = copies == queries * params.B();
        let outcome = verdict_on(publics > params.slack(), whole, copies > 0);
        let events = Events { e_t: publics <= params.slack(), e_b: whole && copies > 0 };
        Trial { outcome: Some(outcome), events }
    }

    /// Plays a session again slot by slot, and returns its events and the slots that were touched or named, in order.
    pub fn records(&mut self, server: &Server<'_>, trial: u64, session: u32) -> (Events, Vec<SlotRecord>) {
        let events = self.by_slot(server, trial, session).events;
        let record = |(&slot, &sample): (&u32, &Sample)| {
            let wrong = self.distance[slot as usize] != 0;
            SlotRecord { slot, sample, touched: true, named: false, labels: None, wrong }
        };
        let touched = self.touches.slots().iter().zip(&self.held).map(record);
        let mut records: Vec<SlotRecord> = touched.chain(self.named.iter().copied()).collect();
        records.sort_unstable_by_key(|record| record.slot);
        (events, records)
    }

    /// Plays a session and returns every slot of it, in order. The specification's client judges the answers; where it concludes something else than
    /// positions do, the trial is an error. `None` for a server that names slots instead of answering.
    pub fn whole(&mut self, server: &Server<'_>, trial: u64, session: u32) -> Option<(Trial, Vec<SlotRecord>)> {
        let played = self.by_slot(server, trial, session);
        server.strategy.link().is_none().then_some(())?;
        let params = self.view.params;
        let mix = self.mixed(server, trial, session)?;
        let zeros = |count: u64| (0..count).map(|_| Label(0)).collect::<Vec<_>>();
        let answers = Answers::at_once(self.distance.iter().copied().map(Label).collect());
        let verdict = conclude(params, mix.clone(), zeros(params.T()), &answers, u32::MAX, &mut None).ok()?;
        let judged = Outcome::of(&verdict, &zeros(params.R()));
        let played = if played.outcome == Some(judged) { played } else { Trial::ERROR };
        let record = |((slot, sample), distance): ((u32, Sample), &u32)| {
            let wrong = *distance != 0;
            SlotRecord { slot, sample, touched: false, named: false, labels: None, wrong }
        };
        let mut records: Vec<SlotRecord> = (0..).zip(mix.samples()).zip(&self.distance).map(record).collect();
        self.touches.slots().iter().for_each(|&slot| records[slot as usize].touched = true);
        Some((played, records))
    }

    /// Draws the whole mix of a session that was just played by slot: the touched slots first.
    fn mixed(&self, server: &Server<'_>, trial: u64, session: u32) -> Option<Permutation> {
        let mut coins = server.streams.coins(Purpose::Mix, trial, session);
        let mut mix = Mix::new(self.view.params).ok()?;
        self.touches.slots().iter().try_for_each(|&slot| mix.place(slot, &mut coins).map(drop)).ok()?;
        Some(mix.finish(&mut coins))
    }

    /// Returns the log of a session with this outcome. Labels are distances, so each honest answer is 0.
    fn trace(&mut self, server: &Server<'_>, (trial, session): (u64, u32), outcome: Outcome) -> Option<Trace> {
        self.by_slot(server, trial, session);
        let params = self.view.params;
        let mix = self.mixed(server, trial, session)?;
        let zeros = |count: u64| (0..count).map(|_| Label(0)).collect::<Vec<_>>();
        let labels = || self.distance.iter().copied().map(Label);
        let mut results = zeros(params.R());
        let mut log = vec![Logged {
            event: Event::Prepare { mix: mix.clone(), known: zeros(params.T()) },
            effect: Effect::Nothing,
        }];
        for ((slot, sample), label) in (0..).zip(mix.samples()).zip(labels()) {
            log.push(Logged { event: Event::Query, effect: Effect::Send { slot, sample } });
            if let Sample::Query { query, .. } = sample {
                results[query as usize] = label;
            }
        }
        let answer = |(slot, label)| Logged { event: Event::Answer { slot, label }, effect: Effect::Nothing };
        log.extend((0..).zip(labels()).map(answer));
        let verdict = match outcome {
            Outcome::Caught(reason) => Verdict::Rejected(reason),
            Outcome::Win | Outcome::Harmless => Verdict::Accepted(results),
        };
        log.push(Logged { event: Event::Check, effect: Effect::Conclude(verdict) });
        let heard = Heard {
            order: mix.samples().collect(),
            known: zeros(params.T()),
            answers: labels().collect(),
            classes: u32::MAX,
            end: None,
            honest: zeros(params.R()),
        };
        Some(Trace { params, log, heard })
    }

    /// Plays a session slot by slot, for any touches.
    fn by_slot(&mut self, server: &Server<'_>, trial: u64, session: u32) -> Trial {
        let view = View { session, ..self.view };
        let coins = |purpose| server.streams.coins(purpose, trial, session);
        self.touches.slots().iter().for_each(|&slot| self.distance[slot as usize] = 0);
        self.touches.clear();
        self.held.clear();
        self.named.clear();
        server.strategy.session(&view, &mut coins(Purpose::Strategy), &mut self.touches);
        if self.touches.is_astray() {
            return Trial::ERROR;
        }
        if let Some(pair) = server.strategy.link() {
            return guess(view.params, pair, &mut coins(Purpose::Mix), &mut self.named);
        }
        let mut labels = coins(Purpose::Labels);
        for &(slot, place) in self.touches.moves() {
            let Some(step) = server.strategy.moves().get(place).and_then(|m| distance(m, view.classes, &mut labels))
            else {
                return Trial::ERROR;
            };
            let distance = &mut self.distance[slot as usize];
            *distance = (*distance + step) % view.classes;
        }
        let mut mix = coins(Purpose::Mix);
        self.held.extend(self.touches.slots().iter().filter_map(|_| self.deck.draw(&mut mix)));
        self.deck.reset();
        let events = Events::of(view.params, self.held.iter().copied());
        Trial { outcome: Some(self.outcome(view.params)), events }
    }

    /// Returns the outcome of the client's check on distances.
    fn outcome(&mut self, params: Params) -> Outcome {
        let mut wrong_publics = 0;
        self.copies.clear();
        for (slot, sample) in self.touches.slots().iter().zip(&self.held) {
            let distance = self.distance[*slot as usize];
            match sample {
                _ if distance == 0 => {}
                Sample::Query { query, .. } => self.copies.push((*query, distance)),
                Sample::Public { .. } => wrong_publics += 1,
            }
        }
        self.copies.sort_unstable();
        let mut groups = self.copies.chunk_by(|a, b| a.0 == b.0);
        let agree = groups.all(|group| group.len() as u64 == params.B() && group.iter().all(|copy| copy == &group[0]));
        verdict_on(wrong_publics > params.slack(), agree, !self.copies.is_empty())
    }
}

impl Simulator for Plain {
    #[inline]
    fn session(&mut self, server: &Server<'_>, trial: u64, session: u32) -> Trial {
        match self.shortcut {
            Some(k) => self.count_only(k, server.streams.coins(Purpose::Mix, trial, session)),
            None => self.by_slot(server, trial, session),
        }
    }

    fn traced(&mut self, server: &Server<'_>, trial: u64, session: u32) -> (Trial, Option<Trace>) {
        let played = self.session(server, trial, session);
        let outcome = played.outcome.filter(|_| server.strategy.link().is_none());
        let trace = outcome.and_then(|outcome| self.trace(server, (trial, session), outcome));
        (played, trace)
    }

    fn replayed(&mut self, server: &Server<'_>, trial: u64, session: u32) -> (Replayed, Option<Trace>) {
        let (played, trace) = self.traced(server, trial, session);
        // A trial that is only counted stops drawing once it is lost, and does not know E_B.
        let (events, slots) = self.records(server, trial, session);
        (Replayed { trial: Trial { events, ..played }, slots, steps: Vec::new(), stopped: None, wrapped: None }, trace)
    }

    /// Returns the stride: a log takes some hundred times as long as a trial that is only counted, and longer for more slots.
    fn stride(&self) -> u64 {
        (64 * u64::from(self.view.slots)).next_power_of_two().max(1024)
    }
}

/// Returns the outcome of the client's check: too many wrong publics, then disagreeing copies, then whether a query's answer is
/// wrong.
#[inline]
fn verdict_on(too_many_publics: bool, copies_agree: bool, some_query_wrong: bool) -> Outcome {
    if too_many_publics {
        Outcome::Caught(Reason::PublicWrong)
    } else if !copies_agree {
        Outcome::Caught(Reason::CopiesDisagree)
    } else if some_query_wrong {
        Outcome::Win
    } else {
        Outcome::Harmless
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_adversaries::behaviour::{Linking, Place, Scripted};

    /// A whole session is that of the log which the machine checks, slot by slot, whatever is touched, and ends as the trial that is only counted.
    #[test]
    fn a_whole_session_is_the_one_that_is_counted() {
        let view = View::new(Params::new(4, 2, 3, 1).expect("legal"), 2).expect("small");
        let mut outcomes = std::collections::BTreeSet::new();
        for place in [Place::Slots(Vec::new()), Place::Random(1), Place::Random(2), Place::Random(3), Place::All] {
            for relabel in [Relabel::Next, Relabel::RandomWrong] {
                let strategy = Scripted::single(place.clone(), Act::Relabel(relabel));
                let server = Server::new("whole", 7, &strategy);
                let mut plain = Plain::new(&view, &strategy);
                for number in 0..200 {
                    let (trial, slots) = plain.whole(&server, number, 0).expect("an inference");
                    let (counted, trace) = plain.traced(&server, number, 0);
                    assert_eq!(trial.outcome, counted.outcome, "{place:?} {number}");
                    outcomes.insert(format!("{:?}", trial.outcome));
                    let trace = trace.expect("a log");
                    trace.check(trial.outcome).expect("as specified");
                    assert_eq!(slots.iter().map(|slot| slot.sample).collect::<Vec<_>>(), trace.heard.order);
                    let wrong = trace.heard.answers.iter().map(|answer| *answer != Label(0));
                    assert!(slots.iter().map(|slot| slot.wrong).eq(wrong));
                    let (events, touched) = plain.records(&server, number, 0);
                    assert_eq!(events, trial.events);
                    assert_eq!(slots.into_iter().filter(|slot| slot.touched).collect::<Vec<_>>(), touched);
                }
            }
        }
        assert_eq!(outcomes.len(), 4, "{outcomes:?}");
    }

    #[test]
    fn a_server_that_only_names_slots_has_no_session() {
        let view = View::new(Params::new(4, 2, 3, 0).expect("legal"), 2).expect("small");
        let strategy = Linking::Named([0, 1]);
        let server = Server::new("whole", 7, &strategy);
        assert_eq!(Plain::new(&view, &strategy).whole(&server, 0, 0), None);
    }
}
