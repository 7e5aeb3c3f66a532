//! The two fonts of figures: Arimo and Tinos, whose letters are as wide as those of Helvetica and Times.

use clap::ValueEnum;
use ttf_parser::Face;

/// A font of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Font {
    /// A font without serifs.
    Helvetica,
    /// A font with serifs.
    Times,
}

/// The character that stands for the minus of an exponent, and for every character that the fonts lack.
pub const DASH: char = '\u{2013}';

impl Font {
    /// Returns the file of the font. It holds the characters from space to `~` and the dash, without instructions for small sizes.
    pub fn file(self) -> &'static [u8] {
        match self {
            Self::Helvetica => include_bytes!("fonts/arimo.ttf"),
            Self::Times => include_bytes!("fonts/tinos.ttf"),
        }
    }

    /// Returns the font as it is read from its file.
    #[expect(clippy::expect_used, reason = "the file is inside the program, and a test reads it")]
    pub fn face(self) -> Face<'static> {
        Face::parse(self.file(), 0).expect("a font inside the program is whole")
    }

    /// Returns the name of the font in PDF, with the mark of a font that holds some characters only.
    pub fn in_pdf(self) -> &'static [u8] {
        match self {
            Self::Helvetica => b"FUSION+Arimo",
            Self::Times => b"FUSION+Tinos",
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
        let face = self.face();
        text.chars().map(|letter| advance(&face, letter)).sum::<f32>() * size
    }
}

/// Returns the character that is drawn for another one: itself, or the dash.
pub fn drawn(letter: char) -> char {
    if matches!(letter, ' '..='~') { letter } else { DASH }
}

/// Returns the width of a letter as a share of the size.
pub fn advance(face: &Face<'_>, letter: char) -> f32 {
    let width = face.glyph_index(drawn(letter)).and_then(|glyph| face.glyph_hor_advance(glyph)).unwrap_or(0);
    f32::from(width) / f32::from(face.units_per_em())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The widths of some letters in thousandths of the size, from Adobe's files on Helvetica and Times (Core 14 AFM).
    #[test]
    fn the_fonts_are_as_wide_as_helvetica_and_times() {
        for (font, widths) in [
            (Font::Helvetica, [278.0, 556.0, 667.0, 556.0, 222.0, 584.0]),
            (Font::Times, [250.0, 500.0, 722.0, 500.0, 278.0, 541.0]),
        ] {
            for (letter, width) in " 0Ani~".chars().zip(widths) {
                let found = font.width(&letter.to_string(), 1000.0);
                assert!((found - width).abs() < 0.6, "{font:?} {letter}: {found}");
            }
            let face = font.face();
            assert!((' '..='~').chain([DASH]).all(|letter| face.glyph_index(letter).is_some()), "{font:?}");
            assert!((font.width("\u{e9}", 1.0) - font.width("\u{2013}", 1.0)).abs() < f32::EPSILON);
        }
    }
}
