//! Gateway tokens: `owk_<kind>_` + 30 random base62 characters + 6 that hold
//! their CRC-32. A mistyped or invented token is recognised without a look into
//! the database, and a leaked one by a scanner: [`PATTERN`].

use zeroize::Zeroizing;

use crate::ambient::Entropy;

/// The published pattern for secret scanners.
pub const PATTERN: &str = "owk_(user|team)_[0-9A-Za-z]{36}";

/// What every gateway token starts with.
pub const PREFIX: &str = "owk_";

const RANDOM_LENGTH: usize = 30;
const CHECKSUM_LENGTH: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Whose token it is; the second word of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A person's.
    User,
    /// A team's.
    Team,
}

crate::text_enum!(TokenKind, "token kind" { User => "user", Team => "team" });

/// What becomes of a parameter that would change the answer and that the model
/// cannot take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Params {
    /// The call is refused, naming it.
    #[default]
    Strict,
    /// It is left out, and the answer says so.
    Lenient,
}

crate::text_enum!(Params, "treatment of parameters" { Strict => "strict", Lenient => "lenient" });

/// A fresh token's text. Shown once, stored only as a hash.
#[must_use]
pub fn generate(kind: TokenKind, entropy: &Entropy) -> Zeroizing<String> {
    let mut text = Zeroizing::new(format!("{PREFIX}{kind}_"));
    for _ in 0..RANDOM_LENGTH {
        text.push(random_character(entropy));
    }
    let checksum = checksum(&text);
    text.push_str(&checksum);
    text
}

/// Whether `text` is a well-formed token with a right checksum.
#[must_use]
pub fn is_well_formed(text: &str) -> bool {
    let Some((kind, body)) = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')) else {
        return false;
    };
    if kind.parse::<TokenKind>().is_err() || body.len() != RANDOM_LENGTH + CHECKSUM_LENGTH {
        return false;
    }
    if !body.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return false;
    }
    text.split_at_checked(text.len() - CHECKSUM_LENGTH).is_some_and(|(head, tail)| checksum(head) == tail)
}

/// How a token is shown after its creation: `owk_…wxyz`.
#[must_use]
pub fn masked(text: &str) -> String {
    let tail = text.len().checked_sub(4).and_then(|at| text.get(at..)).unwrap_or("");
    format!("{PREFIX}…{tail}")
}

/// Six base62 digits of the CRC-32, most significant first.
fn checksum(text: &str) -> String {
    let mut value = crc32fast::hash(text.as_bytes());
    let mut digits = [b'0'; CHECKSUM_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(value % 62) as usize];
        value /= 62;
    }
    digits.iter().map(|&digit| char::from(digit)).collect()
}

/// One of 62 characters, all equally likely: bytes past the last full round of
/// 62 are drawn again.
fn random_character(entropy: &Entropy) -> char {
    loop {
        let [byte] = entropy.bytes::<1>();
        if byte < 248 {
            return char::from(ALPHABET[usize::from(byte % 62)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::atomic::{AtomicU8, Ordering};

    fn counting() -> Entropy {
        let next = AtomicU8::new(0);
        Entropy::new(move |bytes| bytes.iter_mut().for_each(|b| *b = next.fetch_add(1, Ordering::Relaxed)))
    }

    #[test]
    fn a_generated_token_is_well_formed() {
        let token = generate(TokenKind::User, &counting());
        assert_eq!(token.as_str(), "owk_user_0123456789ABCDEFGHIJKLMNOPQRST3rgke8");
        assert!(is_well_formed(&token));
        assert_eq!(masked(&token), "owk_…gke8");
    }

    #[test]
    fn one_wrong_character_is_noticed() {
        let token = generate(TokenKind::Team, &counting());
        for at in "owk_team_".len()..token.len() {
            let mut wrong = token.as_bytes().to_vec();
            wrong[at] = if wrong[at] == b'x' { b'y' } else { b'x' };
            assert!(!is_well_formed(std::str::from_utf8(&wrong).unwrap()), "position {at}");
        }
    }

    fn of_seed(seed: u64) -> Entropy {
        let state = std::sync::atomic::AtomicU64::new(seed);
        Entropy::new(move |bytes| {
            for byte in bytes {
                let next = state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
                *byte = (next.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as u8;
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_one_change_of_any_token_is_noticed(
            seed: u64, is_team: bool, at: prop::sample::Index, new in prop_oneof!["[0-9A-Za-z_]", ".", "[ \t\u{e9}]"], kind in 0..4_u8,
        ) {
            let kind_of_token = if is_team { TokenKind::Team } else { TokenKind::User };
            let token = generate(kind_of_token, &of_seed(seed));
            prop_assert!(is_well_formed(&token));
            let mut characters: Vec<char> = token.chars().collect();
            let at = at.index(characters.len());
            let new: Vec<char> = new.chars().collect();
            match kind {
                0 => drop(characters.splice(at..=at, new)),
                1 => drop(characters.splice(at..at, new)),
                2 => drop(characters.remove(at)),
                _ => characters.swap(at, (at + 1) % token.len()),
            }
            let changed: String = characters.into_iter().collect();
            prop_assert_eq!(is_well_formed(&changed), changed == *token, "{}", changed);
        }

        #[test]
        fn any_text_is_judged_without_a_panic(text in ".*") {
            prop_assert!(!is_well_formed(&text));
            let _ = masked(&text);
        }
    }
}
