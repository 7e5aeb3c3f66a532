//! NPY, the format of one array (NEP 1 of `numpy`, and `numpy.lib.format`): `93 "NUMPY"`, a version, the length of
//! a header, the header as a dictionary of Python, row-major data.
//!
//! Nothing is allocated beyond the bytes that are there.

use crate::announced::Announced;
use crate::tensor::{MAX_RANK, elements};

/// The first bytes of a file.
pub(crate) const MAGIC: &[u8] = b"\x93NUMPY";

/// The longest header that is read, as `numpy` itself has it.
const LONGEST_HEADER: usize = 10_000;

/// The longest type that a message repeats.
const LONGEST_TYPE: usize = 16;

/// Why a file cannot be read as NPY.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NpyError {
    /// The version of the format is none of 1.0, 2.0 and 3.0.
    #[error("version {0}.{1} of NPY is not read: only 1.0, 2.0 and 3.0 are")]
    Version(u8, u8),
    /// The header does not have the form that `numpy` writes. The text says what is wrong.
    #[error("the NPY header cannot be read: {0}")]
    Header(&'static str),
    /// The elements have a type other than integers and floats of 32 and 64 bits.
    #[error("elements of type '{0}' are not read: only integers, and floats of 32 or 64 bits, are (numpy's `astype`)")]
    Type(String),
    /// The array is stored by columns.
    #[error("the array is in Fortran order: save `numpy.ascontiguousarray` of it")]
    Order,
    /// The header announces another length than the file has.
    #[error("the NPY header announces {announced} bytes and the file has {found}")]
    Length {
        /// The length that the header announces.
        announced: Announced,
        /// The length of the file.
        found: usize,
    },
}

/// The elements of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unsigned,
    Signed,
    Float,
}

/// What a file says of its array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    kind: Kind,
    width: usize,
    big_endian: bool,
    shape: Vec<usize>,
    /// The place of the first element in the file.
    start: usize,
}

/// An array whose elements are all there.
pub(crate) struct Array<'a> {
    header: Header,
    data: &'a [u8],
}

/// A number of an array.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Integer(i128),
    Float(f64),
}

impl Header {
    /// Reads what stands before the elements.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, NpyError> {
        let short = NpyError::Header("it is cut short");
        let [major, minor] = *bytes.get(MAGIC.len()..MAGIC.len() + 2).ok_or(short.clone())? else { return Err(short) };
        let rest = &bytes[MAGIC.len() + 2..];
        let (length, rest) = match (major, minor, rest) {
            (1, 0, &[a, b, ref rest @ ..]) => (usize::from(u16::from_le_bytes([a, b])), rest),
            (2 | 3, 0, &[a, b, c, d, ref rest @ ..]) => (u32::from_le_bytes([a, b, c, d]) as usize, rest),
            (1..=3, 0, _) => return Err(short),
            _ => return Err(NpyError::Version(major, minor)),
        };
        if length > LONGEST_HEADER {
            return Err(NpyError::Header("it has over 10,000 bytes"));
        }
        let text = rest.get(..length).ok_or(short)?;
        let text = std::str::from_utf8(text).map_err(|_| NpyError::Header("it is no text"))?;
        let start = bytes.len() - rest.len() + length;
        Dictionary { rest: text }.header(start)
    }

    /// The length of the file; nothing if that is beyond measure.
    pub(crate) fn announced(&self) -> Option<usize> {
        elements(&self.shape)?.checked_mul(self.width)?.checked_add(self.start)
    }
}

impl<'a> Array<'a> {
    /// Reads a file, whose length must be the one that it announces.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, NpyError> {
        let header = Header::parse(bytes)?;
        let (announced, found) = (header.announced(), bytes.len());
        if announced != Some(found) {
            return Err(NpyError::Length { announced: Announced(announced), found });
        }
        Ok(Self { data: &bytes[header.start..], header })
    }

    pub(crate) fn shape(&self) -> &[usize] {
        &self.header.shape
    }

    /// The elements where each is one byte without a sign.
    pub(crate) fn bytes(&self) -> Option<&'a [u8]> {
        (self.header.kind == Kind::Unsigned && self.header.width == 1).then_some(self.data)
    }

    /// The elements, row-major.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = Number> + use<'a> {
        let &Header { kind, width, big_endian, .. } = &self.header;
        self.data.chunks_exact(width).map(move |element| {
            let mut word = [0; 8];
            for (place, byte) in element.iter().enumerate() {
                word[if big_endian { width - 1 - place } else { place }] = *byte;
            }
            number(kind, width, u64::from_le_bytes(word))
        })
    }
}

/// The number whose bits, so many bytes, are the low ones of a word.
fn number(kind: Kind, width: usize, word: u64) -> Number {
    let unused = 64 - 8 * width;
    match (kind, width) {
        (Kind::Unsigned, _) => Number::Integer(word.into()),
        (Kind::Signed, _) => Number::Integer((word.cast_signed() << unused >> unused).into()),
        (Kind::Float, 4) => {
            #[expect(clippy::cast_possible_truncation, reason = "the word has 32 bits")]
            let bits = word as u32;
            Number::Float(f32::from_bits(bits).into())
        }
        (Kind::Float, _) => Number::Float(f64::from_bits(word)),
    }
}

/// A dictionary of Python as far as it is not yet read.
struct Dictionary<'a> {
    rest: &'a str,
}

impl<'a> Dictionary<'a> {
    /// Reads the three keys, in any order, each once.
    fn header(mut self, start: usize) -> Result<Header, NpyError> {
        let (mut kind, mut by_columns, mut shape) = (None, None, None);
        self.expect("{", "it must start with {")?;
        while !self.skip("}") {
            let key = self.text()?;
            self.expect(":", "a key needs a : after it")?;
            let twice = match key {
                "descr" => kind.replace(self.element()?).is_some(),
                "fortran_order" => by_columns.replace(self.truth()?).is_some(),
                "shape" => shape.replace(self.tuple()?).is_some(),
                _ => return Err(NpyError::Header("it has a key other than descr, fortran_order and shape")),
            };
            if twice {
                return Err(NpyError::Header("it has a key twice"));
            }
            if !self.skip(",") {
                self.expect("}", "a value needs a comma or } after it")?;
                break;
            }
        }
        if !self.rest.trim().is_empty() {
            return Err(NpyError::Header("something follows the dictionary"));
        }
        let (Some((kind, width, big_endian)), Some(by_columns), Some(shape)) = (kind, by_columns, shape) else {
            return Err(NpyError::Header("it needs descr, fortran_order and shape"));
        };
        // With one axis, or none, both orders are the same.
        if by_columns && shape.len() > 1 {
            return Err(NpyError::Order);
        }
        Ok(Header { kind, width, big_endian, shape, start })
    }

    /// Whether this comes next; then it is read.
    fn skip(&mut self, what: &str) -> bool {
        self.rest = self.rest.trim_start();
        let rest = self.rest.strip_prefix(what);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, what: &str, wrong: &'static str) -> Result<(), NpyError> {
        if self.skip(what) { Ok(()) } else { Err(NpyError::Header(wrong)) }
    }

    fn text(&mut self) -> Result<&'a str, NpyError> {
        let quote = if self.skip("\"") { '"' } else { '\'' };
        if quote == '\'' {
            self.expect("'", "a text must be in quotes")?;
        }
        let (text, rest) = self.rest.split_once(quote).ok_or(NpyError::Header("a text does not end"))?;
        self.rest = rest;
        Ok(text)
    }

    fn truth(&mut self) -> Result<bool, NpyError> {
        if self.skip("True") {
            return Ok(true);
        }
        self.expect("False", "fortran_order must be True or False")?;
        Ok(false)
    }

    /// Reads the sizes of a shape.
    fn tuple(&mut self) -> Result<Vec<usize>, NpyError> {
        let mut sizes = Vec::new();
        self.expect("(", "shape must be a tuple")?;
        while !self.skip(")") {
            let digits = self.rest.find(|c: char| !c.is_ascii_digit()).ok_or(NpyError::Header("shape does not end"))?;
            let (size, rest) = self.rest.split_at(digits);
            sizes.push(size.parse().map_err(|_| NpyError::Header("shape must be of numbers of 64 bits"))?);
            self.rest = rest;
            if sizes.len() > MAX_RANK {
                return Err(NpyError::Header("shape has over 8 sizes"));
            }
            if !self.skip(",") {
                self.expect(")", "a size needs a comma or ) after it")?;
                break;
            }
        }
        Ok(sizes)
    }

    /// Reads a type, such as `<f4`: the order of bytes, the kind, and the number of bytes.
    fn element(&mut self) -> Result<(Kind, usize, bool), NpyError> {
        if self.skip("[") {
            return Err(NpyError::Type("several fields".into()));
        }
        let text = self.text()?;
        let (big_endian, name) = match text.split_at_checked(1) {
            Some((">", name)) => (true, name),
            Some(("<" | "|" | "=", name)) => (false, name),
            _ => (false, text),
        };
        let (kind, width) = match name {
            "u1" | "b1" => (Kind::Unsigned, 1),
            "u2" => (Kind::Unsigned, 2),
            "u4" => (Kind::Unsigned, 4),
            "u8" => (Kind::Unsigned, 8),
            "i1" => (Kind::Signed, 1),
            "i2" => (Kind::Signed, 2),
            "i4" => (Kind::Signed, 4),
            "i8" => (Kind::Signed, 8),
            "f4" => (Kind::Float, 4),
            "f8" => (Kind::Float, 8),
            _ => return Err(NpyError::Type(text.escape_default().take(LONGEST_TYPE).collect())),
        };
        Ok((kind, width, big_endian))
    }
}

#[cfg(test)]
mod tests;
