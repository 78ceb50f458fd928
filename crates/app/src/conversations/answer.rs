//! Fetching an answer beside all requests: it goes on when its reader leaves, is
//! written down every second, and ends once, whatever happens.

mod hearing;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::Caller;
use domain::conversation::{Failure, INTERRUPTED, INTERRUPTED_SENTENCE, Message, MessageState, Part};
use domain::ids::CredentialId;
use domain::provider::WireName;
use store::conversations::Checkpoint;
use store::ledger::CallSource;
use tokio::time::{Instant, MissedTickBehavior};

use super::live::Live;
use super::said::Asked;
use crate::App;
use crate::chat::{self, AnswerStream, Call};
use crate::error::{Error, Result};
use crate::paying::Wishes;
use hearing::{Facts, hear};

/// How often an answer under way is written down.
const CHECKPOINT: Duration = Duration::from_secs(1);

/// How long writing the end down waits before it is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// What is asked of a model.
pub(super) struct Question {
    pub(super) caller: Arc<Caller>,
    pub(super) asked: Asked,
    pub(super) body: Bytes,
    pub(super) max_tokens: Option<u64>,
    /// The key that pays, and no other.
    pub(super) pinned: Option<CredentialId>,
}

/// How an answer ended.
enum End {
    Done,
    Stopped,
    /// The server goes down.
    Interrupted,
    /// It was deleted, or given up by another node.
    Gone,
    Failed(Error),
}

/// Fetches one answer, to its end.
pub(super) async fn fetch(app: Arc<App>, live: Arc<Live>, answer: Message, question: Question) {
    let begun = Instant::now();
    let mut answer = answer;
    let mut facts = Facts::default();
    // Outside of what is waited for, so that stopping it can still ask what it cost.
    let mut stream: Option<Box<AnswerStream>> = None;
    let end = tokio::select! {
        biased;
        () = live.stop.cancelled() => End::Stopped,
        () = app.stopping().cancelled() => End::Interrupted,
        end = write_down(&app, &live, &answer) => end,
        spoken = speak(&app, &live, question, (&mut facts, &mut stream), begun) => match spoken {
            Ok(()) => End::Done,
            Err(error) => End::Failed(error),
        },
    };
    if let Some(stream) = &mut stream {
        stream.stop();
        facts.cost = stream.client_cost();
    }
    drop(stream);
    facts.put_in(&mut answer);
    put_said(&live, &mut answer);
    answer.latency_ms = Some(elapsed_ms(begun));
    if settle(&mut answer, end) {
        write_end(&app, &answer).await;
    }
    app.talks.leave(live.message);
    live.end();
    app.events.conversation_changed(&app, live.user, live.conversation);
}

/// Calls the model and hears it to the end.
async fn speak(
    app: &Arc<App>,
    live: &Live,
    question: Question,
    (facts, stream): (&mut Facts, &mut Option<Box<AnswerStream>>),
    begun: Instant,
) -> Result<()> {
    let Question { caller, asked, body, max_tokens, pinned } = question;
    let call = Call {
        request: asked.request,
        client_request_id: None,
        wire: WireName::OpenAiChat,
        url: None,
        wire_headers: Vec::new(),
        body,
        max_tokens,
        callers_epoch: asked.callers_epoch,
        source: CallSource::Chat,
        // A chat goes on with another model: what that one does not take is left
        // out, and told.
        wishes: Wishes { pinned, lenient: Some(true), ..Wishes::default() },
        is_idempotent: false,
    };
    let answered = chat::complete(app, &caller, call).await?;
    hear(live, answered, facts, stream, begun).await
}

/// Writes down every second how far the answer is, where it is further; returns
/// when it must not go on.
async fn write_down(app: &App, live: &Live, answer: &Message) -> End {
    let mut ticks = tokio::time::interval_at(Instant::now() + CHECKPOINT, CHECKPOINT);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut draft, mut written) = (answer.clone(), length_of(answer));
    loop {
        ticks.tick().await;
        put_said(live, &mut draft);
        let length = length_of(&draft);
        let heard = if length == written {
            store::conversations::is_to_go_on(&app.store, draft.id).await
        } else {
            store::conversations::checkpoint(&app.store, &draft).await
        };
        if heard.is_ok() {
            written = length;
        }
        match heard {
            Ok(Checkpoint::GoOn) => {}
            Ok(Checkpoint::StopAsked) => return End::Stopped,
            Ok(Checkpoint::Gone) => return End::Gone,
            Err(error) => tracing::warn!(%error, "an answer cannot be written down; trying again"),
        }
    }
}

/// What is said is only ever added to.
fn length_of(answer: &Message) -> (usize, usize, Option<i64>) {
    (answer.text().len(), answer.reasoning.len(), answer.reasoning_ms)
}

/// What was said so far, as it is kept.
fn put_said(live: &Live, answer: &mut Message) {
    live.look(|said| {
        answer.parts = if said.text.is_empty() { Vec::new() } else { vec![Part::Text { text: said.text.clone() }] };
        answer.reasoning.clone_from(&said.reasoning);
        answer.reasoning_ms = said.reasoning_ms;
    });
}

/// Gives the answer its last state; `false` where there is nothing to write.
fn settle(answer: &mut Message, end: End) -> bool {
    match end {
        End::Gone => return false,
        End::Done => answer.state = MessageState::Done,
        End::Stopped => answer.state = MessageState::Stopped,
        End::Interrupted => {
            answer.state = MessageState::Failed;
            answer.failure =
                Some(Failure { code: INTERRUPTED.to_owned(), sentence: INTERRUPTED_SENTENCE.to_owned(), class: None });
        }
        End::Failed(error) => {
            answer.state = MessageState::Failed;
            let last = error.details.attempts.last();
            // The key at fault, so that the page can say which it is.
            if let Some(attempt) = last {
                answer.credential = Some(attempt.credential);
                answer.scope = Some(attempt.scope);
                answer.provider = Some(attempt.provider);
            }
            answer.failure = Some(Failure {
                code: error.code.as_str().to_owned(),
                sentence: error.sentence.replace('\0', ""),
                class: last.map(|attempt| attempt.class),
            });
        }
    }
    true
}

/// Writes the end down, as often as it takes while the server runs.
async fn write_end(app: &App, answer: &Message) {
    loop {
        match store::conversations::finish(&app.store, answer).await {
            Ok(_) => return,
            Err(error) => tracing::warn!(%error, "the end of an answer cannot be written down; trying again"),
        }
        tokio::select! {
            biased;
            () = app.stopping().cancelled() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

fn elapsed_ms(since: Instant) -> i64 {
    i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX)
}
