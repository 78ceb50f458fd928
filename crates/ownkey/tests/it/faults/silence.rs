//! A provider that is slow, or stops talking.

use std::time::Duration;

use provider_sim::{Behaviour, Reply};

use super::Stage;

#[tokio::test]
async fn slow_headers_within_the_clock_are_an_answer() {
    let stage = Stage::with_short_clocks().await;
    let slow = Behaviour::SlowHeaders(Duration::from_millis(40));
    assert_eq!(
        stage.call(slow.clone(), false).await,
        "200 \"Hello from the scripted provider.\" | settled - provider 1+9 priced"
    );
    assert_eq!(
        stage.call(slow, true).await,
        "200 \"Hello from the scripted provider.\" done | settled - provider 1+9 priced"
    );
}

#[tokio::test]
async fn slow_headers_beyond_the_clock_are_a_504_of_unknown_cost() {
    let stage = Stage::with_short_clocks().await;
    let told = "504 api_error provider_timeout | failed timeout unknown ? unknown";
    let slow = Behaviour::SlowHeaders(Duration::from_secs(20));
    assert_eq!([stage.call(slow.clone(), false).await, stage.call(slow, true).await], [told, told]);
}

#[tokio::test]
async fn no_headers_at_all_are_a_504_and_the_call_is_let_go() {
    let stage = Stage::with_short_clocks().await;
    let told = "504 api_error provider_timeout | failed timeout unknown ? unknown";
    for stream in [false, true] {
        assert_eq!(stage.call(Behaviour::HangBeforeHeaders, stream).await, told);
    }
    let gone = |calls: &[provider_sim::Call]| {
        let ended =
            calls.iter().filter(|call| call.model.is_some() && call.finished == provider_sim::Finished::ClientGone);
        ended.count() == 2
    };
    stage.house.sim.wait_for(gone).await.unwrap();
}

#[tokio::test]
async fn a_time_out_after_sending_never_costs_a_second_key() {
    let stage = Stage::with_short_clocks().await;
    stage.ann.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2").await;
    let told = "504 api_error provider_timeout | failed timeout unknown ? unknown";
    assert_eq!(stage.call(Behaviour::HangBeforeHeaders, false).await, told);
}

#[tokio::test]
async fn silence_in_the_middle_of_a_stream_ends_it_with_an_error_event() {
    let stage = Stage::with_short_clocks().await;
    assert_eq!(
        stage.call(Behaviour::HangMidStream { after_chunks: 2 }, true).await,
        "200 \"Hello from\" error api_error provider_timeout | failed timeout estimated 1+3 priced"
    );
}

#[tokio::test]
async fn silence_in_the_middle_of_a_whole_answer_is_a_504_of_unknown_cost() {
    let stage = Stage::with_short_clocks().await;
    assert_eq!(
        stage.call(Behaviour::HangMidStream { after_chunks: 2 }, false).await,
        "504 api_error provider_timeout | failed timeout unknown ? unknown"
    );
}

#[tokio::test]
async fn a_slow_stream_that_keeps_talking_outlives_the_idle_clock() {
    let stage = Stage::with_short_clocks().await;
    let reply = Reply { chunk_delay: Duration::from_millis(60), ..Reply::says(super::SAYS) };
    assert_eq!(
        stage.call(Behaviour::Answer(reply), true).await,
        "200 \"Hello from the scripted provider.\" done | settled - provider 1+9 priced"
    );
}
