//! The program that asks about an input of an earlier session: the family, the packing and the network that it needs.

use super::acts::{Played, keeps};
use super::loader::{Loader, Setting};
use crate::simulate::World;
use fusion_2pc::backend::{Family, replay};
use fusion_adversaries::behaviour::ReplayCiphertext;
use fusion_adversaries::problem::{Mark, Problem};
use fusion_adversaries::script::{Draft, ProgramName, SessionsSection, Spot, StrategyKind, StrategySection, Until};

impl Loader {
    pub(super) fn replay_ciphertext(
        &mut self,
        setting: &Setting<'_>,
        section: &StrategySection,
        sessions: Option<SessionsSection>,
        mark: Mark,
    ) -> Option<Played> {
        let family = setting.backend()?.family();
        if family != Family::Cheetah {
            let reason = if family.encrypts_slots() {
                "values are modulo a prime: what a server can add that is 0 where all values are even is always 0"
            } else {
                "the client encrypts none"
            };
            let message =
                format!("`replay-ciphertext` asks which old values are odd, and in `{}` {reason}", family.name());
            self.problems.push(Problem::new(mark, message).help("such as `backend: { cheetah: { chunk: 1 } }`"));
            return None;
        }
        let most = ReplayCiphertext::MOST_SESSIONS;
        match sessions {
            Some(SessionsSection { until: Until::Max, max }) if (2..=most).contains(&max) => {
                Some(Box::new(ReplayCiphertext::new(max, keeps(setting, section)?)))
            }
            _ => {
                let message = format!(
                    "`replay-ciphertext` keeps a message of the first of 2 to {most} sessions that are all played"
                );
                self.problems.push(Problem::new(mark, message).help("such as `sessions: { until: max, max: 2 }`"));
                None
            }
        }
    }

    /// Checks that an encrypted image can be asked about, where a strategy does so.
    pub(super) fn replays(&mut self, draft: &Draft, world: &World) {
        let kinds = draft.strategies.iter().map(|strategy| &strategy.section.kind);
        let marks = kinds.filter_map(|kind| match kind {
            StrategyKind::Program { program: Spot { value: ProgramName::ReplayCiphertext, mark }, .. } => Some(*mark),
            _ => None,
        });
        let Some((_, circuit)) =
            world.semi_honest().filter(|(protocols, _)| protocols.backend.family() == Family::Cheetah)
        else {
            return;
        };
        for mark in marks.collect::<Vec<_>>() {
            if world.slots_per_message().is_some_and(|slots| slots > 1) {
                let message =
                    "`replay-ciphertext` asks about a ciphertext of one slot, and here slots share ciphertexts";
                self.problems.push(Problem::new(mark, message).help("choose `backend: { cheetah: { chunk: 1 } }`"));
            }
            if replay::first_matrix(circuit).is_none() {
                let message = "`replay-ciphertext` moves outputs of a fully connected layer by some old values, and the first linear layer of this network is a convolution, whose other outputs move by the values beside them";
                self.problem(mark, message);
            } else if !world.reads_odd_values(circuit) {
                self.problem(
                    mark,
                    "`replay-ciphertext` asks which values are odd, and some image of the pools has none",
                );
            }
        }
    }
}
