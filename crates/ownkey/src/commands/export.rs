//! `ownkey export`: provider keys as JSON on standard output.

use app::transfer::{self, Wanted};

use super::output;
use crate::Failure;
use crate::cli::Export;
use crate::transport::Transport;

pub(super) async fn run(transport: &Transport, command: &Export) -> Result<(), Failure> {
    let (app, caller) = transport.in_house().ok_or_else(|| {
        Failure::new(
            "Keys are written out where the database and the master key are. Run it there, without OWNKEY_URL.",
        )
    })?;
    let wanted = Wanted { with_secrets: command.plain_fernet, of_everybody: command.all };
    let exported = transfer::export(app, caller, wanted).await?;
    let value = serde_json::to_value(&exported.export)
        .map_err(|error| Failure::new(format!("The export cannot be written: {error}.")))?;
    output::json(&value);
    if exported.unopened.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{} keys do not open and are in the file without their secret: {}. Type them in again.",
        exported.unopened.len(),
        exported.unopened.join(", ")
    )))
}
