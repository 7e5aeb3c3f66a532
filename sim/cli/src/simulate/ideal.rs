//! Every answer: a trusted third party evaluates the models in fixed point, the strategy bends what comes out, and the client of
//! the specification judges it.

use super::plain::{distance, guess};
use super::stream::{Purpose, Streams};
use super::urn::Urn;
use super::world::{Drawn, World};
use super::{Fidelity, Server, SlotRecord, Trial};
use fusion_adversaries::script::Relabel;
use fusion_adversaries::strategy::{Act, Touches, View};
use fusion_spec::client::{Client, Progress};
use fusion_spec::mix::{Mix, Permutation, Sample, Slot};
use fusion_spec::verdict::{Events, Label, Outcome, Verdict};
use rand_pcg::Pcg64;

/// The working memory of one thread.
#[derive(Debug)]
pub struct Ideal<'w> {
    view: View,
    world: &'w World,
    queries: Urn,
    publics: Urn,
    touches: Touches,
    /// Slot and index among the session's touches, in the order of slots.
    by_slot: Vec<(Slot, usize)>,
    /// Every slot of the last session.
    records: Vec<SlotRecord>,
}

impl<'w> Ideal<'w> {
    /// Memory for sessions in a world.
    #[must_use]
    pub fn new(view: &View, world: &'w World) -> Self {
        Self {
            view: *view,
            world,
            queries: Urn::new(world.queries()),
            publics: Urn::new(world.publics()),
            touches: Touches::new(view),
            by_slot: Vec::new(),
            records: Vec::new(),
        }
    }

    fn draw(&mut self, streams: &Streams, trial: u64, session: u32) -> Drawn {
        if let Some(fixed) = self.world.fixed() {
            return fixed.clone();
        }
        let mut coins = streams.coins(Purpose::Draw, trial, session);
        let params = self.view.params;
        Drawn {
            queries: self.queries.draw(params.R(), &mut coins).to_vec(),
            publics: self.publics.draw(params.T(), &mut coins).to_vec(),
        }
    }

    /// Every slot of the last session; none of one that was no inference.
    #[must_use]
    pub fn records(&self) -> &[SlotRecord] {
        &self.records
    }

    /// `None` where the strategy does what no server can.
    fn play(&mut self, server: &Server<'_>, trial: u64, session: u32) -> Option<Trial> {
        let view = View { session, ..self.view };
        let coins = |purpose| server.streams.coins(purpose, trial, session);
        self.records.clear();
        self.touches.clear();
        server.strategy.session(&view, &mut coins(Purpose::Strategy), &mut self.touches);
        let mut mix_coins = coins(Purpose::Mix);
        if let Some(pair) = server.strategy.link() {
            return Some(guess(view.params, pair, &mut mix_coins));
        }
        let drawn = self.draw(&server.streams, trial, session);
        let (mix, events) = self.mix(&mut mix_coins)?;
        self.answer(server, &mix, &drawn, [coins(Purpose::Labels), coins(Purpose::Truncation)])?;
        let known = drawn.publics.iter().map(|&public| self.world.known(public)).collect();
        let honest: Vec<Label> = drawn.queries.iter().map(|&query| self.world.honest(query)).collect();
        let verdict = judge(Client::new(view.params, mix, known).ok()?, &self.records);
        Some(Trial { outcome: Some(Outcome::of(&verdict, &honest)), events })
    }

    /// The permutation, the touched slots drawn first.
    fn mix(&self, coins: &mut Pcg64) -> Option<(Permutation, Events)> {
        let mut mix = Mix::new(self.view.params).ok()?;
        let held = self.touches.slots().iter().map(|&slot| mix.place(slot, coins)).collect::<Result<Vec<_>, _>>();
        let events = Events::of(self.view.params, held.ok().filter(|_| !self.touches.is_astray())?);
        Some((mix.finish(coins), events))
    }

    /// What the server answers on every slot.
    fn answer(
        &mut self,
        server: &Server<'_>,
        mix: &Permutation,
        drawn: &Drawn,
        [mut labels, mut truncation]: [Pcg64; 2],
    ) -> Option<()> {
        let Self { view, world, touches, by_slot, records, .. } = self;
        let moves = server.strategy.moves();
        // Coins are drawn in the order of the touches, whether or not a move bites.
        let mut shifts = Vec::with_capacity(touches.moves().len());
        by_slot.clear();
        for (index, &(slot, place)) in touches.moves().iter().enumerate() {
            shifts.push(distance(moves.get(place)?, view.classes, &mut labels).unwrap_or_default());
            by_slot.push((slot, index));
        }
        by_slot.sort_unstable();
        let mut rest = &by_slot[..];
        for (slot, sample) in (0..).zip(mix.samples()) {
            let image = match sample {
                Sample::Query { query, .. } => drawn.queries[query as usize],
                Sample::Public { index } => world.queries() + drawn.publics[index as usize],
            };
            let own;
            (own, rest) = rest.split_at(rest.partition_point(|(other, _)| *other <= slot));
            let mut label = None;
            for &(_, index) in own {
                let m = &moves[touches.moves()[index].1];
                if !world.bites(m, image) {
                    continue;
                }
                label = Some(match m.act {
                    Act::Model(model) => world.evaluate(model, image, &mut truncation),
                    Act::Relabel(Relabel::To(to)) => to,
                    Act::Relabel(Relabel::Next | Relabel::RandomWrong) => {
                        let before = label.unwrap_or_else(|| world.evaluate(0, image, &mut truncation));
                        (before + shifts[index]) % view.classes
                    }
                });
            }
            let answer = Label(label.unwrap_or_else(|| world.evaluate(0, image, &mut truncation)));
            let honest = world.honest(image);
            let (touched, wrong) = (!own.is_empty(), answer != honest);
            records.push(SlotRecord { slot, sample, touched, labels: Some([honest, answer]), wrong });
        }
        Some(())
    }
}

/// The client of the specification, from its first query to its verdict.
fn judge(mut client: Client<fusion_spec::client::Mixed>, slots: &[SlotRecord]) -> Verdict {
    while client.next_query().is_some() {}
    let mut progress = Progress::Waiting(client);
    for SlotRecord { slot, labels, .. } in slots {
        let Some([_, answer]) = *labels else { break };
        progress = match progress {
            Progress::Waiting(client) => client.answer(*slot, answer),
            Progress::Answered(_) | Progress::Rejected(_) => break,
        };
    }
    match progress {
        Progress::Answered(client) => client.check(),
        Progress::Rejected(reason) => Verdict::Rejected(reason),
        Progress::Waiting(client) => match client.gone() {
            Progress::Rejected(reason) => Verdict::Rejected(reason),
            Progress::Waiting(_) | Progress::Answered(_) => unreachable!("a server that is gone is rejected"),
        },
    }
}

impl Fidelity for Ideal<'_> {
    fn session(&mut self, server: &Server<'_>, trial: u64, session: u32) -> Trial {
        self.play(server, trial, session).unwrap_or(Trial::ERROR)
    }
}
