//! What goes in and out at `/v2/organizations`.

use app::error::Error;
use app::organizations::{Edit, NewOrganization, RulesEdit};
use domain::Caller;
use domain::organization::Organization;
use domain::provider::ProviderId;
use domain::resolve::Fallback;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::{present, word};
use crate::body::whole_number;

/// A provider's name.
#[derive(ToSchema)]
#[schema(pattern = "@any-provider")]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct ProviderWord(String);

/// An organization. Its rules are told to whoever looks after it.
#[derive(Serialize, ToSchema)]
pub(super) struct OrganizationView {
    id: String,
    /// Its short name: `x-ownkey-organization` and addresses take it, too.
    slug: String,
    name: String,
    /// Your role in it; `null`: you look after the server.
    #[schema(pattern = "@member-role")]
    role: Option<&'static str>,
    /// Whether nothing works in it.
    suspended: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<RulesView>,
    created_at: String,
    updated_at: String,
}

/// Under which rules calls in an organization are paid.
#[derive(Serialize, ToSchema)]
pub(super) struct RulesView {
    /// In which order keys are asked for; `org_only`: the organization's and no others.
    #[schema(pattern = "@key-order")]
    order: &'static str,
    /// How far a call may go for a key, at most; `null`: nothing said.
    #[schema(pattern = "^(chain|strict)$")]
    fallback: Option<&'static str>,
    /// Whether a call may leave a scope whose keys failed.
    may_cross: bool,
    /// Whether members' own keys may pay.
    personal_keys_allowed: bool,
    /// The providers that may be called; `null`: all.
    allowed_providers: Option<Vec<&'static str>>,
    /// The mark-up on calls that shared keys pay; 2000 are twenty per cent.
    #[schema(minimum = 0, maximum = 10_000_000)]
    markup_basis_points: u32,
    /// Whether calls that members' own keys pay are marked up, too.
    personal_markup: bool,
    /// Whether budgets count what members' own keys pay.
    counts_personal: bool,
}

impl OrganizationView {
    pub(super) fn new(caller: &Caller, organization: &Organization) -> Self {
        let rules = &organization.rules;
        let providers = |allowed: &Vec<ProviderId>| allowed.iter().map(|provider| provider.as_str()).collect();
        let told = RulesView {
            order: rules.order.as_str(),
            fallback: rules.fallback.map(Fallback::as_str),
            may_cross: rules.may_cross,
            personal_keys_allowed: rules.personal_keys_allowed,
            allowed_providers: rules.allowed_providers.as_ref().map(providers),
            markup_basis_points: rules.markup_basis_points,
            personal_markup: rules.personal_markup,
            counts_personal: rules.counts_personal,
        };
        Self {
            id: organization.id.to_string(),
            slug: organization.slug.clone(),
            name: organization.name.clone(),
            role: caller.membership(organization.id).map(|membership| membership.role.as_str()),
            suspended: organization.suspended_at.is_some(),
            rules: caller.looks_after(organization.id).then_some(told),
            created_at: organization.created_at.to_string(),
            updated_at: organization.updated_at.to_string(),
        }
    }
}

/// What a new organization is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OrganizationBody {
    #[schema(max_length = 100, pattern = "@line")]
    name: String,
    /// Its short name; made from the name unless said.
    #[schema(pattern = "@slug")]
    slug: Option<String>,
    /// Who owns it, a user; you unless said.
    owner_id: Option<String>,
    /// In which order keys are asked for; `personal_first` unless said.
    #[schema(pattern = "@key-order")]
    order: Option<String>,
    /// How far a call may go for a key, at most.
    #[schema(pattern = "^(chain|strict)$")]
    fallback: Option<String>,
    /// Whether a call may leave a scope whose keys failed; not unless said.
    may_cross: Option<bool>,
    /// Whether members' own keys may pay; they may unless said.
    personal_keys_allowed: Option<bool>,
    /// The providers that may be called; absent: all.
    #[schema(min_items = 1, max_items = 50, value_type = Option<Vec<ProviderWord>>)]
    allowed_providers: Option<Vec<String>>,
    /// The mark-up on calls that shared keys pay; 2000 are twenty per cent.
    #[schema(minimum = 0, maximum = 10_000_000)]
    #[serde(default, deserialize_with = "whole_number")]
    markup_basis_points: Option<u32>,
    /// Whether calls that members' own keys pay are marked up, too.
    personal_markup: Option<bool>,
    /// Whether budgets count what members' own keys pay.
    counts_personal: Option<bool>,
}

impl OrganizationBody {
    /// What it asks for.
    ///
    /// # Errors
    /// `invalid_request` for a word that is none.
    pub(super) fn read(self) -> Result<NewOrganization, Error> {
        let owner = self.owner_id.map(|id| id.parse().map_err(|_| Error::not_found("user").of_field("owner_id")));
        Ok(NewOrganization {
            name: self.name,
            slug: self.slug,
            owner: owner.transpose()?,
            rules: RulesEdit {
                order: word("order", self.order.as_deref())?,
                fallback: word("fallback", self.fallback.as_deref())?.map(Some),
                may_cross: self.may_cross,
                personal_keys_allowed: self.personal_keys_allowed,
                allowed_providers: self.allowed_providers.map(read_providers).transpose()?.map(Some),
                markup_basis_points: self.markup_basis_points,
                personal_markup: self.personal_markup,
                counts_personal: self.counts_personal,
            },
        })
    }
}

/// What is to change: absent stays, `null` clears.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OrganizationPatch {
    #[schema(max_length = 100, pattern = "@line")]
    name: Option<String>,
    /// Another short name.
    #[schema(pattern = "@slug")]
    slug: Option<String>,
    /// Whether nothing works in it; for admins of the server.
    suspended: Option<bool>,
    /// In which order keys are asked for.
    #[schema(pattern = "@key-order")]
    order: Option<String>,
    /// How far a call may go for a key, at most; `null`: nothing said.
    #[serde(default, deserialize_with = "present")]
    #[schema(pattern = "^(chain|strict)$")]
    fallback: Option<Option<String>>,
    /// Whether a call may leave a scope whose keys failed.
    may_cross: Option<bool>,
    /// Whether members' own keys may pay.
    personal_keys_allowed: Option<bool>,
    /// The providers that may be called; `null`: all.
    #[serde(default, deserialize_with = "present")]
    #[schema(min_items = 1, max_items = 50, value_type = Option<Vec<ProviderWord>>)]
    allowed_providers: Option<Option<Vec<String>>>,
    /// The mark-up on calls that shared keys pay; 2000 are twenty per cent.
    #[schema(minimum = 0, maximum = 10_000_000)]
    #[serde(default, deserialize_with = "whole_number")]
    markup_basis_points: Option<u32>,
    /// Whether calls that members' own keys pay are marked up, too.
    personal_markup: Option<bool>,
    /// Whether budgets count what members' own keys pay.
    counts_personal: Option<bool>,
}

impl OrganizationPatch {
    /// What it asks for.
    ///
    /// # Errors
    /// `invalid_request` for a word that is none.
    pub(super) fn read(self) -> Result<Edit, Error> {
        let fallback = self.fallback.map(|text| word::<Fallback>("fallback", text.as_deref())).transpose()?;
        let providers = self.allowed_providers.map(|allowed| allowed.map(read_providers).transpose()).transpose()?;
        Ok(Edit {
            name: self.name,
            slug: self.slug,
            is_suspended: self.suspended,
            rules: RulesEdit {
                order: word("order", self.order.as_deref())?,
                fallback,
                may_cross: self.may_cross,
                personal_keys_allowed: self.personal_keys_allowed,
                allowed_providers: providers,
                markup_basis_points: self.markup_basis_points,
                personal_markup: self.personal_markup,
                counts_personal: self.counts_personal,
            },
        })
    }
}

fn read_providers(names: Vec<String>) -> Result<Vec<ProviderId>, Error> {
    let read = |name: String| {
        name.parse().map_err(|_| {
            Error::invalid("allowed_providers", "names a provider that is none; GET /v2/providers lists them")
        })
    };
    names.into_iter().map(read).collect()
}

/// What would go with an organization.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct HoldingsView {
    /// Provider keys.
    #[schema(minimum = 0)]
    credentials: i64,
    #[schema(minimum = 0)]
    teams: i64,
    #[schema(minimum = 0)]
    members: i64,
    /// Gateway tokens of its teams.
    #[schema(minimum = 0)]
    tokens: i64,
    /// The last call that a key of it paid.
    last_call_at: Option<String>,
}
