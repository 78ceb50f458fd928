//! `usageMetadata` in our vocabulary. Counts that are zero are left out there;
//! thoughts are counted apart from the candidates.

use domain::usage::TokenCounts;

use crate::json_scan::{Reader, ScanError};
use crate::wire::openai_chat::usage::{Usage, count};

#[derive(Default)]
struct Sent {
    prompt: Option<u64>,
    tool_prompt: Option<u64>,
    cached: Option<u64>,
    candidates: Option<u64>,
    thoughts: Option<u64>,
    total: Option<u64>,
    is_absurd: bool,
}

/// Reads the value of a `usageMetadata` member.
#[must_use]
pub fn read(value: &[u8]) -> Usage {
    let mut sent = Sent::default();
    if members(value, &mut sent).is_err() {
        sent.is_absurd = true;
    }
    let counts = counts(&sent);
    let tokens = counts.filter(|counts| !sent.is_absurd && counts.is_plausible());
    Usage { tokens, cost: None, is_absurd: sent.is_absurd || (counts.is_some() && tokens.is_none()) }
}

fn members(value: &[u8], sent: &mut Sent) -> Result<(), ScanError> {
    Reader::new(value).object(|name, reader| {
        let slot = match &*name.text() {
            "promptTokenCount" => &mut sent.prompt,
            "toolUsePromptTokenCount" => &mut sent.tool_prompt,
            "cachedContentTokenCount" => &mut sent.cached,
            "candidatesTokenCount" => &mut sent.candidates,
            "thoughtsTokenCount" => &mut sent.thoughts,
            "totalTokenCount" => &mut sent.total,
            _ => return reader.skip(),
        };
        *slot = count(reader, &mut sent.is_absurd)?;
        Ok(())
    })
}

/// The counts in one vocabulary. All zero means that nobody counted.
fn counts(sent: &Sent) -> Option<TokenCounts> {
    let candidates = sent.candidates.unwrap_or(0);
    let reasoning = sent.thoughts.unwrap_or(0);
    let read = |count: u64| count.saturating_add(sent.tool_prompt.unwrap_or(0));
    let prompt = match (sent.prompt, sent.total) {
        (Some(prompt), _) => read(prompt),
        // Only the total is there: what was not written was read.
        (None, Some(total)) => total.checked_sub(candidates.saturating_add(reasoning))?,
        (None, None) => return None,
    };
    // Some servers count the thoughts among the candidates; the total shows it.
    let is_inside = sent.total == Some(prompt.saturating_add(candidates)) && reasoning <= candidates;
    let completion = if is_inside { candidates } else { candidates.saturating_add(reasoning) };
    if prompt == 0 && completion == 0 {
        return None;
    }
    Some(TokenCounts {
        prompt,
        completion,
        cached: sent.cached.unwrap_or(0),
        cache_write: 0,
        reasoning,
        cache_write_hour: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_are_added_once() {
        for (body, completion) in [
            (r#"{"promptTokenCount":9,"candidatesTokenCount":8,"thoughtsTokenCount":21,"totalTokenCount":38}"#, 29),
            (r#"{"promptTokenCount":9,"candidatesTokenCount":29,"thoughtsTokenCount":21,"totalTokenCount":38}"#, 29),
            (r#"{"promptTokenCount":9,"thoughtsTokenCount":21,"totalTokenCount":30}"#, 21),
            (r#"{"promptTokenCount":9,"thoughtsTokenCount":21}"#, 21),
            (r#"{"promptTokenCount":4,"toolUsePromptTokenCount":5,"candidatesTokenCount":2,"totalTokenCount":11}"#, 2),
            (r#"{"candidatesTokenCount":2,"totalTokenCount":11}"#, 2),
        ] {
            let tokens = read(body.as_bytes()).tokens;
            assert_eq!(tokens.map(|tokens| (tokens.prompt, tokens.completion)), Some((9, completion)), "{body}");
        }
    }

    #[test]
    fn absurd_counts_are_unknown_and_not_zero() {
        for bad in ["-1", "1.5", "99999999999", "\"7\"", "{}"] {
            let body = format!(r#"{{"promptTokenCount":{bad},"candidatesTokenCount":3}}"#);
            let usage = read(body.as_bytes());
            assert_eq!((usage.tokens, usage.is_absurd), (None, true), "{bad}");
        }
        assert!(read(br#"{"promptTokenCount":1,"cachedContentTokenCount":2}"#).is_absurd);
    }

    #[test]
    fn nothing_counted_is_unknown() {
        for empty in ["{}", r#"{"promptTokenCount":0}"#, r#"{"promptTokenCount":null,"trafficType":"ON_DEMAND"}"#] {
            assert_eq!(read(empty.as_bytes()), Usage::default(), "{empty}");
        }
    }
}
