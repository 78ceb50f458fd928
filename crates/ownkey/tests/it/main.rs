//! The product over HTTP, as its users meet it. One binary; the tree mirrors
//! what is tested.

mod bad_input;
mod browser;
mod canary;
mod chat;
mod cli;
mod clients;
mod contract;
mod crash;
mod credentials;
mod dialects;
mod docs;
mod doors;
mod events;
mod failover;
mod faults;
mod health;
mod idempotency;
mod invariants;
mod keyring;
mod lock_out;
mod openapi;
mod postgres;
mod sign_in;
mod status;
