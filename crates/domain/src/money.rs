//! Money: whole nano-dollars, and prices as nano-dollars per million tokens.
//! No floating point anywhere between a provider's count and a report.

use std::fmt;

use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::usage::TokenCounts;

/// An amount in nano-USD (10⁻⁹ dollars). Written to JSON as a decimal number of
/// dollars with at most nine decimals, made from the integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Nanos(pub i64);

impl Nanos {
    /// Nothing. Not the same as unknown, which is `None`.
    pub const ZERO: Self = Self(0);

    /// Reads a decimal number of dollars, such as `1.25` or `1.5e-07`, exactly.
    /// `None` when it is no number or does not fit whole nano-dollars.
    #[must_use]
    pub fn parse_usd(text: &str) -> Option<Self> {
        let (digits, power) = decimal(text)?;
        let power = power.checked_add(9)?;
        let nanos = if power >= 0 {
            digits.checked_mul(10_i128.checked_pow(power.unsigned_abs())?)?
        } else {
            let divisor = 10_i128.checked_pow(power.unsigned_abs())?;
            (digits % divisor == 0).then_some(digits / divisor)?
        };
        i64::try_from(nanos).ok().map(Self)
    }

    /// Reads a decimal number of dollars times ten to the `power`, rounded half to
    /// even: other people's lists hold floating-point numbers, whose last digits
    /// mean nothing. `None` when it is no number, does not fit, or would become
    /// zero without being zero.
    #[must_use]
    pub fn parse_rounded(text: &str, power: i32) -> Option<Self> {
        let (digits, shift) = decimal(text)?;
        let shift = shift.checked_add(9)?.checked_add(power)?;
        let nanos = if shift >= 0 {
            digits.checked_mul(10_i128.checked_pow(shift.unsigned_abs())?)?
        } else {
            round_half_even(digits, 10_i128.checked_pow(shift.unsigned_abs())?)
        };
        let vanished = nanos == 0 && digits != 0;
        i64::try_from(nanos).ok().filter(|_| !vanished).map(Self)
    }

    /// The client's cost of this provider cost at a mark-up in basis points
    /// (500 = 5 %), rounded half to even.
    #[must_use]
    pub fn marked_up(self, basis_points: u32) -> Self {
        let scaled = i128::from(self.0) * (10_000 + i128::from(basis_points));
        Self(clamp(round_half_even(scaled, 10_000)))
    }

    /// So many times as much, held at the largest amount.
    #[must_use]
    pub fn times(self, number: u64) -> Self {
        Self(clamp(i128::from(self.0).saturating_mul(i128::from(number))))
    }

    /// The sum, held at the largest amount instead of overflowing.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Nanos {
    /// Dollars without trailing zeros: `0.00012`, `1.25`, `3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        let (dollars, mut fraction) = (magnitude / 1_000_000_000, magnitude % 1_000_000_000);
        if fraction == 0 {
            return write!(f, "{sign}{dollars}");
        }
        let mut decimals = 9;
        while fraction % 10 == 0 {
            fraction /= 10;
            decimals -= 1;
        }
        write!(f, "{sign}{dollars}.{fraction:0decimals$}")
    }
}

impl Serialize for Nanos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// The rates of one model, each in nano-USD per 1,000,000 tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Rates {
    /// Fresh prompt tokens.
    pub input_nanos: i64,
    /// Generated tokens, reasoning included.
    pub output_nanos: i64,
    /// Prompt tokens read from the provider's cache; absent: as `input_nanos`.
    pub cached_input_nanos: Option<i64>,
    /// Prompt tokens written to the provider's cache; absent: as `input_nanos`.
    pub cache_write_nanos: Option<i64>,
    /// Of those, what is kept for an hour; absent: as `cache_write_nanos`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_hour_nanos: Option<i64>,
}

impl Rates {
    fn written_out(self) -> Self {
        let write = self.cache_write_nanos.unwrap_or(self.input_nanos);
        Self {
            cached_input_nanos: Some(self.cached_input_nanos.unwrap_or(self.input_nanos)),
            cache_write_nanos: Some(write),
            cache_write_hour_nanos: Some(self.cache_write_hour_nanos.unwrap_or(write)),
            ..self
        }
    }

    /// Each rate with what it is for, in the order that people read; `None`: as
    /// the one it falls back to.
    #[must_use]
    pub const fn each(&self) -> [(Billed, Option<i64>); 5] {
        [
            (Billed::Input, Some(self.input_nanos)),
            (Billed::Output, Some(self.output_nanos)),
            (Billed::Cached, self.cached_input_nanos),
            (Billed::CacheWrite, self.cache_write_nanos),
            (Billed::CacheWriteHour, self.cache_write_hour_nanos),
        ]
    }
}

/// What a model costs. Stored on each ledger row, so that a row keeps the price
/// it was billed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Price {
    /// The ordinary rates.
    pub rates: Rates,
    /// The rates of the whole request once its prompt is longer than this.
    pub long_context: Option<LongContext>,
}

/// The most that a rate may be, in nano-USD per 1,000,000 tokens: a million dollars.
pub const DEAREST_NANOS: i64 = 1_000_000 * 1_000_000_000;

/// The longest threshold of a long-context rate, in tokens.
const MOST_THRESHOLD_TOKENS: u64 = 1_000_000_000;

/// Why a price is not kept. `Display` is a sentence's end: "the price …".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceProblem {
    /// Below nothing.
    #[error("is negative; a price is 0 or more")]
    Negative,
    /// Beyond what any model costs.
    #[error("is over 1,000,000 dollars per million tokens; write dollars per million, not per token")]
    TooDear,
    /// The long rates begin nowhere.
    #[error("has a threshold that is not 1 to 1,000,000,000 tokens")]
    Threshold,
}

/// Rates that replace the ordinary ones for the whole request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongContext {
    /// The longest prompt, in tokens, that still pays the ordinary rates.
    pub threshold_tokens: u64,
    /// The rates beyond it.
    pub rates: Rates,
}

impl Price {
    /// Local providers: every token is free.
    pub const FREE: Self = Self {
        rates: Rates {
            input_nanos: 0,
            output_nanos: 0,
            cached_input_nanos: None,
            cache_write_nanos: None,
            cache_write_hour_nanos: None,
        },
        long_context: None,
    };

    /// The same with each rate that is absent written out: two prices that are
    /// written out the same bill the same.
    #[must_use]
    pub fn written_out(&self) -> Self {
        let long_context = self.long_context.map(|long| LongContext { rates: long.rates.written_out(), ..long });
        Self {
            rates: self.rates.written_out(),
            long_context: long_context.filter(|long| long.rates != self.rates.written_out()),
        }
    }

    /// Whether each rate is one that a provider could mean.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), PriceProblem> {
        let long = self.long_context.map(|long| long.rates);
        for nanos in
            std::iter::once(self.rates).chain(long).flat_map(|rates| rates.each()).filter_map(|(_, nanos)| nanos)
        {
            if nanos < 0 {
                return Err(PriceProblem::Negative);
            }
            if nanos > DEAREST_NANOS {
                return Err(PriceProblem::TooDear);
            }
        }
        match self.long_context {
            Some(long) if !(1..=MOST_THRESHOLD_TOKENS).contains(&long.threshold_tokens) => Err(PriceProblem::Threshold),
            _ => Ok(()),
        }
    }

    /// The rates that apply to a prompt of this many tokens.
    #[must_use]
    pub fn rates_for(&self, prompt_tokens: u64) -> Rates {
        match self.long_context {
            Some(long) if prompt_tokens > long.threshold_tokens => long.rates,
            _ => self.rates,
        }
    }

    /// What these tokens cost, rounded half to even once, at the end.
    ///
    /// Source: `(prompt − cached − cache_write) × input + cached × cached_input
    /// + cache_write × cache_write + completion × output`, per million.
    ///
    /// Of the writes, those that are kept for an hour pay their own rate.
    #[must_use]
    pub fn cost(&self, tokens: &TokenCounts) -> Nanos {
        let total = self
            .terms(tokens)
            .into_iter()
            .fold(0, |total: i128, term| total.saturating_add(product(term.tokens, term.nanos_per_million)));
        Nanos(clamp(round_half_even(total, 1_000_000)))
    }

    /// What [`Self::cost`] adds up, before it is rounded.
    #[must_use]
    pub fn terms(&self, tokens: &TokenCounts) -> [Term; 5] {
        let rates = self.rates_for(tokens.prompt);
        let cached = tokens.cached.min(tokens.prompt);
        let written = tokens.cache_write.min(tokens.prompt - cached);
        let fresh = tokens.prompt - cached - written;
        let for_an_hour = tokens.cache_write_hour.min(written);
        let write_nanos = rates.cache_write_nanos.unwrap_or(rates.input_nanos);
        [
            (Billed::Input, fresh, rates.input_nanos),
            (Billed::Cached, cached, rates.cached_input_nanos.unwrap_or(rates.input_nanos)),
            (Billed::CacheWrite, written - for_an_hour, write_nanos),
            (Billed::CacheWriteHour, for_an_hour, rates.cache_write_hour_nanos.unwrap_or(write_nanos)),
            (Billed::Output, tokens.completion, rates.output_nanos),
        ]
        .map(|(what, tokens, nanos_per_million)| Term { what, tokens, nanos_per_million })
    }
}

/// Tokens that are billed at one rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// What they are.
    pub what: Billed,
    /// How many.
    pub tokens: u64,
    /// In nano-USD per 1,000,000.
    pub nanos_per_million: i64,
}

impl Term {
    /// What these tokens cost alone, rounded half to even.
    #[must_use]
    pub fn cost(&self) -> Nanos {
        Nanos(clamp(round_half_even(product(self.tokens, self.nanos_per_million), 1_000_000)))
    }
}

/// How much dearer `new` is than `old`, in tenths of a per cent, rounded half to
/// even; `None`: there is no such share, because `old` is nothing.
#[must_use]
pub fn change_in_tenths(old: i64, new: i64) -> Option<i64> {
    let difference = i128::from(new) - i128::from(old);
    (old > 0).then(|| clamp(round_half_even(difference * 1_000, i128::from(old))))
}

/// What a term of a bill is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Billed {
    /// Fresh prompt tokens.
    Input,
    /// Read from the provider's cache.
    Cached,
    /// Written to it.
    CacheWrite,
    /// Written to it for an hour.
    CacheWriteHour,
    /// Generated, reasoning included.
    Output,
}

/// The digits of a decimal number, and the power of ten they are times.
fn decimal(text: &str) -> Option<(i128, i32)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() || !(whole.bytes().chain(fraction.bytes())).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let power = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    Some((if negative { -digits } else { digits }, power))
}

fn product(tokens: u64, nanos_per_million: i64) -> i128 {
    i128::from(tokens).saturating_mul(i128::from(nanos_per_million))
}

impl Billed {
    /// Its name in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Cached => "cached_input",
            Self::CacheWrite => "cache_write",
            Self::CacheWriteHour => "cache_write_1h",
            Self::Output => "output",
        }
    }
}

fn clamp(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// `numerator / denominator` to the nearest integer; a tie goes to the even one.
fn round_half_even(numerator: i128, denominator: i128) -> i128 {
    let (quotient, remainder) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    match (remainder * 2).cmp(&denominator) {
        std::cmp::Ordering::Less => quotient,
        std::cmp::Ordering::Greater => quotient + 1,
        std::cmp::Ordering::Equal => quotient + (quotient & 1),
    }
}

#[cfg(test)]
mod tests;
