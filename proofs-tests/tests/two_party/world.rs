//! A client and a server that are set up, and their sessions.

use fusion_2pc::backend::Backend;
use fusion_2pc::backend::cheetah::Cheetah;
use fusion_2pc::random::Seed;
use fusion_2pc::role::Role;
use fusion_2pc::session::{
    self, Answered, ClientSetup, Deliver, Grouping, Networks, Plan, ServerSetup, Service, Workers,
};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::hook::Deviation;
use fusion_2pc::wire::link::{Halt, Link};
use fusion_2pc::wire::meter::Meter;
use fusion_nn::fixed::FixedModel;
use fusion_nn::model::Model;
use fusion_proofs_tests::networks::{PRECISION, fixed};

/// Everything that outlives a session.
pub struct World<B: Backend = Cheetah> {
    pub models: Vec<FixedModel>,
    pub plan: Plan<B>,
    pub setup: (ClientSetup<B>, ServerSetup<B>),
    networks: Networks<B>,
}

/// How a session ended for each party, client first.
#[derive(Debug, PartialEq)]
pub struct Session {
    pub client: Result<Answered, Halt>,
    pub server: Result<Answered, Halt>,
    pub meters: [Meter; 2],
}

pub fn plan(models: &[FixedModel], slots: usize, grouping: Grouping, truncation: Truncation) -> Plan<Cheetah> {
    plan_by(Cheetah::default(), models, slots, grouping, truncation)
}

pub fn plan_by<B: Backend>(
    backend: B,
    models: &[FixedModel],
    slots: usize,
    grouping: Grouping,
    truncation: Truncation,
) -> Plan<B> {
    let circuit = backend.circuit(&models.iter().collect::<Vec<_>>(), truncation).expect("one architecture");
    Plan::new(backend, circuit, slots, grouping).expect("parameters hold it")
}

impl World {
    /// Cheetah's, exact, with one chunk's slots together.
    pub fn new(models: &[Model], slots: usize, seed: u8) -> Self {
        Self::by(Cheetah::default(), models, slots, seed)
    }
}

impl<B: Backend> World<B> {
    /// Of a plan, with keys from a seed.
    pub fn of(models: Vec<FixedModel>, plan: Plan<B>, seed: u8) -> Self {
        let (mut client, mut server, _) =
            session::set_up(&Seed([seed; 32]), &[&plan], LinkSpeed::LAN).expect("both are honest");
        let networks = Networks::new(&plan, &models).expect("of this circuit");
        let (received, sent) = session::run(
            LinkSpeed::LAN,
            |mut link| client.receive_network(&mut link, &[&plan]),
            |mut link: Link| server.send_network(&mut link, &[(&plan, &networks)]),
        );
        received.and(sent).expect("both are honest");
        Self { models, plan, setup: (client, server), networks }
    }

    /// Sets both parties up anew, with keys from a seed, and sends the network over these links: how that ended for the client and the server, and how many messages each sent.
    pub fn renew(&mut self, seed: u8, [mut near, far]: [Link; 2]) -> ([Result<(), Halt>; 2], [usize; 2]) {
        let (plan, networks) = (&self.plan, &self.networks);
        let (mut client, mut server, _) =
            session::set_up(&Seed([seed; 32]), &[plan], LinkSpeed::LAN).expect("both are honest");
        let (received, sent, meter) = std::thread::scope(|scope| {
            let server = &mut server;
            let sending = scope.spawn(move || server.send_network(&mut { far }, &[(plan, networks)]));
            let received = client.receive_network(&mut near, &[plan]);
            let meter = near.meter().clone();
            drop(near);
            (received, sending.join().expect("no party panics"), meter)
        });
        self.setup = (client, server);
        ([received, sent], [Role::Client, Role::Server].map(|role| meter.sent(role, None).messages))
    }

    /// A family's, exact, with one chunk's slots together.
    pub fn by(backend: B, models: &[Model], slots: usize, seed: u8) -> Self {
        let models: Vec<FixedModel> = models.iter().map(|model| fixed(model, PRECISION)).collect();
        let plan = plan_by(backend, &models, slots, Grouping::Chunk, Truncation::Faithful);
        Self::of(models, plan, seed)
    }

    /// This model with its own labels.
    pub fn service(&self, model: usize) -> Service {
        Service { model, labels: (0..self.models[0].classes()).collect() }
    }

    /// The first model on every slot.
    pub fn honest(&self) -> Vec<Service> {
        vec![self.service(0); self.plan.slots]
    }

    /// The client's side over a link.
    pub fn ask(&self, link: Link, name: u8, images: &[Vec<u8>]) -> (Result<Answered, Halt>, Link) {
        let image = |slot: usize| self.models[0].pixels(&images[slot]).expect("of this size");
        session::client(link, &self.setup.0, &self.plan, &Seed([name; 32]), image)
    }

    /// The server's side over a link.
    pub fn serve(&self, link: Link, name: u8, services: &[Service]) -> (Result<Answered, Halt>, Link) {
        session::server(link, &self.setup.1, &self.plan, &Seed([name; 32]), &self.networks, services)
    }

    /// The client's side over a link, its lanes beside each other, in the session named 1.
    pub fn ask_beside(
        &self,
        link: Link,
        images: &[Vec<u8>],
        workers: Workers<'_>,
        deliver: Deliver<'_>,
    ) -> (Result<(), Halt>, Link) {
        let image = |slot: usize| self.models[0].pixels(&images[slot]).expect("of this size");
        session::client_beside(link, (&self.setup.0, &self.plan), &Seed([1; 32]), &image, workers, deliver)
    }

    /// The server's side of such a session.
    pub fn serve_beside(&self, link: Link, workers: Workers<'_>, deliver: Deliver<'_>) -> (Result<(), Halt>, Link) {
        let service = |_| self.service(0);
        let networks = (&self.networks, &service as &(dyn Fn(usize) -> Service + Sync));
        session::server_beside(link, (&self.setup.1, &self.plan), &Seed([1; 32]), networks, workers, deliver)
    }

    /// An honest session in memory.
    pub fn session(&self, name: u8, images: &[Vec<u8>], services: &[Service]) -> Session {
        let (client, server) = Link::pair(LinkSpeed::LAN);
        self.over([client, server], name, images, services)
    }

    /// A session in which one party deviates.
    pub fn deviant(&self, role: Role, deviation: impl Deviation + 'static, images: &[Vec<u8>]) -> Session {
        let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
        let link = if role == Role::Client { &mut client } else { &mut server };
        link.deviate(Box::new(deviation));
        self.over([client, server], 1, images, &self.honest())
    }

    /// A session over any two links.
    pub fn over(&self, links: [Link; 2], name: u8, images: &[Vec<u8>], services: &[Service]) -> Session {
        let [near, far] = links;
        let ((client, near), (server, far)) = std::thread::scope(|scope| {
            let server = scope.spawn(|| self.serve(far, name, services));
            let client = self.ask(near, name, images);
            (client, server.join().expect("no party panics"))
        });
        Session { client, server, meters: [near, far].map(Link::into_meter) }
    }

    /// The plaintext answers: logits, and labels.
    pub fn expected(&self, images: &[Vec<u8>]) -> (Vec<i64>, Vec<u32>) {
        let model = &self.models[0];
        let logits = images.iter().flat_map(|image| model.logits(image).expect("of this size")).collect();
        (logits, images.iter().map(|image| model.label(image).expect("of this size")).collect())
    }

    /// The logits that both parties' shares stand for.
    pub fn opened(&self, session: &Session) -> Vec<i64> {
        let [client, server] =
            [&session.client, &session.server].map(|side| &side.as_ref().expect("it ended well").logits);
        self.plan.circuit.logits([client, server])
    }

    /// That every answer is the reference's.
    pub fn assert_exact(&self, session: &Session, images: &[Vec<u8>]) {
        let (logits, labels) = self.expected(images);
        assert_eq!(self.opened(session), logits);
        assert_eq!(session.client.as_ref().expect("it ended well").labels, labels);
    }
}
