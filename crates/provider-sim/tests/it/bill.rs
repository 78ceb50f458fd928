//! What the provider saw and what it bills.

use std::time::Duration;

use http::Method;
use http_body_util::BodyExt;
use provider_sim::{Behaviour, Bill, Finished, KeyState, Script, Sim, Usage};

use crate::client::{KEY, ask, ask_stream, chat, connect, get, request, soon, start};

#[tokio::test]
async fn a_call_is_logged_as_it_arrived() {
    let sim = start().await;
    chat(&sim, &ask_stream("hello")).await;
    let call = sim.log().remove(0);
    assert_eq!((call.at, call.method.as_str(), call.path.as_str()), (1, "POST", "/v1/chat/completions"));
    assert_eq!(call.authorization.as_deref(), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(call.header("x-client-request-id"), Some("ours-1"));
    assert_eq!((call.model.as_deref(), call.stream, call.status), (Some("gpt-4o-mini"), true, Some(200)));
    assert_eq!(call.body, ask_stream("hello").to_string());
    assert_eq!(call.finished, Finished::Completed);
    assert_eq!(call.sent_usage, Some(Usage { prompt: 2, completion: 5 }));
    assert!(call.ended.expect("an end") >= call.arrived);
}

#[tokio::test]
async fn errors_and_lists_are_free_and_a_cut_stream_costs_what_was_sent() {
    let sim = start().await;
    get(&sim, "/v1/models").await;
    sim.next(Behaviour::NoCredit);
    chat(&sim, &ask("hello")).await;
    sim.next(Behaviour::TruncatedStream { after_chunks: 1 });
    chat(&sim, &ask_stream("hello")).await;
    let calls = sim.log();
    assert_eq!(calls[1].sent_usage, None);
    assert_eq!(calls[2].finished, Finished::Cut);
    assert_eq!(sim.bill(), Bill { calls: 3, billed_calls: 1, prompt: 2, completion: 2 });
}

/// Starts a call that hangs, hangs up, and says how long the provider took to notice.
async fn noticed_after(behaviour: Behaviour, read_first: bool) -> (Duration, Option<Usage>) {
    let sim = start().await;
    sim.next(behaviour);
    let mut line = connect(&sim).await;
    let body = ask_stream("hello").to_string().into_bytes();
    let sending = line.sender.send_request(request(Method::POST, "/v1/chat/completions", KEY, body));
    if read_first {
        let mut response = soon(sending).await.expect("headers");
        soon(response.frame()).await.expect("a frame").expect("bytes");
        line.driver.abort();
    } else {
        let sending = tokio::spawn(sending);
        sim.wait_for(|calls| calls.len() == 1).await.expect("the call");
        sending.abort();
        line.driver.abort();
    }
    let left = sim.elapsed();
    let calls = sim.wait_for(|calls| calls[0].finished == Finished::ClientGone).await.expect("noticed");
    (calls[0].ended.expect("an end").saturating_sub(left), calls[0].sent_usage)
}

#[tokio::test]
async fn a_client_that_hangs_up_is_noticed_within_200_ms() {
    let (late, usage) = noticed_after(Behaviour::HangBeforeHeaders, false).await;
    assert!(late < Duration::from_millis(200), "{late:?}");
    assert_eq!(usage, None);
    let (late, usage) = noticed_after(Behaviour::HangMidStream { after_chunks: 1 }, true).await;
    assert!(late < Duration::from_millis(200), "{late:?}");
    assert_eq!(usage, Some(Usage { prompt: 2, completion: 2 }));
}

#[tokio::test]
async fn a_shut_provider_refuses_and_one_on_its_address_answers_again() {
    let sim = start().await;
    let address = sim.address();
    chat(&sim, &ask("x")).await;
    sim.shutdown().await;
    assert_eq!(sim.log().len(), 1);
    let again = Sim::start_on(address, Script::says("back")).await.expect("the same port");
    assert_eq!(again.base_url(), format!("http://{address}/v1"));
    assert_eq!(chat(&again, &ask("x")).await.json()["choices"][0]["message"]["content"], "back");
}

#[tokio::test]
async fn one_connection_serves_many_calls_and_the_log_forgets_the_oldest() {
    let sim = Sim::start(Script { keep_calls: 2, ..Script::says("hi") }).await.expect("a port");
    let mut line = connect(&sim).await;
    for _ in 0..5 {
        let body = ask("x").to_string().into_bytes();
        let wanted = request(Method::POST, "/v1/chat/completions", KEY, body);
        let response = line.sender.send_request(wanted).await.expect("an answer");
        response.into_body().collect().await.expect("a body");
    }
    assert_eq!(sim.connections(), 1);
    assert_eq!(sim.log().iter().map(|call| call.at).collect::<Vec<_>>(), [4, 5]);
    assert!(sim.log().iter().all(|call| call.finished == Finished::Completed));
    assert_eq!(sim.bill().billed_calls, 5);
    sim.key(KEY, KeyState::Invalid401);
    assert_eq!(chat(&sim, &ask("x")).await.status, 401);
}
