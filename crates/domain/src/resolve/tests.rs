//! Each row: the keys in one line, the policy, and who pays.
//!
//! A key is written `scope:state`, with `p` personal, `o` organization, `s`
//! system, `e` environment; its id is its place in the line, from 1.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::credential::{Settings, Source};
use crate::origin::Origin;
use crate::provider::ProviderId;

const NOW: Timestamp = Timestamp::from_seconds(10_000);

fn id(number: usize) -> CredentialId {
    CredentialId(Uuid::from_u128(number as u128))
}

fn key(number: usize, text: &str) -> (Credential, bool) {
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
    (credential, !has("unlisted"))
}

fn judge(line: &str, wish: Wish) -> Resolution {
    let keys: Vec<_> = line.split_whitespace().enumerate().map(|(i, text)| key(i + 1, text)).collect();
    let candidates: Vec<_> =
        keys.iter().map(|(credential, serves_model)| Candidate { credential, serves_model: *serves_model }).collect();
    resolve(&candidates, wish, NOW)
}

fn pays(line: &str, policy: Fallback) -> String {
    let numbers = |ids: &[CredentialId]| ids.iter().map(|id| id.0.as_u128().to_string()).collect::<Vec<_>>().join(",");
    match judge(line, Wish { policy, personal_allowed: true, pinned: None }).outcome {
        Outcome::Use(ids) => numbers(&ids),
        Outcome::Failing(ids) => format!("failing {}", numbers(&ids)),
        Outcome::NoKey => "nobody".to_owned(),
    }
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
    let wish = Wish { policy: Fallback::Chain, personal_allowed: false, pinned: None };
    assert_eq!(judge("p s", wish).outcome, Outcome::Use(vec![id(2)]));
    assert_eq!(judge("p", wish).outcome, Outcome::NoKey);
}

#[test]
fn a_pinned_key_is_used_alone() {
    let wish = Wish { policy: Fallback::Chain, personal_allowed: true, pinned: Some(id(3)) };
    assert_eq!(judge("p p s", wish).outcome, Outcome::Use(vec![id(3)]));
}

#[test]
fn every_candidate_is_told_why() {
    let resolution =
        judge("p:inactive p p:elsewhere p s", Wish { policy: Fallback::Chain, personal_allowed: true, pinned: None });
    let whys: Vec<_> = resolution.verdicts.iter().map(|verdict| verdict.why).collect();
    assert_eq!(
        whys,
        [Some(Why::Inactive), None, Some(Why::OtherOrigin), Some(Why::Standby), Some(Why::NearerScopeDecides)]
    );
}

proptest! {
    #[test]
    fn the_order_of_the_rows_never_changes_who_pays(seed in any::<u64>()) {
        let line = ["p:inactive", "p:late", "o", "s:primary", "e", "p:elsewhere"];
        let keys: Vec<_> = line.iter().enumerate().map(|(i, text)| key(i + 1, text)).collect();
        let mut candidates: Vec<_> = keys.iter().map(|(credential, serves_model)| Candidate { credential, serves_model: *serves_model }).collect();
        let wish = Wish { policy: Fallback::Chain, personal_allowed: true, pinned: None };
        let expected = resolve(&candidates, wish, NOW);
        let places = candidates.len() as u64;
        candidates.rotate_left((seed % places) as usize);
        candidates.swap(0, (seed / places % places) as usize);
        prop_assert_eq!(resolve(&candidates, wish, NOW), expected);
    }
}
