//! The words and the decisions of Ownkey.
//!
//! Everything here is a value or a function of values: no async, no clock, no
//! database, no network. Which key serves a call, what an answer costs and who
//! may do what is decided here and nowhere else, so it can be tested by tables.
//!
//! Reading order: the words first, the decisions after them.

// The words.
pub mod ambient;
pub mod ids;
pub mod master_key_id;
pub mod text;
pub mod time;

pub mod money;
pub mod secret;

pub mod origin;
pub mod provider;

pub mod caller;
pub mod credential;
pub mod credential_kind;
pub mod csv;
pub mod custom_header;
pub mod gateway_token;

pub mod attempt;
pub mod audit;
pub mod conversation;
pub mod model;
pub mod organization;
pub mod reconcile;
pub mod unusual;
pub mod usage;

// The decisions.
pub mod access;
pub mod admission;
pub mod alias;
pub mod budget;
pub mod cooling;
pub mod key_paste;
pub mod key_shape;
pub mod limit;
pub mod price_book;
pub mod recheck;
pub mod registration;
pub mod resolve;
pub mod secret_reference;
pub mod service;
pub mod spread;

pub use ambient::{Clock, Entropy};
pub use caller::Caller;
pub use master_key_id::MasterKeyId;
pub use money::{Nanos, Price};
pub use origin::Origin;
pub use provider::ProviderId;
pub use secret::Secret;
pub use time::Timestamp;

/// Gives an enum its one spelling for the database, JSON and people: `as_str`,
/// `FromStr` and `Display` from a single table.
#[macro_export]
macro_rules! text_enum {
    ($name:ident, $noun:literal { $($variant:ident => $text:literal),* $(,)? }) => {
        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The one spelling of this value.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    _ => Err(format!("unknown {}; expected one of: {}", $noun, [$($text),*].join(", "))),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
