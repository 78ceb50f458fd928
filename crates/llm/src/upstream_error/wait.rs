//! How long a provider asks to wait, from its headers, in all the ways that
//! providers have of saying it. A time of day stays one: nobody knows the time
//! here.

use std::time::Duration;

use domain::Timestamp;
use http::HeaderMap;

/// No wait is longer than a day.
const LONGEST: f64 = 86_400.0;

/// When a limit ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// After so long.
    For(Duration),
    /// At this time by the provider's clock.
    Until(Timestamp),
}

impl Wait {
    /// How long it is from `now`: zero when the time has passed, at most a day.
    #[must_use]
    pub fn from(self, now: Timestamp) -> Duration {
        let wait = match self {
            Self::For(wait) => wait,
            Self::Until(at) => at.since(now),
        };
        wait.min(Duration::from_secs_f64(LONGEST))
    }
}

/// The limits whose headers end in their names: OpenAI's, then Anthropic's.
const LIMITS: [&str; 4] = ["requests", "tokens", "input-tokens", "output-tokens"];

/// `retry-after-ms`, then `retry-after`, then the window of `ratelimit` (Hugging
/// Face), then the reset of the limits that are used up: the latest of them.
pub(crate) fn of_headers(headers: &HeaderMap) -> Option<Wait> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let used_up = |prefix: &str, suffix: &str| {
        let is_used_up = text(&format!("{prefix}-remaining{suffix}")).and_then(|left| left.parse::<f64>().ok())? <= 0.0;
        is_used_up.then(|| text(&format!("{prefix}-reset{suffix}"))).flatten()
    };
    let openai = || LIMITS.iter().filter_map(|limit| duration(used_up("x-ratelimit", &format!("-{limit}"))?)).max();
    let anthropic = || {
        let resets = LIMITS.iter().filter_map(|limit| {
            let name = format!("anthropic-ratelimit-{limit}");
            let is_used_up = text(&format!("{name}-remaining")) == Some("0");
            is_used_up.then(|| Timestamp::parse(text(&format!("{name}-reset"))?)).flatten()
        });
        resets.max()
    };
    text("retry-after-ms")
        .and_then(|value| seconds(value, 0.001))
        .map(Wait::For)
        .or_else(|| text("retry-after").and_then(retry_after))
        .or_else(|| text("ratelimit").and_then(window).map(Wait::For))
        .or_else(|| openai().map(Wait::For))
        .or_else(|| anthropic().map(Wait::Until))
        .or_else(|| used_up("x-ratelimit", "").and_then(reset))
}

/// Seconds, or a date.
fn retry_after(text: &str) -> Option<Wait> {
    seconds(text, 1.0).map(Wait::For).or_else(|| Timestamp::parse_http_date(text).map(Wait::Until))
}

/// `"api";r=0;t=55`.
fn window(text: &str) -> Option<Duration> {
    seconds(text.split(";t=").nth(1)?.split(';').next()?, 1.0)
}

/// A bare reset: milliseconds since 1970 (OpenRouter), seconds since 1970, or
/// seconds from now. Their sizes tell them apart.
fn reset(text: &str) -> Option<Wait> {
    match text.parse::<i64>() {
        Ok(millis @ 100_000_000_000..) => Some(Wait::Until(Timestamp::from_micros(millis.saturating_mul(1_000)))),
        Ok(since_1970 @ 1_000_000_000..) => Some(Wait::Until(Timestamp::from_seconds(since_1970))),
        Ok(_) => seconds(text, 1.0).map(Wait::For),
        Err(_) => duration(text).map(Wait::For),
    }
}

fn seconds(text: &str, unit: f64) -> Option<Duration> {
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)?;
    Some(Duration::from_secs_f64((number * unit).min(LONGEST)))
}

/// Go's durations: `20ms`, `7.66s`, `2m59.56s`, `1h2m`.
fn duration(text: &str) -> Option<Duration> {
    let (mut total, mut rest) = (0.0, text);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, unit) = rest.split_at_checked(end)?;
        let (factor, after) = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3_600.0), ("d", 86_400.0)]
            .iter()
            .find_map(|(name, factor)| unit.strip_prefix(name).map(|after| (*factor, after)))?;
        total += number.parse::<f64>().ok()? * factor;
        rest = after;
    }
    (total.is_finite() && !text.is_empty()).then(|| Duration::from_secs_f64(total.min(LONGEST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&'static str, &str)]) -> Option<Wait> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        of_headers(&map)
    }

    #[test]
    fn waits_are_read_from_the_finest_header() {
        for (headers, milliseconds) in [
            (vec![("retry-after", "1"), ("retry-after-ms", "120")], Some(120)),
            (vec![("retry-after", "soon")], None),
            (vec![("retry-after", "-1")], None),
            (vec![("retry-after", "1e300")], Some(86_400_000)),
            (vec![("ratelimit", "\"api\";r=0;t=55")], Some(55_000)),
            (vec![("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "2m59.5s")], Some(179_500)),
            (vec![("x-ratelimit-remaining-tokens", "9"), ("x-ratelimit-reset-tokens", "1s")], None),
            (vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "12")], Some(12_000)),
            (vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "6m0s")], Some(360_000)),
        ] {
            assert_eq!(read(&headers), milliseconds.map(|wait| Wait::For(Duration::from_millis(wait))), "{headers:?}");
        }
    }

    #[test]
    fn times_of_day_are_read_as_such() {
        for (headers, seconds) in [
            (vec![("retry-after", "Sat, 21 Nov 2026 08:00:30 GMT")], 1_795_248_030),
            (vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795248030000")], 1_795_248_030),
            (vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795248030")], 1_795_248_030),
            (
                vec![
                    ("anthropic-ratelimit-requests-remaining", "0"),
                    ("anthropic-ratelimit-requests-reset", "2026-11-21T08:00:10Z"),
                    ("anthropic-ratelimit-input-tokens-remaining", "0"),
                    ("anthropic-ratelimit-input-tokens-reset", "2026-11-21T08:00:30Z"),
                    ("anthropic-ratelimit-output-tokens-remaining", "5"),
                    ("anthropic-ratelimit-output-tokens-reset", "2026-11-21T09:00:00Z"),
                ],
                1_795_248_030,
            ),
        ] {
            assert_eq!(read(&headers), Some(Wait::Until(Timestamp::from_seconds(seconds))), "{headers:?}");
        }
    }

    #[test]
    fn a_wait_until_a_time_depends_on_the_time() {
        let at = Timestamp::from_seconds;
        for (wait, now, seconds) in [
            (Wait::Until(at(130)), 100, 30),
            (Wait::Until(at(130)), 200, 0),
            (Wait::Until(at(1_000_000)), 0, 86_400),
            (Wait::For(Duration::from_secs(7)), 200, 7),
        ] {
            assert_eq!(wait.from(at(now)), Duration::from_secs(seconds), "{wait:?}");
        }
    }
}
