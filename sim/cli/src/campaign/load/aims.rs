//! What acts inside the inference are aimed at: a pattern that can match nothing is refused.

use super::{Loader, Outcome, unfit};
use crate::simulate::{PartiesError, World, messages};
use fusion_2pc::address::Address;
use fusion_2pc::session::chunks;
use fusion_adversaries::problem::{Mark, Problem};
use fusion_adversaries::script::{MoveSection, Script, StepPattern};
use fusion_adversaries::strategy::View;

/// A pattern, where it stands, and whether it means messages.
type Aim<'s> = (&'s StepPattern, Mark, bool);

fn aim(section: &MoveSection) -> Option<Aim<'_>> {
    let add = section.add.as_ref().map(|add| (&add.value.step, add.mark, false));
    let bend = section.bend.as_ref().map(|bend| (&bend.value.step, bend.mark, true));
    let stop = section.stop.as_ref().map(|stop| (&stop.value.step, stop.mark, true));
    add.or(bend).or(stop)
}

impl Loader {
    /// Looks for what each pattern of a script means in an honest session.
    pub(super) fn aims(&mut self, script: &Script, view: &View, world: &World) -> Outcome<()> {
        let branches = script.strategies.iter().flat_map(|section| section.one_of.iter().flatten());
        let moves = script.strategies.iter().flat_map(|section| section.moves.iter().flatten());
        let aims: Vec<Aim<'_>> = moves.chain(branches.flat_map(|branch| &branch.moves)).filter_map(aim).collect();
        if aims.is_empty() {
            return Ok(());
        }
        let unfit = |error: PartiesError| unfit(script, &error);
        let steps = world.circuit().map_err(|error| unfit(error.clone().into()))?.steps.iter();
        let steps: Vec<Address> = steps.map(|step| step.address.clone()).collect();
        let on_messages = aims.iter().any(|(_, _, on_messages)| *on_messages);
        let messages = if on_messages { messages(world).map_err(unfit)? } else { Vec::new() };
        let below = |address: &Address, fits: &dyn Fn(&Address) -> bool| {
            chunks(view.slots as usize, view.slots_per_message as usize).any(|slots| fits(&address.in_slots(slots)))
        };
        for (pattern, mark, on_messages) in aims {
            let found = if on_messages {
                messages.iter().any(|address| below(address, &|path| pattern.matches_message(path)))
            } else {
                steps.iter().any(|address| below(address, &|path| pattern.matches(path)))
            };
            if !found {
                let what = if on_messages { "message of the server" } else { "step" };
                let problem = Problem::new(mark, format!("`step` matches no {what}"));
                let some = if on_messages { &messages } else { &steps };
                let some = some.iter().filter(|address| !address.is_in_extension()).take(3);
                let some: Vec<String> = some.map(|address| format!("`{address}`")).collect();
                self.problems.push(problem.help(format!("such as {}, ...", some.join(", "))));
            }
        }
        self.check()
    }
}
