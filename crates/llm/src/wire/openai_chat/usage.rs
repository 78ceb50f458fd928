//! Token counts in the providers' spellings, made into one. A count that no
//! call can have is not believed, and never becomes a zero.

use domain::usage::{ABSURD_TOKENS, TokenCounts};
use domain::{Nanos, ProviderId};

use crate::json_scan::{Reader, ScanError};

/// What a `usage` object says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// The counts; `None`: not said, or not believable.
    pub tokens: Option<TokenCounts>,
    /// The provider's own price, from those that give one.
    pub cost: Option<Nanos>,
    /// Some number was negative, fractional or beyond belief.
    pub is_absurd: bool,
}

/// The numbers as sent, before they are judged.
#[derive(Default)]
struct Sent {
    prompt: Option<u64>,
    completion: Option<u64>,
    total: Option<u64>,
    cached: Option<u64>,
    cache_write: Option<u64>,
    reasoning: Option<u64>,
    cost: Option<Nanos>,
    is_absurd: bool,
}

/// More than this for one call is not believed: 10,000 dollars.
const ABSURD_COST: Nanos = Nanos(10_000_000_000_000);

impl Sent {
    fn set_cost(&mut self, cost: Option<Nanos>) {
        self.is_absurd |= cost.is_some_and(|cost| cost > ABSURD_COST);
        self.cost = cost.filter(|&cost| cost <= ABSURD_COST);
    }
}

/// Reads the value of a `usage` member.
#[must_use]
pub fn read(provider: ProviderId, value: &[u8]) -> Usage {
    let mut sent = Sent::default();
    if members(provider, value, &mut sent).is_err() {
        sent.is_absurd = true;
    }
    let counts = counts(provider, &sent);
    let tokens = counts.filter(|counts| !sent.is_absurd && counts.is_plausible());
    Usage { tokens, cost: sent.cost, is_absurd: sent.is_absurd || (counts.is_some() && tokens.is_none()) }
}

fn members(provider: ProviderId, value: &[u8], sent: &mut Sent) -> Result<(), ScanError> {
    Reader::new(value).object(|name, reader| {
        let name = name.text();
        match &*name {
            "prompt_tokens" => sent.prompt = count(reader, &mut sent.is_absurd)?,
            "completion_tokens" => sent.completion = count(reader, &mut sent.is_absurd)?,
            "total_tokens" => sent.total = count(reader, &mut sent.is_absurd)?,
            "num_cached_tokens" | "prompt_cache_hit_tokens" => {
                let cached = count(reader, &mut sent.is_absurd)?;
                sent.cached = sent.cached.or(cached);
            }
            "prompt_tokens_details" | "prompt_token_details" if reader.peek() == Some(b'{') => {
                reader.object(|name, reader| {
                    if name.is("cached_tokens") {
                        let cached = count(reader, &mut sent.is_absurd)?;
                        sent.cached = cached.or(sent.cached);
                    } else if name.is("cache_write_tokens") {
                        sent.cache_write = count(reader, &mut sent.is_absurd)?;
                    } else {
                        reader.skip()?;
                    }
                    Ok(())
                })?;
            }
            "completion_tokens_details" if reader.peek() == Some(b'{') => {
                reader.object(|name, reader| {
                    if name.is("reasoning_tokens") {
                        sent.reasoning = count(reader, &mut sent.is_absurd)?;
                        return Ok(());
                    }
                    reader.skip()
                })?;
            }
            "cost" if provider == ProviderId::OpenRouter => sent.set_cost(amount(reader.value()?, 9)),
            "cost_in_usd_ticks" if provider == ProviderId::XAi => sent.set_cost(amount(reader.value()?, -1)),
            _ => reader.skip()?,
        }
        Ok(())
    })
}

/// The counts in one vocabulary. All zero means that nobody counted.
fn counts(provider: ProviderId, sent: &Sent) -> Option<TokenCounts> {
    let prompt = sent.prompt.or_else(|| sent.total?.checked_sub(sent.completion?))?;
    let mut completion = sent.completion.or_else(|| sent.total?.checked_sub(prompt))?;
    if prompt == 0 && completion == 0 {
        return None;
    }
    let reasoning = sent.reasoning.unwrap_or(0);
    // xAI leaves reasoning out of the completion; its total shows it.
    let is_left_out = match sent.total {
        Some(total) => total == prompt.saturating_add(completion).saturating_add(reasoning),
        None => provider == ProviderId::XAi,
    };
    if is_left_out {
        completion = completion.saturating_add(reasoning);
    }
    let (cached, cache_write) = (sent.cached.unwrap_or(0), sent.cache_write.unwrap_or(0));
    Some(TokenCounts { prompt, completion, cached, cache_write, reasoning, cache_write_hour: 0 })
}

/// A whole number of tokens; null is none.
pub(crate) fn count(reader: &mut Reader<'_>, is_absurd: &mut bool) -> Result<Option<u64>, ScanError> {
    let value = reader.value()?;
    if value == b"null" {
        return Ok(None);
    }
    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse::<u64>().ok());
    let believed = number.filter(|&number| number <= ABSURD_TOKENS);
    *is_absurd |= believed.is_none();
    Ok(believed)
}

/// A decimal number times a power of ten, as whole nano-dollars, rounded half
/// to even. `None` when it is negative or no number.
fn amount(value: &[u8], power: i32) -> Option<Nanos> {
    let text = std::str::from_utf8(value).ok().filter(|text| text.len() <= 30)?;
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let shift = power.checked_add(exponent)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let factor = 10_i128.checked_pow(shift.unsigned_abs());
    let nanos = match (shift >= 0, factor) {
        (true, Some(factor)) => digits.checked_mul(factor)?,
        (true, None) => return (digits == 0).then_some(Nanos::ZERO),
        (false, None) => 0,
        (false, Some(factor)) => {
            let (quotient, rest) = (digits / factor, digits % factor);
            let is_up = rest * 2 > factor || (rest * 2 == factor && quotient % 2 == 1);
            quotient + i128::from(is_up)
        }
    };
    i64::try_from(nanos).ok().map(Nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_counts_are_unknown_and_not_zero() {
        for bad in ["-1", "1.5", "1e3", "99999999999", "\"7\"", "18446744073709551616", "{}"] {
            let body = format!(r#"{{"prompt_tokens":{bad},"completion_tokens":3}}"#);
            let usage = read(ProviderId::OpenAi, body.as_bytes());
            assert_eq!((usage.tokens, usage.is_absurd), (None, true), "{bad}");
        }
        let more_cached_than_read = br#"{"prompt_tokens":1,"completion_tokens":1,"num_cached_tokens":2}"#;
        assert!(read(ProviderId::Mistral, more_cached_than_read).is_absurd);
    }

    #[test]
    fn a_cost_beyond_belief_is_unknown() {
        for (cost, nanos, is_absurd) in [("10000", Some(ABSURD_COST), false), ("10000.01", None, true)] {
            let body = format!(r#"{{"prompt_tokens":1,"completion_tokens":3,"cost":{cost}}}"#);
            let usage = read(ProviderId::OpenRouter, body.as_bytes());
            assert_eq!((usage.cost, usage.is_absurd), (nanos, is_absurd), "{cost}");
        }
    }

    #[test]
    fn nothing_counted_is_unknown() {
        for empty in
            ["{}", r#"{"prompt_tokens":null,"completion_tokens":null}"#, r#"{"prompt_tokens":0,"completion_tokens":0}"#]
        {
            assert_eq!(read(ProviderId::Custom, empty.as_bytes()), Usage::default(), "{empty}");
        }
    }

    #[test]
    fn a_missing_count_follows_from_the_total() {
        let usage = read(ProviderId::Custom, br#"{"prompt_tokens":5,"total_tokens":14}"#);
        assert_eq!(usage.tokens.map(|tokens| (tokens.prompt, tokens.completion)), Some((5, 9)));
    }

    #[test]
    fn costs_become_whole_nano_dollars() {
        for (text, power, nanos) in [
            ("0.00042", 9, Some(420_000)),
            ("4.2e-4", 9, Some(420_000)),
            ("0.0000000015", 9, Some(2)),
            ("0.0000000025", 9, Some(2)),
            ("0", 9, Some(0)),
            ("1e-400", 9, Some(0)),
            ("1e400", 9, None),
            ("-1", 9, None),
            ("null", 9, None),
            ("16730000", -1, Some(1_673_000)),
            ("15", -1, Some(2)),
        ] {
            assert_eq!(amount(text.as_bytes(), power), nanos.map(Nanos), "{text}");
        }
    }
}
