//! A `config.yaml` of LiteLLM: the keys of its models. What it says about
//! routing, budgets and callbacks stays where it is, and the notes say so.

use std::collections::BTreeMap;

use domain::credential::Scope;
use domain::{ProviderId, key_shape};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, json};

use super::{Candidate, Content, Line, Outcome};
use crate::Failure;
use crate::config::environment::Environment;

/// How a value says that a variable holds it.
const BY_VARIABLE: &str = "os.environ/";

/// Where Azure's resources are.
const AZURE: [&str; 3] = [".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"];

/// Of the deepest and largest that is read: enough for thousands of models.
const NODES: usize = 200_000;

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    model_list: Vec<Model>,
    #[serde(default)]
    environment_variables: BTreeMap<String, String>,
    #[serde(flatten)]
    others: BTreeMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
struct Model {
    model_name: String,
    litellm_params: Parameters,
}

#[derive(Deserialize)]
struct Parameters {
    model: String,
    api_key: Option<String>,
    api_base: Option<String>,
    api_version: Option<String>,
}

/// Reads the keys of the models; the same key at the same endpoint once.
pub(super) fn read(
    text: &str,
    scope: Scope,
    trusts_endpoints: bool,
    environment: &Environment,
) -> Result<Content, Failure> {
    let options = serde_saphyr::options! { budget: serde_saphyr::budget! { max_nodes: NODES } };
    // The error of the reader would quote the line, and a key with it.
    let config: Config = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let place = error.location().map_or_else(String::new, |place| format!(", line {}", place.line()));
        Failure::new(format!("This is no configuration of LiteLLM that can be read{place}. It needs a model_list."))
    })?;
    let mut content = Content::default();
    let mut names: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for model in &config.model_list {
        let found = found(model, &config.environment_variables, environment);
        match found.and_then(|found| if trusts_endpoints { Ok(found) } else { found.stays_at_home() }) {
            Ok(found) => {
                names.entry(&model.model_name).or_default().push(format!("{}/{}", found.provider, found.id));
                content.take(found, scope);
            }
            Err((provider, outcome)) => content.left_out.push(Line {
                from: model.model_name.clone(),
                provider,
                masked: "…".to_owned(),
                endpoint: "…".to_owned(),
                outcome,
            }),
        }
    }
    content.notes.extend(names.iter().filter_map(|(name, targets)| alias(name, targets)));
    if !config.others.is_empty() {
        let others: Vec<&str> = config.others.keys().map(String::as_str).collect();
        content.notes.push(format!("Left alone: {}.", others.join(", ")));
    }
    Ok(content)
}

/// What one model says of a key.
struct Found<'a> {
    from: &'a str,
    provider: ProviderId,
    id: &'a str,
    key: Option<String>,
    endpoint: Option<String>,
    api_version: Option<&'a str>,
    /// The variable of this machine that holds the key.
    variable: Option<&'a str>,
}

impl Found<'_> {
    /// A key of this machine goes where its provider is, not where a file says.
    fn stays_at_home(self) -> Result<Self, (String, Outcome)> {
        let (Some(variable), Some(endpoint)) = (self.variable, &self.endpoint) else { return Ok(self) };
        let default = self.provider.facts().default_base.and_then(host);
        let is_home = host(endpoint).is_some_and(|host| {
            Some(host) == default || (self.provider == ProviderId::Azure && AZURE.iter().any(|end| host.ends_with(end)))
        });
        if is_home {
            return Ok(self);
        }
        let problem = format!(
            "{variable} of this machine would be sent to {endpoint}, which only the file names. Check that address, then import with --trust-endpoints."
        );
        Err((self.provider.to_string(), Outcome::Failed(problem)))
    }
}

/// The host of an https address.
fn host(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("https://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    (!host.contains('@')).then(|| host.split(':').next().unwrap_or(host))
}

fn found<'a>(
    model: &'a Model,
    variables: &BTreeMap<String, String>,
    environment: &Environment,
) -> Result<Found<'a>, (String, Outcome)> {
    let parameters = &model.litellm_params;
    let (prefix, id) = parameters.model.split_once('/').unwrap_or(("", &parameters.model));
    let resolved = |value: &Option<String>| match value {
        Some(value) => resolve(value, variables, environment).map(Some),
        None => Ok(None),
    };
    let failed = |problem: String| (prefix.to_owned(), Outcome::Failed(problem));
    let key = resolved(&parameters.api_key).map_err(failed)?;
    let endpoint = resolved(&parameters.api_base).map_err(failed)?;
    if endpoint.as_deref().is_some_and(|endpoint| !endpoint.starts_with("https://") && !endpoint.starts_with("http://"))
    {
        return Err(failed("api_base is no http address. Correct it, then import again.".to_owned()));
    }
    let Some(provider) = provider(prefix, id, key.as_deref(), endpoint.as_deref()) else {
        let reason =
            format!("“{prefix}” is no provider that Ownkey speaks to; an OpenAI-compatible one can be saved as custom");
        return Err((prefix.to_owned(), Outcome::Skipped(reason)));
    };
    if key.is_none() && endpoint.is_none() {
        let reason = "it says no key; LiteLLM takes it from the environment: import that .env".to_owned();
        return Err((provider.to_string(), Outcome::Skipped(reason)));
    }
    let api_version = parameters.api_version.as_deref();
    let named = parameters.api_key.as_deref().and_then(|key| key.strip_prefix(BY_VARIABLE));
    let variable = named.filter(|name| !variables.contains_key(*name));
    Ok(Found { from: &model.model_name, provider, id, key, endpoint, api_version, variable })
}

/// The value, or that of the variable it names. This server's own secrets are
/// not to be had by a file that names them.
fn resolve(value: &str, variables: &BTreeMap<String, String>, environment: &Environment) -> Result<String, String> {
    let Some(name) = value.strip_prefix(BY_VARIABLE) else { return Ok(value.to_owned()) };
    if name == "MASTER_KEY" || name == "DATABASE_URL" || name.starts_with("OWNKEY_") {
        return Err(format!("{name} belongs to this server and is no provider's key."));
    }
    if let Some(value) = variables.get(name).filter(|value| !value.starts_with(BY_VARIABLE)) {
        return Ok(value.clone());
    }
    match environment.value(name) {
        Ok(Some(found)) => Ok(found.value),
        Ok(None) => {
            Err(format!("The variable {name} is not set here. Set it for this command, or import where it is."))
        }
        Err(failure) => Err(failure.sentence),
    }
}

/// Whose the model is, by the word before the slash.
fn provider(prefix: &str, id: &str, key: Option<&str>, endpoint: Option<&str>) -> Option<ProviderId> {
    let is_elsewhere = endpoint.is_some_and(|endpoint| !endpoint.contains("//api.openai.com"));
    Some(match prefix {
        "openai" | "text-completion-openai" if is_elsewhere => ProviderId::Custom,
        "openai" | "text-completion-openai" => ProviderId::OpenAi,
        "gemini" => ProviderId::Google,
        "fireworks_ai" => ProviderId::Fireworks,
        "ollama" | "ollama_chat" => ProviderId::Ollama,
        "lm_studio" => ProviderId::LmStudio,
        "hosted_vllm" | "openai_like" | "custom_openai" => ProviderId::Custom,
        "" if id.starts_with("claude") => ProviderId::Anthropic,
        "" => key.and_then(key_shape::recognise).or((!is_elsewhere).then_some(ProviderId::OpenAi))?,
        other => other.parse().ok()?,
    })
}

/// How the name goes on, where it is another than that of its model.
fn alias(name: &str, targets: &[String]) -> Option<String> {
    let is_its_own =
        targets.iter().all(|target| target == name || target.split_once('/').is_some_and(|(_, id)| id == name));
    let has_wildcard = name.contains('*') || targets.iter().any(|target| target.contains('*'));
    let spread = if targets.len() > 1 { " --weighted" } else { "" };
    (!is_its_own && !has_wildcard).then(|| {
        format!("“{name}” goes on as a name of its own: ownkey alias add {name} {}{spread}", targets.join(" "))
    })
}

impl Content {
    fn take(&mut self, found: Found<'_>, scope: Scope) {
        let same = |candidate: &&mut Candidate| {
            candidate.provider == found.provider
                && candidate.endpoint == found.endpoint
                && candidate.key.as_deref().map(str::trim) == found.key.as_deref().map(str::trim)
        };
        if let Some(known) = self.candidates.iter_mut().find(same) {
            return known.serve(&found);
        }
        let masked = match found.key.as_deref().map(|key| key_shape::clean(key, found.provider)) {
            Some(Ok(clean)) => clean.masked,
            None => String::new(),
            Some(Err(problem)) => {
                return self.left_out.push(Line {
                    from: found.from.to_owned(),
                    provider: found.provider.to_string(),
                    masked: "…".to_owned(),
                    endpoint: found.endpoint.unwrap_or_else(|| "default".to_owned()),
                    outcome: Outcome::Failed(problem.to_string()),
                });
            }
        };
        let is_first = !self.candidates.iter().any(|candidate| candidate.provider == found.provider);
        let mut candidate = Candidate {
            from: found.from.to_owned(),
            provider: found.provider,
            scope,
            name: (!is_first).then(|| found.from.to_owned()),
            endpoint: found.endpoint.clone(),
            masked,
            key: found.key.as_deref().map(|key| key.trim().to_owned()),
            more: Map::new(),
            is_active: true,
        };
        candidate.serve(&found);
        self.candidates.push(candidate);
    }
}

impl Candidate {
    /// One more model of this key: Azure's deployments are listed nowhere else.
    fn serve(&mut self, found: &Found<'_>) {
        if self.provider != ProviderId::Azure {
            return;
        }
        let settings = self.more.entry("settings").or_insert_with(|| json!({"deployments": []}));
        if let Some(version) = found.api_version {
            settings["api_version"] = json!(version);
        }
        if let Some(deployments) = settings["deployments"].as_array_mut() {
            let id = json!(found.id);
            if !deployments.contains(&id) {
                deployments.push(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";

    fn content(text: &str) -> Content {
        let environment = Environment::of(&[("GROQ_KEY_EU", "gsk_FAKE0123456789abcdefghijklmnopqrstuvwxyz")], &[]);
        read(text, Scope::System, false, &environment).unwrap_or_else(|failure| panic!("{}", failure.sentence))
    }

    #[test]
    fn a_key_of_several_models_is_one_key_and_their_names_go_on_as_aliases() {
        let content = content(&format!(
            "model_list:\n\
             - model_name: gpt-5-mini\n  litellm_params: {{model: openai/gpt-5-mini, api_key: {KEY}, rpm: 10}}\n\
             - model_name: fast\n  litellm_params: {{model: openai/gpt-5-nano, api_key: {KEY}}}\n\
             - model_name: fast\n  litellm_params: {{model: groq/llama-4, api_key: os.environ/GROQ_KEY_EU}}\n\
             router_settings: {{routing_strategy: simple-shuffle}}\n"
        ));
        let keys: Vec<_> = content.candidates.iter().map(|key| (key.provider, key.masked.as_str())).collect();
        assert_eq!(keys[0], (ProviderId::OpenAi, "sk-proj-…key1"));
        assert_eq!((keys.len(), keys[1].0), (2, ProviderId::Groq));
        assert_eq!(
            content.notes,
            [
                "“fast” goes on as a name of its own: ownkey alias add fast openai/gpt-5-nano groq/llama-4 --weighted",
                "Left alone: router_settings.",
            ]
        );
    }

    #[test]
    fn azure_keeps_its_deployments_and_another_endpoint_of_openais_kind_is_a_custom_one() {
        let content = content(
            "model_list:\n\
             - model_name: a\n  litellm_params:\n    model: azure/one\n    api_base: https://r.openai.azure.com\n    \
             api_key: 0123456789abcdef0123456789abcdef\n    api_version: 2024-10-21\n\
             - model_name: b\n  litellm_params:\n    model: azure/two\n    api_base: https://r.openai.azure.com\n    \
             api_key: 0123456789abcdef0123456789abcdef\n\
             - model_name: c\n  litellm_params: {model: openai/mine, api_base: 'https://llm.example/v1', api_key: abcdefghijkl}\n",
        );
        assert_eq!(content.candidates.len(), 2);
        let settings = json!({"deployments": ["one", "two"], "api_version": "2024-10-21"});
        assert_eq!(content.candidates[0].more["settings"], settings);
        let custom = &content.candidates[1];
        assert_eq!((custom.provider, custom.endpoint.as_deref()), (ProviderId::Custom, Some("https://llm.example/v1")));
    }

    #[test]
    fn what_cannot_be_taken_is_said_without_a_value() {
        let content = content(
            "model_list:\n\
             - model_name: v\n  litellm_params: {model: vertex_ai/gemini-9, api_key: some-secret-value}\n\
             - model_name: m\n  litellm_params: {model: openai/x, api_key: os.environ/MASTER_KEY}\n\
             - model_name: n\n  litellm_params: {model: openai/x, api_key: os.environ/NOWHERE}\n\
             - model_name: e\n  litellm_params: {model: openai/x}\n\
             - model_name: f\n  litellm_params: {model: groq/x, api_base: 'https://evil.example/v1', api_key: os.environ/GROQ_KEY_EU}\n\
             - model_name: g\n  litellm_params: {model: groq/x, api_base: os.environ/GROQ_KEY_EU, api_key: abcdefghijkl}\n",
        );
        let told: Vec<String> = content.left_out.iter().map(|line| line.outcome.told(false)).collect();
        assert_eq!((content.candidates.len(), told.len()), (0, 6));
        for (told, has) in told.iter().zip([
            "vertex_ai",
            "MASTER_KEY belongs",
            "NOWHERE is not set",
            "import that .env",
            "would be sent to https://evil.example",
            "no http address",
        ]) {
            assert!(told.contains(has) && !told.contains("some-secret") && !told.contains("gsk_"), "{told}");
        }
    }

    #[test]
    fn a_broken_file_is_refused_without_repeating_a_line_of_it() {
        let environment = Environment::of(&[], &[]);
        for text in
            [format!("model_list:\n  - api_key: {KEY}\n"), format!("model_list: [{KEY}\n"), format!("&a [*a, {KEY}]")]
        {
            let failure = read(&text, Scope::Personal, false, &environment).err().map(|failure| failure.sentence);
            let sentence = failure.unwrap_or_else(|| panic!("{text} was read"));
            assert!(sentence.contains("model_list") && !sentence.contains("FAKE"), "{sentence}");
        }
    }
}
