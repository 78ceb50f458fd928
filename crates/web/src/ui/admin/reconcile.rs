//! `/admin/usage/reconcile`: a provider's own bill beside the ledger.

use app::error::Error;
use app::reconcile::{self, Reconciled, Wanted};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::provider::PROVIDERS;
use domain::{Nanos, ProviderId};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::{Part, counted, page};
use crate::body::Form;
use crate::problem;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::forms::{SignedIn, is_for_the_form};
use crate::ui::view::complaint;

/// The most differences that are shown; a file has them all.
const SHOWN: usize = 500;

#[derive(Default, Deserialize)]
pub(super) struct ReconcileForm {
    #[serde(default)]
    provider: String,
    #[serde(default)]
    credential_id: String,
    #[serde(default)]
    csv: String,
}

pub(super) async fn show_reconcile(signed_in: SignedIn) -> Response {
    shown(&signed_in, &ReconcileForm::default(), None, None)
}

pub(super) async fn reconcile(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Form(form): Form<ReconcileForm>,
) -> Result<Response, Failure> {
    match compared(&shared, &signed_in, &form).await {
        Ok(found) => Ok(shown(&signed_in, &form, Some(&found), None)),
        Err(error) if is_for_the_form(&error) => Ok(shown(&signed_in, &form, None, Some(&error))),
        Err(error) => Err(error.into()),
    }
}

async fn compared(shared: &Shared, signed_in: &SignedIn, form: &ReconcileForm) -> Result<Reconciled, Error> {
    let provider: Option<ProviderId> = crate::api::word("provider", Some(&form.provider))?;
    let key = Some(form.credential_id.trim()).filter(|id| !id.is_empty());
    let key = key.map(|id| id.parse().map_err(|_| Error::invalid("credential_id", "is not an id"))).transpose()?;
    let wanted = Wanted { provider: provider.unwrap_or(ProviderId::OpenAi), credential: key, csv: form.csv.clone() };
    reconcile::reconcile(&shared.app, &signed_in.caller, &wanted).await
}

fn shown(signed_in: &SignedIn, form: &ReconcileForm, found: Option<&Reconciled>, error: Option<&Error>) -> Response {
    let content = html! {
        h2 { "Compare with a provider's bill" }
        p { "Paste the CSV that the provider exports: OpenAI's of costs, Anthropic's, or any other with columns for day, model and cost. It is compared with what the ledger says the provider bills, day by day and model by model. Nothing is changed, and the file is not kept." }
        (complaint(error.map(|error| error.sentence.as_str())))
        @if let Some(found) = found { (outcome(found)) }
        form.card method="post" action="/admin/usage/reconcile" {
            div.field {
                label for="provider" { "Provider" }
                select id="provider" name="provider" {
                    @for provider in PROVIDERS.iter() {
                        option value=(provider.name) selected[provider.name == form.provider] { (provider.display_name) }
                    }
                }
            }
            div.field {
                label for="credential_id" { "One key" }
                input id="credential_id" name="credential_id" value=(form.credential_id) autocomplete="off" aria-describedby="key-hint";
                p.small #key-hint { "The id of a provider key, from its page. Empty: all keys of the server and of organizations." }
            }
            div.field #csv-file-field hidden { label for="csv-file" { "File" } input id="csv-file" type="file" accept=".csv,text/csv"; }
            div.field {
                label for="csv" { "CSV" }
                textarea.code id="csv" name="csv" rows="8" required spellcheck="false" placeholder="day,model,cost" { (form.csv) }
            }
            div.row { button type="submit" { "Compare" } a.button.quiet href="/admin/usage" { "Back to usage" } }
        }
    };
    let status = error.map_or(StatusCode::OK, problem::status_of);
    page(status, "Compare with a provider's bill", signed_in, Part::Usage, &content)
        .with_script("usage.js")
        .into_response()
}

fn outcome(found: &Reconciled) -> Markup {
    let difference = Nanos(found.ours.0.saturating_sub(found.theirs.0));
    let [day, model, cost] = &found.columns;
    html! {
        section.card aria-labelledby="outcome" {
            h3 id="outcome" {
                @if found.differing.is_empty() { "The bill and the ledger agree" }
                @else { (counted(found.differing.len() as i64, "difference", "differences")) }
            }
            p {
                (found.provider.display_name()) ", " (found.days.0) " to " (found.days.1) ": it bills " strong { "$" (found.theirs) }
                ", the ledger has " strong { "$" (found.ours) } ", which is " strong { (signed(difference)) } "."
            }
            p.small {
                (counted(found.agreeing as i64, "line agrees", "lines agree")) ". "
                (counted(found.calls, "call", "calls")) " in the ledger, of which " (found.unknown) " of unknown cost and " (found.estimated) " estimated. "
                "Read from the columns " code { (day) } ", " code { (model) } " and " code { (cost) } "."
            }
            @if found.skipped > 0 {
                p.small { (counted(found.skipped as i64, "line", "lines")) " could not be read: " (found.told.join("; ")) "." }
            }
            @if !found.differing.is_empty() {
                div.scroll tabindex="0" role="region" aria-label="Differences" {
                    table {
                        thead { tr { th { "Day" } th { "Model" } th.num { "Provider bills" } th.num { "Ledger has" } th.num { "Difference" } th.num { "Calls" } th.num { "Unknown" } } }
                        tbody {
                            @for line in found.differing.iter().take(SHOWN) {
                                tr {
                                    td.nowrap { (line.day) }
                                    td { code { (line.model) } }
                                    td.num { (told(line.theirs)) }
                                    td.num { (told(line.ours)) }
                                    td.num { (signed(line.difference())) }
                                    td.num { (line.calls) }
                                    td.num { (line.unknown) }
                                }
                            }
                        }
                    }
                }
                @if found.differing.len() > SHOWN { p.small { "The first " (SHOWN) " are shown; " code { "POST /v2/usage/reconcile" } " gives them all." } }
            }
        }
    }
}

fn told(cost: Option<Nanos>) -> Markup {
    html! { @match cost { Some(cost) => { "$" (cost) } None => { span.soft { "nothing" } } } }
}

fn signed(difference: Nanos) -> String {
    match difference.0 {
        0 => "the same".to_owned(),
        1.. => format!("+${difference}"),
        _ => format!("−${}", Nanos(difference.0.saturating_neg())),
    }
}
