//! `/v1/responses/{response_id}`: answers that their provider keeps, reached by
//! the key that paid for them.

use std::sync::Arc;

use app::error::{Code, Error};
use app::kept::{self, Want};
use app::{App, Result};
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use domain::Caller;
use domain::access::Need;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderValue};
use utoipa::IntoParams;

use super::schema;
use crate::auth::Authenticated;
use crate::body::Id;
use crate::openapi::{Described, says};
use crate::rim::Failure;
use crate::router::{Door, door};

/// The parameters that go on to the provider.
const PASSED: [&str; 6] = ["include", "include[]", "limit", "order", "after", "before"];

/// What can go wrong on the way to whoever keeps the answer.
const REFUSALS: [Code; 11] = [
    Code::NotFound,
    Code::UnsupportedParameter,
    Code::Undecryptable,
    Code::UpstreamCredentialsExhausted,
    Code::RateLimited,
    Code::ProviderError,
    Code::ProviderRejected,
    Code::ProviderOverloaded,
    Code::ProviderTimeout,
    Code::EndpointNotAllowed,
    Code::ConfigStale,
];

pub(super) fn doors() -> Vec<Door> {
    let need = Need::CallModels;
    let said = |summary: &'static str| {
        let detail = "For answers of the models of OpenAI and Azure OpenAI, which keep them unless `store` was false. The \
             provider is asked with the key that paid; whoever did not ask for the answer finds none. Costs nothing.";
        says("openai", summary).at_length(detail).refuses(&REFUSALS)
    };
    let one = |described: Described| described.gives::<schema::ResponseObject>(200, "The answer");
    vec![
        door(
            Method::GET,
            "/v1/responses/{response_id}",
            need,
            get(get_response),
            one(said("A kept answer once more").query::<AnswerQuery>()),
        ),
        door(
            Method::DELETE,
            "/v1/responses/{response_id}",
            need,
            delete(delete_response),
            said("Have a kept answer forgotten").gives::<schema::DeletedResponse>(200, "It is forgotten"),
        ),
        door(
            Method::POST,
            "/v1/responses/{response_id}/cancel",
            need,
            post(cancel_response),
            one(said("Stop an answer that is made in the background")),
        ),
        door(
            Method::GET,
            "/v1/responses/{response_id}/input_items",
            need,
            get(list_input_items),
            said("What a kept answer answered to")
                .query::<ItemsQuery>()
                .gives::<schema::ResponseItems>(200, "The items"),
        ),
    ]
}

/// Only its schema is used: the provider reads it.
#[derive(IntoParams)]
#[expect(dead_code, reason = "only the schema is used")]
struct AnswerQuery {
    /// What else to tell, as OpenAI names it.
    include: Option<String>,
}

/// Only its schema is used: the provider reads it.
#[derive(IntoParams)]
#[expect(dead_code, reason = "only the schema is used")]
struct ItemsQuery {
    /// Items to give.
    limit: Option<u32>,
    /// `asc` or `desc`.
    order: Option<String>,
    /// The item after which to go on.
    after: Option<String>,
}

async fn get_response(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<String>,
    RawQuery(query): RawQuery,
) -> std::result::Result<Response, Failure> {
    Ok(asked(&app, &caller, &id, Want::Answer, query).await?)
}

async fn delete_response(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<String>,
) -> std::result::Result<Response, Failure> {
    Ok(asked(&app, &caller, &id, Want::Delete, None).await?)
}

async fn cancel_response(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<String>,
) -> std::result::Result<Response, Failure> {
    Ok(asked(&app, &caller, &id, Want::Cancel, None).await?)
}

async fn list_input_items(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<String>,
    RawQuery(query): RawQuery,
) -> std::result::Result<Response, Failure> {
    Ok(asked(&app, &caller, &id, Want::InputItems, query).await?)
}

async fn asked(app: &App, caller: &Caller, id: &str, want: Want, query: Option<String>) -> Result<Response> {
    let query = passed_on(query.as_deref().unwrap_or_default())?;
    let (status, body) = kept::ask(app, caller, id, want, &query).await?;
    Ok((status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response())
}

/// The part of a query that the provider may read.
fn passed_on(query: &str) -> Result<String> {
    let mut passed = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if name == "stream" && value == "true" {
            let sentence = "A kept answer is not streamed again by Ownkey. Leave out `stream`, and read it as a whole.";
            return Err(Error::new(Code::UnsupportedParameter, sentence).of_field("stream"));
        }
        if PASSED.contains(&&*name) {
            passed.append_pair(&name, &value);
        }
    }
    Ok(passed.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_provider_may_read_goes_on() {
        for (query, passed) in [
            ("", ""),
            ("limit=2&order=asc&key=owk_secret", "limit=2&order=asc"),
            ("include[]=a&after=x%26y", "include%5B%5D=a&after=x%26y"),
            ("stream=false", ""),
        ] {
            assert_eq!(passed_on(query).unwrap(), passed, "{query}");
        }
        assert_eq!(passed_on("stream=true").unwrap_err().code, Code::UnsupportedParameter);
    }
}
