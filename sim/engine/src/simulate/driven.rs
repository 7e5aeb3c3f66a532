//! Plays a stage's draw as a whole session: the content of the touched slots is given, and everything else is played. The
//! strategy names its slots and moves their answers, the deck fills the other slots, and the client judges.

use super::client::{Answers, conclude};
use super::positional::distance;
use super::second::Heard;
use super::server::Server;
use super::size::in_32_bits;
use super::stream::Purpose;
use super::urn::Urn;
use fusion_adversaries::strategy::{Touches, View};
use fusion_spec::mix::{Deck, Permutation, Sample};
use fusion_spec::params::Params;
use fusion_spec::verdict::{Label, Reason, Verdict};
use rand_core::Rng;

/// The verdict of the client that means success of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// The client does not reject for a wrong public.
    PublicsRight,
    /// The client accepts, and some answer is wrong.
    Win,
}

impl Needed {
    /// Returns the reason for which the client rejects where the stage fails.
    pub fn missed(self) -> Reason {
        match self {
            Self::PublicsRight => Reason::PublicWrong,
            Self::Win => Reason::CopiesDisagree,
        }
    }

    fn met(self, verdict: &Verdict) -> bool {
        match (self, verdict) {
            (Self::PublicsRight, verdict) => *verdict != Verdict::Rejected(Reason::PublicWrong),
            (Self::Win, Verdict::Accepted(results)) => results.iter().any(|result| *result != RIGHT),
            (Self::Win, Verdict::Rejected(_)) => false,
        }
    }
}

/// The right answer. Answers are distances from the honest ones, as at `plain`.
const RIGHT: Label = Label(0);

/// A client, as a function from its mix, the known results and the answers to its verdict.
pub(super) type ClientFn = fn(Params, Permutation, Vec<Label>, &Answers) -> Option<Verdict>;

/// The specification's client, which takes every distance as a label.
pub(super) fn specified(params: Params, mix: Permutation, known: Vec<Label>, answers: &Answers) -> Option<Verdict> {
    conclude(params, mix, known, answers, u32::MAX, &mut None).ok()
}

/// One thread's working memory for whole sessions of a stage.
#[derive(Debug)]
pub struct Driven {
    view: View,
    client: ClientFn,
    touches: Touches,
    deck: Deck,
    /// Draws the names of the queries anew for each session.
    names: Urn,
    order: Vec<Option<Sample>>,
}

impl Driven {
    /// Makes the working memory for sessions of a client, with a server that sees this view.
    ///
    /// # Panics
    /// If `N` exceeds 32 bits.
    pub(super) fn new(view: &View, client: ClientFn) -> Self {
        let Ok(deck) = Deck::new(view.params) else { unreachable!("a campaign's slots fit 32 bits") };
        let queries = in_32_bits(view.params.R());
        Self { view: *view, client, touches: Touches::new(view), deck, names: Urn::new(queries), order: Vec::new() }
    }

    /// Plays a session in which the slots that the strategy touches hold `held`, with queries renamed at random, and returns
    /// whether the client's verdict is the one needed. Returns `None` if the strategy touches another number of slots, the slots
    /// do not hold every sample once, or a second client has another verdict.
    pub fn judge(
        &mut self,
        held: &[Sample],
        needed: Needed,
        server: &Server<'_>,
        (trial, stage): (u64, u32),
        coins: &mut impl Rng,
    ) -> Option<bool> {
        let of = |purpose| server.streams.coins(purpose, trial, stage);
        self.touches.clear();
        server.strategy.session(&self.view, &mut of(Purpose::Strategy), &mut self.touches);
        if self.touches.is_astray() || self.touches.slots().len() != held.len() {
            return None;
        }
        let order = self.order(held, coins)?;
        let answers = self.answers(server, &mut of(Purpose::Labels))?;
        let params = self.view.params;
        let right = |count: u64| (0..count).map(|_| RIGHT).collect::<Vec<_>>();
        let mix = Permutation::from_samples(params, &order).ok()?;
        let told = Answers::at_once(answers.clone());
        let verdict = (self.client)(params, mix, right(params.T()), &told)?;
        let heard =
            Heard { order, known: right(params.T()), answers, classes: u32::MAX, end: None, honest: right(params.R()) };
        let (second, _) = heard.judge(params).ok()?;
        (second == verdict).then(|| needed.met(&verdict))
    }

    /// Returns what every slot holds: the touched ones what is given, the others what the deck deals.
    fn order(&mut self, held: &[Sample], coins: &mut impl Rng) -> Option<Vec<Sample>> {
        let Self { view, touches, deck, names, order, .. } = self;
        let names = names.draw(view.params.R(), coins);
        deck.reset();
        order.clear();
        order.resize(view.slots as usize, None);
        for (&slot, &sample) in touches.slots().iter().zip(held) {
            let named = match sample {
                Sample::Query { query, copy } => Sample::Query { query: names[query as usize], copy },
                Sample::Public { .. } => sample,
            };
            if !deck.take(named) {
                return None;
            }
            order[slot as usize] = Some(named);
        }
        order.iter().map(|held| held.or_else(|| deck.draw(coins))).collect()
    }

    /// Returns the answers to all slots, according to the strategy's moves.
    fn answers(&self, server: &Server<'_>, coins: &mut impl Rng) -> Option<Vec<Label>> {
        let classes = self.view.classes;
        let mut answers = vec![RIGHT; self.view.slots as usize];
        for &(slot, place) in self.touches.moves() {
            let step = distance(server.strategy.moves().get(place)?, classes, coins)?;
            let answer = &mut answers[slot as usize];
            *answer = Label((answer.0 + step) % classes);
        }
        Some(answers)
    }
}
