//! What people paste when they are asked for a key: the key, ten keys, a line of
//! a shell script, a header, a whole `.env` file. Told apart line by line; what
//! came along is left behind.

use crate::key_shape;
use crate::provider::{PROVIDERS, ProviderId};

/// The most keys taken at once.
pub const MOST: usize = 50;

/// The prefix that many providers share.
const SHARED_PREFIX: &str = "sk-";

/// How long keys were that OpenAI made before its prefixes told more.
const OLD_OPENAI_LENGTH: usize = 51;

/// Headers that carry a key.
const HEADERS: [&str; 4] = ["authorization", "x-api-key", "api-key", "x-goog-api-key"];

/// A key in a pasted text. It has no `Debug`: it is not checked yet, and secret.
pub struct PastedKey {
    /// The line it stands in, counted from 1.
    pub line: usize,
    /// The variable it was assigned to, such as `OPENAI_API_KEY`.
    pub variable: Option<String>,
    /// Whose it is, when its shape or its variable says so.
    pub provider: Option<ProviderId>,
    /// The key.
    pub key: String,
}

/// The keys in a pasted text, in its order.
#[must_use]
pub fn read(text: &str) -> Vec<PastedKey> {
    let mut is_certificate = false;
    let lines = text.lines().enumerate().filter(|(_, line)| {
        let line = line.trim();
        // A private key or a certificate is nobody's provider key, in none of its lines.
        let (begins, ends) = (line.contains("-----BEGIN "), line.contains("-----END "));
        let is_within = is_certificate || begins;
        is_certificate = is_within && !ends;
        !is_within
    });
    lines.filter_map(|(at, line)| read_line(at + 1, line)).collect()
}

/// Whose key this is, as far as its shape alone says; `None` for the prefix that
/// many providers share.
#[must_use]
pub fn telling_shape(key: &str) -> Option<ProviderId> {
    let prefixes = PROVIDERS.iter().flat_map(|provider| provider.key_prefixes);
    let longest = prefixes.filter(|prefix| key.starts_with(**prefix)).max_by_key(|prefix| prefix.len())?;
    if *longest == SHARED_PREFIX && key.len() != OLD_OPENAI_LENGTH {
        return None;
    }
    key_shape::recognise(key)
}

fn read_line(line: usize, text: &str) -> Option<PastedKey> {
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') || text.starts_with("//") {
        return None;
    }
    let Some((name, value)) = assignment(text) else {
        let key = word_of_a_key(text).unwrap_or_else(|| bare(text));
        return Some(PastedKey { line, variable: None, provider: telling_shape(key), key: key.to_owned() });
    };
    let key = bare(value);
    let named = provider_of_variable(name);
    let shaped = telling_shape(key);
    let is_header = HEADERS.contains(&name.to_ascii_lowercase().as_str());
    let upper = name.to_ascii_uppercase();
    let is_for_a_key = named.is_some() || is_header || upper.ends_with("KEY") || upper.ends_with("TOKEN");
    if key.is_empty() || (!is_for_a_key && shaped.is_none()) {
        return None;
    }
    let variable = (is_for_a_key && !is_header).then(|| name.to_owned());
    Some(PastedKey { line, variable, provider: shaped.or(named), key: key.to_owned() })
}

/// `export NAME=value`, `NAME = "value"`, `"name": "value",` and `name: value`.
fn assignment(text: &str) -> Option<(&str, &str)> {
    let text = ["export ", "set ", "setx ", "$env:"].iter().find_map(|word| text.strip_prefix(word)).unwrap_or(text);
    // A key may end in equals signs itself.
    let is_value = |value: &str| !value.trim_matches('=').trim().is_empty();
    if let Some((name, value)) = text.split_once('=').filter(|(name, value)| is_name(name.trim()) && is_value(value)) {
        return Some((name.trim(), value));
    }
    let (name, value) = text.split_once(':')?;
    let name = name.trim().trim_matches(['"', '\'']);
    let is_assigned =
        (is_name(name) || HEADERS.contains(&name.to_ascii_lowercase().as_str())) && !value.starts_with("//");
    is_assigned.then_some((name, value))
}

fn is_name(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins && name.len() <= 100 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A value without quotes, `Bearer`, a comment behind it, and a mark at its end.
fn bare(value: &str) -> &str {
    let value = value.trim();
    let value = value.split_once(" #").map_or(value, |(value, _)| value).trim_end();
    let value = without_quotes(value.trim_end_matches([',', ';']).trim());
    let value = match value.split_once(' ') {
        Some((word, rest)) if word.eq_ignore_ascii_case("bearer") => rest,
        _ => value,
    };
    without_quotes(value.trim())
}

fn without_quotes(value: &str) -> &str {
    ['"', '\'', '`', '“']
        .iter()
        .find_map(|quote| {
            let end = if *quote == '“' { '”' } else { *quote };
            value.strip_prefix(*quote)?.strip_suffix(end)
        })
        .unwrap_or(value)
        .trim()
}

/// The one word of a line that can only be a key: `my key sk-ant-…`.
fn word_of_a_key(text: &str) -> Option<&str> {
    text.split_whitespace().map(bare).find(|word| telling_shape(word).is_some())
}

fn provider_of_variable(name: &str) -> Option<ProviderId> {
    let reads = |known: &&str| known.eq_ignore_ascii_case(name);
    PROVIDERS.iter().find(|provider| provider.key_variables.iter().any(&reads)).map(|provider| provider.id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OPENAI: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";

    fn only(text: &str) -> PastedKey {
        let mut all = read(text);
        assert_eq!(all.len(), 1, "{text}");
        all.remove(0)
    }

    #[test]
    fn no_line_of_a_private_key_is_taken_for_a_key() {
        let text = format!(
            "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nAQEFAASC==\n-----END PRIVATE KEY-----\n{OPENAI}\n"
        );
        let all = read(&text);
        assert_eq!((all.len(), all[0].line, all[0].key.as_str()), (1, 5, OPENAI));
        assert!(read("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0\n").is_empty(), "one that is cut");
    }

    #[test]
    fn what_came_along_with_a_key_is_left_behind() {
        for text in [
            format!("  {OPENAI}  "),
            format!("\"{OPENAI}\","),
            format!("'{OPENAI}'"),
            format!("“{OPENAI}”"),
            format!("export OPENAI_API_KEY={OPENAI}"),
            format!("export OPENAI_API_KEY=\"{OPENAI}\"  # work"),
            format!("OPENAI_API_KEY = '{OPENAI}';"),
            format!("set OPENAI_API_KEY={OPENAI}"),
            format!("$env:OPENAI_API_KEY = \"{OPENAI}\""),
            format!("\"OPENAI_API_KEY\": \"{OPENAI}\","),
            format!("Authorization: Bearer {OPENAI}"),
            format!("bearer {OPENAI}"),
            format!("my key for work {OPENAI}"),
        ] {
            let found = only(&text);
            assert_eq!((found.key.as_str(), found.provider), (OPENAI, Some(ProviderId::OpenAi)), "{text}");
        }
    }

    #[test]
    fn every_line_is_a_key_of_its_own_and_settings_are_none() {
        let file = format!(
            "# keys\n\nDEBUG=1\nOPENAI_BASE_URL=https://example.org/v1\nOPENAI_API_KEY={OPENAI}\n\
             ANTHROPIC_API_KEY=sk-ant-api03-FAKE0123456789\nMISTRAL_API_KEY=FAKE0123456789abcdef0123456789abcd"
        );
        let found: Vec<_> = read(&file).into_iter().map(|key| (key.line, key.provider)).collect();
        let expected = [(5, ProviderId::OpenAi), (6, ProviderId::Anthropic), (7, ProviderId::Mistral)];
        assert_eq!(found, expected.map(|(line, provider)| (line, Some(provider))));
    }

    #[test]
    fn a_shape_says_more_than_a_variable_and_a_shared_prefix_says_nothing() {
        assert_eq!(only("OPENAI_API_KEY=sk-ant-api03-FAKE0123456789").provider, Some(ProviderId::Anthropic));
        assert_eq!(only("sk-0123456789abcdef0123456789abcdef").provider, None);
        assert_eq!(only("GROQ_API_KEY=sk-0123456789abcdef0123456789abcdef").provider, Some(ProviderId::Groq));
        let old = format!("sk-{}", "a1".repeat(24));
        assert_eq!(only(&old).provider, Some(ProviderId::OpenAi));
    }

    #[test]
    fn a_key_that_ends_in_equals_signs_is_no_assignment() {
        for key in ["FAKE0123456789abcdef=", "FAKE0123456789abcdef=="] {
            assert_eq!(only(key).key, key);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_read_and_nothing_is_made_up(text in "[ -~“”\n]{0,200}") {
            for found in read(&text) {
                prop_assert!(text.contains(&found.key));
                prop_assert!(found.line >= 1 && found.line <= text.lines().count());
            }
        }
    }
}
