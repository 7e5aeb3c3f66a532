//! Random sessions of the machine, with events in any order and number, and what `step` does at each of them.

use fusion_spec::lockstep::Lockstep;
use fusion_spec::machine::{Effect, Event, State};
use fusion_spec::mix::{Mix, Permutation, Sample};
use fusion_spec::params::Params;
use fusion_spec::verdict::Label;
use rand_pcg::Pcg64;
use rand_pcg::rand_core::Rng;
use std::error::Error;

/// How many labels there are.
const LABELS: u32 = 3;

/// A line of a random session: its setting and events, and what the client does.
pub fn line(coins: &mut Pcg64) -> Result<String, Box<dyn Error>> {
    let (R, B, T) = (within(coins, 1, 3), within(coins, 1, 3), within(coins, 0, 3));
    let params = Params::new(R, B, T, within(coins, 0, T))?;
    let mut session = Session::new(params, coins)?;
    let (mut ended_for, mut events) = (0, 0);
    while ended_for < 2 && events < 100 {
        let event = session.next(coins)?;
        session.happen(event);
        ended_for += u32::from(matches!(session.played.state(), State::Ended(_)));
        events += 1;
    }
    Ok(session.played.line())
}

fn within(coins: &mut Pcg64, low: u64, high: u64) -> u64 {
    low + coins.next_u64() % (high - low + 1)
}

fn below(coins: &mut Pcg64, end: u32) -> u32 {
    coins.next_u32() % end
}

fn one_of<T: Copy>(coins: &mut Pcg64, among: &[T]) -> T {
    #[expect(clippy::cast_possible_truncation, reason = "a place in a list")]
    let place = (coins.next_u64() % among.len() as u64) as usize;
    among[place]
}

/// A session under way.
struct Session {
    params: Params,
    played: Lockstep,
    mix: Permutation,
    /// One in so many events is any event at all.
    one_fault_in: u64,
    /// The server answers queries below this number wrongly, and one slot in `one_slip_in`.
    wrong_below: u32,
    one_slip_in: u64,
    queried: u32,
    /// Slots that were queried and not answered.
    open: Vec<u32>,
}

impl Session {
    fn new(params: Params, coins: &mut Pcg64) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            params,
            played: Lockstep::new(params),
            mix: Mix::new(params)?.finish(coins),
            one_fault_in: one_of(coins, &[8, 40, 10_000, 10_000]),
            wrong_below: below(coins, 2),
            one_slip_in: one_of(coins, &[2, 10, 10_000, 10_000]),
            queried: 0,
            open: Vec::new(),
        })
    }

    /// The event that comes next in an orderly session, or any.
    fn next(&self, coins: &mut Pcg64) -> Result<Event, Box<dyn Error>> {
        if within(coins, 1, self.one_fault_in) == 1 {
            return self.any(coins);
        }
        Ok(match self.played.state() {
            State::Idle(_) => self.prepare(self.mix.clone(), self.params.T(), coins),
            State::Ended(_) => return self.any(coins),
            State::Mixed(_) if self.queried < self.mix.N() && (self.open.is_empty() || within(coins, 0, 1) == 0) => {
                Event::Query
            }
            State::Mixed(_) if self.open.is_empty() => Event::Check,
            State::Mixed(_) => {
                let slot = one_of(coins, &self.open);
                self.answer(slot, coins)
            }
        })
    }

    /// The known results are 0, and so are the honest answers.
    fn prepare(&self, mix: Permutation, results: u64, coins: &mut Pcg64) -> Event {
        let wrong = |coins: &mut Pcg64| u32::from(within(coins, 1, 10 * self.one_slip_in) == 1);
        Event::Prepare { mix, known: (0..results).map(|_| Label(wrong(coins))).collect() }
    }

    fn answer(&self, slot: u32, coins: &mut Pcg64) -> Event {
        let wrong = matches!(self.mix.at(slot), Some(Sample::Query { query, .. }) if query < self.wrong_below);
        match within(coins, 1, self.one_slip_in) {
            1 if within(coins, 0, 3) == 0 => Event::Undecodable { slot },
            1 => Event::Answer { slot, label: Label(below(coins, LABELS)) },
            _ => Event::Answer { slot, label: Label(u32::from(wrong)) },
        }
    }

    fn any(&self, coins: &mut Pcg64) -> Result<Event, Box<dyn Error>> {
        let slot = below(coins, self.mix.N() + 1);
        Ok(match within(coins, 0, 10) {
            0 => {
                let [R, B, T, s] = [self.params.R(), self.params.B(), self.params.T(), self.params.slack()];
                let chosen = within(coins, 0, 4);
                let more = |place: u64| u64::from(place == chosen);
                let slack = if chosen == 3 && s < T { s + 1 } else { s };
                let other = Params::new(R + more(0), B + more(1), T + more(2), slack)?;
                let results = (T + within(coins, 0, 2)).saturating_sub(1);
                self.prepare(Mix::new(other)?.finish(coins), results, coins)
            }
            1 => Event::Query,
            2 | 3 => Event::Answer { slot, label: Label(below(coins, LABELS)) },
            4 => Event::Undecodable { slot },
            5 => Event::Garbage,
            6 => Event::ServerStop,
            7 => Event::Timeout,
            8 => Event::ClientStop,
            9 => Event::FailedProof,
            _ => Event::Check,
        })
    }

    /// Lets an event happen.
    fn happen(&mut self, event: Event) {
        if let Event::Answer { slot, .. } | Event::Undecodable { slot } = event {
            self.open.retain(|open| *open != slot);
        }
        let prepared = match &event {
            Event::Prepare { mix, .. } => Some(mix.clone()),
            _ => None,
        };
        let effect = self.played.step(event);
        if let Ok(Effect::Send { slot, .. }) = &effect {
            self.queried += 1;
            self.open.push(*slot);
        }
        if let (Ok(_), Some(mix)) = (&effect, prepared) {
            self.mix = mix;
        }
    }
}
