//! The only SQL, and the vault.
//!
//! One set of queries serves SQLite and PostgreSQL; only the tables' definitions
//! are written twice. A secret enters as a [`domain::Secret`], is stored sealed,
//! and leaves as a `Secret`. An administrative change can be committed only
//! together with the audit row that tells of it; an upstream call can be
//! dispatched only after its ledger row is committed.
//!
//! Reading order: how a store is opened, how secrets are kept, how changes are
//! made and told, then the tables one by one, and the ledger last.

// The house itself.
pub mod error;
pub mod inspect;
mod migrate;
pub mod open;
mod row;

// Secrets.
pub mod keyring;
pub mod rewrap;
mod sealed_columns;
pub mod server_secrets;
pub mod vault;

// Changes, and who is told.
pub mod audit;
pub mod changes;
pub mod health_feed;
pub mod mutation;

// The tables.
pub mod aliases;
pub mod budgets;
pub mod conversations;
pub mod cooldowns;
pub mod credentials;
pub mod environment_health;
pub mod idempotency;
pub mod identities;
pub mod invitations;
pub mod kept_answers;
pub mod key_checks;
pub mod login_failures;
pub mod memberships;
pub mod model_lists;
pub mod organizations;
pub mod prices;
pub mod rate_windows;
pub mod registrations;
pub mod replay_state;
pub mod sessions;
pub mod setup_codes;
pub mod spreads;
pub mod teams;
pub mod tokens;
pub mod tries;
pub mod users;
pub mod webhooks;

// Calls and money.
pub mod ledger;
#[cfg(feature = "bench")]
pub mod seed;
pub mod unusual;
pub mod usage;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use changes::{ChangeKind, ChangeWatch, Hint, Verb};
pub use error::StoreError;
pub use keyring::Keyring;
pub use ledger::{AttemptStart, Ledger, LedgerError, Settlement};
pub use mutation::Mutation;
pub use open::{Dialect, OpenError, OpenOptions, Store};
pub use vault::{MasterKeyProblem, MasterKeys, Payload, RowIdentity, Sealed, Undecryptable, Vault};
