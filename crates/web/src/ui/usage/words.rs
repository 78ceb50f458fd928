//! Money, counts and times as people read them.

use domain::Nanos;

/// Dollars, as exact as their size asks for: `$12.34`, `$0.0123`, `$0.000012`.
pub(super) fn dollars(cost: Nanos) -> String {
    let nanos = cost.0.unsigned_abs();
    let sign = if cost.0 < 0 { "-" } else { "" };
    let decimals = match nanos {
        0 => return "$0".to_owned(),
        1_000_000_000.. => 2,
        10_000_000.. => 4,
        10_000.. => 6,
        _ => 9,
    };
    let unit = 10_u64.pow(9 - decimals);
    let rounded = (nanos + unit / 2) / unit;
    let scale = 10_u64.pow(decimals);
    let fraction = format!("{:0width$}", rounded % scale, width = decimals as usize);
    let shown = if decimals > 2 { fraction.trim_end_matches('0') } else { &fraction };
    let whole = grouped(rounded / scale);
    if shown.is_empty() { format!("{sign}${whole}") } else { format!("{sign}${whole}.{shown}") }
}

/// A rate as price lists have it: `$1.10`.
pub(super) fn rate(nanos_per_million: i64) -> String {
    let text = Nanos(nanos_per_million).to_string();
    match text.split_once('.') {
        None => format!("${text}"),
        Some((whole, fraction)) => format!("${whole}.{fraction:0<2}"),
    }
}

/// `1,234,567`
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1,234`, `12.3 k`, `4.56 M`
pub(super) fn compact(number: u64) -> String {
    let (unit, name) = match number {
        0..10_000 => return grouped(number),
        10_000..1_000_000 => (1_000, "k"),
        1_000_000..1_000_000_000 => (1_000_000, "M"),
        _ => (1_000_000_000, "G"),
    };
    let tenths = number / (unit / 10);
    format!("{}.{} {name}", grouped(tenths / 10), tenths % 10)
}

/// `840 ms`, `3.2 s`, `2 min 5 s`
pub(super) fn duration(ms: i64) -> String {
    match ms {
        ..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// `3.1 %`; of nothing, nothing.
pub(super) fn share(part: i64, whole: i64) -> String {
    if whole <= 0 {
        return "0 %".to_owned();
    }
    let tenths = i128::from(part) * 1_000 / i128::from(whole);
    if tenths % 10 == 0 { format!("{} %", tenths / 10) } else { format!("{}.{} %", tenths / 10, tenths % 10) }
}

/// A count with its word: `1 call`, `2 calls`.
pub(super) fn counted(number: i64, one: &str, more: &str) -> String {
    let shown = grouped(number.unsigned_abs());
    if number == 1 { format!("{shown} {one}") } else { format!("{shown} {more}") }
}

/// A day as its axis has it: `21 Nov`.
pub(super) fn short_day(date: &str) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = date.split('-').skip(1);
    let month = parts.next().and_then(|month| month.parse::<usize>().ok()).unwrap_or(0);
    let day = parts.next().unwrap_or_default().trim_start_matches('0');
    match MONTHS.get(month.wrapping_sub(1)) {
        Some(month) => format!("{day} {month}"),
        None => date.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_as_exact_as_it_is_small() {
        for (nanos, expected) in [
            (0, "$0"),
            (1, "$0.000000001"),
            (12_300, "$0.000012"),
            (22_000_000, "$0.022"),
            (1_000_000_000, "$1.00"),
            (1_234_567_890_000, "$1,234.57"),
            (999_999_999, "$1"),
            (-5_000_000_000, "-$5.00"),
        ] {
            assert_eq!(dollars(Nanos(nanos)), expected);
        }
        assert_eq!((rate(1_100_000_000), rate(75_000_000), rate(0)), ("$1.10".into(), "$0.075".into(), "$0".into()));
    }

    #[test]
    fn counts_and_times_are_short() {
        assert_eq!(
            (compact(9_999), compact(12_345), compact(4_560_000)),
            ("9,999".into(), "12.3 k".into(), "4.5 M".into())
        );
        assert_eq!(
            (duration(840), duration(3_250), duration(125_000)),
            ("840 ms".into(), "3.2 s".into(), "2 min 5 s".into())
        );
        assert_eq!((share(1, 3), share(1, 2), share(0, 0)), ("33.3 %".into(), "50 %".into(), "0 %".into()));
        assert_eq!((short_day("2026-11-02"), counted(1, "call", "calls")), ("2 Nov".into(), "1 call".into()));
    }
}
