"""The unmodified `langchain-openai` and `langchain-anthropic` packages."""

from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from suite import TOKEN, URL, run


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


def weather(city: str) -> str:
    """The weather of a city."""
    return "sunny"


def by_openai(model, **more):
    return ChatOpenAI(model=model, base_url=f"{URL}/v1", api_key=TOKEN, max_retries=0, timeout=20, **more)


def by_anthropic(model):
    return ChatAnthropic(
        model=model, base_url=URL, api_key=TOKEN, max_tokens=512, max_retries=0, default_request_timeout=20
    )


def answers(chat):
    answer = chat.invoke("Hello!")
    assert "Hello!" in answer.text and answer.usage_metadata["output_tokens"] > 0, answer


def streams(chat):
    whole = None
    for chunk in chat.stream("Hello!"):
        whole = chunk if whole is None else whole + chunk
    assert "Hello!" in whole.text and whole.usage_metadata["output_tokens"] > 0, whole


def calls_a_tool(chat):
    armed = chat.bind_tools([weather])
    question = HumanMessage("[[sim:tool]] Bern?")
    message = armed.invoke([question])
    call = message.tool_calls[0]
    assert call["name"] == "weather" and "city" in call["args"], message
    result = ToolMessage("sunny", tool_call_id=call["id"])
    assert "sunny" in armed.invoke([question, message, result]).text


def a_chat_of_openais_answers(model):
    answers(by_openai(model))


def a_chat_of_openais_streams(model):
    streams(by_openai(model, stream_usage=True))


def a_chat_of_openais_calls_a_tool(model):
    calls_a_tool(by_openai(model))


def a_chat_of_openais_follows_a_schema(model):
    structured = by_openai(model).with_structured_output(Person, method="json_schema")
    assert isinstance(structured.invoke("Somebody"), Person)


def a_response_answers(model):
    answers(by_openai(model, use_responses_api=True, store=False))


def a_response_streams(model):
    streams(by_openai(model, use_responses_api=True, store=False))


def a_chat_of_anthropics_answers(model):
    answers(by_anthropic(model))


def a_chat_of_anthropics_streams(model):
    streams(by_anthropic(model))


def a_chat_of_anthropics_calls_a_tool(model):
    calls_a_tool(by_anthropic(model))


if __name__ == "__main__":
    run([
        a_chat_of_openais_answers,
        a_chat_of_openais_streams,
        a_chat_of_openais_calls_a_tool,
        a_chat_of_openais_follows_a_schema,
        a_response_answers,
        a_response_streams,
        a_chat_of_anthropics_answers,
        a_chat_of_anthropics_streams,
        a_chat_of_anthropics_calls_a_tool,
    ])
