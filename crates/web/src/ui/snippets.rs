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

    /// Each as JSON, its members in the order in which people write them.
    fn messages(&self) -> Vec<String> {
        let message = |role: &str, content: &str| format!(r#"{{"role": "{role}", "content": {}}}"#, json!(content));
        let system = (!self.system.is_empty()).then(|| message("system", &self.system));
        system.into_iter().chain([message("user", &self.prompt)]).collect()
    }

    /// The body of a call, likewise.
    fn body(&self) -> String {
        let mut lines = vec![format!("  \"model\": {}", json!(self.model))];
        lines.push(format!("  \"messages\": [\n    {}\n  ]", self.messages().join(",\n    ")));
        lines.extend(self.parameters.iter().map(|(name, value)| format!("  {}: {value}", json!(name))));
        format!("{{\n{}\n}}", lines.join(",\n"))
    }
}

/// Where the code is to go, and with what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gateway<'a> {
    /// Where people reach this server.
    pub(super) url: &'a str,
    /// The gateway token's text; `None`: it is in `OWNKEY_TOKEN`.
    pub(super) token: Option<&'a str>,
    /// The model that Claude's clients are given; `None`: the one that is wanted.
    pub(super) claude: Option<&'a str>,
}

impl Gateway<'_> {
    fn in_shell(self) -> String {
        self.token.map_or_else(|| "$OWNKEY_TOKEN".to_owned(), in_shell)
    }

    fn in_python(self) -> String {
        self.token.map_or_else(|| "os.environ[\"OWNKEY_TOKEN\"]".to_owned(), |token| json!(token).to_string())
    }

    /// The first line of a Python script that reads the environment.
    const fn imports(self) -> &'static str {
        if self.token.is_some() { "" } else { "import os\n" }
    }

    fn in_node(self) -> String {
        self.token.map_or_else(|| "process.env.OWNKEY_TOKEN".to_owned(), |token| json!(token).to_string())
    }
}

/// A client's code: one or more parts, each with where it belongs.
struct Snippet {
    name: &'static str,
    parts: Vec<(&'static str, String)>,
}

fn snippet(name: &'static str, code: String) -> Snippet {
    Snippet { name, parts: vec![("", code)] }
}

/// The code for every client; the first is open.
pub(super) fn all(url: &str, wanted: &Wanted) -> Markup {
    all_for(Gateway { url, token: None, claude: None }, wanted)
}

/// The code for every client of this gateway; the first is open.
pub(super) fn all_for(to: Gateway<'_>, wanted: &Wanted) -> Markup {
    let with_claude = to.claude.map(|model| Wanted { model: model.to_owned(), ..wanted.clone() });
    let claude = with_claude.as_ref().unwrap_or(wanted);
    let every = [
        snippet("curl", curl(to, wanted)),
        snippet("Python, openai", python(to, wanted)),
        snippet("Node, openai", node(to, wanted)),
        snippet("Python, anthropic", anthropic(to, claude)),
        snippet("Claude Code", claude_code(to, claude)),
        codex(to, wanted),
        snippet("aider", aider(to, wanted)),
        snippet("llm", llm(to, wanted)),
        snippet("LangChain", langchain(to, wanted)),
    ];
    html! {
        div.snippets {
            @for (at, Snippet { name, parts }) in every.iter().enumerate() {
                details name="snippet" open[at == 0] {
                    summary { (name) }
                    @for (place, code) in parts {
                        @if !place.is_empty() { p.small { (place) } }
                        (copyable(code, &format!("the code for {name}{}{place}", if place.is_empty() { "" } else { ", " })))
                    }
                }
            }
        }
    }
}

fn curl(to: Gateway<'_>, wanted: &Wanted) -> String {
    // A quote within a shell's quotes: end them, write it, begin again.
    let body = wanted.body().replace('\'', r"'\''");
    let (url, token) = (to.url, to.in_shell());
    format!(
        "curl {url}/v1/chat/completions \\\n  -H \"Authorization: Bearer {token}\" \\\n  \
         -H \"Content-Type: application/json\" \\\n  -d '{body}'"
    )
}

fn python(to: Gateway<'_>, wanted: &Wanted) -> String {
    let arguments = arguments(wanted, "=", &wanted.parameters);
    let (url, token, imports) = (to.url, to.in_python(), to.imports());
    format!(
        "{imports}from openai import OpenAI\n\n\
         client = OpenAI(base_url=\"{url}/v1\", api_key={token})\n\
         answer = client.chat.completions.create(\n{arguments}\n)\nprint(answer.choices[0].message.content)"
    )
}

fn node(to: Gateway<'_>, wanted: &Wanted) -> String {
    let arguments = arguments(wanted, ": ", &wanted.parameters);
    let (url, token) = (to.url, to.in_node());
    format!(
        "import OpenAI from \"openai\";\n\n\
         const client = new OpenAI({{ baseURL: \"{url}/v1\", apiKey: {token} }});\n\
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

fn anthropic(to: Gateway<'_>, wanted: &Wanted) -> String {
    let most = wanted.parameters.get("max_tokens").cloned().unwrap_or_else(|| json!(1024));
    let mut lines = vec![format!("    model={},", json!(wanted.model)), format!("    max_tokens={most},")];
    if !wanted.system.is_empty() {
        lines.push(format!("    system={},", json!(wanted.system)));
    }
    let prompt = Wanted { system: String::new(), ..wanted.clone() }.messages();
    lines.push(format!("    messages=[{}],", prompt.join(", ")));
    // Newer versions of the library have no arguments for these.
    let taken = wanted.parameters.iter().filter(|(name, _)| matches!(name.as_str(), "temperature" | "top_p"));
    let taken: Vec<String> = taken.map(|(name, value)| format!("{}: {value}", json!(name))).collect();
    if !taken.is_empty() {
        lines.push(format!("    extra_body={{{}}},", taken.join(", ")));
    }
    let lines = lines.join("\n");
    let (url, token, imports) = (to.url, to.in_python(), to.imports());
    format!(
        "{imports}from anthropic import Anthropic\n\n\
         client = Anthropic(base_url=\"{url}\", auth_token={token})\n\
         answer = client.messages.create(\n{lines}\n)\nprint(\"\".join(block.text for block in answer.content if block.type == \"text\"))"
    )
}

fn claude_code(to: Gateway<'_>, wanted: &Wanted) -> String {
    format!(
        "export ANTHROPIC_BASE_URL={}\nexport ANTHROPIC_AUTH_TOKEN={}\n\
         export ANTHROPIC_MODEL={}\nclaude",
        to.url,
        to.in_shell(),
        in_shell(&wanted.model)
    )
}

fn codex(to: Gateway<'_>, wanted: &Wanted) -> Snippet {
    let file = format!(
        "model = {}\nmodel_provider = \"ownkey\"\n\n[model_providers.ownkey]\n\
         name = \"Ownkey\"\nbase_url = \"{}/v1\"\nenv_key = \"OWNKEY_TOKEN\"\nwire_api = \"responses\"\n\
         http_headers = {{ \"x-ownkey-params\" = \"lenient\" }}",
        json!(wanted.model),
        to.url
    );
    let start = to.token.map_or_else(|| "codex".to_owned(), |token| format!("export OWNKEY_TOKEN={token}\ncodex"));
    Snippet { name: "Codex", parts: vec![("~/.codex/config.toml", file), ("Then, in a shell", start)] }
}

fn aider(to: Gateway<'_>, wanted: &Wanted) -> String {
    format!(
        "export OPENAI_API_BASE={}/v1\nexport OPENAI_API_KEY={}\naider --model {}",
        to.url,
        to.in_shell(),
        in_shell(&format!("openai/{}", wanted.model))
    )
}

/// A model's name is written as JSON, which YAML takes as it is.
fn llm(to: Gateway<'_>, wanted: &Wanted) -> String {
    format!(
        "cat >> \"$(dirname \"$(llm logs path)\")/extra-openai-models.yaml\" <<'END'\n\
         - model_id: ownkey\n  model_name: {}\n  api_base: {}/v1\n  api_key_name: ownkey\nEND\n\
         llm keys set ownkey --value \"{}\"\nllm -m ownkey {}",
        json!(wanted.model),
        to.url,
        to.in_shell(),
        quoted(&wanted.prompt)
    )
}

fn langchain(to: Gateway<'_>, wanted: &Wanted) -> String {
    let (url, token, imports) = (to.url, to.in_python(), to.imports());
    format!(
        "{imports}from langchain_openai import ChatOpenAI\n\n\
         model = ChatOpenAI(model={}, base_url=\"{url}/v1\", api_key={token})\n\
         print(model.invoke({}).content)",
        json!(wanted.model),
        json!(wanted.prompt)
    )
}

/// A word of a shell, in quotes where it needs them.
fn in_shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':');
    if word.chars().all(is_plain) { word.to_owned() } else { quoted(word) }
}

/// A text in a shell's quotes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Gateway<'_> = Gateway { url: "http://127.0.0.1:8000", token: None, claude: None };

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
        let code = curl(HERE, &wanted());
        assert!(code.contains(r"What'\''s new?\nTell me."), "{code}");
        assert!(code.ends_with("}'"), "{code}");
        let body = wanted().body();
        let read: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(read["messages"][1]["content"], "What's new?\nTell me.", "{body}");
        assert_eq!((&read["temperature"], &read["max_tokens"]), (&json!(0.2), &json!(64)), "{body}");
    }

    #[test]
    fn texts_are_literals_of_the_language() {
        let code = python(HERE, &wanted());
        assert!(code.contains(r#"{"role": "system", "content": "Be \"brief\"."},"#), "{code}");
        assert!(code.contains("    temperature=0.2,"), "{code}");
        assert!(node(HERE, &wanted()).contains("    max_tokens: 64,"));
    }

    #[test]
    fn anthropics_client_is_told_the_system_prompt_apart() {
        let code = anthropic(HERE, &wanted());
        assert!(code.contains(r#"    system="Be \"brief\".","#), "{code}");
        assert!(code.contains("    max_tokens=64,"), "{code}");
        assert!(code.contains("    extra_body={\"temperature\": 0.2},"), "{code}");
        assert!(anthropic(HERE, &Wanted::of("m")).contains("    max_tokens=1024,"));
    }

    #[test]
    fn a_token_stands_in_the_code_where_there_is_one() {
        let to = Gateway { token: Some("owk_user_abc"), ..HERE };
        assert!(python(to, &wanted()).starts_with("from openai"));
        let every = [curl(to, &wanted()), python(to, &wanted()), node(to, &wanted()), anthropic(to, &wanted())];
        let more = [claude_code(to, &wanted()), aider(to, &wanted()), llm(to, &wanted()), langchain(to, &wanted())];
        for code in every.iter().chain(&more).chain(codex(to, &wanted()).parts.last().map(|(_, code)| code)) {
            assert!(code.contains("owk_user_abc") && !code.contains("environ") && !code.contains("process"), "{code}");
        }
        assert!(python(HERE, &wanted()).contains("os.environ[\"OWNKEY_TOKEN\"]"));
    }

    #[test]
    fn a_models_name_runs_nothing_in_a_shell() {
        let model = "a; rm -rf 'x' $(y)".to_owned();
        let code = claude_code(HERE, &Wanted { model, ..Wanted::default() });
        assert!(code.contains(r"ANTHROPIC_MODEL='a; rm -rf '\''x'\'' $(y)'"), "{code}");
    }
}
