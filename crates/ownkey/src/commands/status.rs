//! `ownkey status`

use http::Method;

use super::output;
use crate::Failure;
use crate::transport::Transport;

pub(super) async fn run(transport: &Transport, as_json: bool) -> Result<(), Failure> {
    let list = transport.call(Method::GET, "/v2/status", None).await?;
    if as_json {
        output::json(&list);
        return Ok(());
    }
    let rows = output::rows(&list, |status| {
        let keys = status.get("keys").cloned().unwrap_or_default();
        vec![
            output::text(status, "display_name"),
            output::text(status, "state"),
            output::text(status, "latency_ms"),
            output::text(status, "models"),
            format!("{}/{}", output::text(&keys, "valid"), output::text(&keys, "total")),
            output::text(status, "last_success_at"),
            output::text(status, "detail"),
        ]
    });
    output::table(&["PROVIDER", "STATE", "MS", "MODELS", "VALID KEYS", "LAST SUCCESS", "DETAIL"], &rows);
    Ok(())
}
