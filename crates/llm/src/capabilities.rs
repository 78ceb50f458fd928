//! What an endpoint can do, found out by trying: one tiny call for each ability.
//! The calls cost tokens where tokens cost money, so that somebody has to ask
//! for it. What the server writes is read, never repeated.

mod asked;
mod judged;

use std::time::Duration;

use domain::attempt::ErrorClass;
use domain::{ProviderId, Secret};
use http::{HeaderName, HeaderValue, Method};
use tokio::time::{Instant, timeout_at};

use crate::UpstreamError;
use crate::client::{Auth, Incoming, Outgoing, SendFailure, Upstream};
use crate::egress::Endpoint;
use crate::wire::AnswerFacts;
use judged::Reply;

/// How long one call may take; a local server may have to load the model first.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// How long all of them may take.
const TIME_LIMIT: Duration = Duration::from_secs(90);

/// How much of an answer is read, in bytes.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Something an endpoint may be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ability {
    /// Answers in pieces.
    Stream,
    /// Calls functions.
    Tools,
    /// Answers by a JSON schema.
    JsonSchema,
    /// Reads pictures.
    Vision,
    /// Makes vectors.
    Embeddings,
}

domain::text_enum!(Ability, "ability" {
    Stream => "stream",
    Tools => "tools",
    JsonSchema => "json_schema",
    Vision => "vision",
    Embeddings => "embeddings",
});

/// What a try showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did it.
    Works,
    /// It said that it does not, or did something else instead.
    Refused,
    /// Nothing can be told from it.
    Unclear,
}

domain::text_enum!(Outcome, "outcome" { Works => "works", Refused => "refused", Unclear => "unclear" });

/// One try and what it showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// What was tried.
    pub ability: Ability,
    /// What it showed.
    pub outcome: Outcome,
    /// Why, in a plain sentence of ours.
    pub reason: String,
}

/// What a try used up at the endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spent {
    /// It answered.
    Answered(AnswerFacts),
    /// It did not.
    Failed {
        /// What happened.
        error: UpstreamError,
        /// Whether it may have worked, and charged, all the same.
        may_cost: bool,
    },
}

/// The endpoint and the model to try. It speaks openai-chat.
pub struct Trial<'a> {
    /// Its provider.
    pub provider: ProviderId,
    /// Where it listens.
    pub endpoint: &'a Endpoint,
    /// The key; `None` for a server that needs none.
    pub secret: Option<&'a Secret>,
    /// Headers sent along with it.
    pub headers: &'a [(HeaderName, HeaderValue)],
    /// The model to ask.
    pub model: &'a str,
    /// The model for vectors, when it is another one.
    pub embedding_model: Option<&'a str>,
}

/// Tries these abilities one after the other. Never fails: what goes wrong is
/// told of the ability it went wrong with.
pub async fn try_out(upstream: &Upstream, trial: &Trial<'_>, abilities: &[Ability]) -> Vec<Tried> {
    let deadline = Instant::now() + TIME_LIMIT;
    let mut tried = Vec::with_capacity(abilities.len());
    for &ability in abilities {
        tried.push(trial.until(upstream, ability, deadline).await.0);
    }
    tried
}

impl Trial<'_> {
    /// The model that is asked for an ability.
    #[must_use]
    pub fn model_for(&self, ability: Ability) -> &str {
        match ability {
            Ability::Embeddings => self.embedding_model.unwrap_or(self.model),
            _ => self.model,
        }
    }

    /// Tries one ability, and says what that used up. Never fails, as [`try_out`].
    pub async fn one(&self, upstream: &Upstream, ability: Ability) -> (Tried, Spent) {
        self.until(upstream, ability, Instant::now() + CALL_LIMIT).await
    }

    async fn until(&self, upstream: &Upstream, ability: Ability, deadline: Instant) -> (Tried, Spent) {
        let now = Instant::now();
        let limit = deadline.min(now + CALL_LIMIT);
        let host = self.endpoint.host_and_port();
        let failed = |class, sentence: String, may_cost| {
            let error = UpstreamError::ours(class, sentence.clone());
            ((Outcome::Unclear, sentence), Spent::Failed { error, may_cost })
        };
        let ((outcome, reason), spent) = if limit <= now {
            let sentence = format!("The earlier tries took {host} so long that this one was left out.");
            failed(ErrorClass::Timeout, sentence, false)
        } else {
            match timeout_at(limit, self.reply(upstream, ability)).await {
                Ok(Ok(reply)) => {
                    (judged::judge(self.provider, ability, &reply), judged::spent(self.provider, ability, &reply))
                }
                Ok(Err(failure)) => failed(failure.class, failure.sentence, failure.was_sent),
                Err(_) => {
                    let sentence = format!("{host} did not answer in time. Try again when it is less busy.");
                    failed(ErrorClass::Timeout, sentence, true)
                }
            }
        };
        (Tried { ability, outcome, reason }, spent)
    }

    async fn reply(&self, upstream: &Upstream, ability: Ability) -> Result<Reply, SendFailure> {
        let model = self.model_for(ability);
        let auth = self.secret.map_or(Auth::None, Auth::Bearer);
        let outgoing = Outgoing {
            method: Method::POST,
            body: asked::body(ability, model).into(),
            streaming: ability == Ability::Stream,
            extra_headers: self.headers,
            ..Outgoing::get(self.endpoint, asked::path(ability), auth)
        };
        let incoming = upstream.send(outgoing).await?;
        let Incoming { status, headers, body } = incoming;
        let body = body.collect(MAX_ANSWER_BYTES).await?;
        Ok(Reply { status: status.as_u16(), headers, body })
    }
}

#[cfg(test)]
mod tests;
