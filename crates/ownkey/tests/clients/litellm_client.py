"""The unmodified `litellm` package as a client, in both of its ways to speak to a gateway."""

import json
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm

from suite import CITY, MODELS, PERSON, TOKEN, URL, is_person, raises, run

WEATHER = {
    "type": "function",
    "function": {"name": "weather", "description": "The weather of a city", "parameters": CITY},
}
litellm.suppress_debug_info = True


def by_openai(model, text, **more):
    messages = text if isinstance(text, list) else [{"role": "user", "content": text}]
    return litellm.completion(
        model=f"openai/{model}", api_base=f"{URL}/v1", api_key=TOKEN, messages=messages, max_retries=0, timeout=20, **more
    )


def by_anthropic(model, text, **more):
    messages = text if isinstance(text, list) else [{"role": "user", "content": text}]
    return litellm.completion(
        model=f"anthropic/{model}", api_base=URL, api_key=TOKEN, messages=messages, max_retries=0, timeout=20, **more
    )


def answers(ask, model):
    answer = ask(model, "Hello!")
    assert "Hello!" in answer.choices[0].message.content and answer.usage.completion_tokens > 0


def streams(ask, model):
    chunks = ask(model, "Hello!", stream=True)
    assert "Hello!" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def calls_a_tool(ask, model):
    question = [{"role": "user", "content": "[[sim:tool]] Bern?"}]
    message = ask(model, question, tools=[WEATHER]).choices[0].message
    call = message.tool_calls[0]
    assert call.function.name == "weather" and "city" in json.loads(call.function.arguments)
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    answer = ask(model, [*question, message.model_dump(), result], tools=[WEATHER])
    assert "sunny" in answer.choices[0].message.content


def a_chat_of_openais_answers(model):
    answers(by_openai, model)


def a_chat_of_openais_streams(model):
    streams(by_openai, model)


def a_chat_of_openais_calls_a_tool(model):
    calls_a_tool(by_openai, model)


def a_schema_is_followed(model):
    wanted = {"type": "json_schema", "json_schema": {"name": "person", "strict": True, "schema": PERSON}}
    is_person(by_openai(model, "Somebody", response_format=wanted).choices[0].message.content)


def a_message_of_anthropics_answers(model):
    answers(by_anthropic, model)


def a_message_of_anthropics_streams(model):
    streams(by_anthropic, model)


def a_message_of_anthropics_calls_a_tool(model):
    calls_a_tool(by_anthropic, model)


def errors_are_told_apart():
    raises(litellm.NotFoundError, lambda: by_openai("no-such-model", "Hi"))
    raises(litellm.ContextWindowExceededError, lambda: by_openai(MODELS["openai"], "[[sim:too-long]] Hi"))
    raises(litellm.RateLimitError, lambda: by_openai("gpt-5.1", "[[sim:429]] Hi"))
    wrong = {"model": "openai/gpt-5-mini", "api_base": f"{URL}/v1", "api_key": "owk_user_wrong", "max_retries": 0}
    raises(
        litellm.AuthenticationError,
        lambda: litellm.completion(messages=[{"role": "user", "content": "Hi"}], **wrong),
    )


if __name__ == "__main__":
    run([
        a_chat_of_openais_answers,
        a_chat_of_openais_streams,
        a_chat_of_openais_calls_a_tool,
        a_schema_is_followed,
        a_message_of_anthropics_answers,
        a_message_of_anthropics_streams,
        a_message_of_anthropics_calls_a_tool,
        errors_are_told_apart,
    ])
