//! The frame around every page: who is here, where one can go.

use maud::{DOCTYPE, Markup, html};

use super::{Icon, Page, Shape, icon};
use crate::ui::assets::address;

/// Who is looking at a page.
#[derive(Clone, Default)]
pub(crate) struct Viewer {
    /// Who, when signed in.
    pub(crate) person: Option<Person>,
    /// Light or dark.
    pub(crate) theme: Theme,
    /// Whether this is a demo.
    pub(crate) is_demo: bool,
}

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Person {
    /// Their name.
    pub(crate) name: String,
    /// Their address.
    pub(crate) email: String,
    /// Whether the pages of administration are theirs.
    pub(crate) is_admin: bool,
    /// Whether they look after an organization, or lead a team.
    pub(crate) has_rooms: bool,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// The theme of this name; the system's for any other.
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// Its name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// A room of the house, as the navigation has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Chat,
    Keys,
    Models,
    Playground,
    Usage,
    Tokens,
    Status,
    Admin,
    Profile,
}

impl Place {
    /// The stylesheets of its own, beside the one of all pages.
    const fn styles(self) -> &'static [&'static str] {
        match self {
            Self::Chat => &["keys.css", "chat.css"],
            Self::Keys => &["keys.css"],
            Self::Profile => &["keys.css", "budgets.css"],
            Self::Models => &["models.css", "prices.css"],
            Self::Playground => &["models.css", "playground.css"],
            Self::Usage => &["usage.css"],
            Self::Status => &["status.css"],
            Self::Tokens => &["tokens.css", "budgets.css"],
            Self::Admin => &["keys.css", "tokens.css", "budgets.css", "admin.css", "prices.css", "usage.css"],
        }
    }

    /// Those in the bar on top, in its order.
    const BAR: [Self; 7] =
        [Self::Chat, Self::Keys, Self::Models, Self::Playground, Self::Usage, Self::Tokens, Self::Status];

    const fn facts(self) -> (&'static str, &'static str, Icon) {
        match self {
            Self::Chat => ("/chat", "Chat", Icon::Chat),
            Self::Keys => ("/keys", "Keys", Icon::Key),
            Self::Models => ("/language-models", "Models", Icon::Models),
            Self::Playground => ("/playground", "Playground", Icon::Play),
            Self::Usage => ("/usage", "Usage", Icon::Chart),
            Self::Tokens => ("/tokens", "Tokens", Icon::Token),
            Self::Status => ("/status", "Status", Icon::Pulse),
            Self::Admin => ("/admin", "Administration", Icon::Shield),
            Self::Profile => ("/profile", "Profile", Icon::Person),
        }
    }

    fn link(self, current: Option<Self>) -> Markup {
        let (to, name, mark) = self.facts();
        html! { a href=(to) aria-current=[(current == Some(self)).then_some("page")] { (icon(mark)) (name) } }
    }
}

/// The whole document.
pub(super) fn around(page: &Page) -> Markup {
    let shape = match page.shape {
        Shape::Column => "",
        Shape::Narrow => "narrow",
        Shape::Wide => "wide",
        Shape::Whole => "whole",
    };
    let viewer = &page.viewer;
    let theme = Some(viewer.theme).filter(|theme| *theme != Theme::System).map(Theme::as_str);
    html! {
        (DOCTYPE)
        html lang="en" data-theme=[theme] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (page.title) " · Ownkey" }
                link rel="icon" href=(address("icon.svg")) type="image/svg+xml";
                link rel="stylesheet" href=(address("style.css"));
                @for style in page.place.map_or(&[][..], Place::styles) { link rel="stylesheet" href=(address(style)); }
                @if viewer.person.is_some() { script type="module" src=(address("core.js")) {} }
                @for script in &page.scripts { script type="module" src=(address(script)) {} }
            }
            body data-signed-in[viewer.person.is_some()] {
                a.skip href="#content" { "Skip to the content" }
                @if viewer.is_demo {
                    p.demo role="note" { "Demo: a scripted provider answers, every key here is made up, and everything is forgotten at the end." }
                }
                (top(viewer, page.place))
                main #content class=(shape) tabindex="-1" { (page.content) }
                div #toasts role="status" aria-live="polite" {}
            }
        }
    }
}

fn top(viewer: &Viewer, current: Option<Place>) -> Markup {
    html! {
        header.top {
            a.brand href="/" { img src=(address("icon.svg")) alt="" width="24" height="24"; "Ownkey" }
            @if let Some(person) = &viewer.person {
                nav aria-label="Pages" { @for place in Place::BAR { (place.link(current)) } }
                div.end {
                    button.bare.icon-only.only-narrow type="button" popovertarget="pages" aria-label="Pages" { (icon(Icon::Menu)) }
                    nav #pages popover aria-label="Pages" { div.menu { @for place in Place::BAR { (place.link(current)) } } }
                    button.bare.icon-only type="button" popovertarget="account" aria-label={ "Account of " (person.name) } { (icon(Icon::Person)) }
                    (account(person, viewer.theme, current))
                }
            }
        }
    }
}

/// The menu of whoever is signed in.
fn account(person: &Person, theme: Theme, current: Option<Place>) -> Markup {
    let themes = [
        (Theme::System, "As the system", Icon::Screen),
        (Theme::Light, "Light", Icon::Sun),
        (Theme::Dark, "Dark", Icon::Moon),
    ];
    html! {
        div #account popover {
            div.menu {
                div.who { strong { (person.name) } br; (person.email) }
                hr;
                (Place::Profile.link(current))
                @if person.is_admin { (Place::Admin.link(current)) }
                @else if person.has_rooms {
                    a href="/admin" aria-current=[(current == Some(Place::Admin)).then_some("page")] { (icon(Icon::Shield)) "Organization" }
                }
                a href="/docs" { (icon(Icon::Book)) "API" }
                hr;
                form.menu method="post" action="/theme" aria-label="Colours" {
                    @for (value, name, mark) in themes {
                        button type="submit" name="theme" value=(value.as_str()) aria-pressed=(if value == theme { "true" } else { "false" }) {
                            (icon(mark)) span.grow { (name) }
                            @if value == theme { (icon(Icon::Check)) }
                        }
                    }
                }
                hr;
                form.menu method="post" action="/logout" { button type="submit" { (icon(Icon::Leave)) "Sign out" } }
            }
        }
    }
}
