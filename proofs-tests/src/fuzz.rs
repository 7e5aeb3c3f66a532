//! Fuzz targets. Each feeds bytes, as from a user or a peer, to the code that reads them, and panics if something is wrong. None may panic, hang, or make
//! the code allocate more than they justify.

use crate::networks::{PRECISION, SMALL, fixed, tiny};
use fusion_2pc::backend::cheetah::Cheetah;
use fusion_2pc::circuit::Circuit;
use fusion_2pc::random::Seed;
use fusion_2pc::role::Role;
use fusion_2pc::session::{self, ClientSetup, Grouping, Networks, Plan, ServerSetup, Service};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::hook::{Conduct, Deviation};
use fusion_2pc::wire::link::Link;
use fusion_2pc::wire::meter::Message;
use fusion_2pc::wire::tcp::TcpWire;
use fusion_adversaries::library::SCRIPTS;
use fusion_adversaries::script::Script;
use fusion_engine::campaign::Counter;
use fusion_engine::store::counts;
use fusion_nn::idx::{self, Images};
use fusion_nn::model::Model;
use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::LazyLock;

/// A fuzz target, which panics if something is wrong.
pub type Target = fn(&[u8]);

/// The fuzz targets by name.
pub const TARGETS: [(&str, Target); 6] =
    [("scripts", scripts), ("models", models), ("data", data), ("counts", counts), ("peer", peer), ("wire", wire)];

const LENET: &[u8] = include_bytes!("../../examples/models/lenet_mnist_full.onnx");
/// The part of the model that is not weights; the rest only makes each case slow.
const HEAD: usize = 4096;

/// Two images of two pixels each as an array of NPY, and as IDX behind gzip (Python's `gzip.compress`).
const NPY: &[u8] =
    b"\x93NUMPY\x01\x00\x42\x00{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1, 2), }   \n\x0a\x0b\x14\x15";
const GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x63\x60\xe0\x60\x66\x60\x60\x60\x02\x62\x46\x10\xcd\xc5\x2d\x22\x0a\x00\x56\xa0\x62\x66\x14\x00\x00\x00";

/// A small model, and the file that holds its constants.
const EXTERNAL: &[u8] = include_bytes!("../data/faults/torch-2.9-external.onnx");
const BESIDE: &[u8] = include_bytes!("../data/faults/torch-2.9-external.onnx.data");

/// A good file with some bytes replaced: two bytes for the place, one for the value.
fn mutated(good: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for edit in edits.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % bytes.len();
        bytes[place] = edit[2];
    }
    bytes
}

/// Reads campaign scripts: the bytes, and a curated script that they edit. What is read is written and read again alike.
pub fn scripts(input: &[u8]) {
    let (_, good) = SCRIPTS[input.len() % SCRIPTS.len()];
    for bytes in [input, &mutated(good.as_bytes(), input)] {
        match Script::read(&String::from_utf8_lossy(bytes)) {
            Ok(script) => {
                let again = Script::read(&script.to_yaml().expect("serialisable"));
                assert_eq!(again.as_ref(), Ok(&script));
            }
            Err(problems) => assert!(!problems.is_empty()),
        }
    }
}

/// Reads ONNX models: the bytes, and the head of a good model and a whole small one with its data beside it that they edit. Whatever is read as a model
/// has only finite numbers.
pub fn models(input: &[u8]) {
    for bytes in [input, &mutated(&LENET[..HEAD], input), &mutated(EXTERNAL, input)] {
        if let Ok(model) = Model::from_onnx_with(bytes, |_| Ok(mutated(BESIDE, input))) {
            assert!(model.layers().iter().flat_map(|layer| layer.op.numbers()).all(f32::is_finite));
        }
    }
}

/// Reads images and labels: the bytes after a good magic number of IDX, and a good array of NPY and a good file of gzip that they edit.
pub fn data(input: &[u8]) {
    assert!([NPY, GZIP].iter().all(|good| Images::parse(good).is_ok()));
    for file in [mutated(NPY, input), mutated(GZIP, input)] {
        if let Ok(images) = Images::parse(&file) {
            assert!((0..images.len()).all(|index| images.get(index).is_some()));
        }
        let _ = idx::labels(&file);
    }
    for kind in [0x08, 0x0b] {
        let rank = input.first().map_or(0, |byte| byte % 5);
        let file = [&[0, 0, kind, rank], input].concat();
        if let Ok(images) = Images::parse(&file) {
            assert!((0..images.len()).all(|index| images.get(index).is_some()));
        }
        if let Ok(labels) = idx::labels(&file) {
            assert!(labels.len() <= file.len());
        }
    }
}

/// Reads files of counts: the bytes after a good heading, and good rows that they edit. Rows that are read are written alike.
pub fn counts(input: &[u8]) {
    let counters = ["honest", "guess-one"].map(|name| Counter { name: name.into(), block: 1024 });
    let head = format!("{}\n", counts::HEADER);
    let good = "honest,0,1024,0,1024,0,0,1024,0,\"{}\"\nguess-one,0,1024,43,0,981,0,600,43,\"{\"\"public_wrong\"\":424,\"\"copies_disagree\"\":557}\"\n";
    for rows in [input, &mutated(good.as_bytes(), input)] {
        let text = format!("{head}{}", String::from_utf8_lossy(rows));
        if let Ok(rows) = counts::parse(&text, &counters) {
            let written: String = rows.iter().map(|row| row.line(&counters)).collect();
            assert_eq!(counts::parse(&format!("{head}{written}"), &counters).as_ref(), Ok(&rows));
        }
    }
    let good = counts::parse(&format!("{head}{good}"), &counters).expect("good rows");
    assert_eq!(good.len(), 2);
}

/// A client and a server that are set up for one slot of a small network.
struct Parties {
    plan: Plan<Cheetah>,
    client: ClientSetup<Cheetah>,
    server: ServerSetup<Cheetah>,
    networks: Networks<Cheetah>,
}

static PARTIES: LazyLock<Parties> = LazyLock::new(|| {
    let models = [fixed(&tiny(0), PRECISION)];
    let circuit = Circuit::new(&[&models[0]], Truncation::Faithful).expect("supported");
    let plan = Plan::new(Cheetah::default(), circuit, 1, Grouping::Chunk).expect("parameters hold it");
    let (client, server, _) = session::set_up(&Seed([1; 32]), &[&plan], LinkSpeed::LAN).expect("both are honest");
    let networks = Networks::new(&plan, &models).expect("of this circuit");
    Parties { plan, client, server, networks }
});

/// Four bytes for each message: what becomes of it, two for the place, one for the value.
struct Edits(std::vec::IntoIter<[u8; 4]>);

impl Deviation for Edits {
    fn message(&mut self, _: &Message, payload: &[u8]) -> Conduct {
        let Some([what, low, high, value]) = self.0.next() else { return Conduct::Send };
        let mut bytes = payload.to_vec();
        match what % 16 {
            1..=6 if !bytes.is_empty() => {
                let place = usize::from(u16::from_le_bytes([low, high])) % bytes.len();
                bytes[place] = value;
            }
            7 => bytes.truncate(usize::from(u16::from_le_bytes([low, high]))),
            8 => bytes.extend([value; 3]),
            9 => bytes.fill(value),
            10 => return Conduct::Repeat,
            11 => return Conduct::Drop,
            12 => return Conduct::Close,
            _ => return Conduct::Send,
        }
        Conduct::Replace(bytes)
    }
}

/// Runs an inference in which the bytes edit the messages of either party. The other one must end, with labels that exist if it has any.
pub fn peer(input: &[u8]) {
    let Parties { plan, client, server, networks } = &*PARTIES;
    let (services, name) = ([Service { model: 0, labels: vec![0, 1, 2] }], Seed([2; 32]));
    for deviant in [Role::Client, Role::Server] {
        let turned = |mut link: Link| {
            if link.role() == deviant {
                let edits: Vec<[u8; 4]> = input.as_chunks().0.to_vec();
                link.deviate(Box::new(Edits(edits.into_iter())));
            }
            link
        };
        let ((answered, _), _) = session::run(
            LinkSpeed::LAN,
            |link| session::client(turned(link), client, plan, &name, |_| vec![9; SMALL]),
            |link: Link| session::server(turned(link), server, plan, &name, networks, &services),
        );
        if let Ok(answered) = answered {
            assert!(answered.labels.iter().all(|label| *label < 3), "{:?}", answered.labels);
        }
    }
}

/// Takes the bytes as a whole TCP stream. A client or a server at its other end must end.
pub fn wire(input: &[u8]) {
    let Parties { plan, client, server, networks } = &*PARTIES;
    let services = [Service { model: 0, labels: vec![0, 1, 2] }];
    for role in [Role::Client, Role::Server] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let mut peer = TcpStream::connect(listener.local_addr().expect("bound")).expect("it listens");
        let stream = listener.accept().expect("it connects").0;
        // The other end may close first.
        let _ = peer.write_all(input).and_then(|()| peer.shutdown(Shutdown::Write));
        let link = Link::new(role, Box::new(TcpWire::new(stream).expect("a thread")), LinkSpeed::LAN);
        let name = Seed([2; 32]);
        let (answered, _) = match role {
            Role::Client => session::client(link, client, plan, &name, |_| vec![9; SMALL]),
            Role::Server => session::server(link, server, plan, &name, networks, &services),
        };
        assert!(answered.is_err(), "no session is so short");
    }
}
