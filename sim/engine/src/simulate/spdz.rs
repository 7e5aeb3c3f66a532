//! Sessions at `real` by SPDZ: an inference of all slots at once with full active security, in which a server that deviates is caught.
//!
//! Each session has a set-up of its own, which is metered with it. The server enters one network for all slots.

use super::client::{Answers, EarlyEnd, Exchange};
use super::metered::{Metered, timed};
use super::real::{early_end, seed};
use super::session::{Asked, Inference, Judged, Position, SlotService};
use super::stream::Purpose;
use super::world::World;
use fusion_2pc::random::{Seed, Simulated};
use fusion_2pc::session::{self, ServerProgram};
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::Link;
use fusion_2pc::wire::meter::Meter;
use fusion_active::cheat::Cheat;
use fusion_active::failure::Failure;
use fusion_active::network::{Architecture, Holding};
use fusion_active::party::{NotSetUp, Party};
use fusion_adversaries::strategy::{Touches, View};
use fusion_nn::fixed::argmax;
use fusion_spec::verdict::Label;

/// The most triples that all sessions hold that are played side by side ([`Predicted::held`](fusion_active::predicted::Predicted::held)): 3.2 GB of both parties.
pub const MOST_TRIPLES: usize = 1 << 24;

/// The two parties of SPDZ that compute the answers.
pub struct TwoOfSpdz<'w> {
    architecture: &'w Architecture,
    network: LinkSpeed,
    metered: Metered,
    /// Why the client of the last session stopped.
    stopped: Option<Failure>,
}

/// Sessions whose answers are computed by SPDZ.
pub type Spdz<'w> = Judged<'w, TwoOfSpdz<'w>>;

impl<'w> Spdz<'w> {
    /// Makes the working memory for sessions in a world, over a line of this speed; `None` if the world has no architecture for SPDZ.
    #[must_use]
    pub fn new(view: &View, world: &'w World, network: LinkSpeed) -> Option<Self> {
        let architecture = world.spdz()?;
        Some(Self::with(view, world, TwoOfSpdz { architecture, network, metered: Metered::default(), stopped: None }))
    }
}

/// What a party of a session has, or why it stopped, with its meter.
struct Played {
    logits: Result<Option<Vec<i64>>, Failure>,
    meter: Meter,
    is_set_up: bool,
}

impl Inference for TwoOfSpdz<'_> {
    const STRIDE: u64 = 1;

    fn answer(
        &mut self,
        world: &World,
        asked: &[Asked],
        at: &Position<'_, '_>,
        _touches: &Touches,
        program: Option<&mut dyn ServerProgram>,
    ) -> Option<Answers> {
        self.stopped = None;
        let served = asked.first()?.service;
        let same = asked.iter().all(|asked| asked.service == served);
        let labels_kept = served == (SlotService { model: served.model, ..SlotService::HONEST });
        if program.is_some() || at.probe.is_some() || !same || !labels_kept {
            return None;
        }
        let mut pixels = Vec::new();
        for one in asked {
            pixels.extend(self.architecture.pixels(world.image(one.image)).ok()?);
        }
        let (root, cheat) = (seed(at, Purpose::Session), at.server.strategy.cheat());
        let holding = Holding::Network(&world.models()[served.model]);
        let ((client, client_cpu), (server, server_cpu)) = session::run(
            self.network,
            |link| timed(|| self.play(link, root.child("client"), None, Holding::Image(&pixels))),
            |link: Link| timed(|| self.play(link, root.child("server"), cheat, holding)),
        );
        let asks = client.is_set_up.then_some(Exchange::Asks(asked.len()));
        self.metered = Metered { meters: [client.meter, server.meter], cpu: client_cpu + server_cpu };
        self.stopped = client.logits.as_ref().err().cloned();
        let answers = |has: Option<Exchange>, end| {
            Some(Answers { exchanges: asks.into_iter().chain(has).collect(), end, changed: Vec::new() })
        };
        match client.logits {
            Ok(logits) => {
                let classes = world.classes() as usize;
                let labels = logits?.chunks_exact(classes).map(|logits| Label(argmax(logits))).collect();
                answers(Some(Exchange::Has(labels)), None)
            }
            Err(failure) if cheat.is_some() => answers(None, Some(ended(&failure, at.server.failed_proof)?)),
            // A server that keeps to the protocol is never caught at it, but by a chance that is below that of an undetected error.
            Err(_) => None,
        }
    }

    fn metered(&self) -> Option<&Metered> {
        Some(&self.metered)
    }

    fn stopped(&self) -> Option<String> {
        self.stopped.as_ref().map(Failure::to_string)
    }
}

impl TwoOfSpdz<'_> {
    fn play(&self, link: Link, root: Seed, cheat: Option<Cheat>, holding: Holding<'_>) -> Played {
        let root = Simulated(root);
        let party = match cheat {
            None => Party::new(link, root),
            Some(cheat) => Party::cheating(link, root, cheat),
        };
        match party {
            Ok(mut party) => {
                let logits = party.infer(self.architecture, holding);
                Played { logits, meter: party.into_link().into_meter(), is_set_up: true }
            }
            Err(stopped) => {
                let NotSetUp { failure, link } = *stopped;
                Played { logits: Err(failure), meter: link.into_meter(), is_set_up: false }
            }
        }
    }
}

/// What the session of a client that stopped ends as; `None` if what stopped it was nothing that its server did.
fn ended(failure: &Failure, failed_proof: EarlyEnd) -> Option<EarlyEnd> {
    match failure {
        Failure::Cheating(_) => Some(failed_proof),
        Failure::Halt(halt) => Some(early_end(halt, failed_proof)),
        Failure::Exhausted => None,
    }
}
