//! Against a small server that answers as Ollama does.

use domain::attempt::ErrorClass;

use super::*;
use crate::client::Clocks;
use crate::client::tests::server::{Reply, Seen, Server};

fn fixture(path: &str) -> String {
    std::fs::read_to_string(format!("{}/fixtures/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn answer(seen: &Seen) -> Reply {
    let layer = r#"{"status":"pulling dde5","digest":"sha256:dde5","total":100,"completed":40}"#;
    match seen.path.as_str() {
        "/api/tags" => Reply::json(200, fixture("wire/ollama-native/tags.response.json")),
        "/api/show" => Reply::json(200, fixture("wire/ollama-native/show.response.json")),
        "/api/ps" => Reply::json(200, r#"{"models":[{"name":"a","size":10,"size_vram":4,"context_length":4096}]}"#),
        "/api/pull" => Reply::json(
            200,
            format!(
                "{{\"status\":\"pulling manifest\"}}\n{layer}\n{{\"status\":\"odd\"}}\n{{\"status\":\"success\"}}\n"
            ),
        ),
        _ => Reply::json(404, r#"{"error":"model 'nope' not found"}"#),
    }
}

#[tokio::test]
async fn a_list_is_described_model_by_model() {
    let server = Server::start(answer).await;
    let (upstream, endpoint) = server.reached_by(ProviderId::Ollama, "/v1", Clocks::default());
    let library = Library::new(&upstream, &endpoint, None);
    let mut models = library.list().await.unwrap();
    library.describe(&mut models).await;
    assert_eq!(models.len(), 3);
    for model in &models {
        assert_eq!(model.context_window, Some(131_072));
        let expected = Capabilities { tools: true, json_schema: true, ..Capabilities::default() };
        assert_eq!(model.capabilities, Some(expected), "{}", model.id);
        assert_eq!(model.kind, Some(ModelKind::Chat));
    }
    let shown = library.show("llama3.2").await.unwrap();
    assert_eq!((shown.parameter_size.as_deref(), shown.quantization.as_deref()), (Some("3.2B"), Some("Q4_K_M")));
    let running = library.running().await.unwrap();
    assert_eq!((running[0].model.as_str(), running[0].video_bytes, running[0].context_length), ("a", 4, Some(4096)));
    assert!(server.requests().iter().all(|seen| !seen.path.starts_with("/v1")));
}

#[tokio::test]
async fn a_pull_tells_its_steps_and_its_end() {
    let server = Server::start(answer).await;
    let (upstream, endpoint) = server.reached_by(ProviderId::Ollama, "/v1", Clocks::default());
    let mut pull = Library::new(&upstream, &endpoint, None).pull("mistral").await.unwrap();
    let mut steps = Vec::new();
    while let Some(step) = pull.next().await {
        steps.push(step.unwrap());
    }
    let layer = Progress::Layer { digest: "sha256:dde5".into(), total_bytes: 100, completed_bytes: 40 };
    assert_eq!(steps, [Progress::Manifest, layer, Progress::Working, Progress::Done]);
}

#[tokio::test]
async fn failures_are_told_in_the_shared_words() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/api/pull" if seen.method == "POST" => Reply::json(
            200,
            "{\"status\":\"pulling manifest\"}\n{\"error\":\"pull model manifest: file does not exist\"}\n",
        ),
        _ => answer(seen),
    })
    .await;
    let (upstream, endpoint) = server.reached_by(ProviderId::Ollama, "", Clocks::default());
    let library = Library::new(&upstream, &endpoint, None);
    let missing = library.delete("nope").await.unwrap_err();
    assert_eq!((missing.class, missing.status), (ErrorClass::NotFound, Some(404)));
    let mut pull = library.pull("nope").await.unwrap();
    assert_eq!(pull.next().await, Some(Ok(Progress::Manifest)));
    let error = pull.next().await.unwrap().unwrap_err();
    assert_eq!((error.class, error.is_retryable), (ErrorClass::NotFound, false));
    assert_eq!(pull.next().await, None);
}

#[tokio::test]
async fn a_pull_that_breaks_off_is_not_done() {
    let server = Server::start(|_| Reply::json(200, "{\"status\":\"pulling manifest\"}\n")).await;
    let (upstream, endpoint) = server.reached_by(ProviderId::Ollama, "", Clocks::default());
    let mut pull = Library::new(&upstream, &endpoint, None).pull("m").await.unwrap();
    assert_eq!(pull.next().await, Some(Ok(Progress::Manifest)));
    let error = pull.next().await.unwrap().unwrap_err();
    assert_eq!(error.class, ErrorClass::StreamTruncated);
    assert_eq!(pull.next().await, None);
}
