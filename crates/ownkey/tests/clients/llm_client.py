"""The unmodified `llm` command: prompt, stream, schema, tool, by its own files."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from suite import MODELS, TOKEN, URL, is_person, run

home = tempfile.TemporaryDirectory(prefix="ownkey-llm-")
lines = [
    f"- model_id: {name}\n  model_name: {model}\n  api_base: {URL}/v1\n  api_key_name: ownkey\n"
    "  can_stream: true\n  supports_schema: true\n  supports_tools: true\n"
    for name, model in MODELS.items()
]
Path(home.name, "extra-openai-models.yaml").write_text("".join(lines))
Path(home.name, "keys.json").write_text(json.dumps({"ownkey": TOKEN}))


def llm(*words):
    environment = {**os.environ, "LLM_USER_PATH": home.name}
    command = [sys.executable, "-m", "llm", *words]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def named(model):
    return next(name for name, of in MODELS.items() if of == model)


def a_prompt_is_answered_as_it_streams(model):
    assert "Hello!" in llm("-m", named(model), "Hello!")


def a_prompt_is_answered_at_once():
    assert "Hello!" in llm("-m", "anthropic", "--no-stream", "Hello!")


def a_schema_is_followed():
    is_person(llm("-m", "google", "--schema", "name, age int", "Somebody"))


def a_tool_is_run():
    function = "def weather(city: str) -> str:\n    'The weather of a city'\n    return 'sunny'"
    assert "sunny" in llm("-m", "openai", "--functions", function, "[[sim:tool]] Bern?")


if __name__ == "__main__":
    run([
        a_prompt_is_answered_as_it_streams,
        a_prompt_is_answered_at_once,
        a_schema_is_followed,
        a_tool_is_run,
    ])
