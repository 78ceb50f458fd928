//! Where a failure's words stand.

use std::time::Duration;

use serde_json::Value;

use crate::json_scan::RawText;

/// No wait is longer than a day.
const LONGEST_WAIT: f64 = 86_400.0;

/// A failure's words, as sent.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Shape {
    pub(super) code: Option<u16>,
    pub(super) message: Option<String>,
    /// `RESOURCE_EXHAUSTED` and the like.
    pub(super) status: Option<String>,
    /// `ErrorInfo`: `API_KEY_INVALID` and the like.
    pub(super) reason: Option<String>,
    /// `BadRequest`: the first field that did not fit.
    pub(super) field: Option<String>,
    /// `QuotaFailure`: a quota of the day is used up, or is none.
    pub(super) is_quota_gone: bool,
    /// `RetryInfo`.
    pub(super) retry_after: Option<Duration>,
}

/// The shape of a whole body. HTML and the like have no words for us.
pub(super) fn of_body(body: &[u8]) -> Shape {
    let Ok(whole) = serde_json::from_slice::<Value>(body) else {
        return Shape::default();
    };
    let first = whole.as_array().and_then(|list| list.iter().find(|item| item.get("error").is_some()));
    of(first.unwrap_or(&whole).get("error").unwrap_or(&Value::Null))
}

/// The shape of an `error` value: an object or a string.
pub(super) fn of_value(value: &[u8]) -> Shape {
    match serde_json::from_slice::<Value>(value) {
        Ok(value) => of(&value),
        // A lone surrogate half in a string, which this parser refuses.
        Err(_) => Shape { message: RawText::of_value(value).map(|text| text.text().into_owned()), ..Shape::default() },
    }
}

fn of(error: &Value) -> Shape {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    if error.is_string() {
        return Shape { message: text(Some(error)), ..Shape::default() };
    }
    let mut shape = Shape {
        code: error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok()),
        message: text(error.get("message")),
        status: text(error.get("status")),
        ..Shape::default()
    };
    for detail in error.get("details").and_then(Value::as_array).into_iter().flatten() {
        shape.reason = shape.reason.take().or_else(|| text(detail.get("reason")));
        let violations = |name: &str| detail.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        for violation in violations("fieldViolations") {
            shape.field = shape.field.take().or_else(|| text(violation.get("field")));
        }
        for violation in violations("violations") {
            let is_daily = text(violation.get("quotaId")).is_some_and(|id| id.contains("PerDay"));
            let is_none = violation.get("quotaValue").is_some_and(|value| value == "0");
            shape.is_quota_gone |= is_daily || is_none;
        }
        shape.retry_after = shape.retry_after.or_else(|| detail.get("retryDelay").and_then(duration));
    }
    shape
}

/// `"37s"`, `"37.48s"`, or the object that some libraries make of it.
fn duration(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::String(text) => text.strip_suffix('s')?.parse::<f64>().ok()?,
        other => {
            let part = |name: &str| other.get(name).and_then(Value::as_f64);
            part("seconds")? + part("nanos").unwrap_or(0.0) / 1e9
        }
    };
    (seconds.is_finite() && seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(LONGEST_WAIT)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn waits_may_be_fractions_and_are_bounded() {
        for (value, milliseconds) in [
            (json!("37s"), Some(37_000)),
            (json!("37.48s"), Some(37_480)),
            (json!({"seconds": 2, "nanos": 500_000_000}), Some(2_500)),
            (json!("1e300s"), Some(86_400_000)),
            (json!("-1s"), None),
            (json!("soon"), None),
        ] {
            assert_eq!(duration(&value), milliseconds.map(Duration::from_millis), "{value}");
        }
    }
}
