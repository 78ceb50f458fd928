//! Who would answer: the model, the key that would pay for it, and what stands in
//! the way when nobody would.

use app::credentials;
use app::error::{Code, Error};
use app::models::{self, ModelFilter, ModelLine, Source};
use app::paying::Wishes;
use app::resolving;
use domain::Caller;
use domain::credential::{Credential, KeyStatus, Scope};
use domain::ids::CredentialId;
use domain::key_shape;
use domain::model::ModelKind;
use domain::provider::ProviderKind;
use domain::resolve::{Resolution, Verdict, Why};

use super::scene::{Desk, Lock, Payer};
use crate::router::Shared;

/// Looks who would answer for `model`, or for the one to begin with.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn desk(
    shared: &Shared,
    caller: &Caller,
    model: Option<&str>,
    pinned: Option<CredentialId>,
) -> Result<Desk, Error> {
    let usable = models::list(&shared.app, caller, ModelFilter { is_active: Some(true), provider: None }).await?;
    let chats: Vec<&ModelLine> = usable.iter().filter(|line| line.facts.kind == ModelKind::Chat).collect();
    let is_only_local = chats.iter().all(|line| line.facts.provider.facts().kind == ProviderKind::Local);
    let chosen = match model {
        Some(name) => known(shared, caller, name).await?,
        None => to_begin_with(&chats),
    };
    let model_name = match (model, &chosen) {
        (Some(name), _) => name.to_owned(),
        (None, Some(line)) => line.client_id.clone(),
        (None, None) => String::new(),
    };
    let has_models = !chats.is_empty();
    let mut desk = Desk { model: chosen, model_name, pinned, payer: None, lock: None, has_models, is_only_local };
    if desk.model_name.is_empty() {
        let sources = models::sources(&shared.app, caller).await?;
        let keys = sources.into_iter().filter(is_key_of_theirs).map(|source| source.title).collect();
        desk.lock = Some(Lock::NoModel { keys });
        return Ok(desk);
    }
    let wishes = Wishes { pinned, ..Wishes::default() };
    match resolving::explain(&shared.app, caller, &desk.model_name, &wishes).await {
        Ok(explained) => match explained.first() {
            Some(place) => judge(shared, caller, &mut desk, &place.resolution).await?,
            None => desk.lock = Some(missing(&desk.model_name)),
        },
        Err(error) if matches!(error.code, Code::Internal | Code::StoreUnavailable) => return Err(error),
        Err(error) => desk.lock = Some(Lock::Model { sentence: error.sentence }),
    }
    Ok(desk)
}

/// Whether somebody has this key: not one that only its admins see because this
/// machine is looked through for servers that may run here.
fn is_key_of_theirs(source: &Source) -> bool {
    let is_looked_for = source.scope == Scope::System && source.provider.facts().kind == ProviderKind::Local;
    source.is_theirs && !is_looked_for
}

/// The model of a new chat: of a provider that has answered before one that is only
/// known from the catalogue, a recommended one before others.
fn to_begin_with(chats: &[&ModelLine]) -> Option<ModelLine> {
    let first = chats.iter().min_by_key(|line| (!line.is_listed, !line.facts.is_recommended));
    first.map(|line| (*line).clone())
}

async fn known(shared: &Shared, caller: &Caller, name: &str) -> Result<Option<ModelLine>, Error> {
    match models::get(&shared.app, caller, name).await {
        Ok(line) => Ok(Some(line)),
        Err(error) if error.code == Code::ModelNotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn missing(model: &str) -> Lock {
    Lock::Model { sentence: format!("No key of yours opens {model} any more. Choose another model.") }
}

/// Takes from a resolution who pays, or whose key is in the way.
async fn judge(shared: &Shared, caller: &Caller, desk: &mut Desk, resolution: &Resolution) -> Result<(), Error> {
    let paying = resolution.verdicts.iter().find(|verdict| verdict.why.is_none());
    let in_the_way = || {
        let named = |id: &CredentialId| resolution.verdict(*id);
        desk.pinned.as_ref().and_then(named).or_else(|| resolution.failing.first().and_then(named))
    };
    let Some(verdict) = paying.or_else(in_the_way) else {
        desk.lock = Some(match desk.pinned {
            Some(_) => Lock::Key {
                sentence: "The key that was chosen for this chat is gone. Choose another one to go on.".to_owned(),
                replaceable: None,
                is_hard: true,
            },
            None => missing(&desk.model_name),
        });
        return Ok(());
    };
    let key = match credentials::get(&shared.app, caller, verdict.credential).await {
        Ok(key) => Some(key),
        Err(error) if error.code == Code::NotFound => None,
        Err(error) => return Err(error),
    };
    let provider = desk.model.as_ref().map(|line| line.facts.provider).or_else(|| key.as_ref().map(|key| key.provider));
    desk.lock = trouble(verdict, key.as_ref(), desk.model_name.as_str());
    desk.payer = provider.map(|provider| Payer {
        provider,
        name: key.as_ref().map_or_else(|| of_whom(verdict.scope).to_owned(), |key| key.name.clone()),
        mask: key.as_ref().filter(|key| !key.masked.is_empty()).map(|key| key_shape::masked_in_lists(&key.masked)),
        scope: verdict.scope,
        organization: organization(caller, verdict.scope),
        state: key.as_ref().map(|key| (key.status, key.is_active)),
    });
    Ok(())
}

/// What the organization is called that pays.
fn organization(caller: &Caller, scope: Scope) -> Option<String> {
    let place = caller.organization.filter(|_| scope == Scope::Organization).and_then(|id| caller.membership(id));
    place.map(|place| place.name.clone())
}

/// Whose key it is, to somebody who may not know its name.
const fn of_whom(scope: Scope) -> &'static str {
    match scope {
        Scope::Personal => "your key",
        Scope::Organization => "your organization's key",
        Scope::System => "this server's key",
    }
}

/// What is the matter with the key that would pay.
fn trouble(verdict: &Verdict, key: Option<&Credential>, model: &str) -> Option<Lock> {
    let whose = |key: &Credential| match key.scope {
        Scope::Personal => format!("Your {} key {}", key.provider.display_name(), key.title()),
        Scope::Organization => format!("Your organization's {} key {}", key.provider.display_name(), key.title()),
        Scope::System => format!("This server's {} key {}", key.provider.display_name(), key.title()),
    };
    let name = key.map_or_else(|| capitalised(of_whom(verdict.scope)), whose);
    let (said, is_hard) = match (verdict.why, key.map(|key| key.status)) {
        (Some(Why::Inactive), _) => {
            (format!("{name} is switched off. Switch it on under Keys, or choose another one."), true)
        }
        (Some(Why::Expired), _) => {
            (format!("{name} has reached the end date you gave it. Replace it, or choose another one."), true)
        }
        (Some(Why::Undecryptable), _) | (_, Some(KeyStatus::Undecryptable)) => {
            (format!("{name} cannot be opened any more. Paste it again, or choose another one."), true)
        }
        (Some(Why::Invalid), _) | (_, Some(KeyStatus::Invalid)) => (refused(&name, key), true),
        (Some(Why::CoolingDown), _) => {
            (format!("{name} is at its rate limit for {model}. Wait a moment, or choose another one."), false)
        }
        (_, Some(KeyStatus::NoCredit)) => (
            format!(
                "{name} works, but its account has no credit left. Top it up at the provider, or choose another one."
            ),
            false,
        ),
        (Some(Why::ModelNotListed | Why::DoesNotServeModel), _) => {
            return Some(Lock::Model {
                sentence: format!("{name} does not open {model}. Choose another model or key."),
            });
        }
        (Some(_), _) => (format!("{name} cannot be used for {model}. Choose another one."), true),
        (None, _) => return None,
    };
    let replaceable = key.filter(|key| key.is_row() && key.grace_of.is_none()).map(|key| key.id);
    Some(Lock::Key { sentence: said, replaceable, is_hard })
}

fn refused(name: &str, key: Option<&Credential>) -> String {
    // The reason says what to do.
    match key.and_then(|key| key.status_reason.as_deref()) {
        Some(reason) => format!("{name} was refused. {reason}"),
        None => format!("{name} was refused by its provider. Replace it, or choose another one."),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
