//! The forms of a token: made, edited, rotated, revoked.

use std::time::Duration;

use app::budgets::Wanted;
use app::error::Error;
use domain::Timestamp;
use domain::budget::{Budget, Period};
use domain::caller::TokenScope;
use domain::gateway_token::Params;
use domain::resolve::Fallback;
use maud::{Markup, html};
use store::tokens::Token;

use crate::ui::budgets::{PERIODS, amount};
use crate::ui::view::{Icon, icon};

/// What a form of a token holds.
#[derive(Clone, Debug)]
pub(super) struct Filled {
    pub(super) name: String,
    scopes: Vec<String>,
    /// One a line.
    models: String,
    policy: String,
    is_lenient: bool,
    /// A number of days, a day, or nothing.
    pub(super) until: String,
    /// Dollars, or nothing.
    pub(super) budget: String,
    period: String,
    /// Calls a minute, or nothing.
    rate_limit: String,
    /// Tokens of text a minute, or nothing.
    tokens_per_minute: String,
}

impl Default for Filled {
    fn default() -> Self {
        Self {
            name: String::new(),
            scopes: vec![TokenScope::Models.as_str().to_owned()],
            models: String::new(),
            policy: String::new(),
            is_lenient: false,
            until: String::new(),
            budget: String::new(),
            period: Period::Month.as_str().to_owned(),
            rate_limit: String::new(),
            tokens_per_minute: String::new(),
        }
    }
}

impl From<&Token> for Filled {
    fn from(token: &Token) -> Self {
        Self {
            name: token.name.clone(),
            scopes: token.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            models: token.models.as_deref().unwrap_or_default().join("\n"),
            policy: token.policy.map_or("", Fallback::as_str).to_owned(),
            is_lenient: token.params == Params::Lenient,
            until: token.expires_at.map(day).unwrap_or_default(),
            rate_limit: token.rate_limit.map(|rate| rate.to_string()).unwrap_or_default(),
            tokens_per_minute: token.tokens_per_minute.map(|rate| rate.to_string()).unwrap_or_default(),
            ..Self::default()
        }
    }
}

impl Filled {
    pub(super) fn of(fields: Vec<(String, String)>) -> Self {
        let mut filled = Self { scopes: Vec::new(), ..Self::default() };
        for (name, value) in fields {
            match name.as_str() {
                "name" => filled.name = value.trim().to_owned(),
                "scope" => filled.scopes.push(value),
                "models" => filled.models = value,
                "policy" => filled.policy = value,
                "params" => filled.is_lenient = value == Params::Lenient.as_str(),
                "until" => filled.until = value.trim().to_owned(),
                "budget" => filled.budget = value.trim().to_owned(),
                "period" => filled.period = value,
                "rate_limit" => filled.rate_limit = value.trim().to_owned(),
                "tokens_per_minute" => filled.tokens_per_minute = value.trim().to_owned(),
                _ => {}
            }
        }
        filled
    }

    pub(super) fn scopes(&self) -> Result<Vec<TokenScope>, Error> {
        let read: Result<Vec<TokenScope>, String> = self.scopes.iter().map(|scope| scope.parse()).collect();
        let mut scopes = read.map_err(|problem| Error::invalid("scopes", format!("is not taken: {problem}")))?;
        if scopes.is_empty() {
            return Err(Error::invalid("scopes", "is empty; tick at least one thing that the token may do"));
        }
        scopes.sort_unstable();
        scopes.dedup();
        Ok(scopes)
    }

    /// `None`: all.
    pub(super) fn models(&self) -> Option<Vec<String>> {
        let names: Vec<String> =
            self.models.split(['\n', ',']).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        Some(names).filter(|names| !names.is_empty())
    }

    pub(super) fn policy(&self) -> Result<Option<Fallback>, Error> {
        let read = |text: &String| text.parse().map_err(|problem: String| Error::invalid("policy", problem));
        Some(&self.policy).filter(|text| !text.is_empty()).map(read).transpose()
    }

    pub(super) const fn params(&self) -> Params {
        if self.is_lenient { Params::Lenient } else { Params::Strict }
    }

    /// With the budget that the token has on its owner's word.
    pub(super) fn with_budget(mut self, budget: Option<&Budget>) -> Self {
        if let Some(budget) = budget {
            self.budget = budget.limit.to_string();
            budget.period.as_str().clone_into(&mut self.period);
        }
        self
    }

    pub(super) fn budget(&self) -> Result<Option<Wanted>, Error> {
        if self.budget.is_empty() {
            return Ok(None);
        }
        let limit = amount("budget", &self.budget)?;
        let period = self.period.parse().map_err(|problem: String| Error::invalid("period", problem))?;
        Ok(Some(Wanted { limit, period, soft_percents: None, counts_personal: None }))
    }

    /// Whether another budget is meant than this one.
    pub(super) fn has_other_budget(&self, other: &Self) -> bool {
        self.budget != other.budget || (!self.budget.is_empty() && self.period != other.period)
    }

    pub(super) fn rate_limit(&self) -> Result<Option<i64>, Error> {
        rate("rate_limit", &self.rate_limit)
    }

    pub(super) fn tokens_per_minute(&self) -> Result<Option<i64>, Error> {
        rate("tokens_per_minute", &self.tokens_per_minute)
    }

    /// The end of a day, or some days from now.
    pub(super) fn expires_at(&self, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        expiry(&self.until, now)
    }
}

fn rate(field: &str, text: &str) -> Result<Option<i64>, Error> {
    let read =
        |text: &str| text.parse().map_err(|_| Error::invalid(field, "is no whole number; write one, or nothing"));
    Some(text).filter(|text| !text.is_empty()).map(read).transpose()
}

/// The end of a day, or some days from now; nothing: no end.
pub(crate) fn expiry(until: &str, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    if until.is_empty() {
        return Ok(None);
    }
    if let Ok(days) = until.parse::<u64>() {
        return Ok(Some(now.plus(Duration::from_hours(24 * days.min(36_500)))));
    }
    let end = Timestamp::parse(&format!("{until}T23:59:59Z"));
    end.map(Some).ok_or_else(|| Error::invalid("until", "is no day; write it like 2026-12-31"))
}

fn day(at: Timestamp) -> String {
    at.to_string().split('T').next().unwrap_or_default().to_owned()
}

/// What there is to choose from.
pub(super) struct Choices {
    pub(super) is_admin: bool,
    /// Whether there is an audit log that its owner may read.
    pub(super) reads_audit: bool,
    /// What its owner's calls do.
    pub(super) policy: Fallback,
}

/// What a scope lets a token do: a name, and the words.
pub(super) const fn scope_words(scope: TokenScope) -> (&'static str, &'static str) {
    match scope {
        TokenScope::Models => ("Call models", "Chat, embeddings, pictures, and the list of models"),
        TokenScope::ManageCredentials => ("Manage provider keys", "Add, check, change and delete keys; never read one"),
        TokenScope::ManageTokens => {
            ("Manage gateway tokens", "Make, change and revoke tokens; none that may do more than itself")
        }
        TokenScope::ReadUsage => ("Read usage", "Calls and what they cost"),
        TokenScope::ReadAudit => {
            ("Read the audit log", "Every change, on this server or in an organization; for admins")
        }
        TokenScope::Metrics => ("Read metrics", "For Prometheus, at /metrics"),
    }
}

/// How far a call goes for a key.
pub(super) const fn policy_words(policy: Fallback) -> (&'static str, &'static str) {
    match policy {
        Fallback::Chain => ("Chain", "where there is no key of mine, the server's pays"),
        Fallback::Strict => ("Strict", "once there is a key of mine, nobody else's pays"),
        Fallback::Cross => ("Cross", "the server's pays also when all of mine fail"),
    }
}

const POLICIES: [Fallback; 3] = [Fallback::Chain, Fallback::Strict, Fallback::Cross];

/// Makes a token: the name is enough.
pub(super) fn make(filled: &Filled, choices: &Choices, is_first: bool) -> Markup {
    let is_usual = filled.scopes == [TokenScope::Models.as_str()]
        && filled.models.is_empty()
        && filled.policy.is_empty()
        && !filled.is_lenient
        && filled.budget.is_empty()
        && filled.rate_limit.is_empty()
        && filled.tokens_per_minute.is_empty();
    html! {
        section.card aria-labelledby="make-title" {
            h2 #make-title { "Make a token" }
            form.token-form method="post" action="/tokens" {
                div.make-row {
                    div.field.grow {
                        label for="name" { "Name" }
                        input #name name="name" type="text" value=(filled.name) maxlength="100" autocomplete="off" required
                            autofocus[is_first] placeholder="What will use it, such as “laptop” or “Claude Code”";
                    }
                    div.field {
                        label for="until" { "Works until" }
                        select #until name="until" {
                            @for (days, words) in [("", "I revoke it"), ("7", "7 days from now"), ("30", "30 days from now"), ("90", "90 days from now"), ("365", "a year from now")] {
                                option value=(days) selected[filled.until == days] { (words) }
                            }
                        }
                    }
                    button type="submit" { (icon(Icon::Plus)) "Make token" }
                }
                details.more open[!is_usual] {
                    summary { "What it may do" @if is_usual { ": call every model that you can" } }
                    (rights(filled, choices))
                }
            }
        }
    }
}

/// Scopes, models, whose key pays, parameters.
fn rights(filled: &Filled, choices: &Choices) -> Markup {
    let has = |scope: TokenScope| filled.scopes.iter().any(|name| name == scope.as_str());
    let is_offered = |scope: &&TokenScope| {
        has(**scope)
            || match scope {
                TokenScope::Metrics => choices.is_admin,
                TokenScope::ReadAudit => choices.reads_audit,
                _ => true,
            }
    };
    let own = policy_words(choices.policy).0;
    html! {
        div.rights {
            fieldset {
                legend { "It may" }
                div.scopes {
                    @for scope in TokenScope::ALL.iter().filter(is_offered) {
                        @let (name, words) = scope_words(*scope);
                        label.check {
                            input type="checkbox" name="scope" value=(scope.as_str()) checked[has(*scope)];
                            span { strong { (name) } " " span.small { (words) } }
                        }
                    }
                }
            }
            div.stack {
                div.field {
                    label for="models" { "Only these models (one a line; empty: all)" }
                    textarea #models name="models" rows="3" spellcheck="false" autocomplete="off" { (filled.models) }
                    p.hint { "By the names that the " a href="/language-models" { "list of models" } " has." }
                }
                div.field {
                    label for="policy" { "Whose key pays" }
                    select #policy name="policy" {
                        option value="" selected[filled.policy.is_empty()] { "As for my own calls (" (own) ")" }
                        @for policy in POLICIES {
                            @let (name, words) = policy_words(policy);
                            option value=(policy) selected[filled.policy == policy.as_str()] { (name) ": " (words) }
                        }
                    }
                }
                (bounds(filled))
                div.field {
                    label for="params" { "Parameters that a model cannot take" }
                    select #params name="params" {
                        option value="strict" selected[!filled.is_lenient] { "Strict: the call is refused, naming them" }
                        option value="lenient" selected[filled.is_lenient] { "Lenient: they are left out, and the answer says so" }
                    }
                }
            }
        }
    }
}

/// What it may spend, and how fast.
fn bounds(filled: &Filled) -> Markup {
    html! {
        div.bounds {
            div.field {
                label for="budget" { "Budget in dollars (empty: none of its own)" }
                div.row {
                    input #budget name="budget" type="text" inputmode="decimal" value=(filled.budget) autocomplete="off" maxlength="20";
                    select name="period" aria-label="For how long the budget counts" {
                        @for (period, words) in PERIODS {
                            option value=(period) selected[filled.period == period.as_str()] { (words) }
                        }
                    }
                }
            }
            div.field {
                label for="rate_limit" { "Calls a minute (empty: any)" }
                input #rate_limit name="rate_limit" type="number" min="1" max="1000000000" value=(filled.rate_limit);
            }
            div.field {
                label for="tokens_per_minute" { "Tokens of text a minute (empty: any)" }
                input #tokens_per_minute name="tokens_per_minute" type="number" min="1" max="1000000000" value=(filled.tokens_per_minute);
            }
        }
    }
}

/// Changes a token.
pub(super) fn edit(token: &Token, filled: &Filled, choices: &Choices) -> Markup {
    html! {
        section.card aria-labelledby="edit-title" {
            h2 #edit-title { "Edit" }
            form.token-form method="post" action={ "/tokens/" (token.id) } {
                div.make-row {
                    div.field.grow {
                        label for="name" { "Name" }
                        input #name name="name" type="text" value=(filled.name) maxlength="100" autocomplete="off" required;
                    }
                    div.field {
                        label for="until" { "Works until the end of (UTC; empty: for good)" }
                        input #until name="until" type="date" value=(filled.until);
                    }
                }
                (rights(filled, choices))
                div.actions { button type="submit" { "Save" } a.button.quiet href="/tokens" { "Cancel" } }
            }
        }
    }
}

/// Gives a token another text.
pub(super) fn rotate(token: &Token) -> Markup {
    html! {
        section.card aria-labelledby="rotate-title" {
            h2 #rotate-title { "Rotate" }
            p.soft { "The token gets another text, shown once. Everything else stays: rights, usage, name." }
            form.form method="post" action={ "/tokens/" (token.id) "/rotate" } {
                div.field {
                    label for="grace" { "The former text works for" }
                    select #grace name="grace" {
                        @for (seconds, words) in [("0", "no longer: it stops at once"), ("3600", "another hour"), ("86400", "another day"), ("604800", "another week"), ("2592000", "another 30 days")] {
                            option value=(seconds) selected[seconds == "86400"] { (words) }
                        }
                    }
                }
                button.quiet type="submit" { (icon(Icon::Turning)) "Rotate" }
            }
        }
    }
}

/// Ends a token.
pub(super) fn revoke(token: &Token) -> Markup {
    html! {
        section.card #revoke aria-labelledby="revoke-title" {
            h2 #revoke-title { "Revoke" }
            p.soft { "Whatever uses this token is refused from now on. This cannot be undone; its usage stays in the books." }
            form method="post" action={ "/tokens/" (token.id) "/revoke" } {
                button.danger type="submit" { (icon(Icon::Bin)) "Revoke “" (token.name) "”" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::forms::typed;

    fn filled(fields: &[(&str, &str)]) -> Filled {
        Filled::of(typed(fields))
    }

    #[test]
    fn a_form_is_read_as_a_person_means_it() {
        let form = filled(&[
            ("name", " desk "),
            ("scope", "read:usage"),
            ("scope", "models"),
            ("models", "a/b\r\n\n c , d"),
            ("policy", "strict"),
            ("params", "lenient"),
            ("until", "7"),
        ]);
        assert_eq!(form.name, "desk");
        assert_eq!(form.scopes().unwrap(), [TokenScope::Models, TokenScope::ReadUsage]);
        assert_eq!(form.models().unwrap(), ["a/b", "c", "d"]);
        assert_eq!(form.policy().unwrap(), Some(Fallback::Strict));
        assert_eq!(form.params(), Params::Lenient);
        let now = Timestamp::from_seconds(0);
        assert_eq!(form.expires_at(now).unwrap(), Some(Timestamp::from_seconds(7 * 86_400)));
    }

    #[test]
    fn nothing_is_no_limit_and_no_scope_is_told() {
        let form = filled(&[("name", "x")]);
        assert!(form.scopes().unwrap_err().sentence.contains("tick at least one"));
        let now = Timestamp::from_seconds(0);
        assert_eq!((form.models(), form.expires_at(now).unwrap()), (None, None));
        let on_a_day = filled(&[("until", "2026-12-31")]).expires_at(now).unwrap();
        assert_eq!(on_a_day.map(|at| at.to_string()).as_deref(), Some("2026-12-31T23:59:59.000000Z"));
        assert!(filled(&[("until", "soon")]).expires_at(now).is_err());
    }
}
