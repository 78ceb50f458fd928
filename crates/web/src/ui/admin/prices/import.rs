//! `/admin/prices/import`: a list is uploaded or pasted, what it would change is
//! shown, and what is picked of it is taken. Nothing is fetched, and nothing is
//! kept between the two steps: the second sends what was picked.

use app::error::{Code, Error};
use app::prices::{self, Difference, Picked, Plan, Start};
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
use super::edit::moment;
use crate::api::prices::LIST_BYTES;
use crate::body::{self, Form};
use crate::problem;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::forms::{SignedIn, is_for_the_form};
use crate::ui::models::dollars;
use crate::ui::prices::{change, figures, source_word};
use crate::ui::view::{Icon, complaint, empty, icon, time};

/// The most differences that are shown to pick from; more are taken or left
/// together.
const MOST_SHOWN: usize = 2_000;

/// The largest form of what was picked, in bytes.
const PICKED_BYTES: usize = 32 * 1024 * 1024;

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

/// The start of a list, as it was typed.
#[derive(Default)]
struct TypedStart {
    starts: String,
    may_lie_in_the_past: bool,
}

impl TypedStart {
    fn read(&self) -> Result<Start, Error> {
        Ok(Start { at: moment(&self.starts)?, may_lie_in_the_past: self.may_lie_in_the_past })
    }
}

impl Pick {
    fn of(one: &Difference) -> Self {
        Self { provider: one.provider, model: one.model.clone(), price: one.new }
    }
}

pub(super) async fn show_import(signed_in: SignedIn) -> Response {
    framed(StatusCode::OK, &signed_in, &form(None, &TypedStart::default()))
}

/// The dry run.
pub(super) async fn try_import(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    request: Request,
) -> Result<Response, Failure> {
    let mut typed = TypedStart::default();
    let planned = match document(request, &mut typed).await {
        Ok((document, start)) => prices::plan(&shared.app, &signed_in.caller, &document, start).await,
        Err(error) => Err(error),
    };
    match planned {
        Ok(plan) => Ok(framed(StatusCode::OK, &signed_in, &differences(&plan, &typed))),
        Err(error) if is_for_the_form(&error) => {
            Ok(framed(problem::status_of(&error), &signed_in, &form(Some(&error.sentence), &typed)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes what was picked.
pub(super) async fn apply_import(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Form(fields): Form<Vec<(String, String)>, PICKED_BYTES>,
) -> Result<Response, Failure> {
    let of = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone());
    let typed = TypedStart { starts: of("starts").unwrap_or_default(), may_lie_in_the_past: of("past").is_some() };
    let done = match picked(&fields).and_then(|picked| Ok((picked, typed.read()?))) {
        Ok((picked, start)) => prices::apply_picked(&shared.app, &signed_in.caller, picked, start).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(plan) => Ok(framed(StatusCode::OK, &signed_in, &applied(&plan))),
        Err(error) if is_for_the_form(&error) => {
            Ok(framed(problem::status_of(&error), &signed_in, &form(Some(&error.sentence), &typed)))
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
    let mut picks = of("pick").map(serde_json::from_str).collect::<Result<Vec<Pick>, _>>().map_err(wrong)?;
    for rest in of("rest") {
        picks.append(&mut serde_json::from_str(rest).map_err(wrong)?);
    }
    let prices: Vec<_> = picks.into_iter().map(|Pick { provider, model, price }| (provider, model, price)).collect();
    if prices.is_empty() {
        return Err(Error::invalid("The list", "has nothing picked; upload it again and pick at least one price"));
    }
    Ok(Picked { source, prices })
}

/// The document of a form with a file or a text, and from when on it counts.
async fn document(request: Request, typed: &mut TypedStart) -> Result<(String, Start), Error> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let boundary = llm::multipart::boundary(kind).ok_or_else(|| {
        Error::new(Code::UnsupportedMediaType, "The form was sent without its file. Send it from /admin/prices/import.")
    })?;
    let length = body::declared_length(request.headers());
    let bytes = body::read(request.into_body(), length, LIST_BYTES).await?;
    let value = |name| llm::multipart::value(&bytes, &boundary, name);
    let broken = |problem: llm::wire::RequestError| Error::new(Code::InvalidRequest, problem.message);
    let starts = value("starts").map_err(broken)?.unwrap_or_default();
    typed.starts = String::from_utf8_lossy(starts).into_owned();
    typed.may_lie_in_the_past = value("past").map_err(broken)?.is_some();
    let start = typed.read()?;
    let file = value("file").map_err(broken)?.filter(|file| !file.is_empty());
    let pasted = value("text").map_err(broken)?.filter(|text| !text.trim_ascii().is_empty());
    let list = file.or(pasted).ok_or_else(|| Error::invalid("The list", "is missing: choose a file, or paste it"))?;
    let text = std::str::from_utf8(list).map_err(|_| Error::invalid("The list", "is no text in UTF-8"))?;
    Ok((text.trim_start_matches('\u{feff}').to_owned(), start))
}

fn framed(status: StatusCode, signed_in: &SignedIn, content: &Markup) -> Response {
    let content = html! {
        p.back { a href="/admin/prices" { (icon(Icon::Left)) "All prices" } }
        (content)
    };
    page(status, "Import prices", signed_in, Part::Prices, &content).with_script("prices.js").into_response()
}

fn form(problem: Option<&str>, typed: &TypedStart) -> Markup {
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
                div.field {
                    label for="list-starts" { "Counts from, in UTC" }
                    input #list-starts name="starts" type="datetime-local" value=(typed.starts) aria-describedby="list-starts-hint";
                    p.hint #list-starts-hint { "Empty: now. Calls already made keep their price." }
                }
                label.check { input type="checkbox" name="past" checked[typed.may_lie_in_the_past]; "The start may lie in the past" }
                div.actions { button type="submit" { "Show what would change" } a.button.quiet href="/admin/prices" { "Cancel" } }
            }
        }
    }
}

fn differences(plan: &Plan, typed: &TypedStart) -> Markup {
    let (shown, rest) = plan.differences.split_at(plan.differences.len().min(MOST_SHOWN));
    html! {
        (summary(plan))
        (left_out("Numbers that nobody could mean", &plan.refused, true))
        @if shown.is_empty() {
            section.card { (empty(Icon::Check, "Nothing would change", &html! { p { "Every price of the list that concerns this server is as it was." } a.button.quiet href="/admin/prices" { "Back to the prices" } })) }
        } @else {
            form.picks method="post" action="/admin/prices/import/apply" {
                input type="hidden" name="source" value=(plan.source.as_str());
                input type="hidden" name="starts" value=(typed.starts);
                @if typed.may_lie_in_the_past { input type="hidden" name="past" value="on"; }
                (not_shown(shown.len(), rest))
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
                        thead { tr { th scope="col" { "Model" } th scope="col" { "Until now" } th scope="col" { @if typed.starts.is_empty() { "From now on" } @else { "From " (plan.starts_at) " on" } } th.num scope="col" { "Input" } th.num scope="col" { "Output" } } }
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

/// What is too much to show, to be taken or left as a whole.
fn not_shown(shown: usize, rest: &[Difference]) -> Markup {
    let (changed, added): (Vec<&Difference>, Vec<&Difference>) = rest.iter().partition(|one| one.old.is_some());
    let kinds = [("changed", "that change", changed), ("added", "that are new", added)];
    html! {
        @if !rest.is_empty() {
            div.card {
                p { "The first " (grouped(i64::try_from(shown).unwrap_or(i64::MAX))) " differences are shown. Not shown, and taken with the others unless you say otherwise:" }
                @for (kind, words, some) in kinds {
                    @if !some.is_empty() {
                        label.check {
                            input type="checkbox" name="rest" value=(written(&some.iter().map(|one| Pick::of(one)).collect::<Vec<_>>())) checked data-change=(kind);
                            span { (grouped(i64::try_from(some.len()).unwrap_or(i64::MAX))) " more " (words) }
                        }
                    }
                }
            }
        }
    }
}

/// Numbers and names: writing them cannot fail.
fn written(picks: &impl Serialize) -> String {
    serde_json::to_string(picks).unwrap_or_default()
}

fn difference(one: &Difference) -> Markup {
    let value = written(&Pick::of(one));
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
            td data-name="from then on" { (figures(&one.new)) }
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
                div { "Taken from " (source_word(plan.source)) ": " (plan.added()) " new and " (plan.changed()) " changed prices. They count from " (time(plan.starts_at)) " on, and calls already made keep theirs." }
            }
            div.actions { a.button href="/admin/prices?only=imported" { "See them" } a.button.quiet href="/admin/prices" { "All prices" } }
        }
    }
}
