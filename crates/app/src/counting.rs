//! The tokens of a request, without an answer to it: asked of providers that
//! count for free, estimated for the others. A provider that counts is called
//! like for anything else, with a row that says it cost nothing; an estimate
//! calls nobody and has none.

use bytes::Bytes;
use domain::attempt::ErrorClass;
use domain::model::ModelKind;
use domain::provider::WireName;
use domain::{Caller, ProviderId};
use llm::UpstreamError;
use llm::client::Incoming;
use llm::wire::{self, AnswerFacts, ClientRequest, Fitting, Target, count};

use crate::App;
use crate::attempt::{Ask, Question, Read, Refused, Run, Stop, failure};
use crate::call::{Answered, Call, Content};
use crate::calling::{self, Errand};
use crate::error::{Code, Error, Result};
use crate::kinds;
use crate::meter::{Meter, Reckoning};

/// A number of tokens, in the client's words.
pub enum Counted {
    /// The provider counted.
    Told(Answered),
    /// Nobody did: it is an estimate.
    Estimated {
        /// The provider that would answer.
        provider: ProviderId,
        /// Its id of the model.
        model: String,
        /// The answer.
        body: Bytes,
    },
}

/// Counts the tokens of a request.
///
/// # Errors
/// Whatever stands in the way, as the client may hear it. Every upstream call
/// that was made has its ledger row by then.
pub async fn count(app: &App, caller: &Caller, call: Call) -> Result<Counted> {
    let request = count::read(call.wire, &call.body, call.url_words())
        .ok_or_else(not_asked_so)?
        .map_err(|problem| failure::of_request(&problem))?;
    let errand = Errand { app, caller, call: &call };
    let mut question = Count { client: call.wire, request };
    let (targets, place) = calling::would_answer(errand, &question).await?;
    kinds::suits(Some(ModelKind::Chat), &targets.reach, &place)?;
    if counts(place.provider) {
        match calling::at_place(errand, &mut question, &targets, &place).await {
            // What the provider would not take, it would not count either.
            Err(error) if error.code == Code::UnsupportedParameter => {}
            answered => return answered.map(Counted::Told),
        }
    }
    let neutral = count::to_neutral(call.wire, &question.request)
        .ok_or_else(not_asked_so)?
        .map_err(|problem| failure::of_request(&problem))?;
    let body = count::answer(call.wire, count::estimated(&neutral));
    Ok(Counted::Estimated { provider: place.provider, model: place.upstream_id, body })
}

/// Whether the provider counts for those who ask.
fn counts(provider: ProviderId) -> bool {
    matches!(provider.facts().wire, WireName::AnthropicMessages | WireName::Gemini)
}

fn not_asked_so() -> Error {
    Error::new(
        Code::EndpointNotSupported,
        "Nobody counts tokens in this format. Use /v1/messages/count_tokens or :countTokens.",
    )
}

/// What a client asks.
struct Count<'a> {
    client: WireName,
    request: ClientRequest<'a>,
}

impl Ask for Count<'_> {
    type Spoken = WireName;

    fn model(&self) -> &str {
        &self.request.model
    }

    fn kind(&self) -> Option<ModelKind> {
        Some(ModelKind::Chat)
    }

    fn prompt_characters(&self) -> u64 {
        self.request.prompt_characters
    }

    fn reckoning(&self, _: ProviderId) -> Reckoning {
        Reckoning::Free
    }

    async fn question(&self, errand: Errand<'_>, target: &Target<'_>) -> Result<(WireName, Question)> {
        let call = errand.call;
        let name = target.provider.facts().wire;
        let upstream = wire::of(name).ok_or_else(not_asked_so)?;
        // Leniency is for answers; what a count leaves out makes it wrong.
        let mut fitting = Fitting::new(*target, self.client, false);
        let mut headers = upstream.headers(target);
        let question = if name == self.client {
            headers.extend(call.wire_headers.iter().cloned());
            count::prepare(self.client, &self.request, &fitting)
        } else {
            let neutral = count::to_neutral(self.client, &self.request)
                .ok_or_else(not_asked_so)?
                .map_err(|problem| failure::of_request(&problem))?;
            let question = count::call(name, &neutral, &mut fitting).transpose();
            question.map_err(|problem| Error::new(Code::UnsupportedParameter, problem.to_string()))?
        };
        let question = question.ok_or_else(not_asked_so)?;
        let question = Question {
            wire: name,
            path: question.path,
            is_below_version: upstream.is_below_version(),
            headers,
            pieces: vec![question.body],
            dropped: Vec::new(),
        };
        Ok((name, question))
    }

    fn read_error(&self, spoken: &WireName, refused: &Refused<'_>) -> UpstreamError {
        match wire::of(*spoken) {
            Some(wire) => wire.read_error(refused.provider, refused.status, refused.headers, refused.body),
            None => no_number(refused.provider),
        }
    }

    async fn read(
        &self,
        run: &Run<'_, Self>,
        spoken: WireName,
        incoming: Incoming,
        mut meter: Meter,
    ) -> std::result::Result<Read, Stop> {
        let Incoming { status, body, .. } = incoming;
        let body = run.whole(body, &mut meter).await?;
        let Some(tokens) = count::counted(spoken, &body) else {
            return Err(run.failed_whole(no_number(run.place.provider), &mut meter));
        };
        let cost = meter.finish_answer(&AnswerFacts::default());
        let body = if spoken == self.client { body } else { count::answer(self.client, tokens) };
        Ok(Read { content: Content::Whole { status, body, is_stream: false }, cost })
    }
}

fn no_number(provider: ProviderId) -> UpstreamError {
    let name = provider.display_name();
    UpstreamError::ours(
        ErrorClass::ServerError,
        format!("{name} answered a count without a number of tokens. Send the request again."),
    )
}
