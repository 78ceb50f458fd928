//! Names, targets, and the order in which targets are asked.

use super::*;

fn target(written: &str) -> Target {
    let (model, weight) = written.split_once('=').unwrap_or((written, "1"));
    let (provider, model) = model.split_once('/').unwrap();
    Target { provider: provider.parse().unwrap(), model: model.to_owned(), weight: weight.parse().unwrap() }
}

fn targets(written: &str) -> Vec<Target> {
    written.split_whitespace().map(target).collect()
}

#[test]
fn a_name_is_what_clients_and_addresses_can_carry() {
    for (raw, expected) in [
        ("fast", Ok("fast")),
        (" claude-fast ", Ok("claude-fast")),
        ("team/fast:v1.2_x", Ok("team/fast:v1.2_x")),
        ("", Err(AliasProblem::NoName)),
        ("  ", Err(AliasProblem::NoName)),
        ("two words", Err(AliasProblem::NameCharacter(' '))),
        ("schnell-ä", Err(AliasProblem::NameCharacter('ä'))),
        ("a\nb", Err(AliasProblem::NameCharacter('\n'))),
        ("/fast", Err(AliasProblem::NameSlash)),
        ("fast/", Err(AliasProblem::NameSlash)),
        ("a//b", Err(AliasProblem::NameSlash)),
    ] {
        assert_eq!(name(raw), expected.map(str::to_owned), "{raw:?}");
    }
    assert!(name(&"a".repeat(NAME_CHARACTERS)).is_ok());
    assert_eq!(name(&"a".repeat(NAME_CHARACTERS + 1)), Err(AliasProblem::NameTooLong(NAME_CHARACTERS + 1)));
}

#[test]
fn targets_are_one_to_twenty_each_once() {
    use Mode::{Ordered, Weighted};
    for (mode, written, expected) in [
        (Ordered, "openai/gpt-5", Ok(())),
        (Ordered, "openai/gpt-5 anthropic/claude-sonnet-5 groq/openai/gpt-oss-120b", Ok(())),
        (Ordered, "", Err(TargetsProblem::Count(0))),
        (Ordered, "openai/gpt-5 google/x openai/gpt-5=3", Err(TargetsProblem::Twice("openai/gpt-5".to_owned()))),
        (Ordered, "openai/gpt-5 azure/gpt-5", Ok(())),
        (Ordered, "custom/mine/llama", Ok(())),
        (Ordered, "custom/llama", Err(TargetsProblem::NoSlug)),
        (Ordered, "custom//llama", Err(TargetsProblem::NoSlug)),
        (Ordered, "openai/gpt-5=1001", Err(TargetsProblem::TooHeavy)),
        (Ordered, "openai/a=0 openai/b=0", Ok(())),
        (Weighted, "openai/a=0 openai/b=0", Err(TargetsProblem::Weightless)),
        (Weighted, "openai/a=0 openai/b=1", Ok(())),
    ] {
        assert_eq!(check_targets(mode, &targets(written)), expected, "{mode} {written}");
    }
    let many: Vec<Target> = (0..=TARGETS).map(|number| target(&format!("openai/m{number}"))).collect();
    assert_eq!(check_targets(Ordered, &many), Err(TargetsProblem::Count(TARGETS + 1)));
    assert_eq!(check_targets(Ordered, &many[1..]), Ok(()));
}

#[test]
fn a_target_says_whose_keys_pay_and_how_it_is_called() {
    for (written, namespace, upstream, shown) in [
        ("openai/gpt-5", "openai", "gpt-5", "openai/gpt-5"),
        ("groq/openai/gpt-oss-120b", "groq", "openai/gpt-oss-120b", "groq/openai/gpt-oss-120b"),
        ("custom/mine/some/model", "custom:mine", "some/model", "mine/some/model"),
    ] {
        let target = target(written);
        assert_eq!((target.namespace().as_str(), target.upstream_id()), (namespace, upstream));
        assert_eq!(target.written(), shown);
    }
}

#[test]
fn targets_are_asked_in_order_or_the_drawn_one_first_and_then_by_weight() {
    use Mode::{Ordered, Weighted};
    for (mode, weights, draw, expected) in [
        (Ordered, [1, 9, 5], Some(7), [0, 1, 2]),
        (Ordered, [0, 0, 0], None, [0, 1, 2]),
        (Weighted, [1, 9, 5], None, [1, 2, 0]),
        (Weighted, [1, 9, 5], Some(0), [0, 1, 2]),
        (Weighted, [1, 9, 5], Some(1), [1, 2, 0]),
        (Weighted, [1, 9, 5], Some(9), [1, 2, 0]),
        (Weighted, [1, 9, 5], Some(10), [2, 1, 0]),
        (Weighted, [1, 9, 5], Some(14), [2, 1, 0]),
        (Weighted, [1, 9, 5], Some(15), [0, 1, 2]),
        (Weighted, [0, 2, 2], Some(0), [1, 2, 0]),
        (Weighted, [0, 2, 2], Some(3), [2, 1, 0]),
        // Nobody's key opens any of them: the answer says so, in the owner's order.
        (Weighted, [0, 0, 0], Some(3), [0, 1, 2]),
    ] {
        assert_eq!(order(mode, &weights, draw), expected, "{mode} {weights:?} {draw:?}");
    }
}

#[test]
fn each_target_is_drawn_as_often_as_it_weighs() {
    let weights = [1, 3, 0, 6];
    let mut drawn = [0; 4];
    for draw in 0..10_000 {
        drawn[order(Mode::Weighted, &weights, Some(draw))[0]] += 1;
    }
    assert_eq!(drawn, [1_000, 3_000, 0, 6_000]);
}

#[test]
fn every_order_has_each_target_once() {
    for draw in 0..40 {
        let mut places = order(Mode::Weighted, &[4, 0, 7, 7, 1], Some(draw));
        places.sort_unstable();
        assert_eq!(places, [0, 1, 2, 3, 4]);
    }
}

#[test]
fn a_conversation_keeps_its_draw_and_conversations_are_spread() {
    let alias = AliasId(Uuid::from_u128(7));
    assert_eq!(draw_of(alias, "one"), draw_of(alias, "one"));
    let first = |conversation: &str| order(Mode::Weighted, &[1, 1], Some(draw_of(alias, conversation)))[0];
    let to_second = (0..1_000).filter(|number| first(&format!("conversation {number}")) == 1).count();
    assert!((400..600).contains(&to_second), "{to_second}");
}
