//! The official Python clients as judges, where `OWNKEY_TEST_PYTHON` names an interpreter that has them.

use std::process::Command;

use provider_sim::{Script, Sim};

/// Runs the script against a provider that says hello; nothing where there is no interpreter.
#[expect(clippy::disallowed_methods, reason = "the interpreter is named by the environment of the tests")]
async fn judged(module: &str, script: &str) {
    let Some(python) = std::env::var_os("OWNKEY_TEST_PYTHON") else { return };
    let sim = Sim::start(Script::says("Bonjour ! Ça va ? 👋")).await.expect("a port");
    let origin = sim.origin();
    let script = format!(
        "import importlib.util, sys\nif not importlib.util.find_spec('{module}'): sys.exit(0)\nORIGIN = '{origin}'\n{script}"
    );
    let output = tokio::task::spawn_blocking(move || Command::new(python).arg("-c").arg(script).output());
    let output = output.await.expect("a thread").expect("the interpreter");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn anthropics_client_reads_messages_streams_and_errors() {
    judged(
        "anthropic",
        r#"
import anthropic
client = anthropic.Anthropic(api_key="sk-ant-api03-FAKE", base_url=ORIGIN + "/anthropic", max_retries=0)
ask = dict(model="claude-sonnet-5-5", max_tokens=300, thinking={"type": "adaptive", "display": "summarized"},
    tools=[{"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}])
first = [{"role": "user", "content": "[[sim:tool:2]] Weather?"}]
answer = client.messages.create(messages=first, **ask)
assert [block.type for block in answer.content] == ["thinking", "tool_use", "tool_use"], answer
with client.messages.stream(messages=first, **ask) as stream:
    streamed = stream.get_final_message()
assert streamed.content[0].signature == answer.content[0].signature, streamed
assert streamed.content[1].input == {"city": "demo"}, streamed
assert streamed.usage.output_tokens == answer.usage.output_tokens
results = [{"type": "tool_result", "tool_use_id": block.id, "content": "18"} for block in streamed.content[1:]]
turn = first + [{"role": "assistant", "content": [block.model_dump(exclude_none=True, include={"type", "thinking", "signature", "id", "name", "input"}) for block in streamed.content]}, {"role": "user", "content": results}]
answer = client.messages.create(messages=turn, **ask)
assert answer.content[-1].text.startswith("Bonjour"), answer
assert client.messages.count_tokens(model="claude-haiku-4-5", messages=[{"role": "user", "content": "hello"}]).input_tokens == 2
assert len(list(client.models.list(limit=2))) == 6
for marker, error in [("401", anthropic.AuthenticationError), ("429", anthropic.RateLimitError), ("529", anthropic.InternalServerError), ("404", anthropic.NotFoundError)]:
    try:
        client.messages.create(model="claude-haiku-4-5", max_tokens=5, messages=[{"role": "user", "content": f"[[sim:{marker}]]"}])
        raise SystemExit("no error for " + marker)
    except error:
        pass
"#,
    )
    .await;
}

#[tokio::test]
async fn openais_client_reads_responses_and_azure() {
    judged(
        "openai",
        r#"
import openai
client = openai.OpenAI(api_key="sk-FAKE", base_url=ORIGIN + "/v1", max_retries=0)
tool = {"type": "function", "name": "get_weather", "strict": False, "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
ask = dict(model="gpt-6.1-terra", store=False, tools=[tool], include=["reasoning.encrypted_content"], reasoning={"effort": "low", "summary": "auto"})
first = [{"role": "user", "content": "[[sim:tool]] Weather?"}]
answer = client.responses.create(input=first, **ask)
assert [item.type for item in answer.output] == ["reasoning", "function_call"], answer
with client.responses.stream(input=first, **ask) as stream:
    kinds = [event.type for event in stream]
    streamed = stream.get_final_response()
assert "response.function_call_arguments.delta" in kinds and kinds[-1] == "response.completed", kinds
assert streamed.output[1].arguments == answer.output[1].arguments
assert streamed.usage.output_tokens_details.reasoning_tokens > 0
turn = first + [item.model_dump(exclude_none=True, exclude={"status", "parsed_arguments"}) for item in streamed.output]
turn.append({"type": "function_call_output", "call_id": streamed.output[1].call_id, "output": "18"})
assert client.responses.create(input=turn, **ask).output_text.startswith("Bonjour")
try:
    client.responses.create(model="gpt-6.1-terra", input="x", max_output_tokens=3)
    raise SystemExit("no error")
except openai.BadRequestError:
    pass
azure = openai.AzureOpenAI(api_key="0123456789abcdef0123456789abcdef", azure_endpoint=ORIGIN + "/azure", api_version="2024-10-21")
said = azure.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "x"}], stream=True)
assert "".join(c.choices[0].delta.content or "" for c in said if c.choices).startswith("Bonjour")
"#,
    )
    .await;
}
