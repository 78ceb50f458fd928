//! The loops that see every byte of a string: they find where it stops and what
//! is in it.

use memchr::memchr2;

/// Strings up to this length are looked at word by word; of longer ones the end
/// is searched for first, and what lies before it is surveyed.
const SHORT: usize = 64;

/// The first character that may stand in a string as it is.
const BLANK: u8 = 0x20;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// How far a text goes on without a quote, a backslash and a control character,
/// and whether it is ASCII that far.
pub(super) fn stretch(text: &[u8]) -> (usize, bool) {
    let mut stretch = Stretch { length: 0, high: 0 };
    let is_whole = stretch.words(text.get(..SHORT).unwrap_or(text));
    if is_whole && text.len() > SHORT {
        stretch.long(text.get(SHORT..).unwrap_or_default());
    }
    (stretch.length, stretch.high & HIGH_BITS == 0)
}

struct Stretch {
    length: usize,
    /// All bytes so far, one over the other.
    high: u64,
}

impl Stretch {
    /// Passes as much of `text` as goes on; whether that is all of it.
    fn words(&mut self, text: &[u8]) -> bool {
        let (words, rest) = text.as_chunks::<8>();
        for word in words {
            if !self.word(u64::from_le_bytes(*word)) {
                return false;
            }
        }
        // What is missing to a word stops it.
        let mut last = [b'"'; 8];
        for (place, byte) in last.iter_mut().zip(rest) {
            *place = *byte;
        }
        let before = self.length;
        self.word(u64::from_le_bytes(last));
        self.length - before == rest.len()
    }

    /// Passes the bytes of a word up to one that stops it, if there is one.
    fn word(&mut self, word: u64) -> bool {
        let stops = stops(word);
        if stops == 0 {
            self.high |= word;
            self.length += 8;
            return true;
        }
        // The lowest bit set is the top bit of the first byte that stops it.
        let bit = stops.trailing_zeros();
        self.high |= word & ((1 << (bit - 7)) - 1);
        self.length += (bit / 8) as usize;
        false
    }

    /// Passes as much of a long text as goes on.
    fn long(&mut self, text: &[u8]) {
        let end = memchr2(b'"', b'\\', text).unwrap_or(text.len());
        let plain = text.get(..end).unwrap_or(text);
        let (lowest, high) = survey(plain);
        if lowest < BLANK {
            // A control character stops it: no string goes on after one.
            self.words(plain);
        } else {
            self.high |= u64::from(high);
            self.length += end;
        }
    }
}

/// The lowest byte, and all bytes one over the other. The loop has no branch, so
/// that it becomes a few vector instructions.
fn survey(text: &[u8]) -> (u8, u8) {
    text.iter().fold((u8::MAX, 0), |(lowest, high), &byte| (lowest.min(byte), high | byte))
}

/// Marks the bytes of a word that stop it. Above the lowest mark there may be
/// wrong ones, because a subtraction borrows from the byte above.
const fn stops(word: u64) -> u64 {
    let quotes = word ^ (ONES * b'"' as u64);
    let backslashes = word ^ (ONES * b'\\' as u64);
    let quotes = quotes.wrapping_sub(ONES) & !quotes;
    let backslashes = backslashes.wrapping_sub(ONES) & !backslashes;
    let controls = word.wrapping_sub(ONES * BLANK as u64) & !word;
    (quotes | backslashes | controls) & HIGH_BITS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_stretch_ends_where_a_plain_search_ends_it(
            plain in prop::collection::vec(prop_oneof![8 => 0x20..0x7f_u8, 1 => any::<u8>()], 0..300),
            stop in prop::sample::select(&[b'"', b'\\', 0, 0x1f, 0x20, 0x7f, 0x80, 0xff][..]), at: prop::sample::Index,
        ) {
            let mut text = plain;
            text.insert(at.index(text.len() + 1), stop);
            for from in 0..text.len().min(9) {
                let text = &text[from..];
                let end = text.iter().position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\'));
                let end = end.unwrap_or(text.len());
                prop_assert_eq!(stretch(text), (end, text[..end].is_ascii()));
            }
        }
    }

    #[test]
    fn nothing_and_nothing_special_are_passed_whole() {
        for length in [0, 1, 7, 8, 31, 32, 33, 63, 64, 95, 96, 97, 1_000] {
            assert_eq!(stretch(&vec![b'x'; length]), (length, true), "{length}");
        }
    }
}
