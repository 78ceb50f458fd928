// The unmodified `openai` package.

import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { assert, CITY, MODELS, raises, run, TOKEN, URL } from "./suite.mjs";

const client = new OpenAI({ baseURL: `${URL}/v1`, apiKey: TOKEN, maxRetries: 0, timeout: 20_000 });
const weather = { type: "function", function: { name: "weather", parameters: CITY } };
const says = (content) => [{ role: "user", content }];
const ask = (body) => client.chat.completions.create(body);

await run([
  async function a_chat_answers(model) {
    const answer = await ask({ model, messages: says("Hello!") });
    assert(answer.choices[0].message.content.includes("Hello!"), answer);
    assert(answer.usage.total_tokens > 0 && answer.choices[0].finish_reason === "stop", answer);
  },
  async function a_chat_streams(model) {
    let [text, usage] = ["", null];
    const stream_options = { include_usage: true };
    for await (const chunk of await ask({ model, messages: says("Hello!"), stream: true, stream_options })) {
      text += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage ?? usage;
    }
    assert(text.includes("Hello!") && usage.completion_tokens > 0, text, usage);
  },
  async function a_tool_is_called_and_its_result_taken(model) {
    const messages = says("[[sim:tool]] Bern?");
    const { message } = (await ask({ model, messages, tools: [weather] })).choices[0];
    const call = message.tool_calls[0];
    assert(call.function.name === "weather" && "city" in JSON.parse(call.function.arguments), message);
    messages.push(message, { role: "tool", tool_call_id: call.id, content: "sunny" });
    const answer = await ask({ model, messages, tools: [weather] });
    assert(answer.choices[0].message.content.includes("sunny"), answer);
  },
  async function a_tool_is_run_as_it_streams(model) {
    const runner = client.chat.completions.runTools({
      model,
      stream: true,
      messages: says("[[sim:tool]] Bern?"),
      tools: [{ type: "function", function: { ...weather.function, parse: JSON.parse, function: () => "sunny" } }],
    });
    assert((await runner.finalContent()).includes("sunny"));
  },
  async function an_answer_is_parsed(model) {
    const schema = z.object({ name: z.string(), age: z.number().int() });
    const format = zodResponseFormat(schema, "person");
    const answer = await client.chat.completions.parse({ model, messages: says("Somebody"), response_format: format });
    assert(typeof answer.choices[0].message.parsed.name === "string", answer);
  },
  async function a_response_streams(model) {
    const stream = client.responses.stream({ model, input: "Hello!", store: false });
    const answer = await stream.finalResponse();
    assert(answer.output_text.includes("Hello!") && answer.usage.output_tokens > 0, answer);
  },
  async function a_stream_may_be_left_in_the_middle(model) {
    const stream = await ask({ model, messages: says("[[sim:hang-mid]] Hi"), stream: true });
    for await (const chunk of stream) if (chunk) break;
    stream.controller.abort();
    assert((await ask({ model, messages: says("Hello!") })).choices.length === 1);
  },
  async function a_stream_that_breaks_off_raises(model) {
    await raises(
      (error) => error instanceof OpenAI.APIError,
      async () => {
        const stream = await ask({ model, messages: says("[[sim:truncate]] Hi"), stream: true });
        for await (const chunk of stream) assert(chunk);
      },
    );
  },
  async function errors_are_told_apart() {
    const stranger = new OpenAI({ baseURL: `${URL}/v1`, apiKey: "owk_user_wrong", maxRetries: 0 });
    await raises((error) => error instanceof OpenAI.AuthenticationError, () => stranger.models.list());
    const nobody = { model: "no-such-model", messages: says("Hi") };
    await raises((error) => error instanceof OpenAI.NotFoundError && error.requestID, () => ask(nobody));
    const long = { model: MODELS.anthropic, messages: says("[[sim:too-long]] Hi") };
    await raises((error) => error instanceof OpenAI.BadRequestError, () => ask(long));
  },
]);
