//! `ownkey audit …`

use std::io::Write;

use http::Method;
use serde_json::json;

use super::{encoded, output};
use crate::Failure;
use crate::cli::Audit;
use crate::transport::Transport;

pub(super) async fn run(transport: &Transport, command: &Audit, as_json: bool) -> Result<(), Failure> {
    match command {
        Audit::List { organization } => {
            let path = format!("/v2/audit-events?limit=100{}", of(organization.as_deref(), '&'));
            let list = transport.call(Method::GET, &path, None).await?;
            if as_json {
                output::json(&list);
                return Ok(());
            }
            let members = ["seq", "at", "actor_kind", "action", "target_kind", "target"];
            let rows = output::rows(&list, |row| members.iter().map(|member| output::text(row, member)).collect());
            output::table(&["SEQ", "AT", "ACTOR", "ACTION", "TARGET", "ID"], &rows);
            Ok(())
        }
        Audit::Export { organization } => {
            let path = format!("/v2/audit-events/export.jsonl{}", of(organization.as_deref(), '?'));
            let mut coming = transport.download(&path).await?;
            let mut out = std::io::stdout().lock();
            while let Some(bytes) = coming.next().await {
                out.write_all(&bytes?).map_err(|error| unwritten(&error))?;
            }
            out.flush().map_err(|error| unwritten(&error))
        }
        Audit::Verify => {
            let store = transport.store().ok_or_else(|| {
                Failure::new("The chain is verified where the database is. Run it there, without OWNKEY_URL.")
            })?;
            let verified = store::audit::verify(store).await.map_err(app::Error::from)?;
            if as_json {
                output::json(&json!({"rows": verified.rows, "broken_at": verified.broken_at}));
            }
            match verified.broken_at {
                None if as_json => Ok(()),
                None => {
                    output::line(&format!("The chain of {} rows is whole.", verified.rows));
                    Ok(())
                }
                Some(seq) => Err(Failure::new(format!(
                    "The audit log was altered: row {seq} is the first that does not fit. Compare it with a backup."
                ))),
            }
        }
    }
}

/// The part of an address that narrows the log to one organization.
fn of(organization: Option<&str>, before: char) -> String {
    organization.map_or_else(String::new, |named| format!("{before}organization_id={}", encoded(named)))
}

fn unwritten(error: &std::io::Error) -> Failure {
    Failure::new(format!("The log cannot be written out whole: {error}. Write it to where there is room."))
}
