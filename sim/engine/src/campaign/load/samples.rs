//! The samples that a script names, and the pools of them.

use super::bound::played;
use super::loader::{Labelled, Loader, Setting};
use crate::campaign::accuracy::Accuracies;
use crate::failure::Failure;
use crate::simulate::{Guard, Pools, ProtocolChoice, Runs, World, WorldError};
use fusion_2pc::share::truncate::Truncation;
use fusion_adversaries::problem::{Mark, Problem, counted};
use fusion_adversaries::script::{
    Backend, Data, Draft, Draw, Fidelity, Publics, Samples, Section, Spot, TruncationKind,
};
use fusion_nn::idx::{self, Images};
use fusion_spec::params::Params;

impl Loader {
    /// Reads the images and labels, if some strategy needs answers.
    pub fn samples(&mut self, draft: &Draft) -> Result<Section<Labelled>, Failure> {
        let own = draft.strategies.iter().filter_map(|strategy| strategy.section.fidelity.as_ref());
        let Some(deep) = draft.fidelity.iter().chain(own).find(|spot| spot.value != Fidelity::Plain) else {
            return Ok(if draft.fidelity.is_some() { Section::Absent } else { Section::Faulty });
        };
        if draft.data.is_absent() || draft.model.is_absent() {
            let default = if deep.mark == Mark::START { ", the default," } else { "" };
            let message = format!("fidelity `{}`{default} needs `model` and `data`", deep.value.name());
            self.problems.push(Problem::new(deep.mark, message).help("`plain` needs neither"));
        }
        let Some(data) = draft.data.read() else { return Ok(Section::Faulty) };
        let images = self.file(&data.images.value, data.images.mark)?.map(|bytes| Images::parse(&bytes));
        let labels = self.file(&data.labels.value, data.labels.mark)?.map(|bytes| idx::labels(&bytes));
        match (images, labels) {
            (Some(Ok(images)), Some(Ok(labels))) if images.len() == labels.len() => {
                return Ok(Section::Read(Labelled { images, labels }));
            }
            (Some(Ok(images)), Some(Ok(labels))) => {
                let message =
                    format!("there are {} and {}", counted(labels.len(), "label"), counted(images.len(), "image"));
                self.problem(data.labels.mark, message);
            }
            (images, labels) => {
                if let Some(Err(error)) = images {
                    self.problem(data.images.mark, error.to_string());
                }
                if let Some(Err(error)) = labels {
                    self.problem(data.labels.mark, error.to_string());
                }
            }
        }
        Ok(Section::Faulty)
    }

    /// Whether a session can draw from the pools, as far as that can be told without the models. The number of samples is checked
    /// at every fidelity, even where nothing is drawn.
    pub fn pools(&mut self, setting: &Setting<'_>, params: Option<Params>) -> bool {
        let Section::Read(Data { queries, public, .. }) = &setting.draft.data else { return true };
        let before = self.problems.len();
        let (asked, known) = (queries.value.0.len(), public.from.value.0.len());
        if let Some(params) = params {
            if params.R() > asked as u64 {
                self.problem(queries.mark, WorldError::FewQueries(params.R(), asked).to_string());
            }
            if params.T() > known as u64 {
                self.problem(public.from.mark, WorldError::FewPublics(params.T(), known).to_string());
            }
        }
        if let Section::Read(Labelled { images, .. }) = &setting.samples {
            for Spot { value: Samples(range), mark } in [queries, &public.from] {
                if range.end as usize > images.len() {
                    self.problem(*mark, WorldError::Beyond(range.clone(), images.len()).to_string());
                }
            }
        }
        self.problems.len() == before
    }

    /// Evaluates the models on the pools; returns `None` where no strategy needs their answers, or a problem was recorded.
    pub fn world(&mut self, setting: &Setting<'_>, params: Params) -> Option<World> {
        let Draft { head, data, model, trials, .. } = setting.draft;
        let (Section::Read(Labelled { images, labels }), Section::Read(_)) = (&setting.samples, &setting.honest) else {
            return None;
        };
        let (data, model) = (data.read()?, model.read()?);
        let Data { queries: Spot { value: Samples(queries), mark }, public, draw, .. } = data;
        let fixed_by = (*draw == Draw::Fixed).then_some(trials.seed);
        let pools =
            Pools { queries: queries.clone(), publics: public.from.value.0.clone(), keep: public.keep, fixed_by };
        let (paths, models): (Vec<_>, Vec<_>) = std::mem::take(&mut self.models).into_iter().unzip();
        let guards: Vec<Guard> = self.guards.iter().map(|(_, guard)| guard.clone()).collect();
        let truncation = match model.fixed_point.truncation {
            TruncationKind::Faithful => Truncation::Faithful,
            TruncationKind::OneBit => Truncation::OneBit,
        };
        let runs = match head.as_ref().map(|head| head.backend).unwrap_or_default() {
            Backend::Family(choice) => {
                Runs::Family(ProtocolChoice { backend: played(setting.draft, choice), truncation })
            }
            Backend::Spdz(_) => Runs::Spdz { truncation, architecture: None },
        };
        let error = match World::new(params, models, &guards, (images, labels), &pools, runs) {
            Ok(world) => {
                let accuracies = Accuracies::new(&world, &paths);
                self.warnings.extend(accuracies.warnings());
                self.accuracies = Some(accuracies);
                return self.with_spdz(setting.draft, world, &paths, setting.slots?);
            }
            Err(error) => error,
        };
        let message = error.to_string();
        self.problems.push(match error {
            WorldError::Size(_) => Problem::new(data.images.mark, message),
            WorldError::Beyond(range, _) if range == *queries => Problem::new(*mark, message),
            WorldError::FewQueries(..) => Problem::new(*mark, message),
            WorldError::Beyond(..) => Problem::new(public.from.mark, message),
            WorldError::FewPublics(..) => Problem::new(public.from.mark, message).help(few_kept(public)),
        });
        None
    }
}

/// Explains why a pool has fewer publics than its range has samples.
fn few_kept(public: &Publics) -> String {
    let range = &public.from.value.0;
    format!(
        "of the {} samples {}..{} those are kept that the honest model gets right; `keep: all` keeps every one",
        range.len(),
        range.start,
        range.end
    )
}
