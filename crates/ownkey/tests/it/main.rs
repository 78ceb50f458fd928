//! The product over HTTP, as its users meet it. One binary; the tree mirrors
//! what is tested.

mod aliases;
mod bad_input;
mod browser;
mod canary;
mod chat;
mod cli;
mod clients;
mod contract;
mod counting;
mod crash;
mod credentials;
mod dialects;
mod docs;
mod doors;
mod embeddings;
mod events;
mod failover;
mod faults;
mod health;
mod hostile;
mod idempotency;
mod invariants;
mod kept_answers;
mod keyring;
mod libraries;
mod lock_out;
mod model_lists;
mod opaque;
mod openapi;
mod pictures;
mod postgres;
mod sign_in;
mod status;
mod tries;
mod usage;
