//! What a server tests of a client's secrets in a session, and what it keeps of one session for later ones.

use fusion_2pc::backend::Backend;
use fusion_2pc::backend::probe::{Parity, Probe};
use fusion_2pc::backend::replay::{Kept, Notes, read_first};
use fusion_2pc::circuit::Circuit;
use fusion_2pc::session::Plan;
use fusion_2pc::wire::hook::Deviation;
use fusion_2pc::wire::link::Link;
use fusion_nn::fixed::FixedModel;

/// What a server tests in a session.
#[derive(Clone, Copy, Debug)]
pub struct Tested<'a> {
    /// The test.
    pub probe: Probe,
    /// What the server kept of an earlier session.
    pub kept: &'a Kept,
}

impl Tested<'_> {
    /// Makes the server's link deviate, or listen and take notes, as the test needs it. A guess of a correlation does not act on the link.
    pub(super) fn prepare<B: Backend>(self, plan: &Plan<B>, notes: &Notes, link: &mut Link) {
        let packing = plan.packings().next();
        let deviation: Option<Box<dyn Deviation>> = match self.probe {
            Probe::Correlation(_) => None,
            Probe::Keep => {
                link.listen();
                notes.taker(&plan.circuit)
            }
            Probe::Key(asked) => packing.and_then(|packing| plan.backend.key_probe(packing, asked)),
            Probe::Earlier(asked) => {
                packing.and_then(|packing| plan.backend.replay(&plan.circuit, packing, self.kept, asked))
            }
        };
        if let Some(deviation) = deviation {
            link.deviate(deviation);
        }
    }
}

/// An earlier session of a client.
#[derive(Clone, Debug, Default)]
pub struct Earlier {
    /// What the server keeps of it.
    pub kept: Kept,
    /// The values that it asks about, of the first slot. The server does not see them.
    values: Vec<u64>,
}

impl Earlier {
    /// A session in which the first slot holds an image, and the honest model reads it. Nothing can be asked about it if the network does not begin with a matrix.
    pub(super) fn new(kept: Kept, circuit: &Circuit, model: &FixedModel, pixels: &[i64]) -> Self {
        Self { kept, values: read_first(circuit, model, pixels).into_iter().flatten().collect() }
    }

    /// Whether the values have a parity.
    pub(super) fn has(&self, named: Parity) -> bool {
        named.holds(&self.values)
    }
}
