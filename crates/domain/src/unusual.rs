//! Use of a key that stands out against the key's own history: a leaked key, or a
//! script that runs in circles.

use serde::{Deserialize, Serialize};

/// Days of use that are needed before one can stand out: newcomers are quiet.
pub const LEAST_DAYS: usize = 7;

/// Days of history that are looked at.
pub const HISTORY_DAYS: i64 = 28;

/// A day below it never stands out: a dollar.
pub const LEAST_SPEND_NANOS: i64 = 1_000_000_000;

/// A day below it never stands out.
pub const LEAST_CALLS: i64 = 200;

/// How many times the usual day it must be.
const TIMES: i64 = 3;

/// How many times the usual distance from the usual day it must be away.
const DEVIATIONS: i64 = 6;

/// What stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// What the provider bills, in nano-dollars.
    Spend,
    /// Calls.
    Calls,
}

crate::text_enum!(Measure, "measure" { Spend => "spend", Calls => "calls" });

/// What a key was used for on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct DayOfUse {
    /// What the provider bills, in nano-dollars.
    pub spend: i64,
    /// Calls.
    pub calls: i64,
}

impl DayOfUse {
    const fn of(self, measure: Measure) -> i64 {
        match measure {
            Measure::Spend => self.spend,
            Measure::Calls => self.calls,
        }
    }

    /// Whether so much was used that it may stand out at all.
    #[must_use]
    pub const fn is_much(self) -> bool {
        self.spend >= LEAST_SPEND_NANOS || self.calls >= LEAST_CALLS
    }
}

/// A day that stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unusual {
    /// By what.
    pub measure: Measure,
    /// How much it was.
    pub amount: i64,
    /// How much it usually is.
    pub usual: i64,
}

impl Unusual {
    /// `9 × its usual day`
    #[must_use]
    pub fn told(self) -> String {
        format!("{} × its usual day", self.amount / self.usual.max(1))
    }
}

/// Whether a day stands out against the days on which the key was used before: by
/// what it costs, or by its calls. The usual day is the median of those days; a day
/// stands out when it is three times that, and six times as far away from it as
/// half of those days are.
#[must_use]
pub fn judge(day: DayOfUse, history: &[DayOfUse]) -> Option<Unusual> {
    [(Measure::Spend, LEAST_SPEND_NANOS), (Measure::Calls, LEAST_CALLS)].into_iter().find_map(|(measure, least)| {
        let amount = day.of(measure);
        let before: Vec<i64> = history.iter().map(|day| day.of(measure)).filter(|amount| *amount > 0).collect();
        if amount < least || before.len() < LEAST_DAYS {
            return None;
        }
        let usual = median(before.clone());
        let distance =
            median(before.iter().map(|amount| amount.abs_diff(usual).try_into().unwrap_or(i64::MAX)).collect());
        let is_far = amount.saturating_sub(usual) > distance.saturating_mul(DEVIATIONS);
        (amount >= usual.saturating_mul(TIMES) && is_far).then_some(Unusual { measure, amount, usual })
    })
}

/// The one in the middle; of an even number, the greater of two.
fn median(mut amounts: Vec<i64>) -> i64 {
    amounts.sort_unstable();
    amounts.get(amounts.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOLLAR: i64 = 1_000_000_000;

    fn days(spends: &[i64]) -> Vec<DayOfUse> {
        spends.iter().map(|spend| DayOfUse { spend: spend * DOLLAR, calls: 10 }).collect()
    }

    #[test]
    fn a_day_stands_out_against_its_own_history_alone() {
        let steady = [2, 2, 3, 2, 1, 2, 3, 2];
        let wild = [1, 20, 3, 40, 2, 30, 5, 15];
        for (spend, history, told) in [
            (18, &steady[..], Some("9 × its usual day")),
            (6, &steady[..], Some("3 × its usual day")),
            (5, &steady[..], None),
            (18, &steady[..6], None),
            (60, &wild[..], None),
            (200, &wild[..], Some("13 × its usual day")),
            (18, &[], None),
        ] {
            let found = judge(DayOfUse { spend: spend * DOLLAR, calls: 10 }, &days(history));
            assert_eq!(found.map(Unusual::told).as_deref(), told, "{spend} after {history:?}");
        }
    }

    #[test]
    fn calls_stand_out_where_nothing_is_known_of_their_cost_and_few_never_do() {
        let history = vec![DayOfUse { spend: 0, calls: 20 }; 10];
        let day = |calls| judge(DayOfUse { spend: 0, calls }, &history);
        assert_eq!(day(400), Some(Unusual { measure: Measure::Calls, amount: 400, usual: 20 }));
        assert_eq!(day(199), None, "ten times as many, and still few");
    }
}
