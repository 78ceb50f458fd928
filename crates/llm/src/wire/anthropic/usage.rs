//! Token counts. Anthropic counts what its cache read and wrote apart from
//! `input_tokens`; we count it in. In a stream later counts replace earlier
//! ones, they never add up.
//!
//! Writes that are kept for an hour cost more than those for five minutes, so
//! they are counted apart as well: `cache_creation.ephemeral_1h_input_tokens`.

use domain::usage::TokenCounts;

use crate::json_scan::{Reader, ScanError};
use crate::wire::openai_chat::usage::count;

/// The counts as sent, as far as they came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counted {
    input: Option<u64>,
    output: Option<u64>,
    cache_write: Option<u64>,
    cache_write_hour: Option<u64>,
    cache_read: Option<u64>,
    thinking: Option<u64>,
    /// Some number was negative, fractional or beyond belief.
    pub(super) is_absurd: bool,
}

impl Counted {
    /// Takes the value of a `usage` member; what it names replaces what was
    /// known.
    pub(super) fn take(&mut self, value: &[u8]) {
        let before = *self;
        if self.members(value).is_err() {
            self.is_absurd = true;
        }
        self.input = self.input.or(before.input);
        self.output = self.output.or(before.output);
        self.cache_write = self.cache_write.or(before.cache_write);
        self.cache_write_hour = self.cache_write_hour.or(before.cache_write_hour);
        self.cache_read = self.cache_read.or(before.cache_read);
        self.thinking = self.thinking.or(before.thinking);
        self.is_absurd |= self.sum().is_some_and(|counts| !counts.is_plausible());
    }

    /// The counts in our vocabulary; `None`: not said, or not believable.
    pub(super) fn tokens(&self) -> Option<TokenCounts> {
        // All zero means that nobody counted.
        self.sum().filter(|counts| !self.is_absurd && (counts.prompt > 0 || counts.completion > 0))
    }

    fn sum(&self) -> Option<TokenCounts> {
        let (cached, cache_write) = (self.cache_read.unwrap_or(0), self.cache_write.unwrap_or(0));
        Some(TokenCounts {
            prompt: self.input?.saturating_add(cached).saturating_add(cache_write),
            completion: self.output?,
            cached,
            cache_write,
            cache_write_hour: self.cache_write_hour.unwrap_or(0),
            reasoning: self.thinking.unwrap_or(0),
        })
    }

    fn members(&mut self, value: &[u8]) -> Result<(), ScanError> {
        Reader::new(value).object(|name, reader| {
            let slot = match &*name.text() {
                "input_tokens" => &mut self.input,
                "output_tokens" => &mut self.output,
                "cache_creation_input_tokens" => &mut self.cache_write,
                "cache_read_input_tokens" => &mut self.cache_read,
                "cache_creation" if reader.peek() == Some(b'{') => {
                    return reader.object(|name, reader| {
                        if name.is("ephemeral_1h_input_tokens") {
                            self.cache_write_hour = count(reader, &mut self.is_absurd)?;
                            return Ok(());
                        }
                        reader.skip()
                    });
                }
                "output_tokens_details" if reader.peek() == Some(b'{') => {
                    return reader.object(|name, reader| {
                        if name.is("thinking_tokens") {
                            self.thinking = count(reader, &mut self.is_absurd)?;
                            return Ok(());
                        }
                        reader.skip()
                    });
                }
                _ => return reader.skip(),
            };
            *slot = count(reader, &mut self.is_absurd)?;
            Ok(())
        })
    }
}

/// Appends counts in Anthropic's words.
pub(super) fn push(out: &mut Vec<u8>, counts: Option<&TokenCounts>) {
    let TokenCounts { prompt, completion, cached, cache_write, cache_write_hour, reasoning } =
        counts.copied().unwrap_or_default();
    let input = prompt.saturating_sub(cached).saturating_sub(cache_write);
    let mut text = format!(
        "{{\"input_tokens\":{input},\"cache_creation_input_tokens\":{cache_write},\
         \"cache_read_input_tokens\":{cached},\"output_tokens\":{completion}"
    );
    if cache_write_hour > 0 {
        let five_minutes = cache_write.saturating_sub(cache_write_hour);
        text.push_str(&format!(
            ",\"cache_creation\":{{\"ephemeral_5m_input_tokens\":{five_minutes},\
             \"ephemeral_1h_input_tokens\":{cache_write_hour}}}"
        ));
    }
    if reasoning > 0 {
        text.push_str(&format!(",\"output_tokens_details\":{{\"thinking_tokens\":{reasoning}}}"));
    }
    text.push('}');
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(values: &[&str]) -> Counted {
        let mut counted = Counted::default();
        values.iter().for_each(|value| counted.take(value.as_bytes()));
        counted
    }

    #[test]
    fn what_the_cache_read_and_wrote_is_counted_in() {
        let usage = r#"{"input_tokens":12,"cache_creation_input_tokens":2048,"cache_read_input_tokens":10000,
            "output_tokens":6,"output_tokens_details":{"thinking_tokens":4},
            "cache_creation":{"ephemeral_5m_input_tokens":48,"ephemeral_1h_input_tokens":2000}}"#;
        let expected = TokenCounts {
            prompt: 12_060,
            completion: 6,
            cached: 10_000,
            cache_write: 2_048,
            cache_write_hour: 2_000,
            reasoning: 4,
        };
        assert_eq!(counted(&[usage]).tokens(), Some(expected));
        let mut written = Vec::new();
        push(&mut written, Some(&expected));
        assert_eq!(counted(&[&String::from_utf8(written).unwrap()]).tokens(), Some(expected));
    }

    #[test]
    fn later_counts_replace_earlier_ones() {
        let start = r#"{"input_tokens":16,"cache_read_input_tokens":4,"output_tokens":1}"#;
        let tokens = counted(&[start, r#"{"output_tokens":14,"input_tokens":null}"#]).tokens().unwrap();
        assert_eq!((tokens.prompt, tokens.completion), (20, 14));
        let tokens = counted(&[start, r#"{"output_tokens":2}"#, r#"{"output_tokens":3}"#]).tokens().unwrap();
        assert_eq!(tokens.completion, 3);
    }

    #[test]
    fn absurd_counts_are_unknown_and_not_zero() {
        for bad in ["-1", "1.5", "99999999999", "\"7\"", "{}"] {
            let counted = counted(&[&format!(r#"{{"input_tokens":{bad},"output_tokens":3}}"#)]);
            assert_eq!((counted.tokens(), counted.is_absurd), (None, true), "{bad}");
        }
        let more_thought_than_said =
            r#"{"input_tokens":1,"output_tokens":1,"output_tokens_details":{"thinking_tokens":2}}"#;
        assert!(counted(&[more_thought_than_said]).is_absurd);
        let more_for_an_hour_than_written = r#"{"input_tokens":1,"output_tokens":1,"cache_creation_input_tokens":5,
            "cache_creation":{"ephemeral_1h_input_tokens":6}}"#;
        assert!(counted(&[more_for_an_hour_than_written]).is_absurd);
        for nothing in ["{}", r#"{"input_tokens":0,"output_tokens":0}"#, r#"{"output_tokens":3}"#] {
            assert_eq!((counted(&[nothing]).tokens(), counted(&[nothing]).is_absurd), (None, false), "{nothing}");
        }
    }
}
