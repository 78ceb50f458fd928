// The unmodified `ai` package with four of its providers: three formats and Responses.

import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import { assert, MODELS, raises, run, TOKEN, URL } from "./suite.mjs";

const v1 = { baseURL: `${URL}/v1`, apiKey: TOKEN };
const compatible = createOpenAICompatible({ name: "ownkey", ...v1, includeUsage: true, supportsStructuredOutputs: true });
const openai = createOpenAI(v1);
const anthropic = createAnthropic(v1);
const google = createGoogleGenerativeAI({ baseURL: `${URL}/v1beta`, apiKey: TOKEN });

const WAYS = {
  compatible,
  chat: openai.chat,
  responses: openai.responses,
  messages: anthropic,
  gemini: google,
};
const weather = tool({
  description: "The weather of a city",
  inputSchema: z.object({ city: z.string() }),
  execute: async () => "sunny",
});
const more = { maxRetries: 0, maxOutputTokens: 512 };

async function answers(model) {
  const { text, usage } = await generateText({ model, prompt: "Hello!", ...more });
  assert(text.includes("Hello!") && usage.outputTokens > 0, text, usage);
}

async function streams(model) {
  let text = "";
  const result = streamText({ model, prompt: "Hello!", ...more, onError: ({ error }) => { throw error; } });
  for await (const piece of result.textStream) text += piece;
  assert(text.includes("Hello!") && (await result.usage).outputTokens > 0, text);
}

async function calls_a_tool(model) {
  const asked = { model, prompt: "[[sim:tool]] Bern?", tools: { weather }, stopWhen: stepCountIs(3), ...more };
  const { text, steps } = await generateText(asked);
  assert(steps.length === 2 && text.includes("sunny"), text);
}

async function calls_a_tool_as_it_streams(model) {
  const asked = { model, prompt: "[[sim:tool]] Bern?", tools: { weather }, stopWhen: stepCountIs(3), ...more };
  const text = await streamText(asked).text;
  assert(text.includes("sunny"), text);
}

async function follows_a_schema(model) {
  // For a name it does not know, the provider of Anthropic's format forces a tool; Ollama can force none.
  if (model.provider.startsWith("anthropic") && model.modelId === MODELS.ollama) return;
  const schema = z.object({ name: z.string(), age: z.number().int() });
  const { output } = await generateText({ model, prompt: "Somebody", output: Output.object({ schema }), ...more });
  assert(typeof output.name === "string", output);
}

const checks = [answers, streams, calls_a_tool, calls_a_tool_as_it_streams, follows_a_schema].flatMap((check) =>
  Object.entries(WAYS).map(([way, of]) => {
    const named = { [`${check.name}_by_${way}`]: async (model) => check(of(model)) };
    return Object.values(named)[0];
  }),
);

await run([
  ...checks,
  async function errors_say_whether_to_try_again() {
    const ask = (id, prompt) => generateText({ model: compatible(id), prompt, ...more });
    await raises((error) => APICallError.isInstance(error) && !error.isRetryable, () => ask("no-such-model", "Hi"));
    const limit = await raises(APICallError.isInstance, () => ask("gpt-5.2", "[[sim:429]] Hi"));
    assert(limit.isRetryable && limit.statusCode === 429, limit.message);
  },
]);
