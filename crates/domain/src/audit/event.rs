//! Every event there is, and what each says.

use serde::Serialize;
use uuid::Uuid;

use crate::budget::{Authority, OwnerKind, Period};
use crate::caller::Role;
use crate::credential::{KeyStatus, Scope};
use crate::ids::{AliasId, BudgetId, CredentialId, InvitationId, OrganizationId, SessionId, TeamId, TokenId, UserId};
use crate::master_key_id::MasterKeyId;
use crate::money::Nanos;
use crate::money::Price;
use crate::organization::{MemberRole, TeamRole};
use crate::origin::Origin;
use crate::provider::ProviderId;
use crate::spread::Spread;
use crate::time::Timestamp;

/// One thing that happened. The tag is the action's stable name.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "action")]
pub enum Event {
    /// The first admin was made.
    #[serde(rename = "user.created")]
    UserCreated {
        /// Who.
        user: UserId,
        /// Their role.
        role: Role,
    },
    /// A display name or preference changed.
    #[serde(rename = "user.updated")]
    UserUpdated {
        /// Who.
        user: UserId,
        /// Which fields.
        fields: Vec<&'static str>,
    },
    /// A password changed; every other session of the user ended.
    #[serde(rename = "user.password_changed")]
    PasswordChanged {
        /// Whose.
        user: UserId,
    },
    /// A user was invited.
    #[serde(rename = "user.invited")]
    UserInvited {
        /// Who.
        user: UserId,
        /// Their role.
        role: Role,
    },
    /// An invited user chose a password.
    #[serde(rename = "user.invitation_accepted")]
    InvitationAccepted {
        /// Who.
        user: UserId,
    },
    /// A user's role changed.
    #[serde(rename = "user.role_changed")]
    RoleChanged {
        /// Whose.
        user: UserId,
        /// The role now.
        role: Role,
    },
    /// A user may sign in again.
    #[serde(rename = "user.activated")]
    UserActivated {
        /// Who.
        user: UserId,
    },
    /// A user may no longer sign in; their sessions and tokens stopped working.
    #[serde(rename = "user.deactivated")]
    UserDeactivated {
        /// Who.
        user: UserId,
    },
    /// A user's keys were destroyed and their name was taken out.
    #[serde(rename = "user.deleted")]
    UserDeleted {
        /// Who.
        user: UserId,
    },
    /// Who signs in through an OpenID provider is this user from now on.
    #[serde(rename = "user.identity_linked")]
    IdentityLinked {
        /// Who.
        user: UserId,
        /// The provider, by its own address.
        issuer: String,
    },
    /// Who signs in through an OpenID provider is this user no more.
    #[serde(rename = "user.identity_unlinked")]
    IdentityUnlinked {
        /// Who.
        user: UserId,
        /// The provider, by its own address.
        issuer: String,
    },
    /// A link to choose a new password was made.
    #[serde(rename = "user.reset_link_created")]
    ResetLinkCreated {
        /// For whom.
        user: UserId,
    },
    /// A set-up link was made.
    #[serde(rename = "setup.link_created")]
    SetupLinkCreated {},
    /// Somebody signed in.
    #[serde(rename = "session.created")]
    SessionCreated {
        /// Who.
        user: UserId,
        /// The session.
        session: SessionId,
    },
    /// Somebody signed out.
    #[serde(rename = "session.ended")]
    SessionEnded {
        /// The session.
        session: SessionId,
    },
    /// A gateway token was made.
    #[serde(rename = "token.created")]
    TokenCreated {
        /// Which.
        token: TokenId,
        /// Its name.
        name: String,
        /// What it may do.
        scopes: Vec<&'static str>,
    },
    /// A gateway token stopped working.
    #[serde(rename = "token.revoked")]
    TokenRevoked {
        /// Which.
        token: TokenId,
    },
    /// A budget was set.
    #[serde(rename = "budget.created")]
    BudgetCreated {
        /// Which.
        budget: BudgetId,
        /// Whose kind of spending it bounds.
        owner_kind: OwnerKind,
        /// Whose.
        owner: Uuid,
        /// For how long what was spent counts.
        period: Period,
        /// The most that may be spent.
        limit: Nanos,
        /// Whether calls paid with personal keys count.
        counts_personal: bool,
        /// On whose word it stands.
        authority: Authority,
    },
    /// A budget was changed.
    #[serde(rename = "budget.updated")]
    BudgetUpdated {
        /// Which.
        budget: BudgetId,
        /// Which fields.
        fields: Vec<&'static str>,
        /// The most that may be spent now.
        limit: Nanos,
        /// Whose kind of spending it bounds.
        owner_kind: OwnerKind,
        /// Whose.
        owner: Uuid,
    },
    /// A budget was lifted.
    #[serde(rename = "budget.deleted")]
    BudgetDeleted {
        /// Which.
        budget: BudgetId,
        /// Whose kind of spending it bounded.
        owner_kind: OwnerKind,
        /// Whose.
        owner: Uuid,
    },
    /// An organization was made.
    #[serde(rename = "organization.created")]
    OrganizationCreated {
        /// Which.
        organization: OrganizationId,
        /// Its short name.
        slug: String,
    },
    /// An organization or its rules were edited.
    #[serde(rename = "organization.updated")]
    OrganizationUpdated {
        /// Which.
        organization: OrganizationId,
        /// Which fields.
        fields: Vec<&'static str>,
    },
    /// Nothing works in it any more.
    #[serde(rename = "organization.suspended")]
    OrganizationSuspended {
        /// Which.
        organization: OrganizationId,
    },
    /// It works again.
    #[serde(rename = "organization.resumed")]
    OrganizationResumed {
        /// Which.
        organization: OrganizationId,
    },
    /// Its keys were destroyed; its members left.
    #[serde(rename = "organization.deleted")]
    OrganizationDeleted {
        /// Which.
        organization: OrganizationId,
    },
    /// Somebody came into an organization, or got another role in it.
    #[serde(rename = "member.set")]
    MemberSet {
        /// Which.
        organization: OrganizationId,
        /// Who.
        user: UserId,
        /// The role now.
        role: MemberRole,
    },
    /// Somebody left an organization, or had to.
    #[serde(rename = "member.removed")]
    MemberRemoved {
        /// Which.
        organization: OrganizationId,
        /// Who.
        user: UserId,
    },
    /// Somebody was invited into an organization.
    #[serde(rename = "invitation.created")]
    InvitationCreated {
        /// Which.
        invitation: InvitationId,
        /// Into which organization.
        organization: OrganizationId,
        /// As what.
        role: MemberRole,
    },
    /// An invitation was taken back.
    #[serde(rename = "invitation.revoked")]
    InvitationRevoked {
        /// Which.
        invitation: InvitationId,
        /// Into which organization.
        organization: OrganizationId,
    },
    /// Somebody came by an invitation.
    #[serde(rename = "invitation.used")]
    InvitationUsed {
        /// Which.
        invitation: InvitationId,
        /// Into which organization.
        organization: OrganizationId,
        /// Who.
        user: UserId,
    },
    /// A team was made.
    #[serde(rename = "team.created")]
    TeamCreated {
        /// Which.
        team: TeamId,
        /// Whose.
        organization: OrganizationId,
        /// Its short name.
        slug: String,
    },
    /// A team was edited.
    #[serde(rename = "team.updated")]
    TeamUpdated {
        /// Which.
        team: TeamId,
        /// Which fields.
        fields: Vec<&'static str>,
    },
    /// Its tokens stopped working.
    #[serde(rename = "team.suspended")]
    TeamSuspended {
        /// Which.
        team: TeamId,
    },
    /// Its tokens work again.
    #[serde(rename = "team.resumed")]
    TeamResumed {
        /// Which.
        team: TeamId,
    },
    /// Its tokens stopped working for good.
    #[serde(rename = "team.deleted")]
    TeamDeleted {
        /// Which.
        team: TeamId,
    },
    /// Somebody came into a team, or got another role in it.
    #[serde(rename = "team_member.set")]
    TeamMemberSet {
        /// Which.
        team: TeamId,
        /// Who.
        user: UserId,
        /// The role now.
        role: TeamRole,
    },
    /// Somebody left a team, or had to.
    #[serde(rename = "team_member.removed")]
    TeamMemberRemoved {
        /// Which.
        team: TeamId,
        /// Who.
        user: UserId,
    },
    /// How calls are spread over the keys of a provider was settled.
    #[serde(rename = "spread.set")]
    SpreadSet {
        /// Whose keys.
        scope: Scope,
        /// Of which provider.
        provider: ProviderId,
        /// How.
        spread: Spread,
    },
    /// A name for models was made.
    #[serde(rename = "alias.created")]
    AliasCreated {
        /// Which.
        alias: AliasId,
        /// For whom.
        scope: Scope,
        /// The name.
        name: String,
        /// What it stands for.
        targets: Vec<String>,
    },
    /// A name for models was edited.
    #[serde(rename = "alias.updated")]
    AliasUpdated {
        /// Which.
        alias: AliasId,
        /// Which fields.
        fields: Vec<&'static str>,
        /// The name now.
        name: String,
        /// What it stands for now.
        targets: Vec<String>,
    },
    /// A name for models was deleted.
    #[serde(rename = "alias.deleted")]
    AliasDeleted {
        /// Which.
        alias: AliasId,
        /// The name it was.
        name: String,
    },
    /// A model was written into the registry.
    #[serde(rename = "model.registered")]
    ModelRegistered {
        /// Its stable id.
        model: Uuid,
        /// For whom.
        scope: Scope,
        /// With its provider before it.
        name: String,
    },
    /// What the registry says of a model was changed.
    #[serde(rename = "model.updated")]
    ModelUpdated {
        /// Its stable id.
        model: Uuid,
        /// For whom.
        scope: Scope,
        /// Which fields.
        fields: Vec<&'static str>,
        /// With its provider before it.
        name: String,
    },
    /// A model was taken out of the registry.
    #[serde(rename = "model.unregistered")]
    ModelUnregistered {
        /// Its stable id.
        model: Uuid,
        /// For whom.
        scope: Scope,
        /// With its provider before it.
        name: String,
    },
    /// What a model costs was set, from a moment on.
    #[serde(rename = "price.set")]
    PriceSet {
        /// Whose model.
        provider: ProviderId,
        /// The provider's id of it.
        model: String,
        /// From when on.
        starts_at: Timestamp,
        /// What; nothing: the catalogue's again.
        price: Option<Price>,
    },
    /// A price that had not begun was withdrawn.
    #[serde(rename = "price.withdrawn")]
    PriceWithdrawn {
        /// Whose model.
        provider: ProviderId,
        /// The provider's id of it.
        model: String,
        /// From when on it would have counted.
        starts_at: Timestamp,
    },
    /// Prices were taken from somebody's list.
    #[serde(rename = "prices.imported")]
    PricesImported {
        /// Whose list.
        source: &'static str,
        /// How many had no price before.
        added: u64,
        /// How many had another one.
        changed: u64,
        /// From when on.
        starts_at: Timestamp,
    },
    /// A gateway token was edited.
    #[serde(rename = "token.updated")]
    TokenUpdated {
        /// Which.
        token: TokenId,
        /// Which fields.
        fields: Vec<&'static str>,
    },
    /// A gateway token got a new text.
    #[serde(rename = "token.rotated")]
    TokenRotated {
        /// Which.
        token: TokenId,
        /// When the former text stops working, in microseconds since 1970.
        former_until: i64,
    },
    /// A provider key was saved.
    #[serde(rename = "credential.created")]
    CredentialCreated {
        /// Which.
        credential: CredentialId,
        /// Whose.
        scope: Scope,
        /// The provider it opens.
        provider: ProviderId,
        /// Its name.
        name: String,
        /// Where it may be sent.
        origin: Origin,
    },
    /// A provider key was edited.
    #[serde(rename = "credential.updated")]
    CredentialUpdated {
        /// Which.
        credential: CredentialId,
        /// Which fields.
        fields: Vec<&'static str>,
        /// Where it may be sent now.
        origin: Origin,
    },
    /// The secret was replaced.
    #[serde(rename = "credential.secret_replaced")]
    CredentialSecretReplaced {
        /// Which.
        credential: CredentialId,
        /// The secret's version now.
        version: i64,
    },
    /// The secret was replaced, and the former one lives on for a while.
    #[serde(rename = "credential.rotated")]
    CredentialRotated {
        /// Which.
        credential: CredentialId,
        /// The secret's version now.
        version: i64,
        /// The row of the former secret, while its grace lasts.
        former: Option<CredentialId>,
        /// When that grace ends, in microseconds since 1970.
        former_until: Option<i64>,
    },
    /// The grace of a former secret ended; it was destroyed.
    #[serde(rename = "credential.grace_ended")]
    CredentialGraceEnded {
        /// The row of the former secret.
        credential: CredentialId,
        /// Whose former secret it was.
        of: CredentialId,
    },
    /// Switched on.
    #[serde(rename = "credential.activated")]
    CredentialActivated {
        /// Which.
        credential: CredentialId,
    },
    /// Switched off.
    #[serde(rename = "credential.deactivated")]
    CredentialDeactivated {
        /// Which.
        credential: CredentialId,
    },
    /// Made the first of its provider.
    #[serde(rename = "credential.made_primary")]
    CredentialMadePrimary {
        /// Which.
        credential: CredentialId,
    },
    /// The secret was destroyed.
    #[serde(rename = "credential.deleted")]
    CredentialDeleted {
        /// Which.
        credential: CredentialId,
    },
    /// Its owner saw the secret again.
    #[serde(rename = "credential.revealed")]
    CredentialRevealed {
        /// Which.
        credential: CredentialId,
    },
    /// Its owner asked to see the secret and gave a wrong password.
    #[serde(rename = "credential.reveal_refused")]
    CredentialRevealRefused {
        /// Which.
        credential: CredentialId,
    },
    /// Somebody asked for a check.
    #[serde(rename = "credential.checked")]
    CredentialChecked {
        /// Which.
        credential: CredentialId,
        /// What it found.
        status: KeyStatus,
    },
    /// Somebody had it tried what its endpoint can do, which costs.
    #[serde(rename = "credential.tried")]
    CredentialTried {
        /// Which.
        credential: CredentialId,
        /// By how many calls.
        calls: i64,
    },
    /// Somebody had a model fetched to an Ollama server; written before the server
    /// is asked.
    #[serde(rename = "library.pull_started")]
    LibraryPullStarted {
        /// With which key.
        credential: CredentialId,
        /// The model's name.
        model: String,
    },
    /// Somebody had a model thrown away on an Ollama server; written before the
    /// server is asked.
    #[serde(rename = "library.delete_asked")]
    LibraryDeleteAsked {
        /// With which key.
        credential: CredentialId,
        /// The model's name.
        model: String,
    },
    /// A sealed text does not open under its own row's identity.
    #[serde(rename = "integrity.violation")]
    IntegrityViolation {
        /// Which.
        credential: CredentialId,
    },
    /// The operator sealed it to another origin.
    #[serde(rename = "credential.origin_moved")]
    CredentialOriginMoved {
        /// Which.
        credential: CredentialId,
        /// Where it might be sent before.
        from: Origin,
        /// Where it may be sent now.
        to: Origin,
        /// The secret's version now.
        version: i64,
    },
    /// Provider keys were written out at the command line.
    #[serde(rename = "credential.exported")]
    CredentialsExported {
        /// How many.
        credentials: usize,
        /// Whether their secrets went with them, under the master key.
        with_secrets: bool,
        /// Whether those of other users were among them.
        of_everybody: bool,
    },
    /// Everything sealed is being sealed again under another master key.
    #[serde(rename = "keyring.rewrap_started")]
    KeyringRewrapStarted {
        /// Under which.
        to: MasterKeyId,
        /// How many secrets are not yet.
        rows: i64,
    },
    /// Everything that opens is sealed under this master key.
    #[serde(rename = "keyring.rewrap_finished")]
    KeyringRewrapFinished {
        /// Under which.
        to: MasterKeyId,
        /// How many secrets were sealed again.
        rewrapped: u64,
        /// How many do not open and were left as they are.
        unopened: usize,
    },
    /// No secret needs this master key any more.
    #[serde(rename = "keyring.key_retired")]
    KeyringKeyRetired {
        /// Which.
        key: MasterKeyId,
    },
    /// What the webhook is signed with was replaced.
    #[serde(rename = "webhook.secret_rotated")]
    WebhookSecretRotated {
        /// Which secret signs now, from 1.
        number: u32,
        /// Until when the one before signs too, in microseconds since 1970.
        former_until: Option<i64>,
    },
}
