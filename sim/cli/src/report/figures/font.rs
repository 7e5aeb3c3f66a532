//! Two of the fonts that every reader of PDF has, and the widths of their letters.

use clap::ValueEnum;

/// A font of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Font {
    /// A font without serifs.
    Helvetica,
    /// A font with serifs.
    Times,
}

/// The widths of the characters from space to `~`, in thousandths of the size (Adobe, Core 14 AFM files).
const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];
const TIMES: [u16; 95] = [
    250, 333, 408, 500, 500, 833, 778, 180, 333, 333, 500, 564, 250, 333, 250, 278, 500, 500, 500, 500, 500, 500, 500,
    500, 500, 500, 278, 278, 564, 564, 564, 444, 921, 722, 667, 667, 722, 611, 556, 722, 722, 333, 389, 722, 611, 889,
    722, 722, 556, 722, 667, 556, 611, 722, 722, 944, 722, 722, 611, 333, 278, 333, 469, 500, 333, 444, 500, 444, 500,
    444, 333, 500, 500, 278, 278, 500, 278, 778, 500, 500, 500, 500, 333, 389, 278, 500, 500, 722, 500, 500, 444, 480,
    200, 480, 541,
];
/// The width of an en dash, which stands for the minus of an exponent.
const DASH: u16 = 556;

impl Font {
    /// Returns the name of the font in PDF.
    pub fn in_pdf(self) -> &'static [u8] {
        match self {
            Self::Helvetica => b"Helvetica",
            Self::Times => b"Times-Roman",
        }
    }

    /// Returns the fonts that SVG asks for, the best first.
    pub fn in_svg(self) -> &'static str {
        match self {
            Self::Helvetica => "Helvetica, Arial, sans-serif",
            Self::Times => "Times, 'Times New Roman', serif",
        }
    }

    /// Returns the width of a text of this size, in the unit of the size.
    pub fn width(self, text: &str, size: f32) -> f32 {
        let widths = match self {
            Self::Helvetica => &HELVETICA,
            Self::Times => &TIMES,
        };
        let of = |letter: char| match (letter as usize).checked_sub(32).and_then(|place| widths.get(place)) {
            Some(width) => *width,
            None => DASH,
        };
        text.chars().map(|letter| f32::from(of(letter))).sum::<f32>() * size / 1000.0
    }
}
