//! A token that was made just now: its text, the code that uses it, and whether
//! the first call came.

use app::tokens::Minted;
use domain::Timestamp;
use domain::caller::TokenScope;
use domain::gateway_token::Params;
use maud::{Markup, html};
use store::tokens::Token;

use super::list::calls;
use crate::ui::snippets::{self, Gateway, Wanted};
use crate::ui::view::{Icon, badge, copyable, icon, time};

/// A token that was made or rotated just now.
pub(crate) struct Fresh {
    pub(crate) made: Made,
    /// Until when the text before works, if it still does.
    pub(crate) former_until: Option<Timestamp>,
    /// Whether something called with it.
    pub(crate) is_used: bool,
}

/// When its text is shown.
pub(crate) enum Made {
    /// Now, and never again.
    Now(Minted),
    /// It was shown already.
    Before(Token),
}

impl Fresh {
    pub(crate) const fn token(&self) -> &Token {
        match &self.made {
            Made::Now(minted) => &minted.token,
            Made::Before(token) => token,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.made {
            Made::Now(minted) => Some(minted.text.as_str()),
            Made::Before(_) => None,
        }
    }
}

/// The models that code calls.
pub(crate) struct Callable {
    /// Any; `None`: there is none yet.
    pub(crate) model: Option<String>,
    /// One of Anthropic's.
    pub(crate) claude: Option<String>,
}

/// What is to be done with a fresh token.
pub(crate) fn card(fresh: &Fresh, callable: Option<&Callable>, url: &str) -> Markup {
    let token = fresh.token();
    html! {
        section.card.fresh #fresh aria-labelledby="fresh-title" data-token=(token.id) {
            @if let Some(text) = fresh.text() {
                h2 #fresh-title { "Your new token “" (token.name) "”" }
                p { strong { "Copy it now: it is not shown again." }
                    @if let Some(until) = fresh.former_until { " Its former text works until " (time(until)) "." } }
                (copyable(text, "the token"))
            } @else {
                h2 #fresh-title { "The token “" (token.name) "”" }
            }
            (first_call(fresh))
            @if let (Some(text), Some(callable)) = (fresh.text(), callable) {
                @if token.scopes.contains(&TokenScope::Models) { (code(text, token, callable, url)) }
            }
        }
    }
}

/// Whether the first call came; asked again whenever calls are made.
fn first_call(fresh: &Fresh) -> Markup {
    html! {
        p.first-call #first-call role="status" data-live="usage." data-waiting[!fresh.is_used] {
            @if fresh.former_until.is_some() || (fresh.text().is_some() && fresh.is_used) {
                (badge("blue", Icon::Turning, "Rotated")) span { "Give the new text to whatever uses this token." }
            } @else if fresh.is_used {
                (badge("green", Icon::Check, "It works")) span { "The first request came in. " a href=(calls(fresh.token())) { "See its calls" } }
            } @else {
                (badge("amber", Icon::Clock, "Waiting for the first request…"))
                span { "This turns green by itself when something calls with the token." }
            }
        }
    }
}

/// The code for every client.
fn code(text: &str, token: &Token, callable: &Callable, url: &str) -> Markup {
    let to = Gateway { url, token: Some(text), claude: callable.claude.as_deref() };
    html! {
        @match &callable.model {
            Some(model) => {
                h3.use { "Use it" }
                p.small { "Each is complete: paste it and run it. Base address " code { (url) "/v1" } "; Anthropic's clients take " code { (url) } "." }
                div.clients { (snippets::all_for(to, &Wanted::of(model))) }
                @if token.params == Params::Strict {
                    p.small { "A client that sends parameters its model cannot take is told so. To have them left out instead, make the token lenient." }
                }
            }
            None => {
                p.notice { (icon(Icon::Key)) span { "There is no model to call yet. " a href="/keys" { "Add a provider key" } " and every client below works with this token at " code { (url) "/v1" } "." } }
            }
        }
    }
}
