//! Each row: the keys in one line, the policy, and who pays.
//!
//! A key is written `scope:state`, with `p` personal, `o` organization, `s`
//! system, `e` environment; its id is its place in the line, from 1. A key that
//! is `cooling` may be used again at 10,030 s.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::credential::{Settings, Source};
use crate::origin::Origin;
use crate::provider::ProviderId;
use crate::spread::{Spread, Turn};

const NOW: Timestamp = Timestamp::from_seconds(10_000);
const RESET: Timestamp = Timestamp::from_seconds(10_030);

/// What callers mostly want and may.
fn wish(policy: Fallback) -> Wish<'static> {
    Wish { policy, personal_allowed: true, rules: None, pinned: None, turns: Turns::default() }
}

struct Held {
    credential: Credential,
    serves_model: bool,
    is_cooling: bool,
}

impl Held {
    fn candidate(&self) -> Candidate<'_> {
        let cooling_until = self.is_cooling.then_some(RESET);
        Candidate { credential: &self.credential, serves_model: self.serves_model, cooling_until, used: 0 }
    }
}

fn id(number: usize) -> CredentialId {
    CredentialId(Uuid::from_u128(number as u128))
}

fn key(number: usize, text: &str) -> Held {
    let (scope, states) = text.split_once(':').unwrap_or((text, ""));
    let states: Vec<_> = states.split(',').collect();
    let has = |state| states.contains(&state);
    let at = |seconds| Some(Timestamp::from_seconds(seconds));
    let credential = Credential {
        id: id(number),
        scope: match scope {
            "p" => Scope::Personal,
            "o" => Scope::Organization,
            _ => Scope::System,
        },
        owner: None,
        organization: None,
        provider: if has("custom") { ProviderId::Custom } else { ProviderId::OpenAi },
        name: format!("key {number}"),
        note: String::new(),
        masked: "…".into(),
        api_base: None,
        endpoint: String::new(),
        origin: Origin::stored(if has("elsewhere") { "https://b.example" } else { "https://a.example" }.into()),
        settings: Settings::default(),
        is_active: !has("inactive"),
        is_primary: has("primary"),
        priority: if has("late") { 9 } else { 0 },
        status: if has("invalid") || has("invalid-long-ago") {
            KeyStatus::Invalid
        } else if has("undecryptable") {
            KeyStatus::Undecryptable
        } else if has("no_credit") {
            KeyStatus::NoCredit
        } else {
            KeyStatus::Valid
        },
        status_reason: None,
        checked_at: if has("invalid-long-ago") { at(9_000) } else { at(9_900) },
        last_used_at: None,
        expires_at: has("expired").then_some(NOW),
        rotate_after: None,
        source: if scope == "e" { Source::Environment("OPENAI_API_KEY".into()) } else { Source::Stored },
        secret_version: 1,
        secret_set_at: None,
        grace_of: None,
        created_at: Timestamp::from_seconds(number as i64),
        created_by: None,
        updated_at: NOW,
        updated_by: None,
    };
    Held { credential, serves_model: !has("unlisted"), is_cooling: has("cooling") }
}

fn held(line: &str) -> Vec<Held> {
    line.split_whitespace().enumerate().map(|(i, text)| key(i + 1, text)).collect()
}

fn judge_at(line: &str, wish: Wish<'_>, now: Timestamp) -> Resolution {
    let keys = held(line);
    let candidates: Vec<_> = keys.iter().map(Held::candidate).collect();
    resolve(&candidates, wish, now)
}

fn judge(line: &str, wish: Wish<'_>) -> Resolution {
    judge_at(line, wish, NOW)
}

fn numbers(ids: &[CredentialId]) -> String {
    ids.iter().map(|id| id.0.as_u128().to_string()).collect::<Vec<_>>().join(",")
}

fn told(resolution: &Resolution) -> String {
    match &resolution.outcome {
        Outcome::Use(ids) => numbers(ids),
        Outcome::Failing => format!("failing {}", numbers(&resolution.failing)),
        Outcome::NoKey => "nobody".to_owned(),
    }
}

fn pays(line: &str, policy: Fallback) -> String {
    told(&judge(line, wish(policy)))
}

#[test]
fn a_personal_key_wins_over_the_organizations() {
    assert_eq!(pays("s o p", Fallback::Chain), "3");
    assert_eq!(pays("s o", Fallback::Chain), "2");
    assert_eq!(pays("e s", Fallback::Chain), "2,1");
    assert_eq!(pays("e", Fallback::Chain), "1");
    assert_eq!(pays("", Fallback::Chain), "nobody");
}

#[test]
fn an_organizations_order_goes_before_the_usual_one() {
    let pays = |line: &str, rules: &Rules| told(&judge(line, Wish { rules: Some(rules), ..wish(Fallback::Chain) }));
    let of = |order| Rules { order, ..Rules::default() };
    let none_of_theirs = Rules { personal_keys_allowed: false, ..Rules::default() };
    let others = Rules { allowed_providers: Some(vec![ProviderId::Groq]), ..Rules::default() };
    for (line, rules, expected) in [
        ("p o s e", of(KeyOrder::PersonalFirst), "1"),
        ("p o s e", of(KeyOrder::OrgFirst), "2"),
        ("p o:inactive s e", of(KeyOrder::OrgFirst), "1"),
        ("p:inactive o:expired s e", of(KeyOrder::OrgFirst), "3,4"),
        // A key that fails is nobody else's money, in any order.
        ("p o:invalid s e", of(KeyOrder::OrgFirst), "failing 2"),
        ("p o s e", of(KeyOrder::OrgOnly), "2"),
        ("p o:inactive s e", of(KeyOrder::OrgOnly), "nobody"),
        ("p s e", of(KeyOrder::OrgOnly), "nobody"),
        ("p o s e", none_of_theirs.clone(), "2"),
        ("p s e", none_of_theirs, "2,3"),
        ("p o s e", others, "nobody"),
    ] {
        assert_eq!(pays(line, &rules), expected, "{line} {rules:?}");
    }
    let verdicts = judge("p o", Wish { rules: Some(&of(KeyOrder::OrgOnly)), ..wish(Fallback::Strict) }).verdicts;
    assert_eq!(verdicts[1].why, Some(Why::ForbiddenByPolicy));
}

#[test]
fn absence_falls_through() {
    for absent in ["p:inactive", "p:expired", "p:custom,unlisted"] {
        assert_eq!(pays(&format!("{absent} s"), Fallback::Chain), "2", "{absent}");
    }
}

#[test]
fn failure_never_falls_through() {
    for failing in ["p:invalid", "p:undecryptable", "p:unlisted"] {
        assert_eq!(pays(&format!("{failing} s"), Fallback::Chain), "failing 1", "{failing}");
    }
    // These are tried again: only the call can tell.
    for tried in ["p:no_credit", "p:invalid-long-ago"] {
        assert_eq!(pays(&format!("{tried} s"), Fallback::Chain), "1", "{tried}");
    }
}

#[test]
fn strict_never_leaves_the_first_scope_that_has_a_key() {
    assert_eq!(pays("p:inactive s", Fallback::Strict), "failing 1");
    assert_eq!(pays("p:expired s", Fallback::Strict), "failing 1");
    assert_eq!(pays("p:inactive p s", Fallback::Strict), "2");
    assert_eq!(pays("s", Fallback::Strict), "1");
}

#[test]
fn within_a_scope_the_primary_comes_first_then_priority_then_age() {
    assert_eq!(pays("p:late p p:primary", Fallback::Chain), "3,2,1");
}

#[test]
fn fail_over_stays_within_one_scope_and_one_origin() {
    assert_eq!(pays("p p:elsewhere p s", Fallback::Chain), "1,3");
    assert_eq!(pays("p:primary,invalid p", Fallback::Chain), "2");
    assert_eq!(pays("p:primary,invalid p:elsewhere", Fallback::Chain), "failing 1");
}

#[test]
fn a_teams_token_never_uses_a_personal_key() {
    let wish = Wish { personal_allowed: false, ..wish(Fallback::Chain) };
    assert_eq!(judge("p s", wish).outcome, Outcome::Use(vec![id(2)]));
    assert_eq!(judge("p", wish).outcome, Outcome::NoKey);
}

#[test]
fn a_pinned_key_is_used_alone() {
    for policy in Fallback::ALL {
        let wish = Wish { pinned: Some(id(3)), ..wish(*policy) };
        assert_eq!(told(&judge("p p s p", wish)), "3", "{policy}");
        assert_eq!(told(&judge("p p s:cooling p", wish)), "failing 3", "{policy}");
    }
}

#[test]
fn a_cooling_key_is_passed_over_for_a_standby_and_never_for_another_scope() {
    for (line, chain, strict) in [
        ("p:cooling p s", "2", "2"),
        ("p:cooling s", "failing 1", "failing 1"),
        ("p:cooling p:cooling s", "failing 1,2", "failing 1,2"),
        ("p:cooling p:invalid s", "failing 1,2", "failing 1,2"),
        ("p:cooling p:elsewhere s", "failing 1", "failing 1"),
        ("p:cooling,inactive s", "2", "failing 1"),
        ("s:cooling e", "2", "2"),
    ] {
        assert_eq!([pays(line, Fallback::Chain), pays(line, Fallback::Strict)], [chain, strict], "{line}");
    }
}

#[test]
fn a_cooled_key_is_the_first_again() {
    let after = judge_at("p:cooling p", wish(Fallback::Chain), RESET);
    assert_eq!(told(&after), "1,2");
    let before = judge("p:cooling p", wish(Fallback::Chain));
    assert_eq!((before.verdicts[0].why, before.verdicts[0].cooling_until), (Some(Why::CoolingDown), Some(RESET)));
    assert_eq!((after.verdicts[0].why, after.verdicts[0].cooling_until), (None, None));
}

#[test]
fn cross_leaves_a_scope_after_its_keys_and_never_before() {
    for (line, expected) in [
        ("s p", "2,1"),
        ("s p p e", "2,3,1,4"),
        ("p p:elsewhere s:elsewhere", "1,3"),
        ("p:invalid s", "2"),
        ("p:cooling o:undecryptable s", "3"),
        ("p:cooling s:cooling", "failing 1,2"),
        ("p:inactive s", "2"),
    ] {
        assert_eq!(pays(line, Fallback::Cross), expected, "{line}");
    }
}

#[test]
fn calls_are_spread_within_a_scope_and_the_environment_stays_behind() {
    let in_turn = |count| Turn { spread: Spread::RoundRobin, count, conversation: None };
    let turns = |count| Turns { system: in_turn(count), ..Turns::default() };
    let pays = |line: &str, count| told(&judge(line, Wish { turns: turns(count), ..wish(Fallback::Cross) }));
    assert_eq!([pays("s s e", 0), pays("s s e", 1), pays("s s e", 2)], ["1,2,3", "2,1,3", "1,2,3"]);
    assert_eq!(pays("p p s s", 1), "1,2,4,3");
    assert_eq!(pays("s:cooling s s", 1), "3,2");
}

#[test]
fn every_candidate_is_told_why() {
    let resolution = judge("p:inactive p p:elsewhere p s", wish(Fallback::Chain));
    let whys: Vec<_> = resolution.verdicts.iter().map(|verdict| verdict.why).collect();
    assert_eq!(
        whys,
        [Some(Why::Inactive), None, Some(Why::OtherOrigin), Some(Why::Standby), Some(Why::NearerScopeDecides)]
    );
}

const STATES: [&str; 8] =
    ["", ":primary", ":late", ":inactive", ":invalid", ":cooling", ":elsewhere", ":cooling,elsewhere"];

/// A line of up to six keys of any scope and state.
fn line() -> impl Strategy<Value = String> {
    let key = (proptest::sample::select(vec!["p", "o", "s", "e"]), proptest::sample::select(&STATES[..]));
    proptest::collection::vec(key.prop_map(|(scope, state)| format!("{scope}{state}")), 0..6)
        .prop_map(|keys| keys.join(" "))
}

proptest! {
    #[test]
    fn the_order_of_the_rows_never_changes_who_pays(line in line(), seed in any::<u64>()) {
        let keys = held(&line);
        let mut candidates: Vec<_> = keys.iter().map(Held::candidate).collect();
        let expected = resolve(&candidates, wish(Fallback::Chain), NOW);
        if let Some(places) = std::num::NonZeroUsize::new(candidates.len()) {
            candidates.rotate_left(seed as usize % places);
            candidates.swap(0, seed as usize / 7 % places);
        }
        prop_assert_eq!(resolve(&candidates, wish(Fallback::Chain), NOW), expected);
    }

    #[test]
    fn who_pays_without_cross_is_of_one_scope_and_one_origin(line in line(), is_strict: bool) {
        let keys = held(&line);
        let policy = if is_strict { Fallback::Strict } else { Fallback::Chain };
        if let Outcome::Use(ids) = judge(&line, wish(policy)).outcome {
            let places: std::collections::HashSet<_> = keys.iter()
                .filter(|key| ids.contains(&key.credential.id))
                .map(|key| (key.credential.scope, key.credential.origin.clone()))
                .collect();
            prop_assert_eq!(places.len(), 1, "{}", line);
        }
    }

    #[test]
    fn cross_only_adds_payers_behind_those_of_chain(line in line()) {
        let (chain, cross) = (judge(&line, wish(Fallback::Chain)), judge(&line, wish(Fallback::Cross)));
        match (chain.outcome, cross.outcome) {
            (Outcome::Use(near), Outcome::Use(all)) => prop_assert!(all.starts_with(&near), "{}", line),
            (Outcome::NoKey, other) => prop_assert_eq!(other, Outcome::NoKey),
            (near, all) => prop_assert!(near == Outcome::Failing && all != Outcome::NoKey, "{}", line),
        }
    }
}
