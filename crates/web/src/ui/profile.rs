//! `/profile`: one's account, where one is signed in, how calls find a key, and
//! the keys as provider cards.

mod parts;

use std::collections::BTreeMap;

use app::error::Error;
use app::sign_in::sessions;
use app::users::{self, AccountEdit};
use app::{budgets, credentials, short_keys};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::access::Need;
use domain::credential::Scope;
use domain::provider::PROVIDERS;
use domain::secret::Password;
use http::{Method, StatusCode};
use maud::html;
use serde::Deserialize;

use self::parts::Told;
use super::budgets::{Words, card, others};
use super::forms::{SignedIn, is_for_the_form};
use super::keys::{Card, cards};
use super::view::{Place, complaint, with_status};
use crate::body::Form;
use crate::problem;
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};
use crate::visitor::Knocking;

pub(super) fn doors() -> Vec<Door> {
    let own = Need::OwnAccount;
    vec![
        quiet_door(Method::GET, "/profile", own, get(show_profile)),
        quiet_door(Method::POST, "/profile", own, post(edit_profile)),
        quiet_door(Method::POST, "/profile/password", Need::SignedIn, post(change_password)),
        quiet_door(Method::POST, "/profile/unlink", Need::SignedIn, post(unlink)),
        quiet_door(Method::POST, "/profile/sessions", own, post(end_sessions)),
        quiet_door(Method::POST, "/profile/keys", own, post(save_keys)),
    ]
}

/// About one's own budgets.
const BUDGETS: Words<'static> = Words {
    title: "Your budgets",
    none: "None: what you spend is bounded by the budgets of where you belong, and by those of your gateway tokens.",
    not_yours: "",
};

/// The account's name or a preference; what a form does not have is absent.
#[derive(Deserialize)]
struct ProfileForm {
    name: Option<String>,
    /// `chain`, `strict` …; nothing: as the server has it.
    fallback: Option<String>,
    /// The organization to act in; nothing: none in particular.
    organization: Option<String>,
}

#[derive(Deserialize)]
struct PasswordForm {
    #[serde(default)]
    current: String,
    #[serde(default)]
    new: String,
}

#[derive(Deserialize)]
struct UnlinkForm {
    #[serde(default)]
    issuer: String,
    #[serde(default)]
    password: String,
}

#[derive(Deserialize)]
struct SessionsForm {
    /// One to end; nothing: all but this one.
    #[serde(default)]
    session: String,
}

async fn show_profile(State(shared): State<Shared>, signed_in: SignedIn) -> Result<Response, Failure> {
    profile(&shared, &signed_in, None).await
}

async fn edit_profile(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Form(form): Form<ProfileForm>,
) -> Result<Response, Failure> {
    let fallback = form.fallback.map(|word| match word.as_str() {
        "" => Ok(None),
        word => word.parse().map(Some).map_err(|problem: String| Error::invalid("fallback", problem)),
    });
    let organization = form.organization.map(|id| match id.as_str() {
        "" => Ok(None),
        id => id.parse().map(Some).map_err(|_| Error::not_found("organization")),
    });
    let edit = AccountEdit {
        display_name: form.name,
        fallback: fallback.transpose()?,
        organization: organization.transpose()?,
        ..AccountEdit::default()
    };
    let done = users::edit_me(&shared.app, &signed_in.caller, edit).await.map(drop);
    to_profile(&shared, &signed_in, done).await
}

async fn change_password(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Knocking(visitor): Knocking,
    Form(form): Form<PasswordForm>,
) -> Result<Response, Failure> {
    let (current, new) = (Password::new(form.current), Password::new(form.new));
    let done = users::change_password(&shared.app, &signed_in.caller, current, new, &visitor).await;
    to_profile(&shared, &signed_in, done).await
}

async fn unlink(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Knocking(visitor): Knocking,
    Form(form): Form<UnlinkForm>,
) -> Result<Response, Failure> {
    let password = Password::new(form.password);
    let done = users::unlink(&shared.app, &signed_in.caller, &form.issuer, password, &visitor).await;
    to_profile(&shared, &signed_in, done).await
}

async fn end_sessions(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Form(form): Form<SessionsForm>,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let done = if form.session.is_empty() {
        sessions::end_others(app, caller).await.map(drop)
    } else {
        let id = form.session.parse().map_err(|_| Error::not_found("session"))?;
        sessions::end(app, caller, id).await
    };
    to_profile(&shared, &signed_in, done).await
}

/// Saves what is filled in: of one card, or of all.
async fn save_keys(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Form(mut form): Form<BTreeMap<String, String>>,
) -> Result<Response, Failure> {
    let save = form.remove("save").unwrap_or_default();
    let is_wanted = |field: &str| save.is_empty() || save == "all" || field.starts_with(&format!("{save}_"));
    let filled = form.into_iter().filter(|(field, value)| is_wanted(field) && !value.trim().is_empty());
    let mut fields: BTreeMap<String, Option<String>> =
        filled.map(|(field, value)| (field, Some(value.trim().to_owned()))).collect();
    // An endpoint that stood there from before says nothing without a key.
    if !fields.contains_key("azure_api_key") {
        fields.remove("azure_endpoint");
    }
    let done = if fields.is_empty() {
        Err(Error::invalid("save", "found no key; paste one into a card first"))
    } else {
        short_keys::patch(&shared.app, &signed_in.caller, fields).await
    };
    to_profile(&shared, &signed_in, done).await
}

/// Back to the page, or the page with what was wrong.
async fn to_profile(shared: &Shared, signed_in: &SignedIn, done: Result<(), Error>) -> Result<Response, Failure> {
    match done {
        Ok(()) => Ok(Redirect::to("/profile").into_response()),
        Err(error) if is_for_the_form(&error) => profile(shared, signed_in, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

async fn profile(shared: &Shared, signed_in: &SignedIn, error: Option<&Error>) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let told = Told {
        account: users::me(app, caller).await?,
        identities: users::identities(app, caller).await?,
        elsewhere: app.settings.oidc.as_deref().map(|oidc| (oidc.issuer.clone(), oidc.name.clone())),
        sessions: sessions::list(app, caller).await?,
        current: caller.session(),
        theme: signed_in.viewer.theme,
        server_policy: app.settings.policy,
        belonging: std::sync::Arc::clone(&caller.belonging),
        acting_in: caller.organization,
    };
    let listing = credentials::Listing { scope: Some(Scope::Personal), limit: 500, ..Default::default() };
    let (keys, _) = credentials::list(app, caller, &listing).await?;
    let (own, above) = (budgets::panel(app, caller, caller.user.into()).await?, budgets::over(app, caller).await?);
    let problem = |field: &str| {
        error.filter(|error| error.details.field.as_deref() == Some(field)).map(|error| error.sentence.clone())
    };
    let providers = PROVIDERS.iter().filter(|provider| provider.has_short_field);
    let all: Vec<Card<'_>> = providers
        .map(|provider| Card {
            provider: provider.id,
            keys: keys.iter().filter(|key| key.provider == provider.id && key.grace_of.is_none()).collect(),
            problem: problem(&format!("{}_api_key", provider.name)),
        })
        .collect();
    let status = error.map_or(StatusCode::OK, problem::status_of);
    let content = html! {
        div.lead { div { h1 { "Profile" } p { (told.account.email) } } }
        (complaint(error.map(|error| error.sentence.as_str())))
        div.profile {
            (parts::account(&told))
            (parts::password(&told))
            (parts::elsewhere(&told))
            (parts::preferences(&told))
            (parts::sessions(&told))
            (parts::organizations(&told))
            (card(&own, &BUDGETS))
            (others(&above))
            section.card #api-configuration aria-labelledby="keys-title" {
                div.row.spread { h2 #keys-title { "API Configuration" } a href="/keys" { "All provider keys" } }
                p.soft { "Open a provider, paste its key, save. A key that is there already is replaced." }
                (cards(&all))
            }
        }
    };
    let page = with_status(status, "Profile", &signed_in.viewer, content);
    Ok(page.at(Place::Profile).with_script("keys.js").into_response())
}
