//! Images and labels. Their files are IDX, the format of MNIST's (`00 00 type rank`, big-endian 32-bit dimensions, row-major data), or NPY, that of
//! one array of `numpy`. Either may be compressed by gzip.
//!
//! Nothing is allocated beyond the bytes that are there, or that were unpacked of them.

pub use crate::announced::Announced;
pub use crate::gzip::GzipError;
pub use crate::npy::NpyError;

use crate::npy::{self, Array, Number};
use crate::picture::{is_channels_last, of_vector};
use crate::tensor::elements;
use crate::{foreign, gzip};
use std::borrow::Cow;

/// Why a file cannot be read as IDX or NPY, or not as what it is used for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum IdxError {
    /// Another file stands in the place of the data: an empty one, a pointer of Git LFS, an archive, or what was compressed twice. The text says which.
    #[error("not an IDX file: {0}")]
    Foreign(&'static str),
    /// The file does not start with the two zero bytes of IDX, and is neither NPY nor gzip.
    #[error("not an IDX file: it must start with two zero bytes, or else be NPY or gzip")]
    Magic,
    /// The file of gzip cannot be unpacked.
    #[error(transparent)]
    Gzip(#[from] GzipError),
    /// The file is NPY, and cannot be read as such.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// The elements have a type other than u8 or i16.
    #[error("element type 0x{0:02x} is not read: only 0x08 (u8) and 0x0b (i16) are")]
    Type(u8),
    /// The header announces more bytes than there are, or fewer.
    #[error("the header announces {announced} bytes and the file has {found}")]
    Length {
        /// The length that the header announces.
        announced: Announced,
        /// The length of the file.
        found: usize,
    },
    /// The rank does not fit the use of the file.
    #[error("{what} need rank {needed}, and the file has rank {found}")]
    Rank {
        /// The use of the file: `images` or `labels`.
        what: &'static str,
        /// The ranks that fit, in words.
        needed: &'static str,
        /// The rank in the file.
        found: usize,
    },
    /// A label is negative or beyond 32 bits, and so no class.
    #[error("label {index} is {value}: a class is a number from 0 to 2^32 - 1")]
    Label {
        /// The number of the label, from 0.
        index: usize,
        /// The value of the label.
        value: i128,
    },
    /// The labels of an array are floats.
    #[error("labels are classes, and these are floats: save them as integers (numpy's `astype`)")]
    FloatLabels,
    /// An element of an array is no pixel of 8 bits.
    #[error(
        "image {image} has the value {value}, and pixels have 8 bits: save whole numbers from 0 to 255, or floats k/255; what else training did to \
         them, `scale` and `offset` of the script say"
    )]
    Pixel {
        /// The number of the image, from 0.
        image: usize,
        /// The value.
        value: f64,
    },
}

/// Images of one shape, with 8 bits for each pixel of each channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    shape: [usize; 3],
    pixels: Vec<u8>,
}

impl Images {
    /// Reads a file of images, of rank 3 (count, height, width, and so one channel) or 4 (count, channels, height, width).
    ///
    /// An array of NPY may also have rank 2 (count, features: a square of one channel where it can be, or of three, or else a row), and its channels
    /// last, where there are at most 4 and height and width are over 4. Its elements are whole numbers from 0 to 255. Floats that are nowhere over 1
    /// are 255ths instead, up to the rounding of single precision.
    ///
    /// # Errors
    /// [`IdxError`] says why the bytes are no such file.
    ///
    /// ```
    /// use fusion_nn::idx::Images;
    /// // Unsigned bytes, three dimensions: two images of one row and two columns.
    /// let file = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 11, 20, 21];
    /// let images = Images::parse(&file)?;
    /// assert_eq!((images.len(), images.shape(), images.get(1)), (2, [1, 1, 2], Some(&[20, 21][..])));
    /// assert!(Images::parse(&file[..19]).is_err(), "a pixel is missing");
    /// # Ok::<(), fusion_nn::idx::IdxError>(())
    /// ```
    pub fn parse(bytes: &[u8]) -> Result<Self, IdxError> {
        let bytes = &*unpacked(bytes)?;
        if bytes.starts_with(npy::MAGIC) {
            return Self::of_array(&Array::parse(bytes)?);
        }
        let (kind, dimensions, data) = header(bytes)?;
        if kind != U8 {
            return Err(IdxError::Type(kind));
        }
        let shape = match dimensions[..] {
            [_, height, width] => [1, height, width],
            [_, channels, height, width] => [channels, height, width],
            _ => return Err(IdxError::Rank { what: "images", needed: "3 or 4", found: dimensions.len() }),
        };
        Ok(Self { shape, pixels: data.to_vec() })
    }

    /// The images of an array.
    fn of_array(array: &Array<'_>) -> Result<Self, IdxError> {
        let (shape, channels_last) = match *array.shape() {
            [_, features] => (of_vector(features), false),
            [_, height, width] => ([1, height, width], false),
            [_, ref sizes @ ..] if sizes.len() == 3 && is_channels_last(sizes) => {
                ([sizes[2], sizes[0], sizes[1]], true)
            }
            [_, channels, height, width] => ([channels, height, width], false),
            _ => return Err(IdxError::Rank { what: "images", needed: "2, 3 or 4", found: array.shape().len() }),
        };
        let size: usize = shape.iter().product();
        let pixels = match array.bytes() {
            Some(bytes) => bytes.to_vec(),
            None => pixels(array).map_err(|(place, value)| IdxError::Pixel { image: place / size.max(1), value })?,
        };
        let channels = shape[0];
        let pixels = if channels_last {
            let turned = |image: &[u8]| -> Vec<u8> {
                (0..channels).flat_map(|channel| image.iter().copied().skip(channel).step_by(channels)).collect()
            };
            pixels.chunks_exact(size).flat_map(turned).collect()
        } else {
            pixels
        };
        Ok(Self { shape, pixels })
    }

    /// Returns the channels, height and width of each image.
    #[must_use]
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Returns the number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pixels.chunks_exact(self.size().max(1)).len()
    }

    /// Returns whether there is no image.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the pixels of an image by its index, in channel, row, column order, or `None` beyond the last.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        self.pixels.chunks_exact(self.size().max(1)).nth(index)
    }

    fn size(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Reads a file of class labels, u8 or i16; in an array of NPY integers of any width, `[count]` or `[count, 1]`.
///
/// # Errors
/// [`IdxError`] says why the bytes are no such file.
///
/// ```
/// use fusion_nn::idx::labels;
/// assert_eq!(labels(&[0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1])?, [7, 2, 1]);
/// # Ok::<(), fusion_nn::idx::IdxError>(())
/// ```
pub fn labels(bytes: &[u8]) -> Result<Vec<u32>, IdxError> {
    let bytes = &*unpacked(bytes)?;
    if bytes.starts_with(npy::MAGIC) {
        return labels_of_array(&Array::parse(bytes)?);
    }
    let (kind, dimensions, data) = header(bytes)?;
    if dimensions.len() != 1 {
        return Err(IdxError::Rank { what: "labels", needed: "1", found: dimensions.len() });
    }
    if kind == U8 {
        return Ok(data.iter().map(|&byte| u32::from(byte)).collect());
    }
    let values = data.chunks_exact(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]]).into());
    values.enumerate().map(class).collect()
}

fn labels_of_array(array: &Array<'_>) -> Result<Vec<u32>, IdxError> {
    if !matches!(array.shape(), [_] | [_, 1]) {
        return Err(IdxError::Rank { what: "labels", needed: "1", found: array.shape().len() });
    }
    let whole = |number| match number {
        Number::Integer(value) => Ok(value),
        Number::Float(_) => Err(IdxError::FloatLabels),
    };
    array.numbers().enumerate().map(|(index, number)| class((index, whole(number)?))).collect()
}

fn class((index, value): (usize, i128)) -> Result<u32, IdxError> {
    u32::try_from(value).map_err(|_| IdxError::Label { index, value })
}

/// The elements of an array as pixels, or the place and the value of one that is none. Floats are read twice, because what they mean depends on the largest.
fn pixels(array: &Array<'_>) -> Result<Vec<u8>, (usize, f64)> {
    let is_over_1 = |number| matches!(number, Number::Float(value) if value > 1.0);
    let (unit, error) = if array.numbers().any(is_over_1) { (1.0, 0.0) } else { (255.0, 1.0 / 1024.0) };
    #[expect(clippy::cast_precision_loss, reason = "only shown")]
    let pixel = |(place, number)| match number {
        Number::Integer(value) => u8::try_from(value).map_err(|_| (place, value as f64)),
        Number::Float(value) => byte(value * unit, error).ok_or((place, value)),
    };
    array.numbers().enumerate().map(pixel).collect()
}

/// The byte that a number is, up to an error.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from 0 to 255")]
fn byte(value: f64, error: f64) -> Option<u8> {
    let whole = value.round();
    ((0.0..=255.0).contains(&whole) && (value - whole).abs() <= error).then_some(whole as u8)
}

/// The first bytes of a zip archive, which NPZ is (PKWARE, APPNOTE.TXT, section 4.3.7).
const ZIP: &[u8] = b"PK\x03\x04";

/// A file as it is, or what gzip compressed in it.
fn unpacked(bytes: &[u8]) -> Result<Cow<'_, [u8]>, IdxError> {
    if bytes.starts_with(ZIP) {
        return Err(IdxError::Foreign(
            "it is a zip archive, as NPZ is: save one array of it as NPY (`numpy.save(\"images.npy\", numpy.load(FILE)[NAME])`)",
        ));
    }
    if !bytes.starts_with(foreign::GZIP) {
        return Ok(Cow::Borrowed(bytes));
    }
    gzip::unpack(bytes, |content| {
        if content.starts_with(npy::MAGIC) {
            return Ok(npy::Header::parse(content)?.announced());
        }
        Ok(dimensions(content)?.announced)
    })
    .map(Cow::Owned)
}

const U8: u8 = 0x08;
const I16: u8 = 0x0b;

/// What the header of a file of IDX says.
struct Header {
    kind: u8,
    dimensions: Vec<usize>,
    /// The length of the file.
    announced: Option<usize>,
    /// The place of the first element.
    start: usize,
}

/// Reads a header, whatever follows it.
fn dimensions(bytes: &[u8]) -> Result<Header, IdxError> {
    let &[0, 0, kind, rank, ref rest @ ..] = bytes else {
        return Err(foreign::kind(bytes).map_or(IdxError::Magic, IdxError::Foreign));
    };
    let width = match kind {
        U8 => 1,
        I16 => 2,
        _ => return Err(IdxError::Type(kind)),
    };
    let start = 4 + 4 * usize::from(rank);
    let (sizes, _) = rest
        .split_at_checked(start - 4)
        .ok_or(IdxError::Length { announced: Announced(Some(start)), found: bytes.len() })?;
    let dimensions: Vec<usize> =
        sizes.chunks_exact(4).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]) as usize).collect();
    let announced = elements(&dimensions).and_then(|count| count.checked_mul(width)?.checked_add(start));
    Ok(Header { kind, dimensions, announced, start })
}

/// Element type, dimensions and data, the data exactly as long as announced.
fn header(bytes: &[u8]) -> Result<(u8, Vec<usize>, &[u8]), IdxError> {
    let Header { kind, dimensions, announced, start } = dimensions(bytes)?;
    if announced != Some(bytes.len()) {
        return Err(IdxError::Length { announced: Announced(announced), found: bytes.len() });
    }
    Ok((kind, dimensions, &bytes[start..]))
}

#[cfg(test)]
mod tests;
