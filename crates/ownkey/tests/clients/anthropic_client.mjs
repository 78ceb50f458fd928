// The unmodified `@anthropic-ai/sdk` package.

import Anthropic from "@anthropic-ai/sdk";
import { assert, CITY, raises, run, TOKEN, URL } from "./suite.mjs";

const client = new Anthropic({ baseURL: URL, apiKey: TOKEN, maxRetries: 0, timeout: 20_000 });
const tools = [{ name: "weather", description: "The weather of a city", input_schema: CITY }];
const says = (content) => [{ role: "user", content }];
const textOf = (message) => message.content.map((block) => block.text ?? "").join("");
const limit = { max_tokens: 512 };

await run([
  async function a_message_answers(model) {
    const message = await client.messages.create({ model, ...limit, system: "Be brief.", messages: says("Hello!") });
    assert(textOf(message).includes("Hello!") && message.stop_reason === "end_turn", message);
    assert(message.usage.output_tokens > 0, message);
  },
  async function a_message_streams(model) {
    let text = "";
    const stream = client.messages.stream({ model, ...limit, messages: says("Hello!") });
    stream.on("text", (piece) => (text += piece));
    const message = await stream.finalMessage();
    assert(text.includes("Hello!") && text === textOf(message), message);
  },
  async function a_tool_is_called_and_its_result_taken(model) {
    const messages = says("[[sim:tool]] Bern?");
    const message = await client.messages.stream({ model, ...limit, messages, tools }).finalMessage();
    const call = message.content.find((block) => block.type === "tool_use");
    assert(call.name === "weather" && "city" in call.input, message);
    const result = { type: "tool_result", tool_use_id: call.id, content: "sunny" };
    messages.push({ role: "assistant", content: message.content }, { role: "user", content: [result] });
    const answer = await client.messages.create({ model, ...limit, messages, tools });
    assert(textOf(answer).includes("sunny"), answer);
  },
  async function errors_are_told_apart() {
    const ask = (by, model) => by.messages.create({ model, ...limit, messages: says("Hi") });
    const stranger = new Anthropic({ baseURL: URL, apiKey: "owk_user_wrong", maxRetries: 0 });
    await raises((error) => error instanceof Anthropic.AuthenticationError, () => ask(stranger, "gpt-5-mini"));
    await raises((error) => error instanceof Anthropic.NotFoundError, () => ask(client, "no-such-model"));
  },
  async function a_stream_that_breaks_off_raises(model) {
    await raises(
      (error) => error instanceof Anthropic.AnthropicError,
      () => client.messages.stream({ model, ...limit, messages: says("[[sim:truncate]] Hi") }).finalMessage(),
    );
  },
]);
