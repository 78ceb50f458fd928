//! Reading the audit log.

use domain::Caller;
use domain::access::{self, Need};
use store::audit::{AuditFilter, AuditRow, Page};

use crate::App;
use crate::error::{Code, Error, Result};

/// One page of the log, newest first.
///
/// # Errors
/// `forbidden` for everybody but admins.
pub async fn page(
    app: &App,
    caller: &Caller,
    filter: &AuditFilter,
    after: Option<i64>,
    limit: i64,
) -> Result<Page<AuditRow, i64>> {
    access::permit(caller, Need::ReadAudit).map_err(|refusal| Error::new(Code::Forbidden, refusal.to_string()))?;
    Ok(store::audit::page(&app.store, filter, after, limit).await?)
}
