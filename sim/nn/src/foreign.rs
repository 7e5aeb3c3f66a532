//! Files that stand in the place of what was meant: empty ones, pointers of Git LFS, and compressed ones.

/// The first bytes of a pointer (Git LFS specification, "The Pointer").
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";
/// The first bytes of a gzip file (RFC 1952, section 2.3.1).
pub(crate) const GZIP: &[u8] = &[0x1f, 0x8b];

/// Says in words what a file is that stands in the place of another; `None` for any other content. No ONNX model and no IDX file
/// begins like any of these: IDX begins with two zero bytes, and an ONNX model with the tag of a field, whose low three bits are not 6 or 7.
pub(crate) fn kind(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [] => Some("it is empty"),
        _ if bytes.starts_with(LFS_POINTER) => Some("it is a Git LFS pointer (`git lfs pull` fetches the file itself)"),
        _ if bytes.starts_with(GZIP) => Some("it is compressed by gzip (`gunzip` unpacks it)"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::idx::{Images, labels};
    use crate::model::Model;

    /// The same words, whatever the file was meant to be.
    #[test]
    fn files_that_stand_in_for_others_are_named() {
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n";
        let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0];
        for (bytes, says) in [(&[][..], "is empty"), (pointer, "Git LFS pointer"), (&gzip, "compressed by gzip")] {
            let kind = kind(bytes).expect("named");
            assert!(kind.contains(says), "{kind}");
            let model = Model::from_onnx(bytes).expect_err("no model").to_string();
            assert_eq!(model, format!("not an ONNX model: {kind}"));
            // Images and labels are read from gzip, which is a fault only in a model.
            let found =
                if bytes == gzip { vec![] } else { vec![Images::parse(bytes).map(|_| ()), labels(bytes).map(|_| ())] };
            for found in found.into_iter().map(|found| found.expect_err("no data").to_string()) {
                assert_eq!(found, format!("not an IDX file: {kind}"));
            }
        }
        for other in [&b"PK\x03\x04"[..], &[0x1f], b"version 1", &[0, 0, 8, 1]] {
            assert_eq!(kind(other), None);
        }
    }
}
