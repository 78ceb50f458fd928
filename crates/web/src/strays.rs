//! Requests that find no door: a truthful sentence instead of silence.

use app::error::{Code, Error};
use http::{Method, Uri};

use crate::rim::Failure;

/// Doors that clients know from OpenAI and that Ownkey does not have.
const KNOWN_ELSEWHERE: [&str; 8] =
    ["/responses", "/messages", "/audio", "/images", "/files", "/batches", "/assistants", "/fine_tuning"];

/// No such path.
pub(crate) async fn not_found(uri: Uri) -> Failure {
    let path = uri.path();
    let wire = path.strip_prefix("/v1beta").or_else(|| path.strip_prefix("/v1")).unwrap_or(path);
    let is_known = KNOWN_ELSEWHERE
        .iter()
        .any(|known| wire == *known || wire.strip_prefix(known).is_some_and(|rest| rest.starts_with('/')));
    if is_known || path.starts_with("/v1beta/") {
        return Error::new(
            Code::EndpointNotSupported,
            "Ownkey does not have this endpoint yet. Use /v1/chat/completions; /openapi.json lists what there is.",
        )
        .into();
    }
    Error::new(Code::NotFound, "There is nothing at this address. /openapi.json lists what there is.").into()
}

/// The path is there; the method is not.
pub(crate) async fn method_not_allowed(method: Method) -> Failure {
    Error::new(
        Code::MethodNotAllowed,
        format!("This address does not answer {method}. /openapi.json says which methods it does."),
    )
    .into()
}
