//! Which requests make up a check, provider by provider.
//!
//! Source: the providers' documentation, November 2026. OpenRouter's list is
//! public, so its `/key` is asked first; Ollama and LM Studio keep their own API
//! beside `/v1`.

use bytes::Bytes;
use domain::ProviderId;
use domain::credential::KeyStatus;
use domain::model::ListedModel;
use domain::provider::WireName;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Method};
use tokio::time::{Instant, timeout_at};
use url::form_urlencoded;

use super::ProbeTarget;
use super::verdict::{Verdict, huggingface_chat, openrouter_key, unreadable, verdict, xai_key};
use crate::client::{Auth, Outgoing, SendFailure, Upstream};
use crate::egress::Endpoint;
use crate::model_list::{self, MAX_LIST_BYTES, MAX_MODELS};
use crate::ollama::Library;
use crate::wire::{anthropic, azure};

/// Anthropic's list, in pages as large as it gives them.
const ANTHROPIC_LIST: &str = "/v1/models?limit=1000";

/// Google's list, in pages as large as it gives them.
const GOOGLE_LIST: &str = "/v1beta/models?pageSize=1000";

/// A chat of nothing with nobody.
const NO_CHAT: &[u8] = br#"{"model":"","messages":[]}"#;

/// The most pages of a list.
const MAX_PAGES: usize = 10;

/// What is known so far.
pub(super) struct Findings {
    pub(super) verdict: Verdict,
    pub(super) models: Option<Vec<ListedModel>>,
    pub(super) endpoint_hint: Option<String>,
}

impl Findings {
    pub(super) const fn of(verdict: Verdict) -> Self {
        Self { verdict, models: None, endpoint_hint: None }
    }
}

/// One check under way.
pub(super) struct Check<'a> {
    pub(super) upstream: &'a Upstream,
    pub(super) target: &'a ProbeTarget<'a>,
    pub(super) deadline: Instant,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

impl Check<'_> {
    pub(super) async fn run(&self) -> Findings {
        let endpoint = self.target.endpoint;
        match self.target.provider {
            ProviderId::OpenRouter => self.openrouter().await,
            ProviderId::XAi => self.xai().await,
            ProviderId::Ollama => self.ollama().await,
            ProviderId::LmStudio => self.lmstudio().await,
            ProviderId::Custom => self.custom().await,
            ProviderId::Anthropic => self.paged(ANTHROPIC_LIST, "after_id").await,
            ProviderId::Google => self.paged(GOOGLE_LIST, "pageToken").await,
            ProviderId::Azure => self.azure().await,
            ProviderId::HuggingFace => self.huggingface().await,
            _ => self.list_is_the_check(endpoint).await,
        }
    }

    async fn openrouter(&self) -> Findings {
        let answer = match self.ask(self.target.endpoint, "/key").await {
            Ok(answer) => answer,
            Err(verdict) => return Findings::of(verdict),
        };
        let verdict = self.judge(&answer, openrouter_key);
        self.with_list(verdict, &["/models"]).await
    }

    async fn xai(&self) -> Findings {
        let answer = match self.ask(self.target.endpoint, "/api-key").await {
            Ok(answer) if answer.status == 404 => return self.list_is_the_check(self.target.endpoint).await,
            Ok(answer) => answer,
            Err(verdict) => return Findings::of(verdict),
        };
        let verdict = self.judge(&answer, xai_key);
        self.with_list(verdict, &["/language-models", "/models"]).await
    }

    async fn ollama(&self) -> Findings {
        let root = self.target.endpoint.without_version();
        let is_native = match self.ask(&root, "/api/version").await {
            Ok(answer) if answer.is_success() => true,
            // A proxy may show only the OpenAI layer.
            Ok(answer) if answer.status == 404 => false,
            Ok(answer) => return Findings::of(self.judge(&answer, |_| unreadable("Ollama"))),
            Err(verdict) => return Findings::of(verdict),
        };
        if is_native && let Ok(mut models) = self.list(&root, "/api/tags").await {
            let library = Library::new(self.upstream, &root, self.target.secret);
            // What is not learnt in time is learnt at the next check.
            let _ = timeout_at(self.deadline, library.describe(&mut models)).await;
            let findings = Findings { models: Some(models), ..Findings::of(Verdict::valid(self.target.provider)) };
            return self.in_local_words(findings);
        }
        let mut findings = self.list_is_the_check(self.target.endpoint).await;
        if !is_native {
            for model in findings.models.iter_mut().flatten() {
                model.wires = vec![WireName::OpenAiChat];
            }
        }
        self.in_local_words(findings)
    }

    async fn lmstudio(&self) -> Findings {
        let root = self.target.endpoint.without_version();
        // The newest list says most.
        let list = match self.list(&root, "/api/v1/models").await {
            Ok(models) => Ok(models),
            Err(_) => self.list(&root, "/api/v0/models").await,
        };
        let findings = match list {
            Ok(models) => Findings { models: Some(models), ..Findings::of(Verdict::valid(self.target.provider)) },
            Err(verdict) if verdict.status == KeyStatus::Unverified => {
                self.list_is_the_check(self.target.endpoint).await
            }
            Err(verdict) => Findings::of(verdict),
        };
        self.in_local_words(findings)
    }

    async fn custom(&self) -> Findings {
        let endpoint = self.target.endpoint;
        let first = self.list_is_the_check(endpoint).await;
        if first.verdict.status != KeyStatus::Unverified || endpoint.has_version() {
            return first;
        }
        match self.list(endpoint, "/v1/models").await {
            Err(verdict) if verdict.status != KeyStatus::Invalid => first,
            second => {
                let endpoint_hint = Some(format!("{}/v1", endpoint.base()));
                match second {
                    Ok(models) => {
                        let verdict = Verdict::valid(self.target.provider);
                        Findings { verdict, models: Some(models), endpoint_hint }
                    }
                    Err(verdict) => Findings { verdict, models: None, endpoint_hint },
                }
            }
        }
    }

    /// For lists that need the key and come in pages; `cursor` is the name of the
    /// word that asks for the next one.
    async fn paged(&self, list: &str, cursor: &str) -> Findings {
        let mut models: Vec<ListedModel> = Vec::new();
        let mut path = list.to_owned();
        for _ in 0..MAX_PAGES {
            let (page, next) = match self.page(&path).await {
                Ok(page) => page,
                // The key was taken; half a list would hide models.
                Err(_) if !models.is_empty() => return Findings::of(Verdict::valid(self.target.provider)),
                Err(verdict) => return Findings::of(verdict),
            };
            models.extend(page);
            match next {
                Some(next) if models.len() < MAX_MODELS => {
                    let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
                    path = format!("{list}&{cursor}={next}");
                }
                _ => break,
            }
        }
        models.truncate(MAX_MODELS);
        Findings { models: Some(models), ..Findings::of(Verdict::valid(self.target.provider)) }
    }

    /// One page of a list, and where the next one is.
    async fn page(&self, path: &str) -> Result<(Vec<ListedModel>, Option<String>), Verdict> {
        let answer = self.ask(self.target.endpoint, path).await?;
        let models = self.models_in(&answer)?;
        Ok((models, model_list::next_page(&answer.body)))
    }

    /// Its list holds what could be deployed; what is can only be said by its
    /// owner, and is in the key's settings.
    async fn azure(&self) -> Findings {
        match self.list(self.target.endpoint, &azure::list_path()).await {
            Ok(_) => Findings::of(Verdict::valid(self.target.provider)),
            Err(verdict) => Findings::of(verdict),
        }
    }

    /// Who a key belongs to is told at another origin, where this key never goes.
    /// The router's list is public. What is left is a chat that cannot be: it has
    /// no model and no message, so that nothing runs and nothing costs.
    async fn huggingface(&self) -> Findings {
        let auth = Auth::of(self.target.provider, self.target.secret);
        let outgoing = Outgoing {
            method: Method::POST,
            body: Bytes::from_static(NO_CHAT).into(),
            ..Outgoing::get(self.target.endpoint, "/chat/completions", auth)
        };
        let verdict = match self.send(outgoing).await {
            Ok(answer) => huggingface_chat(answer.status, &answer.headers, &answer.body),
            Err(verdict) => verdict,
        };
        let may_be_used = !matches!(verdict.status, KeyStatus::Invalid | KeyStatus::Unreachable);
        let mut findings = Findings::of(verdict);
        if may_be_used && let Ok(models) = self.list(self.target.endpoint, "/models").await {
            findings.models = Some(models);
        }
        findings
    }

    /// A local server has no key to accept.
    fn in_local_words(&self, mut findings: Findings) -> Findings {
        let name = self.target.provider.display_name();
        if findings.verdict.status == KeyStatus::Valid {
            findings.verdict.reason = match &findings.models {
                Some(models) if models.is_empty() => {
                    format!("{name} is running, but has no model yet. Download one there.")
                }
                _ => format!("{name} is running."),
            };
        }
        findings
    }

    /// For providers whose list needs the key.
    async fn list_is_the_check(&self, endpoint: &Endpoint) -> Findings {
        match self.list(endpoint, "/models").await {
            Ok(models) => Findings { models: Some(models), ..Findings::of(Verdict::valid(self.target.provider)) },
            Err(verdict) => Findings::of(verdict),
        }
    }

    /// Adds the first list that can be read, when the key may call at all.
    async fn with_list(&self, verdict: Verdict, paths: &[&str]) -> Findings {
        let mut findings = Findings::of(verdict);
        if matches!(findings.verdict.status, KeyStatus::Valid | KeyStatus::NoCredit) {
            for path in paths {
                if let Ok(models) = self.list(self.target.endpoint, path).await {
                    findings.models = Some(models);
                    break;
                }
            }
        }
        findings
    }

    /// The list behind a path; else what its absence says about the key.
    async fn list(&self, endpoint: &Endpoint, path: &str) -> Result<Vec<ListedModel>, Verdict> {
        let answer = self.ask(endpoint, path).await?;
        self.models_in(&answer)
    }

    fn models_in(&self, answer: &Answer) -> Result<Vec<ListedModel>, Verdict> {
        let verdict = self.judge(answer, |_| Verdict::valid(self.target.provider));
        if !answer.is_success() || verdict.status != KeyStatus::Valid {
            return Err(verdict);
        }
        model_list::read(self.target.provider, &answer.body)
            .map_err(|_| unreadable(self.target.provider.display_name()))
    }

    /// Judges an answer; a good one by what is in it.
    fn judge(&self, answer: &Answer, read: impl FnOnce(&[u8]) -> Verdict) -> Verdict {
        let verdict = verdict(self.target.provider, answer.status, &answer.headers, &answer.body);
        if answer.is_success() && verdict.status == KeyStatus::Valid { read(&answer.body) } else { verdict }
    }

    async fn ask(&self, endpoint: &Endpoint, path: &str) -> Result<Answer, Verdict> {
        let auth = Auth::of(self.target.provider, self.target.secret);
        self.send(Outgoing::get(endpoint, path, auth)).await
    }

    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Answer, Verdict> {
        let mut headers = vec![(ACCEPT, HeaderValue::from_static("application/json"))];
        if self.target.provider == ProviderId::Anthropic {
            headers.push(anthropic::version_header());
        }
        headers.extend_from_slice(self.target.headers);
        let endpoint = outgoing.endpoint;
        let outgoing = Outgoing { extra_headers: &headers, ..outgoing };
        let call = async {
            let answer = self.upstream.send(outgoing).await?;
            let body = answer.body.collect(MAX_LIST_BYTES).await?;
            Ok(Answer { status: answer.status.as_u16(), headers: answer.headers, body })
        };
        match timeout_at(self.deadline, call).await {
            Ok(result) => result.map_err(|failure: SendFailure| Verdict::new(KeyStatus::Unreachable, failure.sentence)),
            Err(_) => {
                let host = endpoint.host_and_port();
                let reason = format!("{host} did not answer the check within 10 seconds. Try again later.");
                Err(Verdict::new(KeyStatus::Unreachable, reason))
            }
        }
    }
}
