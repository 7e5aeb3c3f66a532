//! A family of protocols of your own: the plaintext baseline. The client sends its image in the clear, and the server computes everything.
//! Nothing is private; it shows what a family consists of, and what an inference costs without privacy.
//!
//! `cargo run --release --example own_backend`

use fusion_2pc::backend::{Backend, Chunk, Protocols};
use fusion_2pc::bits::{pack, packed_bytes, unpack};
use fusion_2pc::circuit::{Circuit, Draft, Op, Unsupported, demands, meets};
use fusion_2pc::cost::Cost;
use fusion_2pc::linear::TooHeavy;
use fusion_2pc::modulus::Modulus;
use fusion_2pc::party::Party;
use fusion_2pc::random::Seed;
use fusion_2pc::role::Role;
use fusion_2pc::session::{self, Grouping, Networks, Plan, Service};
use fusion_2pc::share::clip::Clip;
use fusion_2pc::share::extend::Widening;
use fusion_2pc::share::truncate::{Rescaling, Truncation};
use fusion_2pc::share::uniform::Uniform;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::{Halt, Link};
use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::idx::Images;
use fusion_nn::model::{Model, Value};

/// All values are integers modulo `2^64`, and two are compared as they are.
const TWINS: Uniform = Uniform { modulus: Modulus::TwoTo(64), differences: false };

/// The bits in which a label is sent.
const LABEL_BITS: u32 = 32;

/// The family. It has no parameters.
#[derive(Clone, Debug)]
struct Plaintext;

/// One of the parties of a chunk. After the first linear layer every share of the client is 0.
struct PlaintextParty<'a> {
    circuit: &'a Circuit,
    /// The network of each slot; empty for the client.
    networks: Vec<&'a FixedModel>,
}

impl PlaintextParty<'_> {
    /// What a function makes of each value, on the server's side; zeros on the client's.
    fn each(party: &Party<()>, numbers: &[u64], twin: impl Fn(u64) -> u64) -> Vec<u64> {
        numbers.iter().map(|x| if party.role() == Role::Client { 0 } else { twin(*x) }).collect()
    }

    /// The inputs of a linear layer as the server sees them: the client's image, or its own values.
    fn gathered(&self, party: &mut Party<()>, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
        match (is_first(self.circuit, step), party.role()) {
            (false, _) => Ok(numbers.to_vec()),
            (true, Role::Client) => party.link.send(pack(numbers, 64)).map(|()| Vec::new()),
            (true, Role::Server) => {
                Ok(unpack(&party.link.receive(packed_bytes(numbers.len(), 64))?, 64, numbers.len()))
            }
        }
    }
}

fn is_first(circuit: &Circuit, step: usize) -> bool {
    circuit.steps[step].inputs.contains(&Value::Input)
}

impl Protocols for PlaintextParty<'_> {
    type Transfers = ();

    fn prepare(&mut self, _party: &mut Party<()>) -> Result<(), Halt> {
        Ok(())
    }

    fn linear(&mut self, party: &mut Party<()>, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
        let (layer, count) = (&self.circuit.steps[step], self.circuit.steps[step].count);
        let Op::Linear { shape, .. } = &layer.op else { unreachable!("the step is linear") };
        let inputs: usize = shape.input().iter().product();
        let values = self.gathered(party, step, numbers)?;
        if party.role() == Role::Client {
            return Ok(vec![0; numbers.len() / inputs * count]);
        }
        let slot = |(values, network): (&[u64], &&FixedModel)| -> Vec<u64> {
            let data: Vec<i64> = values.iter().map(|x| x.cast_signed()).collect();
            let sums = network.layers()[layer.layer].sums(&data, &shape.input());
            sums.into_iter().flatten().map(i64::cast_unsigned).collect()
        };
        Ok(values.chunks_exact(inputs).zip(&self.networks).flat_map(slot).collect())
    }

    fn relu(&mut self, party: &mut Party<()>, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
        Ok(Self::each(party, numbers, |x| TWINS.relu(x, how.shift)))
    }

    fn clip(&mut self, party: &mut Party<()>, numbers: &[u64], clip: Clip) -> Result<Vec<u64>, Halt> {
        Ok(Self::each(party, numbers, |x| TWINS.clip(x, clip.ends, clip.how.shift)))
    }

    fn truncate(&mut self, party: &mut Party<()>, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
        Ok(Self::each(party, numbers, |x| TWINS.truncate(x, how.shift)))
    }

    fn extend(&mut self, _party: &mut Party<()>, numbers: &[u64], _widening: Widening) -> Result<Vec<u64>, Halt> {
        Ok(numbers.to_vec())
    }

    fn largest(&mut self, _party: &mut Party<()>, lists: Vec<Vec<u64>>, _ring: u32) -> Result<Vec<u64>, Halt> {
        Ok(lists.iter().map(|list| TWINS.largest(list)).collect())
    }

    fn argmax(
        &mut self,
        party: &mut Party<()>,
        numbers: &[u64],
        _ring: u32,
        classes: usize,
        labels: &[Vec<u32>],
    ) -> Result<Option<Vec<u32>>, Halt> {
        let slots = numbers.len() / classes;
        if party.role() == Role::Client {
            let message = party.link.receive(packed_bytes(slots, LABEL_BITS))?;
            let labels = unpack(&message, LABEL_BITS, slots).into_iter();
            return Ok(Some(labels.filter_map(|label| u32::try_from(label).ok()).collect()));
        }
        let label = |(logits, labels): (&[u64], &Vec<u32>)| u64::from(TWINS.argmax(logits, labels));
        let said: Vec<u64> = numbers.chunks_exact(classes).zip(labels).map(label).collect();
        party.link.send(pack(&said, LABEL_BITS)).map(|()| None)
    }
}

impl Backend for Plaintext {
    type Packing = ();
    type Network = FixedModel;
    type ClientKeys = ();
    type ServerKeys = ();
    type Transfers = ();
    type Party<'a> = PlaintextParty<'a>;

    /// One ring for all values, which must hold them; the server can do nothing before it has the image.
    fn draft(&self, models: &[&FixedModel], truncation: Truncation) -> Draft {
        let held = meets(TWINS.modulus, &demands(models, TWINS.differences));
        let not_too_early = |circuit: &Circuit| {
            let first = circuit.steps.iter().enumerate().filter(|(step, _)| is_first(circuit, *step));
            let early = first.filter(|(_, step)| !matches!(step.op, Op::Linear { .. }));
            Unsupported::unless_none(
                early.map(|(_, step)| format!("{}: it reads the image, and is not linear", step.node)),
            )
        };
        Circuit::draft(models, truncation, Some(TWINS)).after(held).checked(not_too_early)
    }

    fn slots_per_message(&self, _circuit: &Circuit) -> usize {
        128
    }

    fn packing(&self, _circuit: &Circuit, _group: usize, _slots: u64) -> Result<(), Unsupported> {
        Ok(())
    }

    fn network(&self, model: &FixedModel, _circuit: &Circuit, _packing: &()) -> Result<FixedModel, TooHeavy> {
        Ok(model.clone())
    }

    fn client_keys(&self, _link: &mut Link, _seed: &Seed, _packings: &[&()]) -> Result<(), Halt> {
        Ok(())
    }

    fn server_keys(&self, _link: &mut Link, _seed: &Seed, _packings: &[&()]) -> Result<(), Halt> {
        Ok(())
    }

    fn client_transfers(&self, _keys: &(), _session: &Seed, _expected: [usize; 2]) {}

    fn server_transfers(&self, _keys: &(), _session: &Seed, _expected: [usize; 2]) {}

    fn client<'a>(&'a self, chunk: Chunk<'a, Self>, _keys: &'a ()) -> PlaintextParty<'a> {
        PlaintextParty { circuit: chunk.circuit, networks: Vec::new() }
    }

    fn server<'a>(
        &'a self,
        chunk: Chunk<'a, Self>,
        _keys: &'a (),
        networks: Vec<&'a FixedModel>,
    ) -> PlaintextParty<'a> {
        let each = chunk.slots / networks.len();
        let networks = networks.into_iter().flat_map(|network| vec![network; each]).collect();
        PlaintextParty { circuit: chunk.circuit, networks }
    }

    fn offline_cost(&self, _chunk: Chunk<'_, Self>, _step: usize, _cost: &mut Cost) {}

    fn online_cost(&self, chunk: Chunk<'_, Self>, step: usize, cost: &mut Cost) {
        if is_first(chunk.circuit, step) {
            cost.send(Role::Client, packed_bytes(chunk.slots * chunk.circuit.pixels, 64));
        }
    }

    fn argmax_cost(&self, chunk: Chunk<'_, Self>, cost: &mut Cost) {
        cost.send(Role::Server, packed_bytes(chunk.slots, LABEL_BITS));
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let onnx = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/models/lenet_mnist_full.onnx"))?;
    let digits = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/data/mnist_t1000-images-idx3-ubyte"))?;
    let precision = Precision { frac_bits: 12, ring: Ring::Auto };
    let model = FixedModel::new(&Model::from_onnx(&onnx)?, precision, Pixels { scale: 1.0 / 255.0, offset: 0.0 })?;
    let images = Images::parse(&digits)?;
    let image = |slot: usize| images.get(slot).unwrap_or_else(|| unreachable!("there are 1000 digits"));

    let slots = 16;
    let circuit = Plaintext.circuit(&[&model], Truncation::Faithful)?;
    let plan = Plan::new(Plaintext, circuit, slots, Grouping::Chunk)?;
    let (client, server, _) = session::set_up(&Seed([1; 32]), &[&plan], LinkSpeed::LAN)?;
    let networks = Networks::new(&plan, std::slice::from_ref(&model))?;
    let services = vec![Service { model: 0, labels: (0..model.classes()).collect() }; slots];
    let name = Seed([0; 32]);
    let pixels = |slot: usize| model.pixels(image(slot)).unwrap_or_else(|_| unreachable!("digits are of this size"));
    let ((answered, link), (served, _)) = session::run(
        LinkSpeed::LAN,
        |link| session::client(link, &client, &plan, &name, pixels),
        |link: Link| session::server(link, &server, &plan, &name, &networks, &services),
    );
    let (answered, served) = (answered?, served?);

    // As for every family: each logit is the reference's, and the predictor says what the meter counts.
    let logits = plan.circuit.logits([&answered.logits, &served.logits]);
    for (slot, logits) in logits.chunks_exact(plan.circuit.classes).enumerate() {
        assert_eq!(logits, model.logits(image(slot))?);
        assert_eq!(answered.labels[slot], model.label(image(slot))?);
    }
    let (predicted, counted) = (plan.chain(slots), link.meter().total(|_| true));
    assert_eq!((predicted.bytes(), predicted.rounds()), (counted.bytes, link.meter().rounds()));
    println!("{slots} inferences without privacy: {} bytes, {} rounds", counted.bytes, predicted.rounds());
    Ok(())
}
