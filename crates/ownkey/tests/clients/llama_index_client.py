"""The unmodified `llama-index-llms-openai-like` package."""

from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike

from suite import TOKEN, URL, run


def weather(city: str) -> str:
    """The weather of a city."""
    return "sunny"


def llm(model):
    return OpenAILike(
        model=model,
        api_base=f"{URL}/v1",
        api_key=TOKEN,
        is_chat_model=True,
        is_function_calling_model=True,
        # It always sends a temperature, which some models have none of.
        default_headers={"x-ownkey-params": "lenient"},
        max_retries=0,
        timeout=20,
    )


def a_chat_answers(model):
    assert "Hello!" in llm(model).chat([ChatMessage(role="user", content="Hello!")]).message.content


def a_chat_streams(model):
    pieces = list(llm(model).stream_chat([ChatMessage(role="user", content="Hello!")]))
    assert len(pieces) > 1 and "Hello!" in pieces[-1].message.content


def a_tool_is_called(model):
    tool = FunctionTool.from_defaults(fn=weather)
    answer = llm(model).chat_with_tools([tool], user_msg="[[sim:tool]] Bern?")
    calls = llm(model).get_tool_calls_from_response(answer)
    assert calls[0].tool_name == "weather" and "city" in calls[0].tool_kwargs


if __name__ == "__main__":
    run([a_chat_answers, a_chat_streams, a_tool_is_called])
