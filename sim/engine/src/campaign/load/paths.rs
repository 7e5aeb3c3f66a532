//! The paths of the files that a script names.

use super::loader::Loader;
use crate::embedded;
use crate::files;
use fusion_adversaries::problem::{Mark, Problem};
use fusion_adversaries::script::{ActSection, Draft, Spot, When};
use std::path::PathBuf;

/// Makes every path of a script absolute, starting from the script's folder. An absolute path that is not UTF-8 is a problem,
/// because a run's script names its files by absolute paths, and YAML is text.
pub fn resolve(loader: &mut Loader, draft: &mut Draft) {
    let Loader { folder, problems, .. } = loader;
    let mut resolve = |path: &mut PathBuf, mark: Mark| {
        *path = embedded::resolve(folder, path).unwrap_or_else(|| {
            let whole = folder.join(&*path);
            whole.canonicalize().unwrap_or(whole)
        });
        if path.to_str().is_none() {
            let problem = Problem::new(mark, format!("its whole path is not UTF-8: {}", files::name(path)));
            problems.push(problem.help("a run names its files by whole paths, as text: rename the folder"));
        }
    };
    if let Some(model) = draft.model.read_mut() {
        resolve(&mut model.path.value, model.path.mark);
    }
    if let Some(data) = draft.data.read_mut() {
        resolve(&mut data.images.value, data.images.mark);
        resolve(&mut data.labels.value, data.labels.mark);
    }
    for m in draft.strategies.iter_mut().flat_map(|strategy| strategy.section.kind.moves_mut()) {
        let when = match &mut m.act {
            ActSection::Model { when, model } => {
                resolve(&mut model.value, model.mark);
                when
            }
            ActSection::Relabel { when, .. }
            | ActSection::Add { when, .. }
            | ActSection::WrongSign { when, .. }
            | ActSection::OwnChoice { when, .. }
            | ActSection::Spoil { when, .. } => when,
            ActSection::Bend { .. } | ActSection::Stop { .. } => continue,
        };
        if let Some(Spot { value: When::Memorised { memorised }, mark }) = when {
            resolve(memorised, *mark);
        }
    }
}
