//! The public name of a master key.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The id of a master key: the first four bytes of a hash of it, written as
/// eight lower-case hexadecimal digits. Says nothing about the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MasterKeyId(pub [u8; 4]);

impl fmt::Display for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for MasterKeyId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_digit = |c: char| matches!(c, '0'..='9' | 'a'..='f');
        let number = u32::from_str_radix(text, 16).ok().filter(|_| text.len() == 8 && text.chars().all(is_digit));
        let number = number.ok_or_else(|| "a master key's id has 8 digits of 0-9 and a-f".to_owned())?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl Serialize for MasterKeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        assert_eq!("00c0ffee".parse::<MasterKeyId>().unwrap().to_string(), "00c0ffee");
        for wrong in ["", "c0ffee", "00C0FFEE", "+0c0ffee", "00c0ffee0", "0000000g"] {
            assert!(wrong.parse::<MasterKeyId>().is_err(), "{wrong}");
        }
    }
}
