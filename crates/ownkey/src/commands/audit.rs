//! `ownkey audit …`

use http::Method;
use serde_json::json;

use super::output;
use crate::Failure;
use crate::cli::Audit;
use crate::transport::Transport;

pub(super) async fn run(transport: &Transport, command: &Audit, as_json: bool) -> Result<(), Failure> {
    match command {
        Audit::List => {
            let list = transport.call(Method::GET, "/v2/audit-events?limit=100", None).await?;
            if as_json {
                output::json(&list);
                return Ok(());
            }
            let members = ["seq", "at", "actor_kind", "action", "target_kind", "target"];
            let rows = output::rows(&list, |row| members.iter().map(|member| output::text(row, member)).collect());
            output::table(&["SEQ", "AT", "ACTOR", "ACTION", "TARGET", "ID"], &rows);
            Ok(())
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
