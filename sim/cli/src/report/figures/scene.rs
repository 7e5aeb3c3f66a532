//! A drawing: marks on a sheet, in points from its upper left corner.

use super::font::Font;

/// A colour as red, green and blue.
pub type Colour = [u8; 3];

/// A place on the sheet.
pub type Point = [f32; 2];

/// Where a text stands at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The text begins at its place.
    Start,
    /// The middle of the text is at its place.
    Middle,
    /// The text ends at its place.
    End,
}

/// One mark.
#[derive(Clone, Debug)]
pub enum Mark {
    /// A line through several points.
    Line {
        /// The points in order.
        points: Vec<Point>,
        /// The colour of the line.
        colour: Colour,
        /// The width of the line.
        width: f32,
    },
    /// A rectangle that is filled.
    Bar {
        /// The upper left corner.
        at: Point,
        /// The width and the height.
        size: Point,
        /// The colour that fills it.
        colour: Colour,
    },
    /// A disc that is filled.
    Dot {
        /// The middle of the disc.
        at: Point,
        /// The radius of the disc.
        radius: f32,
        /// The colour that fills it.
        colour: Colour,
    },
    /// A line of text, whose end may be raised as an exponent.
    Text {
        /// The place of its base line.
        at: Point,
        /// Where it stands there.
        anchor: Anchor,
        /// The text.
        text: String,
        /// What stands raised behind it.
        raised: String,
        /// The size of its letters.
        size: f32,
    },
}

/// A drawing with its size in points.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The width and the height of the sheet.
    pub size: Point,
    /// The font of every text.
    pub font: Font,
    /// The marks; later ones lie over earlier ones.
    pub marks: Vec<Mark>,
}

/// The size of a raised text, as a share of that of the text before it.
pub const RAISED_SIZE: f32 = 0.7;
/// How far a raised text stands above the base line, as a share of the size.
pub const RAISE: f32 = 0.35;

impl Scene {
    /// Returns the place where a text begins, on its base line.
    pub fn start(&self, at: Point, anchor: Anchor, text: &str, raised: &str, size: f32) -> Point {
        let width = self.font.width(text, size) + self.font.width(raised, RAISED_SIZE * size);
        let back = match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => width / 2.0,
            Anchor::End => width,
        };
        [at[0] - back, at[1]]
    }
}
