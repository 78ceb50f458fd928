//! `/keys`: one's provider keys. A box that takes whatever is pasted, then the
//! keys themselves, one scope and provider at a time.

mod act;
mod add;
mod cards;
mod fields;
mod list;
mod pasted;
mod place;
mod row;
mod sheets;
mod verdict;

use app::credentials::{self, Browse, Outcome, Pasted};
use app::error::Error;
use app::{cooling, sign_in, spreads, status, users};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::Timestamp;
use domain::access::Need;
use domain::credential::Scope;
use domain::provider::ProviderKind;
use domain::service::ServiceState;
use domain::spread::Spread;
use http::{Method, StatusCode};
use maud::{Markup, html};

use self::list::Listed;
use self::pasted::PasteBox;
use self::place::{KeysQuery, Spot};
use super::forms::SignedIn;
use super::view::{Icon, Place, Shape, complaint, icon, with_status};
use crate::body::Query;
use crate::problem;
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};

pub(super) use self::add::{headers_of, provider, typed, words};
pub(super) use self::cards::{Card, cards};
pub(super) use self::fields::spread;
pub(super) use self::list::provider_options;
pub(super) use self::pasted::{paste_box, results};
use self::row::may_change;
pub(super) use self::row::{Line, actions, chips, mask, scope_word};
pub(super) use self::verdict::verdict;

/// How many keys a page shows.
const PAGE: i64 = 50;

pub(super) fn doors() -> Vec<Door> {
    let need = Need::OwnAccount;
    vec![
        quiet_door(Method::GET, "/keys", need, get(show_keys)),
        quiet_door(Method::POST, "/keys", need, post(add::add_key)),
        quiet_door(Method::POST, "/keys/paste", need, post(add::paste_keys)),
        quiet_door(Method::POST, "/keys/spread", need, post(act::set_spread)),
        quiet_door(Method::GET, "/keys/{id}", need, get(act::show_key)),
        quiet_door(Method::POST, "/keys/{id}", need, post(act::act_on_key)),
        quiet_door(Method::GET, "/keys/{id}/edit", need, get(act::show_edit)),
        quiet_door(Method::POST, "/keys/{id}/edit", need, post(act::edit_key)),
        quiet_door(Method::GET, "/keys/{id}/rotate", need, get(act::show_rotate)),
        quiet_door(Method::POST, "/keys/{id}/rotate", need, post(act::rotate_key)),
        quiet_door(Method::GET, "/keys/{id}/delete", need, get(act::show_delete)),
    ]
}

/// What is told above the keys.
enum Said<'a> {
    Nothing,
    Refused(&'a Error),
    Pasted(&'a [Pasted]),
}

async fn show_keys(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Query(query): Query<KeysQuery>,
) -> Result<Response, Failure> {
    let spot = Spot::of(&query, &signed_in.caller);
    keys_page(&shared, &signed_in, &spot, Said::Nothing).await
}

async fn keys_page(shared: &Shared, signed_in: &SignedIn, spot: &Spot, said: Said<'_>) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let browse = Browse {
        scope: spot.scope,
        organization: caller.organization,
        provider: spot.provider,
        search: Some(spot.search.clone()),
        after: spot.after,
        limit: PAGE,
    };
    let shelf = credentials::browse(app, caller, &browse).await?;
    let spread = match spot.provider {
        Some(provider) => {
            let settled = spreads::list(app, caller).await?;
            let own = settled.iter().find(|one| one.scope == spot.scope && one.provider == provider);
            own.map_or(Spread::default(), |one| one.spread)
        }
        None => Spread::default(),
    };
    let local = if shelf.keys.is_empty() { found_nearby(shared, signed_in).await? } else { Vec::new() };
    let now = app.clock.now();
    let line = |shown: &credentials::ShownKey| Line {
        cooling_until: cooling::until(app, shown.credential.id),
        may_copy: app.settings.reveal_allowed,
        may_change: may_change(caller, &shown.credential),
        shown: shown.clone(),
        now,
        has_rivals: shelf.count(spot.scope, Some(shown.credential.provider)) > 1,
    };
    let listed = Listed { spot, shelf: &shelf, lines: shelf.keys.iter().map(line).collect(), spread, local: &local };
    let is_admin = caller.is_admin();
    let is_first = shelf.count(Scope::Personal, None) == 0;
    let default_base = spot.provider.and_then(|provider| app.settings.default_base(provider));
    let (status, problem, results) = match said {
        Said::Nothing => (StatusCode::OK, None, &[][..]),
        Said::Refused(error) => (problem::status_of(error), Some(error.sentence.as_str()), &[][..]),
        Said::Pasted(pasted) => (StatusCode::OK, None, pasted),
    };
    let account = users::me(app, caller).await?;
    let elsewhere = app.settings.oidc.as_deref().filter(|_| account.has_identity);
    let proof = sheets::ProofAsked {
        email: &account.email,
        has_password: account.has_password && elsewhere.is_none_or(|oidc| oidc.passwords),
        elsewhere: elsewhere.map(|oidc| oidc.name.as_str()),
        proven_until: sign_in::proven_until(app, caller),
    };
    let content = html! {
        div.lead {
            div {
                h1 { "Provider keys" }
                p { "Sealed before they are stored, sent to their own provider and to nobody else." }
            }
        }
        (complaint(problem))
        @if spot.scope == Scope::Organization { (of_organization(signed_in)) }
        @else { (pasted::filled(&PasteBox {
            action: "/keys/paste",
            is_admin,
            scope: spot.scope,
            provider: spot.provider,
            has_focus: is_first && spot.provider.is_none(),
            beside: &fields::choice(spot),
            results: &pasted_here(results, now),
        })) }
        (list::scopes(&listed, &place::scopes(caller)))
        (list::providers(&listed))
        @if let Some(provider) = spot.provider.filter(|_| spot.scope != Scope::Organization) { (fields::of_provider(provider, spot, &listed, default_base)) }
        (list::keys(&listed, app.settings.reveal_allowed))
        dialog #sheet aria-labelledby="sheet-title" {}
        (sheets::password_dialog(&proof))
    };
    let page = with_status(status, "Provider keys", &signed_in.viewer, content);
    Ok(page.at(Place::Keys).shaped(Shape::Column).with_script("keys.js").into_response())
}

/// Whose keys these are, and who looks after them.
fn of_organization(signed_in: &SignedIn) -> Markup {
    let caller = &signed_in.caller;
    let place = caller.organization.and_then(|id| caller.membership(id));
    html! {
        @if let Some(place) = place {
            p.notice.calm role="note" {
                (icon(Icon::Shield))
                span {
                    "Keys of " strong { bdi { (place.name) } } ": they pay for calls in it. "
                    @if caller.looks_after(place.organization) {
                        a href={ "/admin/provider-credentials?organization=" (place.slug) } { "Add one, or look after them" } "."
                    } @else { "Its owners and admins look after them; you see what they are called and how they do." }
                }
            }
        }
    }
}

/// What became of pasted keys, and what they are for.
fn pasted_here(pasted: &[Pasted], now: Timestamp) -> Markup {
    let is_any_saved = pasted.iter().any(|one| matches!(one.outcome, Outcome::Saved(_)));
    html! {
        (results(pasted, now))
        @if is_any_saved { p.next { a.button.quiet.little href="/chat" { (icon(Icon::Chat)) "Chat with it" } } }
    }
}

/// Local servers that answer, with how many models each has.
async fn found_nearby(shared: &Shared, signed_in: &SignedIn) -> Result<Vec<(&'static str, usize)>, Failure> {
    let all = status::list(&shared.app, &signed_in.caller).await?;
    let runs = |one: &&status::ProviderStatus| {
        one.provider.kind == ProviderKind::Local && one.state == ServiceState::Operational && one.models > 0
    };
    Ok(all.iter().filter(runs).map(|one| (one.provider.display_name, one.models)).collect())
}
