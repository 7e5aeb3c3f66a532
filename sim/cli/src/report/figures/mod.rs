//! Figures for papers: the plots of a report as SVG, PDF and PNG, in a size and a font of one's choice.

mod font;
mod pdf;
mod png;
mod scene;
mod svg;

pub use font::Font;
pub use scene::Scene;

use super::plot::{Plot, PlotRow};
use crate::axis::Tick;
use fusion_engine::documents::cost::LayerCost;
use fusion_engine::failure::Failure;
use png::NoPicture;
use scene::{Anchor, Colour, Mark, Point, RAISED_SIZE};
use std::fs;
use std::path::{Path, PathBuf};

const INK: Colour = [0, 0, 0];
const GRID: Colour = [208, 215, 222];
const MEASURED: Colour = [11, 92, 173];
const EXACT: Colour = [176, 74, 0];
const BAND: Colour = [220, 235, 220];
const SERVER: Colour = [217, 138, 43];

/// The size of a figure's parts.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// The width of a figure in points.
    pub width: f32,
    /// The size of its letters in points.
    pub size: f32,
    /// The font of its letters.
    pub font: Font,
}

impl Form {
    /// The form of the figures that a page offers to save.
    pub const OF_PAGES: Self = Self { width: 400.0, size: 9.0, font: Font::Helvetica };

    /// The height of a row.
    fn row(self) -> f32 {
        2.2 * self.size
    }

    /// The space between a label and what it names.
    fn gap(self) -> f32 {
        0.8 * self.size
    }

    /// The place of the base line of a text in the middle of a row.
    fn base(self, top: f32) -> f32 {
        top + self.row() / 2.0 + 0.35 * self.size
    }
}

/// A figure that grows downwards, with labels on its left.
struct Sheet {
    form: Form,
    /// Where the labels end and the axis begins.
    left: f32,
    /// The length of the axis.
    length: f32,
    scene: Scene,
}

/// The shortest axis, in sizes of a letter.
const SHORTEST: f32 = 12.0;

impl Sheet {
    fn new<'l>(form: Form, labels: impl Iterator<Item = &'l str>) -> Option<Self> {
        let widest = labels.map(|label| form.font.width(label, form.size)).fold(0.0, f32::max);
        let left = widest + 2.0 * form.gap();
        let scene = Scene { size: [form.width, 0.0], font: form.font, marks: Vec::new() };
        let length = form.width - left - form.gap();
        (length >= SHORTEST * form.size).then_some(Self { form, left, length, scene })
    }

    /// The place of a percentage along the axis.
    #[expect(clippy::cast_possible_truncation, reason = "a place on a sheet")]
    fn x(&self, percent: f64) -> f32 {
        self.left + self.length * percent as f32 / 100.0
    }

    fn line(&mut self, points: &[Point], colour: Colour, width: f32) {
        self.scene.marks.push(Mark::Line { points: points.to_vec(), colour, width });
    }

    fn text(&mut self, at: Point, anchor: Anchor, text: &str, raised: &str) {
        let (text, raised) = (text.into(), raised.into());
        self.scene.marks.push(Mark::Text { at, anchor, text, raised, size: self.form.size });
    }

    /// Adds the name of a row.
    fn label(&mut self, label: &str, top: f32) {
        self.text([self.left - self.form.gap(), self.form.base(top)], Anchor::End, label, "");
    }

    /// Adds ticks through all rows above, their labels, and the name of the axis; returns the end.
    fn axis(&mut self, ticks: &[Tick], caption: &str, top: f32) -> f32 {
        let Form { size, font, .. } = self.form;
        let mut free = 0.0;
        for tick in ticks {
            let x = self.x(tick.x);
            let mark = Mark::Line { points: vec![[x, 0.0], [x, top + 0.3 * size]], colour: GRID, width: 0.5 };
            self.scene.marks.insert(0, mark);
            let (label, raised) = match tick.exponent {
                Some(exponent) => ("10", exponent.to_string().replace('-', "\u{2013}")),
                None => (tick.label.as_str(), String::new()),
            };
            let half = 0.5 * (font.width(label, size) + font.width(&raised, RAISED_SIZE * size));
            // A label that would run into the one before is left out.
            if x - half >= free {
                self.text([x, top + 1.4 * size], Anchor::Middle, label, &raised);
                free = x + half + 0.3 * size;
            }
        }
        self.line(&[[self.left, top], [self.left + self.length, top]], INK, 0.5);
        self.text([self.left + self.length / 2.0, top + 2.9 * size], Anchor::Middle, caption, "");
        top + 3.3 * size
    }

    fn finish(mut self, height: f32) -> Scene {
        self.scene.size = [self.form.width, height];
        self.scene
    }
}

/// Draws a plot of rates; `None` if the labels leave no room for an axis.
pub fn rates(plot: &Plot, form: Form) -> Option<Scene> {
    let mut sheet = Sheet::new(form, plot.rows.iter().map(|row| row.label.as_str()))?;
    let mut top = 0.0;
    for row in &plot.rows {
        rate(&mut sheet, row, top);
        top += form.row();
    }
    let end = sheet.axis(&plot.ticks, &plot.caption, top);
    let end = legend(&mut sheet, plot, end);
    Some(sheet.finish(end))
}

fn rate(sheet: &mut Sheet, row: &PlotRow, top: f32) {
    let Form { size, .. } = sheet.form;
    let (middle, h) = (top + sheet.form.row() / 2.0, 0.8 * size);
    if let Some([left, width]) = row.band {
        let (from, to) = (sheet.x(left), sheet.x(left + width));
        sheet.scene.marks.insert(0, Mark::Bar { at: [from, middle - h], size: [to - from, 2.0 * h], colour: BAND });
    }
    sheet.label(&row.label, top);
    if let Some(exact) = row.exact {
        exactly(sheet, [sheet.x(exact), middle], row.bound);
    }
    interval(sheet, [row.low, row.high].map(|end| sheet.x(end)), middle);
    if let Some(measured) = row.measured {
        let at = [sheet.x(measured), middle];
        sheet.scene.marks.push(Mark::Dot { at, radius: 0.28 * size, colour: MEASURED });
    }
}

/// Adds an interval with its ends.
fn interval(sheet: &mut Sheet, [low, high]: [f32; 2], y: f32) {
    let h = 0.35 * sheet.form.size;
    sheet.line(&[[low, y], [high, y]], MEASURED, 1.0);
    for end in [low, high] {
        sheet.line(&[[end, y - h], [end, y + h]], MEASURED, 1.0);
    }
}

/// Adds the mark of an exact rate, or of a bound: a bracket that is open to the left.
fn exactly(sheet: &mut Sheet, [x, y]: Point, bound: bool) {
    let (h, w) = (0.75 * sheet.form.size, 0.45 * sheet.form.size);
    if bound {
        sheet.line(&[[x - w, y - h], [x, y - h], [x, y + h], [x - w, y + h]], EXACT, 1.0);
    } else {
        sheet.line(&[[x, y - h], [x, y + h]], EXACT, 1.0);
        sheet.line(&[[x, y - w], [x + w, y], [x, y + w], [x - w, y], [x, y - w]], EXACT, 1.0);
    }
}

/// Adds what the marks mean; returns the end.
fn legend(sheet: &mut Sheet, plot: &Plot, top: f32) -> f32 {
    let Form { size, font, .. } = sheet.form;
    let y = top + size;
    let mut entries = vec!["measured, with its interval", "exact"];
    entries.extend(plot.bounds.then_some("bound"));
    let mark = |place: usize| if place == 0 { 2.0 * size } else { 0.9 * size };
    let width = |place: usize, text: &str| mark(place) + 0.6 * size + font.width(text, size) + 1.9 * size;
    let whole = entries.iter().enumerate().map(|(place, text)| width(place, text)).sum::<f32>() - 1.9 * size;
    // In the middle below the axis, if there is room.
    let last = sheet.form.width - whole - sheet.form.gap();
    let mut x = (sheet.left + (sheet.length - whole) / 2.0).min(last).max(0.0);
    for (place, text) in entries.into_iter().enumerate() {
        match place {
            0 => {
                interval(sheet, [x, x + 2.0 * size], y - 0.35 * size);
                let at = [x + size, y - 0.35 * size];
                sheet.scene.marks.push(Mark::Dot { at, radius: 0.28 * size, colour: MEASURED });
            }
            _ => exactly(sheet, [x + 0.45 * size, y - 0.35 * size], place == 2),
        }
        sheet.text([x + mark(place) + 0.6 * size, y], Anchor::Start, text, "");
        x += width(place, text);
    }
    top + 1.6 * size
}

/// Draws the bytes that both parties send in each layer, as bars; `None` if the labels leave no room for them.
pub fn layers(layers: &[LayerCost], form: Form) -> Option<Scene> {
    let mut sheet = Sheet::new(form, layers.iter().map(|layer| layer.step.as_str()))?;
    let size = form.size;
    #[expect(clippy::cast_precision_loss, reason = "drawn, not summed")]
    let kilobytes = |bytes: usize| bytes as f32 / 1e3;
    let most =
        layers.iter().map(|layer| kilobytes(layer.client_sent_bytes + layer.server_sent_bytes)).fold(1e-3, f32::max);
    let room = sheet.length - form.font.width("00000.0", size) - form.gap();
    let mut top = 0.0;
    for layer in layers {
        sheet.label(&layer.step, top);
        let [client, server] = [layer.client_sent_bytes, layer.server_sent_bytes].map(kilobytes);
        let mut x = sheet.left;
        for (bytes, colour) in [(client, MEASURED), (server, SERVER)] {
            let width = room * bytes / most;
            let at = [x, top + 0.3 * size];
            sheet.scene.marks.push(Mark::Bar { at, size: [width, form.row() - 0.6 * size], colour });
            x += width;
        }
        sheet.text([x + form.gap() / 2.0, form.base(top)], Anchor::Start, &format!("{:.1}", client + server), "");
        top += form.row();
    }
    let mut x = sheet.left;
    for (text, colour) in [("client sends", MEASURED), ("server sends (KB)", SERVER)] {
        let at = [x, top + 0.6 * size];
        sheet.scene.marks.push(Mark::Bar { at, size: [size, size], colour });
        sheet.text([x + 1.5 * size, top + 1.45 * size], Anchor::Start, text, "");
        x += form.font.width(text, size) + 3.0 * size;
    }
    Some(sheet.finish(top + 2.0 * size))
}

/// Writes drawings as `NAME.svg`, `NAME.pdf` and `NAME.png` into a folder, which is made where it does not exist; a picture has `dpi` pixels to an inch.
/// Returns the paths.
///
/// # Errors
/// [`Failure::Usage`] for a picture with too many pixels, [`Failure::Io`] if writing fails.
pub fn write(folder: &Path, drawings: &[(String, Scene)], dpi: u16) -> Result<Vec<PathBuf>, Failure> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error| Failure::Io(format!("writing {path}"), error)
    };
    let picture = |(name, scene): &(String, Scene)| {
        png::write(scene, dpi).map_err(|error| match error {
            NoPicture::TooLarge(..) => Failure::Usage(format!("--figures: {name}: {error}")),
            NoPicture::Compression(_) => Failure::Bug(format!("{name}: {error}")),
        })
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    let paths = |name: &str| ["svg", "pdf", "png"].map(|ending| folder.join(format!("{name}.{ending}")));
    let write = |path: &Path, bytes: Vec<u8>| fs::write(path, bytes).map_err(failed(path));
    for (name, scene) in drawings {
        let [as_svg, as_pdf, _] = paths(name);
        write(&as_svg, svg::write(scene).into_bytes())?;
        write(&as_pdf, pdf::write(scene))?;
    }
    // A picture may be too large, which is no reason to have no drawing.
    for drawing in drawings {
        let [_, _, as_png] = paths(&drawing.0);
        write(&as_png, picture(drawing)?)?;
    }
    Ok(drawings.iter().flat_map(|(name, _)| paths(name)).collect())
}

/// Returns a drawing as the address of an SVG document that a link can save.
pub fn link(scene: &Scene) -> String {
    let escaped = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'/' | b',' | b':' | b'=' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    let text: String = svg::write(scene).bytes().map(escaped).collect();
    format!("data:image/svg+xml,{text}")
}
