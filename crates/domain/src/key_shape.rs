//! The hygiene of pasted keys: trim what came along, refuse what cannot be a
//! key, recognise whose it is, and compute the mask. Shapes are hints: all of
//! them have changed over time, so an unknown one warns and is let through.

use thiserror::Error;

use crate::gateway_token;
use crate::provider::{PROVIDERS, ProviderId};
use crate::secret::Secret;

/// The longest key taken, in characters.
pub const MAX_KEY_LENGTH: usize = 500;

/// The shortest key of which the mask shows anything, in characters.
const MIN_MASKED_LENGTH: usize = 16;

/// A key that may be saved.
pub struct CleanKey {
    /// The key itself.
    pub secret: Secret,
    /// What may be shown of it: known prefix, `…`, last four.
    pub masked: String,
    /// Something its owner should know; the key is taken all the same.
    pub warning: Option<String>,
}

/// Why a text cannot be a key. `Display` is a sentence for whoever typed it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyProblem {
    /// Nothing but blanks.
    #[error("The key is empty. Paste the whole key.")]
    Empty,
    /// Longer than any key.
    #[error("The key is {0} characters long; no provider's key has more than {MAX_KEY_LENGTH}. Paste only the key.")]
    TooLong(usize),
    /// Blanks or line breaks in the middle.
    #[error("The key has a blank in the middle, so it is not one key. Paste it again, on one line.")]
    InnerBlank,
    /// Control characters or anything outside printable ASCII.
    #[error("The key contains a character that no key has ({0}). Copy it again from the provider's page.")]
    StrangeCharacter(String),
    /// `your-key-here` and its relatives.
    #[error("This is a placeholder, not a key. Replace it by the key from the provider's page.")]
    Placeholder,
    /// `sk-…b123`: what a mask looks like.
    #[error("This is the masked form of a key, not the key. Copy the whole key from where it was made.")]
    Masked,
    /// One of our own tokens.
    #[error(
        "This is an Ownkey gateway token, not a provider's key. Tokens go to clients; here a provider's key is needed."
    )]
    GatewayToken,
    /// A token of somebody's Claude subscription.
    #[error(
        "This is a token of a Claude subscription, which Anthropic allows only in its own programs. Make a key for its \
         API at https://console.anthropic.com/settings/keys."
    )]
    SubscriptionToken,
    /// A key that manages an organization at Anthropic.
    #[error(
        "This is an Anthropic admin key: it manages an organization and cannot call models. Make an ordinary key at \
         https://console.anthropic.com/settings/keys."
    )]
    AdminKey,
}

/// Trims and checks a key for `provider`, and computes its mask.
///
/// # Errors
/// When the text cannot be a key of anybody.
pub fn clean(raw: &str, provider: ProviderId) -> Result<CleanKey, KeyProblem> {
    let key = raw.trim();
    let length = key.chars().count();
    if length == 0 {
        return Err(KeyProblem::Empty);
    }
    if length > MAX_KEY_LENGTH {
        return Err(KeyProblem::TooLong(length));
    }
    if key.starts_with(gateway_token::PREFIX) {
        return Err(KeyProblem::GatewayToken);
    }
    if key.starts_with("sk-ant-oat") {
        return Err(KeyProblem::SubscriptionToken);
    }
    if key.starts_with("sk-ant-admin") {
        return Err(KeyProblem::AdminKey);
    }
    if key.contains(['…', '•', '*']) {
        return Err(KeyProblem::Masked);
    }
    if key.contains(char::is_whitespace) {
        return Err(KeyProblem::InnerBlank);
    }
    if let Some(strange) = key.chars().find(|c| !c.is_ascii_graphic()) {
        return Err(KeyProblem::StrangeCharacter(strange.escape_unicode().to_string()));
    }
    if is_placeholder(key) {
        return Err(KeyProblem::Placeholder);
    }
    Ok(CleanKey { masked: masked(key), warning: warning(key, provider), secret: Secret::new(key.to_owned()) })
}

/// Whose key this looks like; `None` when its shape says nothing.
#[must_use]
pub fn recognise(key: &str) -> Option<ProviderId> {
    PROVIDERS
        .iter()
        .flat_map(|provider| provider.key_prefixes.iter().map(move |prefix| (prefix.len(), *prefix, provider.id)))
        .filter(|(_, prefix, _)| key.trim().starts_with(prefix))
        .max_by_key(|(length, ..)| *length)
        .map(|(.., id)| id)
}

/// The mask of a text that is no provider key, such as an environment value.
#[must_use]
pub fn masked(key: &str) -> String {
    if key.chars().count() < MIN_MASKED_LENGTH {
        return "…".to_owned();
    }
    let prefix = PROVIDERS
        .iter()
        .flat_map(|provider| provider.key_prefixes.iter().copied())
        .filter(|prefix| key.starts_with(prefix))
        .max_by_key(|prefix| prefix.len())
        .unwrap_or("");
    let tail: String = key.chars().skip(key.chars().count() - 4).collect();
    format!("{prefix}…{tail}")
}

/// How lists show a mask: `••••••••1234`.
#[must_use]
pub fn masked_in_lists(masked: &str) -> String {
    let tail = masked.rsplit('…').next().unwrap_or("");
    format!("••••••••{tail}")
}

fn is_placeholder(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    let telling = [
        "your-",
        "your_",
        "yourkey",
        "yourapikey",
        "-here",
        "_here",
        "xxxx",
        "changeme",
        "change-me",
        "change_me",
        "placeholder",
        "replace-",
        "replace_",
        "insert-",
        "insert_",
        "...",
        "<",
        "${",
        "{{",
    ];
    let whole = ["key", "apikey", "api-key", "api_key", "none", "null", "undefined", "test", "todo", "secret", "sk-"];
    let one_character = lower.chars().all(|c| lower.starts_with(c));
    one_character || whole.contains(&lower.as_str()) || telling.iter().any(|part| lower.contains(part))
}

fn warning(key: &str, provider: ProviderId) -> Option<String> {
    if key.starts_with("sk-admin-") {
        return Some("This is an OpenAI admin key: it manages an organization and cannot call models.".to_owned());
    }
    let name = provider.display_name();
    // An endpoint of one's own may take any key.
    if provider == ProviderId::Custom {
        return None;
    }
    if let Some(other) = recognise(key).filter(|&other| other != provider) {
        return Some(format!("This looks like a key for {}, but it was saved for {name}.", other.display_name()));
    }
    let prefixes = provider.facts().key_prefixes;
    if !prefixes.is_empty() && !prefixes.iter().any(|prefix| key.starts_with(prefix)) {
        return Some(format!("{name} keys usually start with {}; this one does not.", prefixes.join(" or ")));
    }
    None
}

#[cfg(test)]
mod tests;
