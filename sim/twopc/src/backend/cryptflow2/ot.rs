//! `SCI_OT`: `CrypTFlow2` with linear layers by oblivious transfer, in one ring.

use super::product::{self, Matrix, Weights};
use super::transfers::{Keys, Transfers};
use super::truncate::Floor;
use super::{argmax, clip, cost, maximum, relu, truncate};
use crate::backend::protocols::Protocols;
use crate::backend::traits::{Backend, Chunk};
use crate::circuit::{Circuit, Op, Step, Unsupported, bits_for, demands, meets};
use crate::cost::Cost;
use crate::evaluate::window_sizes;
use crate::he::parameters::Bound;
use crate::linear::{TooHeavy, dense};
use crate::modulus::Modulus;
use crate::party::Party;
use crate::random::Seed;
use crate::share::clip::Clip;
use crate::share::extend::Widening;
use crate::share::truncate::{Rescaling, Truncation};
use crate::share::uniform::Uniform;
use crate::wire::link::{Halt, Link};
use fusion_nn::fixed::FixedModel;

/// `CrypTFlow2` with linear layers by oblivious transfer. All values are shared modulo one power of two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cryptflow2Ot {
    /// The number of bits of the ring; without it, the fewest that hold the proved ranges of all values.
    pub ring: Option<u32>,
}

/// The linear layers of a circuit as matrix products.
#[derive(Clone, Debug)]
pub struct Products {
    /// The number of slots that share a network.
    group: usize,
    /// By step; `None` where it is not linear.
    matrices: Vec<Option<Matrix>>,
}

impl Products {
    #[expect(clippy::expect_used, reason = "the products are made for their circuit, and a linear step has one")]
    fn matrix(&self, step: usize) -> &Matrix {
        self.matrices[step].as_ref().expect("a linear step")
    }
}

/// A network's weights, by step; `None` where it is not linear.
#[derive(Clone, Debug)]
pub struct Network(Vec<Option<Weights>>);

/// The most slots that are evaluated together.
const MOST_SLOTS: usize = 128;

/// The memory that a party may use for the slots that are evaluated together, in bytes: 4 GiB.
const SLOT_MEMORY: usize = 1 << 32;

/// The memory that a step takes for a slot: its messages, and the blocks of their transfers. A linear layer goes in pieces.
fn step_memory(circuit: &Circuit, index: usize) -> usize {
    let mut cost = Cost::default();
    if !matches!(circuit.steps[index].op, Op::Linear { .. }) {
        step_cost(circuit, index, 1, &mut cost);
    }
    2 * cost.bytes()
}

/// Adds the messages of a step that is not linear.
fn step_cost(circuit: &Circuit, index: usize, slots: usize, cost: &mut Cost) {
    let step = &circuit.steps[index];
    let count = slots * step.count;
    let floor = |shift: u32| Floor { ring: step.ring, shift };
    match step.op {
        Op::Relu { shift, .. } => cost::relu(cost, count, floor(shift)),
        Op::Clip { ends, shift, .. } => cost::clip(cost, count, ends, floor(shift)),
        Op::Truncate { shift, .. } => cost::truncate(cost, count, floor(shift)),
        Op::Largest { window, image } => cost::largest(cost, &window_sizes(image, &window).repeat(slots), step.ring),
        Op::Linear { .. } | Op::Extend { .. } | Op::Sum { .. } | Op::Add | Op::Concat => {}
    }
}

impl Backend for Cryptflow2Ot {
    type Packing = Products;
    type Network = Network;
    type ClientKeys = Keys;
    type ServerKeys = Keys;
    type Transfers = Transfers;
    type Party<'a> = Cryptflow2OtParty<'a>;

    /// The published truncation is exact, so that `truncation` makes no difference.
    fn circuit(&self, models: &[&FixedModel], _truncation: Truncation) -> Result<Circuit, Unsupported> {
        let demands = demands(models, true);
        let modulus = Modulus::TwoTo(self.ring.unwrap_or_else(|| bits_for(&demands)));
        meets(modulus, &demands)?;
        Circuit::over(models, Truncation::Faithful, Uniform { modulus, differences: true })
    }

    fn slots_per_message(&self, circuit: &Circuit) -> usize {
        let held = circuit.held();
        let each = held.iter().enumerate().map(|(step, held)| 8 * held + step_memory(circuit, step));
        each.max().map_or(MOST_SLOTS, |most| (SLOT_MEMORY / most).clamp(1, MOST_SLOTS))
    }

    fn packing(&self, circuit: &Circuit, group: usize, _slots: u64) -> Result<Products, Unsupported> {
        let matrix = |step: &Step| {
            let Op::Linear { shape, .. } = step.op else { return Ok(None) };
            let unfit = || Unsupported(format!("{}: the window does not fit the image", step.node));
            Matrix::new(shape, step.ring).ok_or_else(unfit).map(Some)
        };
        Ok(Products { group, matrices: circuit.steps.iter().map(matrix).collect::<Result<_, _>>()? })
    }

    fn network(&self, model: &FixedModel, circuit: &Circuit, packing: &Products) -> Result<Network, TooHeavy> {
        let weights = |(step, matrix): (&Step, &Option<Matrix>)| {
            let (Op::Linear { bound, .. }, Some(matrix)) = (&step.op, matrix) else { return Ok(None) };
            let Some((weights, start)) = dense(&model.layers()[step.layer].op) else { return Ok(None) };
            let heavy = |filter: &[i64]| !Bound::of(std::iter::once(filter)).is_within(*bound);
            match weights.chunks(matrix.rows()).position(heavy) {
                Some(filter) => Err(TooHeavy { filter }),
                None => Ok(Some(Weights::new(matrix, &weights, start))),
            }
        };
        Ok(Network(circuit.steps.iter().zip(&packing.matrices).map(weights).collect::<Result<_, _>>()?))
    }

    fn client_keys(&self, link: &mut Link, seed: &Seed, _packings: &[&Products]) -> Result<Keys, Halt> {
        Keys::run(link, &seed.child("transfers"))
    }

    fn server_keys(&self, link: &mut Link, seed: &Seed, _packings: &[&Products]) -> Result<Keys, Halt> {
        Keys::run(link, &seed.child("transfers"))
    }

    fn client_transfers(&self, keys: &Keys, session: &Seed, _expected: [usize; 2]) -> Transfers {
        keys.session(session)
    }

    fn server_transfers(&self, keys: &Keys, session: &Seed, _expected: [usize; 2]) -> Transfers {
        keys.session(session)
    }

    fn client<'a>(&'a self, chunk: Chunk<'a, Self>, _keys: &'a Keys) -> Cryptflow2OtParty<'a> {
        Cryptflow2OtParty { products: chunk.packing, networks: None }
    }

    fn server<'a>(
        &'a self,
        chunk: Chunk<'a, Self>,
        _keys: &'a Keys,
        networks: Vec<&'a Network>,
    ) -> Cryptflow2OtParty<'a> {
        Cryptflow2OtParty { products: chunk.packing, networks: Some(networks) }
    }

    fn offline_cost(&self, _chunk: Chunk<'_, Self>, _step: usize, _cost: &mut Cost) {}

    fn online_cost(&self, chunk: Chunk<'_, Self>, step: usize, cost: &mut Cost) {
        let Chunk { circuit, packing, slots } = chunk;
        match circuit.steps[step].op {
            Op::Linear { .. } => packing.matrix(step).cost(slots, cost),
            _ => step_cost(circuit, step, slots, cost),
        }
    }

    fn argmax_cost(&self, chunk: Chunk<'_, Self>, cost: &mut Cost) {
        let Chunk { circuit, slots, .. } = chunk;
        cost::argmax(cost, slots, circuit.classes, circuit.ring(circuit.output));
    }
}

/// One of the parties of a chunk.
pub struct Cryptflow2OtParty<'a> {
    products: &'a Products,
    /// The server's network for each group of slots, in order.
    networks: Option<Vec<&'a Network>>,
}

fn floor_of(how: Rescaling) -> Floor {
    Floor { ring: how.from, shift: how.shift }
}

impl Protocols for Cryptflow2OtParty<'_> {
    type Transfers = Transfers;

    /// Everything but the set-up is online.
    fn prepare(&mut self, _party: &mut Party<Transfers>) -> Result<(), Halt> {
        Ok(())
    }

    fn linear(&mut self, party: &mut Party<Transfers>, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
        let matrix = self.products.matrix(step);
        let Some(networks) = &self.networks else { return product::ask(party, matrix, numbers) };
        let groups = numbers.len() / matrix.inputs() / self.products.group;
        assert_eq!(groups, networks.len(), "a network for each group");
        let weights: Vec<&Weights> = networks.iter().filter_map(|network| network.0[step].as_ref()).collect();
        product::answer(party, matrix, &weights, numbers)
    }

    fn relu(&mut self, party: &mut Party<Transfers>, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
        relu::relu(party, numbers, floor_of(how))
    }

    fn clip(&mut self, party: &mut Party<Transfers>, numbers: &[u64], clip: Clip) -> Result<Vec<u64>, Halt> {
        clip::clip(party, numbers, clip.ends, floor_of(clip.how))
    }

    fn truncate(&mut self, party: &mut Party<Transfers>, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
        truncate::truncate(party, numbers, floor_of(how))
    }

    fn extend(&mut self, _party: &mut Party<Transfers>, _numbers: &[u64], _how: Widening) -> Result<Vec<u64>, Halt> {
        unreachable!("a circuit modulo one number extends nothing")
    }

    fn largest(&mut self, party: &mut Party<Transfers>, lists: Vec<Vec<u64>>, ring: u32) -> Result<Vec<u64>, Halt> {
        maximum::largest(party, &lists, ring)
    }

    fn argmax(
        &mut self,
        party: &mut Party<Transfers>,
        numbers: &[u64],
        ring: u32,
        classes: usize,
        labels: &[Vec<u32>],
    ) -> Result<Option<Vec<u32>>, Halt> {
        argmax::argmax(party, numbers, ring, classes, labels)
    }
}
