//! What an endpoint can do, found out by trying: one tiny call for each ability.
//! The calls cost tokens where tokens cost money, so that somebody has to ask
//! for it. What the server writes is read, never repeated.

mod asked;
mod judged;

use std::time::Duration;

use domain::{ProviderId, Secret};
use http::Method;
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use crate::client::{Auth, Incoming, Outgoing, Upstream};
use crate::egress::Endpoint;
use judged::Reply;

/// How long one call may take; a local server may have to load the model first.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// How long all of them may take.
const TIME_LIMIT: Duration = Duration::from_secs(90);

/// How much of an answer is read, in bytes.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Something an endpoint may be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
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

impl Ability {
    /// All of them, in the order of trying.
    pub const ALL: [Self; 5] = [Self::Stream, Self::Tools, Self::JsonSchema, Self::Vision, Self::Embeddings];
}

/// What a try showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did it.
    Works,
    /// It said that it does not, or did something else instead.
    Refused,
    /// Nothing can be told from it.
    Unclear,
}

/// One try and what it showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// What was tried.
    pub ability: Ability,
    /// What it showed.
    pub outcome: Outcome,
    /// Why, in a plain sentence of ours.
    pub reason: String,
}

/// The endpoint and the model to try. It speaks openai-chat.
pub struct Trial<'a> {
    /// Its provider.
    pub provider: ProviderId,
    /// Where it listens.
    pub endpoint: &'a Endpoint,
    /// The key; `None` for a server that needs none.
    pub secret: Option<&'a Secret>,
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
        let (outcome, reason) = trial.one(upstream, ability, deadline).await;
        tried.push(Tried { ability, outcome, reason });
    }
    tried
}

impl Trial<'_> {
    async fn one(&self, upstream: &Upstream, ability: Ability, deadline: Instant) -> (Outcome, String) {
        let now = Instant::now();
        let limit = deadline.min(now + CALL_LIMIT);
        let host = self.endpoint.host_and_port();
        if limit <= now {
            return (Outcome::Unclear, format!("The earlier tries took {host} so long that this one was left out."));
        }
        match timeout_at(limit, self.reply(upstream, ability)).await {
            Ok(Ok(reply)) => judged::judge(self.provider, ability, &reply),
            Ok(Err(sentence)) => (Outcome::Unclear, sentence),
            Err(_) => (Outcome::Unclear, format!("{host} did not answer in time. Try again when it is less busy.")),
        }
    }

    async fn reply(&self, upstream: &Upstream, ability: Ability) -> Result<Reply, String> {
        let model = match ability {
            Ability::Embeddings => self.embedding_model.unwrap_or(self.model),
            _ => self.model,
        };
        let auth = self.secret.map_or(Auth::None, Auth::Bearer);
        let outgoing = Outgoing {
            method: Method::POST,
            body: asked::body(ability, model).into(),
            streaming: ability == Ability::Stream,
            ..Outgoing::get(self.endpoint, asked::path(ability), auth)
        };
        let incoming = upstream.send(outgoing).await.map_err(|failure| failure.sentence)?;
        let Incoming { status, headers, body } = incoming;
        let body = body.collect(MAX_ANSWER_BYTES).await.map_err(|failure| failure.sentence)?;
        Ok(Reply { status: status.as_u16(), headers, body })
    }
}

#[cfg(test)]
mod tests;
