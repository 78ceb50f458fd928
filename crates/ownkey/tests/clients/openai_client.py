"""OpenAI's own client against Ownkey: what an application written for OpenAI relies on.

Run by tests/it/clients.rs: openai_client.py BASE_URL TOKEN. Prints one line for each thing that works.
"""

import sys

import openai
from openai import OpenAI
from pydantic import BaseModel

MODEL = "gpt-5-mini"
HELLO = [{"role": "user", "content": "Say hello."}]


class Weather(BaseModel):
    city: str
    degrees: int


TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def lists_models(client):
    ids = [model.id for model in client.models.list()]
    assert MODEL in ids, ids
    assert client.models.retrieve(MODEL).id == MODEL


def chats(client):
    answer = client.chat.completions.with_raw_response.create(model=MODEL, messages=HELLO)
    assert answer.headers["x-ownkey-credential-scope"] == "personal", answer.headers
    assert answer.headers["x-request-id"]
    whole = answer.parse()
    assert whole.choices[0].message.content, whole
    assert whole.usage.total_tokens > 0, whole


def streams(client):
    chunks = list(client.chat.completions.create(model=MODEL, messages=HELLO, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text, chunks
    assert chunks[-1].choices[0].finish_reason == "stop", chunks[-1]
    assert all(chunk.usage is None for chunk in chunks), "usage that nobody asked for"


def streams_with_usage(client):
    asked = {"include_usage": True}
    chunks = list(client.chat.completions.create(model=MODEL, messages=HELLO, stream=True, stream_options=asked))
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens > 0, chunks[-1]


def calls_a_tool(client):
    messages = [{"role": "user", "content": "[[sim:tool]] What is the weather in Paris?"}]
    answer = client.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL])
    call = answer.choices[0].message.tool_calls[0]
    assert answer.choices[0].finish_reason == "tool_calls" and call.function.name == "get_weather", answer
    messages += [
        answer.choices[0].message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": "12 degrees"},
    ]
    messages[0]["content"] = "What is the weather in Paris?"
    assert client.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL]).choices[0].message.content


def parses_a_schema(client):
    answer = client.chat.completions.parse(model=MODEL, messages=HELLO, response_format=Weather)
    assert isinstance(answer.choices[0].message.parsed, Weather), answer


def goes_away_in_the_middle(client):
    messages = [{"role": "user", "content": "[[sim:long]] Go on."}]
    with client.chat.completions.create(model=MODEL, messages=messages, stream=True) as stream:
        next(iter(stream))
    assert client.chat.completions.create(model=MODEL, messages=HELLO).choices


def meets_errors(client):
    for wrong, call in [
        (openai.AuthenticationError, lambda: client.with_options(api_key="owk_user_wrong").models.list()),
        (openai.NotFoundError, lambda: client.chat.completions.create(model="no-such-model", messages=HELLO)),
        (openai.BadRequestError, lambda: client.chat.completions.create(model="", messages=HELLO)),
    ]:
        try:
            call()
        except wrong as error:
            assert error.request_id and error.body["message"], error
        else:
            raise AssertionError(f"{wrong.__name__} was not raised")


def hears_of_a_failure_in_the_stream(client):
    messages = [{"role": "user", "content": "[[sim:error-mid]] Go on."}]
    try:
        list(client.chat.completions.create(model=MODEL, messages=messages, stream=True))
    except openai.APIError:
        return
    raise AssertionError("a broken stream looked whole")


def main(base_url, token):
    client = OpenAI(base_url=base_url, api_key=token, max_retries=0, timeout=20)
    for step in [
        lists_models,
        chats,
        streams,
        streams_with_usage,
        calls_a_tool,
        parses_a_schema,
        goes_away_in_the_middle,
        meets_errors,
        hears_of_a_failure_in_the_stream,
    ]:
        step(client)
        print(step.__name__, flush=True)


main(*sys.argv[1:])
