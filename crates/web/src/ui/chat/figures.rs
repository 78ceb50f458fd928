//! Numbers as people read them: tokens, times, money.

use domain::Nanos;
use domain::money::Price;

/// `1,204`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `200k`, `1M`: a limit, roughly.
pub(super) fn roughly(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        1_000..1_000_000 => format!("{}k", number / 1_000),
        _ if number % 1_000_000 < 100_000 => format!("{}M", number / 1_000_000),
        _ => format!("{}.{}M", number / 1_000_000, number % 1_000_000 / 100_000),
    }
}

/// `340 ms`, `4.2 s`, `2 min 5 s`.
pub(super) fn time(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        _ => format!("{} min {} s", millis / 60_000, millis % 60_000 / 1_000),
    }
}

/// Tokens in a second, from the first one on.
pub(super) fn speed(output: u64, first_token_ms: u64, duration_ms: u64) -> Option<u64> {
    let writing = duration_ms.checked_sub(first_token_ms).filter(|millis| *millis > 0)?;
    Some(output.saturating_mul(1_000) / writing).filter(|speed| *speed > 0)
}

/// `$0.0023`: two digits that matter, cents at least.
pub(crate) fn dollars(cost: Nanos) -> String {
    if cost.0 == 0 {
        return "$0".to_owned();
    }
    let mut step = 10_000_000_i64;
    while step > 1 && cost.0.abs() / step < 10 {
        step /= 10;
    }
    let rounded = Nanos(cost.0.saturating_add(step / 2) / step * step);
    let text = rounded.to_string();
    match text.split_once('.') {
        Some((whole, fraction)) if fraction.len() == 1 => format!("${whole}.{fraction}0"),
        _ => format!("${text}"),
    }
}

/// `$0.25 in · $2 out per 1M`.
pub(super) fn price(price: &Price) -> String {
    let one = |nanos: i64| dollars(Nanos(nanos));
    let (input, output) = (price.rates.input_nanos, price.rates.output_nanos);
    if input == 0 && output == 0 { "free".to_owned() } else { format!("{} in · {} out", one(input), one(output)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_limits_told_roughly() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([512, 128_000, 1_000_000, 1_048_576, 2_500_000].map(roughly), ["512", "128k", "1M", "1M", "2.5M"]);
    }

    #[test]
    fn times_are_told_in_the_unit_that_fits() {
        assert_eq!([7, 4_260, 125_000].map(time), ["7 ms", "4.2 s", "2 min 5 s"]);
        assert_eq!(speed(100, 500, 1_500), Some(100));
        assert_eq!(speed(100, 500, 500), None, "all at once has no speed");
    }

    #[test]
    fn money_keeps_two_digits_that_matter() {
        let told = |nanos| dollars(Nanos(nanos));
        assert_eq!(told(0), "$0");
        assert_eq!(told(2_345_678), "$0.0023");
        assert_eq!(told(12_345), "$0.000012");
        assert_eq!(told(1_250_000_000), "$1.25");
        assert_eq!(told(1_500_000_000), "$1.50");
        assert_eq!(told(3_000_000_000), "$3");
    }
}
