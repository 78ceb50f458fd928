//! What a chat is set to, as bodies say it.

use app::conversations::Edit;
use app::error::Error;
use domain::conversation::Parameters;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::present;
use crate::body::{object, whole_number};

/// What is asked of the model; what is absent is the model's own.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChatParameters {
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f64>,
    #[schema(minimum = 0, maximum = 1)]
    top_p: Option<f64>,
    /// The longest answer, in tokens.
    #[schema(minimum = 1)]
    #[serde(default, deserialize_with = "whole_number")]
    max_tokens: Option<u64>,
    /// How much it thinks, such as `low`, `medium` or `high`.
    #[schema(max_length = 20, pattern = "^[a-z]+$")]
    reasoning_effort: Option<String>,
}

impl From<ChatParameters> for Parameters {
    fn from(body: ChatParameters) -> Self {
        Self {
            temperature: body.temperature,
            top_p: body.top_p,
            max_tokens: body.max_tokens,
            reasoning_effort: body.reasoning_effort,
        }
    }
}

impl From<&Parameters> for ChatParameters {
    fn from(parameters: &Parameters) -> Self {
        Self {
            temperature: parameters.temperature,
            top_p: parameters.top_p,
            max_tokens: parameters.max_tokens,
            reasoning_effort: parameters.reasoning_effort.clone(),
        }
    }
}

/// A new chat. Everything may be left out, and set later.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConversationBody {
    /// What it is about; unless said, the first line of what is said first.
    #[schema(min_length = 1, max_length = 200, pattern = "@line")]
    title: Option<String>,
    /// A UUID, a model's id, an alias, or `provider/id`.
    #[schema(min_length = 1, max_length = 512, pattern = "@line")]
    model: Option<String>,
    /// The provider key that pays, and no other.
    #[schema(format = "uuid")]
    credential_id: Option<String>,
    /// What the model is told first.
    #[schema(max_length = 100_000, pattern = "@note")]
    system_prompt: Option<String>,
    #[serde(default, deserialize_with = "object")]
    parameters: Option<ChatParameters>,
    /// Whether it is in no list and deleted a day after the last word.
    is_temporary: Option<bool>,
}

impl ConversationBody {
    pub(super) fn edit(self) -> Result<Edit, Error> {
        Ok(Edit {
            title: self.title,
            model: self.model.map(Some),
            credential: self.credential_id.map(|id| credential(&id).map(Some)).transpose()?,
            system_prompt: self.system_prompt,
            parameters: self.parameters.map(Parameters::from),
            is_temporary: self.is_temporary,
            leaf: None,
        })
    }
}

/// What is to change: absent stays, `null` clears.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConversationPatch {
    #[schema(min_length = 1, max_length = 200, pattern = "@line")]
    title: Option<String>,
    /// A UUID, a model's id, an alias, or `provider/id`.
    #[schema(min_length = 1, max_length = 512, pattern = "@line")]
    #[serde(default, deserialize_with = "present")]
    model: Option<Option<String>>,
    /// The provider key that pays, and no other; `null`: whichever a call would use.
    #[schema(format = "uuid")]
    #[serde(default, deserialize_with = "present")]
    credential_id: Option<Option<String>>,
    /// What the model is told first; an empty one is none.
    #[schema(max_length = 100_000, pattern = "@note")]
    system_prompt: Option<String>,
    /// All of them: what is absent is the model's own from now on.
    #[serde(default, deserialize_with = "object")]
    parameters: Option<ChatParameters>,
    is_temporary: Option<bool>,
    /// The end of the branch that is read.
    #[schema(format = "uuid")]
    leaf_id: Option<String>,
}

impl ConversationPatch {
    pub(super) fn edit(self) -> Result<Edit, Error> {
        let leaf = self.leaf_id.map(|id| id.parse().map_err(|_| Error::invalid("leaf_id", "is no id")));
        Ok(Edit {
            title: self.title,
            model: self.model,
            credential: self.credential_id.map(|id| id.map(|id| credential(&id)).transpose()).transpose()?,
            system_prompt: self.system_prompt,
            parameters: self.parameters.map(Parameters::from),
            is_temporary: self.is_temporary,
            leaf: leaf.transpose()?,
        })
    }
}

fn credential(id: &str) -> Result<domain::ids::CredentialId, Error> {
    id.parse().map_err(|_| Error::invalid("credential_id", "is no id of a key; GET /v2/credentials lists yours"))
}
