use proptest::prelude::*;

use super::*;

fn price(input: i64, output: i64) -> Price {
    Price { rates: Rates { input_nanos: input, output_nanos: output, ..Rates::default() }, long_context: None }
}

fn tokens(prompt: u64, completion: u64) -> TokenCounts {
    TokenCounts { prompt, completion, ..TokenCounts::default() }
}

#[test]
fn dollars_are_read_and_written_exactly() {
    for (text, nanos) in [
        ("0", 0),
        ("1.25", 1_250_000_000),
        ("0.000000001", 1),
        ("1.5e-07", 150),
        ("2E0", 2_000_000_000),
        ("-0.5", -500_000_000),
    ] {
        assert_eq!(Nanos::parse_usd(text), Some(Nanos(nanos)), "{text}");
    }
    for bad in ["", ".", "abc", "1.2.3", "0.0000000001", "1e40", "NaN", "1e-999999999", "1e2147483647"] {
        assert_eq!(Nanos::parse_usd(bad), None, "{bad}");
    }
    assert_eq!(Nanos(123_450).to_string(), "0.00012345");
    assert_eq!(serde_json::to_string(&Nanos(-1_500_000_000)).unwrap(), "-1.5");
    assert_eq!(serde_json::to_string(&Nanos(i64::MAX)).unwrap(), "9223372036.854775807");
}

#[test]
fn other_peoples_numbers_are_rounded_once_and_none_of_them_becomes_free() {
    for (text, power, nanos) in [
        ("1.5e-07", 6, Some(150_000_000)),
        ("0.00000015", 6, Some(150_000_000)),
        ("1.4999999999999999e-07", 6, Some(150_000_000)),
        ("2.7777777777777e-07", 6, Some(277_777_778)),
        ("0", 6, Some(0)),
        ("-1", 6, Some(-1_000_000_000_000_000)),
        ("0.075", 0, Some(75_000_000)),
        ("1e-300", 6, None),
        ("1e-16", 6, None),
        ("1e400", 6, None),
        ("NaN", 0, None),
        ("\"1\"", 0, None),
    ] {
        assert_eq!(Nanos::parse_rounded(text, power), nanos.map(Nanos), "{text}");
    }
}

#[test]
fn a_price_that_nobody_could_mean_is_not_taken() {
    let with = |change: fn(&mut Price)| {
        let mut price = price(1, 1);
        change(&mut price);
        price.check()
    };
    let long = |threshold_tokens| Some(LongContext { threshold_tokens, rates: Rates::default() });
    assert_eq!(price(0, DEAREST_NANOS).check(), Ok(()));
    assert_eq!(with(|price| price.rates.cache_write_hour_nanos = Some(-1)), Err(PriceProblem::Negative));
    assert_eq!(with(|price| price.rates.output_nanos = DEAREST_NANOS + 1), Err(PriceProblem::TooDear));
    assert_eq!(Price { long_context: long(0), ..price(1, 1) }.check(), Err(PriceProblem::Threshold));
    assert_eq!(Price { long_context: long(200_000), ..price(1, 1) }.check(), Ok(()));
}

#[test]
fn a_change_is_told_in_tenths_of_a_per_cent() {
    for (old, new, tenths) in [
        (100, 80, Some(-200)),
        (300, 250, Some(-167)),
        (100, 100, Some(0)),
        (0, 5, None),
        (1, i64::MAX, Some(i64::MAX)),
        (3, 6, Some(1_000)),
    ] {
        assert_eq!(change_in_tenths(old, new), tenths, "{old} to {new}");
    }
}

#[test]
fn a_call_costs_its_tokens_at_their_rates() {
    // $1 in, $5 out per million: 1,000 prompt and 200 completion tokens.
    assert_eq!(price(1_000_000_000, 5_000_000_000).cost(&tokens(1_000, 200)), Nanos(2_000_000));
}

#[test]
fn cached_tokens_pay_their_own_rate_and_the_input_rate_when_it_is_unknown() {
    let mut price = price(1_000_000_000, 0);
    let tokens = TokenCounts { prompt: 1_000, cached: 600, cache_write: 100, ..TokenCounts::default() };
    assert_eq!(price.cost(&tokens), Nanos(1_000_000));
    price.rates.cached_input_nanos = Some(100_000_000);
    price.rates.cache_write_nanos = Some(1_250_000_000);
    assert_eq!(price.cost(&tokens), Nanos(300_000 + 60_000 + 125_000));
}

#[test]
fn what_is_written_for_an_hour_pays_its_own_rate() {
    let mut price = price(1_000_000_000, 0);
    price.rates.cache_write_nanos = Some(1_250_000_000);
    let tokens = TokenCounts { prompt: 1_000, cache_write: 400, cache_write_hour: 300, ..TokenCounts::default() };
    assert_eq!(price.cost(&tokens), Nanos(600_000 + 500_000), "unknown: as for five minutes");
    price.rates.cache_write_hour_nanos = Some(2_000_000_000);
    assert_eq!(price.cost(&tokens), Nanos(600_000 + 125_000 + 600_000));
}

#[test]
fn a_prompt_beyond_the_threshold_pays_the_long_rates_for_all_of_it() {
    let mut price = price(1_000_000_000, 1_000_000_000);
    price.long_context = Some(LongContext {
        threshold_tokens: 100,
        rates: Rates { input_nanos: 2_000_000_000, output_nanos: 3_000_000_000, ..Rates::default() },
    });
    assert_eq!(price.cost(&tokens(100, 10)), Nanos(110_000));
    assert_eq!(price.cost(&tokens(101, 10)), Nanos(202_000 + 30_000));
}

#[test]
fn rounding_is_half_to_even() {
    for (numerator, rounded) in [(5, 0), (15, 2), (25, 2), (35, 4), (24, 2), (26, 3), (-5, 0), (-15, -2)] {
        assert_eq!(round_half_even(numerator, 10), rounded, "{numerator}/10");
    }
    assert_eq!(Nanos(10).marked_up(500), Nanos(10));
    assert_eq!(Nanos(30).marked_up(500), Nanos(32));
}

proptest! {
    #[test]
    fn more_tokens_never_cost_less(prompt in 0_u64..1_000_000_000, extra in 0_u64..1_000, rate in 0_i64..100_000_000_000) {
        let price = price(rate, rate);
        prop_assert!(price.cost(&tokens(prompt + extra, 0)) >= price.cost(&tokens(prompt, 0)));
        prop_assert!(price.cost(&tokens(prompt, 0)) >= Nanos::ZERO);
    }

    #[test]
    fn no_numbers_make_a_cost_negative_or_overflow(
        counts in any::<[u64; 6]>(), rates in any::<[u32; 5]>(), scale in 0_u32..=32, threshold in any::<u64>(), markup in any::<u32>(),
    ) {
        let [prompt, completion, cached, cache_write, cache_write_hour, reasoning] = counts;
        let tokens = TokenCounts { prompt, completion, cached, cache_write, cache_write_hour, reasoning };
        let [input, output, read, write, hour] = rates.map(|rate| (i64::from(rate) << scale) & i64::MAX);
        let rates = Rates {
            input_nanos: input,
            output_nanos: output,
            cached_input_nanos: Some(read),
            cache_write_nanos: Some(write),
            cache_write_hour_nanos: Some(hour),
        };
        let long = LongContext { threshold_tokens: threshold, rates };
        let price = Price { rates, long_context: Some(long) };
        let cost = price.cost(&tokens);
        prop_assert!(cost >= Nanos::ZERO);
        prop_assert!(cost.marked_up(markup) >= cost);
    }

    #[test]
    fn every_amount_survives_being_written_and_read(nanos in any::<i64>().prop_filter("min has no positive", |n| *n != i64::MIN)) {
        prop_assert_eq!(Nanos::parse_usd(&Nanos(nanos).to_string()), Some(Nanos(nanos)));
    }
}
