"""`openai`, `anthropic` and `google-genai` at the doors beside the calls: vectors, counts, lists of models."""

from anthropic import Anthropic
from google import genai
from google.genai import types
from openai import OpenAI

from suite import MODELS, TOKEN, URL, run

openai = OpenAI(base_url=f"{URL}/v1", api_key=TOKEN, max_retries=0, timeout=20)
anthropic = Anthropic(base_url=URL, api_key=TOKEN, max_retries=0, timeout=20)
google = genai.Client(api_key=TOKEN, http_options=types.HttpOptions(base_url=URL, timeout=20_000))

VECTORS = ["text-embedding-3-small", "google/gemini-embedding-001", "ollama/nomic-embed-text:latest"]


def texts_become_vectors_of_openais():
    for model in VECTORS:
        # The package asks for base64 and decodes it.
        answer = openai.embeddings.create(model=model, input=["one", "two"])
        first, second = (item.embedding for item in answer.data)
        assert len(first) == len(second) > 100 and first != second, model
        assert all(isinstance(number, float) for number in first) and answer.usage.total_tokens > 0, model
        plain = openai.embeddings.create(model=model, input="one", encoding_format="float").data[0].embedding
        assert all(abs(a - b) < 1e-5 for a, b in zip(first, plain)), model


def texts_become_vectors_of_googles():
    for model in VECTORS:
        answer = google.models.embed_content(model=model, contents=["one", "two"])
        assert len(answer.embeddings) == 2 and len(answer.embeddings[0].values) > 100, model


def tokens_are_counted_for_anthropic(model):
    messages = [{"role": "user", "content": "How many tokens are these?"}]
    assert anthropic.messages.count_tokens(model=model, messages=messages).input_tokens > 0


def tokens_are_counted_for_google(model):
    assert google.models.count_tokens(model=model, contents="How many tokens are these?").total_tokens > 0


def models_are_listed_as_anthropic_lists_them():
    listed = list(anthropic.models.list(limit=1000))
    claude = next(model for model in listed if model.id == "claude-haiku-5-5")
    assert claude.type == "model" and claude.display_name and claude.created_at
    assert anthropic.models.retrieve("claude-haiku-5-5").id == "claude-haiku-5-5"
    paged = [model.id for model in anthropic.models.list(limit=5)]
    assert paged == [model.id for model in listed]


def models_are_listed_as_google_lists_them():
    listed = list(google.models.list())
    gemini = next(model for model in listed if model.name == "models/gemini-3.8-flash")
    assert gemini.input_token_limit and "generateContent" in gemini.supported_actions
    assert google.models.get(model="gemini-3.8-flash").name == "models/gemini-3.8-flash"


def every_listed_model_can_be_named():
    ids = [model.id for model in openai.models.list()]
    assert all(openai.models.retrieve(id).id == id for id in ids[:5] + ids[-5:])
    assert {name.split("/", 1)[-1] for name in MODELS.values()} <= {id.split("/", 1)[-1] for id in ids}


if __name__ == "__main__":
    run([
        texts_become_vectors_of_openais,
        texts_become_vectors_of_googles,
        tokens_are_counted_for_anthropic,
        tokens_are_counted_for_google,
        models_are_listed_as_anthropic_lists_them,
        models_are_listed_as_google_lists_them,
        every_listed_model_can_be_named,
    ])
