//! A provider key in the clear. It can be moved, used once and dropped; it
//! cannot be printed, cloned, serialised or compared.

use zeroize::Zeroizing;

/// A secret text. Has no `Debug`, `Display`, `Clone`, `Serialize` or `PartialEq`
/// on purpose; its bytes are zeroed when it is dropped.
///
/// ```compile_fail
/// fn show(secret: domain::Secret) { println!("{secret:?}"); }
/// ```
/// ```compile_fail
/// fn copy(secret: &domain::Secret) -> domain::Secret { secret.clone() }
/// ```
/// ```compile_fail
/// fn write(secret: &domain::Secret) -> String { serde_json::to_string(secret).unwrap() }
/// ```
pub struct Secret(Zeroizing<String>);

/// The shortest secret that is struck out of texts, in characters.
const MIN_STRUCK: usize = 4;

impl Secret {
    /// Takes the text over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. Called in four places only: the vault (to seal and to
    /// fingerprint), the upstream client (to write the auth header), the reveal
    /// use case, and sign-in by OpenID (our own secret there). A test counts the
    /// call sites.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it begins so. For the kind of a key, which its shape tells.
    #[must_use]
    pub fn begins_with(&self, prefix: &str) -> bool {
        self.0.starts_with(prefix)
    }

    /// `text` with every occurrence of the secret struck out, for what somebody
    /// who knows it wrote. A secret of less than four characters stays: it would
    /// be found in half of all words.
    #[must_use]
    pub fn struck_from(&self, text: &str) -> String {
        if self.0.chars().count() < MIN_STRUCK { text.to_owned() } else { text.replace(self.0.as_str(), "…") }
    }
}

/// A password as it was typed: zeroed when dropped, never shown.
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes the text over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The bytes to hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// How many characters were typed.
    #[must_use]
    pub fn length(&self) -> usize {
        self.0.chars().count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_struck_wherever_it_stands() {
        let secret = Secret::new("token-abc123".to_owned());
        assert_eq!(secret.struck_from("key=token-abc123, token-abc1234 and token-abc12"), "key=…, …4 and token-abc12");
        assert_eq!(Secret::new("abc".to_owned()).struck_from("abc"), "abc");
    }
}
