//! What is spoken on both sides of a call. The same wire: bytes pass as they
//! are. Two wires: everything goes through the neutral form.

use bytes::Bytes;
use domain::provider::WireName;
use domain::{Caller, ProviderId};
use llm::UpstreamError;
use llm::neutral::ReplayState;
use llm::wire::{self, About, AnswerFacts, ClientRequest, ClientWire, Fitting, Passage, Prepared, Target, Wire};

use super::failure;
use crate::App;
use crate::error::{Code, Error};
use crate::replay;

/// The wires of one attempt.
pub(super) struct Spoken {
    client: &'static dyn ClientWire,
    upstream: &'static dyn Wire,
}

/// A whole answer in the client's words.
pub(super) struct WholeAnswer {
    /// A body, or the events of a stream.
    pub(super) body: Bytes,
    pub(super) facts: AnswerFacts,
    /// What the provider wants back when the conversation goes on.
    pub(super) replay: Vec<ReplayState>,
}

impl Spoken {
    /// Between a client of this wire and the target.
    ///
    /// # Errors
    /// When this version does not call the target's provider.
    pub(super) fn between(client: &'static dyn ClientWire, target: &Target<'_>) -> Result<Self, Error> {
        let name = wire::spoken_to(target, client.name());
        let upstream = wire::of(name).ok_or_else(|| {
            Error::new(
                Code::EndpointNotSupported,
                format!(
                    "Ownkey cannot call {} yet. Choose a model of another provider.",
                    target.provider.display_name()
                ),
            )
        })?;
        Ok(Self { client, upstream })
    }

    /// What the provider speaks.
    pub(super) fn upstream(&self) -> &'static dyn Wire {
        self.upstream
    }

    /// Whether bytes pass as they are.
    pub(super) fn is_same(&self) -> bool {
        self.client.name() == self.upstream.name()
    }

    /// The name of what the provider speaks.
    pub(super) fn name(&self) -> WireName {
        self.upstream.name()
    }

    /// The body for the provider.
    ///
    /// # Errors
    /// What the client is told about a field that cannot be sent.
    pub(super) async fn prepare(
        &self,
        (app, caller): (&App, &Caller),
        request: &ClientRequest<'_>,
        target: &Target<'_>,
        lenient: bool,
    ) -> Result<Prepared, Error> {
        if self.is_same() {
            return self.client.prepare(request, target, lenient).map_err(|problem| of_unsupported(&problem));
        }
        let mut neutral = self.client.to_neutral(request).map_err(|problem| failure::of_request(&problem))?;
        replay::restore(app, caller, self.upstream.name(), &mut neutral).await;
        let mut fitting = Fitting::new(*target, self.client.name(), lenient);
        let body = self.upstream.encode(&neutral, &mut fitting).map_err(|problem| of_unsupported(&problem))?;
        Ok(Prepared { body, dropped: fitting.into_dropped() })
    }

    /// The way for a streamed answer.
    pub(super) fn passage(&self, provider: ProviderId, about: About) -> Box<dyn Passage> {
        if self.is_same() {
            return self.client.pass_through(provider, about.include_usage);
        }
        Box::new(wire::Translation::new(self.upstream.decode_stream(provider), self.client.encode_stream(about)))
    }

    /// Reads a whole answer; `as_stream`: the client asked for a stream.
    ///
    /// # Errors
    /// The failure that came in its place.
    pub(super) fn whole(
        &self,
        provider: ProviderId,
        body: Bytes,
        about: About,
        as_stream: bool,
    ) -> Result<WholeAnswer, UpstreamError> {
        if self.is_same() && !as_stream {
            let facts = self.client.inspect_answer(provider, &body)?;
            return Ok(WholeAnswer { body, facts, replay: Vec::new() });
        }
        let answer = self.upstream.decode_answer(provider, &body)?;
        let facts = AnswerFacts::of(&answer);
        let first_call = answer.tool_calls.first().map(|call| call.id.as_str());
        let replay = ReplayState::of_calls(answer.replay.clone(), first_call);
        let about = About { model: facts.response_model.clone().unwrap_or_else(|| about.model.clone()), ..about };
        if !as_stream {
            return Ok(WholeAnswer { body: self.client.encode_answer(&answer, &about), facts, replay });
        }
        let (mut encoder, mut events) = (self.client.encode_stream(about), Vec::new());
        for event in wire::stream_of(answer) {
            encoder.push(&event, &mut events);
        }
        Ok(WholeAnswer { body: Bytes::from(events), facts, replay })
    }
}

fn of_unsupported(unsupported: &llm::parameters::Unsupported) -> Error {
    Error::new(Code::UnsupportedParameter, unsupported.to_string()).of_field(&unsupported.field)
}
