"""The unmodified `anthropic` package."""

import anthropic
from anthropic import Anthropic

from suite import CITY, MODELS, PERSON, PIXEL, TOKEN, URL, is_person, raises, run

WEATHER = {"name": "weather", "description": "The weather of a city", "input_schema": CITY}

client = Anthropic(base_url=URL, api_key=TOKEN, max_retries=0, timeout=20)


def says(text):
    return [{"role": "user", "content": text}]


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


def a_message_answers(model):
    message = client.messages.create(model=model, max_tokens=512, system="Be brief.", messages=says("Hello!"))
    assert "Hello!" in text_of(message)
    assert message.stop_reason == "end_turn" and message.type == "message"
    assert message.usage.input_tokens > 0 and message.usage.output_tokens > 0


def a_message_streams(model):
    with client.messages.stream(model=model, max_tokens=512, messages=says("Hello!")) as stream:
        text = "".join(stream.text_stream)
        message = stream.get_final_message()
    assert "Hello!" in text and text == text_of(message)
    assert message.stop_reason == "end_turn" and message.usage.output_tokens > 0


def the_old_header_is_taken_as_well(model):
    old = Anthropic(
        base_url=URL,
        api_key=TOKEN,
        max_retries=0,
        default_headers={"anthropic-version": "2023-06-01", "x-api-key": TOKEN},
    )
    assert old.messages.create(model=model, max_tokens=512, messages=says("Hi")).content


def a_tool_is_called_and_its_result_taken(model):
    question = says("[[sim:tool]] What is the weather in Bern?")
    message = client.messages.create(model=model, max_tokens=512, messages=question, tools=[WEATHER])
    assert message.stop_reason == "tool_use"
    call = next(block for block in message.content if block.type == "tool_use")
    assert call.name == "weather" and "city" in call.input
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
    history = [
        *question,
        {"role": "assistant", "content": [block.to_dict() for block in message.content]},
        {"role": "user", "content": [result]},
    ]
    message = client.messages.create(model=model, max_tokens=512, messages=history, tools=[WEATHER])
    assert "sunny" in text_of(message)


def a_tool_call_streams(model):
    question = says("[[sim:tool]] Bern?")
    with client.messages.stream(model=model, max_tokens=512, messages=question, tools=[WEATHER]) as stream:
        message = stream.get_final_message()
    call = next(block for block in message.content if block.type == "tool_use")
    assert call.name == "weather" and "city" in call.input and message.stop_reason == "tool_use"


def a_schema_is_followed(model):
    wanted = {"format": {"type": "json_schema", "schema": PERSON}}
    message = client.messages.create(
        model=model, max_tokens=512, messages=says("Somebody"), extra_body={"output_config": wanted}
    )
    is_person(text_of(message))


def a_picture_is_seen(model):
    if model == MODELS["ollama"]:
        return  # That model sees nothing.
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    parts = [{"type": "image", "source": source}, {"type": "text", "text": "What is this?"}]
    message = client.messages.create(model=model, max_tokens=512, messages=[{"role": "user", "content": parts}])
    assert "1 image" in text_of(message)


def a_wrong_token_is_an_authentication_error():
    stranger = Anthropic(base_url=URL, api_key="owk_user_wrong", max_retries=0)
    ask = stranger.messages.create
    error = raises(
        anthropic.AuthenticationError, lambda: ask(model=MODELS["openai"], max_tokens=9, messages=says("Hi"))
    )
    assert error.request_id and error.body["error"]["type"] == "authentication_error"


def an_unknown_model_is_not_found():
    ask = client.messages.create
    error = raises(anthropic.NotFoundError, lambda: ask(model="no-such-model", max_tokens=9, messages=says("Hi")))
    assert error.body["error"]["type"] == "not_found_error"


def a_bad_request_is_one(model):
    ask = client.messages.create
    raises(
        anthropic.BadRequestError, lambda: ask(model=model, max_tokens=512, messages=says("[[sim:too-long]] Hi"))
    )


def a_stream_that_breaks_off_raises(model):
    def read():
        with client.messages.stream(model=model, max_tokens=512, messages=says("[[sim:truncate]] Hi")) as stream:
            stream.get_final_message()

    raises(anthropic.APIError, read)


def a_stream_may_be_left_in_the_middle(model):
    with client.messages.stream(model=model, max_tokens=512, messages=says("[[sim:hang-mid]] Hi")) as stream:
        next(iter(stream))
    a_message_answers(model)


if __name__ == "__main__":
    run([
        a_message_answers,
        a_message_streams,
        the_old_header_is_taken_as_well,
        a_tool_is_called_and_its_result_taken,
        a_tool_call_streams,
        a_schema_is_followed,
        a_picture_is_seen,
        a_wrong_token_is_an_authentication_error,
        an_unknown_model_is_not_found,
        a_bad_request_is_one,
        a_stream_that_breaks_off_raises,
        a_stream_may_be_left_in_the_middle,
    ])
