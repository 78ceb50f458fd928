//! What addresses say, and how numbers are written.

use super::*;

#[test]
fn an_address_says_what_was_read_from_it() {
    let query = "q=gpt+mini&provider=openai&kind=chat&context=128000&price=0.5&has=vision&has=tools&show=locked&sort=name&page=3";
    assert_eq!(Asked::read(query).query(), query);
    assert_eq!(Asked::read("").address(), "/language-models");
}

#[test]
fn what_cannot_be_read_is_not_asked_for() {
    let asked = Asked::read("provider=nobody&kind=x&context=-1&price=-1&has=wings&show=x&sort=x&page=0&else=1");
    assert_eq!(asked, Asked { page: 1, ..Asked::default() });
}

#[test]
fn large_numbers_of_tokens_are_short() {
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (8_192, "8.2k"),
        (128_000, "128k"),
        (131_072, "131k"),
        (1_000_000, "1M"),
        (1_500_000, "1.5M"),
    ] {
        assert_eq!(tokens(number), text);
    }
}

#[test]
fn prices_have_two_decimals_at_least() {
    for (nanos, text) in [(3_000_000_000, "$3.00"), (1_100_000_000, "$1.10"), (75_000_000, "$0.075"), (0, "$0.00")] {
        assert_eq!(dollars(nanos), text);
    }
}
