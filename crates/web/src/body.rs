//! Reading what clients send: bounded, timed, and refused with a sentence that
//! never repeats a value, because the value may be a key.

use std::marker::PhantomData;
use std::time::Duration;

use app::error::{Code, Error};
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use bytes::{Bytes, BytesMut};
use domain::text::is_invisible;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http_body_util::BodyExt;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};

use crate::rim::Failure;

/// The largest body of the control API, in bytes.
pub const CONTROL_BODY_BYTES: usize = 1024 * 1024;

/// The largest body of a model call, in bytes.
pub const CALL_BODY_BYTES: usize = 25 * 1024 * 1024;

/// The largest body of a call that is passed on as it is, in bytes: a file of the
/// largest size that OpenAI takes for audio, and the form around it.
pub const PASSED_BODY_BYTES: usize = 32 * 1024 * 1024;

/// The most memory taken for a body on the client's word alone.
const TRUSTED_BYTES: usize = 1024 * 1024;

/// How long a body may pause.
const BODY_CLOCK: Duration = Duration::from_secs(30);

/// The whole body, at most `limit` bytes.
///
/// # Errors
/// `payload_too_large`, or `invalid_request` when it stops coming.
pub async fn read(body: Body, declared: Option<u64>, limit: usize) -> Result<Bytes, Error> {
    if declared.is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    let mut body = body;
    let mut whole = BytesMut::new();
    let mut only: Option<Bytes> = None;
    loop {
        let frame = match tokio::time::timeout(BODY_CLOCK, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => break,
            Ok(Some(Err(error))) => {
                return Err(Error::new(Code::InvalidRequest, "The body ended before it was complete. Send it again.")
                    .because(error));
            }
            Err(_) => {
                return Err(Error::new(
                    Code::InvalidRequest,
                    "The body stopped coming for 30 seconds. Send it again, without a pause.",
                ));
            }
        };
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + only.as_ref().map_or(0, Bytes::len) + data.len() > limit {
            return Err(too_large(limit));
        }
        // A body of one frame, the usual case, is passed on without a copy.
        match (only.take(), whole.is_empty()) {
            (None, true) => only = Some(data),
            (first, is_first_copy) => {
                if is_first_copy {
                    let expected = usize::try_from(declared.unwrap_or(0)).unwrap_or(0);
                    whole.reserve(expected.min(TRUSTED_BYTES));
                }
                whole.extend_from_slice(&first.unwrap_or_default());
                whole.extend_from_slice(&data);
            }
        }
    }
    Ok(only.unwrap_or_else(|| whole.freeze()))
}

fn too_large(limit: usize) -> Error {
    let megabytes = limit / (1024 * 1024);
    Error::new(
        Code::PayloadTooLarge,
        format!("The body is larger than {megabytes} MB, the most taken here. Send less."),
    )
}

/// The length the client declares.
#[must_use]
pub fn declared_length(headers: &http::HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Passes when the client says that its body is JSON, or says nothing: some
/// clients leave it out on the wires.
///
/// # Errors
/// `unsupported_media_type`.
pub(crate) fn expect_json_or_nothing(headers: &http::HeaderMap) -> Result<(), Error> {
    let Some(kind) = headers.get(CONTENT_TYPE).filter(|kind| *kind != "application/json") else { return Ok(()) };
    let kind = kind.to_str().unwrap_or("?").split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let is_json =
        kind.is_empty() || kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"));
    if is_json {
        return Ok(());
    }
    Err(Error::new(
        Code::UnsupportedMediaType,
        "The body is sent as another type than JSON. Send it with the header content-type: application/json.",
    ))
}

/// A JSON body of the control API, at most `LIMIT` bytes: no unknown fields, no
/// duplicates, depth 64.
pub struct Json<T, const LIMIT: usize = CONTROL_BODY_BYTES>(pub T);

impl<T: DeserializeOwned, const LIMIT: usize, S: Send + Sync> FromRequest<S> for Json<T, LIMIT> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
        let kind = kind.split(';').next().unwrap_or("").trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(Error::new(
                Code::UnsupportedMediaType,
                "The body must be JSON. Send it with the header content-type: application/json.",
            )
            .into());
        }
        let length = declared_length(request.headers());
        let body = read(request.into_body(), length, LIMIT).await?;
        Ok(Self(parse(&body)?))
    }
}

/// Reads a control body.
///
/// # Errors
/// `invalid_json` when it is no JSON, `invalid_request` when a field is wrong.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    llm::json_scan::scan(body).map_err(|problem| Error::new(Code::InvalidJson, format!("{problem}")))?;
    let mut reader = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        field_error(&path, &error.inner().to_string())
    })
}

/// The query of the control API: no unknown parameters.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let text = parts.uri.query().unwrap_or("");
        if let Some((name, _)) = form_urlencoded::parse(text.as_bytes()).find(|(_, value)| value.contains(is_invisible))
        {
            let name: String = name.chars().filter(|c| !is_invisible(*c)).take(60).collect();
            return Err(Error::invalid(&name, "contains a control character; remove it and try again").into());
        }
        let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
        serde_path_to_error::deserialize(reader).map(Self).map_err(|error| {
            let path = error.path().to_string();
            field_error(&path, &error.inner().to_string()).into()
        })
    }
}

/// A form of a page or of the log-in, at most `LIMIT` bytes.
pub struct Form<T, const LIMIT: usize = CONTROL_BODY_BYTES>(pub T);

impl<T: DeserializeOwned, const LIMIT: usize, S: Send + Sync> FromRequest<S> for Form<T, LIMIT> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
        if !kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
            return Err(Error::new(
                Code::UnsupportedMediaType,
                "The body must be a form. Send it with content-type: application/x-www-form-urlencoded.",
            )
            .into());
        }
        let length = declared_length(request.headers());
        let body = read(request.into_body(), length, LIMIT).await?;
        let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(&body));
        serde_path_to_error::deserialize(reader).map(Self).map_err(|error| {
            let path = error.path().to_string();
            field_error(&path, &error.inner().to_string()).into()
        })
    }
}

/// An id or a name in a path. Anything that is none, such as one that cannot be
/// decoded, is simply not there.
pub struct Id<T>(pub T);

impl<T: std::str::FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let missing = || Failure::from(Error::not_found("thing"));
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| missing())?;
        text.parse().map(Self).map_err(|_| missing())
    }
}

/// Two ids or names in a path, as [`Id`] has one.
pub struct Ids<T, U>(pub T, pub U);

impl<T: std::str::FromStr, U: std::str::FromStr, S: Send + Sync> FromRequestParts<S> for Ids<T, U> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let missing = || Failure::from(Error::not_found("thing"));
        let both = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((first, second)) = both.map_err(|_| missing())?;
        match (first.parse(), second.parse()) {
            (Ok(first), Ok(second)) => Ok(Self(first, second)),
            _ => Err(missing()),
        }
    }
}

/// A whole number, also one written with a fraction of zero: JSON knows no other
/// numbers, and `1024.0` is 1024 to its schemas.
///
/// # Errors
/// For what is no whole number, or none that `T` holds.
pub(crate) fn whole_number<'de, D: serde::Deserializer<'de>, T: TryFrom<i64>>(
    reader: D,
) -> Result<Option<T>, D::Error> {
    let wrong = || serde::de::Error::custom("expected a whole number");
    let Some(number) = Option::<serde_json::Number>::deserialize(reader)? else { return Ok(None) };
    // Beyond 2^53 a fraction of zero says nothing any more.
    let exact =
        |number: f64| (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64);
    let whole = number.as_i64().or_else(|| number.as_f64().and_then(exact)).ok_or_else(wrong)?;
    T::try_from(whole).map(Some).map_err(|_| wrong())
}

/// An object: serde would also take a list of its members in their order.
///
/// # Errors
/// For anything but an object and `null`.
pub(crate) fn object<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(reader: D) -> Result<Option<T>, D::Error> {
    struct Members<T>(T);

    impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
        fn deserialize<D: serde::Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
            reader.deserialize_map(OfMembers(PhantomData)).map(Self)
        }
    }

    struct OfMembers<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for OfMembers<T> {
        type Value = T;

        fn expecting(&self, words: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            words.write_str("an object")
        }

        fn visit_map<M: MapAccess<'de>>(self, members: M) -> Result<T, M::Error> {
            T::deserialize(MapAccessDeserializer::new(members))
        }
    }

    Ok(Option::<Members<T>>::deserialize(reader)?.map(|members| members.0))
}

/// A sentence for a field that serde refused. serde's own message may quote the
/// value, so only its safe half is kept.
fn field_error(path: &str, message: &str) -> Error {
    let field = if path == "." { "The body" } else { path };
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let (name, known) = rest.split_once(", ").unwrap_or((rest, "there are none"));
        let name: String = name.trim_matches('`').chars().filter(|c| !c.is_control()).take(60).collect();
        let known = known.split(" at line").next().unwrap_or(known).replace('`', "");
        return Error::new(Code::InvalidRequest, format!("Unknown field “{name}”; {known}.")).of_field(&name);
    }
    if let Some(rest) = message.strip_prefix("missing field ") {
        let name = rest.split('`').nth(1).unwrap_or(rest);
        return Error::new(Code::InvalidRequest, format!("The field “{name}” is missing. Send it too.")).of_field(name);
    }
    if let Some(rest) = message.strip_prefix("duplicate field ") {
        let name = rest.split('`').nth(1).unwrap_or(rest);
        return Error::new(Code::InvalidRequest, format!("The field “{name}” is there twice. Send it once."))
            .of_field(name);
    }
    let expected = message.rsplit_once("expected ").map_or("another value", |(_, expected)| expected);
    let expected = expected.split(" at line").next().unwrap_or(expected);
    // What a struct of ours is called is no business of the reader's.
    let expected = if expected.starts_with("struct ") { "an object" } else { expected };
    Error::new(Code::InvalidRequest, format!("{field} has a wrong value; expected {expected}.")).of_field(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        #[expect(dead_code, reason = "only read for its type")]
        name: String,
        #[expect(dead_code, reason = "only read for its type")]
        count: Option<u32>,
    }

    fn sentence(body: &str) -> (Code, String) {
        let error = parse::<Example>(body.as_bytes()).unwrap_err();
        (error.code, error.sentence)
    }

    #[test]
    fn a_wrong_body_is_refused_with_a_sentence() {
        for (body, code, words) in [
            ("{", Code::InvalidJson, ""),
            ("[]", Code::InvalidJson, ""),
            ("{\"name\":\"a\",\"name\":\"b\"}", Code::InvalidJson, "name"),
            ("{\"name\":\"a\",\"nmae\":1}", Code::InvalidRequest, "Unknown field “nmae”; expected name or count"),
            ("{}", Code::InvalidRequest, "The field “name” is missing"),
            ("{\"name\":\"a\",\"count\":-1}", Code::InvalidRequest, "count has a wrong value; expected u32"),
            ("{\"name\":\"a\",\"count\":1e99}", Code::InvalidRequest, "count has a wrong value"),
        ] {
            let (found, sentence) = sentence(body);
            assert_eq!(found, code, "{body}: {sentence}");
            assert!(sentence.contains(words), "{body}: {sentence}");
        }
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_fraction_of_zero() {
        #[derive(Deserialize)]
        struct Counted {
            #[serde(default, deserialize_with = "whole_number")]
            most: Option<u64>,
        }
        let most = |body: &str| parse::<Counted>(body.as_bytes()).map(|counted| counted.most).ok();
        for (body, expected) in [
            ("{}", Some(None)),
            ("{\"most\":null}", Some(None)),
            ("{\"most\":7}", Some(Some(7))),
            ("{\"most\":7.0}", Some(Some(7))),
            ("{\"most\":7e2}", Some(Some(700))),
            ("{\"most\":7.5}", None),
            ("{\"most\":-1}", None),
            ("{\"most\":1e300}", None),
            ("{\"most\":\"7\"}", None),
        ] {
            assert_eq!(most(body), expected, "{body}");
        }
    }

    #[test]
    fn a_list_is_no_object() {
        #[derive(Deserialize)]
        struct Outer {
            #[serde(default, deserialize_with = "object")]
            inner: Option<Inner>,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Inner {
            name: Option<String>,
        }
        let name = |body: &str| parse::<Outer>(body.as_bytes()).map(|outer| outer.inner.map(|inner| inner.name)).ok();
        for (body, expected) in [
            ("{}", Some(None)),
            ("{\"inner\":null}", Some(None)),
            ("{\"inner\":{}}", Some(Some(None))),
            ("{\"inner\":{\"name\":\"a\"}}", Some(Some(Some("a".to_owned())))),
            ("{\"inner\":{\"nmae\":\"a\"}}", None),
            ("{\"inner\":[\"a\"]}", None),
            ("{\"inner\":\"a\"}", None),
        ] {
            assert_eq!(name(body), expected, "{body}");
        }
    }

    #[test]
    fn a_refused_value_is_never_repeated() {
        let canary = "sk-proj-CANARY0123456789";
        for body in [format!("{{\"name\":\"a\",\"count\":\"{canary}\"}}"), format!("{{\"name\":{{\"{canary}\":1}}}}")] {
            assert!(!sentence(&body).1.contains("CANARY"), "{body}");
        }
    }
}
