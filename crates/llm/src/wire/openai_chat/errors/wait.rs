//! How long a provider asks to wait, from its headers.

use std::time::Duration;

use http::HeaderMap;

/// No wait is longer than a day.
const LONGEST: f64 = 86_400.0;

/// `retry-after-ms`, then `retry-after` in seconds, then the window of
/// `ratelimit` (Hugging Face), then the reset of a limit that is used up.
pub(in crate::wire) fn of_headers(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let reset = |what: &str| {
        let remaining = text(&format!("x-ratelimit-remaining-{what}"))?;
        (remaining == "0").then(|| text(&format!("x-ratelimit-reset-{what}")).and_then(duration)).flatten()
    };
    let milliseconds = text("retry-after-ms").and_then(|value| seconds(value, 0.001));
    milliseconds
        .or_else(|| text("retry-after").and_then(|value| seconds(value, 1.0)))
        .or_else(|| text("ratelimit").and_then(|value| seconds(value.split(";t=").nth(1)?.split(';').next()?, 1.0)))
        .or_else(|| reset("requests").max(reset("tokens")))
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

    #[test]
    fn waits_are_read_from_the_finest_header() {
        for (headers, milliseconds) in [
            (vec![("retry-after", "1"), ("retry-after-ms", "120")], Some(120)),
            (vec![("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT")], None),
            (vec![("retry-after", "-1")], None),
            (vec![("retry-after", "1e300")], Some(86_400_000)),
            (vec![("ratelimit", "\"api\";r=0;t=55")], Some(55_000)),
            (vec![("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "2m59.5s")], Some(179_500)),
            (vec![("x-ratelimit-remaining-tokens", "9"), ("x-ratelimit-reset-tokens", "1s")], None),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in &headers {
                map.insert(*name, value.parse().unwrap());
            }
            assert_eq!(of_headers(&map), milliseconds.map(Duration::from_millis), "{headers:?}");
        }
    }
}
