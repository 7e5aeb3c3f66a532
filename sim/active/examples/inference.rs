//! An inference with full active security: `cargo run --release -p fusion-active --example inference MODEL.onnx [elements|matrices] [IMAGES]`. It prints whether every logit is the reference's, and what was sent.

use fusion_2pc::random::{Seed, Simulated};
use fusion_2pc::role::Role;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::Link;
use fusion_2pc::wire::meter::{Meter, Phase};
use fusion_active::failure::Failure;
use fusion_active::network::{Architecture, Holding, Triples};
use fusion_active::party::{Party, Used};

mod given;

type Learnt = (Option<Vec<i64>>, Used, Meter);

fn play(link: Link, seed: u8, known: &Architecture, holding: Holding) -> Result<Learnt, Failure> {
    let mut party = Party::new(link, Simulated(Seed([seed; 32])))?;
    let logits = party.infer(known, holding)?;
    let used = party.used();
    Ok((logits, used, party.into_link().into_meter()))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = std::env::args().nth(1).ok_or("the path of a model is missing")?;
    let fixed = given::network(&model)?;
    let triples = match std::env::args().nth(2).as_deref() {
        None | Some("elements") => Triples::Elements,
        Some("matrices") => Triples::Matrices,
        Some(_) => return Err("triples are of elements or of matrices".into()),
    };
    let count: usize = std::env::args().nth(3).as_deref().unwrap_or("1").parse()?;
    if count == 0 {
        return Err("there is no image".into());
    }
    let known = Architecture::of(&fixed)?.by(triples)?.at_once(count);
    println!("triples of elements: {}, for {} products of linear layers", known.triples(), known.products());
    let (mut pixels, mut expected) = (Vec::new(), Vec::new());
    for image in given::digits(count)? {
        pixels.extend(known.pixels(&image)?);
        expected.extend(fixed.logits(&image)?);
    }
    let (client, server) = Link::pair(LinkSpeed::LAN);
    let (logits, used, meter) = std::thread::scope(|scope| {
        scope.spawn(|| play(server, 2, &known, Holding::Network(&fixed)));
        play(client, 1, &known, Holding::Image(&pixels))
    })?;
    let exact = logits == Some(expected);
    println!("every logit is the reference's: {exact}; masks taken again: {}", used.rejected);
    for phase in [Phase::Setup, Phase::Offline, Phase::Online] {
        let sent = [Role::Client, Role::Server].map(|role| meter.sent(role, Some(phase)).bytes);
        println!("{phase:?}: {} and {} bytes", sent[0], sent[1]);
    }
    println!("{} rounds, {} ms of virtual time over a LAN", meter.rounds(), meter.virtual_ns() / 1_000_000);
    Ok(())
}
