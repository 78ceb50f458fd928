"""The unmodified `google-genai` package."""

import base64

from google import genai
from google.genai import errors, types

from suite import MODELS, PERSON, PIXEL, TOKEN, URL, is_person, raises, run

WEATHER = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="weather",
            description="The weather of a city",
            parameters={"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]},
        )
    ]
)

client = genai.Client(api_key=TOKEN, http_options=types.HttpOptions(base_url=URL, timeout=20_000))
ask = client.models.generate_content


def a_call_answers(model):
    config = types.GenerateContentConfig(system_instruction="Be brief.", max_output_tokens=512)
    answer = ask(model=model, contents="Hello!", config=config)
    assert "Hello!" in answer.text
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP
    usage = answer.usage_metadata
    assert usage.total_token_count >= usage.prompt_token_count + usage.candidates_token_count > 0


def a_call_streams(model):
    pieces = list(client.models.generate_content_stream(model=model, contents="Hello!"))
    assert "Hello!" in "".join(piece.text or "" for piece in pieces)
    assert pieces[-1].usage_metadata.candidates_token_count > 0


def a_chat_remembers(model):
    chat = client.chats.create(model=model)
    assert "Hello!" in chat.send_message("Hello!").text
    assert "Again" in chat.send_message("Again").text


def a_tool_is_called_and_its_result_taken(model):
    config = types.GenerateContentConfig(
        tools=[WEATHER], automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True)
    )
    question = types.Content(role="user", parts=[types.Part(text="[[sim:tool]] Bern?")])
    answer = ask(model=model, contents=[question], config=config)
    call = answer.function_calls[0]
    assert call.name == "weather" and "city" in call.args
    result = types.Part.from_function_response(name=call.name, response={"result": "sunny"})
    result.function_response.id = call.id
    history = [question, answer.candidates[0].content, types.Content(role="user", parts=[result])]
    assert "sunny" in ask(model=model, contents=history, config=config).text


def a_tool_of_ones_own_is_run(model):
    cities = []

    def weather(city: str) -> str:
        """The weather of a city."""
        cities.append(city)
        return "sunny"

    config = types.GenerateContentConfig(tools=[weather])
    assert "sunny" in ask(model=model, contents="[[sim:tool]] Bern?", config=config).text
    assert len(cities) == 1


def a_tool_call_streams(model):
    config = types.GenerateContentConfig(tools=[WEATHER])
    pieces = list(client.models.generate_content_stream(model=model, contents="[[sim:tool]] Bern?", config=config))
    calls = [call for piece in pieces for call in piece.function_calls or []]
    assert [call.name for call in calls] == ["weather"] and "city" in calls[0].args


def a_schema_is_followed(model):
    config = types.GenerateContentConfig(response_mime_type="application/json", response_json_schema=PERSON)
    is_person(ask(model=model, contents="Somebody", config=config).text)


def a_picture_is_seen(model):
    if model == MODELS["ollama"]:
        return  # That model sees nothing.
    picture = types.Part.from_bytes(data=base64.b64decode(PIXEL), mime_type="image/png")
    assert "1 image" in ask(model=model, contents=[picture, "What is this?"]).text


def a_wrong_token_is_a_client_error():
    stranger = genai.Client(api_key="owk_user_wrong", http_options=types.HttpOptions(base_url=URL))
    error = raises(errors.ClientError, lambda: stranger.models.generate_content(model="gpt-5-mini", contents="Hi"))
    assert (error.code, error.status) == (401, "UNAUTHENTICATED")


def an_unknown_model_is_not_found():
    error = raises(errors.ClientError, lambda: ask(model="no-such-model", contents="Hi"))
    assert (error.code, error.status) == (404, "NOT_FOUND")


def a_bad_request_is_one(model):
    error = raises(errors.ClientError, lambda: ask(model=model, contents="[[sim:too-long]] Hi"))
    assert (error.code, error.status) == (400, "INVALID_ARGUMENT")


def a_stream_that_breaks_off_raises(model):
    stream = client.models.generate_content_stream
    raises(Exception, lambda: list(stream(model=model, contents="[[sim:truncate]] Hi")))


if __name__ == "__main__":
    run([
        a_call_answers,
        a_call_streams,
        a_chat_remembers,
        a_tool_is_called_and_its_result_taken,
        a_tool_of_ones_own_is_run,
        a_tool_call_streams,
        a_schema_is_followed,
        a_picture_is_seen,
        a_wrong_token_is_a_client_error,
        an_unknown_model_is_not_found,
        a_bad_request_is_one,
        a_stream_that_breaks_off_raises,
    ])
