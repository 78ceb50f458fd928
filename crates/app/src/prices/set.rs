//! Setting prices by hand, and withdrawing what has not begun.

use std::collections::HashSet;
use std::time::Duration;

use domain::alias::MODEL_CHARACTERS;
use domain::audit::Event;
use domain::caller::Proof;
use domain::price_book::{PriceEntry, PriceSource};
use domain::provider::ProviderKind;
use domain::{Caller, Price, ProviderId, Timestamp, text};
use store::StoreError;

use crate::App;
use crate::error::{Code, Error, Result};
use crate::{naming, sign_in};

/// The most prices that are set at once.
const MOST_AT_ONCE: usize = 100;

/// The most prices that are kept, history included.
pub(super) const MOST_KEPT: usize = 50_000;

/// The longest note, in characters.
const NOTE_CHARACTERS: usize = 300;

/// The furthest that a price may begin ahead.
const FURTHEST: Duration = Duration::from_hours(5 * 366 * 24);

/// No price begins before: 2020-01-01.
const EARLIEST: Timestamp = Timestamp::from_seconds(1_577_836_800);

/// A price as somebody sets it.
#[derive(Clone, Debug)]
pub struct NewPrice {
    /// Whose model.
    pub provider: ProviderId,
    /// The provider's id of it; at custom endpoints `slug/id`.
    pub model: String,
    /// From when on; `None`: now.
    pub starts_at: Option<Timestamp>,
    /// What it costs; `None`: what the catalogue or the provider says again.
    pub price: Option<Price>,
    /// Why.
    pub note: Option<String>,
}

/// Whether the caller may set what models cost everybody.
///
/// # Errors
/// `forbidden`.
pub fn may_set(caller: &Caller) -> Result<()> {
    let forbidden = |sentence| Err(Error::new(Code::Forbidden, sentence));
    match caller.proof {
        Proof::GatewayToken { models: Some(_), .. } => forbidden(
            "A gateway token that is limited to some models cannot set prices. Use another token, or sign in.",
        ),
        _ if !caller.is_admin() => forbidden(
            "Only an admin of this server can set what models cost everybody. For your own keys, register the model with a price.",
        ),
        _ => Ok(()),
    }
}

/// Sets prices, all or none of them. Calls already made keep the price they were
/// billed at. A start that lies in the past is taken only with `confirm`.
///
/// # Errors
/// `forbidden`, `invalid_request`, `conflict` where a price begins at that very
/// moment.
pub async fn set(app: &App, caller: &Caller, new: Vec<NewPrice>, confirm: bool) -> Result<Vec<PriceEntry>> {
    may_set(caller)?;
    if !(1..=MOST_AT_ONCE).contains(&new.len()) {
        return Err(Error::invalid("prices", format!("must hold 1 to {MOST_AT_ONCE} prices")));
    }
    let now = app.clock.now();
    let mut change = app.store.begin(now, sign_in::actor(caller), None).await?;
    let known = store::prices::all_in(&mut change).await?;
    let mut taken: HashSet<(ProviderId, String, Timestamp)> = known.into_iter().map(|entry| place(&entry)).collect();
    let mut entries = Vec::with_capacity(new.len());
    for one in new {
        let entry = checked(one, caller, now, confirm).and_then(|entry| fitted(entry, &mut taken, now));
        match entry {
            Ok(entry) => entries.push(entry),
            Err(error) => {
                change.rollback().await?;
                return Err(error);
            }
        }
    }
    for entry in &entries {
        store::prices::insert(&mut change, entry).await.map_err(|error| in_words(error, entry))?;
    }
    change.commit_all(entries.iter().map(event).collect()).await?;
    app.prices.forget();
    Ok(entries)
}

/// Withdraws a price that has not begun.
///
/// # Errors
/// `forbidden`, `not_found`, `conflict` for one that has begun.
pub async fn withdraw(
    app: &App,
    caller: &Caller,
    provider: ProviderId,
    model: &str,
    starts_at: Timestamp,
) -> Result<()> {
    may_set(caller)?;
    let now = app.clock.now();
    let mut change = app.store.begin(now, sign_in::actor(caller), None).await?;
    if !store::prices::withdraw(&mut change, provider, model, starts_at, now).await? {
        let all = store::prices::all_in(&mut change).await?;
        change.rollback().await?;
        let has_begun =
            all.iter().any(|one| (one.provider, one.model.as_str(), one.starts_at) == (provider, model, starts_at));
        return Err(if has_begun { begun() } else { Error::not_found("price") });
    }
    change.commit(Event::PriceWithdrawn { provider, model: model.to_owned(), starts_at }).await?;
    app.prices.forget();
    Ok(())
}

fn begun() -> Error {
    Error::new(
        Code::Conflict,
        "This price has begun, and what was in force stays in the history. Set another one from now on.",
    )
}

/// What the audit log says of a price.
fn event(entry: &PriceEntry) -> Event {
    let PriceEntry { provider, model, starts_at, price, .. } = entry.clone();
    Event::PriceSet { provider, model, starts_at, price }
}

/// An entry as it is kept, or what is wrong with it.
fn checked(new: NewPrice, caller: &Caller, now: Timestamp, confirm: bool) -> Result<PriceEntry> {
    let model = model_id(new.provider, &new.model)?;
    if let Some(price) = new.price {
        price.check().map_err(|problem| Error::invalid("The price", problem.to_string()))?;
    }
    let starts_at = within(new.starts_at.unwrap_or(now), now)?;
    if starts_at < now && !confirm {
        return Err(Error::invalid(
            "starts_at",
            "lies in the past: calls already made keep the price they were billed at; send confirm: true to write it into the history all the same",
        ));
    }
    let note = new.note.map(|note| text::note(&note, NOTE_CHARACTERS)).transpose();
    let note = note.map_err(|problem| Error::invalid("note", problem.to_string()))?.filter(|note| !note.is_empty());
    if note.as_deref().is_some_and(naming::holds_a_key) {
        return Err(Error::invalid("note", "looks like a provider key; keys are saved at /keys, sealed"));
    }
    Ok(PriceEntry {
        provider: new.provider,
        model,
        starts_at,
        price: new.price,
        source: PriceSource::Manual,
        note,
        created_at: now,
        created_by: Some(caller.user),
    })
}

/// A start that a price can have.
pub(super) fn within(starts_at: Timestamp, now: Timestamp) -> Result<Timestamp> {
    if (EARLIEST..=now.plus(FURTHEST)).contains(&starts_at) {
        return Ok(starts_at);
    }
    Err(Error::invalid("starts_at", "must lie between 2020 and five years from now"))
}

/// The id under which a price can be set.
pub(super) fn model_id(provider: ProviderId, written: &str) -> Result<String> {
    let model =
        text::line(written, MODEL_CHARACTERS).map_err(|problem| Error::invalid("model", problem.to_string()))?;
    // Names are listed and logged: none of them may be somebody's key.
    if naming::holds_a_key(&model) {
        return Err(Error::invalid("model", "looks like a provider key; keys are saved at /keys, sealed"));
    }
    if provider.facts().kind == ProviderKind::Local {
        return Err(Error::invalid("provider", "is not taken: models on your own machine cost nothing"));
    }
    let is_whole = model.split_once('/').is_some_and(|(slug, id)| !slug.is_empty() && !id.is_empty());
    if provider == ProviderId::Custom && !is_whole {
        return Err(Error::invalid("model", "needs the short name of its endpoint before it: slug/model"));
    }
    Ok(model)
}

/// The entry at a moment of its own. One that begins now gives way to another of
/// this very microsecond; a moment that somebody named is that moment.
fn fitted(
    mut entry: PriceEntry,
    taken: &mut HashSet<(ProviderId, String, Timestamp)>,
    now: Timestamp,
) -> Result<PriceEntry> {
    if taken.len() >= MOST_KEPT {
        return Err(Error::invalid("prices", format!("are too many: {MOST_KEPT} are kept, history included")));
    }
    while entry.starts_at >= now
        && entry.starts_at < now.plus(Duration::from_millis(1))
        && taken.contains(&place(&entry))
    {
        entry.starts_at = entry.starts_at.plus(Duration::from_micros(1));
    }
    if taken.insert(place(&entry)) { Ok(entry) } else { Err(same_moment(&entry)) }
}

fn place(entry: &PriceEntry) -> (ProviderId, String, Timestamp) {
    (entry.provider, entry.model.clone(), entry.starts_at)
}

/// An entry that could not be written.
pub(super) fn in_words(error: StoreError, entry: &PriceEntry) -> Error {
    if matches!(error, StoreError::Conflict(_)) { same_moment(entry) } else { error.into() }
}

fn same_moment(entry: &PriceEntry) -> Error {
    Error::new(
        Code::Conflict,
        format!(
            "{}/{} has a price that starts at that very moment. Withdraw it, or name another moment.",
            entry.provider, entry.model
        ),
    )
    .of_field("starts_at")
}
