//! From the name in a request to the places that may answer it: one, or those
//! that an alias stands for, in the order in which they are asked.

use std::collections::HashMap;
use std::sync::Arc;

use domain::Caller;
use domain::alias::{self, Alias, Target};
use domain::credential::Scope;
use domain::ids::AliasId;
use uuid::Uuid;

use crate::App;
use crate::brought::{self, Brought};
use crate::error::Result;
use crate::naming::{self, Place};
use crate::paying::Wishes;
use crate::reach::{self, Reach};
use crate::terms::Terms;

/// The aliases that one caller may name.
#[derive(Debug, Default)]
pub struct Aliases {
    all: Vec<Arc<Alias>>,
    by_name: HashMap<String, Arc<Alias>>,
    by_id: HashMap<Uuid, Arc<Alias>>,
}

impl Aliases {
    /// Reads those of `caller` and of the server.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn read(app: &App, caller: &Caller, with_personal: bool) -> Result<Self> {
        let rows = store::aliases::for_user(&app.store, caller.user).await?;
        let rows = rows.into_iter().filter(|alias| with_personal || alias.scope != Scope::Personal);
        Ok(Self::of(rows.map(Arc::new).collect()))
    }

    /// A person's own name wins over the server's.
    fn of(mut all: Vec<Arc<Alias>>) -> Self {
        all.sort_by(|one, other| (one.scope, &one.name).cmp(&(other.scope, &other.name)));
        let mut aliases = Self::default();
        for alias in &all {
            aliases.by_id.insert(alias.id.0, Arc::clone(alias));
            aliases.by_name.entry(alias.name.clone()).or_insert_with(|| Arc::clone(alias));
        }
        Self { all, ..aliases }
    }

    /// All of them, also those that a nearer one of the same name hides; the
    /// caller's own first.
    #[must_use]
    pub fn all(&self) -> &[Arc<Alias>] {
        &self.all
    }

    /// One of them.
    #[must_use]
    pub fn by_id(&self, id: AliasId) -> Option<&Arc<Alias>> {
        self.by_id.get(&id.0)
    }

    /// What a call means by `name`: the name itself, or the alias's id.
    #[must_use]
    pub fn meant(&self, name: &str) -> Option<&Arc<Alias>> {
        if self.all.is_empty() {
            return None;
        }
        self.by_name.get(name).or_else(|| self.by_id.get(&Uuid::parse_str(name).ok()?))
    }

    /// Whether a name means an alias, whatever model has it, too.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Those that their names mean.
    pub fn in_force(&self) -> impl Iterator<Item = &Arc<Alias>> {
        let is_meant = |alias: &&Arc<Alias>| self.by_name.get(&alias.name).is_some_and(|meant| meant.id == alias.id);
        self.all.iter().filter(is_meant)
    }
}

/// What may answer a call.
pub(crate) struct Targets {
    /// The keys that may pay.
    pub(crate) reach: Arc<Reach>,
    /// The alias that the call named.
    pub(crate) alias: Option<Arc<Alias>>,
    /// In the order in which they are asked; never empty.
    pub(crate) places: Vec<Place>,
}

/// What may answer a call for `name`.
///
/// # Errors
/// When the name means nothing here.
pub(crate) async fn of(
    app: &App,
    caller: &Caller,
    wishes: &Wishes,
    name: &str,
    conversation: Option<&str>,
) -> Result<Targets> {
    let reach = reach::of(app, caller).await?;
    let alias = reach.aliases.meant(name).cloned();
    if let Some(brought) = &wishes.brought {
        return of_brought(app, caller, &reach.terms, brought, name, alias);
    }
    let Some(alias) = alias else {
        let place = naming::place(name, &reach, app.catalogue, app.clock.now())?;
        return Ok(Targets { reach, alias: None, places: vec![place] });
    };
    let draw = match conversation {
        Some(conversation) => alias::draw_of(alias.id, conversation),
        None => u128::from_be_bytes(app.entropy.bytes()),
    };
    let places = in_order(&reach, &alias, Some(draw)).into_iter().map(place).collect();
    Ok(Targets { reach, alias: Some(alias), places })
}

/// A key that came along can pay its own provider only: the alias stands for
/// what it has there. Where it has nothing, the name is the provider's to know.
fn of_brought(
    app: &App,
    caller: &Caller,
    terms: &Arc<Terms>,
    brought: &Brought,
    name: &str,
    alias: Option<Arc<Alias>>,
) -> Result<Targets> {
    let there = alias.and_then(|alias| {
        let target = alias.targets.iter().find(|target| target.provider == brought.provider)?.written();
        Some((alias, target))
    });
    let (alias, name) = there.map_or((None, name.to_owned()), |(alias, target)| (Some(alias), target));
    let (reach, place) = brought::reach(app, caller, terms, brought, &name)?;
    Ok(Targets { reach, alias, places: vec![place] })
}

/// The targets of an alias in the order in which they are asked; without a
/// draw, as nobody's luck would have it. A target that no key is near is not
/// drawn, so that the others get its share.
pub(crate) fn in_order<'a>(reach: &Reach, alias: &'a Alias, draw: Option<u128>) -> Vec<&'a Target> {
    let weight = |target: &Target| if has_keys(reach, target) { target.weight } else { 0 };
    let weights: Vec<u32> = alias.targets.iter().map(weight).collect();
    let places = alias::order(alias.mode, &weights, draw);
    places.into_iter().filter_map(|place| alias.targets.get(place)).collect()
}

fn has_keys(reach: &Reach, target: &Target) -> bool {
    reach.keys_of(&target.namespace()).next().is_some()
}

/// The target as a place: its owner said provider and model, nothing is guessed.
pub(crate) fn place(target: &Target) -> Place {
    Place { provider: target.provider, namespace: target.namespace(), upstream_id: target.upstream_id().to_owned() }
}
