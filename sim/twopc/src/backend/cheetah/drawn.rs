//! Comparisons whose choices are not sent: a party draws its share of a linear layer together with the transfers of the step that reads it. Where weights are encrypted that is the client, otherwise the server, which chooses in chains alone.

use super::carries::CarryChoice;
use crate::bits::mask;
use crate::circuit::{Circuit, Op};
use crate::party::Party;
use crate::random::uniform;
use crate::role::Role;
use crate::share::carry::{self, Drawn, First, Form};
use crate::share::compare::Span;
use crate::share::{relu, truncate};
use crate::wire::link::Halt;
use fusion_nn::model::Value;
use std::collections::BTreeMap;

/// The step that reads a linear layer's output and compares bits of it before anything else, and these bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The place of the step.
    pub step: usize,
    /// The bits of the output that it compares first.
    pub span: Span,
}

/// The bits of its input that a step compares before anything else, if it does.
fn first_compared(circuit: &Circuit, step: usize) -> Option<Span> {
    let (step, truncation) = (&circuit.steps[step], circuit.truncation);
    match step.op {
        Op::Relu { from, shift } => Some(relu::span(step.rescaling(from, shift, truncation))),
        Op::Clip { from, ends, shift } => step.clip(ends, from, shift, truncation).span(),
        Op::Truncate { from, shift } => truncate::span(step.rescaling(from, shift, truncation)),
        Op::Linear { .. } | Op::Extend { .. } | Op::Sum { .. } | Op::Largest { .. } | Op::Add | Op::Concat => None,
    }
}

/// The first step that reads the output of the step `linear`, as it is, and compares bits of it. Transfers serve one comparison, so that others that read it ask for theirs.
pub fn reader(circuit: &Circuit, linear: usize) -> Option<Reader> {
    let reads = |step: &usize| circuit.steps[*step].inputs == [Value::Layer(linear)];
    let mut readers = (linear + 1..circuit.steps.len()).filter(reads);
    readers.find_map(|step| first_compared(circuit, step).map(|span| Reader { step, span }))
}

/// Whether a party that draws its share of a layer draws the transfers of carries with it.
pub fn draws(form: Form, drawer: Role) -> bool {
    drawer == Role::Client || form == Form::Chain
}

/// Transfers that were drawn with shares, by the step that uses them.
#[derive(Debug)]
pub struct Ahead {
    carries: CarryChoice,
    drawn: BTreeMap<usize, Drawn>,
}

impl Ahead {
    /// Has none yet, and draws them for carries that are found so.
    pub fn new(carries: CarryChoice) -> Self {
        Self { carries, drawn: BTreeMap::new() }
    }

    /// Draws the transfers for the reader of `count` outputs of a linear step; none if no step compares them first, or if it compares them in a form in which the drawer does not choose.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn draw(&mut self, party: &mut Party, count: usize, reader: Option<Reader>, drawer: Role) -> Result<(), Halt> {
        let Some(Reader { step, span }) = reader else { return Ok(()) };
        let form = self.carries.form(count, span, Some(drawer));
        if draws(form, drawer) {
            self.drawn.insert(step, carry::draw(party, count, span, (form, drawer))?);
        }
        Ok(())
    }

    /// The drawer's shares of the outputs, of `ring` bits: random choices where they were drawn for the reader, otherwise its own randomness. `None` if it drew none for it.
    pub fn shares(&self, party: &mut Party, (count, ring): (usize, u32), reader: Option<Reader>) -> Option<Vec<u64>> {
        let Reader { step, span: Span { from, low, high } } = reader?;
        let (drawn, numbers) = self.drawn.get(&step)?.numbers()?;
        let kept = !((drawn & mask(low + high)) << from);
        let mut shares = uniform(&mut party.rng, ring, count);
        shares.iter_mut().zip(numbers).for_each(|(share, number)| *share = *share & kept | number << from);
        Some(shares)
    }

    /// How a step finds the carries of so many numbers that it compares first: by the transfers that were drawn for it, or else by its own. `drawer` is the party that may have drawn them.
    pub fn first(&mut self, step: usize, count: usize, span: Option<Span>, drawer: Option<Role>) -> First {
        let form = || span.map_or(Form::Tree, |span| self.carries.form(count, span, drawer));
        self.drawn.remove(&step).map_or_else(|| First::Asked(form()), First::Drawn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::rehearsal::both;
    use crate::share::truncate::Truncation;
    use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
    use fusion_nn::model::Model;

    fn lenet(truncation: Truncation) -> Circuit {
        let onnx = include_bytes!("../../../../../examples/models/lenet_mnist_full.onnx");
        let (precision, pixels) =
            (Precision { frac_bits: 12, ring: Ring::Auto }, Pixels { scale: 1.0 / 255.0, offset: 0.0 });
        let model = FixedModel::new(&Model::from_onnx(onnx).unwrap(), precision, pixels).unwrap();
        Circuit::new(&[&model], truncation).unwrap()
    }

    /// Of LeNet every ReLU reads a linear layer, all of whose bits below the sign it compares, or those that are left; the last layer has no reader.
    #[test]
    fn every_relu_of_lenet_has_its_choices_drawn() {
        for truncation in [Truncation::Faithful, Truncation::OneBit] {
            let circuit = lenet(truncation);
            let is_linear = |step: &usize| matches!(circuit.steps[*step].op, Op::Linear { .. });
            let linear: Vec<usize> = (0..circuit.steps.len()).filter(is_linear).collect();
            for place in &linear[..4] {
                let Reader { step, span: Span { from, low, high } } = reader(&circuit, *place).unwrap();
                let Op::Relu { from: ring, shift } = circuit.steps[step].op else { panic!("{step} is a ReLU") };
                assert_eq!((step, from + low + high), (place + 1, ring - 1));
                assert_eq!(from, if truncation == Truncation::OneBit { shift } else { 0 });
            }
            assert_eq!((linear.len(), reader(&circuit, linear[4])), (5, None));
        }
    }

    /// Where two steps read a layer, the first that compares has the transfers.
    #[test]
    fn transfers_serve_one_reader() {
        let mut circuit = lenet(Truncation::Faithful);
        let mut second = circuit.steps[1].clone();
        second.inputs = vec![Value::Layer(0)];
        circuit.steps.push(second);
        assert_eq!(reader(&circuit, 0).unwrap().step, 1);
        circuit.steps[1].op = Op::Add;
        assert_eq!(reader(&circuit, 0).unwrap().step, circuit.steps.len() - 1);
    }

    /// The compared bits of a drawer's shares are the choices of the transfers that wait for the reader; those above and below are not. Of a tree a server draws none.
    #[test]
    fn shares_are_choices_where_they_are_compared() {
        let (count, ring) = (400, 21);
        let span = Span { from: 5, low: 0, high: 15 };
        let reader = Some(Reader { step: 4, span });
        for (carries, form, drawer) in [
            (CarryChoice::Tree, Form::Tree, Role::Client),
            (CarryChoice::Chain, Form::Chain, Role::Client),
            (CarryChoice::Chain, Form::Chain, Role::Server),
            (CarryChoice::Tree, Form::Tree, Role::Server),
        ] {
            let side = |party: &mut Party| {
                let mut ahead = Ahead::new(carries);
                ahead.draw(party, count, reader, drawer)?;
                let shares = ahead.shares(party, (count, ring), reader);
                let drawn = match ahead.first(4, count, Some(span), Some(drawer)) {
                    First::Drawn(drawn) => Some((matches!(drawn, Drawn::Chain(_)), drawn.numbers())),
                    First::Asked(_) => None,
                };
                assert!(
                    matches!(ahead.first(4, count, Some(span), Some(drawer)), First::Asked(asked) if asked == form)
                );
                Ok((shares, drawn))
            };
            let ([client, server], party) = both(side, side);
            assert!(party.link.meter().log.is_empty());
            if !draws(form, drawer) {
                assert_eq!([client, server], [(None, None), (None, None)]);
                continue;
            }
            let [mine, other] = if drawer == Role::Client { [client, server] } else { [server, client] };
            assert_eq!(other, (None, Some((form == Form::Chain, None))));
            let (Some(shares), Some((is_chain, Some((own, numbers))))) = mine else { panic!("the drawer has numbers") };
            assert_eq!(is_chain, form == Form::Chain);
            // Of a chain the drawer chooses in every other digit: the lowest bit, two of the next four, and so on.
            assert_eq!(own & mask(15), if is_chain { 0b001_1001_1001_1001 } else { mask(15) });
            assert!(shares.iter().zip(&numbers).all(|(share, number)| share >> 5 & own & mask(15) == *number));
            // 400 fair coins are within 130 of 200 but for 1e-37.
            let ones = |bit: u32| shares.iter().filter(|share| *share >> bit & 1 == 1).count();
            assert!((0..ring).all(|bit| (70..330).contains(&ones(bit))));
            assert!(shares.iter().all(|share| share >> ring == 0));
        }
    }
}
