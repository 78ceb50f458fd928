//! `/admin/organizations/{id}/settings`: its name, and the rules under which its
//! calls are paid.

use app::budgets;
use app::error::Error;
use app::organizations::{self, RulesEdit};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ProviderId;
use domain::organization::{KeyOrder, Organization};
use domain::resolve::Fallback;
use http::StatusCode;
use maud::{Markup, html};

use super::organization::{Room, address, framed};
use super::percent::{percent, percent_text};
use crate::body::{Form, Id};
use crate::problem;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::budgets::{Words, card};
use crate::ui::forms::{SignedIn, is_for_the_form};
use crate::ui::view::complaint;

/// About an organization's budgets.
const BUDGETS: Words<'static> = Words {
    title: "Budgets",
    none: "None: what is spent in it has no limit but those of its teams, its members and their gateway tokens.",
    not_yours: "",
};

pub(super) async fn show_settings(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(named): Id<String>,
) -> Result<Response, Failure> {
    let organization = organizations::find_to_manage(&shared.app, &signed_in.caller, &named).await?;
    let filled = Filled::from(&organization);
    settings(&shared, &signed_in, &organization, &filled, None).await
}

pub(super) async fn save_settings(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(named): Id<String>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let organization = organizations::find_to_manage(app, caller, &named).await?;
    let filled = Filled::of(fields);
    let saved = match filled.edit(&organization) {
        Ok(edit) => organizations::edit(app, caller, &named, edit).await,
        Err(error) => Err(error),
    };
    match saved {
        Ok(saved) => Ok(Redirect::to(&address(&saved)).into_response()),
        Err(error) if is_for_the_form(&error) => {
            settings(&shared, &signed_in, &organization, &filled, Some(&error)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// What the form holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Filled {
    name: String,
    slug: String,
    order: String,
    fallback: String,
    markup: String,
    has_some_providers: bool,
    providers: Vec<String>,
    /// The boxes that are ticked.
    ticked: Vec<String>,
}

impl From<&Organization> for Filled {
    fn from(organization: &Organization) -> Self {
        let rules = &organization.rules;
        let boxes = [
            ("may_cross", rules.may_cross),
            ("personal_keys", rules.personal_keys_allowed),
            ("personal_markup", rules.personal_markup),
            ("counts_personal", rules.counts_personal),
        ];
        let allowed = rules.allowed_providers.clone();
        Self {
            name: organization.name.clone(),
            slug: organization.slug.clone(),
            order: rules.order.to_string(),
            fallback: rules.fallback.map_or("", Fallback::as_str).to_owned(),
            markup: percent_text(rules.markup_basis_points),
            has_some_providers: allowed.is_some(),
            providers: allowed.unwrap_or_default().iter().map(ToString::to_string).collect(),
            ticked: boxes.into_iter().filter(|(_, is)| *is).map(|(name, _)| name.to_owned()).collect(),
        }
    }
}

impl Filled {
    fn of(fields: Vec<(String, String)>) -> Self {
        let mut filled = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "name" => filled.name = value,
                "slug" => filled.slug = value,
                "order" => filled.order = value,
                "fallback" => filled.fallback = value,
                "markup" => filled.markup = value,
                "providers" => filled.has_some_providers = value == "some",
                "provider" => filled.providers.push(value),
                "rule" => filled.ticked.push(value),
                _ => {}
            }
        }
        filled
    }

    fn has(&self, name: &str) -> bool {
        self.ticked.iter().any(|ticked| ticked == name)
    }

    /// What is filled in otherwise than it is.
    fn edit(&self, known: &Organization) -> Result<organizations::Edit, Error> {
        let rules = &known.rules;
        let order: KeyOrder = self.order.parse().map_err(|problem: String| Error::invalid("order", problem))?;
        let fallback: Option<Fallback> = match self.fallback.as_str() {
            "" => None,
            word => Some(word.parse().map_err(|problem: String| Error::invalid("fallback", problem))?),
        };
        let providers = self.providers.iter().map(|name| name.parse::<ProviderId>()).collect::<Result<Vec<_>, _>>();
        let mut providers = providers.map_err(|problem| Error::invalid("provider", problem))?;
        providers.sort_unstable();
        let allowed = self.has_some_providers.then_some(providers);
        let markup = percent("markup", &self.markup)?.unwrap_or(0);
        let box_of = |name: &str, is: bool| Some(self.has(name)).filter(|ticked| *ticked != is);
        Ok(organizations::Edit {
            name: Some(self.name.clone()).filter(|name| *name != known.name),
            slug: Some(self.slug.trim().to_owned()).filter(|slug| *slug != known.slug),
            is_suspended: None,
            rules: RulesEdit {
                order: Some(order).filter(|order| *order != rules.order),
                fallback: Some(fallback).filter(|fallback| *fallback != rules.fallback),
                may_cross: box_of("may_cross", rules.may_cross),
                personal_keys_allowed: box_of("personal_keys", rules.personal_keys_allowed),
                allowed_providers: Some(allowed).filter(|allowed| *allowed != rules.allowed_providers),
                markup_basis_points: Some(markup).filter(|markup| *markup != rules.markup_basis_points),
                personal_markup: box_of("personal_markup", rules.personal_markup),
                counts_personal: box_of("counts_personal", rules.counts_personal),
            },
        })
    }
}

/// An order of keys, in short and at length.
pub(super) const fn order_words(order: KeyOrder) -> (&'static str, &'static str) {
    match order {
        KeyOrder::PersonalFirst => {
            ("A member's own first", "Then the organization's, then the server's. Team tokens never use anybody's own.")
        }
        KeyOrder::OrgFirst => {
            ("The organization's first", "Members' own are asked where the organization has none for the model.")
        }
        KeyOrder::OrgOnly => {
            ("Nothing but the organization's", "Neither members' own keys nor the server's ever pay for calls in it.")
        }
    }
}

async fn settings(
    shared: &Shared,
    signed_in: &SignedIn,
    organization: &Organization,
    filled: &Filled,
    error: Option<&Error>,
) -> Result<Response, Failure> {
    let panel = budgets::panel(&shared.app, &signed_in.caller, organization.id.into()).await?;
    let content = html! {
        (complaint(error.map(|error| error.sentence.as_str())))
        form.settings method="post" action={ (address(organization)) "/settings" } {
            (names(filled))
            (payers(filled))
            (providers(filled))
            (markup(filled))
            div.actions.save { button type="submit" { "Save settings" } a.button.quiet href=(address(organization)) { "Cancel" } }
        }
        (card(&panel, &BUDGETS))
    };
    let status = error.map_or(StatusCode::OK, problem::status_of);
    Ok(framed(status, signed_in, organization, Room::Settings, &content).into_response())
}

fn names(filled: &Filled) -> Markup {
    html! {
        section.card aria-labelledby="name-title" {
            h2 #name-title { "Name" }
            div.columns {
                div.field {
                    label for="name" { "Name" }
                    input #name name="name" type="text" value=(filled.name) maxlength="100" required autocomplete="off";
                }
                div.field {
                    label for="slug" { "Slug" }
                    input #slug name="slug" type="text" value=(filled.slug) maxlength="64" required autocomplete="off" spellcheck="false";
                }
            }
            p.small { "Whatever names the slug, such as a header in a script, must be changed with it. The id stays." }
        }
    }
}

fn tick(filled: &Filled, name: &str, title: &str, words: &str) -> Markup {
    html! {
        label.check {
            input type="checkbox" name="rule" value=(name) checked[filled.has(name)];
            span { strong { (title) } " " span.small { (words) } }
        }
    }
}

fn payers(filled: &Filled) -> Markup {
    html! {
        section.card aria-labelledby="payers-title" {
            h2 #payers-title { "Whose key pays" }
            div.twofold {
                fieldset {
                    legend { "Order of keys" }
                    div.ticks {
                        @for order in KeyOrder::ALL {
                            @let (title, words) = order_words(*order);
                            label.check {
                                input type="radio" name="order" value=(order) checked[filled.order == order.as_str()] required;
                                span { strong { (title) } " " span.small { (words) } }
                            }
                        }
                    }
                }
                div.stack {
                    div.field {
                        label for="fallback" { "Where the first in order have no key" }
                        select #fallback name="fallback" {
                            option value="" selected[filled.fallback.is_empty()] { "As members and the server say" }
                            option value="chain" selected[filled.fallback == "chain"] { "Chain: the next in order pays" }
                            option value="strict" selected[filled.fallback == "strict"] { "Strict: once there is a key, nobody else's pays" }
                        }
                        p.hint { "Tokens and requests may ask for something stricter, never for more." }
                    }
                    (tick(filled, "personal_keys", "Members' own keys may pay", "for their own calls in this organization"))
                    (tick(filled, "may_cross", "Go on where keys fail", "a call whose keys all fail may go to the next in order, when it asks to"))
                }
            }
        }
    }
}

fn providers(filled: &Filled) -> Markup {
    html! {
        section.card aria-labelledby="providers-title" {
            h2 #providers-title { "Providers" }
            fieldset {
                legend.sr { "Which providers may be called" }
                div.row.either {
                    label.check { input type="radio" name="providers" value="all" checked[!filled.has_some_providers]; span { "All" } }
                    label.check { input type="radio" name="providers" value="some" checked[filled.has_some_providers]; span { "Only these:" } }
                }
            }
            div.ticklist role="group" aria-label="Allowed providers" {
                @for provider in ProviderId::all() {
                    label.check {
                        input type="checkbox" name="provider" value=(provider)
                            checked[filled.providers.iter().any(|name| name == provider.as_str())];
                        span { (provider.display_name()) }
                    }
                }
            }
        }
    }
}

fn markup(filled: &Filled) -> Markup {
    html! {
        section.card aria-labelledby="markup-title" {
            h2 #markup-title { "Mark-up" }
            div.twofold {
                div.field {
                    label for="markup" { "Per cent on what the provider charges" }
                    input #markup.short name="markup" type="text" inputmode="decimal" value=(filled.markup) maxlength="12" autocomplete="off";
                    p.hint { "From now on. Calls that are in the books keep theirs. A team may have its own." }
                }
                div.stack {
                    (tick(filled, "personal_markup", "Also on members' own keys", "else those cost what the provider charges"))
                    (tick(filled, "counts_personal", "New budgets count members' own keys", "of the organization and its teams, unless a budget says otherwise"))
                }
            }
        }
    }
}
