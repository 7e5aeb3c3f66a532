//! A trial of a campaign that is played again so that it can be looked at.

use super::ending::Ending;
use super::entry::Campaign;
use super::player::{Player, ReplayedSession};
use crate::failure::Failure;
use crate::simulate::{SlotRecord, Trace, Trial};
use fusion_adversaries::problem::nearest;

/// A trial that was played again.
pub struct Replay {
    /// The strategy's name.
    pub strategy: String,
    /// The trial's number.
    pub number: u64,
    /// The campaign's seed.
    pub seed: u64,
    /// How the trial ended, with the events of its first session.
    pub trial: Trial,
    /// The trial's sessions, in order.
    pub sessions: Vec<ReplayedSession>,
}

/// Which slots of a replayed trial are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Every slot that is known is shown.
    Every,
    /// The slots that the server touched or named are shown.
    Touched,
    /// No slot is shown.
    None,
}

impl Show {
    /// Returns the slots to show among those that are known.
    pub fn of(self, slots: &[SlotRecord]) -> impl Iterator<Item = &SlotRecord> {
        slots.iter().filter(move |slot| match self {
            Self::Every => true,
            Self::Touched => slot.touched || slot.named,
            Self::None => false,
        })
    }
}

impl Replay {
    /// Plays a trial of a strategy again.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a strategy that is not in the campaign, or one that is estimated stage by stage and so has no
    /// trials.
    pub fn new(campaign: &Campaign, name: &str, number: u64) -> Result<Self, Failure> {
        Self::watched(campaign, name, number, |_| ())
    }

    /// Plays a trial of a strategy again, and shows the log of each session to `watch`, in order. It gets `None` where a session was no
    /// inference, so that its client did nothing.
    ///
    /// # Errors
    /// [`Failure::Usage`] as of [`Self::new`].
    pub fn watched(
        campaign: &Campaign,
        name: &str,
        number: u64,
        watch: impl FnMut(Option<&Trace>),
    ) -> Result<Self, Failure> {
        let names: Vec<&str> = campaign.entries.iter().map(|entry| entry.name.as_str()).collect();
        let entry = campaign.entries.iter().find(|entry| entry.name == name);
        let entry = entry.ok_or_else(|| Failure::Usage(format!("no strategy `{name}`; {}", nearest(name, &names))))?;
        let replay = Player::new(campaign, entry).replay(number, watch);
        let stages = || Failure::Usage(format!("`{name}` is estimated stage by stage: it has no trials to replay"));
        let (trial, sessions) = replay.ok_or_else(stages)?;
        Ok(Self { strategy: name.into(), number, seed: campaign.script.trials.seed, trial, sessions })
    }

    /// Returns how the trial ended.
    #[must_use]
    pub fn ending(&self) -> Ending {
        self.trial.into()
    }

    /// Describes how the trial departs from the specification, which no server can bring about; `None` where it does not.
    #[must_use]
    pub fn departure(&self) -> Option<String> {
        let unspecified = |session: &ReplayedSession| session.events.as_ref()?.as_ref().err().map(ToString::to_string);
        let client = self.sessions.iter().enumerate().find_map(|(index, session)| Some((index, unspecified(session)?)));
        let client = client.map(|(index, why)| format!("the client of session {index} is not as specified: {why}"));
        let failed = || "the strategy did what no server can, or a party of ours failed".into();
        client.or_else(|| self.trial.outcome.is_none().then(failed))
    }

    /// Returns the choice that shows the most slots without exceeding `most` over all sessions.
    #[must_use]
    pub fn fitting(&self, most: usize) -> Show {
        let count = |show: Show| self.sessions.iter().flat_map(|session| show.of(&session.played.slots)).count();
        [Show::Every, Show::Touched].into_iter().find(|show| count(*show) <= most).unwrap_or(Show::None)
    }
}
