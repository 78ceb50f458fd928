//! A model on its way: lines of progress, read as they come.

use domain::ProviderId;
use domain::attempt::ErrorClass;
use serde::Deserialize;

use super::{of_failure, unreadable};
use crate::UpstreamError;
use crate::client::UpstreamBody;
use crate::lines::Lines;
use crate::wire::ollama::errors;

/// How far a pull has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The list of parts is fetched.
    Manifest,
    /// A part is fetched.
    Layer {
        /// Which one.
        digest: String,
        /// How large it is, in bytes.
        total_bytes: u64,
        /// How much of it is there, in bytes.
        completed_bytes: u64,
    },
    /// The parts are checked.
    Verifying,
    /// The list of parts is written down.
    Writing,
    /// Something that this version has no word for.
    Working,
    /// The model is there. Nothing follows.
    Done,
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    digest: Option<String>,
    #[serde(default)]
    total: Option<u64>,
    #[serde(default)]
    completed: Option<u64>,
    #[serde(default)]
    error: Option<String>,
}

/// A pull under way.
pub struct Pull {
    body: UpstreamBody,
    lines: Lines,
    has_ended: bool,
}

impl Pull {
    pub(super) fn new(body: UpstreamBody) -> Self {
        Self { body, lines: Lines::new(), has_ended: false }
    }

    /// The next step; `None` after [`Progress::Done`] or an error.
    ///
    /// # Errors
    /// The pull failed, or the connection ended before it was done.
    pub async fn next(&mut self) -> Option<Result<Progress, UpstreamError>> {
        while !self.has_ended {
            let step = match self.lines.next_line() {
                Ok(Some(line)) => read(&line),
                Ok(None) => match self.body.next_frame().await {
                    Some(Ok(bytes)) => {
                        self.lines.push(&bytes);
                        continue;
                    }
                    Some(Err(failure)) => Err(of_failure(failure)),
                    None => self.lines.rest().map_or_else(|| Err(ended_early()), |line| read(&line)),
                },
                Err(_) => Err(unreadable()),
            };
            self.has_ended = matches!(step, Ok(Progress::Done) | Err(_));
            return Some(step);
        }
        None
    }
}

fn read(line: &[u8]) -> Result<Progress, UpstreamError> {
    let step: Line = serde_json::from_slice(line).map_err(|_| unreadable())?;
    if step.error.is_some() {
        // A model that is in no registry is told with a status of success.
        let mut error = errors::read(ProviderId::Ollama, 200, &http::HeaderMap::new(), line);
        if error.message.contains("file does not exist") {
            error.class = ErrorClass::NotFound;
        }
        error.is_retryable &= error.class != ErrorClass::NotFound;
        return Err(UpstreamError { status: None, ..error });
    }
    let status = step.status.unwrap_or_default();
    Ok(match (status.as_str(), step.digest) {
        ("success", _) => Progress::Done,
        ("pulling manifest", _) => Progress::Manifest,
        ("verifying sha256 digest", _) => Progress::Verifying,
        ("writing manifest", _) => Progress::Writing,
        (_, Some(digest)) if is_digest(&digest) => Progress::Layer {
            digest,
            total_bytes: step.total.unwrap_or(0),
            completed_bytes: step.completed.unwrap_or(0),
        },
        _ => Progress::Working,
    })
}

fn is_digest(text: &str) -> bool {
    text.len() <= 100 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b':')
}

fn ended_early() -> UpstreamError {
    let sentence = "Ollama closed the connection before the model was there. Start again: it goes on where it was.";
    UpstreamError::ours(ErrorClass::StreamTruncated, sentence)
}
