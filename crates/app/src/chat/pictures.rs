//! Pictures and documents that a request names by their address, for a provider
//! that does not fetch them itself. They are fetched once for a request, however
//! many keys are tried, and only by the guard's rules for strangers; a provider
//! that fetches is sent the address as it is.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ProviderId;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use llm::client::{FetchProblem, Fetched, host_of};
use llm::neutral::{self, ChatRequest};
use llm::wire::Wire;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::App;
use crate::error::{Code, Error, Result};

/// The most addresses of one request.
const MOST: usize = 20;

/// The largest of them, in bytes.
const EACH_BYTES: usize = 10 * 1024 * 1024;

/// All of a request, in bytes.
const ALL_BYTES: usize = 20 * 1024 * 1024;

/// For how long a request waits for all of them.
const WAIT: Duration = Duration::from_secs(10);

/// How many of one request are fetched at once.
const AT_ONCE: usize = 4;

/// How many of all requests are fetched at once.
const PERMITS: usize = 32;

/// Bounds what is being fetched for all requests.
#[derive(Debug)]
pub(crate) struct Fetches(Semaphore);

impl Default for Fetches {
    fn default() -> Self {
        Self(Semaphore::new(PERMITS))
    }
}

/// What was fetched for one request, by its address.
#[derive(Default)]
pub(super) struct Pictures(Mutex<HashMap<String, Inline>>);

/// Something as it is put into a request.
struct Inline {
    media_type: &'static str,
    base64: String,
    length: usize,
}

impl Pictures {
    /// Puts in what `provider` would not fetch itself.
    ///
    /// # Errors
    /// `invalid_request`, naming the host, when something cannot be had.
    pub(super) async fn put_in(
        &self,
        app: &App,
        wire: &dyn Wire,
        provider: ProviderId,
        request: &mut ChatRequest,
    ) -> Result<()> {
        let urls: Vec<String> = wire.urls_to_fetch(request, provider).into_iter().map(str::to_owned).collect();
        if urls.is_empty() {
            return Ok(());
        }
        let asked = Asked { app, provider };
        if !app.settings.fetches_pictures {
            return Err(asked.refused("This server fetches nothing by its address."));
        }
        if urls.len() > MOST {
            return Err(asked.refused(&format!("The request names {} addresses; {MOST} are fetched.", urls.len())));
        }
        let mut known = self.0.lock().await;
        let missing: Vec<String> = urls.iter().filter(|url| !known.contains_key(*url)).cloned().collect();
        let had = known.values().map(|inline| inline.length).sum();
        for (url, inline) in asked.fetch(missing, had).await? {
            known.insert(url, inline);
        }
        for url in &urls {
            if let Some(inline) = known.get(url) {
                neutral::put_inline(request, url, inline.media_type, &inline.base64);
            }
        }
        Ok(())
    }
}

/// For whom something is fetched.
struct Asked<'a> {
    app: &'a App,
    provider: ProviderId,
}

impl Asked<'_> {
    /// Fetches these, several at once; `had` bytes are there already.
    async fn fetch(&self, urls: Vec<String>, had: usize) -> Result<Vec<(String, Inline)>> {
        let deadline = Instant::now() + WAIT;
        let one = |url: String| async move {
            let found = self.fetch_one(&url, deadline).await?;
            Ok::<_, Error>((url, found))
        };
        let mut coming = stream::iter(urls).map(one).buffer_unordered(AT_ONCE);
        let (mut fetched, mut all) = (Vec::new(), had);
        while let Some((url, found)) = coming.try_next().await? {
            all += found.bytes.len();
            if all > ALL_BYTES {
                let limit = ALL_BYTES / (1024 * 1024);
                return Err(self.refused(&format!("What the request names by address is larger than {limit} MiB.")));
            }
            let inline = Inline {
                media_type: found.media_type,
                base64: STANDARD.encode(&found.bytes),
                length: found.bytes.len(),
            };
            fetched.push((url, inline));
        }
        Ok(fetched)
    }

    async fn fetch_one(&self, url: &str, deadline: Instant) -> Result<Fetched> {
        let fetched = async {
            let permit = timeout_at(deadline, self.app.fetches.0.acquire()).await;
            let Ok(Ok(_permit)) = permit else { return Err(FetchProblem::TooSlow) };
            self.app.upstream.fetch(url, EACH_BYTES, deadline).await
        };
        fetched.await.map_err(|problem| {
            let place = host_of(url).map_or_else(|| "an address of the request".to_owned(), |host| format!("{host}/…"));
            self.refused(&format!("What is at {place} could not be fetched: {problem}."))
        })
    }

    fn refused(&self, why: &str) -> Error {
        let provider = self.provider.display_name();
        Error::new(
            Code::InvalidRequest,
            format!("{why} {provider} does not fetch it either, so send it inline, as a data: URI."),
        )
    }
}
