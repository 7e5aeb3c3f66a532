//! A drawing as PNG, on white (W3C, Portable Network Graphics, third edition, 2025).

use super::font::{advance, drawn};
use super::scene::{Colour, Mark, Point, RAISE, RAISED_SIZE, Scene};
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use std::io::{self, Write};
use tiny_skia::{FillRule, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform};
use ttf_parser::{Face, OutlineBuilder};

/// The largest number of pixels of a picture.
const MAX_PIXELS: u64 = 1 << 26;
/// The number of points of an inch, and of inches of a metre.
const POINTS: f32 = 72.0;
const INCHES: f32 = 39.370_08;
/// How every PNG begins.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Red, green and blue; rows without a filter; sizes in metres.
const RGB: u8 = 2;
const NO_FILTER: u8 = 0;
const METRES: u8 = 1;

/// Why a drawing has no picture.
#[derive(Debug, thiserror::Error)]
pub enum NoPicture {
    /// The picture would have too many pixels.
    #[error("a picture of {0} x {1} pixels is too large: lower --dpi")]
    TooLarge(u64, u64),
    /// The picture could not be compressed, which is a bug of this program.
    #[error("compressing a picture: {0}")]
    Compression(#[from] io::Error),
}

/// Writes a drawing as a PNG picture with so many pixels to an inch.
///
/// # Errors
/// [`NoPicture::TooLarge`] for more pixels than fit.
pub fn write(scene: &Scene, dpi: u16) -> Result<Vec<u8>, NoPicture> {
    let scale = f32::from(dpi) / POINTS;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number of pixels, at least 1")]
    let [width, height] = scene.size.map(|length| (length * scale).ceil().max(1.0) as u64);
    let too_large = || NoPicture::TooLarge(width, height);
    let fits = |length: u64| u32::try_from(length).ok().filter(|_| width.saturating_mul(height) <= MAX_PIXELS);
    let (columns, rows) = fits(width).zip(fits(height)).ok_or_else(too_large)?;
    let mut sheet = Pixmap::new(columns, rows).ok_or_else(too_large)?;
    sheet.fill(tiny_skia::Color::WHITE);
    let mut pen = Pen { sheet, to_pixels: Transform::from_scale(scale, scale), face: scene.font.face() };
    scene.marks.iter().for_each(|mark| pen.draw(scene, mark));
    encoded(&pen.sheet, f32::from(dpi) * INCHES)
}

/// Encodes a sheet, on which nothing is transparent: colours of 8 bits, no filter, all rows in one chunk.
fn encoded(sheet: &Pixmap, per_metre: f32) -> Result<Vec<u8>, NoPicture> {
    let (width, height) = (sheet.width(), sheet.height());
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::default());
    for row in sheet.pixels().chunks_exact(width as usize) {
        rows.write_all(&[NO_FILTER])?;
        let bytes: Vec<u8> = row.iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect();
        rows.write_all(&bytes)?;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 1200 to an inch")]
    let per_metre = (per_metre.round() as u32).to_be_bytes();
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, RGB, 0, 0, 0]].concat();
    let size = [&per_metre[..], &per_metre, &[METRES]].concat();
    let chunks: [([u8; 4], Vec<u8>); 4] =
        [(*b"IHDR", header), (*b"pHYs", size), (*b"IDAT", rows.finish()?), (*b"IEND", Vec::new())];
    Ok(SIGNATURE.iter().copied().chain(chunks.into_iter().flat_map(|(name, data)| chunk(name, &data))).collect())
}

/// Returns a chunk: its length, its name, its data, and the check sum of the latter two.
#[expect(clippy::cast_possible_truncation, reason = "at most 2^26 pixels")]
fn chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut sum = Crc::new();
    sum.update(&name);
    sum.update(data);
    [&(data.len() as u32).to_be_bytes()[..], &name, data, &sum.sum().to_be_bytes()].concat()
}

/// What draws on a sheet, in points.
struct Pen {
    sheet: Pixmap,
    to_pixels: Transform,
    face: Face<'static>,
}

impl Pen {
    fn draw(&mut self, scene: &Scene, mark: &Mark) {
        match mark {
            Mark::Line { points, colour, width } => {
                let stroke = Stroke { width: *width, ..Stroke::default() };
                if let Some(path) = polyline(points) {
                    self.sheet.stroke_path(&path, &paint(*colour), &stroke, self.to_pixels, None);
                }
            }
            Mark::Bar { at: [x, y], size: [width, height], colour } => {
                if let Some(bar) = Rect::from_xywh(*x, *y, *width, *height) {
                    self.fill(&PathBuilder::from_rect(bar), *colour);
                }
            }
            Mark::Dot { at: [x, y], radius, colour } => {
                if let Some(dot) = PathBuilder::from_circle(*x, *y, *radius) {
                    self.fill(&dot, *colour);
                }
            }
            Mark::Text { at, anchor, text, raised, size } => {
                let mut place = scene.start(*at, *anchor, text, raised, *size);
                self.write(text, &mut place, *size);
                place[1] -= RAISE * size;
                self.write(raised, &mut place, RAISED_SIZE * size);
            }
        }
    }

    /// Writes a text from a place on its base line, and moves the place to its end.
    fn write(&mut self, text: &str, place: &mut Point, size: f32) {
        let scale = size / f32::from(self.face.units_per_em());
        for letter in text.chars() {
            let mut outline = Outline { path: PathBuilder::new(), place: *place, scale };
            let glyph = self.face.glyph_index(drawn(letter));
            // A space has no outline.
            if glyph.and_then(|glyph| self.face.outline_glyph(glyph, &mut outline)).is_some()
                && let Some(path) = outline.path.finish()
            {
                self.fill(&path, [0; 3]);
            }
            place[0] += advance(&self.face, letter) * size;
        }
    }

    fn fill(&mut self, path: &Path, colour: Colour) {
        self.sheet.fill_path(path, &paint(colour), FillRule::Winding, self.to_pixels, None);
    }
}

fn paint([red, green, blue]: Colour) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, u8::MAX);
    paint
}

fn polyline(points: &[Point]) -> Option<Path> {
    let (first, rest) = points.split_first()?;
    let mut path = PathBuilder::new();
    path.move_to(first[0], first[1]);
    for [x, y] in rest {
        path.line_to(*x, *y);
    }
    path.finish()
}

/// The outline of a letter at a place on the sheet. Fonts measure upwards from the base line.
struct Outline {
    path: PathBuilder,
    place: Point,
    scale: f32,
}

impl Outline {
    fn at(&self, x: f32, y: f32) -> Point {
        [self.place[0] + self.scale * x, self.place[1] - self.scale * y]
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        let [x, y] = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let [x, y] = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ([x1, y1], [x, y]) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ([x1, y1], [x2, y2], [x, y]) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::super::font::Font;
    use super::super::scene::Anchor;
    use super::*;
    use std::io::Read;

    fn scene(marks: Vec<Mark>) -> Scene {
        Scene { size: [72.0, 36.0], font: Font::Helvetica, marks }
    }

    /// The size and the pixels of a picture, whose chunks and sums are checked.
    fn read(bytes: &[u8]) -> ([u32; 2], Vec<[u8; 3]>) {
        let mut rest = bytes.strip_prefix(SIGNATURE).unwrap();
        let mut chunks = Vec::new();
        while !rest.is_empty() {
            let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
            let mut sum = Crc::new();
            sum.update(&rest[4..8 + length]);
            assert_eq!(sum.sum().to_be_bytes(), rest[8 + length..12 + length]);
            chunks.push((&rest[4..8], &rest[8..8 + length]));
            rest = &rest[12 + length..];
        }
        let names: Vec<&[u8]> = chunks.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, [b"IHDR", b"pHYs", b"IDAT", b"IEND"]);
        let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
        let [width, height] = [&chunks[0].1[..4], &chunks[0].1[4..8]].map(number);
        assert_eq!((chunks[0].1[8..].to_vec(), number(&chunks[1].1[..4])), (vec![8, 2, 0, 0, 0], 3937));
        let mut rows = Vec::new();
        flate2::read::ZlibDecoder::new(chunks[2].1).read_to_end(&mut rows).unwrap();
        let rows: Vec<&[u8]> = rows.chunks_exact(1 + 3 * width as usize).collect();
        assert!(rows.len() == height as usize && rows.iter().all(|row| row[0] == NO_FILTER));
        let pixels = rows.iter().flat_map(|row| row[1..].chunks_exact(3).map(|pixel| [pixel[0], pixel[1], pixel[2]]));
        ([width, height], pixels.collect())
    }

    #[test]
    fn marks_are_where_they_should_be() {
        let red = [200, 0, 0];
        let marks = vec![
            Mark::Bar { at: [36.0, 0.0], size: [18.0, 18.0], colour: red },
            Mark::Line { points: vec![[0.0, 27.0], [72.0, 27.0]], colour: red, width: 2.0 },
            Mark::Dot { at: [9.0, 9.0], radius: 4.5, colour: red },
        ];
        let ([width, height], pixels) = read(&write(&scene(marks), 100).unwrap());
        assert_eq!([width, height], [100, 50]);
        let at = |x: u32, y: u32| pixels[(y * width + x) as usize];
        for (x, y) in [(51, 1), (74, 24), (0, 37), (99, 37), (12, 12), (12, 17)] {
            assert_eq!(at(x, y), red, "{x}, {y}");
        }
        for (x, y) in [(48, 1), (76, 24), (51, 27), (0, 33), (0, 41), (17, 17), (99, 0)] {
            assert_eq!(at(x, y), [255; 3], "{x}, {y}");
        }
    }

    /// A text leaves ink between its base line and its height, where its anchor says, and a raised one above.
    #[test]
    fn texts_are_drawn_by_their_outlines() {
        let text = |anchor, raised: &str| {
            let at = [36.0, 30.0];
            vec![Mark::Text { at, anchor, text: "H1".into(), raised: raised.into(), size: 20.0 }]
        };
        let ink = |marks: Vec<Mark>| {
            let ([width, _], pixels) = read(&write(&scene(marks), 100).unwrap());
            let dark = (0..).zip(pixels).filter(|(_, pixel)| pixel[0] < 128).map(|(at, _)| (at % width, at / width));
            let dark: Vec<(u32, u32)> = dark.collect();
            let (across, down) = (dark.iter().map(|at| at.0), dark.iter().map(|at| at.1));
            [across.clone().min(), across.max(), down.clone().min(), down.max()].map(Option::unwrap)
        };
        let width = f64::from(Font::Helvetica.width("H1", 20.0)) / 0.72;
        let [left, right, top, bottom] = ink(text(Anchor::Start, ""));
        assert!((50..55).contains(&left) && f64::from(right) < 50.0 + width && right > 50 + 25, "{left} to {right}");
        // Capitals are 0.72 of the size, 20 pt: the base line is at 41.7 pixels.
        assert!((20..24).contains(&top) && (40..43).contains(&bottom), "{top} to {bottom}");
        let [left, right, ..] = ink(text(Anchor::End, ""));
        assert!(right <= 50 && f64::from(left) > 49.0 - width, "{left} to {right}");
        let [_, further, higher, _] = ink(text(Anchor::Start, "7"));
        assert!(f64::from(further) > 50.0 + width && higher < top, "{further}, {higher}");
    }

    #[test]
    fn too_many_pixels_are_refused() {
        let large = Scene { size: [3000.0, 3000.0], font: Font::Times, marks: Vec::new() };
        let refused = write(&large, 1200).unwrap_err().to_string();
        assert_eq!(refused, "a picture of 50000 x 50000 pixels is too large: lower --dpi");
    }
}
