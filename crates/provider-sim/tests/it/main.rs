//! The scripted provider over raw HTTP: its answers against the fixtures, its faults as bytes, its bill.

#![expect(clippy::expect_used, reason = "a helper that cannot do its part has failed the test")]

mod answers;
mod bill;
mod client;
mod doors;
mod faults;
mod passed;
mod shape;
mod wires;
