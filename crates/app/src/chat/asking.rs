//! A chat as a question to a provider, and its answer: the whole of it, or the
//! start of a stream.

use std::borrow::Cow;
use std::sync::Arc;

use domain::ids::CredentialId;
use domain::model::ModelKind;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use llm::UpstreamError;
use llm::client::Incoming;
use llm::media::Media;
use llm::wire::{About, ClientRequest, ClientWire, Target};
use tokio::sync::oneshot;

use super::Content;
use super::pictures::Pictures;
use super::spoken::Spoken;
use super::stream::AnswerStream;
use crate::attempt::{AnswerLength, Ask, Question, Read, Refused, Run, Stop};
use crate::calling::Errand;
use crate::error::Result;
use crate::meter::Meter;
use crate::naming::Place;
use crate::reach::{Key, Reach};
use crate::{kept, replay, tries};

/// What a client asks.
pub(super) struct Chat<'a> {
    pub(super) client: &'static dyn ClientWire,
    pub(super) request: ClientRequest<'a>,
    /// The longest answer, where whoever built the call says so.
    pub(super) own_limit: Option<u64>,
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

    fn suits_key(&self, key: &Key, model: &str) -> Result<()> {
        tries::refuse_early(key, model, &self.request)
    }

    async fn bound(&self, errand: Errand<'_>, reach: &Reach, place: &Place) -> Result<Option<CredentialId>> {
        let Errand { app, caller, call } = errand;
        kept::bound(app, caller, (call.wire, &self.request), &call.wishes, (place, reach)).await
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

    fn media(&self) -> Media {
        Media::of(self.request.object())
    }

    fn answer_length(&self) -> AnswerLength {
        let named = self.request.max_tokens.or(self.own_limit);
        AnswerLength { named, choices: self.request.choices(), may_be_limited: true }
    }

    fn limit_answer(&mut self, limit: Option<u64>) {
        self.request.limit_to(limit.or(self.own_limit));
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
                Ok(()) => {
                    if self.is_kept(run, &spoken) {
                        stream.ends_after(keep_beside(run, stream.id()));
                    }
                    Ok(Read { content: Content::Stream(Box::new(stream)), cost: None })
                }
                Err(error) => Err(run.failed(error)),
            };
        }
        let body = run.whole(body, &mut meter).await?;
        match spoken.whole(provider, body, self.about(run, &meter), self.request.stream) {
            Ok(whole) => {
                replay::keep(errand.app, errand.caller, whole.replay).await;
                let cost = meter.finish_answer(&whole.facts);
                if self.is_kept(run, &spoken) {
                    let id = whole.facts.id.as_deref().unwrap_or_default();
                    kept::keep(errand.app, errand.caller, run.key, id).await;
                }
                let content = Content::Whole { status, body: whole.body, is_stream: self.request.stream };
                Ok(Read { content, cost })
            }
            Err(error) => Err(run.failed_whole(error, &mut meter)),
        }
    }
}

impl Chat<'_> {
    /// Whether the provider keeps the answer for the next turn.
    fn is_kept(&self, run: &Run<'_, Self>, spoken: &Spoken) -> bool {
        spoken.is_same() && kept::is_kept(run.place.provider, spoken.name(), &self.request)
    }

    /// What the answer says of itself where we write it.
    fn about(&self, run: &Run<'_, Self>, meter: &Meter) -> About {
        About {
            id: meter.attempt_digits(),
            model: run.place.upstream_id.clone(),
            created: run.errand.app.clock.now().as_seconds(),
            include_usage: self.request.include_usage,
        }
    }
}

/// Remembers who paid for an answer while it comes.
fn keep_beside(run: &Run<'_, Chat<'_>>, id: String) -> Option<oneshot::Receiver<()>> {
    let app = run.errand.app.handle()?;
    let (caller, key) = (run.errand.caller.clone(), Arc::clone(run.key));
    let (done, is_done) = oneshot::channel();
    let within = Arc::clone(&app);
    app.spawn(async move {
        kept::keep(&within, &caller, &key, &id).await;
        // The client may have gone: it is written all the same.
        let _gone = done.send(());
    });
    Some(is_done)
}

/// Server-sent events, or Ollama's lines.
fn is_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let kind = kind.trim_start().to_ascii_lowercase();
    kind.starts_with("text/event-stream") || kind.starts_with("application/x-ndjson")
}
