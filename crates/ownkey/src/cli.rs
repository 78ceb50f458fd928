//! The command line's words.

mod people;
mod prices;
mod upkeep;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use people::{Member, Organization, Rules, Team, TeamMember};
pub(crate) use prices::{Prices, PricesEstimate, PricesSet};
pub(crate) use upkeep::{Doctor, Export, Import, Keyring, MoveOrigin, Webhook};

/// Keeps people's own LLM provider keys, and calls the models those keys open.
#[derive(Parser)]
#[command(name = "ownkey", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the data is.
#[derive(Args, Clone, Default)]
pub(crate) struct Place {
    /// The data directory [default: $XDG_DATA_HOME/ownkey, for root /var/lib/ownkey].
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// `sqlite:///path/ownkey.db` or `postgres://…` [default: SQLite in the data directory].
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// Act as this user (e-mail address) [default: the only user].
    #[arg(long, global = true, value_name = "EMAIL")]
    pub(crate) user: Option<String>,
    /// Answer in JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the server.
    Serve(Serve),
    /// Provider keys: yours, and the server's.
    #[command(subcommand)]
    Credential(Credential),
    /// Gateway tokens for clients.
    #[command(subcommand)]
    Token(Token),
    /// Who may spend how much.
    #[command(subcommand)]
    Budget(Budget),
    /// The models you can call.
    Models(Models),
    /// Names that stand for models of one or several providers.
    #[command(subcommand)]
    Alias(Alias),
    /// What models cost: looked at, set, taken from a list, reckoned with.
    #[command(subcommand)]
    Prices(Prices),
    /// How each provider and local service does, and what to do about it.
    Status,
    /// Ask a model; the answer streams to the terminal.
    Chat(Chat),
    /// What you called, and what it cost.
    Usage(Usage),
    /// The configuration: what is in force, and whether it can be used.
    #[command(subcommand)]
    Config(Config),
    /// The audit log.
    #[command(subcommand)]
    Audit(Audit),
    /// Users: for those who look after the server.
    #[command(subcommand)]
    User(User),
    /// Organizations: people and teams that share provider keys.
    #[command(subcommand)]
    Organization(Organization),
    /// Teams of organizations.
    #[command(subcommand)]
    Team(Team),
    /// The master keys: what they hold, sealing under a new one, letting the
    /// former one go.
    #[command(subcommand)]
    Keyring(Keyring),
    /// The address that is told what happens: what it checks signatures with,
    /// whether it answers, how it goes.
    #[command(subcommand)]
    Webhook(Webhook),
    /// Save the provider keys of a `.env` file, of LiteLLM's config.yaml or of another server's export.
    Import(Import),
    /// Write your provider keys to standard output as JSON; secrets only when
    /// asked for, under the master key.
    Export(Export),
    /// Whether everything is as it should be, and what to do where it is not.
    Doctor(Doctor),
    /// Completions for your shell.
    Completions {
        /// bash, zsh, fish, elvish or powershell.
        shell: clap_complete::Shell,
    },
}

#[derive(Args)]
pub(crate) struct Serve {
    /// Where to listen [default: 127.0.0.1:8000].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// Try everything without any real key: a scripted provider, a demo user,
    /// demo keys. Forgotten at the end.
    #[arg(long)]
    pub(crate) demo: bool,
    /// Listen beyond this machine although the public URL is not https.
    #[arg(long)]
    pub(crate) insecure_bind: bool,
}

#[derive(Subcommand)]
pub(crate) enum Credential {
    /// Save a provider key. It is asked for, never taken from the command line.
    Add(CredentialAdd),
    /// The keys you may see.
    List {
        /// Only this provider's.
        #[arg(long, value_name = "PROVIDER")]
        provider: Option<String>,
    },
    /// Check a key with its provider now.
    Check {
        /// The key's id.
        id: String,
    },
    /// Switch a key on.
    Activate {
        /// The key's id.
        id: String,
    },
    /// Switch a key off without deleting it.
    Deactivate {
        /// The key's id.
        id: String,
    },
    /// Make a key the first of its provider.
    MakePrimary {
        /// The key's id.
        id: String,
    },
    /// Seal keys to a new origin, because a server moved: for admins with the
    /// master key.
    MoveOrigin(MoveOrigin),
    /// How calls are spread over your keys of one provider; settles it when told how.
    Spread {
        /// The provider.
        provider: String,
        /// `primary`, `round_robin` or `least_used`.
        spread: Option<String>,
        /// `personal`, or `system` for the server's keys.
        #[arg(long, default_value = "personal")]
        scope: String,
    },
    /// Replace a key's secret. The new one is tried first; the former one stays
    /// usable for a while.
    Rotate(CredentialRotate),
    /// Destroy a key's secret. Says what uses it, and asks.
    Delete {
        /// The key's id.
        id: String,
        /// Do not ask, also when calls used it in the last 30 days.
        #[arg(long)]
        confirm: bool,
    },
}

#[derive(Args)]
pub(crate) struct CredentialRotate {
    /// The key's id.
    pub(crate) id: String,
    /// How long the former key stays usable: 30m, 24h, 7d, or 0.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = crate::commands::grace)]
    pub(crate) grace: u64,
    /// Also when the new key cannot be tried, because nobody answers.
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) key: KeySource,
}

/// Where the key is read from; without either it is asked for.
#[derive(Args)]
pub(crate) struct KeySource {
    /// Read the key from standard input.
    #[arg(long, conflicts_with = "from_env")]
    pub(crate) stdin: bool,
    /// Read the key from this environment variable.
    #[arg(long, value_name = "NAME")]
    pub(crate) from_env: Option<String>,
}

#[derive(Args)]
pub(crate) struct CredentialAdd {
    /// openai, groq, mistral, openrouter, xai, fireworks, custom …
    pub(crate) provider: String,
    /// What to call it.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Its endpoint [default: the provider's].
    #[arg(long, value_name = "URL")]
    pub(crate) api_base: Option<String>,
    /// `personal`, `organization` or `system`.
    #[arg(long, default_value = "personal")]
    pub(crate) scope: String,
    /// Whose, with --scope organization: its slug or id.
    #[arg(long, value_name = "SLUG")]
    pub(crate) organization: Option<String>,
    /// Azure: a deployment, which is a model of this key.
    #[arg(long = "deployment", value_name = "NAME")]
    pub(crate) deployments: Vec<String>,
    /// Azure: the api-version [default: 2024-10-21].
    #[arg(long, value_name = "VERSION")]
    pub(crate) api_version: Option<String>,
    /// For the server's keys: where the operator keeps it, env:NAME or
    /// file:/path, instead of the key.
    #[arg(long, value_name = "PLACE", conflicts_with_all = ["stdin", "from_env"])]
    pub(crate) secret_ref: Option<String>,
    #[command(flatten)]
    pub(crate) key: KeySource,
}

#[derive(Subcommand)]
pub(crate) enum Token {
    /// Make a gateway token; it is printed once.
    Create {
        /// What to call it.
        name: String,
        /// What it may do: models, manage:credentials, manage:tokens,
        /// read:usage, read:audit, metrics.
        #[arg(long = "scope", value_name = "SCOPE", default_value = "models")]
        scopes: Vec<String>,
        /// The team it is for, by its id [default: you].
        #[arg(long, value_name = "TEAM")]
        team: Option<String>,
        /// Only these models.
        #[arg(long = "model", value_name = "MODEL")]
        models: Vec<String>,
        /// How far its calls may go for a key: strict, chain or cross [default: as you prefer].
        #[arg(long)]
        policy: Option<String>,
        /// What becomes of a parameter that the model cannot take: strict
        /// refuses it, lenient leaves it out [default: strict].
        #[arg(long, value_name = "RULE")]
        params: Option<String>,
        /// The most it may spend: 5/month, 0.50/day, 20/week or 100/total.
        #[arg(long, value_name = "AMOUNT", value_parser = crate::commands::budget::amount)]
        budget: Option<serde_json::Value>,
        /// Calls a minute.
        #[arg(long, value_name = "NUMBER")]
        rate_limit: Option<u32>,
        /// Tokens of text a minute.
        #[arg(long, value_name = "NUMBER")]
        tokens_per_minute: Option<u32>,
    },
    /// Your tokens.
    List,
    /// Change a token's name, scopes, models or end.
    Edit {
        /// The token's id.
        id: String,
        /// Another name.
        #[arg(long)]
        name: Option<String>,
        /// Only these scopes.
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// Only these models.
        #[arg(long = "model", value_name = "MODEL", conflicts_with = "all_models")]
        models: Vec<String>,
        /// All models.
        #[arg(long)]
        all_models: bool,
        /// What becomes of a parameter that the model cannot take: strict or lenient.
        #[arg(long, value_name = "RULE")]
        params: Option<String>,
        /// When it stops working: 2026-12-31T00:00:00Z, or `never`.
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// Give a token a new text; it is printed once.
    Rotate {
        /// The token's id.
        id: String,
        /// How long the former text works: 30m, 24h, 7d, or 0.
        #[arg(long, value_name = "TIME", default_value = "0", value_parser = crate::commands::grace)]
        grace: u64,
    },
    /// Stop a token from working.
    Revoke {
        /// The token's id.
        id: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum Budget {
    /// Your budgets and your tokens'; for admins everybody's.
    List,
    /// Bound what you, a token, or as an admin somebody else may spend.
    Set {
        /// Dollars and a period: 5/month, 0.50/day, 20/week or 100/total.
        #[arg(value_name = "AMOUNT", value_parser = crate::commands::budget::amount)]
        amount: serde_json::Value,
        /// A gateway token's, by its id [default: your own].
        #[arg(long, value_name = "ID", group = "whose")]
        token: Option<String>,
        /// Somebody's, by their id.
        #[arg(long, value_name = "ID", group = "whose")]
        user: Option<String>,
        /// A team's, by its id.
        #[arg(long, value_name = "ID", group = "whose")]
        team: Option<String>,
        /// An organization's, by its id.
        #[arg(long, value_name = "ID", group = "whose")]
        organization: Option<String>,
        /// Parts, in per cent, that are told when they are spent [default: 50 and 80].
        #[arg(long, value_name = "PERCENT", value_delimiter = ',')]
        soft: Vec<u8>,
        /// Whether calls paid with personal keys count: true or false.
        #[arg(long, value_name = "BOOL")]
        counts_personal: Option<bool>,
    },
    /// Lift a budget.
    Remove {
        /// The budget's id.
        id: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum Alias {
    /// The aliases you may call.
    List {
        /// Ready-made ones for clients that list only names beginning with claude.
        #[arg(long)]
        suggested: bool,
    },
    /// Make an alias, or say anew what yours stands for.
    Add {
        /// The name that clients send as the model.
        name: String,
        /// provider/model, asked in this order; with --weighted also provider/model=WEIGHT.
        #[arg(required = true, value_name = "TARGET")]
        targets: Vec<String>,
        /// Draw one by weight in place of asking the first.
        #[arg(long)]
        weighted: bool,
        /// `personal`, or `system` for everybody's.
        #[arg(long, default_value = "personal")]
        scope: String,
    },
    /// Delete an alias.
    Delete {
        /// Its name, or its id.
        alias: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum Config {
    /// What is in force, without secrets.
    Show,
    /// Whether a server could start with it; nothing is changed.
    Check,
    /// Every environment variable and what it means.
    Variables,
}

#[derive(Subcommand)]
pub(crate) enum Audit {
    /// The last hundred events, newest first.
    List {
        /// Only what happened in this organization: its slug, or its id. Its owners
        /// and admins must name it.
        #[arg(long, value_name = "SLUG")]
        organization: Option<String>,
    },
    /// Write the log to standard output, an event as JSON on each line, newest first.
    Export {
        /// Only what happened in this organization: its slug, or its id. Its owners
        /// and admins must name it.
        #[arg(long, value_name = "SLUG")]
        organization: Option<String>,
    },
    /// Whether the chain of the whole log is whole; names the first broken row otherwise.
    Verify,
}

#[derive(Subcommand)]
pub(crate) enum User {
    /// Everybody who has an account.
    List,
    /// Invite somebody; prints the one-time link to pass on.
    Add {
        /// Their e-mail address.
        email: String,
        /// As an admin of this server.
        #[arg(long)]
        admin: bool,
    },
    /// A one-time link by which somebody chooses a new password.
    ResetLink {
        /// Their e-mail address.
        email: String,
    },
    /// A new set-up link, while nobody has an account.
    SetupLink,
    /// Let somebody sign in and call again.
    Activate {
        /// Their e-mail address.
        email: String,
    },
    /// Let somebody neither sign in nor call.
    Deactivate {
        /// Their e-mail address.
        email: String,
    },
}

#[derive(Args)]
pub(crate) struct Models {
    /// Only this provider's.
    #[arg(long)]
    pub(crate) provider: Option<String>,
    /// Also those that need a key you do not have.
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Args)]
pub(crate) struct Chat {
    /// The model [default: the recommended one].
    #[arg(short, long)]
    pub(crate) model: Option<String>,
    /// A system prompt.
    #[arg(long)]
    pub(crate) system: Option<String>,
    /// What to ask [default: standard input].
    pub(crate) prompt: Vec<String>,
}

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Usage {
    /// `day`, `model`, `provider`, `credential` or `source`.
    #[arg(long, default_value = "day")]
    pub(crate) by: String,
    /// Comma-separated values.
    #[arg(long)]
    pub(crate) csv: bool,
    #[command(subcommand)]
    pub(crate) command: Option<UsageCommand>,
}

/// What else is done with usage.
#[derive(Subcommand)]
pub(crate) enum UsageCommand {
    /// Compare a provider's own bill, its CSV export, with the ledger; nothing is changed.
    Reconcile {
        /// The export; `-`: standard input.
        file: PathBuf,
        /// Whose bill it is.
        #[arg(long)]
        provider: String,
        /// The id of the key that it is of [default: all shared keys for an admin, else your own].
        #[arg(long)]
        credential: Option<String>,
    },
}
