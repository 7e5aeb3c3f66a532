//! `SCI_OT`: `CrypTFlow2` with linear layers by oblivious transfer, in one ring.

use super::cost::{self, Messages};
use super::form::TripleForm;
use super::party::{Cryptflow2Party, Linear};
use super::product::{self, Matrix, Weights};
use super::transfers::{Keys, Transfers};
use super::unmask::{self, Unmask};
use crate::backend::reader::Reader;
use crate::backend::traits::{Backend, Chunk};
use crate::circuit::{Circuit, Draft, Op, Step, Unsupported, bits_for, demands, meets};
use crate::cost::Cost;
use crate::he::parameters::Bound;
use crate::linear::{TooHeavy, constants};
use crate::modulus::Modulus;
use crate::ot::Scheme;
use crate::ot::block::Block;
use crate::ot::probe::{Guess, Parts};
use crate::party::Party;
use crate::random::Seed;
use crate::share::truncate::Truncation;
use crate::share::uniform::Uniform;
use crate::wire::link::{Halt, Link};
use fusion_nn::fixed::FixedModel;

/// `CrypTFlow2` with linear layers by oblivious transfer. All values are shared modulo one power of two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cryptflow2Ot {
    /// The number of bits of the ring; without it, the fewest that hold the proved ranges of all values.
    pub ring: Option<u32>,
    /// How transfers of one of two messages are extended.
    pub scheme: Scheme,
    /// How pairs of products use correlated triples.
    pub triples: TripleForm,
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

impl Backend for Cryptflow2Ot {
    type Packing = Products;
    type Network = Network;
    type ClientKeys = Keys;
    type ServerKeys = Keys;
    type Transfers = Transfers;
    type Party<'a> = Cryptflow2Party<Product<'a>>;

    /// The published truncation is exact, so that `truncation` makes no difference.
    fn draft(&self, models: &[&FixedModel], _truncation: Truncation) -> Draft {
        let demands = demands(models, true);
        let over = |bits: u32| {
            let uniform = Uniform { modulus: Modulus::TwoTo(bits), differences: true };
            Circuit::draft(models, Truncation::Faithful, Some(uniform))
        };
        // Above the bits that a step drops, a sign and a bit must be left.
        let widest = over(u64::BITS).circuit;
        let most_dropped = widest.as_ref().and_then(Circuit::most_dropped);
        let least = most_dropped.map_or(0, |(shift, _)| shift + 2).max(bits_for(&demands));
        let bits = self.ring.unwrap_or(least).min(u64::BITS);
        let shifts = |circuit: &Circuit| {
            let beyond = circuit.dropped().filter(|(shift, _)| shift + 2 > bits);
            Unsupported::unless_none(
                beyond.map(|(shift, step)| format!("{}: it drops {shift} bits in a ring of {bits}", step.node)),
            )
        };
        over(bits).after(meets(Modulus::TwoTo(bits), &demands)).checked(shifts)
    }

    fn admits(&self, circuit: &Circuit) -> Result<(), Unsupported> {
        let own = |Uniform { modulus, differences }| differences && matches!(modulus, Modulus::TwoTo(2..=u64::BITS));
        circuit.shared_where(|uniform| uniform.is_some_and(own))
    }

    fn slots_per_message(&self, circuit: &Circuit) -> usize {
        // Linear layers go in pieces.
        cost::slots_per_message(circuit, |_| 0)
    }

    fn packing(&self, circuit: &Circuit, group: usize, _slots: u64) -> Result<Products, Unsupported> {
        let mut unfit: Vec<String> = Vec::new();
        let matrix = |step: &Step| {
            let Op::Linear { shape, .. } = step.op else { return None };
            let matrix = Matrix::new(shape, step.ring);
            if matrix.is_none() {
                unfit.push(format!("{}: the window does not fit the image", step.node));
            }
            matrix
        };
        let matrices = circuit.steps.iter().map(matrix).collect();
        Unsupported::unless_none(unfit).map(|()| Products { group, matrices })
    }

    fn network(&self, model: &FixedModel, circuit: &Circuit, packing: &Products) -> Result<Network, TooHeavy> {
        let weights = |(step, matrix): (&Step, &Option<Matrix>)| {
            let (Op::Linear { bound, .. }, Some(matrix)) = (&step.op, matrix) else { return Ok(None) };
            let Some((weights, start)) = constants(&model.layers()[step.layer].op) else { return Ok(None) };
            let heavy = |filter: &[i64]| !Bound::of(std::iter::once(filter)).is_within(*bound);
            match weights.chunks(matrix.weights()).position(heavy) {
                Some(filter) => Err(TooHeavy { filter }),
                None => Ok(Some(Weights::new(matrix, weights, start))),
            }
        };
        Ok(Network(circuit.steps.iter().zip(&packing.matrices).map(weights).collect::<Result<_, _>>()?))
    }

    fn client_keys(&self, link: &mut Link, seed: &Seed, _packings: &[&Products]) -> Result<Keys, Halt> {
        Keys::run(link, &seed.child("transfers"), self.scheme)
    }

    fn server_keys(&self, link: &mut Link, seed: &Seed, _packings: &[&Products]) -> Result<Keys, Halt> {
        Keys::run(link, &seed.child("transfers"), self.scheme)
    }

    fn client_transfers(&self, keys: &Keys, session: &Seed, expected: [usize; 2]) -> Transfers {
        keys.session(session, expected, self.triples)
    }

    fn server_transfers(&self, keys: &Keys, session: &Seed, [by_client, by_server]: [usize; 2]) -> Transfers {
        keys.session(session, [by_server, by_client], self.triples)
    }

    fn extension(&self, _count: usize) -> Scheme {
        self.scheme
    }

    fn client<'a>(&'a self, chunk: Chunk<'a, Self>, _keys: &'a Keys) -> Cryptflow2Party<Product<'a>> {
        Cryptflow2Party::new(chunk.circuit, Product { products: chunk.packing, networks: None })
    }

    fn server<'a>(
        &'a self,
        chunk: Chunk<'a, Self>,
        _keys: &'a Keys,
        networks: Vec<&'a Network>,
    ) -> Cryptflow2Party<Product<'a>> {
        Cryptflow2Party::new(chunk.circuit, Product { products: chunk.packing, networks: Some(networks) })
    }

    fn reader<'a>(
        &'a self,
        chunk: Chunk<'a, Self>,
        _keys: &'a Keys,
        networks: Vec<&'a Network>,
    ) -> Option<Box<dyn Reader<Transfers = Transfers> + 'a>> {
        let Chunk { circuit, packing, slots } = chunk;
        (self.triples == TripleForm::AsReleased).then(|| -> Box<dyn Reader<Transfers = Transfers>> {
            let product = Product { products: packing, networks: Some(networks) };
            Box::new(Unmask::new(circuit, slots, product, unmask::agreeing))
        })
    }

    fn parts(&self) -> Option<Parts> {
        Some(Parts::of(self.scheme.extension))
    }

    fn correlation(&self, keys: &Keys) -> Option<Block> {
        Some(keys.correlation())
    }

    fn guessing_transfers(&self, keys: &Keys, session: &Seed, expected: [usize; 2], guess: Guess) -> Option<Transfers> {
        Some(self.server_transfers(keys, session, expected).guessing(guess))
    }

    fn offline_cost(&self, _chunk: Chunk<'_, Self>, _step: usize, _cost: &mut Cost) {}

    fn online_cost(&self, chunk: Chunk<'_, Self>, step: usize, cost: &mut Cost) {
        let Chunk { circuit, packing, slots } = chunk;
        match circuit.steps[step].op {
            Op::Linear { .. } => packing.matrix(step).cost(slots, &mut Messages { cost, scheme: self.scheme }),
            _ => cost::step(&mut Messages { cost, scheme: self.scheme }, circuit, step, slots),
        }
    }

    fn argmax_cost(&self, chunk: Chunk<'_, Self>, cost: &mut Cost) {
        cost::labels(&mut Messages { cost, scheme: self.scheme }, chunk.circuit, chunk.slots);
    }
}

/// What one of the parties has for the linear layers.
pub struct Product<'a> {
    products: &'a Products,
    /// The server's network for each group of slots, in order.
    networks: Option<Vec<&'a Network>>,
}

impl Linear for Product<'_> {
    fn linear(&self, party: &mut Party<Transfers>, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
        let matrix = self.products.matrix(step);
        let Some(networks) = &self.networks else { return product::ask(party, matrix, numbers) };
        let groups = numbers.len() / matrix.inputs() / self.products.group;
        assert_eq!(groups, networks.len(), "a network for each group");
        let weights: Vec<&Weights> = networks.iter().filter_map(|network| network.0[step].as_ref()).collect();
        product::answer(party, matrix, &weights, numbers)
    }
}
