//! A call as code, for the clients people have: to copy and run.

use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::view::copyable;

/// What the code is to ask.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Wanted {
    /// The model, by the name to call it by.
    pub(super) model: String,
    /// The system prompt; empty: none.
    pub(super) system: String,
    /// The prompt.
    pub(super) prompt: String,
    /// Parameters, by OpenAI's names.
    pub(super) parameters: Map<String, Value>,
}

impl Wanted {
    /// A first call of a model.
    pub(super) fn of(model: &str) -> Self {
        Self { model: model.to_owned(), prompt: "Hello!".to_owned(), ..Self::default() }
    }

    fn messages(&self) -> Vec<String> {
        let system = (!self.system.is_empty()).then(|| message("system", &self.system));
        system.into_iter().chain([message("user", &self.prompt)]).collect()
    }

    /// As JSON, in the order that people read it.
    fn body(&self) -> String {
        let mut members = vec![
            format!("  \"model\": {}", json!(self.model)),
            format!("  \"messages\": [\n    {}\n  ]", self.messages().join(",\n    ")),
        ];
        members.extend(self.parameters.iter().map(|(name, value)| format!("  {}: {value}", json!(name))));
        format!("{{\n{}\n}}", members.join(",\n"))
    }
}

/// A message; JSON is how every language here writes it.
fn message(role: &str, content: &str) -> String {
    format!("{{\"role\": {}, \"content\": {}}}", json!(role), json!(content))
}

/// The code for every client; the first is open.
pub(super) fn all(url: &str, wanted: &Wanted) -> Markup {
    let every = [
        ("curl", curl(url, wanted)),
        ("Python, openai", python(url, wanted)),
        ("Node, openai", node(url, wanted)),
        ("Python, anthropic", anthropic(url, wanted)),
        ("Claude Code", claude_code(url, wanted)),
        ("Codex", codex(url, wanted)),
    ];
    html! {
        div.snippets {
            @for (at, (name, code)) in every.iter().enumerate() {
                details name="snippet" open[at == 0] {
                    summary { (name) }
                    (copyable(code, &format!("the code for {name}")))
                }
            }
        }
    }
}

fn curl(url: &str, wanted: &Wanted) -> String {
    // A quote within a shell's quotes: end them, write it, begin again.
    let body = wanted.body().replace('\'', r"'\''");
    format!(
        "curl {url}/v1/chat/completions \\\n  -H \"Authorization: Bearer $OWNKEY_TOKEN\" \\\n  \
         -H \"Content-Type: application/json\" \\\n  -d '{body}'"
    )
}

fn python(url: &str, wanted: &Wanted) -> String {
    let arguments = arguments(wanted, "=", &wanted.parameters);
    format!(
        "import os\nfrom openai import OpenAI\n\n\
         client = OpenAI(base_url=\"{url}/v1\", api_key=os.environ[\"OWNKEY_TOKEN\"])\n\
         answer = client.chat.completions.create(\n{arguments}\n)\nprint(answer.choices[0].message.content)"
    )
}

fn node(url: &str, wanted: &Wanted) -> String {
    let arguments = arguments(wanted, ": ", &wanted.parameters);
    format!(
        "import OpenAI from \"openai\";\n\n\
         const client = new OpenAI({{ baseURL: \"{url}/v1\", apiKey: process.env.OWNKEY_TOKEN }});\n\
         const answer = await client.chat.completions.create({{\n{arguments}\n}});\n\
         console.log(answer.choices[0].message.content);"
    )
}

/// The members of a call, one a line; JSON is how both languages write them.
fn arguments(wanted: &Wanted, is: &str, parameters: &Map<String, Value>) -> String {
    let mut lines = vec![format!("    model{is}{},", json!(wanted.model))];
    let messages: Vec<String> = wanted.messages().iter().map(|message| format!("        {message},")).collect();
    lines.push(format!("    messages{is}[\n{}\n    ],", messages.join("\n")));
    lines.extend(parameters.iter().map(|(name, value)| format!("    {name}{is}{value},")));
    lines.join("\n")
}

fn anthropic(url: &str, wanted: &Wanted) -> String {
    let most = wanted.parameters.get("max_tokens").cloned().unwrap_or_else(|| json!(1024));
    let mut lines = vec![format!("    model={},", json!(wanted.model)), format!("    max_tokens={most},")];
    if !wanted.system.is_empty() {
        lines.push(format!("    system={},", json!(wanted.system)));
    }
    lines.push(format!("    messages=[{}],", message("user", &wanted.prompt)));
    // Newer versions of the library have no arguments for these.
    let taken = wanted.parameters.iter().filter(|(name, _)| matches!(name.as_str(), "temperature" | "top_p"));
    let taken: Vec<String> = taken.map(|(name, value)| format!("{}: {value}", json!(name))).collect();
    if !taken.is_empty() {
        lines.push(format!("    extra_body={{{}}},", taken.join(", ")));
    }
    let lines = lines.join("\n");
    format!(
        "import os\nfrom anthropic import Anthropic\n\n\
         client = Anthropic(base_url=\"{url}\", auth_token=os.environ[\"OWNKEY_TOKEN\"])\n\
         answer = client.messages.create(\n{lines}\n)\nprint(\"\".join(block.text for block in answer.content if block.type == \"text\"))"
    )
}

fn claude_code(url: &str, wanted: &Wanted) -> String {
    format!(
        "export ANTHROPIC_BASE_URL={url}\nexport ANTHROPIC_AUTH_TOKEN=$OWNKEY_TOKEN\n\
         export ANTHROPIC_MODEL={}\nclaude",
        in_shell(&wanted.model)
    )
}

fn codex(url: &str, wanted: &Wanted) -> String {
    format!(
        "# ~/.codex/config.toml\nmodel = {}\nmodel_provider = \"ownkey\"\n\n[model_providers.ownkey]\n\
         name = \"Ownkey\"\nbase_url = \"{url}/v1\"\nenv_key = \"OWNKEY_TOKEN\"\nwire_api = \"responses\"\n\
         http_headers = {{ \"x-ownkey-params\" = \"lenient\" }}",
        json!(wanted.model)
    )
}

/// A word of a shell, in quotes where it needs them.
fn in_shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':');
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://127.0.0.1:8000";

    fn wanted() -> Wanted {
        let parameters = json!({"temperature": 0.2, "max_tokens": 64});
        Wanted {
            model: "gpt-5-mini".to_owned(),
            system: "Be \"brief\".".to_owned(),
            prompt: "What's new?\nTell me.".to_owned(),
            parameters: parameters.as_object().cloned().unwrap_or_default(),
        }
    }

    #[test]
    fn a_quote_in_a_prompt_does_not_end_the_shells_quotes() {
        let code = curl(URL, &wanted());
        assert!(code.contains(r"What'\''s new?\nTell me."), "{code}");
        assert!(code.ends_with("}'"), "{code}");
        let body = wanted().body();
        let read: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(read["messages"][1]["content"], "What's new?\nTell me.", "{body}");
        assert_eq!((&read["temperature"], &read["max_tokens"]), (&json!(0.2), &json!(64)), "{body}");
    }

    #[test]
    fn texts_are_literals_of_the_language() {
        let code = python(URL, &wanted());
        assert!(code.contains(r#"{"role": "system", "content": "Be \"brief\"."},"#), "{code}");
        assert!(code.contains("    temperature=0.2,"), "{code}");
        assert!(node(URL, &wanted()).contains("    max_tokens: 64,"));
    }

    #[test]
    fn anthropics_client_is_told_the_system_prompt_apart() {
        let code = anthropic(URL, &wanted());
        assert!(code.contains(r#"    system="Be \"brief\".","#), "{code}");
        assert!(code.contains("    max_tokens=64,"), "{code}");
        assert!(code.contains("    extra_body={\"temperature\": 0.2},"), "{code}");
        assert!(anthropic(URL, &Wanted::of("m")).contains("    max_tokens=1024,"));
    }

    #[test]
    fn a_models_name_runs_nothing_in_a_shell() {
        let model = "a; rm -rf 'x' $(y)".to_owned();
        let code = claude_code(URL, &Wanted { model, ..Wanted::default() });
        assert!(code.contains(r"ANTHROPIC_MODEL='a; rm -rf '\''x'\'' $(y)'"), "{code}");
    }
}
