//! `/v2/events`: what happens, as server-sent events. A reader who comes back
//! with `Last-Event-ID` is told what they missed.

use std::convert::Infallible;
use std::sync::Arc;

use app::App;
use app::error::{Code, Error};
use app::events::{self, Cursor, EventStream, Piece, Resume};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use domain::access::Need;
use futures_util::{StreamExt, stream};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::Authenticated;
use crate::body::Query;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

/// How long a browser waits before it comes back, in ms.
const RETRY_MS: u32 = 2_000;

pub(crate) fn doors() -> Vec<Door> {
    vec![door(
        Method::GET,
        "/v2/events",
        Need::FollowEvents,
        get(follow),
        says("events", "What happens, as server-sent events: keys that change or turn bad, models, calls")
            .at_length(
                "The events are `credential.created`, `credential.updated`, `credential.status_changed`, \
                 `credential.deleted`, `credential.unusual_use`, `models.changed`, `usage.recorded`, `conversation.changed` and `resync`; more names may come. The answer \
                 does not end. Whoever comes back with the id of the last event is told what they missed; after \
                 `resync`, read everything again.",
            )
            .query::<EventsQuery>()
            .resumes()
            .gives_events(200, "The events, each with its name, its id and its data in JSON")
            .refuses(&[Code::RateLimited]),
    )]
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct EventsQuery {
    /// The id of the last event that was heard; the header `Last-Event-ID` goes
    /// before it.
    #[param(pattern = "@event-cursor")]
    after: Option<String>,
}

async fn follow(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    Query(query): Query<EventsQuery>,
) -> Result<Response, Failure> {
    let stream = events::open(&app, &caller, resume(&headers, query.after.as_deref())?).await?;
    let opening = opening(stream.cursor());
    let pieces = stream::unfold(stream, |mut stream: EventStream| async {
        let piece = stream.next().await?;
        Some((written(&piece), stream))
    });
    let body = stream::once(std::future::ready(opening)).chain(pieces).map(Ok::<Bytes, Infallible>);
    // A proxy that collects before it sends would keep events back.
    let headers = [(CONTENT_TYPE.as_str(), "text/event-stream; charset=utf-8"), ("x-accel-buffering", "no")];
    Ok((headers, Body::from_stream(body)).into_response())
}

/// From where to tell. A browser repeats its address with the first `after` and
/// says in the header where it was in the end.
fn resume(headers: &HeaderMap, after: Option<&str>) -> Result<Resume, Error> {
    if let Some(last) = headers.get("last-event-id") {
        // An error would keep a browser away for good; what it missed is unknown.
        let cursor = last.to_str().ok().and_then(|text| text.parse::<Cursor>().ok());
        return Ok(cursor.map_or(Resume::Lost, Resume::After));
    }
    match after {
        None => Ok(Resume::Now),
        Some(text) => text
            .parse()
            .map(Resume::After)
            .map_err(|()| Error::invalid("after", "is not the id of an event; send one as it came, like 12.34")),
    }
}

/// The first words: when to come back, and from where.
fn opening(cursor: Cursor) -> Bytes {
    Bytes::from(format!("retry: {RETRY_MS}\nid: {cursor}\n\n"))
}

fn written(piece: &Piece) -> Bytes {
    Bytes::from(match piece {
        // JSON has no line ends outside of strings, and escapes those within.
        Piece::Event { name, data, cursor } => format!("event: {name}\nid: {cursor}\ndata: {data}\n\n"),
        Piece::KeepAlive(cursor) => format!(": keep-alive\nid: {cursor}\n\n"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::events::EventName;
    use serde_json::json;

    fn cursor(text: &str) -> Cursor {
        text.parse().unwrap()
    }

    #[test]
    fn an_event_is_one_block_whatever_is_in_it() {
        let data = json!({"name": "two\nlines\r\n\ndata: x"});
        let piece = Piece::Event { name: EventName::CredentialUpdated, data, cursor: cursor("3.4") };
        assert_eq!(
            written(&piece),
            "event: credential.updated\nid: 3.4\ndata: {\"name\":\"two\\nlines\\r\\n\\ndata: x\"}\n\n"
        );
        assert_eq!(written(&Piece::KeepAlive(cursor("5.6"))), ": keep-alive\nid: 5.6\n\n");
        assert_eq!(opening(cursor("0.0")), "retry: 2000\nid: 0.0\n\n");
    }

    #[test]
    fn the_header_goes_before_the_address() {
        let headers = |value: &str| {
            HeaderMap::from_iter([(
                http::HeaderName::from_static("last-event-id"),
                http::HeaderValue::from_str(value).unwrap(),
            )])
        };
        let none = HeaderMap::new();
        assert_eq!(resume(&none, None).unwrap(), Resume::Now);
        assert_eq!(resume(&none, Some("1.2")).unwrap(), Resume::After(cursor("1.2")));
        assert_eq!(resume(&headers("3.4"), Some("1.2")).unwrap(), Resume::After(cursor("3.4")));
        assert_eq!(resume(&headers("nonsense"), None).unwrap(), Resume::Lost);
        assert!(resume(&none, Some("nonsense")).is_err());
    }
}
