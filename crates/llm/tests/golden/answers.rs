//! Whole answers.

use domain::ProviderId;
use domain::money::Nanos;
use domain::provider::WireName;
use llm::wire;
use llm::wire::openai_chat::passthrough::inspect_answer;

use crate::manifest::{Seen, cases, compare, failed_answers, read};

#[test]
fn every_answer_is_read_as_the_manifest_says() {
    for case in cases("response") {
        let body = case.body();
        let answer = case.wire().unwrap().decode_answer(case.provider, &body);
        let answer = answer.unwrap_or_else(|error| panic!("{}: {error:?}", case.file));
        compare(&case, &Seen::of(answer.clone()));
        let Some(client) = case.client_wire() else { continue };
        let facts = client.inspect_answer(case.provider, &body).unwrap();
        assert_eq!(
            (facts.usage, facts.cost, facts.finish),
            (answer.usage, answer.cost, answer.finish),
            "{}",
            case.file
        );
        let written = answer.text.chars().chain(answer.reasoning.chars()).count()
            + answer.refusal.as_ref().map_or(0, |text| text.chars().count())
            + answer.tool_calls.iter().map(|call| call.arguments.chars().count()).sum::<usize>();
        assert_eq!(facts.output_characters, written as u64, "{}", case.file);
        assert_eq!((facts.id, facts.response_model), (Some(answer.id), Some(answer.model)), "{}", case.file);
    }
}

#[test]
fn a_failure_under_a_status_of_success_is_no_answer() {
    for case in failed_answers() {
        let error = case.wire().unwrap().decode_answer(case.provider, &case.body()).unwrap_err();
        assert_eq!(Some(error.class.as_str()), case.expect["error_class"].as_str(), "{}", case.file);
        assert_eq!(Some(error.is_retryable), case.expect["retryable"].as_bool(), "{}", case.file);
        if let Some(client) = case.client_wire() {
            assert_eq!(client.inspect_answer(case.provider, &case.body()).unwrap_err(), error, "{}", case.file);
        }
    }
}

#[test]
fn xais_ticks_become_its_cost() {
    let facts = inspect_answer(ProviderId::XAi, &read("variants/xai/text.response.json")).unwrap();
    assert_eq!(facts.cost, Some(Nanos(1_673_000)));
}

#[test]
fn what_is_no_answer_is_an_error_and_not_an_empty_answer() {
    for body in ["", "<html>", "[]", "{}", "{\"choices\":7}", "{\"choices\":[]", "\u{0}"] {
        assert!(inspect_answer(ProviderId::Custom, body.as_bytes()).is_err(), "{body:?}");
        let wire = wire::of(WireName::OpenAiChat).unwrap();
        assert!(wire.decode_answer(ProviderId::Custom, body.as_bytes()).is_err(), "{body:?}");
    }
}
