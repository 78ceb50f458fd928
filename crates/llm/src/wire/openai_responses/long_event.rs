//! The usage in a last event that is too long to be held: it tells the whole
//! answer again before it comes to the counts. Its bytes are passed over as they
//! go by, and only the value of `response.usage` is kept.

use memchr::memchr2;

/// The longest usage kept, in bytes.
const MAX_USAGE_BYTES: usize = 4 * 1024;

/// The longest name compared, in bytes.
const MAX_NAME_BYTES: usize = 16;

/// Searches for `response.usage`. Names inside texts, tools or metadata are
/// never mistaken for it, because the depth is counted.
#[derive(Debug, Default)]
pub(super) struct UsageFinder {
    depth: u32,
    is_string: bool,
    is_escaped: bool,
    /// The latest string at the depth of names.
    word: Vec<u8>,
    is_in_response: bool,
    is_taking: bool,
    usage: Vec<u8>,
}

impl UsageFinder {
    /// Takes the next bytes of the event's block.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            if self.is_string && self.depth > 2 && !self.is_escaped && !self.is_taking {
                let plain = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
                if plain > 0 {
                    rest = rest.get(plain..).unwrap_or_default();
                    continue;
                }
            }
            self.byte(byte);
            rest = after;
        }
    }

    /// The value that was found.
    pub(super) fn found(self) -> Option<Vec<u8>> {
        (!self.is_taking && self.usage.len() <= MAX_USAGE_BYTES && !self.usage.is_empty()).then_some(self.usage)
    }

    fn byte(&mut self, byte: u8) {
        if self.is_taking && self.depth == 2 && !self.is_string && matches!(byte, b',' | b'}') {
            self.is_taking = false;
        }
        if self.is_taking && self.usage.len() <= MAX_USAGE_BYTES {
            self.usage.push(byte);
        }
        if self.is_string {
            self.in_string(byte);
            return;
        }
        match byte {
            b'"' if self.depth > 0 => {
                self.is_string = true;
                self.word.clear();
            }
            b'{' | b'[' if byte == b'{' || self.depth > 0 => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b':' if self.depth == 1 => self.is_in_response = self.word == b"response",
            b':' if self.depth == 2 && self.is_in_response && self.word == b"usage" => {
                self.is_taking = true;
                self.usage.clear();
            }
            _ => {}
        }
    }

    fn in_string(&mut self, byte: u8) {
        if self.is_escaped {
            self.is_escaped = false;
        } else if byte == b'\\' {
            self.is_escaped = true;
        } else if byte == b'"' {
            self.is_string = false;
            return;
        }
        if self.depth <= 2 && self.word.len() <= MAX_NAME_BYTES {
            self.word.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_responses_own_usage_is_found() {
        let event = "event: response.completed\ndata: {\"type\":\"response.completed\",\"usage\":{\"a\":1},\
             \"response\":{\"tools\":[{\"usage\":{\"b\":2}}],\"output\":[{\"text\":\"\\\"usage\\\":{\\\"c\\\":3} \\\\\"}],\
             \"usage\": {\"input_tokens\":7,\"d\":{\"e\":\"},\"}},\"metadata\":{\"usage\":\"x\"}}}\n\n";
        for size in 1..event.len() {
            let mut finder = UsageFinder::default();
            event.as_bytes().chunks(size).for_each(|chunk| finder.pass(chunk));
            let found = String::from_utf8(finder.found().unwrap()).unwrap();
            assert_eq!(found.trim(), "{\"input_tokens\":7,\"d\":{\"e\":\"},\"}}", "chunks of {size}");
        }
    }

    #[test]
    fn what_is_broken_off_is_not_found() {
        let mut finder = UsageFinder::default();
        finder.pass(b"data: {\"response\":{\"usage\":{\"input_tokens\":7");
        assert_eq!(finder.found(), None);
    }
}
