//! A client: it asks a server about a batch of images.

use crate::agreement::{Hello, NamePart, Reply, Request, Terms, VERSION, Wanted, name};
use crate::channel::Channel;
use crate::entropy;
use crate::error::{PartyError, Refusal, printable};
use crate::fingerprint::Fingerprint;
use crate::host::addresses;
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::offer::{MOST_OFFER_BYTES, Offer};
use crate::service::MOST_SLOTS;
use crate::tls;
use fusion_2pc::backend::{Backend, Choice, ForBackend};
use fusion_2pc::circuit::Unsupported;
use fusion_2pc::random::Seed;
use fusion_2pc::role::Role;
use fusion_2pc::session::{self, Answered, ClientSetup, Plan, Workers};
use fusion_2pc::wipe::wipe_stack;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::{Halt, Link};
use fusion_2pc::wire::meter::Meter;
use fusion_2pc::wire::tcp::Patience;
use std::net::TcpStream;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// The most bytes of what a server says, but for its offer.
const MOST_BYTES: u32 = 1 << 16;

/// A question to a server.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The client's key.
    pub identity: &'a Identity,
    /// The fingerprint of the server's key.
    pub server: Fingerprint,
    /// The server's address, with its port.
    pub address: &'a str,
    /// What the client insists on.
    pub wanted: Wanted,
    /// How long the server may take for a message.
    pub patience: Patience,
    /// How many lanes of a session are evaluated at once.
    pub threads: usize,
}

/// How far a client has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Both parties have agreed, and the set-up begins.
    Agreed(Choice),
    /// So many more slots are answered.
    Answered(usize),
}

/// What a session brought.
#[derive(Debug)]
pub struct Answers {
    /// A label for each slot, or why the session ended early.
    pub labels: Result<Vec<u32>, Halt>,
    /// The messages of the session, set-up included.
    pub meter: Meter,
}

/// Asks a server about images of 8-bit pixels, one for each slot: one connection, one set-up, one session. Progress goes to `watch`, and depends on no answer.
///
/// # Errors
/// [`PartyError`] if no session begins. What happens in the session is in [`Answers`].
pub fn ask(
    question: Question<'_>,
    images: &[&[u8]],
    mut watch: impl FnMut(Step) + Send,
) -> Result<Answers, PartyError> {
    let Question { identity, server, .. } = question;
    let refuse = |field, reason: String| Err(PartyError::Refuses(Refusal::new(field, reason)));
    let slots = match u32::try_from(images.len()) {
        Ok(slots) if (1..=MOST_SLOTS).contains(&slots) => slots,
        _ => return refuse("slots", format!("a session has 1 to {MOST_SLOTS}")),
    };
    let mut ledger = Ledger::open(identity)?;
    let mut channel = connected(&question)?;
    let hello: Hello = channel.hear("hello", MOST_BYTES)?;
    if hello.version != VERSION {
        return refuse("version", format!("the server has {}, this client {VERSION}", printable(&hello.version)));
    }
    let part = NamePart { number: ledger.begin()?, nonce: entropy::nonce()? };
    channel.say(&Request { version: VERSION.into(), slots, part })?;
    let offer = channel.hear::<Reply<Offer>>("offer", MOST_OFFER_BYTES)?.taken()?;
    let choice = offer.choice()?;
    question.wanted.is_met(choice)?;
    ledger.admit(server, offer.part.number)?;
    let name = name([(identity.fingerprint(), part), (server, offer.part)]);
    let offer = offer.checked(choice)?;
    if let Some(image) = images.iter().find(|image| image.len() != offer.circuit.pixels) {
        return refuse(
            "images",
            format!("one has {} values, and the network reads {}", image.len(), offer.circuit.pixels),
        );
    }
    let answers =
        choice.run(Session { channel, offer, choice, name, images, threads: question.threads, watch: &mut watch });
    wipe_stack();
    answers
}

fn connected(question: &Question<'_>) -> Result<Channel, PartyError> {
    let Question { identity, server, address, patience, .. } = *question;
    let unreachable = |error| PartyError::Unreachable { address: address.into(), error };
    let mut last = Err(unreachable(std::io::Error::other("it was not asked")));
    for found in addresses(address)? {
        match TcpStream::connect_timeout(&found, patience.late) {
            Ok(stream) => match Channel::open(stream, tls::connect(identity, server)?, patience.until(0), patience) {
                Err(error @ PartyError::Insecure(_)) => last = Err(error),
                opened => return opened,
            },
            Err(error) => last = Err(unreachable(error)),
        }
    }
    last
}

/// A session that is about to be planned.
struct Session<'a, W> {
    channel: Channel,
    offer: Offer,
    choice: Choice,
    name: Seed,
    images: &'a [&'a [u8]],
    threads: usize,
    watch: &'a mut W,
}

impl<W: FnMut(Step) + Send> ForBackend for Session<'_, W> {
    type Output = Result<Answers, PartyError>;

    fn run<B: Backend>(self, backend: B) -> Self::Output {
        let Self { mut channel, offer, choice, name, images, threads, watch } = self;
        let grouping = offer.grouping();
        let Offer { circuit, pixels, sessions, .. } = offer;
        let refused =
            |found: Unsupported| PartyError::Refuses(Refusal::new("parameters", printable(&found.to_string())));
        let plan = Plan::for_sessions(backend, circuit, images.len(), grouping, sessions);
        let plan = plan.map_err(refused)?.in_lanes();
        let terms = Terms::of(&plan, choice, sessions, &pixels);
        channel.say(&Reply::Yes(&terms))?;
        let theirs: Terms = channel.hear::<Reply<Terms>>("terms", MOST_BYTES)?.taken()?;
        terms.meet(&theirs).map_err(PartyError::Refuses)?;
        let root = entropy::root()?;
        watch(Step::Agreed(choice));
        let mut link = Link::new(Role::Client, Box::new(channel.into_wire()), LinkSpeed::LAN);
        let setup = match ClientSetup::new(&mut link, root, &[&plan]) {
            Ok(setup) => setup,
            Err(halt) => return Ok(Answers { labels: Err(halt), meter: link.into_meter() }),
        };
        let image = |slot: usize| images[slot].iter().map(|&pixel| pixels[usize::from(pixel)]).collect();
        let workers = Workers { threads, around: &|work| work() };
        let arrived = Mutex::new((vec![0; images.len()], watch));
        let deliver = |slots: Range<usize>, answered: Answered| {
            let mut arrived = arrived.lock().unwrap_or_else(PoisonError::into_inner);
            let (labels, watch) = &mut *arrived;
            labels[slots.clone()].copy_from_slice(&answered.labels);
            watch(Step::Answered(slots.len()));
        };
        let (ended, link) = session::client_beside(link, (&setup, &plan), &name, &image, workers, &deliver);
        let (labels, _) = arrived.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Answers { labels: ended.map(|()| labels), meter: link.into_meter() })
    }
}
