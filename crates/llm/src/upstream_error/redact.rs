//! Takes out of a provider's sentence what must not be shown: keys (providers
//! like to echo them), query strings, control characters. Errs on the side of
//! taking out too much, but lets model names live.

use domain::provider::PROVIDERS;

/// The longest sentence kept, in characters.
const MAX_CHARACTERS: usize = 1_000;

/// What stands where something was taken out.
const REMOVED: &str = "[removed]";

/// Beginnings of keys beyond those of our own table.
const KEY_PREFIXES: [&str; 16] = [
    "sk-",
    "sk_",
    "pk-",
    "rk-",
    "gsk_",
    "AIza",
    "AQ.",
    "ya29.",
    "eyJ",
    "owk_",
    "ghp_",
    "github_pat_",
    "nvapi-",
    "pplx-",
    "csk-",
    "tgp_",
];

/// Words that announce a key, alone or at the end of another.
const KEY_WORDS: [&str; 3] = ["key", "token", "secret"];

/// Words that may stand between such a word and the key.
const BETWEEN: [&str; 6] = ["provided", "supplied", "given", "is", "was", "value"];

/// The shortest word taken for a key because of the word before it.
const MIN_ANNOUNCED_LENGTH: usize = 6;

/// The shortest run of characters that may be a key without a known beginning.
const MIN_RANDOM_LENGTH: usize = 20;

/// So many changes between capital, small letter and digit are no name.
const MIN_RANDOM_CHANGES: usize = 6;

/// The sentence, safe to show, in one line.
#[must_use]
pub fn redacted(sentence: &str) -> String {
    let mut out = String::with_capacity(sentence.len().min(MAX_CHARACTERS * 2));
    let (mut is_after_scheme, mut is_announced) = (false, false);
    // Nothing beyond four times the limit can matter; a body may be megabytes.
    let start: String = sentence.chars().take(MAX_CHARACTERS * 4).map(visible).collect();
    for word in start.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let is_scheme = ["bearer", "basic"].iter().any(|scheme| bare.eq_ignore_ascii_case(scheme));
        if (is_after_scheme && !is_scheme && bare.len() >= 8) || (is_announced && may_be_announced(bare)) {
            out.push_str(REMOVED);
        } else {
            word_into(word, &mut out);
        }
        is_after_scheme = is_scheme;
        is_announced = announces(bare) || (is_announced && is_between(bare));
    }
    if out.chars().count() > MAX_CHARACTERS {
        out = out.chars().take(MAX_CHARACTERS - 1).chain(['…']).collect();
    }
    out
}

/// Whether a key may follow this word.
fn announces(bare: &str) -> bool {
    let bare = bare.to_ascii_lowercase();
    KEY_WORDS.iter().any(|word| bare.ends_with(word))
}

/// Whether a word is only on the way to the key: punctuation is nothing.
fn is_between(bare: &str) -> bool {
    bare.is_empty() || BETWEEN.iter().any(|word| bare.eq_ignore_ascii_case(word))
}

/// Whether a word after an announcing one is no ordinary word.
fn may_be_announced(bare: &str) -> bool {
    let has = |fits: fn(&u8) -> bool| bare.as_bytes().iter().any(fits);
    bare.len() >= MIN_ANNOUNCED_LENGTH && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
}

/// Whether a run of characters may be a key.
#[must_use]
pub fn looks_like_a_key(run: &str) -> bool {
    let known = PROVIDERS.iter().flat_map(|provider| provider.key_prefixes.iter().copied()).chain(KEY_PREFIXES);
    let begins = |text: &str, prefix: &str| text.len() >= prefix.len() + 4 && text.starts_with(prefix);
    let has_prefix = known.into_iter().any(|prefix| run.split('/').any(|text| begins(text, prefix)));
    has_prefix || run.contains("***") || run.contains('•') || is_random(run)
}

/// Long, letters and digits mixed, and not put together like a name.
fn is_random(run: &str) -> bool {
    let is_mixed =
        |text: &str| text.bytes().any(|b| b.is_ascii_digit()) && text.bytes().any(|b| b.is_ascii_alphabetic());
    if run.len() < MIN_RANDOM_LENGTH || !is_mixed(run) {
        return false;
    }
    let mut segments = run.split(|c: char| !c.is_ascii_alphanumeric());
    if segments.clone().any(|segment| segment.len() >= MIN_RANDOM_LENGTH && is_mixed(segment)) {
        return true;
    }
    let is_uuid = segments.clone().map(str::len).eq([8, 4, 4, 4, 12]);
    is_uuid || segments.by_ref().map(changes).sum::<usize>() >= MIN_RANDOM_CHANGES
}

/// How often the kind of character changes; a capital at the front is free.
fn changes(segment: &str) -> usize {
    let kind = |byte: u8| (byte.is_ascii_uppercase(), byte.is_ascii_digit());
    let bytes = segment.as_bytes();
    let all = bytes.windows(2).filter(|pair| matches!(pair, [a, b] if kind(*a) != kind(*b))).count();
    let has_capital = matches!(bytes, [first, second, ..] if first.is_ascii_uppercase() && second.is_ascii_lowercase());
    all - usize::from(has_capital)
}

/// Control characters and direction marks become blanks.
fn visible(c: char) -> char {
    if c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    {
        ' '
    } else {
        c
    }
}

/// One word without blanks: its runs are judged, its punctuation stays.
fn word_into(word: &str, out: &mut String) {
    if word.contains("://") {
        return url_into(word, out);
    }
    if let Some((name, value)) = word.split_once(['=', ':'])
        && announces(name.trim_matches(|c: char| !c.is_alphanumeric()))
        && value.trim_matches(|c: char| !c.is_alphanumeric()).len() >= 4
    {
        out.push_str(name);
        out.push_str(word.get(name.len()..=name.len()).unwrap_or_default());
        out.push_str(REMOVED);
        return;
    }
    let mut run = String::new();
    for c in word.chars() {
        // `*`, `…` and `•` stand inside masked keys.
        if c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+' | '~' | '*' | '…' | '•') {
            run.push(c);
        } else {
            run_into(&mut run, out);
            out.push(c);
        }
    }
    run_into(&mut run, out);
}

fn run_into(run: &mut String, out: &mut String) {
    if looks_like_a_key(run.trim_matches('.')) {
        out.push_str(REMOVED);
        // The sentence's own full stop.
        if run.ends_with('.') {
            out.push('.');
        }
    } else {
        out.push_str(run);
    }
    run.clear();
}

/// A link stays readable without its query; one with a password or a key in it
/// does not stay.
fn url_into(word: &str, out: &mut String) {
    let base = word.split(['?', '#']).next().unwrap_or_default();
    let is_unsafe = base.contains('@') || base.split(['/', ':', '=', '"', '\'', '(', ')']).any(looks_like_a_key);
    out.push_str(if is_unsafe { REMOVED } else { base });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_do_not_survive_in_any_dress() {
        for secret in [
            "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1",
            "sk-proj-****…key9",
            "gsk_FAKEaBcDeFg",
            "AIzaSyFAKE0123456789",
            "xa***ey",
            "0123456789abcdef0123456789abcdef",
            "FAKEaBcDeFgHiJkLmNoPqRsTuVwXkey1",
            "6f1c2d3e-4a5b-4c6d-8e7f-9a0b1c2d3e4f",
            "aB1-cD2_eF3-gH4_iJ5-kL6",
        ] {
            for dress in [
                "Key {} is bad.",
                "key={}",
                "\"api_key\":\"{}\",",
                "({})",
                "Authorization: Bearer {}",
                "https://u:{}@x/",
            ] {
                let safe = redacted(&dress.replace("{}", secret));
                assert!(!safe.contains(secret), "{safe}");
                assert!(safe.contains(REMOVED), "{safe}");
            }
        }
        assert_eq!(redacted("Bearer abcdefgh given"), "Bearer [removed] given");
    }

    #[test]
    fn a_short_key_is_known_by_the_word_before_it() {
        for (sentence, safe) in [
            ("Bad key=token-abc123 sent", "Bad key=[removed] sent"),
            ("Invalid API-Key: token-abc123.", "Invalid API-Key: [removed]"),
            ("The token provided is 'abc123' here", "The token provided is [removed] here"),
            ("{\"api_key\":\"hunter\"}", "{\"api_key\":[removed]"),
            ("Each token costs 15 cents; the key is wrong.", "Each token costs 15 cents; the key is wrong."),
        ] {
            assert_eq!(redacted(sentence), safe);
        }
    }

    #[test]
    fn names_and_plain_sentences_live() {
        for plain in [
            "The model `claude-sonnet-4-5-20250929` does not exist.",
            "meta-llama/Llama-3.3-70B-Instruct is gated (see https://huggingface.co/docs).",
            "accounts/fireworks/models/deepseek-v4p1-flash and Qwen/Qwen3-235B-A22B-Instruct-2507",
            "Limit 8000, Used 7990, Requested 400. Please try again in 2.93s.",
        ] {
            assert_eq!(redacted(plain), plain);
        }
    }

    #[test]
    fn queries_controls_and_length_are_cut() {
        assert_eq!(redacted("see https://x.y/z?key=1&b=2 now"), "see https://x.y/z now");
        assert_eq!(redacted("a\u{0}b\r\n\u{1b}[31mc\u{202e}d"), "a b [31mc d");
        assert_eq!(redacted(&"é ".repeat(5_000)).chars().count(), MAX_CHARACTERS);
    }
}
