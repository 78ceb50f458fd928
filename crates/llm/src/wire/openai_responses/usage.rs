//! Token counts in the words of Responses. A count that no call can have is not
//! believed, and never becomes a zero.

use domain::usage::TokenCounts;
use serde_json::{Value, json};

use crate::json_scan::{Reader, ScanError};
use crate::wire::openai_chat::usage::{Usage, count};

/// The numbers as sent, before they are judged.
#[derive(Default)]
struct Sent {
    input: Option<u64>,
    output: Option<u64>,
    total: Option<u64>,
    cached: Option<u64>,
    cache_write: Option<u64>,
    reasoning: Option<u64>,
    is_absurd: bool,
}

/// Reads the value of a `usage` member.
pub(crate) fn read(value: &[u8]) -> Usage {
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
        match &*name.text() {
            "input_tokens" => sent.input = count(reader, &mut sent.is_absurd)?,
            "output_tokens" => sent.output = count(reader, &mut sent.is_absurd)?,
            "total_tokens" => sent.total = count(reader, &mut sent.is_absurd)?,
            "input_tokens_details" if reader.peek() == Some(b'{') => {
                reader.object(|name, reader| {
                    if name.is("cached_tokens") {
                        sent.cached = count(reader, &mut sent.is_absurd)?;
                    } else if name.is("cache_write_tokens") {
                        sent.cache_write = count(reader, &mut sent.is_absurd)?;
                    } else {
                        reader.skip()?;
                    }
                    Ok(())
                })?;
            }
            "output_tokens_details" if reader.peek() == Some(b'{') => {
                reader.object(|name, reader| {
                    if name.is("reasoning_tokens") {
                        sent.reasoning = count(reader, &mut sent.is_absurd)?;
                        return Ok(());
                    }
                    reader.skip()
                })?;
            }
            _ => reader.skip()?,
        }
        Ok(())
    })
}

/// The counts in one vocabulary. All zero means that nobody counted.
fn counts(sent: &Sent) -> Option<TokenCounts> {
    let prompt = sent.input.or_else(|| sent.total?.checked_sub(sent.output?))?;
    let completion = sent.output.or_else(|| sent.total?.checked_sub(prompt))?;
    if prompt == 0 && completion == 0 {
        return None;
    }
    let or_none = |count: Option<u64>| count.unwrap_or(0);
    let (cached, cache_write) = (or_none(sent.cached), or_none(sent.cache_write));
    Some(TokenCounts {
        prompt,
        completion,
        cached,
        cache_write,
        reasoning: or_none(sent.reasoning),
        cache_write_hour: 0,
    })
}

/// Counts in the words of Responses.
pub(super) fn value(counts: &TokenCounts) -> Value {
    let TokenCounts { prompt, completion, cached, cache_write, reasoning, .. } = counts;
    json!({
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": cache_write},
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": prompt + completion,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_counts_are_unknown_and_not_zero() {
        for bad in ["-1", "1.5", "99999999999", "\"7\"", "{}"] {
            let usage = read(format!(r#"{{"input_tokens":{bad},"output_tokens":3}}"#).as_bytes());
            assert_eq!((usage.tokens, usage.is_absurd), (None, true), "{bad}");
        }
        let more_cached_than_read =
            br#"{"input_tokens":1,"output_tokens":1,"input_tokens_details":{"cached_tokens":2}}"#;
        assert!(read(more_cached_than_read).is_absurd);
        assert_eq!(read(br#"{"input_tokens":0,"output_tokens":0}"#), Usage::default());
    }

    #[test]
    fn a_missing_count_follows_from_the_total() {
        let usage = read(br#"{"input_tokens":5,"total_tokens":14}"#);
        assert_eq!(usage.tokens.map(|tokens| (tokens.prompt, tokens.completion)), Some((5, 9)));
    }
}
