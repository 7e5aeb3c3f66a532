//! A server that deviates inside the inference: the effect of a strategy's acts at the link's hooks, and at a trusted third
//! party.

use super::session::Asked;
use super::world::World;
use fusion_2pc::address::Address;
use fusion_2pc::backend::digits::{self, DigitRule};
use fusion_2pc::circuit::{Circuit, Op, Step};
use fusion_2pc::modulus::Modulus;
use fusion_2pc::wire::hook::{Compared, Conduct, Deviation, Mistakes};
use fusion_2pc::wire::meter::Message;
use fusion_adversaries::script::{Bend, Elements, Filling, Stop};
use fusion_adversaries::strategy::{Act, Move, Touches};
use fusion_spec::mix::Slot;
use rand_core::Rng;
use std::ops::Range;

/// A server's acts on the shares and messages of one session.
pub struct Deviant<R> {
    /// The acts in the order of the moves, each with its slots.
    acts: Vec<(Act, Vec<Slot>)>,
    /// Each ReLU whose signs may be turned; none where no act does so.
    relus: Vec<Compares>,
    coins: R,
}

/// A ReLU, as a server sees it that turns signs.
struct Compares {
    /// The step in which signs are compared, without slots, and that of the ReLU.
    signs: Address,
    step: Address,
    /// What the inputs are shared modulo.
    modulus: Modulus,
    /// The linear step whose outputs it reads, if the server has to choose its shares of them.
    fed_by: Option<Address>,
}

impl Compares {
    /// Each ReLU of a circuit.
    fn all(circuit: &Circuit) -> Vec<Self> {
        let relu = |step: &Step| {
            let Op::Relu { from, .. } = step.op else { return None };
            let modulus = circuit.modulus(from);
            let chosen = matches!(modulus, Modulus::Prime(_));
            let fed_by = digits::fed_by(circuit, step).filter(|_| chosen).map(|step| step.address.clone());
            let signs = step.address.join(&Address::of(["msb".into()]));
            Some(Self { signs, step: step.address.clone(), modulus, fed_by })
        };
        circuit.steps.iter().filter_map(relu).collect()
    }
}

impl<R: Rng> Deviant<R> {
    /// Collects the acts of a session; returns `None` if no slot has such an act. `coins` fill the messages that are replaced at
    /// random.
    pub fn new(world: &World, asked: &[Asked], moves: &[Move], touches: &Touches, coins: R) -> Option<Self> {
        let bites = |m: &Move, slot: Slot| asked.get(slot as usize).is_some_and(|asked| world.bites(m, asked.image));
        Self::biting(bites, || world.circuit().ok(), moves, touches, coins)
    }

    /// Collects the acts of a session of a server that does not know what its slots hold: all of them bite. Returns `None` if there are none.
    pub fn blind(circuit: &Circuit, moves: &[Move], touches: &Touches, coins: R) -> Option<Self> {
        Self::biting(|_, _| true, || Some(circuit), moves, touches, coins)
    }

    /// Asks for the `circuit` only where signs are turned.
    fn biting<'c>(
        bites: impl Fn(&Move, Slot) -> bool,
        circuit: impl FnOnce() -> Option<&'c Circuit>,
        moves: &[Move],
        touches: &Touches,
        coins: R,
    ) -> Option<Self> {
        let slots = |(place, m): (usize, &Move)| {
            let own = touches.moves().iter().filter(|(_, of)| *of == place).map(|(slot, _)| *slot);
            (m.act.clone(), own.filter(|slot| bites(m, *slot)).collect::<Vec<_>>())
        };
        let acts = moves.iter().enumerate().filter(|(_, m)| m.act.is_inside()).map(slots);
        let acts: Vec<(Act, Vec<Slot>)> = acts.filter(|(_, slots)| !slots.is_empty()).collect();
        let turns = acts.iter().any(|(act, _)| matches!(act, Act::WrongSign { .. }));
        let relus = turns.then(circuit).flatten().map_or_else(Vec::new, Compares::all);
        (!acts.is_empty()).then_some(Self { acts, relus, coins })
    }
}

impl<R> Deviant<R> {
    /// The acts on one slot.
    fn on(&self, slot: Slot) -> impl Iterator<Item = &Act> + Clone {
        self.acts.iter().filter(move |(_, slots)| slots.contains(&slot)).map(|(act, _)| act)
    }

    /// Adds the values of the acts on one slot to its part of a step's output: see [`Output::add`].
    pub fn add(&self, slot: Slot, own: &mut [u64], output: &Output<'_>) {
        output.add(self.on(slot), own);
    }

    /// Whether a slot has an act on shares or messages.
    pub fn touches(&self, slot: Slot) -> bool {
        self.acts.iter().any(|(_, slots)| slots.contains(&slot))
    }
}

impl<R: Rng + Send> Deviation for Deviant<R> {
    fn share(&mut self, step: &Address, shares: &mut [u64], modulus: Modulus) {
        let chunk = chunk(step);
        let each = shares.len() / chunk.len().max(1);
        for (slot, own) in chunk.zip(shares.chunks_exact_mut(each.max(1))) {
            self.add(slot, own, &Output { step, modulus, inputs: (&[], modulus), shift: 0, flips: false });
        }
    }

    fn kept(&mut self, step: &Address, count: usize) -> Option<Vec<i64>> {
        let mut errors = vec![0; count];
        let chunk = chunk(step);
        let each = count / chunk.len().max(1);
        for (slot, own) in chunk.zip(errors.chunks_exact_mut(each.max(1))) {
            add_values(self.on(slot), step, true, own, |error, value| *error += value);
        }
        errors.iter().any(|error| *error != 0).then_some(errors)
    }

    fn own_choices(&mut self, step: &Address, count: usize) -> Option<Vec<Option<i64>>> {
        let chunk = chunk(step);
        let each = count / chunk.len().max(1);
        let elements = |slot: Slot| (0..each).map(move |element| (slot, element));
        let all: Vec<Option<i64>> =
            chunk.flat_map(elements).map(|(slot, element)| own_choice(self.on(slot), step, element)).collect();
        all.iter().any(Option::is_some).then_some(all)
    }

    fn compared(&mut self, step: &Address, digit: Compared, own: &[u8]) -> Option<Vec<Mistakes>> {
        let below = step.below_slots();
        let relu = self.relus.iter().find(|relu| relu.signs == below)?;
        let slots = step.slots()?;
        let (step, each) = (relu.step.in_slots(slots.clone()), own.len() / slots.len().max(1));
        let mut mistakes = Vec::with_capacity(own.len());
        for (slot, own) in chunk(&step).zip(own.chunks_exact(each.max(1))) {
            mistakes.extend(own.iter().enumerate().map(|(element, own)| {
                let rule = rule(self.on(slot), &step, element);
                rule.and_then(|rule| rule.mistakes(digit, *own, relu.modulus)).map_or([0; 16], |mistakes| mistakes)
            }));
        }
        Some(mistakes)
    }

    fn spoiled(&mut self, step: &Address, count: usize) -> Option<Vec<u64>> {
        let chunk = chunk(step);
        let each = count / chunk.len().max(1);
        let bits = |slot: Slot| (0..each).map(move |element| (slot, element));
        let all: Vec<u64> =
            chunk.flat_map(bits).map(|(slot, element)| spoiled_bits(self.on(slot), step, element)).collect();
        all.iter().any(|bits| *bits > 0).then_some(all)
    }

    /// With 0 as its share of what a ReLU reads, the client's is the value.
    fn chosen(&mut self, step: &Address, count: usize) -> Option<Vec<u64>> {
        let below = step.below_slots();
        let relu = self.relus.iter().find(|relu| relu.fed_by.as_ref() == Some(&below))?;
        let relu = relu.step.in_slots(step.slots()?);
        let turns = |(act, _): &(Act, _)| matches!(act, Act::WrongSign { step, .. } if step.matches(&relu));
        self.acts.iter().any(turns).then(|| vec![0; count])
    }

    fn message(&mut self, message: &Message, payload: &[u8]) -> Conduct {
        let chunk = chunk(&message.address);
        let Self { acts, relus: _, coins } = self;
        let mut changed: Option<Vec<u8>> = None;
        for (act, _) in acts.iter().filter(|(_, slots)| slots.iter().any(|slot| chunk.contains(slot))) {
            let bytes = changed.as_deref().unwrap_or(payload);
            match act {
                Act::Stop { step, how } if step.matches_message(&message.address) => {
                    return match how {
                        Stop::Crash | Stop::Abort => Conduct::Close,
                        Stop::Stall => Conduct::Stall,
                    };
                }
                Act::Bend { step, how } if step.matches_message(&message.address) && !payload.is_empty() => match how {
                    Bend::FlipBit(bit) => changed = Some(flipped(bytes, *bit)),
                    Bend::Replace(Filling::Zeros) => changed = Some(vec![0; bytes.len()]),
                    Bend::Replace(Filling::Random) => {
                        let mut random = vec![0; bytes.len()];
                        coins.fill_bytes(&mut random);
                        changed = Some(random);
                    }
                    // The first act that is no change of bytes decides.
                    Bend::Replay => return Conduct::Repeat,
                    Bend::Drop => return Conduct::Drop,
                    Bend::DelayMs(ms) => return Conduct::Delay(u64::from(*ms) * 1_000_000),
                },
                _ => {}
            }
        }
        changed.map_or(Conduct::Send, Conduct::Replace)
    }
}

/// A slot's part of a step's output, to which a server may add.
#[derive(Clone, Copy, Debug)]
pub struct Output<'a> {
    /// The step, with its slots.
    pub step: &'a Address,
    /// What the elements are shared modulo.
    pub modulus: Modulus,
    /// What a ReLU reads, and its modulus; nothing for another step, and where the parties themselves change what it keeps.
    pub inputs: (&'a [u64], Modulus),
    /// The number of bits that a ReLU drops.
    pub shift: u32,
    /// Whether what is added to those flips their bits, as in a garbled circuit.
    pub flips: bool,
}

impl<'a> Output<'a> {
    /// A slot's part of the output of a circuit's step, at an address with slots, where a third party evaluates it; `inputs` are those of a ReLU.
    pub fn of(circuit: &Circuit, step: &Step, address: &'a Address, inputs: &'a [u64], flips: bool) -> Self {
        let modulus = circuit.modulus(step.ring);
        let (before, shift) = match step.op {
            Op::Relu { from, shift } => (circuit.modulus(from), shift),
            _ => (modulus, 0),
        };
        Self { step: address, modulus, inputs: (inputs, before), shift, flips }
    }
}

impl Output<'_> {
    /// Adds the values of acts: first those that are added where a ReLU keeps an element, inside it. What it takes for negative becomes 0; where the server chooses otherwise than by
    /// its share of the sign, what it takes for negative is kept, and all else becomes 0.
    pub fn add<'m>(&self, acts: impl Iterator<Item = &'m Act> + Clone, own: &mut [u64]) {
        let (inputs, before) = self.inputs;
        let mut errors = vec![0; inputs.len()];
        add_values(acts.clone(), self.step, true, &mut errors, |error, value| *error += value);
        for (element, input) in inputs.iter().enumerate() {
            let (share, error, number) = (&mut own[element], errors[element], before.integer(*input));
            let turned = rule(acts.clone(), self.step, element).is_some_and(|rule| rule.holds(*input, before));
            let otherwise = own_choice(acts.clone(), self.step, element);
            let kept = number >= 0 && !turned;
            *share = match otherwise {
                None if number < 0 => *share,
                None if turned => 0,
                None if self.flips => *share ^ error.cast_unsigned(),
                None => self.modulus.add(self.modulus.reduce(*share), self.modulus.element(error)),
                Some(_) if kept => 0,
                Some(value) => [number >> self.shift, error, value]
                    .into_iter()
                    .fold(0, |sum, part| self.modulus.add(sum, self.modulus.element(part))),
            };
        }
        let modulus = self.modulus;
        add_values(acts, self.step, false, own, |share, value| {
            *share = modulus.add(modulus.reduce(*share), modulus.element(value));
        });
    }

    /// Whether a server chose otherwise for an element, which then is no number that a ReLU gives. `own` is what the acts made.
    pub fn is_beyond<'m>(&self, acts: &(impl Iterator<Item = &'m Act> + Clone), own: &[u64]) -> bool {
        let (_, before) = self.inputs;
        let most = largest_output(before, self.shift, self.modulus);
        let gives = |x: u64| u64::try_from(self.modulus.integer(x)).is_ok_and(|x| x <= most);
        let mut all = own.iter().enumerate();
        all.any(|(at, x)| own_choice(acts.clone(), self.step, at).is_some() && !gives(*x))
    }
}

/// The largest number that a ReLU gives which drops `shift` bits of integers modulo `before`: below half of its own modulus, and of that of its input, as some families drop bits only
/// after they have chosen what is kept. The steps after it rely on that.
pub(crate) fn largest_output(before: Modulus, shift: u32, own: Modulus) -> u64 {
    own.largest().min(before.largest() >> shift)
}

/// What a server adds to an element of a ReLU of which it chooses otherwise than by its share of the sign: that of the first act that is about it.
fn own_choice<'m>(mut acts: impl Iterator<Item = &'m Act>, step: &Address, element: usize) -> Option<i64> {
    acts.find_map(|act| match act {
        Act::OwnChoice { step: pattern, elements, value } if pattern.matches(step) && elements.have(element) => {
            Some(*value)
        }
        _ => None,
    })
}

/// The digits by which an element of a ReLU is taken for negative: those of the first act that is about it.
fn rule<'m>(mut acts: impl Iterator<Item = &'m Act>, step: &Address, element: usize) -> Option<DigitRule> {
    acts.find_map(|act| match act {
        Act::WrongSign { step: pattern, elements, rule } if pattern.matches(step) && elements.have(element) => {
            Some(*rule)
        }
        _ => None,
    })
}

/// The bits of an element of a ReLU whose decoding acts spoil.
pub(super) fn spoiled_bits<'m>(acts: impl Iterator<Item = &'m Act>, step: &Address, element: usize) -> u64 {
    acts.fold(0, |bits, act| match act {
        Act::Spoil { step: pattern, elements, bit } if pattern.matches(step) && elements.have(element) => {
            bits | 1 << bit
        }
        _ => bits,
    })
}

/// Adds the value of each act on shares whose pattern a step matches to the elements that it names: of the acts that add only to what a ReLU keeps, or
/// of the others.
fn add_values<'m, T>(
    acts: impl Iterator<Item = &'m Act>,
    step: &Address,
    only_kept: bool,
    own: &mut [T],
    add: impl Fn(&mut T, i64),
) {
    for act in acts {
        let Act::Add { step: pattern, value, elements, kept } = act else { continue };
        if *kept != only_kept || !pattern.matches(step) {
            continue;
        }
        match elements {
            Elements::All => own.iter_mut().for_each(|element| add(element, *value)),
            Elements::These(these) => {
                for &at in these.iter() {
                    own.get_mut(at as usize).into_iter().for_each(|element| add(element, *value));
                }
            }
        }
    }
}

/// Returns the slots of an address. The range is empty where it names none, as in a set-up.
#[expect(clippy::cast_possible_truncation, reason = "a session's slots are counted in 32 bits")]
fn chunk(address: &Address) -> Range<Slot> {
    let slots = address.slots().unwrap_or(0..0);
    slots.start as Slot..slots.end as Slot
}

fn flipped(bytes: &[u8], bit: u64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    #[expect(clippy::cast_possible_truncation, reason = "below the number of bits of a message in memory")]
    let bit = (bit % (8 * bytes.len() as u64)) as usize;
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}
