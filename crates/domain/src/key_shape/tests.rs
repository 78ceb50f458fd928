use proptest::prelude::*;

use super::*;

#[test]
fn a_key_is_recognised_by_its_shape() {
    for (key, provider) in [
        ("sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1", Some(ProviderId::OpenAi)),
        ("sk-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1", Some(ProviderId::OpenAi)),
        ("sk-ant-api03-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ-key1AA", Some(ProviderId::Anthropic)),
        ("sk-or-v1-0000000000000000000000000000000000000000", Some(ProviderId::OpenRouter)),
        ("AIzaSyFAKE_fake_FAKE_fake_FAKE_fake_FAK", Some(ProviderId::Google)),
        ("gsk_FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789", Some(ProviderId::Groq)),
        ("xai-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789", Some(ProviderId::XAi)),
        ("fw_FAKEaBcDeFgHiJkLmNkey1", Some(ProviderId::Fireworks)),
        ("hf_FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZkey1", Some(ProviderId::HuggingFace)),
        ("FAKEaBcDeFgHiJkLmNoPqRsTuVwXkey1", None),
    ] {
        assert_eq!(recognise(key), provider, "{key}");
    }
}

#[test]
fn what_cannot_be_a_key_is_refused_with_a_reason() {
    for (text, problem) in [
        ("  ", KeyProblem::Empty),
        ("your-key-here", KeyProblem::Placeholder),
        ("<OPENAI_API_KEY>", KeyProblem::Placeholder),
        ("sk-xxxxxxxxxxxxxxxxxxxx", KeyProblem::Placeholder),
        ("sk-...", KeyProblem::Placeholder),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", KeyProblem::Placeholder),
        ("sk-ant-…b123", KeyProblem::Masked),
        ("••••••••b123", KeyProblem::Masked),
        ("sk-proj-abc def", KeyProblem::InnerBlank),
        ("sk-proj-abc\ndef", KeyProblem::InnerBlank),
        ("sk-proj-abc\u{0}def", KeyProblem::StrangeCharacter("\\u{0}".into())),
        ("sk-proj-äöü", KeyProblem::StrangeCharacter("\\u{e4}".into())),
        ("owk_user_0123456789ABCDEFGHIJKLMNOPQRST3rgke8", KeyProblem::GatewayToken),
        ("sk-ant-oat01-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ", KeyProblem::SubscriptionToken),
        ("sk-ant-admin01-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ", KeyProblem::AdminKey),
    ] {
        assert_eq!(clean(text, ProviderId::OpenAi).err(), Some(problem), "{text:?}");
    }
    assert_eq!(clean(&"a1".repeat(251), ProviderId::OpenAi).err(), Some(KeyProblem::TooLong(502)));
}

#[test]
fn an_unknown_or_foreign_shape_warns_and_is_let_through() {
    let warning = |key, provider| clean(key, provider).ok().and_then(|clean| clean.warning);
    assert_eq!(warning("sk-proj-FAKE0123456789abcdef", ProviderId::OpenAi), None);
    assert_eq!(
        warning("gsk_FAKE0123456789abcdef", ProviderId::OpenAi).as_deref(),
        Some("This looks like a key for Groq, but it was saved for OpenAI.")
    );
    assert_eq!(
        warning("0123456789abcdef0123456789abcdef", ProviderId::Groq).as_deref(),
        Some("Groq keys usually start with gsk_; this one does not.")
    );
}

#[test]
fn the_mask_shows_the_prefix_and_the_last_four_and_nothing_of_short_keys() {
    assert_eq!(masked("sk-ant-api03-FAKEaBcDeFgHiJkLmNoPb123"), "sk-ant-…b123");
    assert_eq!(masked("FAKEaBcDeFgHiJkLmNoPqRsTuVwXkey1"), "…key1");
    assert_eq!(masked("short-key-b123"), "…");
    assert_eq!(masked_in_lists("sk-ant-…b123"), "••••••••b123");
    assert_eq!(masked_in_lists("…"), "••••••••");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_hygiene_panic_and_what_it_takes_could_stand_in_a_header(
        text in prop_oneof![".*", "[!-~ \t]{0,40}", "(sk-|gsk_|owk_user_|your-)?[ -~]{0,30}"],
    ) {
        let _ = masked(&text);
        let key = text.trim();
        match clean(&text, ProviderId::OpenAi) {
            Ok(taken) => {
                prop_assert!(key.bytes().all(|b| b.is_ascii_graphic()) && (1..=MAX_KEY_LENGTH).contains(&key.len()));
                prop_assert!(!key.starts_with(gateway_token::PREFIX) && !key.contains('*'));
                prop_assert_eq!(taken.masked, masked(key));
            }
            Err(KeyProblem::Empty) => prop_assert!(key.is_empty()),
            Err(problem) => prop_assert!(!key.is_empty(), "{}", problem),
        }
    }

    #[test]
    fn blanks_around_a_key_change_nothing(body in "[A-Za-z0-9]{20,60}", before in "[ \t\r\n]{0,4}", after in "[ \t\r\n]{0,4}") {
        let judged = |text: &str| clean(text, ProviderId::OpenAi).map(|key| (key.masked, key.warning));
        prop_assert_eq!(judged(&format!("{before}sk-proj-{body}{after}")), judged(&format!("sk-proj-{body}")));
    }

    #[test]
    fn a_mask_never_shows_more_than_four_characters_of_the_secret_part(body in "[A-Za-z0-9]{30,60}") {
        let key = format!("sk-proj-{body}");
        let masked = masked(&key);
        prop_assert_eq!(masked.chars().count(), "sk-proj-…".chars().count() + 4);
        let hidden: String = body.chars().take(body.len() - 4).collect();
        prop_assert!(!masked.contains(&hidden));
    }
}
