"""What the suites have in common: where the server is, its models, and the run.

Each suite is called as `NAME.py BASE_URL` with `OWNKEY_TOKEN` in the environment; BASE_URL has no path.
A check is a function; one that takes an argument runs once for each provider, with a model of it.
"""

import inspect
import json
import os
import sys
import traceback

URL = sys.argv[1]
TOKEN = os.environ["OWNKEY_TOKEN"]

# One model for each wire that may be behind a call.
MODELS = {
    "openai": "gpt-5-mini",
    "anthropic": "anthropic/claude-haiku-5-5",
    "google": "google/gemini-3.8-flash",
    "ollama": "ollama/llama3.2:latest",
}

# What the weather tool takes, and a schema to answer in.
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}

# A picture of one pixel.
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def is_person(text):
    person = json.loads(text) if isinstance(text, str) else text
    assert isinstance(person["name"], str) and isinstance(person["age"], int), person


def raises(kind, call):
    """The error that the call fails with."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def run(checks):
    """Runs them all, a line for each; ends the process."""
    failed = 0
    for check in checks:
        targets = MODELS.items() if inspect.signature(check).parameters else [(None, None)]
        for provider, model in targets:
            name = check.__name__ + (f" [{provider}]" if provider else "")
            try:
                check(model) if model else check()
                print(f"ok    {name}", flush=True)
            except Exception:
                failed += 1
                print(f"FAIL  {name}\n{traceback.format_exc()}", flush=True)
    if not checks:
        print("FAIL  nothing was checked")
    sys.exit(1 if failed or not checks else 0)
