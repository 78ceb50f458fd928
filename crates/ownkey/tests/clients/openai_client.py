"""The unmodified `openai` package."""

import json
from typing import Optional

import openai
from openai import OpenAI
from pydantic import BaseModel

from suite import CITY, MODELS, PERSON, PIXEL, TOKEN, URL, is_person, raises, run

MODEL = MODELS["openai"]
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "description": "The weather of a city", "parameters": CITY},
}
FLAT_WEATHER = {"type": "function", **WEATHER["function"], "strict": False}

client = OpenAI(base_url=f"{URL}/v1", api_key=TOKEN, max_retries=0, timeout=20)


class Person(BaseModel):
    name: str
    age: int
    city: Optional[str]


def says(text):
    return [{"role": "user", "content": text}]


def text_of(stream):
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def models_are_listed(model):
    listed = [one.id for one in client.models.list()]
    assert model in listed or model.split("/", 1)[-1] in listed, listed
    if model == MODEL:
        assert client.models.retrieve(model).id == model


def a_chat_answers(model):
    answer = client.chat.completions.create(model=model, messages=says("Hello!"))
    assert "Hello!" in answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0


def the_headers_say_who_paid():
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=says("Hello!"))
    assert raw.headers["x-ownkey-credential-scope"] == "personal"
    assert raw.headers["x-ownkey-provider"] == "openai"
    assert raw.parse().choices[0].message.content


def a_stream_answers(model):
    chunks = list(client.chat.completions.create(model=model, messages=says("Hello!"), stream=True))
    assert "Hello!" in text_of(chunks)
    assert all(chunk.usage is None for chunk in chunks), "usage nobody asked for"
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason] == ["stop"]


def a_stream_with_usage_ends_with_it(model):
    chunks = list(
        client.chat.completions.create(
            model=model, messages=says("Hello!"), stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens > 0
    assert all(chunk.usage is None for chunk in chunks[:-1])


def a_limit_is_kept(model):
    answer = client.chat.completions.create(model=model, messages=says("Hello!"), max_completion_tokens=512)
    assert answer.choices[0].message.content


def a_tool_is_called_and_its_result_taken(model):
    question = [{"role": "system", "content": "Be brief."}, *says("[[sim:tool]] What is the weather in Bern?")]
    message = client.chat.completions.create(model=model, messages=question, tools=[WEATHER]).choices[0].message
    call = message.tool_calls[0]
    assert call.function.name == "weather" and "city" in json.loads(call.function.arguments)
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    answer = client.chat.completions.create(model=model, messages=[*question, message, result], tools=[WEATHER])
    assert "sunny" in answer.choices[0].message.content


def a_tool_call_streams(model):
    stream = client.chat.completions.create(
        model=model, messages=says("[[sim:tool]] Bern?"), tools=[WEATHER], stream=True
    )
    chunks = list(stream)
    calls = [call for chunk in chunks for choice in chunk.choices for call in choice.delta.tool_calls or []]
    assert calls[0].function.name == "weather" and calls[0].id
    assert "city" in json.loads("".join(call.function.arguments or "" for call in calls))
    assert "tool_calls" in [choice.finish_reason for chunk in chunks for choice in chunk.choices]


def a_schema_is_followed(model):
    wanted = {"type": "json_schema", "json_schema": {"name": "person", "strict": True, "schema": PERSON}}
    answer = client.chat.completions.create(model=model, messages=says("Somebody"), response_format=wanted)
    is_person(answer.choices[0].message.content)


def an_answer_is_parsed(model):
    answer = client.chat.completions.parse(model=model, messages=says("Somebody"), response_format=Person)
    assert isinstance(answer.choices[0].message.parsed, Person), answer


def a_picture_is_seen(model):
    if model == MODELS["ollama"]:
        return  # That model sees nothing.
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    parts = [{"type": "text", "text": "What is this?"}, picture]
    answer = client.chat.completions.create(model=model, messages=[{"role": "user", "content": parts}])
    assert "1 image" in answer.choices[0].message.content


def a_response_answers(model):
    answer = client.responses.create(model=model, input="Hello!", instructions="Be brief.", store=False)
    assert "Hello!" in answer.output_text and answer.status == "completed"
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens > 0


def a_response_streams(model):
    with client.responses.stream(model=model, input="Hello!", store=False) as stream:
        seen = [event.type for event in stream]
        answer = stream.get_final_response()
    assert seen[0] == "response.created" and seen[-1] == "response.completed", seen
    assert "response.output_text.delta" in seen and "Hello!" in answer.output_text


def a_response_calls_a_tool(model):
    question = [{"role": "user", "content": "[[sim:tool]] Bern?"}]
    answer = client.responses.create(model=model, input=question, tools=[FLAT_WEATHER], store=False)
    call = next(item for item in answer.output if item.type == "function_call")
    assert call.name == "weather" and "city" in json.loads(call.arguments)
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    given = [item.to_dict() for item in answer.output]
    answer = client.responses.create(model=model, input=[*question, *given, result], tools=[FLAT_WEATHER], store=False)
    assert "sunny" in answer.output_text


def a_response_is_parsed(model):
    answer = client.responses.parse(model=model, input="Somebody", text_format=Person, store=False)
    assert isinstance(answer.output_parsed, Person), answer


def a_wrong_token_is_an_authentication_error():
    stranger = OpenAI(base_url=f"{URL}/v1", api_key="owk_user_wrong", max_retries=0)
    error = raises(openai.AuthenticationError, stranger.models.list)
    assert error.code and error.message and error.request_id


def an_unknown_model_is_not_found():
    ask = client.chat.completions.create
    error = raises(openai.NotFoundError, lambda: ask(model="no-such-model", messages=says("Hi")))
    assert error.code == "model_not_found", error.code


def a_limit_is_a_rate_limit_error():
    ask = client.chat.completions.create
    # A limit is remembered, for this model.
    error = raises(openai.RateLimitError, lambda: ask(model="gpt-5", messages=says("[[sim:429]] Hi")))
    assert int(error.response.headers["retry-after"]) > 0


def a_bad_request_is_one(model):
    ask = client.chat.completions.create
    raises(openai.BadRequestError, lambda: ask(model=model, messages=says("[[sim:too-long]] Hi")))


def a_stream_that_breaks_off_raises(model):
    ask = client.chat.completions.create
    raises(openai.APIError, lambda: list(ask(model=model, messages=says("[[sim:truncate]] Hi"), stream=True)))


def a_response_that_breaks_off_raises(model):
    def read():
        stream = client.responses.create(model=model, input="[[sim:truncate]] Hi", stream=True, store=False)
        last = list(stream)[-1]
        if last.type in ("response.failed", "error"):
            raise openai.APIError("told by an event", request=None, body=None)

    raises(openai.APIError, read)


def a_stream_may_be_left_in_the_middle(model):
    with client.chat.completions.create(model=model, messages=says("[[sim:hang-mid]] Hi"), stream=True) as stream:
        next(iter(stream))
    a_chat_answers(model)


CHECKS = [
    models_are_listed,
    a_chat_answers,
    the_headers_say_who_paid,
    a_stream_answers,
    a_stream_with_usage_ends_with_it,
    a_limit_is_kept,
    a_tool_is_called_and_its_result_taken,
    a_tool_call_streams,
    a_schema_is_followed,
    an_answer_is_parsed,
    a_picture_is_seen,
    a_response_answers,
    a_response_streams,
    a_response_calls_a_tool,
    a_response_is_parsed,
    a_wrong_token_is_an_authentication_error,
    an_unknown_model_is_not_found,
    a_limit_is_a_rate_limit_error,
    a_bad_request_is_one,
    a_stream_that_breaks_off_raises,
    a_response_that_breaks_off_raises,
    a_stream_may_be_left_in_the_middle,
]

if __name__ == "__main__":
    run(CHECKS)
