// One prompt to several models at once: each answer is written as it comes, can
// be stopped on its own, and says what it took. The page's address holds the models
// and their parameters; what is asked stays in this tab, where no proxy notes it.
import { copy, parsed, toast } from "./core.js";

const form = document.getElementById("playground");
const told = document.getElementById("told");
const running = new Map();

const columns = () => [...form.querySelectorAll(".column")].filter((column) => !column.hidden);
const part = (column, name) => column.querySelector(`[data-${name}]`);

// ---- What stands in the address ----
function query() {
  const isSent = (name) => form.elements[`${name}_on`]?.checked ?? true;
  const fields = [...new FormData(form)].filter(([name, value]) => /^m\d$/.test(name) || (value !== "" && isSent(name)));
  return new URLSearchParams(fields);
}

const ASKED = ["prompt", "system"];

function remember() {
  const asked = Object.fromEntries(ASKED.map((name) => [name, form.elements[name].value]));
  const fields = query();
  for (const name of ASKED) fields.delete(name);
  history.replaceState({ asked }, "", `${location.pathname}?${fields}`);
}

// After a reload, or back from elsewhere, what was asked is there again.
for (const name of form ? ASKED : []) {
  const field = form.elements[name];
  field.value ||= history.state?.asked?.[name] ?? "";
  if (field.value) field.closest("details")?.setAttribute("open", "");
}

let waiting = 0;
form?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(remember, 300);
});

// ---- Columns ----
function show(column, is) {
  column.hidden = !is;
  column.disabled = !is;
  const count = columns().length;
  document.getElementById("columns").dataset.columns = count;
  document.getElementById("add").disabled = count === 4;
}

function add() {
  const column = [...form.querySelectorAll(".column")].find((column) => column.hidden);
  if (!column) return;
  show(column, true);
  column.querySelector("input").focus();
}

function remove(column) {
  if (columns().length === 1) return toast("One model is always there.");
  drop(column);
  show(column, false);
  column.querySelector("input").value = "";
  column.removeAttribute("aria-busy");
  part(column, "stop").hidden = true;
  clear(column);
  settle();
}

// ---- Keys of another provider than the model's are not to be chosen ----
function keysFor(column) {
  const model = column.querySelector("input").value;
  const known = [...document.getElementById("model-list").options].find((option) => option.value === model);
  const provider = known?.dataset.provider;
  const keys = part(column, "key");
  for (const option of keys.options) {
    const fits = !provider || !option.dataset.provider || option.dataset.provider === provider;
    option.hidden = !fits;
    option.disabled = !fits;
    if (!fits && option.selected) keys.value = "";
  }
}

form?.addEventListener("change", (event) => {
  if (event.target.matches("input[list]")) keysFor(event.target.closest(".column"));
  // Whoever sets a parameter wants it sent.
  const setting = event.target.closest(".setting");
  if (setting && event.target.type !== "checkbox") setting.querySelector("[type=checkbox]").checked = true;
});

// ---- One answer ----
function clear(column) {
  for (const name of ["said", "thought"]) part(column, name).textContent = "";
  column.querySelector(".thought").hidden = true;
  column.querySelector(".thought").open = false;
  part(column, "failed").hidden = true;
  part(column, "figures").hidden = true;
  part(column, "copy-answer").hidden = true;
}

const made = (tag, members) => Object.assign(document.createElement(tag), members);

function fail(column, sentence, problem = {}) {
  const place = part(column, "failed");
  const way = wayOut(problem, column.querySelector("input").value.trim());
  place.replaceChildren(made("span", { textContent: sentence }));
  if (way) place.append(made("a", way));
  if (problem.request_id) place.append(made("span", { className: "small", textContent: `Request ${problem.request_id}` }));
  place.hidden = false;
}

/** The page where a refusal is put right. */
function wayOut({ code, attempts }, model) {
  if (["model_not_found", "ambiguous_model"].includes(code)) {
    return { href: `/language-models?${new URLSearchParams({ show: "all", q: model })}`, textContent: "Look for the model" };
  }
  const provider = attempts?.at(-1)?.provider;
  if (!provider && code !== "provider_key_required") return null;
  return { href: provider ? `/keys?provider=${provider}` : "/keys", textContent: "See the keys" };
}

function asked(column, prompt, system) {
  const number = column.dataset.number;
  const value = (name) => form.elements[`${name}${number}`].value;
  const isOn = (name) => form.elements[`${name}${number}_on`].checked;
  const body = { model_id: column.querySelector("input").value.trim(), messages: [], stream: true };
  if (system) body.messages.push({ role: "system", content: system });
  body.messages.push({ role: "user", content: prompt });
  for (const name of ["temperature", "top_p", "max_tokens", "seed"]) {
    if (isOn(name) && value(name) !== "") body[name] = Number(value(name));
  }
  if (isOn("reasoning_effort")) body.reasoning_effort = value("reasoning_effort");
  return body;
}

/** The events of an answer, as they come. */
async function* events(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += value;
    for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
      const lines = rest.slice(0, end).split("\n");
      rest = rest.slice(end + 2);
      const name = lines.find((line) => line.startsWith("event: "))?.slice(7);
      const data = lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
      if (name && data) yield { name, data: JSON.parse(data) };
    }
  }
}

/** Writes what comes, once for each frame, and stays at the end where the reader is. */
function writer(place) {
  const text = place.appendChild(document.createTextNode(""));
  const box = place.closest(".answer");
  let wanted = "";
  let frame = 0;
  const write = () => {
    frame = 0;
    const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
    text.appendData(wanted);
    wanted = "";
    if (isAtEnd) box.scrollTop = box.scrollHeight;
  };
  return {
    add(piece) {
      wanted += piece;
      frame ||= requestAnimationFrame(write);
    },
    end() {
      cancelAnimationFrame(frame);
      if (wanted) write();
    },
  };
}

/** Dollars from whole billionths, without an exponent. */
const money = (nanos) => `$${(nanos / 1e9).toFixed(9).replace(/\.?0+$/, "")}`;

const seconds = (ms) => `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;

function figures(column, begun, first, done, answer) {
  const took = performance.now() - begun;
  const whose = [...part(column, "key").options].find((option) => option.value === done.credential_id);
  const writing = first === null ? 0 : took - first;
  const facts = [
    first === null ? null : [`first token ${seconds(first)}`, "Time to the first token, measured here"],
    done.output_tokens && writing > 50 ? [`${(done.output_tokens / (writing / 1000)).toFixed(1)} tok/s`, "Tokens each second after the first"] : null,
    done.input_tokens === null ? ["tokens unknown"] : [`${done.input_tokens} in, ${done.output_tokens} out`, "Tokens read and written"],
    [done.cost_nanos === null ? "cost unknown" : money(done.cost_nanos), "What it cost"],
    [seconds(took), "From asking to the end"],
    [whose?.textContent.trim() ?? `${done.credential_scope} key`, "Whose key paid"],
  ];
  const dropped = answer.headers.get("x-ownkey-dropped");
  if (dropped) facts.push([`left out: ${dropped}`, "Parameters that this model does not take"]);
  const place = part(column, "figures");
  place.replaceChildren(...facts.filter(Boolean).map(([text, title]) => made("span", { textContent: text, title: title ?? "" })));
  place.hidden = false;
}

/** Ends what a column is writing. What it still says is no longer the column's. */
function drop(column) {
  const stop = running.get(column);
  running.delete(column);
  stop?.abort();
}

async function run(column, prompt, system) {
  drop(column);
  const stop = new AbortController();
  running.set(column, stop);
  clear(column);
  column.setAttribute("aria-busy", "true");
  part(column, "stop").hidden = false;
  const isOurs = () => running.get(column) === stop;
  const said = writer(part(column, "said"));
  const thought = writer(part(column, "thought"));
  const begun = performance.now();
  let first = null;
  let thinking = null;
  const headers = { "content-type": "application/json", accept: "text/event-stream", "x-ownkey-source": "playground", "x-ownkey-params": "lenient" };
  const key = part(column, "key").value;
  if (key) headers["x-ownkey-credential"] = key;
  try {
    const answer = await fetch("/v2/llm/chat/completions", { method: "POST", headers, body: JSON.stringify(asked(column, prompt, system)), signal: stop.signal });
    if (answer.status === 401) return location.assign("/login");
    if (!answer.ok) {
      const problem = await answer.json().catch(() => ({}));
      return fail(column, problem.detail ?? `The server answered ${answer.status}. Try again.`, problem);
    }
    for await (const { name, data } of events(answer)) {
      if (!isOurs()) return;
      if (name === "delta") {
        first ??= performance.now() - begun;
        if (data.reasoning) {
          thinking ??= performance.now();
          column.querySelector(".thought").hidden = false;
          thought.add(data.reasoning);
        }
        if (data.content) {
          if (thinking) part(column, "thought-title").textContent = `Thought for ${seconds(performance.now() - thinking)}`;
          thinking = null;
          said.add(data.content);
        }
      }
      if (name === "error") fail(column, data.detail ?? "The answer broke off. Try again.", data);
      if (name === "done") {
        figures(column, begun, first, data, answer);
        if (!data.content && !data.reasoning) fail(column, "The model answered with nothing.");
      }
    }
  } catch {
    if (!isOurs()) return;
    if (stop.signal.aborted) fail(column, "Stopped. What was written until then is paid for.");
    else fail(column, "The server was not reached. Try again.");
  } finally {
    if (isOurs()) end(column, [said, thought]);
    settle();
  }
}

function end(column, writers) {
  for (const writer of writers) writer.end();
  running.delete(column);
  column.removeAttribute("aria-busy");
  part(column, "stop").hidden = true;
  part(column, "copy-answer").hidden = !part(column, "said").textContent;
}

function settle() {
  document.getElementById("stop-all").hidden = running.size === 0;
}

async function runAll() {
  const prompt = form.elements.prompt.value;
  const system = form.elements.system.value.trim();
  if (!form.reportValidity()) return;
  remember();
  const all = columns().map((column) => run(column, prompt, system));
  settle();
  told.textContent = "Answers started.";
  await Promise.all(all);
  told.textContent = "Answers finished.";
}

// ---- Buttons ----
async function code(column) {
  const body = query();
  body.set("of", column.dataset.number);
  const answer = await fetch("/playground/code", { method: "POST", body, headers: { accept: "text/html" } });
  const found = parsed(await answer.text()).getElementById("code");
  if (!answer.ok || !found) return toast("The code could not be made. Try again.", true);
  document.getElementById("code-place").replaceChildren(document.adoptNode(found));
  document.getElementById("code-dialog").showModal();
}

form?.addEventListener("submit", (event) => {
  const button = event.submitter;
  const column = button?.closest(".column");
  event.preventDefault();
  if (button?.name === "add") add();
  else if (button?.name === "remove") remove(column);
  else if (button?.name === "of") return code(column).catch(() => toast("The server was not reached. Try again.", true));
  else return runAll();
  remember();
});

addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  const column = button?.closest(".column");
  if (button?.id === "stop-all") for (const stop of running.values()) stop.abort();
  if (button?.matches("[data-stop]")) running.get(column)?.abort();
  if (button?.matches("[data-copy-answer]")) copy(part(column, "said").textContent);
});

addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form?.contains(event.target)) {
    event.preventDefault();
    runAll();
  }
  if (event.key === "Escape" && running.size && !document.querySelector("dialog[open]")) {
    for (const stop of running.values()) stop.abort();
  }
});

// As the server sent it.
for (const column of form ? columns() : []) {
  keysFor(column);
  part(column, "copy-answer").hidden = !part(column, "said").textContent;
}
