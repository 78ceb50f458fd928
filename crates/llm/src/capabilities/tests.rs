//! Against a small server that can or cannot.

use super::*;
use crate::client::Clocks;
use crate::client::tests::server::{Reply as Says, Seen, Server};

fn chat(message: &str, finish: &str) -> Says {
    let body =
        format!(r#"{{"id":"c","model":"m","choices":[{{"index":0,"message":{message},"finish_reason":"{finish}"}}]}}"#);
    Says::json(200, body)
}

fn said(text: &str, finish: &str) -> Says {
    chat(&format!(r#"{{"role":"assistant","content":{}}}"#, serde_json::Value::from(text)), finish)
}

async fn tried(reply: impl Fn(&Seen) -> Says + Send + Sync + 'static) -> (Vec<Tried>, Vec<Seen>) {
    let server = Server::start(reply).await;
    let (upstream, endpoint) = server.reached_by(ProviderId::Custom, "/v1", Clocks::default());
    let secret = Secret::new("sk-FAKE-0123456789".to_owned());
    let trial = Trial {
        provider: ProviderId::Custom,
        endpoint: &endpoint,
        secret: Some(&secret),
        headers: &[],
        model: "m",
        embedding_model: Some("e"),
    };
    let tried = try_out(&upstream, &trial, Ability::ALL).await;
    assert!(tried.iter().all(|tried| !tried.reason.contains("FAKE") && !tried.reason.contains("echo")), "{tried:?}");
    (tried, server.requests())
}

fn outcomes(tried: &[Tried]) -> Vec<Outcome> {
    tried.iter().map(|tried| tried.outcome).collect()
}

/// What was asked, by what only it has.
fn asks(seen: &Seen, word: &str) -> bool {
    seen.body.contains(word)
}

#[tokio::test]
async fn a_server_that_can_do_everything_is_believed() {
    let (tried, seen) = tried(|seen| match seen {
        seen if asks(seen, "\"stream\":true") => Says::Answer(
            200,
            "content-type: text/event-stream\r\n",
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"OK\"},\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n"
                .to_owned(),
        ),
        seen if asks(seen, "\"tools\"") => chat(
            r#"{"content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"ping","arguments":"{}"}}]}"#,
            "tool_calls",
        ),
        seen if asks(seen, "json_schema") => said("{\"ok\": true}", "stop"),
        seen if asks(seen, "image_url") => said("Red.", "stop"),
        _ => Says::json(200, r#"{"data":[{"embedding":[0.5]}]}"#),
    })
    .await;
    assert_eq!(outcomes(&tried), [Outcome::Works; 5], "{tried:?}");
    assert_eq!(seen.last().map(|seen| (seen.path.as_str(), asks(seen, "\"e\""))), Some(("/v1/embeddings", true)));
    for seen in &seen[..4] {
        let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
        assert!(body["max_tokens"].as_u64().unwrap() <= 16, "{body}");
    }
}

#[tokio::test]
async fn refusals_are_told_apart_from_failures() {
    let (refusing, _) = tried(|seen| match seen.path.as_str() {
        "/v1/embeddings" => Says::json(404, "{}"),
        _ => Says::json(400, r#"{"error":{"message":"echo sk-FAKE-0123456789"}}"#),
    })
    .await;
    assert_eq!(outcomes(&refusing), [Outcome::Refused; 5], "{refusing:?}");
    for status in [401, 402, 404, 429, 500, 503] {
        let (failing, _) = tried(move |seen| match seen.path.as_str() {
            "/v1/embeddings" => Says::json(500, "{}"),
            _ => Says::json(status, r#"{"error":{"message":"echo"}}"#),
        })
        .await;
        assert_eq!(outcomes(&failing), [Outcome::Unclear; 5], "{status}: {failing:?}");
    }
}

#[tokio::test]
async fn taking_a_request_is_not_yet_doing_it() {
    let (tried, _) = tried(|seen| match seen.path.as_str() {
        "/v1/embeddings" => Says::json(200, "{}"),
        _ => said("I am well.", "stop"),
    })
    .await;
    let expected = [Outcome::Refused, Outcome::Unclear, Outcome::Refused, Outcome::Unclear, Outcome::Unclear];
    assert_eq!(outcomes(&tried), expected, "{tried:?}");
}
