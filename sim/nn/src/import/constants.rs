//! Constants: read when a node first needs them, from the model's bytes or from a file beside it.
//!
//! What no node reads may be of any type. No more than [`MAX_ELEMENTS`] elements are read in all, however many constants share
//! the same bytes of a file.

use super::constant::Constant;
use super::elements::{read, width};
use super::notes::Notes;
use crate::foreign;
use crate::onnx;
use crate::tensor::{MAX_ELEMENTS, MAX_RANK, elements};
use std::collections::BTreeMap;
use std::path::{Component, Path};

/// Gives the bytes of a file beside the model, by its name.
pub(super) type Beside<'b> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'b;

/// The constants of a graph, by the order in which they were found.
pub(super) struct Constants<'a, 'b> {
    found: Vec<(&'a str, Option<&'a onnx::Tensor>)>,
    /// The constants that were read, with `None` for one that cannot be. The problem is noted where the constant was first needed.
    read: BTreeMap<usize, Option<Constant>>,
    elements: usize,
    /// How many elements may be read.
    most: usize,
    files: BTreeMap<&'a str, Result<Vec<u8>, String>>,
    beside: &'b mut Beside<'b>,
}

impl<'a, 'b> Constants<'a, 'b> {
    pub(super) fn new(beside: &'b mut Beside<'b>) -> Self {
        let (found, read, files) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        Self { found, read, elements: 0, most: MAX_ELEMENTS, files, beside }
    }

    /// Registers a constant, which is read when it is needed.
    pub(super) fn insert(&mut self, name: &'a str, tensor: &'a onnx::Tensor) -> usize {
        self.found.push((name, Some(tensor)));
        self.found.len() - 1
    }

    /// Registers a constant that was computed. `None` means that there are too many elements, with a note.
    pub(super) fn computed(&mut self, name: &'a str, constant: Constant, notes: &mut Notes) -> Option<usize> {
        self.count(constant.elements()).map_err(|what| notes.note(what)).ok()?;
        self.found.push((name, None));
        self.read.insert(self.found.len() - 1, Some(constant));
        Some(self.found.len() - 1)
    }

    /// Counts elements that are held.
    fn count(&mut self, elements: usize) -> Result<(), String> {
        self.check(elements)?;
        self.elements += elements;
        Ok(())
    }

    /// Says whether so many elements more may be held.
    pub(super) fn check(&self, elements: usize) -> Result<(), String> {
        match self.elements.checked_add(elements).filter(|all| *all <= self.most) {
            Some(_) => Ok(()),
            None => Err(format!("with it there are over {} constant elements", self.most)),
        }
    }

    pub(super) fn name(&self, index: usize) -> &'a str {
        self.found[index].0
    }

    /// Returns a constant. One that cannot be read gives `None`, with a note the first time only.
    pub(super) fn get(&mut self, index: usize, notes: &mut Notes) -> Option<Constant> {
        if let Some(known) = self.read.get(&index) {
            return known.clone();
        }
        let (name, tensor) = self.found[index];
        // A constant that was computed is known.
        let constant = match self.decode(tensor?) {
            Ok(constant) => Some(constant),
            Err(what) => notes.wrong(format!("constant '{name}': {what}")),
        };
        self.read.insert(index, constant.clone());
        constant
    }

    /// Reads a constant, which must have exactly as many elements as its sizes say.
    fn decode(&mut self, tensor: &'a onnx::Tensor) -> Result<Constant, String> {
        if tensor.dims.len() > MAX_RANK {
            return Err(format!("it has {} axes, and at most {MAX_RANK} are read", tensor.dims.len()));
        }
        let shape: Option<Vec<usize>> = tensor.dims.iter().map(|&size| usize::try_from(size).ok()).collect();
        let sized = shape.and_then(|shape| elements(&shape).map(|count| (shape, count)));
        let sized = sized.filter(|(_, count)| *count <= MAX_ELEMENTS);
        let (shape, count) = sized.ok_or_else(|| format!("its sizes {:?} are not usable", tensor.dims))?;
        self.check(count)?;
        // Known to be at most 2^28 elements.
        let raw = self.raw(tensor, count * width(tensor.data_type)?)?;
        let constant = read(tensor, &shape, raw)?;
        self.elements += count;
        Ok(constant)
    }

    /// Returns the bytes of a constant, as many as are needed. `None` means that the elements are written one by one.
    fn raw(&mut self, tensor: &'a onnx::Tensor, needed: usize) -> Result<Option<&[u8]>, String> {
        let malformed = || format!("its data do not fill {:?}", tensor.dims);
        match tensor.data_location {
            0 if tensor.raw_data.is_empty() => Ok(None),
            0 if tensor.raw_data.len() == needed => Ok(Some(&tensor.raw_data)),
            0 => Err(malformed()),
            1 => {
                let Place { location, offset, length } = Place::new(&tensor.external_data)?;
                if length.is_some_and(|length| length != needed) {
                    return Err(malformed());
                }
                let Self { files, beside, .. } = self;
                let file = files.entry(location).or_insert_with(|| beside(location));
                let bytes = file.as_ref().map_err(|what| format!("its data are in '{location}': {what}"))?;
                let end = offset.checked_add(needed);
                let part = end.and_then(|end| bytes.get(offset..end));
                part.map(Some).ok_or_else(|| {
                    if let Some(kind) = foreign::kind(bytes) {
                        return format!("its data are in '{location}': {kind}");
                    }
                    let size = bytes.len();
                    format!("its data are {needed} bytes of '{location}' from {offset} on, and the file has {size}")
                })
            }
            other => Err(format!("data location {other} is not known")),
        }
    }
}

/// Where a constant's bytes lie.
struct Place<'a> {
    location: &'a str,
    offset: usize,
    /// The number of bytes; where it is left out, as many as are needed.
    length: Option<usize>,
}

impl<'a> Place<'a> {
    fn new(entries: &'a [onnx::StringStringEntry]) -> Result<Self, String> {
        let value = |key: &str| -> Result<Option<&'a str>, String> {
            let mut values = entries.iter().filter(|entry| entry.key == key).map(|entry| entry.value.as_str());
            match (values.next(), values.next()) {
                (_, Some(_)) => Err(format!("the {key} of its data is given twice")),
                (value, None) => Ok(value),
            }
        };
        let number = |key: &str| {
            let digits = |text: &&str| text.bytes().all(|b| b.is_ascii_digit());
            let parsed = |text: &str| Some(text).filter(digits).and_then(|text| text.parse().ok());
            let wrong = |text: &str| format!("the {key} of its data is {text:?}, no number of bytes");
            value(key)?.map(|text| parsed(text).ok_or_else(|| wrong(text))).transpose()
        };
        let location = value("location")?.filter(|location| !location.is_empty());
        let location = location.ok_or("its data are in another file, which it does not name")?;
        if !is_inside(location) {
            return Err(format!("its data are in {location:?}: only a file in the model's folder is read"));
        }
        Ok(Self { location, offset: number("offset")?.unwrap_or(0), length: number("length")? })
    }
}

/// Whether a path is plain and, as it is written, does not leave the folder it starts from. Whether links are followed is up to who reads the file.
fn is_inside(path: &str) -> bool {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    // Another system's ways out are none of ours, but a file that uses them means no file of its folder.
    !path.contains(['\0', '\\']) && Path::new(path).components().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many constants share the bytes of a file, no more is read than a network may hold.
    #[test]
    fn constants_that_share_bytes_are_bounded_together() {
        let tensor = |name: &str| onnx::Tensor {
            name: name.into(),
            dims: vec![2, 2],
            data_type: 1,
            external_data: vec![onnx::StringStringEntry { key: "location".into(), value: "zeros".into() }],
            data_location: 1,
            ..onnx::Tensor::default()
        };
        let tensors = ["a", "b", "c", "d"].map(tensor);
        let mut asked = 0;
        let mut beside = |_: &str| {
            asked += 1;
            Ok(vec![0; 16])
        };
        let mut constants = Constants::new(&mut beside);
        constants.most = 11;
        let found = tensors.iter().map(|tensor| constants.insert(&tensor.name, tensor)).collect::<Vec<_>>();
        let mut notes = Notes::default();
        let read: Vec<bool> = found.iter().map(|index| constants.get(*index, &mut notes).is_some()).collect();
        assert_eq!(read, [true, true, false, false]);
        assert_eq!(notes.0.len(), 2);
        assert_eq!(notes.0[0], "constant 'c': with it there are over 11 constant elements");
        assert!(constants.get(2, &mut notes).is_none() && notes.0.len() == 2, "it is said once");
        assert!(constants.get(0, &mut notes).is_some(), "what was read stays");
        assert_eq!(asked, 1);
    }

    #[test]
    fn a_way_out_of_the_folder_is_none_in() {
        for inside in ["w.data", "model.onnx.data", "weights/0.bin", "./w", "a b", "..data", "w.."] {
            assert!(is_inside(inside), "{inside}");
        }
        for outside in ["..", "../w", "a/../../w", "a/../w", "/etc/passwd", "/", "w\0", "..\\w", "C:\\w"] {
            assert!(!is_inside(outside), "{outside:?}");
        }
    }
}
