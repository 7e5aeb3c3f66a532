//! Parties that break the rules before a session, each against one that keeps to them.

use crate::agreement::{Hello, NamePart, Reply, Request, Terms, VERSION, Wanted};
use crate::channel::Channel;
use crate::client::{Question, ask};
use crate::error::PartyError;
use crate::identity::Identity;
use crate::offer::{MOST_OFFER_BYTES, Offer};
use crate::scratch::Scratch;
use crate::service::{MOST_SLOTS, Service, ServiceLimits};
use crate::tls;
use fusion_2pc::backend::{Choice, Family};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::tcp::Patience;
use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::model::Model;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const PATIENCE: Patience = Patience { late: Duration::from_mins(1), bytes_per_s: 100_000 };

struct World {
    server: Identity,
    client: Identity,
    _folder: Scratch,
}

impl World {
    fn new() -> Self {
        let folder = Scratch::new("party-rules");
        let [server, client] =
            ["server", "client"].map(|name| Identity::create(Path::new(&folder.path(name))).unwrap());
        Self { server, client, _folder: folder }
    }

    fn service(&self) -> Service {
        let onnx = include_bytes!("../../../examples/models/small_mnist.onnx");
        let precision = Precision { frac_bits: 12, ring: Ring::Auto };
        let pixels = Pixels { scale: 1.0 / 255.0, offset: 0.0 };
        let model = FixedModel::new(&Model::from_onnx(onnx).unwrap(), precision, pixels).unwrap();
        let limits = ServiceLimits {
            clients: 1,
            sessions: 10,
            handshake: Duration::from_mins(1),
            patience: PATIENCE,
            threads: 1,
        };
        let protocols = (Choice::from(Family::Cheetah), Truncation::Faithful);
        Service::new(&self.server, [self.client.fingerprint()].into(), model, protocols, limits).unwrap()
    }

    /// A client that says what it likes to a server that keeps to the rules.
    fn to_a_server<T>(&self, client: impl FnOnce(&mut Channel) -> T) -> T {
        let (service, stop) = (self.service(), AtomicBool::new(false));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::scope(|scope| {
            let running = scope.spawn(|| service.run(&listener, &stop));
            let stopping = Stopping(&stop);
            let connection = tls::connect(&self.client, self.server.fingerprint()).unwrap();
            let stream = TcpStream::connect(address).unwrap();
            let mut channel = Channel::open(stream, connection, PATIENCE.until(0), PATIENCE).unwrap();
            assert_eq!(channel.hear::<Hello>("hello", 1000).unwrap(), Hello { version: VERSION.into() });
            let done = client(&mut channel);
            drop(channel);
            drop(stopping);
            running.join().unwrap().unwrap();
            done
        })
    }

    /// What a client that keeps to the rules says of a server that says what it likes.
    fn to_a_client(&self, server: impl FnOnce(&mut Channel) + Send) -> PartyError {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let config = tls::server(&self.server, [self.client.fingerprint()].into()).unwrap();
                let stream = listener.accept().unwrap().0;
                let connection = tls::accept(&config).unwrap();
                server(&mut Channel::open(stream, connection, PATIENCE.until(0), PATIENCE).unwrap());
            });
            let question = Question {
                identity: &self.client,
                server: self.server.fingerprint(),
                address: &address,
                wanted: Wanted::default(),
                patience: PATIENCE,
                threads: 1,
            };
            ask(question, &[&[0; 784]], |_| {}).unwrap_err()
        })
    }
}

/// Stops a service, also where a test fails.
struct Stopping<'s>(&'s AtomicBool);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn request() -> Request {
    Request { version: VERSION.into(), slots: 1, part: NamePart { number: 1, nonce: [7; 32] } }
}

/// The field in which a server refuses a request.
fn field(request: &Request) -> String {
    World::new().to_a_server(|channel| {
        channel.say(request).unwrap();
        match channel.hear::<Reply<Offer>>("offer", MOST_OFFER_BYTES).unwrap() {
            Reply::No(refusal) => refusal.field,
            Reply::Yes(_) => "none".into(),
        }
    })
}

#[test]
fn a_server_names_what_it_refuses() {
    assert_eq!(field(&request()), "none");
    assert_eq!(field(&Request { version: "another".into(), ..request() }), "version");
    for slots in [0, MOST_SLOTS + 1, u32::MAX] {
        assert_eq!(field(&Request { slots, ..request() }), "slots");
    }
}

#[test]
fn terms_that_differ_end_it_before_any_secret_is_used() {
    let refusal = World::new().to_a_server(|channel| {
        channel.say(&request()).unwrap();
        channel.hear::<Reply<Offer>>("offer", MOST_OFFER_BYTES).unwrap().taken().unwrap();
        let other = || "0".repeat(64);
        let backend = format!("{:?}", Choice::from(Family::Cheetah));
        let (slots, lanes) = ("1 of 10 sessions".into(), "1".into());
        let terms = Terms { backend, slots, lanes, circuit: other(), pixels: other(), parameters: other() };
        channel.say(&Reply::Yes(terms)).unwrap();
        channel.hear::<Reply<Terms>>("terms", 1000).unwrap().taken().unwrap_err()
    });
    let told = "the peer refuses: circuit: the parties have worked out different ones";
    assert_eq!(refusal.to_string(), told);
}

#[test]
fn documents_that_are_long_or_strange_end_it() {
    for document in [serde_json::json!("x".repeat(100_000)), serde_json::json!({ "version": VERSION })] {
        let error = World::new().to_a_server(|channel| {
            // The server may be gone before it has all of it.
            channel.say(&document).and_then(|()| channel.hear::<Reply<Offer>>("offer", MOST_OFFER_BYTES)).unwrap_err()
        });
        assert!(matches!(error, PartyError::Gone(_)), "{error}");
    }
}

#[test]
fn a_client_names_what_it_refuses() {
    let world = World::new();
    let other = world.to_a_client(|channel| channel.say(&Hello { version: "an\u{1b}other".into() }).unwrap());
    assert_eq!(other.to_string(), format!("version: the server has an?other, this client {VERSION}"));
    let offer = World::new().to_a_server(|channel| {
        channel.say(&request()).unwrap();
        channel.hear::<Reply<Offer>>("offer", MOST_OFFER_BYTES).unwrap().taken().unwrap()
    });
    let told = |number: u64, bend: &(dyn Fn(&mut Offer) + Sync)| {
        let mut offer = Offer { part: NamePart { number, ..offer.part }, ..offer.clone() };
        bend(&mut offer);
        let error = world.to_a_client(|channel| {
            channel.say(&Hello { version: VERSION.into() }).unwrap();
            channel.hear::<Request>("request", 1000).unwrap();
            channel.say(&Reply::Yes(offer)).unwrap();
            // A client that goes on says its terms, and is left alone.
            let _ = channel.hear::<Reply<Terms>>("terms", 10_000);
        });
        error.to_string()
    };
    let prefixed = |told: String, prefix: &str| assert!(told.starts_with(prefix), "{told}");
    prefixed(told(1, &|offer| offer.backend = "spdz".into()), "backend: the server's family of protocols is not known");
    prefixed(told(2, &|offer| offer.checks = "some".into()), "backend: the server's checks are not known");
    prefixed(told(3, &|offer| offer.circuit.steps[0].count += 1), "circuit: layer[");
    prefixed(told(4, &|offer| offer.pixels.truncate(255)), "pixels: ");
    prefixed(told(5, &|offer| offer.backend = "aby".into()), "circuit: its values are not shared as the family");
    prefixed(told(5, &|_| {}), "session number: ");
    prefixed(told(6, &|_| {}), "the peer is gone before the session");
}

#[test]
fn folders_without_a_key_are_told() {
    let folder = Scratch::new("party-keys");
    let told = || Identity::open(&folder).unwrap_err().to_string();
    assert!(told().ends_with("there is no identity; 'sim party init' makes one"));
    folder.file("key.pk8", "no key");
    assert!(told().ends_with("it is no Ed25519 key"));
    assert!(Identity::create(&folder).unwrap_err().to_string().ends_with("there is an identity already"));
    assert_eq!(std::fs::read(folder.join("key.pk8")).unwrap(), b"no key");
    assert_eq!(std::fs::read_dir(&*folder).unwrap().count(), 1, "what was written on the way is gone");
}
