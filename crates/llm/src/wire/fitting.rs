//! Fitting a neutral request to a target: what has no effect on the answer is
//! left out and told; what would change it is refused, unless the caller asked
//! for leniency.

use domain::provider::WireName;

use super::Target;
use crate::neutral::{ChatRequest, Extra};
use crate::parameters::{self, Unsupported};

/// The fate of what a target cannot take.
#[derive(Debug)]
pub struct Fitting<'a> {
    /// Where the request goes.
    pub target: Target<'a>,
    client: WireName,
    lenient: bool,
    dropped: Vec<String>,
}

impl<'a> Fitting<'a> {
    /// For a request that came in the `client`'s wire.
    #[must_use]
    pub const fn new(target: Target<'a>, client: WireName, lenient: bool) -> Self {
        Self { target, client, lenient, dropped: Vec::new() }
    }

    /// Leaves out a field that has no effect there. Named in openai-chat's words.
    pub fn drop(&mut self, field: &str) {
        let name = parameters::client_name(self.client, field);
        if !self.dropped.iter().any(|dropped| dropped == name) {
            self.dropped.push(name.to_owned());
        }
    }

    /// A field that would change the answer and cannot be had, in openai-chat's
    /// words.
    ///
    /// # Errors
    /// [`Unsupported`], unless leniency was asked for: then it is left out.
    pub fn refuse(&mut self, field: &str) -> Result<(), Unsupported> {
        if self.lenient {
            self.drop(field);
            return Ok(());
        }
        let field = parameters::client_name(self.client, field).to_owned();
        Err(Unsupported { field, model: self.target.model.to_owned(), provider: self.target.provider })
    }

    /// The refusal of a field that leniency does not help: without it the request
    /// would be another.
    #[must_use]
    pub fn impossible(&self, field: &str) -> Unsupported {
        let field = parameters::client_name(self.client, field).to_owned();
        Unsupported { field, model: self.target.model.to_owned(), provider: self.target.provider }
    }

    /// Decides about every extra that `takes` does not say is taken.
    ///
    /// # Errors
    /// [`Unsupported`], for one that would change the answer.
    pub fn leave_extras(&mut self, request: &ChatRequest, takes: impl Fn(&str) -> bool) -> Result<(), Unsupported> {
        self.leave(&request.extras, takes)
    }

    /// Decides about every one of these fields that `takes` does not say is
    /// taken.
    ///
    /// # Errors
    /// [`Unsupported`], for one that would change the answer.
    pub fn leave(&mut self, extras: &[Extra], takes: impl Fn(&str) -> bool) -> Result<(), Unsupported> {
        for extra in extras.iter().filter(|extra| !takes(&extra.field)) {
            let is_default = || parameters::is_default(&extra.field, extra.value.to_string().as_bytes());
            if parameters::is_without_effect(&extra.field) || is_default() {
                self.drop(&extra.field);
            } else {
                self.refuse(&extra.field)?;
            }
        }
        Ok(())
    }

    /// The client's fields that were left out, in the client's words.
    #[must_use]
    pub fn into_dropped(self) -> Vec<String> {
        self.dropped
    }
}
