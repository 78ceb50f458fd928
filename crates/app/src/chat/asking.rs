//! A chat as a question to a provider, and its answer: the whole of it, or the
//! start of a stream.

use std::borrow::Cow;

use domain::model::ModelKind;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use llm::UpstreamError;
use llm::client::Incoming;
use llm::wire::{About, ClientRequest, ClientWire, Target};

use super::Content;
use super::pictures::Pictures;
use super::spoken::Spoken;
use super::stream::AnswerStream;
use crate::attempt::{Ask, Question, Read, Refused, Run, Stop};
use crate::calling::Errand;
use crate::error::Result;
use crate::meter::Meter;
use crate::replay;

/// What a client asks.
pub(super) struct Chat<'a> {
    pub(super) client: &'static dyn ClientWire,
    pub(super) request: ClientRequest<'a>,
    /// What was fetched for it.
    pub(super) pictures: Pictures,
}

impl Ask for Chat<'_> {
    type Spoken = Spoken;

    fn model(&self) -> &str {
        &self.request.model
    }

    fn kind(&self) -> Option<ModelKind> {
        Some(ModelKind::Chat)
    }

    fn conversation(&self) -> Option<Cow<'_, str>> {
        self.request.conversation()
    }

    fn streams(&self) -> bool {
        self.request.stream
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

    async fn question(&self, errand: Errand<'_>, target: &Target<'_>) -> Result<(Spoken, Question)> {
        let Errand { app, caller, call } = errand;
        let spoken = Spoken::between(self.client, target, &self.request)?;
        let prepared = spoken
            .prepare((app, caller, &self.pictures), (&self.request, &call.body), target, errand.is_lenient())
            .await?;
        let upstream = spoken.upstream();
        let mut headers = upstream.headers(target);
        if spoken.is_same() {
            headers.extend(call.wire_headers.iter().cloned());
        }
        let question = Question {
            wire: spoken.name(),
            path: upstream.path(target, self.request.stream),
            is_below_version: upstream.is_below_version(),
            headers,
            pieces: prepared.pieces,
            dropped: prepared.dropped,
        };
        Ok((spoken, question))
    }

    fn read_error(&self, spoken: &Spoken, refused: &Refused<'_>) -> UpstreamError {
        spoken.upstream().read_error(refused.provider, refused.status, refused.headers, refused.body)
    }

    async fn read(
        &self,
        run: &Run<'_, Self>,
        spoken: Spoken,
        incoming: Incoming,
        mut meter: Meter,
    ) -> std::result::Result<Read, Stop> {
        let Incoming { status, headers, body } = incoming;
        let (errand, provider) = (run.errand, run.place.provider);
        if self.request.stream && is_stream(&headers) {
            let pass = spoken.passage(provider, self.about(run, &meter));
            let keep_alive = spoken.has_words_for_silence().then(|| errand.app.upstream.clocks().keep_alive);
            let mut stream = AnswerStream::new(body, pass, meter, provider, run.keeper(), keep_alive);
            // The first bytes decide: an error in them is still an error with a status.
            return match stream.prime().await {
                Ok(()) => Ok(Read { content: Content::Stream(Box::new(stream)), cost: None }),
                Err(error) => Err(run.failed(error)),
            };
        }
        let body = run.whole(body, &mut meter).await?;
        match spoken.whole(provider, body, self.about(run, &meter), self.request.stream) {
            Ok(whole) => {
                replay::keep(errand.app, errand.caller, whole.replay).await;
                let cost = meter.finish_answer(&whole.facts);
                let content = Content::Whole { status, body: whole.body, is_stream: self.request.stream };
                Ok(Read { content, cost })
            }
            Err(error) => Err(run.failed_whole(error, &mut meter)),
        }
    }
}

impl Chat<'_> {
    /// What the answer says of itself where we write it.
    fn about(&self, run: &Run<'_, Self>, meter: &Meter) -> About {
        About {
            id: meter.attempt_text().replace('-', ""),
            model: run.place.upstream_id.clone(),
            created: run.errand.app.clock.now().as_seconds(),
            include_usage: self.request.include_usage,
        }
    }
}

/// Server-sent events, or Ollama's lines.
fn is_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let kind = kind.trim_start().to_ascii_lowercase();
    kind.starts_with("text/event-stream") || kind.starts_with("application/x-ndjson")
}
