//! What one sealed text holds: a key, or where the key is, and the values of
//! headers sent along. A key alone is its own text, as it always was; anything
//! more is lines behind a character that no key has.

use domain::{Entropy, Secret, Timestamp};

use super::{RowIdentity, Sealed, Undecryptable, Vault};

/// Opens a payload of lines; no key contains it.
const LINES: char = '\u{1}';

/// The secrets of one row.
#[derive(Default)]
pub struct Payload {
    /// The key itself.
    pub key: Option<Secret>,
    /// Where the key is instead: `env:NAME` or `file:/path`.
    pub reference: Option<String>,
    /// Headers sent along, by name.
    pub headers: Vec<(String, Secret)>,
}

impl Payload {
    /// A key and nothing else.
    #[must_use]
    pub fn of_key(key: Secret) -> Self {
        Self { key: Some(key), ..Self::default() }
    }

    /// Whether there is nothing to seal.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.key.is_none() && self.reference.is_none() && self.headers.is_empty()
    }

    fn written(&self) -> Secret {
        let key = self.key.as_ref().map_or("", Secret::expose);
        if self.reference.is_none() && self.headers.is_empty() {
            return Secret::new(key.to_owned());
        }
        let mut lines: Vec<[&str; 4]> = Vec::new();
        if self.key.is_some() {
            lines.push(["k", key, "", ""]);
        }
        if let Some(reference) = &self.reference {
            lines.push(["r", reference, "", ""]);
        }
        lines.extend(self.headers.iter().map(|(name, value)| ["h", name, ":", value.expose()]));
        // Made in one piece, so that no half of it is left behind in memory.
        let length = 1 + lines.iter().map(|line| 1 + line.iter().map(|part| part.len()).sum::<usize>()).sum::<usize>();
        let mut text = String::with_capacity(length);
        text.push(LINES);
        for part in lines.iter().flat_map(|line| line.iter().chain(["\n"].iter())) {
            text.push_str(part);
        }
        Secret::new(text)
    }

    fn read(secret: Secret) -> Result<Self, Undecryptable> {
        let Some(lines) = secret.expose().strip_prefix(LINES) else { return Ok(Self::of_key(secret)) };
        let mut payload = Self::default();
        for line in lines.lines() {
            match line.split_at_checked(1) {
                Some(("k", key)) => payload.key = Some(Secret::new(key.to_owned())),
                Some(("r", reference)) => payload.reference = Some(reference.to_owned()),
                Some(("h", header)) => {
                    let (name, value) = header.split_once(':').ok_or(Undecryptable)?;
                    payload.headers.push((name.to_owned(), Secret::new(value.to_owned())));
                }
                _ => return Err(Undecryptable),
            }
        }
        Ok(payload)
    }
}

impl Vault {
    /// Seals all secrets of a row to its identity.
    #[must_use]
    pub fn seal_payload(&self, payload: &Payload, row: &RowIdentity<'_>, now: Timestamp, entropy: &Entropy) -> Sealed {
        self.seal(&payload.written(), row, now, entropy)
    }

    /// Opens all secrets of a row.
    ///
    /// # Errors
    /// [`Undecryptable`] for what was not sealed under this very identity.
    pub fn open_payload(&self, sealed: &Sealed, row: &RowIdentity<'_>) -> Result<Payload, Undecryptable> {
        Payload::read(self.open(sealed, row)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(payload: Payload) -> (Option<String>, Option<String>, Vec<(String, String)>) {
        let text = |secret: &Secret| secret.expose().to_owned();
        let headers = payload.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        (payload.key.as_ref().map(text), payload.reference, headers)
    }

    #[test]
    fn a_key_alone_is_written_as_it_always_was() {
        let payload = Payload::of_key(Secret::new("sk-one".to_owned()));
        assert_eq!(payload.written().expose(), "sk-one");
        let read = Payload::read(Secret::new("sk-one".to_owned())).ok().unwrap();
        assert_eq!(shown(read), (Some("sk-one".to_owned()), None, Vec::new()));
    }

    #[test]
    fn every_part_comes_back() {
        let header = |name: &str, value: &str| (name.to_owned(), Secret::new(value.to_owned()));
        let payload = Payload {
            key: Some(Secret::new("sk:one".to_owned())),
            reference: Some("file:/run/a b".to_owned()),
            headers: vec![header("x-team", "a:b"), header("x-other", "")],
        };
        let read = shown(Payload::read(payload.written()).ok().unwrap());
        assert_eq!(read, shown(payload));
        let keyless = Payload { headers: vec![header("x-team", "a")], ..Payload::default() };
        assert_eq!(shown(Payload::read(keyless.written()).ok().unwrap()), shown(keyless));
    }

    #[test]
    fn lines_of_another_kind_are_not_guessed_at() {
        for text in ["\u{1}zwhat\n", "\u{1}\n\n", "\u{1}hno-colon\n"] {
            assert!(Payload::read(Secret::new(text.to_owned())).is_err(), "{text:?}");
        }
    }
}
