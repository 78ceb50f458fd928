// The packages of Node at the doors beside the calls: vectors, counts, lists of models.

import Anthropic from "@anthropic-ai/sdk";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { GoogleGenAI } from "@google/genai";
import { embedMany } from "ai";
import OpenAI from "openai";
import { assert, run, TOKEN, URL } from "./suite.mjs";

const v1 = { baseURL: `${URL}/v1`, apiKey: TOKEN };
const openai = new OpenAI({ ...v1, maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: URL, apiKey: TOKEN, maxRetries: 0 });
const google = new GoogleGenAI({ apiKey: TOKEN, httpOptions: { baseUrl: URL } });
const vectors = ["text-embedding-3-small", "google/gemini-embedding-001", "ollama/nomic-embed-text:latest"];
const messages = [{ role: "user", content: "How many tokens are these?" }];

await run([
  async function texts_become_vectors() {
    for (const model of vectors) {
      // The package asks for base64 and decodes whatever comes.
      const [first, second] = (await openai.embeddings.create({ model, input: ["one", "two"] })).data;
      assert(first.embedding.length === second.embedding.length && first.embedding.length > 100, model);
      const asked = { model, input: "one", encoding_format: "float" };
      const [plain] = (await openai.embeddings.create(asked)).data;
      assert(plain.embedding.every((number, at) => Math.abs(number - first.embedding[at]) < 1e-5), model);
    }
  },
  async function texts_become_vectors_by_the_ai_sdk() {
    const provider = createOpenAICompatible({ name: "ownkey", ...v1 });
    for (const model of vectors) {
      const { embeddings } = await embedMany({ model: provider.embeddingModel(model), values: ["one", "two"] });
      assert(embeddings.length === 2 && embeddings[0].length > 100, model);
    }
  },
  async function texts_become_vectors_of_googles() {
    for (const model of vectors) {
      const { embeddings } = await google.models.embedContent({ model, contents: ["one", "two"] });
      assert(embeddings.length === 2 && embeddings[0].values.length > 100, model);
    }
  },
  async function tokens_are_counted(model) {
    assert((await anthropic.messages.countTokens({ model, messages })).input_tokens > 0);
    assert((await google.models.countTokens({ model, contents: messages[0].content })).totalTokens > 0);
  },
  async function models_are_listed_in_three_shapes() {
    const all = async (list) => {
      const found = [];
      for await (const model of list) found.push(model);
      return found;
    };
    assert((await all(await openai.models.list())).some((model) => model.id === "gpt-5-mini"));
    const claude = (await all(await anthropic.models.list())).find((model) => model.id === "claude-haiku-5-5");
    assert(claude?.display_name && claude.type === "model", claude);
    const gemini = (await all(await google.models.list())).find((model) => model.name === "models/gemini-3.8-flash");
    assert(gemini?.supportedActions?.includes("generateContent"), gemini);
  },
]);
