// What the suites have in common: where the server is, its models, and the run.
//
// Each suite is called as `NAME.mjs BASE_URL` with `OWNKEY_TOKEN` in the environment; BASE_URL has no path.
// A check is a function; one that takes an argument runs once for each provider, with a model of it.

export const URL = process.argv[2];
export const TOKEN = process.env.OWNKEY_TOKEN;

// One model for each wire that may be behind a call.
export const MODELS = {
  openai: "gpt-5-mini",
  anthropic: "anthropic/claude-haiku-5-5",
  google: "google/gemini-3.8-flash",
  ollama: "ollama/llama3.2:latest",
};

// What the weather tool takes, and a schema to answer in.
export const CITY = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
export const PERSON = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"],
  additionalProperties: false,
};

export function assert(holds, ...said) {
  if (!holds) throw new Error(`it does not hold: ${said.map((one) => JSON.stringify(one)).join(" ")}`);
}

export function isPerson(given) {
  const person = typeof given === "string" ? JSON.parse(given) : given;
  assert(typeof person.name === "string" && Number.isInteger(person.age), person);
}

// The error that the call fails with.
export async function raises(fits, call) {
  try {
    await call();
  } catch (error) {
    assert(fits(error), error?.constructor?.name, String(error));
    return error;
  }
  throw new Error("it did not fail");
}

// Runs them all, a line for each; ends the process.
export async function run(checks) {
  let failed = checks.length === 0 ? 1 : 0;
  for (const check of checks) {
    for (const [provider, model] of check.length ? Object.entries(MODELS) : [[null, null]]) {
      const name = check.name + (provider ? ` [${provider}]` : "");
      try {
        await check(...(model ? [model] : []));
        console.log(`ok    ${name}`);
      } catch (error) {
        failed += 1;
        console.log(`FAIL  ${name}\n${error?.stack ?? error}`);
      }
    }
  }
  process.exit(failed ? 1 : 0);
}
