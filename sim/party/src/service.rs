//! A server that answers its clients' sessions, some of them at once, until it is told to stop.

use crate::agreement::{Hello, NamePart, Reply, Request, Terms, VERSION, name};
use crate::behaviour::{Behaviour, Conduct, Honest, Scripted};
use crate::channel::Channel;
use crate::entropy;
use crate::error::{PartyError, Refusal};
use crate::fingerprint::Fingerprint;
use crate::hosting::{Hosted, Hosting, Ready};
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::offer::Offer;
use crate::tls;
use fusion_2pc::backend::{Choice, Options};
use fusion_2pc::circuit::Unsupported;
use fusion_2pc::role::Role;
use fusion_2pc::session::Grouping;
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wipe::wipe_stack;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::Link;
use fusion_2pc::wire::meter::Meter;
use fusion_2pc::wire::tcp::Patience;
use fusion_engine::campaign::Campaign;
use fusion_engine::simulate::ProtocolChoice;
use fusion_nn::fixed::FixedModel;
use rustls::ServerConfig;
use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tracing::{debug, info, warn};

/// The most slots of a session.
pub const MOST_SLOTS: u32 = 1 << 16;
/// The most connections that are open at once before their sessions begin; more are closed at once.
const MOST_CONNECTIONS: usize = 64;
/// The most bytes of a client's documents.
const MOST_BYTES: u32 = 1 << 16;
/// How often a server that waits looks again whether it is to stop, or may go on.
const PAUSE: Duration = Duration::from_millis(20);
/// How many such pauses a client waits for the end of its last session.
const TIDYING: usize = 50;

/// How much a server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceLimits {
    /// The most sessions at once.
    pub clients: usize,
    /// The number of sessions in the server's life. Their responses together reveal nothing of the weights, within `2^-40`.
    pub sessions: u64,
    /// How long a new connection may take to show its key.
    pub handshake: Duration,
    /// How long a client may take for a message.
    pub patience: Patience,
    /// How many lanes of a session are evaluated at once.
    pub threads: usize,
}

/// A server with its network, its key and its clients' keys.
pub struct Service {
    fingerprint: Fingerprint,
    tls: Arc<ServerConfig>,
    hosted: Box<dyn Hosted>,
    behaviour: Box<dyn Behaviour>,
    backend: Choice,
    pixels: Vec<i64>,
    limits: ServiceLimits,
    ledger: Mutex<Ledger>,
    /// The clients that are in a session.
    busy: Mutex<BTreeSet<Fingerprint>>,
    /// The connections that are not in a session yet.
    connections: AtomicUsize,
    /// How many connections ended without the key of a client.
    turned_away: AtomicU64,
}

impl Service {
    /// Makes a server that computes a network for clients with these keys.
    ///
    /// # Errors
    /// [`PartyError::Refuses`] for a network that the family cannot compute, and those of the identity's ledger.
    pub fn new(
        identity: &Identity,
        clients: BTreeSet<Fingerprint>,
        model: FixedModel,
        protocols: (Choice, Truncation),
        limits: ServiceLimits,
    ) -> Result<Self, PartyError> {
        let honest = Honest { classes: model.classes() };
        Self::behaving(identity, clients, vec![model], protocols, limits, Box::new(honest))
    }

    /// Makes a server that plays a strategy of a campaign, with the campaign's models and protocols. This is for testing a client.
    ///
    /// # Errors
    /// [`PartyError::Refuses`] for a strategy that no server can play alone ([`NotAlone`](fusion_engine::simulate::NotAlone)), and as [`new`](Self::new).
    pub fn scripted(
        identity: &Identity,
        clients: BTreeSet<Fingerprint>,
        campaign: Campaign,
        strategy: &str,
        limits: ServiceLimits,
    ) -> Result<Self, PartyError> {
        let Some(world) = campaign.world.as_ref() else {
            let reason = "the script has no network, as it plays at `plain` alone";
            return Err(PartyError::Refuses(Refusal::new("strategy", reason)));
        };
        let Some(ProtocolChoice { backend, truncation }) = world.protocols() else {
            let reason = format!("`{}` runs in one process", campaign.script.backend.name());
            return Err(PartyError::Refuses(Refusal::new("backend", reason)));
        };
        let models = world.models().to_vec();
        let behaviour = Scripted::new(campaign, strategy).map_err(PartyError::Refuses)?;
        Self::behaving(identity, clients, models, (backend, truncation), limits, Box::new(behaviour))
    }

    fn behaving(
        identity: &Identity,
        clients: BTreeSet<Fingerprint>,
        models: Vec<FixedModel>,
        (backend, truncation): (Choice, Truncation),
        limits: ServiceLimits,
        behaviour: Box<dyn Behaviour>,
    ) -> Result<Self, PartyError> {
        let unsupported = |found: Unsupported| PartyError::Refuses(Refusal::new("model", found.to_string()));
        let (extension, checks) = (backend.extension(), Some(backend.checks()));
        if Choice::new(backend.family(), Options { extension, checks, ..Options::default() }) != Ok(backend) {
            let reason = "no client takes an option other than the extension and the checks";
            return Err(PartyError::Refuses(Refusal::new("backend", reason)));
        }
        let mut ledger = Ledger::open(identity)?;
        ledger.share(limits.sessions)?;
        let pixels = models[0].pixel_integers().to_vec();
        let grouping = behaviour.grouping();
        let hosting = Hosting { models, backend, truncation, grouping, sessions: limits.sessions };
        Ok(Self {
            fingerprint: identity.fingerprint(),
            tls: tls::server(identity, clients)?,
            hosted: hosting.hosted().map_err(unsupported)?,
            behaviour,
            backend,
            pixels,
            limits,
            ledger: Mutex::new(ledger),
            busy: Mutex::default(),
            connections: AtomicUsize::new(0),
            turned_away: AtomicU64::new(0),
        })
    }

    /// Answers connections until `stop` is set, and returns when the last session has ended.
    ///
    /// # Errors
    /// The operating system's, if it takes the listener away.
    pub fn run(&self, listener: &TcpListener, stop: &AtomicBool) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        info!(address = %listener.local_addr()?, fingerprint = %self.fingerprint, backend = self.backend.family().name(), "listening");
        let done = std::thread::scope(|scope| {
            while !stop.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, address)) if self.connections.load(Ordering::Relaxed) < MOST_CONNECTIONS => {
                        let connection = Connection::new(&self.connections);
                        let answer = move || {
                            self.connection(stream, address, connection, stop);
                            wipe_stack();
                        };
                        if let Err(error) = std::thread::Builder::new().spawn_scoped(scope, answer) {
                            self.turned_away.fetch_add(1, Ordering::Relaxed);
                            warn!(%address, "turned away: {error}");
                        }
                    }
                    Ok((_, address)) => {
                        self.turned_away.fetch_add(1, Ordering::Relaxed);
                        debug!(%address, "turned away: too many connections at once");
                    }
                    Err(error) if is_passing(&error) => std::thread::sleep(PAUSE),
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        });
        info!(turned_away = self.turned_away.load(Ordering::Relaxed), "stopped");
        done
    }

    /// Answers one connection.
    fn connection(&self, stream: TcpStream, address: SocketAddr, connection: Connection<'_>, stop: &AtomicBool) {
        let channel = match self.handshake(stream) {
            Ok(channel) => channel,
            Err(error) => {
                self.turned_away.fetch_add(1, Ordering::Relaxed);
                debug!(%address, "turned away: {error}");
                return;
            }
        };
        let peer = channel.peer;
        match self.session(channel, connection, stop) {
            Ok(Done { slots, meter }) => {
                let [received, sent] = [Role::Client, Role::Server].map(|role| meter.sent(role, None).bytes);
                info!(%peer, %address, slots, sent, received, "session ended");
            }
            Err(error) => warn!(%peer, %address, "session failed: {error}"),
        }
    }

    fn handshake(&self, stream: TcpStream) -> Result<Channel, PartyError> {
        stream.set_nonblocking(false).map_err(PartyError::Gone)?;
        // A stranger, and a client that does not ask, are waited for no longer than this.
        let patience = Patience { late: self.limits.handshake, ..self.limits.patience };
        Channel::open(stream, tls::accept(&self.tls)?, patience.until(0), patience)
    }

    /// Agrees with a client on a session, and serves it.
    fn session(&self, mut channel: Channel, connection: Connection<'_>, stop: &AtomicBool) -> Result<Done, PartyError> {
        channel.say(&Hello { version: VERSION.into() })?;
        let request: Request = channel.hear("request", MOST_BYTES)?;
        let peer = channel.peer;
        let admitted = self.admitted(peer, &request, stop);
        let Admitted { turn: _turn, ready, part, conduct } = answered(&mut channel, admitted)?;
        drop(connection);
        channel.wait(self.limits.patience);
        channel.say(&Reply::Yes(self.offer(part)))?;
        let theirs: Terms = channel.hear::<Reply<Terms>>("terms", MOST_BYTES)?.taken()?;
        let met = ready.terms().meet(&theirs).map_err(PartyError::Refuses);
        answered(&mut channel, met)?;
        channel.say(&Reply::Yes(ready.terms()))?;
        info!(%peer, slots = request.slots, number = part.number, "session begins");
        let root = entropy::root()?;
        let name = name([(peer, request.part), (self.fingerprint, part)]);
        let link = Link::new(Role::Server, Box::new(channel.into_wire()), LinkSpeed::LAN);
        let (served, meter) = ready.serve(link, root, &name, conduct, self.limits.threads);
        served?;
        Ok(Done { slots: request.slots, meter })
    }

    /// Admits a client to a session, before the offer.
    fn admitted(&self, peer: Fingerprint, request: &Request, stop: &AtomicBool) -> Result<Admitted<'_>, PartyError> {
        let refuse = |field: &str, reason: String| Err(PartyError::Refuses(Refusal::new(field, reason)));
        if request.version != VERSION {
            return refuse("version", format!("the server has {VERSION}"));
        }
        if stop.load(Ordering::Relaxed) {
            return refuse("server", "it is about to stop".into());
        }
        if !(1..=MOST_SLOTS).contains(&request.slots) {
            return refuse("slots", format!("a session has 1 to {MOST_SLOTS}"));
        }
        let turn = self.turn(peer)?;
        let used_up = |ledger: &Ledger| ledger.begun() >= self.limits.sessions;
        let reason = || format!("the budget of {} sessions is used up", self.limits.sessions);
        if used_up(&self.ledger()) {
            return refuse("sessions", reason());
        }
        let ready = self.hosted.ready(request.slots as usize).map_err(PartyError::Refuses)?;
        let mut ledger = self.ledger();
        if used_up(&ledger) {
            return refuse("sessions", reason());
        }
        ledger.admit(peer, request.part.number)?;
        let conduct =
            self.behaviour.conduct(request.slots as usize, ledger.begun() + 1).map_err(PartyError::Refuses)?;
        let part = NamePart { number: ledger.begin()?, nonce: entropy::nonce()? };
        Ok(Admitted { turn, ready, part, conduct })
    }

    fn offer(&self, part: NamePart) -> Offer {
        Offer {
            backend: self.backend.family().name().into(),
            extension: self.backend.extension().map(|extension| extension.name().into()),
            checks: self.backend.checks().name().into(),
            slot_by_slot: self.behaviour.grouping() == Grouping::Slot,
            sessions: self.limits.sessions,
            circuit: self.hosted.circuit().clone(),
            pixels: self.pixels.clone(),
            part,
        }
    }

    /// Gives a client its turn: one session at a time for each, and no more at once than the limit. A client may come back while the server still tidies up its last
    /// session, and so is waited for a little.
    fn turn(&self, peer: Fingerprint) -> Result<Turn<'_>, PartyError> {
        let refuse = |reason: &str| Err(PartyError::Refuses(Refusal::new("turn", reason)));
        for _ in 0..TIDYING {
            let mut busy = self.busy();
            if !busy.contains(&peer) {
                if busy.len() >= self.limits.clients {
                    return refuse("as many clients as may be are in sessions");
                }
                busy.insert(peer);
                return Ok(Turn { service: self, peer });
            }
            drop(busy);
            std::thread::sleep(PAUSE);
        }
        refuse("a session of this client is not over yet")
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn busy(&self) -> MutexGuard<'_, BTreeSet<Fingerprint>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a client is given before the offer.
struct Admitted<'s> {
    turn: Turn<'s>,
    ready: Arc<dyn Ready>,
    /// The server's part of the session's name.
    part: NamePart,
    conduct: Conduct,
}

/// A connection that is not in a session yet, and counts until this is dropped.
struct Connection<'s>(&'s AtomicUsize);

impl<'s> Connection<'s> {
    fn new(open: &'s AtomicUsize) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self(open)
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A session that came to its end.
struct Done {
    slots: u32,
    meter: Meter,
}

/// A client's turn, which ends when this is dropped.
struct Turn<'s> {
    service: &'s Service,
    peer: Fingerprint,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.service.busy().remove(&self.peer);
    }
}

/// Tells the peer of a refusal, if it is one, before it is returned.
fn answered<T>(channel: &mut Channel, outcome: Result<T, PartyError>) -> Result<T, PartyError> {
    outcome.inspect_err(|error| {
        let refusal = match error {
            PartyError::Refuses(refusal) => refusal.clone(),
            // The client need not know what is wrong here.
            _ => Refusal::new("server", "it cannot begin a session"),
        };
        // A peer that does not listen any more needs no reason.
        let _ = channel.say(&Reply::<()>::No(refusal));
    })
}

/// Whether the operating system may accept the next connection: whatever is wrong is not wrong with the listener.
fn is_passing(error: &io::Error) -> bool {
    const OF_THE_LISTENER: [i32; 3] = [9, 22, 88];
    error.raw_os_error().is_none_or(|code| !OF_THE_LISTENER.contains(&code))
}
