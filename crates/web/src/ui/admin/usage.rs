//! `/admin/usage`: what everybody called, what it cost, and what came of it.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::html;

use super::{Part, page};
use crate::body::Query;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::forms::SignedIn;
use crate::ui::usage::{Room, UsageQuery, shown};

pub(super) async fn show_usage(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Query(query): Query<UsageQuery>,
) -> Result<Response, Failure> {
    let (status, content) = shown(&shared, &signed_in, Room::Admin, query).await?;
    let content = html! {
        div.row.spread {
            h2 { "Usage and billing" }
            a.button.quiet.little href="/admin/usage/reconcile" { "Compare with a provider's bill" }
        }
        (content)
    };
    let page = page(status, "Usage", &signed_in, Part::Usage, &content);
    Ok(page.with_script("usage.js").into_response())
}
