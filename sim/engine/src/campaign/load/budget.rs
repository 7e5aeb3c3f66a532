//! The most trials that a run was begun with. A run that goes on never shrinks: neither its counts nor what it is still to count.

use super::text::Text;
use crate::campaign::Campaign;
use crate::failure::Failure;
use fusion_adversaries::script::StrategyDraft;
use std::collections::BTreeMap;
use std::path::Path;

/// The most trials of each strategy, as a script says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The most trials of a strategy that sets none of its own.
    most: u64,
    /// The most trials of each strategy.
    own: BTreeMap<String, u64>,
}

/// Reads from a script how many trials it plays at most, and nothing that it names.
///
/// # Errors
/// [`Failure::Script`] with every problem of the text, [`Failure::Usage`] and [`Failure::Io`] if the file cannot be read.
pub fn budget(path: &Path) -> Result<Budget, Failure> {
    let Text { draft, problems, located } = Text::read(path)?;
    if !problems.is_empty() {
        return Err(located.with(problems));
    }
    let most = draft.trials.max;
    let own =
        |StrategyDraft { section, .. }: &StrategyDraft| (section.name.clone(), section.trials.max.unwrap_or(most));
    Ok(Budget { most, own: draft.strategies.iter().map(own).collect() })
}

impl Campaign {
    /// Raises the most trials of each strategy to those of the run that it continues. Returns the largest number that was raised to, or `None` if
    /// no number was less than the run's.
    pub fn keep_budget(&mut self, run: &Budget) -> Option<u64> {
        let asked = self.script.trials.max;
        let most = asked.max(run.most);
        let mut raised = (run.most > asked).then_some(run.most);
        self.script.trials.max = most;
        for strategy in &mut self.script.strategies {
            let asked = strategy.trials.max.unwrap_or(asked);
            let own = run.own.get(&strategy.name).map_or(asked, |own| asked.max(*own));
            raised = raised.max((own > asked).then_some(own));
            let is_said = strategy.trials.max.is_some() || own != most;
            strategy.trials.max = is_said.then_some(own);
            for entry in self.entries.iter_mut().filter(|entry| entry.name == strategy.name) {
                entry.max = own;
            }
        }
        // The control is in no script.
        if let Some(control) = self.entries.first_mut() {
            control.max = most;
        }
        raised
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::load::{Overrides, load};
    use crate::scratch::Scratch;

    /// A script in which one strategy has a limit of its own.
    fn script(most: u64, own: &str) -> String {
        format!(
            "schema: fusion/campaign/v1\nname: budget\nprotocol: {{ R: 4, B: 2, T: 2 }}\nfidelity: plain\ntrials: {{ max: {most} }}\n\
             strategies:\n  - {{ name: one, do: [], {own} }}\n  - {{ name: two, do: [] }}\n"
        )
    }

    /// The largest numbers of trials of the script, of its strategies and of the entries, after a campaign continues a run.
    fn kept(most: u64, own: &str, by: Option<u64>) -> (Option<u64>, u64, [Option<u64>; 2], Vec<u64>) {
        let scratch = Scratch::new("budget");
        let run = budget(scratch.file("run.yaml", script(5000, "trials: { max: 9000 }")).as_ref()).unwrap();
        let file = scratch.file("script.yaml", script(most, own));
        let mut campaign = load(file.as_ref(), &Overrides { max: by, ..Overrides::default() }).unwrap();
        let raised = campaign.keep_budget(&run);
        let script = &campaign.script;
        let own = [0, 1].map(|place| script.strategies[place].trials.max);
        (raised, script.trials.max, own, campaign.entries.iter().map(|entry| entry.max).collect())
    }

    #[test]
    fn a_run_that_goes_on_never_plays_less() {
        let own = "trials: { max: 9000 }";
        let same = (None, 5000, [Some(9000), None], vec![5000, 9000, 5000]);
        assert_eq!(kept(5000, own, None), same);
        // As it was, whether a flag or a script says less.
        assert_eq!(kept(5000, own, Some(0)), (Some(9000), same.1, same.2, same.3.clone()));
        assert_eq!(kept(4999, own, None), (Some(5000), same.1, same.2, same.3.clone()));
        assert_eq!(kept(5000, "", None).3, same.3);
        // More for some is less for others.
        assert_eq!(kept(5000, own, Some(8000)), (Some(9000), 8000, [Some(9000), None], vec![8000, 9000, 8000]));
        assert_eq!(kept(5000, own, Some(9000)), (None, 9000, [None, None], vec![9000; 3]));
    }
}
