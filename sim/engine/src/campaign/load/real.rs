//! The two parties for the strategies at `real`, and the patterns of acts inside the inference: one that can match nothing is
//! refused.

use super::kept::beyond;
use super::loader::Loader;
use crate::campaign::{Entry, block, grouping, link_speed};
use crate::simulate::pair::{Reachable, reachable};
use crate::simulate::{Parties, PartiesError, ProtocolChoice, World};
use fusion_2pc::address::Address;
use fusion_2pc::backend::Family;
use fusion_2pc::circuit::{Circuit, Op};
use fusion_2pc::session::{Grouping, chunks};
use fusion_adversaries::problem::{Mark, Problem, quoted};
use fusion_adversaries::script::{ActSection, AddSection, Draft, Fidelity, StepPattern};
use fusion_adversaries::strategy::View;
use std::fmt::Display;

impl Loader {
    /// Sets up a client and a server for the strategies at `real`. This takes long, so where another problem was recorded it only
    /// checks whether two parties can run the models.
    pub fn parties(&mut self, draft: &Draft, view: &View, world: &World, entries: &[Option<Entry>]) -> Option<Parties> {
        let protocols = world.protocols()?;
        let mut groupings: Vec<Grouping> = Vec::new();
        for entry in entries.iter().flatten().filter(|entry| entry.depth == Fidelity::Real) {
            groupings.push(grouping(entry, view));
        }
        if groupings.is_empty() {
            return None;
        }
        groupings.sort_unstable();
        groupings.dedup();
        let made = if self.problems.is_empty() {
            Parties::new(
                (world, protocols),
                view.slots as usize,
                &groupings,
                draft.trials.seed,
                link_speed(draft.network),
            )
            .map(Some)
        } else {
            world.circuit().map(|_| None).map_err(|error| error.clone().into())
        };
        made.unwrap_or_else(|error| {
            self.problems.extend(unfit(draft, (world, protocols), &error));
            None
        })
    }

    /// Divides the trials of the strategies at `real` into rows, by what the public plan predicts that a trial sends at most.
    pub fn rows(&mut self, draft: &Draft, view: &View, world: &World, entries: &mut [Option<Entry>]) {
        let models: Vec<_> = world.models().iter().collect();
        for entry in entries.iter_mut().flatten().filter(|entry| entry.depth == Fidelity::Real) {
            let sessions = u128::from(entry.sessions.map_or(1, |sessions| sessions.max));
            let of_session = match (world.protocols(), world.spdz()) {
                (Some(protocols), _) => protocols
                    .predicted(&models, view.slots as usize, grouping(entry, view))
                    .map(|sent| (block::bytes_per_ms(protocols.backend.family()), sent.into_iter().sum()))
                    .map_err(|error| unfit(draft, (world, protocols), &error.into())),
                (None, Some(known)) => {
                    let predicted = known.predicted();
                    Ok((block::SPDZ_BYTES_PER_MS, predicted.set_up.plus(predicted.inference()).bytes()))
                }
                (None, None) => unreachable!("two parties run in a world with an entry at `real`"),
            };
            match of_session {
                Ok((per_ms, bytes)) => entry.block = block::at_real(per_ms, bytes as u128 * sessions),
                Err(problems) => self.problems.extend(problems),
            }
        }
    }

    /// Checks that each pattern of a script matches a step or a message of an honest session.
    pub fn aims(&mut self, draft: &Draft, view: &View, world: &World) {
        let aims = aims_of(draft);
        let Some(protocols) = world.protocols().filter(|_| !aims.is_empty()) else { return };
        match in_reach((world, protocols), aims.iter().any(|(_, _, on_messages)| *on_messages)) {
            Ok([steps, messages]) => {
                for (pattern, mark, on_messages) in aims {
                    let (addresses, what) =
                        if on_messages { (&messages, "message of the server") } else { (&steps, "step") };
                    let fits = |address: &Address| {
                        if on_messages { pattern.matches_message(address) } else { pattern.matches(address) }
                    };
                    if !addresses.iter().any(|address| below_some_chunk(view, address, &fits)) {
                        let family = protocols.backend.family().name();
                        let message =
                            format!("`step` matches no {what} by `{family}`: {}", quoted(&pattern.to_string()));
                        self.problems.push(Problem::new(mark, message).help(such_as(addresses, pattern)));
                    }
                }
            }
            Err(error) => self.problems.extend(unfit(draft, (world, protocols), &error)),
        }
        if let Ok(circuit) = world.circuit() {
            let family = protocols.backend.family();
            let misfit = |(add, mark)| Some(Problem::new(mark, misfit((world, family), circuit, add)?));
            let problems = additions(draft).filter_map(misfit);
            self.problems.extend(problems);
        }
    }
}

/// The numbers that a script adds only where a ReLU keeps an element, each with its place.
fn additions(draft: &Draft) -> impl Iterator<Item = (&AddSection, Mark)> {
    let acts = draft.strategies.iter().flat_map(|strategy| strategy.section.kind.moves().map(|section| &section.act));
    acts.filter_map(|act| match act {
        ActSection::Add { add, .. } => add.value.only.map(|_| (&add.value, add.mark)),
        _ => None,
    })
}

/// The reason why a server cannot add a number where a ReLU keeps an element; `None` if it can.
fn misfit((world, family): (&World, Family), circuit: &Circuit, add: &AddSection) -> Option<String> {
    if world.is_one_bit() {
        return Some("`where` needs `truncation: faithful`".into());
    }
    let own = circuit.steps.iter().filter(|step| add.step.matches(&step.address.in_slots(0..1)));
    let mut kept_bits = 62;
    for step in own {
        let Op::Relu { from, shift } = step.op else {
            return Some(format!("`where: kept` is of a ReLU, and `step` matches `{}` too", step.address));
        };
        kept_bits = kept_bits.min(from.saturating_sub(1 + shift));
        // Bits are dropped from the sum, which then has to be what the ReLU could keep.
        if family.drops_what_is_chosen()
            && let Some(message) = beyond(world, circuit, step, (&add.elements, add.value), |number| number >= 0)
        {
            return Some(message);
        }
    }
    let most = (1_i64 << kept_bits) - 1;
    (family.garbles() && !(1..=most).contains(&add.value)).then(|| {
        format!("by `{}` bits of what a ReLU keeps are flipped: `value` is from 1 to {most} here", family.name())
    })
}

/// Returns the addresses, without slots, of the steps of an honest session, and those of the server's messages if `on_messages`
/// asks for them.
fn in_reach(
    (world, protocols): (&World, ProtocolChoice),
    on_messages: bool,
) -> Result<[Vec<Address>; 2], PartiesError> {
    if on_messages {
        let Reachable { steps, messages } = reachable(protocols, world.models())?;
        return Ok([steps, messages]);
    }
    let circuit = world.circuit().map_err(Clone::clone)?;
    Ok([circuit.steps.iter().map(|step| step.address.clone()).collect(), Vec::new()])
}

/// Whether `fits` accepts an address for some chunk of a session's slots.
pub(super) fn below_some_chunk(view: &View, address: &Address, fits: &dyn Fn(&Address) -> bool) -> bool {
    chunks(view.slots as usize, view.slots_per_message as usize).any(|slots| fits(&address.in_slots(slots)))
}

/// Names addresses that the pattern could have named: first those that begin as it does, as far as they do.
fn such_as(addresses: &[Address], pattern: &StepPattern) -> String {
    let written = pattern.to_string();
    let shared = |text: &str| text.bytes().zip(written.bytes()).take_while(|(a, b)| a == b).count();
    let mut texts: Vec<String> =
        addresses.iter().filter(|address| !address.is_in_extension()).map(ToString::to_string).collect();
    texts.sort_by_key(|text| std::cmp::Reverse(shared(text)));
    let some: Vec<String> = texts.iter().take(3).map(|text| format!("`{text}`")).collect();
    format!("such as {}; `sim check MODEL.onnx --backend NAME` lists all", some.join(", "))
}

/// The families of protocols that can compute the models of a campaign.
fn capable(world: &World, protocols: ProtocolChoice) -> impl Iterator<Item = Family> {
    let models: Vec<_> = world.models().iter().collect();
    let can = move |family: &Family| {
        let others = ProtocolChoice { backend: (*family).into(), ..protocols };
        others.check(&models).is_ok()
    };
    Family::ALL.into_iter().filter(can)
}

/// The problems of models that two parties cannot run, one for each reason. Advice is with the last.
fn unfit(draft: &Draft, (world, protocols): (&World, ProtocolChoice), error: &PartiesError) -> Vec<Problem> {
    let mark = draft.model.read().map_or(Mark::START, |model| model.path.mark);
    let problem = |reason: &dyn Display| Problem::new(mark, format!("fidelity `real`: {reason}"));
    match error {
        PartiesError::Unsupported(found) => {
            let models: Vec<_> = world.models().iter().collect();
            // What was asked for may have stopped before the layers are packed.
            let all = match protocols.check(&models) {
                Ok(()) => found.clone(),
                Err(all) => all.and(found.clone()),
            };
            let mut problems: Vec<Problem> = all.reasons().iter().map(|reason| problem(reason)).collect();
            let advised = problems.pop().map(|last| last.help(instead(world, protocols)));
            problems.extend(advised);
            problems
        }
        PartiesError::TooHeavy(_) | PartiesError::Halt(_) => vec![problem(error)],
    }
}

/// Says where models run that a family of protocols cannot compute.
fn instead(world: &World, protocols: ProtocolChoice) -> String {
    let refused = protocols.backend.family().name();
    let capable: Vec<String> = capable(world, protocols).map(|family| format!("`{}`", family.name())).collect();
    let others = match &capable[..] {
        [] => "nor can any other backend".into(),
        _ => format!("and {} can", capable.join(", ")),
    };
    format!("it runs at `plain` and `ideal`; `{refused}` cannot compute it, {others}")
}

/// A pattern, its place in the script, and whether it is a pattern of messages.
type Aim<'s> = (&'s StepPattern, Mark, bool);

fn aim(act: &ActSection) -> Option<Aim<'_>> {
    match act {
        ActSection::Model { .. } | ActSection::Relabel { .. } => None,
        ActSection::Add { add, .. } => Some((&add.value.step, add.mark, false)),
        ActSection::WrongSign { wrong_sign, .. } => Some((&wrong_sign.value.step, wrong_sign.mark, false)),
        ActSection::OwnChoice { own_choice, .. } => Some((&own_choice.value.step, own_choice.mark, false)),
        ActSection::Spoil { spoil, .. } => Some((&spoil.value.step, spoil.mark, false)),
        ActSection::Bend { bend } => Some((&bend.value.step, bend.mark, true)),
        ActSection::Stop { stop } => Some((&stop.value.step, stop.mark, true)),
    }
}

/// Returns the patterns of a script's acts, except for acts that the strategy's fidelity does not allow.
fn aims_of(draft: &Draft) -> Vec<Aim<'_>> {
    let mut aims = Vec::new();
    for strategy in &draft.strategies {
        let Some(depth) = draft.fidelity_of(&strategy.section) else { continue };
        let acts = strategy.section.kind.moves().map(|section| &section.act);
        aims.extend(acts.filter(|act| act.misplaced(depth).is_none()).filter_map(aim));
    }
    aims
}
