//! A provider that says no, or fails before it says anything.

use provider_sim::{Behaviour, Sim};
use testkit::{House, Options};

use super::{KEY, Stage, always, meets};

async fn is_told(fault: Behaviour, both: &str) {
    meets(fault, both, both).await;
}

#[tokio::test]
async fn a_refused_key_is_never_the_clients_401() {
    let told = "502 api_error upstream_credentials_exhausted should-retry false | failed invalid_key provider ? free";
    is_told(Behaviour::Status401, told).await;
}

#[tokio::test]
async fn the_providers_rate_limit_is_a_429_with_its_wait() {
    let told = "429 rate_limit_error rate_limited after 7 | failed rate_limited provider ? free";
    is_told(Behaviour::Status429 { retry_after_s: 7 }, told).await;
}

#[tokio::test]
async fn a_key_without_credit_is_not_worth_a_retry() {
    let told = "502 api_error upstream_credentials_exhausted should-retry false | failed no_credit provider ? free";
    is_told(Behaviour::NoCredit, told).await;
}

#[tokio::test]
async fn a_500_of_the_provider_is_tried_once_more_and_then_a_502() {
    let stage = Stage::set().await;
    let row = "failed server_error provider ? free";
    let answered = format!("200 \"Hello from the scripted provider.\" | {row} + settled - provider 1+9 priced");
    assert_eq!(stage.call(Behaviour::Status5xx(500), false).await, answered);
    stage.house.sim.next(Behaviour::Status5xx(500));
    let told = format!("502 api_error provider_error | {row} + {row}");
    assert_eq!(stage.call(Behaviour::Status5xx(502), false).await, told);
}

#[tokio::test]
async fn a_503_of_the_provider_stays_one_with_its_wait() {
    let told = "503 api_error provider_overloaded after 5 | failed overloaded provider ? free";
    is_told(Behaviour::Status5xx(503), told).await;
}

#[tokio::test]
async fn a_504_of_the_provider_stays_one() {
    is_told(Behaviour::Status5xx(504), "504 api_error provider_timeout | failed timeout unknown ? unknown").await;
}

#[tokio::test]
async fn a_page_of_html_is_a_502_and_is_not_passed_on() {
    let row = "failed server_error provider ? free";
    let stage = Stage::set().await;
    stage.house.sim.set_default(Behaviour::Html502);
    let answer = stage.ann.chat("Hi").await;
    assert_eq!(stage.seen(&answer).await, format!("502 api_error provider_error | {row} + {row}"));
    assert!(!answer.text().contains('<'), "{}", answer.text());
}

#[tokio::test]
async fn a_prompt_that_is_too_long_is_the_providers_own_400() {
    let told = "400 invalid_request_error context_length_exceeded | failed context_too_long provider ? free";
    is_told(Behaviour::ContextTooLong, told).await;
}

#[tokio::test]
async fn a_model_the_provider_does_not_know_is_a_404() {
    let told = "404 invalid_request_error model_not_found | failed not_found provider ? free";
    is_told(Behaviour::NoSuchModel, told).await;
}

#[tokio::test]
async fn a_connection_closed_without_an_answer_is_a_502_of_unknown_cost() {
    let told = "502 api_error provider_error | failed unreachable unknown ? unknown";
    is_told(Behaviour::CloseBeforeHeaders, told).await;
}

#[tokio::test]
async fn an_error_with_status_200_is_an_error() {
    let told = "502 api_error provider_error | failed server_error provider ? free";
    is_told(Behaviour::ErrorWith200, told).await;
}

#[tokio::test]
async fn a_compressed_answer_that_nobody_asked_for_is_a_502() {
    let told = "502 api_error provider_error | failed server_error unknown ? unknown";
    is_told(Behaviour::GzipAlthoughNotAsked, told).await;
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_its_target_sees_nothing() {
    let elsewhere = Sim::start(always(Behaviour::Status401)).await.unwrap();
    let target = format!("{}/chat/completions", elsewhere.base_url());
    let told = "502 api_error provider_error | failed server_error provider ? free";
    is_told(Behaviour::Redirect(target), told).await;
    assert!(elsewhere.log().is_empty());
}

#[tokio::test]
async fn a_provider_that_is_gone_is_a_502_that_cost_nothing() {
    let stage = Stage::set().await;
    stage.house.sim.shutdown().await;
    let answer = stage.ann.chat("Hi").await;
    let told = "502 api_error provider_error | failed unreachable provider ? free + failed unreachable provider ? free";
    assert_eq!(stage.seen(&answer).await, told);
}

#[tokio::test]
async fn no_error_repeats_the_key_it_was_about() {
    for fault in [Behaviour::Status401, Behaviour::NoCredit, Behaviour::Html502] {
        let house = House::start_with(Options { script: always(fault), ..Options::default() }).await;
        let ann = house.user("ann").await;
        ann.save_key("openai", KEY).await;
        let answer = ann.chat("Hi").await;
        assert!(answer.status.is_server_error() && !answer.text().contains("FAKEaBcDeF"), "{}", answer.text());
    }
}

#[tokio::test]
async fn keys_that_are_all_at_some_limit_are_a_429() {
    let stage = Stage::set().await;
    stage.ann.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2").await;
    stage.house.sim.next(Behaviour::Status5xx(500));
    stage.house.sim.next(Behaviour::Status429 { retry_after_s: 9 });
    let limited = "failed rate_limited provider ? free";
    assert_eq!(
        stage.call(Behaviour::Status429 { retry_after_s: 7 }, false).await,
        format!(
            "429 rate_limit_error rate_limited after 7 | failed server_error provider ? free + {limited} + {limited}"
        )
    );
}
