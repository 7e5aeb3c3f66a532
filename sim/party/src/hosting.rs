//! A server's networks, whichever family of protocols computes them.

use crate::agreement::Terms;
use crate::behaviour::Conduct;
use crate::error::Refusal;
use fusion_2pc::backend::{Backend, Choice, ForBackend};
use fusion_2pc::circuit::{Circuit, Unsupported};
use fusion_2pc::random::{Entropy, Seed};
use fusion_2pc::session::{self, Grouping, Networks, Plan, ServerSetup, Workers};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::link::{Halt, Link};
use fusion_2pc::wire::meter::Meter;
use fusion_nn::fixed::FixedModel;
use std::sync::{Arc, Mutex, PoisonError};

/// Networks with their circuit, ready to be planned for any number of slots.
pub trait Hosted: Send + Sync {
    /// The circuit, which is public.
    fn circuit(&self) -> &Circuit;

    /// Plans a session of so many slots, and encodes the weights for it.
    ///
    /// # Errors
    /// [`Refusal`] for a layer that no parameters hold.
    fn ready(&self, slots: usize) -> Result<Arc<dyn Ready>, Refusal>;
}

/// A planned session.
pub trait Ready: Send + Sync {
    /// What this party has worked out of it.
    fn terms(&self) -> &Terms;

    /// Makes a set-up and serves the session on so many threads. The link's meter comes back, however it ended.
    fn serve(
        &self,
        link: Link,
        root: Entropy,
        name: &Seed,
        conduct: Conduct,
        threads: usize,
    ) -> (Result<(), Halt>, Meter);
}

/// What a server computes.
pub struct Hosting {
    /// The networks, of one architecture; an honest server has one, which is the first.
    pub models: Vec<FixedModel>,
    /// The protocols.
    pub backend: Choice,
    /// How fractional bits are dropped.
    pub truncation: Truncation,
    /// How slots are grouped.
    pub grouping: Grouping,
    /// The number of sessions that share the budget of flooding noise.
    pub sessions: u64,
}

impl Hosting {
    /// Makes the network's circuit.
    ///
    /// # Errors
    /// [`Unsupported`] names the layers that the family cannot compute.
    pub fn hosted(self) -> Result<Box<dyn Hosted>, Unsupported> {
        self.backend.run(Make(self))
    }
}

struct Make(Hosting);

impl ForBackend for Make {
    type Output = Result<Box<dyn Hosted>, Unsupported>;

    fn run<B: Backend>(self, backend: B) -> Self::Output {
        let Self(hosting) = self;
        let circuit = backend.circuit(&hosting.models.iter().collect::<Vec<_>>(), hosting.truncation)?;
        Plan::for_sessions(backend.clone(), circuit.clone(), 1, hosting.grouping, hosting.sessions)?;
        Ok(Box::new(Host { hosting, backend, circuit, last: Mutex::new(None) }))
    }
}

struct Host<B: Backend> {
    hosting: Hosting,
    backend: B,
    circuit: Circuit,
    /// The last session that was planned, which the next one may be like.
    last: Mutex<Option<Arc<Planned<B>>>>,
}

struct Planned<B: Backend> {
    plan: Plan<B>,
    networks: Networks<B>,
    terms: Terms,
}

impl<B: Backend> Hosted for Host<B> {
    fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    fn ready(&self, slots: usize) -> Result<Arc<dyn Ready>, Refusal> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(planned) = last.as_ref().filter(|planned| planned.plan.slots == slots) {
            return Ok(Arc::<Planned<B>>::clone(planned));
        }
        let Hosting { models, backend, grouping, sessions, .. } = &self.hosting;
        let refused = |reason: String| Refusal::new("parameters", reason);
        let circuit = self.circuit.clone();
        let plan = Plan::for_sessions(self.backend.clone(), circuit, slots, *grouping, *sessions);
        let plan = plan.map_err(|found: Unsupported| refused(found.to_string()))?.in_lanes();
        let networks = Networks::new(&plan, models).map_err(|error| refused(error.to_string()))?;
        let terms = Terms::of(&plan, *backend, *sessions, models[0].pixel_integers());
        let planned = Arc::new(Planned { plan, networks, terms });
        *last = Some(Arc::clone(&planned));
        Ok(planned)
    }
}

impl<B: Backend> Ready for Planned<B> {
    fn terms(&self) -> &Terms {
        &self.terms
    }

    fn serve(
        &self,
        mut link: Link,
        root: Entropy,
        name: &Seed,
        conduct: Conduct,
        threads: usize,
    ) -> (Result<(), Halt>, Meter) {
        let Self { plan, networks, .. } = self;
        let Conduct { services, deviation } = conduct;
        let setup = match ServerSetup::new(&mut link, root, &[plan]) {
            Ok(setup) => setup,
            Err(halt) => return (Err(halt), link.into_meter()),
        };
        if let Some(deviation) = deviation {
            link.deviate(deviation);
        }
        let service = |slot: usize| services[slot].clone();
        let workers = Workers { threads, around: &|work| work() };
        // Its shares of the logits are of no use to a server.
        let deliver = |_, _| {};
        let (served, link) =
            session::server_beside(link, (&setup, plan), name, (networks, &service), workers, &deliver);
        (served, link.into_meter())
    }
}
