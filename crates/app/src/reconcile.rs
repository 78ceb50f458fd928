//! A provider's own bill beside the ledger. It is looked at, and nothing is
//! changed by it.

use domain::credential::Scope;
use domain::ids::CredentialId;
use domain::reconcile::{Compared, Ours, Statement, compare};
use domain::{Caller, Nanos, ProviderId, Timestamp};
use store::usage::{GroupBy, UsageFilter, UsageLine};

use crate::App;
use crate::error::{Code, Error, Result};
use crate::usage;

/// What is compared.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Whose bill it is.
    pub provider: ProviderId,
    /// The key that it is of; `None`: all of that provider's keys that are the
    /// caller's to look after.
    pub credential: Option<CredentialId>,
    /// The provider's export.
    pub csv: String,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Reconciled {
    /// The provider.
    pub provider: ProviderId,
    /// The first day of the bill, and the last.
    pub days: (String, String),
    /// The columns that were read: day, model, cost.
    pub columns: [String; 3],
    /// Each day and model on which the two differ.
    pub differing: Vec<Compared>,
    /// Days and models on which they agree.
    pub agreeing: usize,
    /// All that the provider bills.
    pub theirs: Nanos,
    /// All that the ledger has for these days.
    pub ours: Nanos,
    /// Calls in the ledger.
    pub calls: i64,
    /// Of these, without a cost: the ledger's figure is too small by them.
    pub unknown: i64,
    /// Of these, with estimated counts.
    pub estimated: i64,
    /// Lines of the file that could not be read.
    pub skipped: usize,
    /// The first of them, and why.
    pub told: Vec<String>,
}

/// Compares a provider's export with the ledger.
///
/// # Errors
/// `not_found` for a key that the caller may not know of, `invalid_request` for a
/// file that cannot be compared.
pub async fn reconcile(app: &App, caller: &Caller, wanted: &Wanted) -> Result<Reconciled> {
    if caller.team().is_some() {
        return Err(Error::new(
            Code::Forbidden,
            "A team's token cannot compare bills. Sign in, or use a token of your own.",
        ));
    }
    let statement = Statement::read(&wanted.csv).map_err(|problem| Error::invalid("csv", problem))?;
    let (first, last) = statement.days().map(|(first, last)| (first.to_owned(), last.to_owned())).unwrap_or_default();
    let midnight = |day: &str| Timestamp::parse(&format!("{day}T00:00:00Z"));
    let of_days = UsageFilter {
        provider: Some(wanted.provider),
        from: midnight(&first),
        to: midnight(&last).map(|last| last.plus(std::time::Duration::from_hours(24))),
        ..UsageFilter::default()
    };
    let mut ours = Vec::new();
    for filter in filters(app, caller, wanted, of_days).await? {
        let lines = store::usage::daily(&app.store, &filter, GroupBy::Model, None).await?;
        ours.extend(lines.into_iter().map(|line| of_line(line, wanted.provider)));
    }
    Ok(outcome(wanted.provider, (first, last), statement, &ours))
}

/// Whose calls the bill is for: one key's; else, for an admin, all shared keys',
/// and for everybody else their own.
async fn filters(app: &App, caller: &Caller, wanted: &Wanted, of_days: UsageFilter) -> Result<Vec<UsageFilter>> {
    if let Some(id) = wanted.credential {
        if !usage::labels(app, caller, [id]).await?.contains_key(&id) {
            return Err(Error::not_found("provider key"));
        }
        return Ok(vec![UsageFilter { credential: Some(id), ..of_days }]);
    }
    Ok(if caller.is_admin() {
        let of = |scope| UsageFilter { scope: Some(scope), ..of_days.clone() };
        vec![of(Scope::System), of(Scope::Organization)]
    } else {
        vec![UsageFilter { user: Some(caller.user), scope: Some(Scope::Personal), ..of_days }]
    })
}

fn of_line(line: UsageLine, provider: ProviderId) -> Ours {
    let prefix = format!("{provider}/");
    Ours {
        day: line.day.unwrap_or_default(),
        model: line.key.strip_prefix(&prefix).unwrap_or(&line.key).to_owned(),
        cost: line.provider_cost,
        calls: line.attempts,
        unknown: line.unknown,
        estimated: line.estimated,
    }
}

fn outcome(provider: ProviderId, days: (String, String), statement: Statement, ours: &[Ours]) -> Reconciled {
    let compared = compare(&statement.lines, ours);
    let sum = |cost: fn(&Compared) -> Option<Nanos>| compared.iter().filter_map(cost).fold(Nanos::ZERO, Nanos::plus);
    let count = |count: fn(&Ours) -> i64| ours.iter().map(count).fold(0, i64::saturating_add);
    let (theirs, own) = (sum(|line| line.theirs), sum(|line| line.ours));
    let all = compared.len();
    let differing: Vec<Compared> = compared.into_iter().filter(|line| line.difference() != Nanos::ZERO).collect();
    Reconciled {
        provider,
        days,
        columns: statement.columns,
        agreeing: all - differing.len(),
        differing,
        theirs,
        ours: own,
        calls: count(|line| line.calls),
        unknown: count(|line| line.unknown),
        estimated: count(|line| line.estimated),
        skipped: statement.skipped,
        told: statement.told,
    }
}
