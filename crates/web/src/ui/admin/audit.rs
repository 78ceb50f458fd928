//! `/admin/audit`: every change, newest first; of one organization for whoever
//! looks after it. Filters are in the address; the chain is checked on demand.

use app::audit::{self, Log, Reading};
use app::error::{Code, Error};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::Timestamp;
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;
use std::time::Duration;
use store::audit::{AuditFilter, Verified};

use super::{Part, counted, events, grouped, let_in, looked_after, page};
use crate::body::Query;
use crate::problem;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::forms::SignedIn;
use crate::ui::view::{Icon, complaint, empty, icon};

/// How many events a page shows.
const PAGE: i64 = 50;

const DAY: Duration = Duration::from_hours(24);

/// The query of `/admin/audit`.
#[derive(Clone, Default, Deserialize)]
pub(super) struct AuditQuery {
    /// An organization's id or slug; nothing: the whole server, for its admins.
    #[serde(default)]
    organization: String,
    /// An e-mail address, or a user's id.
    #[serde(default)]
    who: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    after: String,
}

impl AuditQuery {
    fn is_narrowed(&self) -> bool {
        [&self.who, &self.action, &self.target, &self.from, &self.to].iter().any(|text| !text.trim().is_empty())
    }

    fn href(&self, after: Option<i64>) -> String {
        let after = after.map(|after| after.to_string()).unwrap_or_default();
        let pairs = [
            ("organization", &self.organization),
            ("who", &self.who),
            ("action", &self.action),
            ("target", &self.target),
            ("from", &self.from),
            ("to", &self.to),
            ("after", &after),
        ];
        let given = pairs.iter().filter(|(_, value)| !value.trim().is_empty());
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(given.map(|(name, value)| (name, value.trim())))
            .finish();
        if query.is_empty() { "/admin/audit".to_owned() } else { format!("/admin/audit?{query}") }
    }
}

/// The address of the file that holds the events of a filter.
fn export(reading: &Reading, filter: &AuditFilter) -> String {
    let organization = match reading.log() {
        Log::Server => None,
        Log::Organization(id) => Some(id.to_string()),
    };
    let pairs = [
        ("organization_id", organization),
        ("actor", filter.actor.map(|actor| actor.to_string())),
        ("action", filter.action.clone()),
        ("target", filter.target.clone()),
        ("from", filter.from.map(|at| at.to_string())),
        ("to", filter.to.map(|at| at.to_string())),
    ];
    let given = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("/v2/audit-events/export.jsonl{mark}{query}")
}

pub(super) async fn show_audit(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Query(mut query): Query<AuditQuery>,
) -> Result<Response, Failure> {
    let_in(&signed_in.caller)?;
    // Whoever looks after organizations only is shown one of them.
    if query.organization.trim().is_empty() && !signed_in.caller.is_admin() {
        let caller = &signed_in.caller;
        let acting_in = looked_after(caller).find(|place| Some(place.organization) == caller.organization);
        if let Some(place) = acting_in.or_else(|| looked_after(caller).next()) {
            query.organization.clone_from(&place.slug);
        }
    }
    audit_page(&shared, &signed_in, &query, None).await
}

pub(super) async fn verify_audit(State(shared): State<Shared>, signed_in: SignedIn) -> Result<Response, Failure> {
    let found = audit::verify(&shared.app, &signed_in.caller).await?;
    audit_page(&shared, &signed_in, &AuditQuery::default(), Some(found)).await
}

async fn audit_page(
    shared: &Shared,
    signed_in: &SignedIn,
    query: &AuditQuery,
    verified: Option<Verified>,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let named = Some(query.organization.trim()).filter(|named| !named.is_empty());
    let reading = audit::open(app, caller, named).await?;
    let (filter, error) = match filter_of(shared, &reading, query).await {
        Ok(filter) => (filter, None),
        Err(error) if matches!(error.code, Code::InvalidRequest) => (AuditFilter::default(), Some(error)),
        Err(error) => return Err(error.into()),
    };
    let after = query.after.parse().ok().filter(|_| error.is_none());
    let found = audit::page(app, &reading, &filter, after, PAGE).await?;
    let labels = audit::labels(app, caller, &reading, &found.rows).await?;
    let all = AuditQuery { organization: query.organization.clone(), ..AuditQuery::default() };
    let content = html! {
        (complaint(error.as_ref().map(|error| error.sentence.as_str())))
        @if caller.is_admin() && reading.log() == Log::Server { (chain(verified)) }
        (form(query, &organizations(shared, signed_in, &reading).await?))
        section.card.flush aria-labelledby="events-title" {
            div.row.spread.head {
                h2 #events-title { "Changes " span.soft { @if !found.count_is_exact { "more than " } (grouped(found.count)) } }
                a.button.quiet.little href=(export(&reading, &filter)) download { (icon(Icon::Download)) "JSON lines" }
            }
            @if found.rows.is_empty() {
                (empty(Icon::List, "No change passes", &html! { p { a href=(all.href(None)) { "Show all changes" } } }))
            } @else {
                @for row in &found.rows { (events::event(row, &labels, &query.organization)) }
            }
            @if after.is_some() || found.next.is_some() {
                nav.row.spread.turn aria-label="Pages of changes" {
                    @if after.is_some() { a href=(query.href(None)) { "Newest" } } @else { span {} }
                    @if let Some(next) = found.next { a href=(query.href(Some(next))) rel="next" { "Older" } }
                }
            }
        }
    };
    let status = error.as_ref().map_or(StatusCode::OK, problem::status_of);
    Ok(page(status, "Audit log", signed_in, Part::Audit, &content).into_response())
}

/// The most organizations that are offered to choose from.
const OFFERED: i64 = 200;

/// A choice of the log to read: its value, its words, and whether it is read.
type Choice = (String, String, bool);

/// The logs that there are to choose from.
async fn organizations(shared: &Shared, signed_in: &SignedIn, reading: &Reading) -> Result<Vec<Choice>, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let is_read = |id| reading.log() == Log::Organization(id);
    if !caller.is_admin() {
        let places = looked_after(caller);
        return Ok(places.map(|place| (place.slug.clone(), place.name.clone(), is_read(place.organization))).collect());
    }
    let (found, _) = app::organizations::list(app, caller, None, 0, OFFERED).await?;
    let whole = (String::new(), "The whole server".to_owned(), reading.log() == Log::Server);
    let mut all = vec![whole];
    all.extend(found.into_iter().map(|one| (one.slug, one.name, is_read(one.id))));
    if let (Log::Organization(id), true) = (reading.log(), all.iter().all(|(.., is_read)| !is_read)) {
        all.push((id.to_string(), format!("The organization {id}"), true));
    }
    Ok(all)
}

async fn filter_of(shared: &Shared, reading: &Reading, query: &AuditQuery) -> Result<AuditFilter, Error> {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let actor = match given(&query.who) {
        Some(who) => Some(audit::somebody(&shared.app, reading, &who).await?),
        None => None,
    };
    Ok(AuditFilter {
        actor,
        action: given(&query.action),
        target: given(&query.target),
        from: day_of("from", &query.from)?,
        to: day_of("to", &query.to)?.map(|day| day.plus(DAY)),
        organization: None,
    })
}

fn day_of(field: &str, text: &str) -> Result<Option<Timestamp>, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let day = Timestamp::parse(&format!("{text}T00:00:00Z"));
    day.map(Some).ok_or_else(|| Error::invalid(field, "is no day; write it like 2026-11-21"))
}

/// Whether the chain holds, as far as it was looked at.
fn chain(verified: Option<Verified>) -> Markup {
    html! {
        @match verified {
            Some(Verified { rows, broken_at: None }) => {
                p.praise role="status" { (icon(Icon::Check)) span { "The chain holds: " (counted(rows, "event", "events")) ", each linked to the one before it." } }
            }
            Some(Verified { rows, broken_at: Some(at) }) => {
                p.complaint role="alert" { (icon(Icon::Warning)) span {
                    "The chain is broken at event " (grouped(at)) ": it, or the one before it, was changed or taken out behind this server's back. "
                    "The " (counted(rows, "event", "events")) " before it " @if rows == 1 { "is" } @else { "are" } " as written. Compare with a backup, and keep the file."
                } }
            }
            None => {
                form.chain method="post" action="/admin/audit/verify" {
                    p.soft { "Each event is linked to the one before it under a key that the database does not hold, so that nobody changes one unseen." }
                    button.quiet.little type="submit" { (icon(Icon::Shield)) "Verify the chain" }
                }
            }
        }
    }
}

fn form(query: &AuditQuery, organizations: &[Choice]) -> Markup {
    html! {
        form.filter method="get" action="/admin/audit" aria-label="Filter" {
            @match organizations {
                [] => {}
                [(only, ..)] => input type="hidden" name="organization" value=(only);
                several => div.field.grow {
                    label for="organization" { "Where" }
                    select #organization name="organization" {
                        @for (value, words, is_read) in several { option value=(value) selected[*is_read] { (words) } }
                    }
                }
            }
            div.field.grow {
                label for="who" { "Who" }
                input #who name="who" type="text" value=(query.who) maxlength="254" autocomplete="off" spellcheck="false" placeholder="E-mail address";
            }
            div.field.grow {
                label for="action" { "What" }
                select #action name="action" {
                    option value="" { "Anything" }
                    @for (group, actions) in events::ACTIONS {
                        optgroup label=(group) {
                            @for (action, words) in *actions { option value=(action) selected[query.action == *action] { (words) } }
                        }
                    }
                }
            }
            div.field { label for="from" { "From (UTC)" } input #from name="from" type="date" value=(query.from); }
            div.field { label for="to" { "To, inclusive" } input #to name="to" type="date" value=(query.to); }
            div.field.grow {
                label for="target" { "On (id)" }
                input #target name="target" type="text" value=(query.target) maxlength="64" autocomplete="off" spellcheck="false" placeholder="Any";
            }
            div.actions {
                button.quiet type="submit" { (icon(Icon::Search)) "Show" }
                @if query.is_narrowed() { a.button.quiet href=(AuditQuery { organization: query.organization.clone(), ..AuditQuery::default() }.href(None)) { "Clear" } }
            }
        }
    }
}
