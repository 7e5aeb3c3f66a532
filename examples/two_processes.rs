//! A client and a server as two processes, and one inference of LeNet-5 on two digits between them, over TCP on this machine.
//!
//! `cargo run --release --example two_processes`
//!
//! For simulation only, not for deployment: both secret seeds stand below, nothing authenticates the line, and both parties are taken to follow
//! the protocol. Both processes read the model here; the client needs nothing of it but the plan, which is public.

use fusion_2pc::backend::cheetah::Cheetah;
use fusion_2pc::circuit::Circuit;
use fusion_2pc::random::Seed;
use fusion_2pc::role::Role;
use fusion_2pc::session::{self, Grouping, Networks, Plan, Service};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::Link;
use fusion_2pc::wire::tcp::TcpWire;
use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::idx::Images;
use fusion_nn::model::Model;
use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::process::Command;

/// Each party takes its own part of it. In earnest each would have a secret one.
const PAIR: Seed = Seed([7; 32]);

/// The name of the session; no other session of this pair may have it.
const SESSION: Seed = Seed([0; 32]);

const SLOTS: usize = 2;

fn main() -> Result<(), Box<dyn Error>> {
    let model = model()?;
    let circuit = Circuit::new(&[&model], Truncation::Faithful)?;
    let plan = Plan::new(Cheetah::default(), circuit, SLOTS, Grouping::Chunk)?;
    match std::env::args().nth(1) {
        Some(address) => serve(&address, &plan, model),
        None => ask(&plan, &model),
    }
}

fn model() -> Result<FixedModel, Box<dyn Error>> {
    let onnx = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/models/lenet_mnist_full.onnx"))?;
    let precision = Precision { frac_bits: 12, ring: Ring::Auto };
    Ok(FixedModel::new(&Model::from_onnx(&onnx)?, precision, Pixels { scale: 1.0 / 255.0, offset: 0.0 })?)
}

fn link(role: Role, stream: TcpStream) -> std::io::Result<Link> {
    Ok(Link::new(role, Box::new(TcpWire::new(stream)?), LinkSpeed::LAN))
}

/// The client: starts the server, is called twice, for the set-up and for the session, and learns the labels.
fn ask(plan: &Plan<Cheetah>, model: &FixedModel) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let mut server = Command::new(std::env::current_exe()?).arg(address).spawn()?;
    let connected = || link(Role::Client, listener.accept()?.0);

    let digits = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/data/mnist_t1000-images-idx3-ubyte"))?;
    let digits = Images::parse(&digits)?;
    let images: Vec<&[u8]> = (0..SLOTS).filter_map(|slot| digits.get(slot)).collect();
    let pixels: Vec<Vec<i64>> = images.iter().map(|image| model.pixels(image)).collect::<Result<_, _>>()?;

    let (setup, _) = session::client_set_up(connected()?, &PAIR, &[plan]);
    let (answered, link) = session::client(connected()?, &setup?, plan, &SESSION, |slot| pixels[slot].clone());
    let labels = answered?.labels;
    let [sent, received] = [Role::Client, Role::Server].map(|role| link.meter().sent(role, None).bytes);
    println!("labels {labels:?}, {sent} bytes sent, {received} received, {} rounds", link.meter().rounds());

    let expected: Vec<u32> = images.iter().map(|image| model.label(image)).collect::<Result<_, _>>()?;
    assert_eq!(labels, expected, "the labels of the model in the clear");
    if server.wait()?.success() { Ok(()) } else { Err("the server failed".into()) }
}

/// The server: calls the client twice, and learns nothing.
fn serve(address: &str, plan: &Plan<Cheetah>, model: FixedModel) -> Result<(), Box<dyn Error>> {
    let service = Service { model: 0, labels: (0..model.classes()).collect() };
    let networks = Networks::new(plan, &[model])?;
    let connected = || link(Role::Server, TcpStream::connect(address)?);

    let (setup, _) = session::server_set_up(connected()?, &PAIR, &[plan]);
    let (served, _) = session::server(connected()?, &setup?, plan, &SESSION, &networks, &vec![service; SLOTS]);
    served?;
    Ok(())
}
