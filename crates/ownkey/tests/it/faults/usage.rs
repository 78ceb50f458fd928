//! What the ledger believes, and what it does not.

use provider_sim::{Behaviour, WrongUsage};

use super::{Stage, meets};

async fn is_metered(kind: WrongUsage, row: &str) {
    let text = "200 \"Hello from the scripted provider.\"";
    meets(Behaviour::WrongUsage(kind), &format!("{text} | {row}"), &format!("{text} done | {row}")).await;
}

#[tokio::test]
async fn usage_that_is_not_there_is_estimated() {
    is_metered(WrongUsage::Absent, "settled - estimated 1+9 priced").await;
}

#[tokio::test]
async fn zeros_under_an_answer_with_text_are_an_estimate() {
    is_metered(WrongUsage::Zero, "settled - estimated 1+9 priced").await;
}

#[tokio::test]
async fn usage_below_zero_is_unknown() {
    is_metered(WrongUsage::Negative, "settled - unknown ? unknown").await;
}

#[tokio::test]
async fn absurd_usage_is_unknown() {
    is_metered(WrongUsage::Absurd, "settled - unknown ? unknown").await;
}

#[tokio::test]
async fn fractions_of_tokens_are_unknown() {
    is_metered(WrongUsage::Fractional, "settled - unknown ? unknown").await;
}

#[tokio::test]
async fn counts_that_are_texts_are_unknown() {
    is_metered(WrongUsage::Strings, "settled - unknown ? unknown").await;
}

#[tokio::test]
async fn unknown_is_counted_as_unknown_and_never_as_zero() {
    let stage = Stage::set().await;
    stage.call(Behaviour::WrongUsage(WrongUsage::Negative), false).await;
    stage.call(Behaviour::WrongUsage(WrongUsage::Absent), false).await;
    stage.call(Behaviour::Answer(provider_sim::Reply::says("Good.")), false).await;
    let summary = stage.ann.client.get("/v2/usage?group_by=model").await.expect(200).json();
    let line = &summary["data"][0];
    assert_eq!(
        (line["attempts"].as_i64(), line["unknown"].as_i64(), line["estimated"].as_i64()),
        (Some(3), Some(1), Some(1))
    );
}

#[tokio::test]
async fn the_ledger_and_the_providers_bill_are_the_same_to_the_token() {
    let stage = Stage::set().await;
    for round in 0..12 {
        let prompt = "word ".repeat(round * 7 + 1);
        let answer = if round % 2 == 0 { stage.ann.chat(&prompt).await } else { stage.ann.chat_stream(&prompt).await };
        assert_eq!(answer.status, 200);
    }
    stage.house.ledger_is_written().await;
    let bill = stage.house.sim.bill();
    let summary = stage.ann.client.get("/v2/usage?group_by=provider").await.expect(200).json();
    let line = &summary["data"][0];
    assert_eq!(line["input_tokens"].as_u64(), Some(bill.prompt));
    assert_eq!(line["output_tokens"].as_u64(), Some(bill.completion));
    assert_eq!(line["attempts"].as_u64(), Some(bill.billed_calls));
}
