//! Gemini's wire: the model and what to do with it are in the address.

pub(crate) mod models;
mod schema;

use std::sync::Arc;

use app::App;
use app::chat::UrlCall;
use app::embeddings;
use app::error::{Code, Error};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use domain::access::Need;
use domain::provider::WireName;
use http::Method;
use llm::embeddings::Form;
use serde_json::json;

use crate::auth::Authenticated;
use crate::body::Id;
use crate::calls::{self, Arrived, DoorOfCall};
use crate::openapi::{Described, says};
use crate::rim::Failure;
use crate::router::{Door, door};

pub(crate) fn doors() -> Vec<Door> {
    let mut doors = models::doors();
    doors.extend(calls());
    doors
}

fn calls() -> Vec<Door> {
    vec![
        door(
            Method::POST,
            "/v1beta/models/{*id}",
            Need::CallModels,
            post(call_model),
            described("Chat, counts and vectors, in Gemini's format: `{model}:generateContent` and the like"),
        ),
        door(
            Method::POST,
            "/v1/models/{*id}",
            Need::CallModels,
            post(call_model),
            described("The same as below `/v1beta`, where some of Google's clients look for it"),
        ),
    ]
}

fn described(summary: &'static str) -> Described {
    says("gemini", summary)
        .at_length(
            "What is done with the model is said behind its name: `:generateContent`, `:streamGenerateContent`, \
             `:countTokens`, `:embedContent` or `:batchEmbedContents`. \
             To Google the body goes as it is; so any field that it takes may be sent, also one that is not listed here. To \
             others it is translated. A stream comes as events with `alt=sse`, else as the elements of one JSON array. The \
             `x-ownkey-*` headers of the answer say whose key paid.",
        )
        .takes::<schema::GenerateContentRequest>()
        .example(json!({"contents": [{"role": "user", "parts": [{"text": "Hello!"}]}]}))
        .calls_a_model()
        .may_estimate()
        .gives::<schema::GenerateContentResponse>(200, "The answer")
        .or_events()
}

/// What is done with a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Generate { stream: bool },
    Count,
    Embed(Form),
}

/// Splits `models/x/y:generateContent` at its last colon.
fn split(call: &str) -> Option<(&str, Action)> {
    let (model, action) = call.rsplit_once(':')?;
    let action = match action {
        "generateContent" => Action::Generate { stream: false },
        "streamGenerateContent" => Action::Generate { stream: true },
        "countTokens" => Action::Count,
        "embedContent" => Action::Embed(Form::GeminiOne),
        "batchEmbedContents" => Action::Embed(Form::GeminiMany),
        _ => return None,
    };
    Some((model, action)).filter(|(model, _)| !model.is_empty())
}

/// `alt=sse`; without it a stream is one JSON array.
fn asks_for_events(query: &str) -> bool {
    query.split('&').any(|pair| pair.eq_ignore_ascii_case("alt=sse") || pair.eq_ignore_ascii_case("$alt=sse"))
}

async fn call_model(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(call): Id<String>,
    request: Request,
) -> Result<Response, Failure> {
    let Some((model, action)) = split(&call) else {
        return Err(Error::new(
            Code::EndpointNotSupported,
            "Ownkey does not do this with a model. Use :generateContent, :streamGenerateContent, :countTokens, \
             :embedContent or :batchEmbedContents.",
        )
        .into());
    };
    let alt_sse = asks_for_events(request.uri().query().unwrap_or_default());
    let url = |stream| Some(UrlCall { model: model.to_owned(), stream, alt_sse });
    let door = |name, stream| DoorOfCall { name, wire: WireName::Gemini, url: url(stream) };
    match action {
        Action::Generate { stream } => calls::answer(&app, &caller, door("POST /v1beta/models", stream), request).await,
        Action::Count => calls::count(&app, &caller, door("POST /v1beta/models:countTokens", false), request).await,
        Action::Embed(form) => {
            let door = door("POST /v1beta/models:embedContent", false);
            let Arrived { call, reply } = calls::arrived_as_json(&app, &caller, door, request).await?;
            let answered = embeddings::create(&app, &caller, call, form).await;
            reply.written(answered).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_asked_for_in_the_address() {
        for (query, expected) in
            [("alt=sse", true), ("key=x&alt=sse", true), ("$alt=sse", true), ("alt=json", false), ("", false)]
        {
            assert_eq!(asks_for_events(query), expected, "{query}");
        }
    }

    #[test]
    fn the_last_colon_parts_the_model_from_what_is_done_with_it() {
        let generate = |stream| Action::Generate { stream };
        for (call, expected) in [
            ("gemini-3.8-flash:generateContent", Some(("gemini-3.8-flash", generate(false)))),
            ("groq/openai/gpt-oss:20b:streamGenerateContent", Some(("groq/openai/gpt-oss:20b", generate(true)))),
            (
                "gemini-embedding-001:batchEmbedContents",
                Some(("gemini-embedding-001", Action::Embed(Form::GeminiMany))),
            ),
            ("gemini-3.8-flash:countTokens", Some(("gemini-3.8-flash", Action::Count))),
            ("gemini-3.8-flash", None),
            (":generateContent", None),
            ("m:deleteEverything", None),
        ] {
            assert_eq!(split(call), expected, "{call}");
        }
    }
}
