//! Trying what an endpoint of one's own can do. Nobody else says it, so a tiny
//! call is made for each ability: somebody has to ask, and each call is in the
//! ledger like any other. What is refused is then refused early, in a sentence.

mod known;

use std::sync::Arc;

use domain::attempt::ErrorClass;
use domain::audit::Event;
use domain::credential::KeyStatus;
use domain::ids::{AttemptId, CredentialId, RequestId};
use domain::provider::WireName;
use domain::text::is_invisible;
use domain::{Caller, Nanos, ProviderId};
use llm::UpstreamError;
use llm::capabilities::{Ability, Outcome, Spent, Trial, Tried};
use llm::media::Media;
use store::ledger::{AttemptStart, CallSource};
use store::tries::TriedAbility;

use crate::App;
use crate::attempt::AnswerLength;
use crate::budgets::{self, Costing, Held};
use crate::error::{Code, Error, Result};
use crate::meter::{Meter, Used};
use crate::naming::{self, Place};
use crate::reach::{self, Key};
use crate::witness::Witness;
use crate::{checks, credentials, secrets, sign_in};

pub use known::Known;
pub(crate) use known::refuse_early;

/// The longest name of a model, in characters.
const LONGEST_NAME: usize = 512;

/// About how long the longest of the prompts is, in characters.
const PROMPT_CHARACTERS: u64 = 200;

/// No answer to a prompt is longer.
const ANSWER: AnswerLength = AnswerLength { named: Some(64), choices: 1, may_be_limited: false };

/// What is held for one: a picture of theirs is a few pixels.
const SIZE: budgets::Size =
    budgets::Size { characters: PROMPT_CHARACTERS, media: Media { pictures: 0, has_more: false }, answer: ANSWER };

/// What to try.
#[derive(Debug)]
pub struct Wanted {
    /// The model, by the endpoint's id.
    pub model: String,
    /// The model for vectors, when it is another one.
    pub embedding_model: Option<String>,
    /// The abilities; empty: all.
    pub abilities: Vec<Ability>,
}

/// The request that asks for it, as the ledger tells it.
#[derive(Debug)]
pub struct AskedBy {
    /// Its id.
    pub request: RequestId,
    /// The id its client gave it, if it gave one.
    pub client_request_id: Option<String>,
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// One for each ability, in their order.
    pub tried: Vec<Tried>,
    /// What the calls cost, as far as known; `None`: not known of one of them.
    pub cost: Option<Nanos>,
}

/// Tries an endpoint, and keeps what it shows.
///
/// # Errors
/// `not_found`, `invalid_request` for keys of providers whose abilities are
/// known, and why a call could not be made at all.
pub async fn run(app: &App, caller: &Caller, by: &AskedBy, id: CredentialId, wanted: &Wanted) -> Result<Found> {
    let credential = credentials::find_looked_after(app, caller, id).await?.credential;
    let reach = reach::of(app, caller).await?;
    let key = reach.key(id).ok_or_else(|| Error::not_found("provider key"))?;
    if !is_tried(credential.provider) {
        return Err(Error::new(
            Code::InvalidRequest,
            format!(
                "What {} can do is known, so nothing is tried there. Try a custom endpoint or LM Studio.",
                credential.provider.display_name()
            ),
        ));
    }
    let models =
        [Some(("model", &wanted.model)), wanted.embedding_model.as_ref().map(|model| ("embedding_model", model))];
    for (field, model) in models.into_iter().flatten() {
        check_name(field, model)?;
    }
    let abilities = if wanted.abilities.is_empty() { Ability::ALL } else { &wanted.abilities };
    let trying = Trying { app, caller, by, key, wanted };
    let mut found = Found { tried: Vec::new(), cost: Some(Nanos::ZERO) };
    let mut hopeless: Option<String> = None;
    let mut calls = 0;
    for ability in abilities {
        if let Some(reason) = &hopeless {
            found.tried.push(Tried { ability: *ability, outcome: Outcome::Unclear, reason: reason.clone() });
            continue;
        }
        calls += 1;
        let one = trying.one(*ability, calls).await?;
        found.cost = found.cost.zip(one.cost).map(|(sum, cost)| Nanos(sum.0.saturating_add(cost.0)));
        hopeless = one.is_hopeless.then(|| one.tried.reason.clone());
        found.tried.push(one.tried);
    }
    trying.keep(&found.tried, calls).await?;
    Ok(found)
}

/// Whether nobody else says what a provider's models can do.
const fn is_tried(provider: ProviderId) -> bool {
    matches!(provider, ProviderId::Custom | ProviderId::LmStudio)
}

fn check_name(field: &str, model: &str) -> Result<()> {
    let fits = !model.trim().is_empty() && model.chars().count() <= LONGEST_NAME && !model.contains(is_invisible);
    if fits && !naming::holds_a_key(model) {
        return Ok(());
    }
    Err(Error::invalid(field, "is no name of a model; send one that the endpoint lists"))
}

/// What one call came to.
struct One {
    tried: Tried,
    cost: Option<Nanos>,
    /// Another call would fare no better.
    is_hopeless: bool,
}

/// Tries under way.
struct Trying<'a> {
    app: &'a App,
    caller: &'a Caller,
    by: &'a AskedBy,
    key: &'a Arc<Key>,
    wanted: &'a Wanted,
}

impl Trying<'_> {
    /// One call: its row first, then the call, then its end.
    async fn one(&self, ability: Ability, number: i64) -> Result<One> {
        let credential = self.key.credential();
        let (lent, endpoint) = secrets::lend_for_use(self.app, &self.key.stored)?;
        let headers = lent.headers();
        let trial = Trial {
            provider: credential.provider,
            endpoint: &endpoint,
            secret: lent.get(),
            headers: &headers,
            model: &self.wanted.model,
            embedding_model: self.wanted.embedding_model.as_deref(),
        };
        let mut meter = self.dispatch(trial.model_for(ability), ability, number).await?;
        let (tried, spent) = trial.one(&self.app.upstream, ability).await;
        let (cost, is_hopeless) = match spent {
            Spent::Answered(facts) => (meter.finish_answer(&facts), false),
            Spent::Failed { error, may_cost } => {
                let error = lent.secrets().fold(error, UpstreamError::without);
                meter.fail(&error, if may_cost { Used::Unknown } else { Used::Nothing });
                self.learn(&error);
                let class = error.class;
                let is_hopeless = class.is_the_keys_fault() || class.is_a_limit() || class == ErrorClass::Unreachable;
                ((!may_cost).then_some(Nanos::ZERO), is_hopeless)
            }
        };
        Ok(One { tried, cost, is_hopeless })
    }

    async fn dispatch(&self, model: &str, ability: Ability, number: i64) -> Result<Meter> {
        let (app, caller, credential) = (self.app, self.caller, self.key.credential());
        let now = app.clock.now();
        let attempt = AttemptId::generate(now, &app.entropy);
        let place = Place {
            provider: credential.provider,
            namespace: credential.model_namespace(),
            upstream_id: model.to_owned(),
        };
        let price = crate::prices::of(app, &place, &self.key.offers, now).await?;
        let costing = Costing { place: &place, key: self.key, price, markup: 0 };
        let bounds = budgets::bounds(app, caller, &costing).await?;
        let held = match bounds.is_empty() {
            true => None,
            false => budgets::admit_within(app, caller, bounds, costing, SIZE).await?,
        };
        let attempt = held.as_ref().map_or(attempt, Held::attempt);
        let start = AttemptStart {
            attempt,
            request: self.by.request,
            client_request_id: self.by.client_request_id.clone(),
            number,
            user: caller.user,
            token: caller.token(),
            team: caller.team(),
            organization: caller.organization,
            credential: credential.id,
            scope: credential.scope,
            provider: credential.provider,
            model: model.to_owned(),
            requested_model: model.to_owned(),
            alias: None,
            source: CallSource::Playground,
            wire: WireName::OpenAiChat,
            streamed: ability == Ability::Stream,
            price,
            markup_basis_points: 0,
            node: app.node,
            at: now,
        };
        let witness = Witness::of(app, caller, self.key);
        let mut meter = Meter::start(app, attempt, witness, price, PROMPT_CHARACTERS, credential.provider)
            .held(held.as_ref().map(Held::pass_on));
        app.store.ledger().dispatch(start).await?;
        app.credential_used(credential.id, now);
        meter.sends();
        Ok(meter)
    }

    /// A try that meets a refused key says so of the key, as any call does.
    fn learn(&self, error: &UpstreamError) {
        if let Some(status @ (KeyStatus::Invalid | KeyStatus::NoCredit | KeyStatus::Forbidden)) = error.key_status {
            checks::learnt(self.app, &self.key.stored, status, &error.message);
        }
    }

    /// Keeps what tells something, audited.
    async fn keep(&self, tried: &[Tried], calls: i64) -> Result<()> {
        let (app, credential) = (self.app, self.key.credential());
        let now = app.clock.now();
        let model = |ability| match ability {
            Ability::Embeddings => self.wanted.embedding_model.as_ref().unwrap_or(&self.wanted.model),
            _ => &self.wanted.model,
        };
        let telling = tried.iter().filter(|tried| tried.outcome != Outcome::Unclear);
        let shown: Vec<TriedAbility> = telling
            .map(|tried| TriedAbility {
                credential: credential.id,
                model: model(tried.ability).clone(),
                ability: tried.ability.to_string(),
                endpoint: credential.endpoint.clone(),
                outcome: tried.outcome.to_string(),
                tried_at: now,
            })
            .collect();
        store::tries::put(&app.store, credential.id, &shown, now).await?;
        let change = app.store.begin(now, sign_in::actor(self.caller), None).await?;
        change.commit(Event::CredentialTried { credential: credential.id, calls }).await?;
        app.reach.forget(credential.owner);
        Ok(())
    }
}
