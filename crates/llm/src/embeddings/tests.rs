//! Vectors from every client to every provider and back.

use domain::ProviderId;
use domain::attempt::ErrorClass;
use serde_json::{Value, json};

use super::*;
use crate::parameters::Unsupported;
use crate::wire::{Fitting, Target, UrlWords};
use bytes::Bytes;

fn fixture(file: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/wire/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

const GOOGLE: UrlWords<'static> = UrlWords { model: "models/gemini-embedding-001", stream: false, alt_sse: false };

fn target(provider: ProviderId, model: &str) -> Target<'_> {
    Target { provider, model, origin_host: "example.org", facts: None, api_version: None }
}

fn neutral(form: Form, body: &[u8]) -> EmbeddingRequest {
    form.to_neutral(&form.read(body, Some(GOOGLE)).unwrap()).unwrap()
}

fn sent(
    form: Form,
    request: &EmbeddingRequest,
    provider: ProviderId,
    model: &str,
) -> Result<(Value, Vec<String>), Unsupported> {
    let mut fitting = Fitting::new(target(provider, model), form.wire(), false);
    let body = provider::encode(provider::dialect(provider).unwrap(), request, &mut fitting)?;
    Ok((json_of(&body), fitting.into_dropped()))
}

const GOOGLES: &str = r#"{"requests":[{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"hello"}]},"outputDimensionality":4},{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"bonjour"}]},"outputDimensionality":4}]}"#;

#[test]
fn openais_question_is_written_in_every_dialect() {
    let request = neutral(Form::OpenAi, &fixture("openai-chat/embeddings.request.json"));
    assert_eq!(request.input, [Input::Text("hello".into()), Input::Text("bonjour".into())]);
    let at = |provider, model| sent(Form::OpenAi, &request, provider, model).unwrap().0;
    assert_eq!(
        at(ProviderId::Google, "gemini-embedding-001"),
        json_of(&fixture("gemini-generateContent/embeddings.request.json"))
    );
    // The fixture is older than `dimensions`, without which the vectors would be
    // others than were asked for.
    let mut ollama = json_of(&fixture("ollama-native/embed.request.json"));
    ollama["dimensions"] = 4.into();
    assert_eq!(at(ProviderId::Ollama, "nomic-embed-text"), ollama);
    assert_eq!(
        at(ProviderId::Mistral, "mistral-embed"),
        json!({"model": "mistral-embed", "input": ["hello", "bonjour"], "output_dimension": 4})
    );
    assert_eq!(provider::path(Dialect::Gemini, "models/m"), "/v1beta/models/m:batchEmbedContents");
    assert_eq!(provider::path(Dialect::Ollama, "m"), "/api/embed");
    assert_eq!(Form::GeminiOne.path(Dialect::Gemini, "m"), "/v1beta/models/m:embedContent");
    assert_eq!(provider::dialect(ProviderId::Anthropic), None);
}

#[test]
fn googles_question_reaches_other_providers() {
    let request = neutral(Form::GeminiMany, GOOGLES.as_bytes());
    assert_eq!(
        sent(Form::GeminiMany, &request, ProviderId::OpenAi, "text-embedding-3-small").unwrap().0,
        json!({"model": "text-embedding-3-small", "input": ["hello", "bonjour"], "dimensions": 4})
    );
    let one = br#"{"content":{"parts":[{"text":"a"},{"text":"b"}]},"task_type":"RETRIEVAL_QUERY"}"#;
    let request = neutral(Form::GeminiOne, one);
    assert_eq!(request.input, [Input::Text("a\nb".into())]);
    let refusal = sent(Form::GeminiOne, &request, ProviderId::OpenAi, "m").unwrap_err();
    assert_eq!(refusal.field, "taskType");
    let (body, _) = sent(Form::GeminiOne, &request, ProviderId::Google, "m").unwrap();
    assert_eq!(body["requests"][0]["taskType"], "RETRIEVAL_QUERY");
}

#[test]
fn every_form_of_input_is_read_and_counted() {
    for (input, expected, characters) in [
        (json!("né"), vec![Input::Text("né".into())], 2),
        (json!(["a", "bc"]), vec![Input::Text("a".into()), Input::Text("bc".into())], 3),
        (json!([1, 2, 3]), vec![Input::Tokens(vec![1, 2, 3])], 12),
        (json!([[1], [2, 3]]), vec![Input::Tokens(vec![1]), Input::Tokens(vec![2, 3])], 12),
    ] {
        let body = json!({"model": "m", "input": input}).to_string();
        let read = Form::OpenAi.read(body.as_bytes(), None).unwrap();
        assert_eq!(read.prompt_characters, characters, "{body}");
        let request = Form::OpenAi.to_neutral(&read).unwrap();
        assert_eq!(request.input, expected, "{body}");
        let has_tokens = request.input.iter().any(|input| matches!(input, Input::Tokens(_)));
        for provider in [ProviderId::Google, ProviderId::Ollama] {
            let refused = sent(Form::OpenAi, &request, provider, "m").err().map(|refusal| refusal.field);
            assert_eq!(refused, has_tokens.then(|| "input".to_owned()));
        }
    }
}

#[test]
fn malformed_questions_are_refused_by_field() {
    for (body, param) in [
        (r#"{"input":"x"}"#, "model"),
        (r#"{"model":"m"}"#, "input"),
        (r#"{"model":"m","input":[]}"#, "input"),
        (r#"{"model":"m","input":{}}"#, "input"),
        (r#"{"model":"m","input":[true]}"#, "input"),
        (r#"{"model":"m","input":[["a"]]}"#, "input"),
        (r#"{"model":"m","input":"x","encoding_format":"hex"}"#, "encoding_format"),
    ] {
        assert_eq!(Form::OpenAi.read(body.as_bytes(), None).unwrap_err().param, Some(param), "{body}");
    }
    for (body, param) in [
        (r#"{"model":"m","input":["a",[1]],"dimensions":0}"#, "dimensions"),
        (r#"{"model":"m","input":["a",1]}"#, "input"),
    ] {
        let read = Form::OpenAi.read(body.as_bytes(), None).unwrap();
        assert_eq!(Form::OpenAi.to_neutral(&read).unwrap_err().param, Some(param), "{body}");
    }
    assert_eq!(Form::GeminiOne.read(b"{}", Some(GOOGLE)).unwrap_err().param, Some("content"));
    assert_eq!(Form::GeminiMany.read(b"{}", Some(GOOGLE)).unwrap_err().param, Some("requests"));
    assert_eq!(Form::GeminiMany.read(GOOGLES.as_bytes(), None).unwrap_err().param, Some("model"));
    let picture = br#"{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}}"#;
    let read = Form::GeminiOne.read(picture, Some(GOOGLE)).unwrap();
    assert_eq!(Form::GeminiOne.to_neutral(&read).unwrap_err().param, Some("content"));
}

#[test]
fn the_same_dialect_changes_nothing_but_the_model() {
    let body = br#"{"model":"text-embedding-3-small", "input" : ["a"],"brandNew":1,"user":"ann"}"#;
    let request = Form::OpenAi.read(body, None).unwrap();
    let prepared = |provider, lenient| {
        let mut fitting = Fitting::new(target(provider, "m"), Form::OpenAi.wire(), lenient);
        Form::OpenAi.prepare(&request, &mut fitting)
    };
    let passed = prepared(ProviderId::OpenAi, false).unwrap();
    assert_eq!(passed.body(), &br#"{"model":"m", "input" : ["a"],"brandNew":1,"user":"ann"}"#[..]);
    assert_eq!(prepared(ProviderId::Mistral, false).unwrap_err().field, "brandNew");
    let passed = prepared(ProviderId::Mistral, true).unwrap();
    assert_eq!(passed.body(), &br#"{"model":"m", "input" : ["a"]}"#[..]);
    assert_eq!(passed.dropped, ["brandNew", "user"]);

    let request = Form::GeminiMany.read(GOOGLES.as_bytes(), Some(GOOGLE)).unwrap();
    assert_eq!((&*request.model, request.prompt_characters), ("gemini-embedding-001", 12));
    let mut fitting = Fitting::new(target(ProviderId::Google, "other"), Form::GeminiMany.wire(), false);
    let passed = Form::GeminiMany.prepare(&request, &mut fitting).unwrap();
    assert_eq!(passed.body(), GOOGLES.replace("gemini-embedding-001", "other").as_bytes());
}

const HALVES: [f32; 4] = [0.5, -0.5, 0.5, -0.5];

#[test]
fn every_providers_vectors_are_read() {
    for (provider, file, vectors, prompt) in [
        (ProviderId::OpenAi, "openai-chat/embeddings.response.json", 2, Some(4)),
        (ProviderId::OpenAi, "openai-chat/embeddings-base64.response.json", 1, Some(2)),
        (ProviderId::Google, "gemini-generateContent/embeddings.response.json", 2, None),
        (ProviderId::Ollama, "ollama-native/embed.response.json", 2, Some(4)),
    ] {
        let answer = provider::decode(provider, &fixture(file)).unwrap();
        assert_eq!(answer.vectors.len(), vectors, "{file}");
        assert_eq!(answer.vectors[0], HALVES, "{file}");
        assert_eq!(answer.usage.map(|usage| usage.prompt), prompt, "{file}");
        assert_eq!(provider::inspect(provider, &fixture(file)).unwrap().usage, answer.usage, "{file}");
    }
    let shuffled =
        br#"{"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1.0]}],"usage":{"prompt_tokens":3}}"#;
    let answer = provider::decode(ProviderId::Custom, shuffled).unwrap();
    assert_eq!((answer.vectors, answer.usage.unwrap().prompt), (vec![vec![1.0], vec![2.0]], 3));
    let absurd = br#"{"data":[{"embedding":[1.0]}],"usage":{"prompt_tokens":-3,"total_tokens":-3}}"#;
    let answer = provider::decode(ProviderId::Custom, absurd).unwrap();
    assert_eq!((answer.usage, answer.usage_is_absurd), (None, true));
}

#[test]
fn vectors_are_written_as_the_client_asked() {
    let mut request = neutral(Form::OpenAi, &fixture("openai-chat/embeddings.request.json"));
    let answer = provider::decode(ProviderId::Google, &fixture("gemini-generateContent/embeddings.response.json"));
    let mut answer = answer.unwrap();
    answer.model = "gemini-embedding-001".into();
    let written = json_of(&Form::OpenAi.encode_answer(&answer, &request));
    assert_eq!(written["data"][1], json!({"object": "embedding", "index": 1, "embedding": [0.1, 0.7, -0.1, 0.7]}));
    assert_eq!(written["usage"], json!({"prompt_tokens": 3, "total_tokens": 3}), "estimated: Google counts nothing");
    request.encoding = Encoding::Base64;
    let written = json_of(&Form::OpenAi.encode_answer(&answer, &request));
    assert_eq!(written["data"][0]["embedding"], "AAAAPwAAAL8AAAA/AAAAvw==");

    let written = Form::GeminiMany.encode_answer(&answer, &request);
    assert_eq!(json_of(&written), json_of(&fixture("gemini-generateContent/embeddings.response.json")));
    let written = json_of(&Form::GeminiOne.encode_answer(&answer, &request));
    assert_eq!(written, json!({"embedding": {"values": [0.5, -0.5, 0.5, -0.5]}}));
}

#[test]
fn bytes_that_were_asked_for_come_even_from_a_server_that_knows_only_numbers() {
    let floats = Bytes::from(fixture("openai-chat/embeddings.response.json"));
    let base64 = Bytes::from(fixture("openai-chat/embeddings-base64.response.json"));
    let asked = |encoding: &str| format!(r#"{{"model":"m","input":"x","encoding_format":"{encoding}"}}"#);
    let fitted = |encoding: &str, body: &Bytes| {
        let question = asked(encoding);
        let request = Form::OpenAi.read(question.as_bytes(), None).unwrap();
        fit_answer(&request, ProviderId::Custom, body.clone())
    };
    assert_eq!(fitted("float", &floats), floats);
    assert_eq!(fitted("base64", &base64), base64);
    let written = json_of(&fitted("base64", &floats));
    assert_eq!(written["data"][0]["embedding"], "AAAAPwAAAL8AAAA/AAAAvw==");
    assert_eq!(written["usage"]["prompt_tokens"], 4);
}

#[test]
fn other_vectors_than_were_asked_for_are_a_failure() {
    let request = neutral(Form::OpenAi, &fixture("openai-chat/embeddings.request.json"));
    let answer = |vectors: Vec<Vec<f32>>| EmbeddingAnswer { vectors, ..EmbeddingAnswer::default() };
    let check = |vectors| provider::checked(ProviderId::Ollama, &request, answer(vectors)).map_err(|error| error.class);
    assert!(check(vec![vec![0.0; 4], vec![0.0; 4]]).is_ok());
    assert_eq!(check(vec![vec![0.0; 4]]).unwrap_err(), ErrorClass::ServerError);
    assert_eq!(check(vec![vec![0.0; 768], vec![0.0; 768]]).unwrap_err(), ErrorClass::BadRequest);
}

#[test]
fn what_holds_no_vectors_is_an_error() {
    for body in ["", "[]", "{}", "{\"data\":[]}", "{\"data\":[{\"embedding\":\"?\"}]}", "{\"embeddings\":[{}]}"] {
        let error = provider::decode(ProviderId::Custom, body.as_bytes()).unwrap_err();
        assert_eq!(error.class, ErrorClass::ServerError, "{body}");
    }
    let wrong = br#"{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}"#;
    assert_eq!(provider::decode(ProviderId::XAi, wrong).unwrap_err().class, ErrorClass::InvalidKey);
    let google = fixture("gemini-generateContent/error-400-invalid-key.json");
    let error = provider::read_error(ProviderId::Google, 400, &http::HeaderMap::new(), &google);
    assert_eq!(error.class, ErrorClass::InvalidKey);
}
