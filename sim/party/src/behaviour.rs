//! What a server does with its slots: as it should, or as a scripted strategy has it, to test a client.

use crate::error::Refusal;
use fusion_2pc::circuit::Circuit;
use fusion_2pc::session::{Grouping, Service};
use fusion_2pc::wire::hook::Deviation;
use fusion_engine::campaign::{Campaign, grouping};
use fusion_engine::simulate::{Alone, NotAlone, Server};

/// What a server does in one session.
pub struct Conduct {
    /// What it answers on each slot.
    pub services: Vec<Service>,
    /// What it does to shares and messages; `None` for nothing.
    pub deviation: Option<Box<dyn Deviation>>,
}

/// A server's way with its sessions.
pub trait Behaviour: Send + Sync {
    /// How slots are grouped in its sessions.
    fn grouping(&self) -> Grouping;

    /// What the server does in its session of this number, counted from 1, of so many slots.
    ///
    /// # Errors
    /// [`Refusal`] for a number of slots for which it has no answer.
    fn conduct(&self, slots: usize, number: u64) -> Result<Conduct, Refusal>;
}

/// A server that does as it should.
pub struct Honest {
    /// The number of classes.
    pub classes: u32,
}

impl Behaviour for Honest {
    fn grouping(&self) -> Grouping {
        Grouping::Chunk
    }

    fn conduct(&self, slots: usize, _number: u64) -> Result<Conduct, Refusal> {
        let honest = Service { model: 0, labels: (0..self.classes).collect() };
        Ok(Conduct { services: vec![honest; slots], deviation: None })
    }
}

/// A server that plays a strategy of a campaign, trial after trial: its session of number `n` is the campaign's trial `n - 1`.
pub struct Scripted {
    campaign: Campaign,
    circuit: Circuit,
    /// The place of the strategy among the campaign's.
    entry: usize,
}

impl Scripted {
    /// Makes the server of a strategy, which is given by its name.
    ///
    /// # Errors
    /// [`Refusal`] for a name that the campaign does not have, and for a strategy that cannot be played without knowing the inputs, or over several sessions.
    pub fn new(campaign: Campaign, name: &str) -> Result<Self, Refusal> {
        let refuse = |reason: String| Refusal::new("strategy", reason);
        let entry = campaign.entries.iter().position(|entry| entry.name == name);
        let entry = entry.ok_or_else(|| refuse(format!("the script has no strategy `{name}`")))?;
        if campaign.entries[entry].sessions.is_some() {
            return Err(refuse(format!("{name}: it is about several sessions of one client")));
        }
        let circuit = campaign.world.as_ref().and_then(|world| world.circuit().ok());
        let circuit =
            circuit.ok_or_else(|| refuse("the script has no network that two parties compute".into()))?.clone();
        let scripted = Self { campaign, circuit, entry };
        scripted.alone(0).map_err(|error| refuse(format!("{name}: {error}")))?;
        Ok(scripted)
    }

    fn alone(&self, trial: u64) -> Result<Alone, NotAlone> {
        let Self { campaign, circuit, entry } = self;
        let entry = &campaign.entries[*entry];
        Server::new(&entry.name, campaign.script.trials.seed, &*entry.strategy).alone(&campaign.view, circuit, trial)
    }
}

impl Behaviour for Scripted {
    fn grouping(&self) -> Grouping {
        grouping(&self.campaign.entries[self.entry], &self.campaign.view)
    }

    fn conduct(&self, slots: usize, number: u64) -> Result<Conduct, Refusal> {
        let own = self.campaign.view.slots as usize;
        if slots != own {
            return Err(Refusal::new("slots", format!("this server plays sessions of {own}")));
        }
        let played =
            self.alone(number.saturating_sub(1)).map_err(|error| Refusal::new("strategy", error.to_string()))?;
        let Alone { services, deviation } = played;
        Ok(Conduct { services, deviation })
    }
}
