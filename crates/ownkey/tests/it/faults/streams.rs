//! Streams that end wrongly, and streams that only look wrong.

use provider_sim::{Behaviour, Call, Finished, Reply, Script};
use testkit::{Options, chat_body, events};

use super::{SAYS, Stage, meets};

/// A whole answer, however it came.
const PLAIN: &str = "200 \"Hello from the scripted provider.\" | settled - provider 1+9 priced";
/// The same as a stream.
const STREAMED: &str = "200 \"Hello from the scripted provider.\" done | settled - provider 1+9 priced";

#[tokio::test]
async fn a_cut_stream_ends_with_an_error_event_and_an_estimate() {
    meets(
        Behaviour::TruncatedStream { after_chunks: 2 },
        "502 api_error provider_error | failed stream_truncated unknown ? unknown",
        "200 \"Hello from\" error api_error provider_error | failed stream_truncated estimated 1+3 priced",
    )
    .await;
}

#[tokio::test]
async fn a_stream_without_an_end_mark_is_as_good_as_cut() {
    let stage = Stage::set().await;
    assert_eq!(
        stage.call(Behaviour::EndedEarly { after_chunks: 2 }, true).await,
        "200 \"Hello from\" error api_error provider_error | failed stream_truncated estimated 1+3 priced"
    );
}

#[tokio::test]
async fn a_stream_cut_before_its_first_word_still_has_a_status() {
    let stage = Stage::set().await;
    let seen = stage.call(Behaviour::TruncatedStream { after_chunks: 0 }, true).await;
    assert_eq!(seen, "200 \"\" error api_error provider_error | failed stream_truncated unknown ? unknown");
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_is_the_last_event() {
    let stage = Stage::set().await;
    assert_eq!(
        stage.call(Behaviour::ErrorMidStream { after_chunks: 2 }, true).await,
        "200 \"Hello from\" error api_error provider_error | failed server_error estimated 1+3 priced"
    );
}

#[tokio::test]
async fn an_error_as_the_first_event_still_has_a_status() {
    let stage = Stage::set().await;
    let seen = stage.call(Behaviour::ErrorMidStream { after_chunks: 0 }, true).await;
    assert!(seen.contains("provider_error | failed server_error"), "{seen}");
}

#[tokio::test]
async fn a_garbage_line_does_not_hurt_the_rest_of_the_stream() {
    let stage = Stage::set().await;
    assert_eq!(stage.call(Behaviour::GarbageLine, true).await, STREAMED);
}

#[tokio::test]
async fn a_whole_answer_that_is_no_json_is_a_502() {
    let stage = Stage::set().await;
    let seen = stage.call(Behaviour::GarbageLine, false).await;
    assert_eq!(seen, "502 api_error provider_error | failed server_error unknown ? unknown");
}

#[tokio::test]
async fn a_complete_stream_without_done_gets_one() {
    let stage = Stage::set().await;
    assert_eq!(stage.call(Behaviour::NoDone, true).await, STREAMED);
}

#[tokio::test]
async fn bytes_that_are_no_utf8_pass_through_and_are_metered() {
    let stage = Stage::set().await;
    stage.house.sim.next(Behaviour::InvalidUtf8);
    let answer = stage.ann.chat_stream("Hi").await.expect(200);
    assert!(answer.bytes.windows(2).any(|bytes| bytes == b"\xff\xfe"), "{}", answer.text());
    let seen = stage.seen(&answer).await;
    assert!(seen.ends_with("done | settled - provider 1+9 priced"), "{seen}");
}

#[tokio::test]
async fn json_instead_of_a_stream_becomes_one() {
    let stage = Stage::set().await;
    assert_eq!(stage.call(Behaviour::JsonInsteadOfStream, true).await, STREAMED);
}

#[tokio::test]
async fn a_huge_event_passes_whole() {
    let stage = Stage::set().await;
    stage.house.sim.next(Behaviour::HugeEvent(3 << 20));
    let answer = stage.ann.chat_stream("Hi").await.expect(200);
    assert!(answer.bytes.len() > 3 << 20);
    assert_eq!(events(&answer.text()).last().unwrap().data, "[DONE]");
    let seen = stage.seen(&answer).await;
    assert!(seen.contains("done | settled - provider 1+"), "{}", seen.len());
}

#[tokio::test]
async fn a_stream_in_crumbs_and_one_with_noise_are_the_same_stream() {
    meets(Behaviour::Trickle(3), PLAIN, STREAMED).await;
    meets(Behaviour::Noise, PLAIN, STREAMED).await;
}

#[tokio::test]
async fn no_event_follows_the_end_mark() {
    let stage = Stage::set().await;
    for fault in [Behaviour::NoDone, Behaviour::UsageInFinishChunk, Behaviour::Noise] {
        stage.house.sim.next(fault);
        let text = stage.ann.chat_stream("Hi").await.expect(200).text();
        assert_eq!(events(&text).iter().filter(|event| event.data == "[DONE]").count(), 1, "{text}");
        assert_eq!(events(&text).last().unwrap().data, "[DONE]");
    }
}

#[tokio::test]
async fn usage_is_the_last_chunk_for_clients_that_ask_and_nobody_elses() {
    let script = Script { default: Behaviour::Answer(Reply::says(SAYS)), ..Script::says(SAYS) };
    let stage = Stage::with(Options { script, ..Options::default() }).await;
    for fault in [Behaviour::Answer(Reply::says(SAYS)), Behaviour::UsageInFinishChunk] {
        assert_eq!(stage.call(fault.clone(), true).await, STREAMED);
        stage.house.sim.next(fault);
        let mut body = chat_body("gpt-5-mini", "Hi", true);
        body["stream_options"] = serde_json::json!({"include_usage": true});
        let answer = stage.ann.client.post("/v1/chat/completions", &body).await;
        assert_eq!(stage.seen(&answer).await, STREAMED.replace(" done", " usage done"));
    }
}

#[tokio::test]
async fn a_stream_is_over_at_its_end_mark_whatever_the_connection_does() {
    let stage = Stage::set().await;
    assert_eq!(stage.call(Behaviour::LingersAfterDone, true).await, STREAMED);
    let gone = |calls: &[Call]| calls.iter().any(|call| call.finished == Finished::ClientGone);
    stage.house.sim.wait_for(gone).await.unwrap();
}

#[tokio::test]
async fn a_comment_before_an_error_does_not_cost_it_its_status() {
    let stage = Stage::set().await;
    let seen = stage.call(Behaviour::CommentThenError, true).await;
    assert_eq!(seen, "502 api_error provider_error | failed server_error provider ? free");
}
