//! The elements of constants, by their type.

use super::constant::Constant;
use crate::onnx::{Tensor as Stored, element_type};
use crate::tensor::Tensor;
use std::rc::Rc;

/// The element type of floats.
pub(super) const FLOAT: i32 = 1;
const UINT8: i32 = 2;
const INT8: i32 = 3;
const UINT16: i32 = 4;
const INT16: i32 = 5;
const INT32: i32 = 6;
const INT64: i32 = 7;
const BOOL: i32 = 9;
const FLOAT16: i32 = 10;
const DOUBLE: i32 = 11;
const UINT32: i32 = 12;
const UINT64: i32 = 13;
const BFLOAT16: i32 = 16;

/// Whether an element type is one of floats.
pub(super) fn is_float(kind: i32) -> bool {
    matches!(kind, FLOAT | FLOAT16 | DOUBLE | BFLOAT16)
}

/// Whether an element type is one of integers.
pub(super) fn is_integer(kind: i32) -> bool {
    matches!(kind, UINT8 | INT8 | UINT16 | INT16 | INT32 | INT64 | UINT32 | UINT64)
}

/// Returns how many bytes an element has.
pub(super) fn width(kind: i32) -> Result<usize, String> {
    match kind {
        UINT8 | INT8 | BOOL => Ok(1),
        UINT16 | INT16 | FLOAT16 | BFLOAT16 => Ok(2),
        FLOAT | INT32 | UINT32 => Ok(4),
        INT64 | DOUBLE | UINT64 => Ok(8),
        other => Err(format!("element type {} is not supported: only floats, integers and bool", element_type(other))),
    }
}

/// Reads the elements of a constant of a shape, from bytes or where they are written one by one. The bytes are as many as the shape needs.
pub(super) fn read(stored: &Stored, shape: &[usize], raw: Option<&[u8]>) -> Result<Constant, String> {
    let kind = stored.data_type;
    let malformed = || format!("its data do not fill {:?}", stored.dims);
    if is_float(kind) {
        let data = floats(stored, raw).ok_or_else(malformed)?;
        let tensor = Tensor::new(shape.to_vec(), data).ok_or_else(malformed)?;
        if let Some(bad) = tensor.data().iter().find(|value| !value.is_finite()) {
            return Err(format!("it contains {bad}"));
        }
        return Ok(Constant::Floats(Rc::new(tensor)));
    }
    if kind == BOOL {
        let small = || stored.int32_data.iter().map(|word| *word != 0).collect::<Vec<_>>();
        let data = raw.map_or_else(small, |raw| raw.iter().map(|byte| *byte != 0).collect());
        let tensor = Tensor::new(shape.to_vec(), data).ok_or_else(malformed)?;
        return Ok(Constant::Booleans(tensor.data().into()));
    }
    let data = integers(stored, raw).ok_or_else(malformed)?;
    Ok(Constant::Integers(Rc::new(Tensor::new(shape.to_vec(), data).ok_or_else(malformed)?)))
}

/// Reads a constant of one element that lies in the model's own bytes.
pub(super) fn single(stored: &Stored) -> Option<Constant> {
    let raw = Some(&stored.raw_data[..]).filter(|raw| !raw.is_empty());
    let fits = stored.data_location == 0 && raw.is_none_or(|raw| width(stored.data_type) == Ok(raw.len()));
    read(stored, &[1], raw).ok().filter(|_| fits)
}

fn floats(stored: &Stored, raw: Option<&[u8]>) -> Option<Vec<f32>> {
    let halves = |from: fn(u16) -> f32| match raw {
        Some(raw) => Some(words(raw, u16::from_le_bytes).into_iter().map(from).collect()),
        None => stored.int32_data.iter().map(|word| u16::try_from(*word).ok().map(from)).collect::<Option<Vec<_>>>(),
    };
    match stored.data_type {
        FLOAT => Some(raw.map_or_else(|| stored.float_data.clone(), |raw| words(raw, f32::from_le_bytes))),
        FLOAT16 => halves(from_half),
        BFLOAT16 => halves(|bits| f32::from_bits(u32::from(bits) << 16)),
        _ => {
            let doubles = raw.map_or_else(|| stored.double_data.clone(), |raw| words(raw, f64::from_le_bytes));
            Some(doubles.into_iter().map(to_single).collect())
        }
    }
}

fn integers(stored: &Stored, raw: Option<&[u8]>) -> Option<Vec<i64>> {
    fn wide<T: Into<i64>>(numbers: Vec<T>) -> Vec<i64> {
        numbers.into_iter().map(Into::into).collect()
    }
    let kind = stored.data_type;
    let Some(raw) = raw else {
        return match kind {
            INT64 => Some(stored.int64_data.clone()),
            UINT32 | UINT64 => stored.uint64_data.iter().map(|word| i64::try_from(*word).ok()).collect(),
            _ => Some(wide(stored.int32_data.clone())),
        };
    };
    match kind {
        UINT8 => Some(wide(raw.to_vec())),
        INT8 => Some(wide(words(raw, i8::from_le_bytes))),
        UINT16 => Some(wide(words(raw, u16::from_le_bytes))),
        INT16 => Some(wide(words(raw, i16::from_le_bytes))),
        INT32 => Some(wide(words(raw, i32::from_le_bytes))),
        UINT32 => Some(wide(words(raw, u32::from_le_bytes))),
        UINT64 => words(raw, u64::from_le_bytes).into_iter().map(|word| i64::try_from(word).ok()).collect(),
        _ => Some(words(raw, i64::from_le_bytes)),
    }
}

/// Reads little-endian words from bytes that are a whole number of them.
fn words<const N: usize, T>(bytes: &[u8], word: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|bytes| word(*bytes)).collect()
}

/// The nearest number in single precision, which is infinite beyond its range.
#[expect(clippy::cast_possible_truncation, reason = "the nearest number is what is wanted")]
pub(super) fn to_single(number: f64) -> f32 {
    number as f32
}

/// A number in half precision (IEEE 754 binary16).
fn from_half(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    let size = match exponent {
        0x1f if fraction > 0.0 => f32::NAN,
        0x1f => f32::INFINITY,
        0 => fraction * 2.0_f32.powi(-24),
        _ => (1024.0 + fraction) * 2.0_f32.powi(exponent - 25),
    };
    if bits >> 15 == 0 { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_exact() {
        for (bits, number) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0400, 2.0_f32.powi(-14)),
            (0x0001, 2.0_f32.powi(-24)),
            (0x3555, 0.333_251_95),
            (0xfc00, f32::NEG_INFINITY),
        ] {
            assert_eq!(from_half(bits).to_bits(), number.to_bits(), "{bits:#x}");
        }
        assert!(from_half(0x7e00).is_nan());
        assert_eq!(from_half(0x8000).to_bits(), (-0.0_f32).to_bits());
    }

    fn stored(data_type: i32, count: i64) -> Stored {
        Stored { data_type, dims: vec![count], ..Stored::default() }
    }

    /// One by one or as bytes, a constant is the same.
    #[test]
    fn both_forms_of_each_type_are_read() {
        let of = |tensor: &Stored, raw: Option<&[u8]>| -> Vec<f64> {
            match read(tensor, &[2], raw) {
                Ok(Constant::Floats(tensor)) => tensor.data().iter().map(|number| f64::from(*number)).collect(),
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                Ok(Constant::Integers(tensor)) => tensor.data().iter().map(|number| *number as f64).collect(),
                other => panic!("{other:?}"),
            }
        };
        let small = |kind, data: &[i32]| Stored { int32_data: data.into(), ..stored(kind, 2) };
        let long = |kind, data: &[u64]| Stored { uint64_data: data.into(), ..stored(kind, 2) };
        let raw = |parts: &[&[u8]]| parts.concat();
        for (tensor, bytes, numbers) in [
            (small(UINT8, &[7, 255]), raw(&[&[7, 255]]), [7.0, 255.0]),
            (small(INT8, &[7, -1]), raw(&[&[7, 255]]), [7.0, -1.0]),
            (small(UINT16, &[7, 65535]), raw(&[&[7, 0, 255, 255]]), [7.0, 65535.0]),
            (small(INT16, &[7, -1]), raw(&[&[7, 0, 255, 255]]), [7.0, -1.0]),
            (small(INT32, &[7, -2]), raw(&[&7_i32.to_le_bytes(), &(-2_i32).to_le_bytes()]), [7.0, -2.0]),
            (long(UINT32, &[7, 8]), raw(&[&7_u32.to_le_bytes(), &8_u32.to_le_bytes()]), [7.0, 8.0]),
            (long(UINT64, &[7, 8]), raw(&[&7_u64.to_le_bytes(), &8_u64.to_le_bytes()]), [7.0, 8.0]),
            (
                Stored { int64_data: vec![7, -8], ..stored(INT64, 2) },
                raw(&[&7_i64.to_le_bytes(), &(-8_i64).to_le_bytes()]),
                [7.0, -8.0],
            ),
            (
                Stored { float_data: vec![0.5, -8.0], ..stored(FLOAT, 2) },
                raw(&[&0.5_f32.to_le_bytes(), &(-8.0_f32).to_le_bytes()]),
                [0.5, -8.0],
            ),
            (
                Stored { double_data: vec![0.5, -8.0], ..stored(DOUBLE, 2) },
                raw(&[&0.5_f64.to_le_bytes(), &(-8.0_f64).to_le_bytes()]),
                [0.5, -8.0],
            ),
            (small(FLOAT16, &[0x3800, 0xc800]), raw(&[&[0, 0x38, 0, 0xc8]]), [0.5, -8.0]),
            (small(BFLOAT16, &[0x3f00, 0xc100]), raw(&[&[0, 0x3f, 0, 0xc1]]), [0.5, -8.0]),
        ] {
            let kind = tensor.data_type;
            assert_eq!(bytes.len(), 2 * width(kind).expect("known"), "{kind}");
            assert_eq!([of(&tensor, None), of(&stored(kind, 2), Some(&bytes))], [numbers.to_vec(), numbers.to_vec()]);
            assert!(read(&stored(kind, 2), &[2], None).is_err(), "{kind} without elements");
        }
        let infinite = Stored { double_data: vec![1e300], ..stored(DOUBLE, 1) };
        assert_eq!(read(&infinite, &[1], None).err(), Some("it contains inf".into()));
        let beyond = long(UINT64, &[0, u64::MAX]);
        assert!(read(&beyond, &[2], None).is_err());
        assert!(read(&small(FLOAT16, &[0, -1]), &[2], None).is_err(), "no 16 bits");
        assert_eq!(width(8).err(), Some("element type string is not supported: only floats, integers and bool".into()));
    }
}
