//! The product over HTTP, as its users meet it. One binary; the tree mirrors
//! what is tested.

mod chat;
mod faults;
mod invariants;
