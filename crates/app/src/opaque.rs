//! Calls that pass as they are: completions, audio, images, moderations, rerank.
//! Whose key, whether the caller may, where it may go and what becomes of a
//! failing key are as for a chat; what is asked and answered is not looked into,
//! but for the model's name and what an answer says of its use.

use std::borrow::Cow;

use domain::model::ModelKind;
use domain::provider::WireName;
use domain::{Caller, ProviderId};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use llm::UpstreamError;
use llm::client::Incoming;
use llm::opaque::{self, Family, Media, Request, Route};
use llm::wire::{self, Target};

use crate::App;
use crate::attempt::{AnswerLength, Ask, Question, Read, Refused, Run, Stop, failure};
use crate::call::{Answered, Call, Content};
use crate::calling::{self, Errand};
use crate::chat::AnswerStream;
use crate::error::{Code, Error, Result};
use crate::meter::{Meter, Reckoning};
use crate::naming::Place;

/// Passes a call on.
///
/// # Errors
/// Whatever stands in the way, as the client may hear it. Every upstream call
/// that was made has its ledger row by then.
pub async fn pass(app: &App, caller: &Caller, call: Call, route: &Route, media: &Media) -> Result<Answered> {
    let request = Request::read(route.family, media, &call.body).map_err(|problem| failure::of_request(&problem))?;
    let errand = Errand { app, caller, call: &call };
    calling::complete(errand, &mut Opaque { route, request }).await
}

fn not_there(family: Family, provider: ProviderId) -> Error {
    let (name, root) = (provider.display_name(), family.root());
    let others = ProviderId::all().filter(|other| family.is_for(*other) && *other != ProviderId::Custom);
    let others: Vec<&str> = others.map(ProviderId::display_name).collect();
    Error::new(
        Code::EndpointNotSupported,
        format!(
            "{name} has nothing at /v1{root}. Name a model of a provider that may: {}, or an OpenAI-compatible endpoint.",
            others.join(", ")
        ),
    )
    .of_field("model")
}

/// What a client asks.
struct Opaque<'a> {
    route: &'a Route,
    request: Request<'a>,
}

impl Ask for Opaque<'_> {
    type Spoken = ();

    fn model(&self) -> &str {
        &self.request.model
    }

    fn kind(&self) -> Option<ModelKind> {
        None
    }

    fn suits(&self, place: &Place) -> Result<()> {
        let family = self.route.family;
        if family.is_for(place.provider) { Ok(()) } else { Err(not_there(family, place.provider)) }
    }

    fn conversation(&self) -> Option<Cow<'_, str>> {
        self.request.conversation()
    }

    fn streams(&self) -> bool {
        self.request.stream
    }

    fn prompt_characters(&self) -> u64 {
        0
    }

    fn priced_characters(&self, errand: Errand<'_>) -> u64 {
        errand.call.body.len() as u64
    }

    fn answer_length(&self) -> AnswerLength {
        AnswerLength { named: self.request.max_tokens(), choices: self.request.choices(), may_be_limited: false }
    }

    fn reckoning(&self, provider: ProviderId) -> Reckoning {
        let family = self.route.family;
        match family.counts_text() {
            _ if family.is_free_at(provider) => Reckoning::Free,
            true => Reckoning::Told,
            false => Reckoning::ToldUnpriced,
        }
    }

    async fn question(&self, errand: Errand<'_>, target: &Target<'_>) -> Result<((), Question)> {
        let (pieces, kind) = self.request.with_model(&errand.call.body, target.model);
        let mut headers = wire::of(WireName::OpenAiChat).map(|wire| wire.headers(target)).unwrap_or_default();
        headers.extend(kind.map(|kind| (CONTENT_TYPE, kind)));
        let path = self.route.path(target);
        let (wire, dropped) = (WireName::OpenAiChat, Vec::new());
        Ok(((), Question { wire, path, is_below_version: true, headers, pieces, dropped }))
    }

    fn read_error(&self, (): &(), refused: &Refused<'_>) -> UpstreamError {
        wire::openai_chat::errors::read(refused.provider, refused.status, refused.headers, refused.body)
    }

    async fn read(
        &self,
        run: &Run<'_, Self>,
        (): (),
        incoming: Incoming,
        mut meter: Meter,
    ) -> std::result::Result<Read, Stop> {
        let Incoming { status, headers, body } = incoming;
        let provider = run.place.provider;
        let kind = kind_of(&headers);
        if kind != "application/json" {
            let way = opaque::passage(provider, self.route.family, kind == "text/event-stream");
            let stream = AnswerStream::new(body, way, meter, provider, run.keeper(), None);
            let mut stream = stream.of_kind(opaque::passed_type(text_of(&headers)));
            // The first bytes decide: an error in them is still an error with a status.
            return match stream.prime().await {
                Ok(()) => Ok(Read { content: Content::Stream(Box::new(stream)), cost: None }),
                Err(error) => Err(run.failed(error)),
            };
        }
        let body = run.whole(body, &mut meter).await?;
        match opaque::inspect(provider, &body) {
            Ok(facts) => {
                let cost = meter.finish_answer(&facts);
                Ok(Read { content: Content::Whole { status, body, is_stream: false }, cost })
            }
            Err(error) => Err(run.failed_whole(error, &mut meter)),
        }
    }
}

fn text_of(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("")
}

fn kind_of(headers: &HeaderMap) -> String {
    text_of(headers).split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}
