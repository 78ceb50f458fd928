//! Windows of time, parts that are told, and answers that fit.

use proptest::prelude::*;

use super::*;
use crate::money::Rates;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn budget(limit: i64, soft_percents: &[u8]) -> Budget {
    Budget {
        id: BudgetId(Uuid::nil()),
        owner: UserId(Uuid::nil()).into(),
        period: Period::Month,
        limit: Nanos(limit),
        soft_percents: soft_percents.to_vec(),
        counts_personal: false,
        authority: Authority::Owner,
    }
}

#[test]
fn windows_begin_and_end_at_midnight_utc() {
    for (period, now, start, end) in [
        (Period::Day, "2026-11-21T20:30:00Z", "2026-11-21", "2026-11-22"),
        (Period::Day, "2026-12-31T23:59:59.999999Z", "2026-12-31", "2027-01-01"),
        (Period::Day, "2026-12-31T23:59:59.999999-01:00", "2027-01-01", "2027-01-02"),
        (Period::Week, "2026-11-16T00:00:00Z", "2026-11-16", "2026-11-23"),
        (Period::Week, "2026-11-22T23:59:59Z", "2026-11-16", "2026-11-23"),
        (Period::Week, "2027-01-01T12:00:00Z", "2026-12-28", "2027-01-04"),
        (Period::Week, "1970-01-01T00:00:00Z", "1969-12-29", "1970-01-05"),
        (Period::Month, "2026-11-30T23:59:59Z", "2026-11-01", "2026-12-01"),
        (Period::Month, "2026-12-01T00:00:00Z", "2026-12-01", "2027-01-01"),
        (Period::Month, "2028-02-29T12:00:00Z", "2028-02-01", "2028-03-01"),
        (Period::Month, "2100-02-28T12:00:00Z", "2100-02-01", "2100-03-01"),
    ] {
        let window = Window { starts_at: at(start), ends_at: Some(at(end)) };
        assert_eq!(period.window(at(now)), window, "{period} at {now}");
    }
    let total = Period::Total.window(at("2026-11-21"));
    assert_eq!(total, Window { starts_at: Timestamp::from_micros(0), ends_at: None });
}

#[test]
fn personal_keys_count_only_where_that_is_chosen() {
    let company = budget(1, &[]);
    let own = Budget { counts_personal: true, ..company.clone() };
    for (scope, by_company, by_own) in
        [(Scope::Personal, false, true), (Scope::Organization, true, true), (Scope::System, true, true)]
    {
        assert_eq!((company.counts(scope), own.counts(scope)), (by_company, by_own), "{scope}");
    }
}

#[test]
fn each_part_is_told_once_and_the_whole_always() {
    let budget = budget(200, &[50, 80]);
    for (spent, told, reached) in [
        (99, 0, None),
        (100, 0, Some(50)),
        (159, 50, None),
        (160, 50, Some(80)),
        (160, 0, Some(80)),
        (199, 80, None),
        (200, 80, Some(100)),
        (500, 0, Some(100)),
        (500, 100, None),
    ] {
        assert_eq!(budget.reached(Nanos(spent), told), reached, "{spent} after {told} %");
    }
}

#[test]
fn of_nothing_all_is_spent() {
    assert_eq!(budget(0, &[50]).reached(Nanos(0), 0), Some(100));
}

#[test]
fn parts_are_whole_numbers_below_a_hundred() {
    assert_eq!(checked_percents(&[80, 50, 80]), Ok(vec![50, 80]));
    assert_eq!(checked_percents(&[]), Ok(vec![]));
    for wrong in [&[0][..], &[100], &[-5], &[300], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]] {
        assert!(checked_percents(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn an_owner_is_read_as_it_is_written() {
    let owner = Owner { kind: OwnerKind::Team, id: Uuid::from_u128(7) };
    assert_eq!(owner.to_string().parse(), Ok(owner));
    for text in ["", "team", "team:", "nobody:0192c000-0000-7000-8000-000000000000"] {
        assert!(text.parse::<Owner>().is_err(), "{text}");
    }
}

fn estimate(prompt: u64, input_nanos: i64, output_nanos: i64, markup: u32, choices: u64) -> Estimate {
    let price = Price { rates: Rates { input_nanos, output_nanos, ..Rates::default() }, long_context: None };
    Estimate { price, markup_basis_points: markup, prompt, choices }
}

#[test]
fn an_answer_is_as_long_as_what_is_left_pays_for() {
    // 1,000 tokens at $2 and answers at $10 a million, marked up by 20 %.
    let dear = estimate(1_000, 2_000_000_000, 10_000_000_000, 2_000, 1);
    assert_eq!(dear.cost(0), Nanos(2_400_000));
    assert_eq!(dear.cost(1_000), Nanos(14_400_000));
    for (room, longest) in [
        (2_399_999, None),
        (2_400_000, Some(0)),
        (2_412_000, Some(1)),
        (14_400_000, Some(1_000)),
        (14_411_999, Some(1_000)),
        (i64::MAX, Some(8_192)),
    ] {
        assert_eq!(dear.longest_answer(Nanos(room), 8_192), longest, "{room}");
    }
    let twice = Estimate { choices: 2, ..dear };
    assert_eq!(twice.longest_answer(Nanos(14_400_000), 8_192), Some(500));
    let free = Estimate { price: Price::FREE, ..dear };
    assert_eq!(free.longest_answer(Nanos::ZERO, 8_192), Some(8_192));
}

proptest! {
    #[test]
    fn every_moment_lies_in_its_window_and_windows_follow_each_other(micros in -2_000_000_000_000_000_i64..9_000_000_000_000_000) {
        let now = Timestamp::from_micros(micros);
        for period in [Period::Day, Period::Week, Period::Month] {
            let window = period.window(now);
            let end = window.ends_at.unwrap();
            prop_assert!(window.starts_at <= now && now < end);
            prop_assert_eq!(period.window(window.starts_at), window);
            prop_assert_eq!(period.window(end).starts_at, end);
            let days = (end.as_micros() - window.starts_at.as_micros()) / DAY;
            let is_right = match period {
                Period::Day => days == 1,
                Period::Week => days == 7,
                _ => (28..=31).contains(&days),
            };
            prop_assert!(is_right, "{} has {} days", period, days);
        }
    }

    #[test]
    fn the_longest_answer_fits_and_one_token_more_does_not(
        prompt in 0_u64..1_000_000, input in 0_i64..100_000_000_000, output in 1_i64..500_000_000_000,
        markup in 0_u32..20_000, choices in 1_u64..8, room in 0_i64..1_000_000_000_000, longest in 0_u64..200_000,
    ) {
        let estimate = estimate(prompt, input, output, markup, choices);
        match estimate.longest_answer(Nanos(room), longest) {
            None => prop_assert!(estimate.cost(0) > Nanos(room)),
            Some(answer) => {
                prop_assert!(answer <= longest && estimate.cost(answer) <= Nanos(room));
                prop_assert!(answer == longest || estimate.cost(answer + 1) > Nanos(room));
            }
        }
    }
}
