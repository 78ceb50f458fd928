//! JSON put down by hand, without a tree before it.

/// Appends a text as a JSON string, quotes included. Most have nothing to
/// escape and are copied.
pub fn push_quoted(out: &mut Vec<u8>, text: &str) {
    if has_escapes(text.as_bytes()) {
        // Writing a string to memory cannot fail.
        let _ = serde_json::to_writer(out, text);
        return;
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Appends a number.
pub fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [b'0'; 20];
    let mut length = 0;
    for digit in digits.iter_mut().rev() {
        // Below ten.
        *digit = b'0' + (number % 10) as u8;
        length += 1;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - length..).unwrap_or_default());
}

/// Without a branch per byte, so that many are looked at at a time.
fn has_escapes(text: &[u8]) -> bool {
    let is_special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    text.chunks(64).any(|chunk| chunk.iter().fold(false, |found, &byte| found | is_special(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_written_as_serde_writes_it() {
        let long = "é".repeat(100);
        for text in ["", "a", "a\"b", "\\", "\n\u{1}\u{1f}\u{7f}", "é😀\u{2028}", &long, &format!("{long}\"")] {
            let mut out = b"x".to_vec();
            push_quoted(&mut out, text);
            assert_eq!(String::from_utf8(out).unwrap(), format!("x{}", serde_json::to_string(text).unwrap()));
        }
    }

    #[test]
    fn a_number_is_written_as_it_is_printed() {
        for number in [0, 7, 10, 99, 100, 12_345_678_901, u64::MAX] {
            let mut out = Vec::new();
            push_number(&mut out, number);
            assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
        }
    }
}
