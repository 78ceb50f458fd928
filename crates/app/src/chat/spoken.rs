//! What is spoken on both sides of a call. The same wire: bytes pass as they
//! are. Two wires: everything goes through the neutral form.

use bytes::Bytes;
use domain::provider::WireName;
use domain::{Caller, ProviderId};
use llm::UpstreamError;
use llm::neutral::ReplayState;
use llm::wire::gemini::AsArray;
use llm::wire::{
    self, About, AnswerFacts, ClientRequest, ClientWire, Fitting, Passage, Prepared, Target, Wire, choice,
};

use super::pictures::Pictures;
use crate::App;
use crate::attempt::failure;
use crate::error::{Code, Error};
use crate::replay;

/// The wires of one attempt.
pub(super) struct Spoken {
    client: &'static dyn ClientWire,
    upstream: &'static dyn Wire,
    is_same: bool,
    wants_array: bool,
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
    /// Between a client of this wire and the target, for this request.
    ///
    /// # Errors
    /// When this version does not call the target's provider.
    pub(super) fn between(
        client: &'static dyn ClientWire,
        target: &Target<'_>,
        request: &ClientRequest<'_>,
    ) -> Result<Self, Error> {
        let name = choice::upstream_wire(target, client.name(), choice::asked(client.name(), request));
        let upstream = wire::of(name).ok_or_else(|| {
            Error::new(
                Code::EndpointNotSupported,
                format!(
                    "Ownkey cannot call {} yet. Choose a model of another provider.",
                    target.provider.display_name()
                ),
            )
        })?;
        Ok(Self {
            client,
            upstream,
            is_same: choice::passes(client.name(), name, request),
            wants_array: request.wants_array,
        })
    }

    /// What the provider speaks.
    pub(super) fn upstream(&self) -> &'static dyn Wire {
        self.upstream
    }

    /// Whether bytes pass as they are.
    pub(super) const fn is_same(&self) -> bool {
        self.is_same
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
        (app, caller, pictures): (&App, &Caller, &Pictures),
        (request, whole): (&ClientRequest<'_>, &Bytes),
        target: &Target<'_>,
        lenient: bool,
    ) -> Result<Prepared, Error> {
        if self.is_same() {
            return self.client.prepare(request, whole, target, lenient).map_err(|problem| of_unsupported(&problem));
        }
        let mut neutral = self.client.to_neutral(request).map_err(|problem| failure::of_request(&problem))?;
        replay::restore(app, caller, self.upstream.name(), &mut neutral).await;
        pictures.put_in(app, self.upstream, target.provider, &mut neutral).await?;
        let mut fitting = Fitting::new(*target, self.client.name(), lenient);
        let body = self.upstream.encode(&neutral, &mut fitting).map_err(|problem| of_unsupported(&problem))?;
        Ok(Prepared::of(body, fitting.into_dropped()))
    }

    /// Whether the client's format has something to say while nothing happens: a
    /// comment, or an event that means nothing. A JSON array has not, and some of
    /// Google's clients read no comments.
    pub(super) fn has_words_for_silence(&self) -> bool {
        !self.wants_array && self.client.name() != WireName::Gemini
    }

    /// The way for a streamed answer.
    pub(super) fn passage(&self, provider: ProviderId, about: About) -> Box<dyn Passage> {
        let passage = if self.is_same() {
            self.client.pass_through(provider, about.include_usage)
        } else {
            Box::new(wire::Translation::new(self.upstream.decode_stream(provider), self.client.encode_stream(about)))
        };
        if self.wants_array { Box::new(AsArray::new(passage)) } else { passage }
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
        Ok(WholeAnswer { body: self.framed(provider, Bytes::from(events)), facts, replay })
    }

    /// Events as the client wants them.
    fn framed(&self, provider: ProviderId, events: Bytes) -> Bytes {
        if !self.wants_array {
            return events;
        }
        let (mut array, mut out) = (AsArray::new(self.client.pass_through(provider, true)), Vec::new());
        array.push(events, &mut out);
        array.finish(&mut out);
        Bytes::from(out.concat())
    }
}

fn of_unsupported(unsupported: &llm::parameters::Unsupported) -> Error {
    Error::new(Code::UnsupportedParameter, unsupported.to_string()).of_field(&unsupported.field)
}
