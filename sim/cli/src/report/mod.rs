//! Pages on runs and on the paper's tables: one HTML file each, made from the run's own files, that contains no script and makes no request.

mod cost;
mod diff;
pub mod figures;
mod hypotheses;
mod page;
mod plot;
pub mod run;
mod sequence;
mod tables;

use figures::{Form, Scene};
use fusion_engine::documents::tables::TablesDocument;
use fusion_engine::failure::Failure;
use fusion_engine::files;
use fusion_engine::store::REPORT;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Writes the page on one run into the run's folder, and returns its path.
///
/// # Errors
/// [`Failure::Usage`] if this is not the folder of a finished run; [`Failure::Io`] if reading or writing fails.
pub fn write(folder: &Path) -> Result<PathBuf, Failure> {
    let run = run::Run::read(folder)?;
    let html = render("run.html", &page::RunPage::new(&run)?)?;
    let path = run.folder.join(REPORT);
    files::replace(&path, &html)?;
    Ok(path)
}

/// Writes the plots of a run, and its bytes by layer where there are two parties, as SVG, PDF and PNG into a folder; a PNG has `dpi` pixels to an inch.
/// Returns the paths.
///
/// # Errors
/// The same as those of [`write`], and [`Failure::Usage`] for a form in which a figure has no room, or a picture with too many pixels.
pub fn write_figures(run: &Path, folder: &Path, form: Form, dpi: u16) -> Result<Vec<PathBuf>, Failure> {
    let run = run::Run::read(run)?;
    let mut drawings = page::RunPage::new(&run)?.drawings(form);
    let layers = run.result.cost.as_ref().map(|cost| cost.by_layer.as_slice()).filter(|layers| !layers.is_empty());
    drawings.extend(layers.map(|layers| ("bytes-by-layer".into(), figures::layers(layers, form))));
    let room = |(name, scene): (String, Option<Scene>)| {
        let what = "its labels leave no room for an axis: ask for a wider figure or smaller letters";
        Ok((name.clone(), scene.ok_or_else(|| Failure::Usage(format!("--figures: {name}: {what}")))?))
    };
    figures::write(folder, &drawings.into_iter().map(room).collect::<Result<Vec<_>, Failure>>()?, dpi)
}

/// Makes the page on two runs, side by side. Returns the second run's folder, the name of the page's file there, and its text.
///
/// # Errors
/// The same as those of [`write`].
pub fn of_two(first: &Path, second: &Path) -> Result<(PathBuf, String, String), Failure> {
    let [first, second] = [run::Run::read(first)?, run::Run::read(second)?];
    let html = render("diff.html", &diff::DiffPage::new(&first, &second)?)?;
    let name = first.folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok((second.folder, format!("diff-{name}.html"), html))
}

/// Makes the page on the paper's tables, and returns its text.
///
/// # Errors
/// [`Failure::Bug`] if the template cannot be filled in.
pub fn tables(document: &TablesDocument) -> Result<String, Failure> {
    render("tables.html", &tables::TablesPage::new(document))
}

/// Fills in a template. Everything that it writes is escaped, except for the style sheet that it includes.
fn render(template: &'static str, page: &impl Serialize) -> Result<String, Failure> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    let templates = [
        ("layout.html", include_str!("templates/layout.html")),
        ("macros.html", include_str!("templates/macros.html")),
        ("style.css", include_str!("templates/style.css")),
        ("run.html", include_str!("templates/run.html")),
        ("diff.html", include_str!("templates/diff.html")),
        ("tables.html", include_str!("templates/tables.html")),
    ];
    let bug = |error: minijinja::Error| Failure::Bug(format!("the page's template: {error:#}"));
    for (name, text) in templates {
        environment.add_template(name, text).map_err(bug)?;
    }
    environment.get_template(template).and_then(|template| template.render(page)).map_err(bug)
}
