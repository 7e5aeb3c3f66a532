//! How a circuit's linear layers are packed into slots, and a network's weights in that packing.

use crate::circuit::{Circuit, Op, Step, Unsupported};
use crate::cost::Cost;
use crate::he::slots::{Form, Scheme};
use crate::linear::rotations::{Layout, Style, Weights, layouts};
use crate::linear::{LinearCost, Shape, Unfit, constants as constants_of};
use crate::modulus::Modulus;
use crate::role::Role;
use fusion_nn::fixed::FixedModel;

/// How the linear layers of a circuit are packed into slots. Both parties know it.
#[derive(Clone, Debug)]
pub struct Packing {
    scheme: Scheme,
    form: Form,
    /// Slots that share one network; no two are in one ciphertext.
    group: usize,
    /// By step; `None` where it is not linear.
    layouts: Vec<Option<Layout>>,
}

impl Packing {
    /// Packs the layers of a circuit modulo a prime, in the style of a system. The responses for `slots` slots together are to reveal nothing of the weights.
    ///
    /// # Errors
    /// [`Unsupported`] for layers that no parameters hold; it names each node.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the place of an error is that of a layer that was given"
    )]
    pub fn new(circuit: &Circuit, style: Style, group: usize, slots: u64) -> Result<Self, Unsupported> {
        let Some(Modulus::Prime(p)) = circuit.uniform.map(|uniform| uniform.modulus) else {
            return Err(Unsupported::new("the values of the circuit are not shared modulo a prime"));
        };
        let scheme = Scheme::new(p);
        let linear: Vec<(&Step, Shape)> = circuit.steps.iter().filter_map(|step| Some((step, shape(step)?))).collect();
        let shapes: Vec<Shape> = linear.iter().map(|(_, shape)| *shape).collect();
        let located = |(place, unfit): (usize, Unfit)| {
            let (Step { node, .. }, _) = linear.get(place).expect("an error is about one of the layers");
            format!("{node}: {unfit}")
        };
        let all = |unfit: Vec<(usize, Unfit)>| Unsupported::all(unfit.into_iter().map(located));
        let mut packed = layouts(&shapes, &scheme, style, slots).map_err(all)?.into_iter();
        let layouts = circuit.steps.iter().map(|step| shape(step).and_then(|_| packed.next())).collect();
        Ok(Self { scheme, form: style.form, group, layouts })
    }

    /// The scheme of all layers.
    #[must_use]
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// The prime that values are shared modulo.
    #[must_use]
    pub fn modulus(&self) -> u64 {
        self.scheme.modulus()
    }

    /// The form of all responses.
    pub(super) fn form(&self) -> Form {
        self.form
    }

    /// The number of slots in a group.
    #[must_use]
    pub fn group(&self) -> usize {
        self.group
    }

    #[expect(clippy::expect_used, reason = "a packing is made for its circuit, and a linear step has a layout there")]
    pub(in crate::backend) fn layout(&self, step: usize) -> &Layout {
        self.layouts[step].as_ref().expect("a linear step")
    }

    /// Adds the messages of the products of a linear step, on so many slots, to a cost.
    pub fn cost(&self, step: usize, slots: usize, cost: &mut Cost) {
        self.ask_cost(step, slots, cost);
        self.answer_cost(step, slots, cost);
    }

    /// Adds the client's messages alone.
    pub fn ask_cost(&self, step: usize, slots: usize, cost: &mut Cost) {
        let LinearCost { client_bytes, .. } = self.layout(step).cost(self.group);
        (0..slots / self.group).for_each(|_| cost.send(Role::Client, client_bytes));
    }

    /// Adds the server's messages alone.
    pub fn answer_cost(&self, step: usize, slots: usize, cost: &mut Cost) {
        let LinearCost { server_bytes, .. } = self.layout(step).cost(self.group);
        (0..slots / self.group).for_each(|_| cost.send(Role::Server, server_bytes));
    }
}

fn shape(step: &Step) -> Option<Shape> {
    match step.op {
        Op::Linear { shape, .. } => Some(shape),
        _ => None,
    }
}

/// A network's weights, encoded for a packing.
#[derive(Clone)]
pub struct Network {
    /// By step.
    layers: Vec<Option<Constants>>,
}

/// A linear layer's weights, as vectors of slots and as they are, and its biases.
#[derive(Clone)]
pub(super) struct Constants {
    pub encoded: Weights,
    pub weights: Vec<i64>,
    pub start: Vec<i64>,
}

impl Network {
    /// Encodes the weights of a network.
    #[must_use]
    pub fn new(model: &FixedModel, circuit: &Circuit, packing: &Packing) -> Self {
        let constants = |(step, layout): (&Step, &Option<Layout>)| {
            let (weights, start) = constants_of(&model.layers()[step.layer].op)?;
            let encoded = Weights::new(layout.as_ref()?, &packing.scheme, weights);
            Some(Constants { encoded, weights: weights.to_vec(), start: start.to_vec() })
        };
        Self { layers: circuit.steps.iter().zip(&packing.layouts).map(constants).collect() }
    }

    #[expect(clippy::expect_used, reason = "a linear step has a layout, and with it constants")]
    pub(super) fn constants(&self, step: usize) -> &Constants {
        self.layers[step].as_ref().expect("a linear step")
    }
}
