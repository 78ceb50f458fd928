// The unmodified `@google/genai` package.

import { ApiError, GoogleGenAI } from "@google/genai";
import { assert, CITY, isPerson, PERSON, raises, run, TOKEN, URL } from "./suite.mjs";

const made = (apiKey) => new GoogleGenAI({ apiKey, httpOptions: { baseUrl: URL, timeout: 20_000 } });
const { models } = made(TOKEN);
const config = { tools: [{ functionDeclarations: [{ name: "weather", parametersJsonSchema: CITY }] }] };

await run([
  async function a_call_answers(model) {
    const answer = await models.generateContent({ model, contents: "Hello!", config: { maxOutputTokens: 512 } });
    assert(answer.text.includes("Hello!") && answer.usageMetadata.totalTokenCount > 0, answer);
  },
  async function a_call_streams(model) {
    let text = "";
    for await (const piece of await models.generateContentStream({ model, contents: "Hello!" })) text += piece.text ?? "";
    assert(text.includes("Hello!"), text);
  },
  async function a_tool_is_called_and_its_result_taken(model) {
    const contents = [{ role: "user", parts: [{ text: "[[sim:tool]] Bern?" }] }];
    const answer = await models.generateContent({ model, contents, config });
    const [call] = answer.functionCalls;
    assert(call.name === "weather" && "city" in call.args, answer);
    const functionResponse = { id: call.id, name: call.name, response: { result: "sunny" } };
    contents.push(answer.candidates[0].content, { role: "user", parts: [{ functionResponse }] });
    const last = await models.generateContent({ model, contents, config });
    assert(last.text.includes("sunny"), last);
  },
  async function a_schema_is_followed(model) {
    const wanted = { responseMimeType: "application/json", responseJsonSchema: PERSON };
    isPerson((await models.generateContent({ model, contents: "Somebody", config: wanted })).text);
  },
  async function errors_are_told_apart() {
    const told = (status) => (error) => error instanceof ApiError && error.status === status;
    await raises(told(401), () => made("owk_user_wrong").models.generateContent({ model: "gpt-5-mini", contents: "Hi" }));
    await raises(told(404), () => models.generateContent({ model: "no-such-model", contents: "Hi" }));
  },
]);
