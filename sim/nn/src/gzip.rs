//! Files of gzip (RFC 1952), unpacked no further than their content announces of itself.
//!
//! Invariant: memory is at most twice what was unpacked, which is at most what the content announces and one byte, what deflate can make of the file,
//! and [`MOST`].

use flate2::bufread::MultiGzDecoder;
use std::io::Read;

/// The most bytes that a file may unpack to.
pub(crate) const MOST: usize = 1 << 30;

/// Deflate makes no more than 1,032 bytes of one: a length and a distance of one bit each stand for 258 bytes (RFC 1951, section 3.2.5).
const LARGEST_RATIO: usize = 1032;

/// So many bytes hold the header of any content that is read.
const HEAD: u64 = 1 << 14;

/// Why a file of gzip cannot be unpacked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GzipError {
    /// The file is damaged or cut short. The text says how.
    #[error("the gzip file cannot be unpacked: {0}")]
    Damaged(String),
    /// The content announces more bytes than a file of this length can hold, or more than may be unpacked.
    #[error("its header announces more bytes than {packed} bytes of gzip can hold, or more than {MOST}")]
    TooLarge {
        /// The length of the file of gzip.
        packed: usize,
    },
    /// The content goes on after the bytes that it announces.
    #[error("it unpacks to more than the {announced} bytes that its header announces")]
    Longer {
        /// The bytes that the header announces.
        announced: usize,
    },
}

/// Unpacks a file. `announced` reads from the first bytes of the content how long it is, or nothing where that is beyond measure.
pub(crate) fn unpack<E: From<GzipError>>(
    packed: &[u8],
    announced: impl FnOnce(&[u8]) -> Result<Option<usize>, E>,
) -> Result<Vec<u8>, E> {
    let damaged = |error: std::io::Error| E::from(GzipError::Damaged(error.to_string()));
    let mut stream = MultiGzDecoder::new(packed);
    let mut content = Vec::new();
    stream.by_ref().take(HEAD).read_to_end(&mut content).map_err(damaged)?;
    let most = MOST.min(packed.len().saturating_mul(LARGEST_RATIO));
    let Some(announced) = announced(&content)?.filter(|length| *length <= most) else {
        return Err(GzipError::TooLarge { packed: packed.len() }.into());
    };
    // One byte more than announced shows whether the content ends there; where it does, its checksum is read too.
    let left = (announced as u64 + 1).saturating_sub(content.len() as u64);
    stream.take(left).read_to_end(&mut content).map_err(damaged)?;
    if content.len() > announced { Err(GzipError::Longer { announced }.into()) } else { Ok(content) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).expect("memory");
        encoder.finish().expect("memory")
    }

    fn unpacked(file: &[u8], announced: Option<usize>) -> Result<Vec<u8>, GzipError> {
        unpack(file, |_| Ok(announced))
    }

    #[test]
    fn content_of_the_announced_length_is_unpacked() {
        for length in [0, 1, 100, 16_384, 16_385, 100_000] {
            let content: Vec<u8> = (0..length).map(|at: u32| (at.wrapping_mul(0x9e37_79b9) >> 24) as u8).collect();
            assert_eq!(unpacked(&packed(&content), Some(content.len())), Ok(content));
        }
        let members = [packed(b"fusion"), packed(b" of gzip")].concat();
        assert_eq!(unpacked(&members, Some(14)), Ok(b"fusion of gzip".to_vec()));
    }

    /// Sixteen megabytes of zeros, which take a few kilobytes packed, are left packed beyond what the header announces.
    #[test]
    fn a_bomb_is_refused() {
        let bomb = packed(&vec![0; 1 << 24]);
        assert!(bomb.len() < 1 << 15, "{} bytes", bomb.len());
        assert_eq!(unpacked(&bomb, Some(100)), Err(GzipError::Longer { announced: 100 }));
        assert_eq!(unpacked(&bomb, Some(100_000)), Err(GzipError::Longer { announced: 100_000 }));
        let too_large = Err(GzipError::TooLarge { packed: bomb.len() });
        for beyond in [Some(bomb.len() * LARGEST_RATIO + 1), Some(MOST + 1), Some(usize::MAX), None] {
            assert_eq!(unpacked(&bomb, beyond), too_large, "{beyond:?}");
        }
        assert_eq!(unpacked(&bomb, Some(1 << 24)).map(|content| content.len()), Ok(1 << 24), "all of it, if announced");
    }

    #[test]
    fn damaged_files_are_refused() {
        let content = [7; 1000];
        let good = packed(&content);
        for cut in 0..good.len() {
            assert!(matches!(unpacked(&good[..cut], Some(1000)), Err(GzipError::Damaged(_))), "{cut}");
        }
        let mut checksum = good.clone();
        checksum[good.len() - 5] ^= 1;
        assert!(matches!(unpacked(&checksum, Some(1000)), Err(GzipError::Damaged(_))));
    }
}
