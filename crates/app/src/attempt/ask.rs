//! What differs from one kind of call to the other: how the question is put, and
//! how its answer is read.

use std::borrow::Cow;

use bytes::Bytes;
use domain::ids::CredentialId;
use domain::model::ModelKind;
use domain::provider::WireName;
use domain::{Nanos, ProviderId};
use http::{HeaderMap, HeaderName, HeaderValue};
use llm::UpstreamError;
use llm::client::Incoming;
use llm::media::Media;
use llm::wire::Target;

use super::{Run, Stop};
use crate::call::Content;
use crate::calling::Errand;
use crate::error::Error;
use crate::meter::{Meter, Reckoning};
use crate::naming::Place;
use crate::reach::{Key, Reach};

/// What is asked of a provider: a chat, vectors, a count, or bytes that pass as
/// they are.
pub(crate) trait Ask: Send + Sync + Sized {
    /// What an attempt keeps of its question until the answer is there.
    type Spoken: Send + Sync;

    /// The model as the client named it.
    fn model(&self) -> &str;

    /// The kind of model that answers this; `None`: whichever is named.
    fn kind(&self) -> Option<ModelKind>;

    /// Passes when this may be asked there at all. Of an alias, a target that it
    /// does not suit is passed over.
    ///
    /// # Errors
    /// What a client is told that can go nowhere else.
    fn suits(&self, _place: &Place) -> Result<(), Error> {
        Ok(())
    }

    /// Passes when this may be asked of this model with this key.
    ///
    /// # Errors
    /// What a client is told: no other key of the target would help.
    fn suits_key(&self, _key: &Key, _model: &str) -> Result<(), Error> {
        Ok(())
    }

    /// The one key that may pay at `place`, because its account keeps what the
    /// conversation goes on from.
    ///
    /// # Errors
    /// What a client is told where that is not kept.
    fn bound(
        &self,
        _errand: Errand<'_>,
        _reach: &Reach,
        _place: &Place,
    ) -> impl Future<Output = Result<Option<CredentialId>, Error>> + Send {
        std::future::ready(Ok(None))
    }

    /// What all calls of its conversation have in common, where the client says
    /// so.
    fn conversation(&self) -> Option<Cow<'_, str>> {
        None
    }

    /// Whether the client wants the answer in pieces.
    fn streams(&self) -> bool {
        false
    }

    /// About how many characters the question has, for estimates.
    fn prompt_characters(&self) -> u64;

    /// About how many characters of the question are paid for, for budgets.
    fn priced_characters(&self, _errand: Errand<'_>) -> u64 {
        self.prompt_characters()
    }

    /// What the question holds besides text, for budgets.
    fn media(&self) -> Media {
        Media::default()
    }

    /// How long its answer may be, for budgets.
    fn answer_length(&self) -> AnswerLength {
        AnswerLength::NONE
    }

    /// Asks for an answer of at most so many tokens where the client left that
    /// open; `None`: leaves it open.
    fn limit_answer(&mut self, _limit: Option<u64>) {}

    /// How this provider's bill is made.
    fn reckoning(&self, _provider: ProviderId) -> Reckoning {
        Reckoning::Usual
    }

    /// Whether a field that a custom endpoint named may be left out.
    fn may_leave_out(&self, _field: &str) -> bool {
        false
    }

    /// Leaves such a field out from now on.
    fn leave_out(&mut self, _field: &str) {}

    /// The question in the target's words.
    ///
    /// # Errors
    /// What the client is told: no key of this target would help.
    fn question(
        &self,
        errand: Errand<'_>,
        target: &Target<'_>,
    ) -> impl Future<Output = Result<(Self::Spoken, Question), Error>> + Send;

    /// Reads an answer that is a failure.
    fn read_error(&self, spoken: &Self::Spoken, refused: &Refused<'_>) -> UpstreamError;

    /// Reads an answer that came with a status of success.
    ///
    /// # Errors
    /// The failure that it holds all the same; it is settled by then.
    fn read(
        &self,
        run: &Run<'_, Self>,
        spoken: Self::Spoken,
        incoming: Incoming,
        meter: Meter,
    ) -> impl Future<Output = Result<Read, Stop>> + Send;
}

/// How long an answer may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AnswerLength {
    /// The most tokens, where the client says so.
    pub(crate) named: Option<u64>,
    /// How many answers are asked for.
    pub(crate) choices: u64,
    /// Whether Ownkey can ask for a shorter one.
    pub(crate) may_be_limited: bool,
}

impl AnswerLength {
    /// What is answered is not paid for by the token.
    pub(crate) const NONE: Self = Self { named: Some(0), choices: 1, may_be_limited: false };
}

/// A question in the words of its target.
pub(crate) struct Question {
    /// The format it is in.
    pub(crate) wire: WireName,
    /// Where it goes, below the endpoint.
    pub(crate) path: Cow<'static, str>,
    /// Whether the path lies below the endpoint's `/v1`, not beside it.
    pub(crate) is_below_version: bool,
    /// Headers that go with it, never a secret.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// The body, piece after piece.
    pub(crate) pieces: Vec<Bytes>,
    /// The client's fields that are not in it.
    pub(crate) dropped: Vec<String>,
}

/// An answer that is a failure.
pub(crate) struct Refused<'a> {
    pub(crate) provider: ProviderId,
    pub(crate) status: u16,
    pub(crate) headers: &'a HeaderMap,
    /// Without the secrets of the call.
    pub(crate) body: &'a [u8],
}

/// An answer that was read.
pub(crate) struct Read {
    pub(crate) content: Content,
    /// What the caller is billed, where that is known already.
    pub(crate) cost: Option<Nanos>,
}
