//! 32 bytes as 64 hexadecimal digits.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// The digits, from 0.
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The digits of some bytes.
pub fn digits(bytes: &[u8; 32]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// The bytes of 64 digits; `None` for another text.
pub fn bytes(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(bytes)
}

pub fn serialize<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&digits(bytes))
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
    bytes(&String::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("64 hexadecimal digits are needed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_back_and_nothing_else_is() {
        let mut all = [0; 32];
        all.iter_mut().zip(0..).for_each(|(byte, at)| *byte = at * 8 + 5);
        assert_eq!(bytes(&digits(&all)), Some(all));
        let wrong = ["", "0", &"0".repeat(63), &"0".repeat(65), &"g".repeat(64), &"+".repeat(64), &"\u{e4}".repeat(32)];
        assert!(wrong.iter().all(|text| bytes(text).is_none()));
    }
}
