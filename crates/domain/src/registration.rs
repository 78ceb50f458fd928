//! Models that people write down themselves: one that no provider lists, or
//! what is not known, or known wrongly, of one that is listed.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::credential::{Credential, Owner, Scope};
use crate::ids::model_uuid;
use crate::model::{Capabilities, ModelFacts, ModelKind};
use crate::money::Price;
use crate::provider::ProviderId;
use crate::time::Timestamp;

/// The most tokens that a context or an answer can be said to have.
pub const MOST_TOKENS: u64 = 1_000_000_000;

/// What somebody says of a model; `None`: nothing, what is known stays.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Said {
    /// The name people read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ModelKind>,
    /// What it can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities>,
    /// Prompt plus completion, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    /// The longest completion, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    /// What it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

impl Said {
    /// The facts with what is said of them.
    #[must_use]
    pub fn applied_to(&self, facts: ModelFacts) -> ModelFacts {
        ModelFacts {
            display_name: self.display_name.clone().unwrap_or(facts.display_name),
            kind: self.kind.unwrap_or(facts.kind),
            capabilities: self.capabilities.unwrap_or(facts.capabilities),
            context_window: self.context_window.or(facts.context_window),
            max_output_tokens: self.max_output_tokens.or(facts.max_output_tokens),
            price: self.price.or(facts.price),
            ..facts
        }
    }
}

/// A model in the registry.
#[derive(Clone, Debug, PartialEq)]
pub struct Registration {
    /// For whom; the server's are everybody's.
    pub owner: Owner,
    /// The provider that serves it.
    pub provider: ProviderId,
    /// The provider, or `custom:<slug>`: the keys that open it.
    pub namespace: String,
    /// The provider's id of it; at Azure the deployment.
    pub model: String,
    /// What is said of it.
    pub said: Said,
    /// When it was written down.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

impl Registration {
    /// The model's stable id.
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        model_uuid(&self.namespace, &self.model)
    }

    /// Whose it is.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        self.owner.scope()
    }

    /// Whether it speaks of what this key opens. A person's own registration
    /// speaks of their personal keys only, an organization's of its own: nobody sets the price of what others
    /// pay for.
    #[must_use]
    pub fn is_about(&self, credential: &Credential) -> bool {
        let is_theirs = match self.owner {
            Owner::System => true,
            Owner::User(_) => credential.scope == Scope::Personal,
            Owner::Organization(own) => credential.organization == Some(own),
        };
        is_theirs && credential.model_namespace() == self.namespace
    }

    /// How a list calls it: `provider/id`, or `slug/id` at custom endpoints.
    #[must_use]
    pub fn written(&self) -> String {
        let of_whom = self.namespace.split_once(':').map_or(self.namespace.as_str(), |(_, slug)| slug);
        format!("{of_whom}/{}", self.model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ModelStatus, Restrictions};
    use crate::money::Rates;

    fn facts() -> ModelFacts {
        ModelFacts {
            provider: ProviderId::Azure,
            id: "my-gpt".to_owned(),
            aliases: Vec::new(),
            display_name: "my-gpt".to_owned(),
            kind: ModelKind::Chat,
            status: ModelStatus::Active,
            is_recommended: false,
            context_window: Some(8_000),
            max_output_tokens: None,
            capabilities: Capabilities::default(),
            wires: Vec::new(),
            restrictions: Restrictions::default(),
            price: None,
            deprecation_date: None,
            replacement: None,
        }
    }

    #[test]
    fn what_is_not_said_stays_as_it_is_known() {
        assert_eq!(Said::default().applied_to(facts()), facts());
    }

    #[test]
    fn what_is_said_wins() {
        let price = Price { rates: Rates { input_nanos: 7, ..Rates::default() }, long_context: None };
        let said = Said { context_window: Some(128_000), price: Some(price), ..Said::default() };
        let known = said.applied_to(facts());
        assert_eq!((known.context_window, known.price), (Some(128_000), Some(price)));
        assert_eq!(known.display_name, "my-gpt");
    }
}
