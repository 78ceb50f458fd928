//! Names for what several fields share: `#[schema(pattern = "@scope")]` is a
//! closed list of words, taken from the type that reads them; `@line` is what
//! every one-line text has to be.

use domain::alias::Mode;
use domain::attempt::{AttemptState, ErrorClass};
use domain::budget::{Authority, OwnerKind, Period};
use domain::caller::{Role, TokenScope};
use domain::credential::{KeyStatus, Scope};
use domain::credential_kind::CredentialKind;
use domain::gateway_token::Params;
use domain::organization::{KeyOrder, MemberRole, TeamRole};
use domain::provider::PROVIDERS;
use domain::resolve::Fallback;
use domain::spread::Spread;
use domain::usage::UsageSource;
use store::ledger::CallSource;
use store::usage::GroupBy;

/// What a name stands for.
pub(super) enum Meaning {
    /// One of these words.
    Words(Vec<&'static str>),
    /// A text of this form.
    Form(String),
    /// A text of this form with at most so many characters between the blanks.
    Trimmed(fn(u64) -> String),
    /// Any text, also where the field's name says otherwise.
    Anything,
}

/// What no text of people may hold, as a character class.
const INVISIBLE: &str = r"\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff";

/// A short name, or an id.
const SLUG: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";

/// What a pattern's name stands for; `None` for what is no name.
pub(super) fn meaning(pattern: &str) -> Option<Meaning> {
    let words = match pattern.strip_prefix('@')? {
        "scope" => of(Scope::ALL, Scope::as_str),
        "key-status" => of(KeyStatus::ALL, KeyStatus::as_str),
        "fallback" => of(Fallback::ALL, Fallback::as_str),
        "params" => of(Params::ALL, Params::as_str),
        "spread" => of(Spread::ALL, Spread::as_str),
        "budget-owner" => of(OwnerKind::ALL, OwnerKind::as_str),
        "budget-period" => of(Period::ALL, Period::as_str),
        "budget-authority" => of(Authority::ALL, Authority::as_str),
        "alias-mode" => of(Mode::ALL, Mode::as_str),
        "credential-kind" => of(CredentialKind::ALL, CredentialKind::as_str),
        "role" => of(Role::ALL, Role::as_str),
        "member-role" => of(MemberRole::ALL, MemberRole::as_str),
        "team-role" => of(TeamRole::ALL, TeamRole::as_str),
        "key-order" => of(KeyOrder::ALL, KeyOrder::as_str),
        "token-scope" => of(TokenScope::ALL, TokenScope::as_str),
        "source" => of(CallSource::ALL, CallSource::as_str),
        "usage-scope" => crate::api::usage::SCOPES.to_vec(),
        "group-by" => of(GroupBy::ALL, GroupBy::as_str),
        "attempt-state" => of(AttemptState::ALL, AttemptState::as_str),
        "error-class" => of(ErrorClass::ALL, ErrorClass::as_str),
        "usage-source" => of(UsageSource::ALL, UsageSource::as_str),
        "provider" => PROVIDERS.iter().map(|provider| provider.name).collect(),
        "any-provider" => {
            PROVIDERS.iter().flat_map(|p| std::iter::once(p.name).chain(p.spellings.iter().copied())).collect()
        }
        "line" => return Some(Meaning::Trimmed(line)),
        "note" => return Some(Meaning::Trimmed(note)),
        "slug" => return Some(Meaning::Form(SLUG.to_owned())),
        "plain" => return Some(Meaning::Form(format!("^[^{INVISIBLE}]*$"))),
        "email" => return Some(Meaning::Form(format!(r"^[^@\s{INVISIBLE}]+@[^@\s{INVISIBLE}]+$"))),
        "usage-cursor" => return Some(Meaning::Form(format!(r"^[0-9]{{1,16}}\.{}$", uuid()))),
        "event-cursor" => return Some(Meaning::Form(r"^[0-9]{1,18}\.[0-9]{1,18}$".to_owned())),
        "text" => return Some(Meaning::Anything),
        _ => return None,
    };
    Some(Meaning::Words(words))
}

fn of<T: Copy>(all: &[T], text: impl Fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|word| text(*word)).collect()
}

/// One line with something on it.
fn line(most: u64) -> String {
    format!(r"^\s*[^\s{INVISIBLE}]([^{INVISIBLE}]{{0,{}}}[^\s{INVISIBLE}])?\s*$", most - 2)
}

/// Any lines.
fn note(most: u64) -> String {
    format!(r"^\s*([^{INVISIBLE}]|[\t\n\r]){{0,{most}}}\s*$")
}

fn uuid() -> &'static str {
    "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
}
