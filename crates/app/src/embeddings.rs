//! Vectors of texts, from a client's body to a metered answer. Where the provider
//! takes the client's format, its bytes pass with the model rewritten; else the
//! texts are asked for in the provider's words.

use std::borrow::Cow;

use domain::model::ModelKind;
use domain::{Caller, ProviderId};
use llm::UpstreamError;
use llm::client::Incoming;
use llm::embeddings::{EmbeddingRequest, Form, fit_answer, provider};
use llm::parameters::Unsupported;
use llm::wire::{self, AnswerFacts, ClientRequest, Fitting, Target, azure};

use crate::App;
use crate::attempt::{Ask, Question, Read, Refused, Run, Stop, failure};
use crate::call::{Answered, Call, Content};
use crate::calling::{self, Errand};
use crate::error::{Code, Error, Result};
use crate::meter::Meter;
use crate::naming::{self, Place};

/// Answers a call for vectors.
///
/// # Errors
/// Whatever stands in the way, as the client may hear it. Every upstream call
/// that was made has its ledger row by then.
pub async fn create(app: &App, caller: &Caller, call: Call, form: Form) -> Result<Answered> {
    let request = form.read(&call.body, call.url_words()).map_err(|problem| failure::of_request(&problem))?;
    let errand = Errand { app, caller, call: &call };
    calling::complete(errand, &mut Vectors { form, request }).await
}

fn makes_none(provider: ProviderId, model: &str) -> Error {
    let (name, model) = (provider.display_name(), naming::shown(model));
    let sentence = format!(
        "{name} makes no vectors, so “{model}” cannot embed. Name an embedding model of another provider, such as OpenAI, \
         Google, Mistral or Ollama."
    );
    Error::new(Code::EndpointNotSupported, sentence).of_field("model")
}

/// What a client asks.
struct Vectors<'a> {
    form: Form,
    request: ClientRequest<'a>,
}

/// How a question was put.
enum Put {
    /// As the client wrote it.
    AsItCame,
    /// In the provider's words.
    Translated(EmbeddingRequest),
}

impl Ask for Vectors<'_> {
    type Spoken = Put;

    fn model(&self) -> &str {
        &self.request.model
    }

    fn kind(&self) -> Option<ModelKind> {
        Some(ModelKind::Embedding)
    }

    fn suits(&self, place: &Place) -> Result<()> {
        match provider::dialect(place.provider) {
            Some(_) => Ok(()),
            None => Err(makes_none(place.provider, &place.upstream_id)),
        }
    }

    fn conversation(&self) -> Option<Cow<'_, str>> {
        self.request.conversation()
    }

    fn prompt_characters(&self) -> u64 {
        self.request.prompt_characters
    }

    fn may_leave_out(&self, field: &str) -> bool {
        self.request.may_leave_out(field)
    }

    fn leave_out(&mut self, field: &str) {
        self.request.leave_out(field);
    }

    async fn question(&self, errand: Errand<'_>, target: &Target<'_>) -> Result<(Put, Question)> {
        let dialect = provider::dialect_at(target).ok_or_else(|| makes_none(target.provider, target.model))?;
        let mut fitting = Fitting::new(*target, self.form.wire(), errand.is_lenient());
        let (put, path, pieces, dropped) = if self.form.passes_to(dialect) {
            let prepared =
                self.form.prepare(&self.request, &mut fitting).map_err(|problem| of_unsupported(&problem))?;
            (Put::AsItCame, self.form.path(dialect, target.model), prepared.pieces, prepared.dropped)
        } else {
            let neutral = self.form.to_neutral(&self.request).map_err(|problem| failure::of_request(&problem))?;
            let body = provider::encode(dialect, &neutral, &mut fitting).map_err(|problem| of_unsupported(&problem))?;
            let path = provider::path(dialect, target.model);
            (Put::Translated(neutral), path, vec![body], fitting.into_dropped())
        };
        let name = target.provider.facts().wire;
        let question = Question {
            wire: name,
            path: azure::path(target, path),
            is_below_version: dialect != provider::Dialect::Ollama,
            headers: wire::of(name).map(|wire| wire.headers(target)).unwrap_or_default(),
            pieces,
            dropped,
        };
        Ok((put, question))
    }

    fn read_error(&self, _: &Put, refused: &Refused<'_>) -> UpstreamError {
        provider::read_error(refused.provider, refused.status, refused.headers, refused.body)
    }

    async fn read(
        &self,
        run: &Run<'_, Self>,
        put: Put,
        incoming: Incoming,
        mut meter: Meter,
    ) -> std::result::Result<Read, Stop> {
        let Incoming { status, body, .. } = incoming;
        let provider = run.place.provider;
        let body = run.whole(body, &mut meter).await?;
        let read = match &put {
            Put::AsItCame => provider::inspect(provider, &body).map(|facts| {
                let body = if self.form == Form::OpenAi { fit_answer(&self.request, provider, body) } else { body };
                (body, facts)
            }),
            Put::Translated(asked) => provider::decode(provider, &body)
                .and_then(|answer| provider::checked(provider, asked, answer))
                .map(|mut answer| {
                    if answer.model.is_empty() {
                        answer.model.clone_from(&run.place.upstream_id);
                    }
                    let facts = AnswerFacts {
                        usage: answer.usage,
                        absurd: answer.usage_is_absurd,
                        cost: answer.cost,
                        ..AnswerFacts::default()
                    };
                    (self.form.encode_answer(&answer, asked), facts)
                }),
        };
        match read {
            Ok((body, facts)) => {
                let cost = meter.finish_answer(&facts);
                Ok(Read { content: Content::Whole { status, body, is_stream: false }, cost })
            }
            Err(error) => Err(run.failed_whole(error, &mut meter)),
        }
    }
}

fn of_unsupported(unsupported: &Unsupported) -> Error {
    Error::new(Code::UnsupportedParameter, unsupported.to_string()).of_field(&unsupported.field)
}
