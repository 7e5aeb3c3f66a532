//! A server that serves a small network, and clients that ask it.

use fusion_2pc::backend::{Choice, Family};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::tcp::Patience;
use fusion_nn::fixed::FixedModel;
use fusion_party::{Answers, Fingerprint, Identity, PartyError, Question, Service, ServiceLimits, Step, Wanted, ask};
use fusion_proofs_tests::networks::{PRECISION, fixed, noise, tiny};
use fusion_proofs_tests::scratch::Scratch;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What a test waits for at most, where it expects an answer.
pub const PATIENT: Patience = Patience { late: Duration::from_mins(1), bytes_per_s: 100_000 };

pub const LIMITS: ServiceLimits =
    ServiceLimits { clients: 2, sessions: 1 << 20, handshake: Duration::from_secs(30), patience: PATIENT, threads: 1 };

/// A folder with identities, by name.
pub struct Keys(Scratch);

impl Keys {
    pub fn new(names: &[&str]) -> Self {
        let keys = Self(Scratch::new("party"));
        for name in names {
            Identity::create(&keys.0.join(name)).expect("a new folder");
        }
        keys
    }

    pub fn of(&self, name: &str) -> Identity {
        Identity::open(&self.0.join(name)).expect("made before")
    }

    pub fn fingerprint(&self, name: &str) -> Fingerprint {
        self.of(name).fingerprint()
    }

    pub fn folder(&self, name: &str) -> String {
        self.0.path(name)
    }

    pub fn ledger(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name).join("sessions.json")).expect("a ledger")
    }

    /// The same key in another folder, with no ledger.
    pub fn copy(&self, name: &str, copy: &str) {
        std::fs::create_dir(self.0.join(copy)).expect("a new folder");
        std::fs::copy(self.0.join(name).join("key.pk8"), self.0.join(copy).join("key.pk8")).expect("a key");
    }
}

pub fn model() -> FixedModel {
    fixed(&tiny(0), PRECISION)
}

/// Small images of noise.
pub fn images(count: usize) -> Vec<Vec<u8>> {
    noise(count, 1)
}

pub fn views(images: &[Vec<u8>]) -> Vec<&[u8]> {
    images.iter().map(Vec::as_slice).collect()
}

/// Serves the small network to the party `client` while `body` runs; `stop` is there for it to set.
pub fn serving<T>(
    keys: &Keys,
    backend: Choice,
    limits: ServiceLimits,
    body: impl FnOnce(SocketAddr, &AtomicBool) -> T,
) -> T {
    let clients = [keys.fingerprint("client")].into();
    let protocols = (backend, Truncation::Faithful);
    let service = Service::new(&keys.of("server"), clients, model(), protocols, limits).expect("it has a circuit");
    serving_of(&service, body)
}

/// Runs a service while `body` runs.
pub fn serving_of<T>(service: &Service, body: impl FnOnce(SocketAddr, &AtomicBool) -> T) -> T {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let running = scope.spawn(|| service.run(&listener, &stop));
        let stopping = Stopping(&stop);
        let done = body(address, &stop);
        drop(stopping);
        running.join().expect("no panic").expect("it listens");
        done
    })
}

/// Stops the service, also where a test fails.
struct Stopping<'s>(&'s AtomicBool);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Asks about images, as the party of this name.
pub fn asked(
    keys: &Keys,
    client: &str,
    address: SocketAddr,
    images: &[&[u8]],
    watch: impl FnMut(Step) + Send,
) -> Result<Answers, PartyError> {
    let identity = keys.of(client);
    ask(question(&identity, keys, &address.to_string()), images, watch)
}

pub fn question<'a>(identity: &'a Identity, keys: &Keys, address: &'a str) -> Question<'a> {
    let server = keys.fingerprint("server");
    Question { identity, server, address, wanted: Wanted::default(), patience: PATIENT, threads: 1 }
}

pub fn cheetah() -> Choice {
    Family::Cheetah.into()
}
