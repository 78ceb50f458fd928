//! Who serves how many of a hundred calls.

use proptest::prelude::*;

use super::*;

fn key(number: u64) -> CredentialId {
    CredentialId(Uuid::from_u128(u128::from(number)))
}

fn keys(used: &[u64]) -> Vec<Contender> {
    (1..).zip(used).map(|(number, &used)| Contender { credential: key(number), used }).collect()
}

/// The numbers of the keys in the order in which they are tried.
fn tried(used: &[u64], turn: Turn<'_>) -> Vec<u64> {
    let mut keys = keys(used);
    order(&mut keys, turn);
    keys.iter().map(|key| key.credential.0.as_u128() as u64).collect()
}

#[test]
fn the_primary_serves_whatever_it_did() {
    let turn = Turn { count: 7, conversation: Some("c"), ..Turn::default() };
    assert_eq!(tried(&[9, 0, 0], turn), [1, 2, 3]);
}

#[test]
fn each_in_turn_serves_a_third_of_all_calls() {
    let first = |count| tried(&[0; 3], Turn { spread: Spread::RoundRobin, count, conversation: None })[0];
    assert_eq!((0..6).map(first).collect::<Vec<_>>(), [1, 2, 3, 1, 2, 3]);
    assert_eq!(tried(&[0; 3], Turn { spread: Spread::RoundRobin, count: 1, conversation: None }), [2, 3, 1]);
}

#[test]
fn the_least_used_serves_and_the_rank_breaks_a_tie() {
    let turn = Turn { spread: Spread::LeastUsed, count: 5, conversation: None };
    assert_eq!(tried(&[3, 1, 2], turn), [2, 3, 1]);
    assert_eq!(tried(&[1, 1, 0], turn), [3, 1, 2]);
}

#[test]
fn conversations_are_spread_evenly_and_each_keeps_its_key() {
    for spread in [Spread::RoundRobin, Spread::LeastUsed] {
        let mut served = [0; 3];
        for conversation in (0..300).map(|number| format!("conversation-{number}")) {
            let first = |count, used| tried(used, Turn { spread, count, conversation: Some(&conversation) })[0];
            let chosen = first(0, &[0; 3]);
            assert_eq!(first(1, &[9, 5, 0]), chosen);
            served[chosen as usize - 1] += 1;
        }
        assert!(served.iter().all(|&calls| (70..130).contains(&calls)), "{served:?}");
    }
}

proptest! {
    #[test]
    fn a_key_that_goes_moves_only_its_own_conversations(conversation in "[a-z0-9]{1,40}", gone in 0_usize..4) {
        let turn = Turn { spread: Spread::RoundRobin, count: 0, conversation: Some(&conversation) };
        let mut all = keys(&[0; 4]);
        order(&mut all, turn);
        let mut rest = keys(&[0; 4]);
        let gone = rest.remove(gone);
        order(&mut rest, turn);
        let expected: Vec<_> = all.into_iter().filter(|key| *key != gone).collect();
        prop_assert_eq!(rest, expected);
    }

    #[test]
    fn no_key_is_lost_or_tried_twice(used in proptest::collection::vec(0_u64..9, 0..6), count: u64, spread in 0_usize..3, sticks: bool) {
        let turn = Turn { spread: Spread::ALL[spread], count, conversation: sticks.then_some("c") };
        let mut numbers = tried(&used, turn);
        numbers.sort_unstable();
        prop_assert_eq!(numbers, (1..=used.len() as u64).collect::<Vec<_>>());
    }
}

#[test]
fn a_call_counts_half_after_ten_minutes_and_nothing_after_a_day() {
    let at = Timestamp::from_seconds;
    let mut tally = Tally::starting(at(0));
    tally.add(at(0));
    tally.add(at(0));
    assert_eq!(tally.at(at(599)), 2 * ONE_CALL);
    assert_eq!(tally.at(at(600)), ONE_CALL);
    tally.add(at(700));
    assert_eq!(tally.at(at(1_199)), 2 * ONE_CALL);
    assert_eq!(tally.at(at(1_200)), ONE_CALL);
    assert_eq!(tally.at(at(86_400)), 0);
    // A clock that was set back takes nothing away.
    assert_eq!(tally.at(at(0)), 2 * ONE_CALL);
}
