//! IDX, the format of MNIST's files: `00 00 type rank`, big-endian 32-bit dimensions, row-major data.
//!
//! Nothing is allocated beyond the bytes that are there.

use crate::foreign;
use crate::tensor::elements;

/// Why a file cannot be read as IDX, or not as what it is used for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdxError {
    /// Another file stands in the place of the data: an empty one, a pointer of Git LFS, or a compressed one. The text says which.
    #[error("not an IDX file: {0}")]
    Foreign(&'static str),
    /// The file does not start with the two zero bytes of IDX.
    #[error("not an IDX file: it must start with two zero bytes")]
    Magic,
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
    /// A label is negative, and so no class.
    #[error("label {index} is {value}: a class is not negative")]
    Label {
        /// The number of the label, from 0.
        index: usize,
        /// The value of the label.
        value: i64,
    },
}

/// The length that a header announces, which may be more than `2^64` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced(Option<usize>);

impl std::fmt::Display for Announced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(bytes) => bytes.fmt(f),
            None => f.write_str("more than 2^64"),
        }
    }
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

/// Reads a file of class labels, u8 or i16.
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
    let (kind, dimensions, data) = header(bytes)?;
    if dimensions.len() != 1 {
        return Err(IdxError::Rank { what: "labels", needed: "1", found: dimensions.len() });
    }
    let class = |(index, value): (usize, i64)| u32::try_from(value).map_err(|_| IdxError::Label { index, value });
    if kind == U8 {
        return Ok(data.iter().map(|&byte| u32::from(byte)).collect());
    }
    let values = data.chunks_exact(2).map(|pair| i64::from(i16::from_be_bytes([pair[0], pair[1]])));
    values.enumerate().map(class).collect()
}

const U8: u8 = 0x08;
const I16: u8 = 0x0b;

/// Element type, dimensions and data, the data exactly as long as announced.
fn header(bytes: &[u8]) -> Result<(u8, Vec<usize>, &[u8]), IdxError> {
    let &[0, 0, kind, rank, ref rest @ ..] = bytes else {
        return Err(foreign::kind(bytes).map_or(IdxError::Magic, IdxError::Foreign));
    };
    let width = match kind {
        U8 => 1,
        I16 => 2,
        _ => return Err(IdxError::Type(kind)),
    };
    let rank = usize::from(rank);
    let found = bytes.len();
    let (sizes, data) =
        rest.split_at_checked(4 * rank).ok_or(IdxError::Length { announced: Announced(Some(4 + 4 * rank)), found })?;
    let dimensions: Vec<usize> =
        sizes.chunks_exact(4).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]) as usize).collect();
    let announced = elements(&dimensions).and_then(|count| count.checked_mul(width)?.checked_add(4 + 4 * rank));
    if announced != Some(found) {
        return Err(IdxError::Length { announced: Announced(announced), found });
    }
    Ok((kind, dimensions, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(kind: u8, dimensions: &[u32], data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, kind, u8::try_from(dimensions.len()).expect("small")];
        bytes.extend(dimensions.iter().flat_map(|size| size.to_be_bytes()));
        bytes.extend(data);
        bytes
    }

    #[test]
    fn images_and_labels_are_read() {
        let images = Images::parse(&file(U8, &[2, 1, 3], &[1, 2, 3, 4, 5, 6])).expect("well formed");
        assert_eq!((images.shape(), images.len()), ([1, 1, 3], 2));
        assert_eq!((images.get(1), images.get(2)), (Some(&[4, 5, 6][..]), None));
        assert_eq!(labels(&file(U8, &[3], &[7, 0, 9])), Ok(vec![7, 0, 9]));
        assert_eq!(labels(&file(I16, &[2], &[1, 44, 0, 5])), Ok(vec![300, 5]));
    }

    #[test]
    fn malformed_files_are_refused_without_allocating() {
        let length = |announced, found| IdxError::Length { announced: Announced(announced), found };
        assert_eq!(Images::parse(&[0; 3]), Err(IdxError::Magic));
        assert_eq!(Images::parse(b"PK\x03\x04"), Err(IdxError::Magic));
        assert_eq!(labels(&file(0x0d, &[1], &[0; 4])), Err(IdxError::Type(0x0d)));
        assert_eq!(Images::parse(&file(I16, &[1, 1, 1], &[0, 0])), Err(IdxError::Type(I16)));
        assert_eq!(Images::parse(&file(U8, &[2, 2, 2], &[0; 7])), Err(length(Some(24), 23)));
        assert_eq!(Images::parse(&file(U8, &[2, 2, 2], &[0; 9])), Err(length(Some(24), 25)));
        assert_eq!(Images::parse(&file(U8, &[u32::MAX; 4], &[])), Err(length(None, 20)));
        assert_eq!(Images::parse(&[0, 0, U8, 255, 1]), Err(length(Some(1024), 5)));
        assert_eq!(labels(&file(U8, &[1, 1], &[0])), Err(IdxError::Rank { what: "labels", needed: "1", found: 2 }));
        assert_eq!(labels(&file(I16, &[1], &[255, 255])), Err(IdxError::Label { index: 0, value: -1 }));
        assert_eq!(Images::parse(&file(U8, &[5, 0, 3], &[])).map(|images| images.len()), Ok(0));
    }
}
