//! Times cut into whole days, which have sums, and what is left at either end.

use domain::Timestamp;

use crate::ledger::days::DAY_MICROS;

/// Some time: its whole days, and its parts of days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// The first whole day; `None`: all from the beginning.
    pub(super) first_day: Option<i64>,
    /// The day after the last whole one; `None`: all to the end.
    pub(super) end_day: Option<i64>,
    /// Parts of days, in microseconds: from, and up to.
    pub(super) parts: Vec<(i64, i64)>,
}

impl Window {
    pub(super) fn of(from: Option<Timestamp>, to: Option<Timestamp>) -> Self {
        let (from, to) = (from.map(Timestamp::as_micros), to.map(Timestamp::as_micros));
        // The first day that begins within, and the day after the last that ends within.
        let first_day = from.map(|from| from.div_euclid(DAY_MICROS) + i64::from(from.rem_euclid(DAY_MICROS) != 0));
        let end_day = to.map(|to| to.div_euclid(DAY_MICROS));
        let mut parts = Vec::new();
        if let (Some(from), Some(to), Some(first), Some(end)) = (from, to, first_day, end_day)
            && first > end
        {
            // Both ends are within one day.
            return Self { first_day, end_day: Some(first), parts: vec![(from, to)] };
        }
        if let (Some(from), Some(first)) = (from, first_day) {
            parts.push((from, first * DAY_MICROS));
        }
        if let (Some(to), Some(end)) = (to, end_day) {
            parts.push((end * DAY_MICROS, to));
        }
        parts.retain(|(from, to)| from < to);
        Self { first_day, end_day, parts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_days_are_taken_whole_and_the_rest_in_parts() {
        let day = DAY_MICROS;
        let check = |from: Option<i64>, to: Option<i64>, days: (Option<i64>, Option<i64>), parts: &[(i64, i64)]| {
            let window = Window::of(from.map(Timestamp::from_micros), to.map(Timestamp::from_micros));
            let expected = Window { first_day: days.0, end_day: days.1, parts: parts.to_vec() };
            assert_eq!(window, expected, "{from:?} to {to:?}");
        };
        check(None, None, (None, None), &[]);
        check(Some(3 * day), Some(5 * day), (Some(3), Some(5)), &[]);
        check(Some(3 * day + 1), Some(5 * day), (Some(4), Some(5)), &[(3 * day + 1, 4 * day)]);
        check(Some(3 * day), Some(5 * day + 7), (Some(3), Some(5)), &[(5 * day, 5 * day + 7)]);
        check(
            Some(3 * day - 2),
            Some(5 * day + 7),
            (Some(3), Some(5)),
            &[(3 * day - 2, 3 * day), (5 * day, 5 * day + 7)],
        );
        check(Some(3 * day + 1), Some(3 * day + 7), (Some(4), Some(4)), &[(3 * day + 1, 3 * day + 7)]);
        check(
            Some(3 * day + 1),
            Some(4 * day + 7),
            (Some(4), Some(4)),
            &[(3 * day + 1, 4 * day), (4 * day, 4 * day + 7)],
        );
        check(Some(3 * day + 1), None, (Some(4), None), &[(3 * day + 1, 4 * day)]);
        check(None, Some(3 * day + 1), (None, Some(3)), &[(3 * day, 3 * day + 1)]);
        check(Some(5 * day), Some(3 * day), (Some(5), Some(5)), &[(5 * day, 3 * day)]);
    }
}
