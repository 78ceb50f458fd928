//! Vectors as bytes and as text.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

/// The base64 of a vector's bytes.
pub(super) fn to_base64(vector: &[f32]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
    STANDARD.encode(bytes)
}

/// The vector of such base64; `None` when it is none.
pub(super) fn of_base64(text: &str) -> Option<Vec<f32>> {
    let bytes = STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| numbers.iter().map(|number| f32::from_le_bytes(*number)).collect())
}

/// Appends a vector as a JSON list. A number that JSON has not becomes null.
pub(super) fn write_list(vector: &[f32], out: &mut String) {
    out.push('[');
    for (at, number) in vector.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        // Writing to memory cannot fail.
        let _ = if number.is_finite() { write!(out, "{number}") } else { write!(out, "null") };
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_the_least_first() {
        assert_eq!(to_base64(&[0.5, -0.5, 0.5, -0.5]), "AAAAPwAAAL8AAAA/AAAAvw==");
        for text in ["AAAAPwAAAL8AAAA/AAAAvw==", "AAAAPwAAAL8AAAA/AAAAvw"] {
            assert_eq!(of_base64(text), Some(vec![0.5, -0.5, 0.5, -0.5]));
        }
        for broken in ["AAA", "AAAAPw=", "A A", "AAAAPwA="] {
            assert_eq!(of_base64(broken), None, "{broken}");
        }
    }

    #[test]
    fn numbers_keep_their_value() {
        let mut out = String::new();
        let numbers = [0.1, -0.006_929_283, 1e-12, 3.0, f32::NAN];
        write_list(&numbers, &mut out);
        let back: Vec<Option<f32>> = serde_json::from_str(&out).unwrap();
        assert_eq!(back, [Some(0.1), Some(-0.006_929_283), Some(1e-12), Some(3.0), None]);
    }
}
