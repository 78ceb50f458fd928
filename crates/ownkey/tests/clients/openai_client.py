"""The unmodified `openai` package against Ownkey.

    openai_client.py BASE_URL        (OWNKEY_TOKEN in the environment)

One line for each check; the exit status is 1 when one of them failed.
"""

import json
import os
import sys
import traceback

import openai
from openai import OpenAI

MODEL = "gpt-5-mini"
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}

base_url = sys.argv[1]
client = OpenAI(base_url=base_url, api_key=os.environ["OWNKEY_TOKEN"], max_retries=0, timeout=20)


def says(text):
    return [{"role": "user", "content": text}]


def text_of(stream):
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def models_are_listed():
    assert MODEL in [model.id for model in client.models.list()]
    assert client.models.retrieve(MODEL).id == MODEL


def a_chat_answers():
    answer = client.chat.completions.create(model=MODEL, messages=says("Hello!"))
    assert "Hello!" in answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0


def the_headers_say_who_paid():
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=says("Hello!"))
    assert raw.headers["x-ownkey-credential-scope"] == "personal"
    assert raw.headers["x-ownkey-provider"] == "openai"
    assert raw.parse().choices[0].message.content


def a_stream_answers():
    chunks = list(client.chat.completions.create(model=MODEL, messages=says("Hello!"), stream=True))
    assert "Hello!" in text_of(chunks)
    assert all(chunk.usage is None for chunk in chunks), "usage nobody asked for"


def a_stream_with_usage_ends_with_it():
    chunks = list(
        client.chat.completions.create(
            model=MODEL, messages=says("Hello!"), stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens > 0
    assert all(chunk.usage is None for chunk in chunks[:-1])


def a_tool_is_called_and_its_result_taken():
    question = says("[[sim:tool]] What is the weather in Bern?")
    message = client.chat.completions.create(model=MODEL, messages=question, tools=[WEATHER]).choices[0].message
    call = message.tool_calls[0]
    assert call.function.name == "weather" and "city" in json.loads(call.function.arguments)
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    answer = client.chat.completions.create(model=MODEL, messages=[*question, message, result], tools=[WEATHER])
    assert "sunny" in answer.choices[0].message.content


def a_tool_call_streams():
    stream = client.chat.completions.create(
        model=MODEL, messages=says("[[sim:tool]] Bern?"), tools=[WEATHER], stream=True
    )
    calls = [call for chunk in stream for choice in chunk.choices for call in choice.delta.tool_calls or []]
    assert calls[0].function.name == "weather"
    assert "city" in json.loads("".join(call.function.arguments or "" for call in calls))


def a_schema_is_followed():
    wanted = {"type": "json_schema", "json_schema": {"name": "person", "strict": True, "schema": PERSON}}
    answer = client.chat.completions.create(model=MODEL, messages=says("Somebody"), response_format=wanted)
    person = json.loads(answer.choices[0].message.content)
    assert isinstance(person["name"], str) and isinstance(person["age"], int)


def raises(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def a_wrong_token_is_an_authentication_error():
    stranger = OpenAI(base_url=base_url, api_key="owk_user_wrong", max_retries=0)
    error = raises(openai.AuthenticationError, stranger.models.list)
    assert error.code and error.message


def an_unknown_model_is_not_found():
    ask = client.chat.completions.create
    error = raises(openai.NotFoundError, lambda: ask(model="no-such-model", messages=says("Hi")))
    assert error.code == "model_not_found", error.code


def a_limit_is_a_rate_limit_error():
    ask = client.chat.completions.create
    # A limit is remembered, for this model.
    error = raises(openai.RateLimitError, lambda: ask(model="gpt-5", messages=says("[[sim:429]] Hi")))
    assert int(error.response.headers["retry-after"]) > 0


def a_bad_request_is_one():
    ask = client.chat.completions.create
    raises(openai.BadRequestError, lambda: ask(model=MODEL, messages=says("[[sim:too-long]] Hi")))


def a_stream_that_breaks_off_raises():
    ask = client.chat.completions.create
    raises(openai.APIError, lambda: list(ask(model=MODEL, messages=says("[[sim:truncate]] Hi"), stream=True)))


def a_stream_may_be_left_in_the_middle():
    with client.chat.completions.create(model=MODEL, messages=says("[[sim:hang-mid]] Hi"), stream=True) as stream:
        next(iter(stream))
    a_chat_answers()


CHECKS = [
    models_are_listed,
    a_chat_answers,
    the_headers_say_who_paid,
    a_stream_answers,
    a_stream_with_usage_ends_with_it,
    a_tool_is_called_and_its_result_taken,
    a_tool_call_streams,
    a_schema_is_followed,
    a_wrong_token_is_an_authentication_error,
    an_unknown_model_is_not_found,
    a_limit_is_a_rate_limit_error,
    a_bad_request_is_one,
    a_stream_that_breaks_off_raises,
    a_stream_may_be_left_in_the_middle,
]

failed = 0
for check in CHECKS:
    try:
        check()
        print(f"ok    {check.__name__}", flush=True)
    except Exception:
        failed += 1
        print(f"FAIL  {check.__name__}\n{traceback.format_exc()}", flush=True)
sys.exit(1 if failed else 0)
