//! Lines of many people: those with the most, and the others in one.

use std::cmp::Reverse;

use store::usage::{Largest, UsageLine};

use super::asked::Measure;
use super::parts::amount;

/// The most lines that a page tells apart; files and `/v2/usage` have them all.
pub(super) const TOLD: usize = 200;

/// The largest of some lines.
pub(super) fn largest(mut lines: Vec<UsageLine>, measure: Measure) -> Largest {
    lines.sort_by_cached_key(|line| Reverse((amount(measure, line), line.requests, line.attempts)));
    // One more would be a line as well.
    let others = if lines.len() > TOLD + 1 { lines.split_off(TOLD) } else { Vec::new() };
    let others = (!others.is_empty()).then(|| (others.len() as i64, UsageLine::total(&others)));
    Largest { lines, others }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn many(count: usize) -> Largest {
        let line = |n: usize| UsageLine { key: n.to_string(), requests: n as i64, ..UsageLine::default() };
        largest((1..=count).map(line).collect(), Measure::Requests)
    }

    #[test]
    fn the_largest_are_told_apart_and_nothing_is_left_out() {
        for (count, told, others) in
            [(0, 0, 0), (1, 1, 0), (200, 200, 0), (201, 201, 0), (202, 200, 2), (3_000, 200, 2_800)]
        {
            let many = many(count);
            let (more, rest) = many.others.unwrap_or_default();
            assert_eq!((many.lines.len(), more), (told, others), "{count}");
            let sum = many.lines.iter().map(|line| line.requests).sum::<i64>() + rest.requests;
            assert_eq!(sum, (count * (count + 1) / 2) as i64, "{count}");
            assert_eq!(many.lines.first().map(|line| line.requests), (count > 0).then_some(count as i64));
        }
    }
}
