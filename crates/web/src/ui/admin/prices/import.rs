//! `/admin/prices/import`: a list is uploaded or pasted, what it would change is
//! shown, and what is picked of it is taken. Nothing is fetched, and nothing is
//! kept between the two steps: the second sends what was picked.

use app::error::{Code, Error};
use app::prices::{self, Difference, Picked, Plan};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use domain::money::change_in_tenths;
use domain::price_book::PriceSource;
use domain::{Price, ProviderId};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use llm::price_lists::LeftOut;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use super::super::{Part, grouped, page};
use crate::api::prices::LIST_BYTES;
use crate::body::{self, Form};
use crate::problem;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::forms::{SignedIn, is_for_the_form};
use crate::ui::models::dollars;
use crate::ui::prices::{change, figures, source_word};
use crate::ui::view::{Icon, complaint, empty, icon};

/// The most differences that are shown to pick from.
const MOST_SHOWN: usize = 2_000;

/// The most entries that are named as left out.
const MOST_NAMED: usize = 200;

/// A picked price, as the form carries it.
#[derive(Serialize, Deserialize)]
struct Pick {
    #[serde(rename = "p")]
    provider: ProviderId,
    #[serde(rename = "m")]
    model: String,
    #[serde(rename = "r")]
    price: Price,
}

pub(super) async fn show_import(signed_in: SignedIn) -> Response {
    framed(StatusCode::OK, &signed_in, &form(None))
}

/// The dry run.
pub(super) async fn try_import(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    request: Request,
) -> Result<Response, Failure> {
    let planned = match document(request).await {
        Ok(document) => prices::plan(&shared.app, &signed_in.caller, &document, None).await,
        Err(error) => Err(error),
    };
    match planned {
        Ok(plan) => Ok(framed(StatusCode::OK, &signed_in, &differences(&plan))),
        Err(error) if is_for_the_form(&error) => {
            Ok(framed(problem::status_of(&error), &signed_in, &form(Some(&error.sentence))))
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes what was picked.
pub(super) async fn apply_import(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let done = match picked(&fields) {
        Ok(picked) => prices::apply_picked(&shared.app, &signed_in.caller, picked, None).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(plan) => Ok(framed(StatusCode::OK, &signed_in, &applied(&plan))),
        Err(error) if is_for_the_form(&error) => {
            Ok(framed(problem::status_of(&error), &signed_in, &form(Some(&error.sentence))))
        }
        Err(error) => Err(error.into()),
    }
}

fn picked(fields: &[(String, String)]) -> Result<Picked, Error> {
    let of =
        |name: &'static str| fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str());
    let wrong = |_| Error::invalid("The list", "was not picked on this page; start again");
    let source: PriceSource = of("source")
        .next()
        .unwrap_or_default()
        .parse()
        .map_err(|_| Error::invalid("The list", "is of nobody that is known; start again"))?;
    let read = |text| {
        let Pick { provider, model, price } = serde_json::from_str(text).map_err(wrong)?;
        Ok((provider, model, price))
    };
    let prices = of("pick").map(read).collect::<Result<Vec<_>, Error>>()?;
    if prices.is_empty() {
        return Err(Error::invalid("The list", "has nothing picked; upload it again and pick at least one price"));
    }
    Ok(Picked { source, prices })
}

/// The document of a form with a file or a text.
async fn document(request: Request) -> Result<String, Error> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let boundary = llm::multipart::boundary(kind).ok_or_else(|| {
        Error::new(Code::UnsupportedMediaType, "The form was sent without its file. Send it from /admin/prices/import.")
    })?;
    let length = body::declared_length(request.headers());
    let bytes = body::read(request.into_body(), length, LIST_BYTES).await?;
    let value = |name| llm::multipart::value(&bytes, &boundary, name);
    let broken = |problem: llm::wire::RequestError| Error::new(Code::InvalidRequest, problem.message);
    let file = value("file").map_err(broken)?.filter(|file| !file.is_empty());
    let pasted = value("text").map_err(broken)?.filter(|text| !text.trim_ascii().is_empty());
    let list = file.or(pasted).ok_or_else(|| Error::invalid("The list", "is missing: choose a file, or paste it"))?;
    let text = std::str::from_utf8(list).map_err(|_| Error::invalid("The list", "is no text in UTF-8"))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

fn framed(status: StatusCode, signed_in: &SignedIn, content: &Markup) -> Response {
    let content = html! {
        p.back { a href="/admin/prices" { (icon(Icon::Left)) "All prices" } }
        (content)
    };
    page(status, "Import prices", signed_in, Part::Prices, &content).with_script("prices.js").into_response()
}

fn form(problem: Option<&str>) -> Markup {
    html! {
        (complaint(problem))
        section.card {
            h2 { "Import a list of prices" }
            p.soft {
                "LiteLLM's " code { "model_prices_and_context_window.json" } " or models.dev's " code { "api.json" }
                ", as a file or as text. This server fetches nothing itself. You see what would change before anything does."
            }
            form.form method="post" action="/admin/prices/import" enctype="multipart/form-data" {
                div.field {
                    label for="list-file" { "File" }
                    input #list-file type="file" name="file" accept=".json,application/json";
                }
                div.field {
                    label for="list-text" { "Or paste it" }
                    textarea #list-text name="text" rows="6" spellcheck="false" autocomplete="off" {}
                }
                div.actions { button type="submit" { "Show what would change" } a.button.quiet href="/admin/prices" { "Cancel" } }
            }
        }
    }
}

fn differences(plan: &Plan) -> Markup {
    let shown = plan.differences.get(..plan.differences.len().min(MOST_SHOWN)).unwrap_or_default();
    html! {
        (summary(plan))
        (left_out("Numbers that nobody could mean", &plan.refused, true))
        @if shown.is_empty() {
            section.card { (empty(Icon::Check, "Nothing would change", &html! { p { "Every price of the list that concerns this server is as it was." } a.button.quiet href="/admin/prices" { "Back to the prices" } })) }
        } @else {
            form.picks method="post" action="/admin/prices/import/apply" {
                input type="hidden" name="source" value=(plan.source.as_str());
                @if shown.len() < plan.differences.len() { p.notice { (icon(Icon::Warning)) span { "Only the first " (shown.len()) " are shown; POST /v2/prices/import takes all." } } }
                div.actions.bar {
                    button type="submit" { "Take what is picked" }
                    button.quiet.scripted type="button" data-pick="all" { "Pick all" }
                    button.quiet.scripted type="button" data-pick="none" { "Pick none" }
                    button.quiet.scripted type="button" data-pick="changed" { "Only what changes" }
                    a.button.quiet href="/admin/prices/import" { "Another list" }
                }
                div.card.flush {
                    table.differences {
                        caption.sr { "What would change" }
                        thead { tr { th scope="col" { "Model" } th scope="col" { "Until now" } th scope="col" { "From now on" } th.num scope="col" { "Input" } th.num scope="col" { "Output" } } }
                        tbody { @for one in shown { (difference(one)) } }
                    }
                }
            }
        }
        (left_out("Left out", &plan.skipped, false))
    }
}

fn summary(plan: &Plan) -> Markup {
    let number = |all: &[LeftOut]| all.iter().map(|one| one.entries).sum::<u64>();
    let tiles = [
        (plan.added(), "new"),
        (plan.changed(), "changed"),
        (plan.unchanged, "the same"),
        (number(&plan.skipped), "left out"),
        (number(&plan.refused), "refused"),
    ];
    html! {
        h2 { "From " (source_word(plan.source)) }
        div.tiles { @for (number, name) in tiles { div.stat { span.value { (grouped(i64::try_from(number).unwrap_or(i64::MAX))) } span.name { (name) } } } }
    }
}

fn difference(one: &Difference) -> Markup {
    let pick = Pick { provider: one.provider, model: one.model.clone(), price: one.new };
    // Numbers and a name: writing them cannot fail.
    let value = serde_json::to_string(&pick).unwrap_or_default();
    let of = |rate: fn(&Price) -> i64| one.old.and_then(|old| change_in_tenths(rate(&old), rate(&one.new)));
    html! {
        tr {
            td {
                label.check {
                    input type="checkbox" name="pick" value=(value) checked data-change=(if one.old.is_some() { "changed" } else { "added" });
                    span { code { (one.provider) "/" (one.model) } @if one.old.is_none() { " " span.chip { "new" } } }
                }
            }
            td data-name="until now" { @match &one.old { Some(old) => { (figures(old)) } None => { span.soft { "unpriced" } } } }
            td data-name="from now on" { (figures(&one.new)) }
            td.num data-name="input" { (dollars(one.new.rates.input_nanos)) " " (change(of(|price| price.rates.input_nanos))) }
            td.num data-name="output" { (dollars(one.new.rates.output_nanos)) " " (change(of(|price| price.rates.output_nanos))) }
        }
    }
}

fn left_out(title: &str, all: &[LeftOut], is_open: bool) -> Markup {
    html! {
        @if !all.is_empty() {
            details.card open[is_open] {
                summary { h2 { (title) " (" (all.iter().map(|one| one.entries).sum::<u64>()) ")" } }
                ul.leftout {
                    @for one in all.iter().take(MOST_NAMED) {
                        li { code { (one.name) } @if one.entries > 1 { " (" (one.entries) " entries)" } " " (one.reason) }
                    }
                    @if all.len() > MOST_NAMED { li.soft { "and " (all.len() - MOST_NAMED) " more" } }
                }
            }
        }
    }
}

fn applied(plan: &Plan) -> Markup {
    html! {
        section.card {
            div.praise role="status" {
                (icon(Icon::Check))
                div { "Taken from " (source_word(plan.source)) ": " (plan.added()) " new and " (plan.changed()) " changed prices. They count from now on, and calls already made keep theirs." }
            }
            div.actions { a.button href="/admin/prices?only=imported" { "See them" } a.button.quiet href="/admin/prices" { "All prices" } }
        }
    }
}
