//! A scripted server that plays alone: against a client on another machine, which keeps its order of the slots and its images to itself.

use super::deviant::Deviant;
use super::positional::distance;
use super::server::Server;
use super::session::SlotService;
use super::stream::Purpose;
use fusion_2pc::circuit::Circuit;
use fusion_2pc::session::Service;
use fusion_2pc::wire::hook::Deviation;
use fusion_adversaries::strategy::{Touches, View};

/// What a server does in one session.
pub struct Alone {
    /// What it answers on each slot.
    pub services: Vec<Service>,
    /// What it does to shares and messages; `None` for nothing.
    pub deviation: Option<Box<dyn Deviation>>,
}

/// Says what a server cannot do where it plays alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAlone {
    /// An act is limited to some inputs, which the server never sees.
    #[error("an act depends on the input, which only a simulation can look up")]
    DependsOnInputs,
    /// The server runs a program, names slots, or tests secrets of a simulated client.
    #[error("the strategy is a program, a linking game or a probe, which only a campaign can judge")]
    IsJudged,
    /// The strategy names a slot that does not exist.
    #[error("the strategy names a slot that does not exist")]
    Astray,
}

impl Server<'_> {
    /// What the server does in the first session of a trial, as in a campaign, without knowing what its slots hold. `circuit` is what the parties evaluate.
    ///
    /// # Errors
    /// [`NotAlone`] for a strategy that needs to know it.
    pub fn alone(&self, view: &View, circuit: &Circuit, trial: u64) -> Result<Alone, NotAlone> {
        let coins = |purpose| self.streams.coins(purpose, trial, 0);
        let moves = self.strategy.moves();
        if moves.iter().any(|m| m.when.is_some()) {
            return Err(NotAlone::DependsOnInputs);
        }
        let mut own = coins(Purpose::Strategy);
        let mut touches = Touches::new(view);
        self.strategy.session(view, &mut own, &mut touches);
        let is_judged = self.strategy.link().is_some()
            || self.strategy.program(view).is_some()
            || self.strategy.prober(view, &mut own).is_some();
        if is_judged {
            return Err(NotAlone::IsJudged);
        }
        let mut labels = coins(Purpose::Labels);
        let mut services = vec![SlotService::HONEST; view.slots as usize];
        for &(slot, place) in touches.moves() {
            let (m, service) = moves.get(place).zip(services.get_mut(slot as usize)).ok_or(NotAlone::Astray)?;
            let shift = distance(m, view.classes, &mut labels).unwrap_or(0);
            *service = service.after(&m.act, shift, view.classes);
        }
        let deviant = Deviant::blind(circuit, moves, &touches, coins(Purpose::Messages));
        Ok(Alone {
            services: services.into_iter().map(|service| service.service(view.classes)).collect(),
            deviation: deviant.map(|deviant| -> Box<dyn Deviation> { Box::new(deviant) }),
        })
    }
}
