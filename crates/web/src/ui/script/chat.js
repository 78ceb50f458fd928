// The chat: sending, stopping, following, shortcuts. Answers are in answer.js,
// files in files.js, pages shown in a dialog in sheet.js.
import { api, copy, idle, parsed, refreshFrom, times, toast } from "./core.js";
import { listen } from "./events.js";
import { followAnswer, runningAnswer } from "./answer.js";
import { attached, forget } from "./files.js";
import { leaving } from "./sheet.js";

const root = document.getElementById("chat");
const id = root.dataset.chat;
const scroller = document.getElementById("scroller");
const thread = document.getElementById("thread");
const composer = document.getElementById("composer");
const box = composer.querySelector("textarea");
const latest = document.getElementById("latest");

// ---- The end of the thread is followed only by whoever looks at it ----
const NEAR = 80;
let follows = true;
const isNear = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight <= NEAR;
const toEnd = () => { scroller.scrollTop = scroller.scrollHeight; follows = true; latest.hidden = true; };

scroller.addEventListener("scroll", () => {
  follows = isNear();
  if (follows) latest.hidden = true;
}, { passive: true });
new ResizeObserver(() => {
  if (follows) toEnd();
  else latest.hidden = isNear();
}).observe(thread);
latest.addEventListener("click", toEnd);
const aim = location.hash ? document.getElementById(location.hash.slice(1)) : null;
if (aim) { follows = false; aim.scrollIntoView(); } else if (id) toEnd();

// ---- Parts of this page, fetched again ----
/** This page's address with another question to it. */
const asking = (question) => {
  const address = new URL(location.href);
  address.hash = "";
  for (const [name, value] of Object.entries(question)) address.searchParams.set(name, value);
  return address;
};

async function fetched(address) {
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  if (answer.status === 404) return location.assign("/chat");
  if (!answer.ok) throw new Error("This page was not reached. Reload it.");
  return parsed(await answer.text());
}

let isFetching = false;
let isWanted = false;

/** Everything but the thread, which can be long, and what is written right now. */
async function refreshFrame() {
  isWanted = true;
  if (isFetching || leaving.now) return;
  isFetching = true;
  try {
    while (isWanted) {
      isWanted = false;
      const page = await fetched(asking({ part: "frame" }));
      if (!page) continue;
      await idle();
      // An empty paste box that is not needed any more holds nobody up.
      if (!page.getElementById("paste") && document.activeElement?.id === "paste-text" && !document.activeElement.value) document.activeElement.blur();
      refreshFrom(page);
      document.title = page.title;
      settle();
    }
  } catch { /* not reached: the next event tries again */ } finally { isFetching = false; }
}

// Who could not write is led to the box once they can, and once nothing else holds them.
let isAwaited = false;

/** Whether one can write, as the frame says. */
function settle() {
  const fields = composer.querySelector("fieldset");
  isAwaited ||= fields.disabled;
  fields.disabled = document.querySelector("#lock [data-locks]") !== null;
  if (isAwaited && !fields.disabled && document.activeElement === document.body) {
    isAwaited = false;
    box.focus();
  }
  if (document.getElementById("paste")) import("./paste.js");
}

// A first key was pasted here, and opens models.
document.addEventListener("ownkey:pasted", ({ detail: results }) => {
  document.getElementById("pasted")?.remove();
  thread.append(results);
  settle();
});

/** Takes the thread of another version of this page from a message on, in place of `replaced` and all after it. */
function put(page, message, replaced) {
  const turns = [...page.querySelectorAll("#thread > article")];
  const from = message ? turns.findIndex((turn) => turn.dataset.message === message) : 0;
  for (let old = replaced; old;) { const next = old.nextElementSibling; old.remove(); old = next; }
  show(turns.slice(Math.max(from, 0)));
  const parent = page.querySelector("#composer [name=parent_id]");
  if (parent) composer.elements.parent_id.value = parent.value;
  follow();
}

/** Messages at the end of the thread; those above are left alone. */
function show(turns) {
  for (const turn of turns) {
    thread.append(document.adoptNode(turn));
    times(turn);
  }
}

/** Shows the thread from a message on; this page's address follows. */
async function showFrom(message, replaced, address = `/chat/${id}`) {
  const page = await fetched(asking({ part: "thread", at: message, to: "" }));
  if (!page) return;
  put(page, message, replaced);
  history.replaceState(null, "", address);
}

// ---- Answers under way ----
let isBehind = false;
const say = (text) => { document.getElementById("said").textContent = text; };

function follow() {
  const running = runningAnswer();
  root.toggleAttribute("data-runs", running !== null);
  if (!running) return;
  followAnswer(id, running, {
    began: () => say("Answer started"),
    ended: async (state) => {
      say(state === "failed" ? "The answer failed" : state === "stopped" ? "Answer stopped" : "Answer finished");
      root.toggleAttribute("data-runs", runningAnswer() !== null);
      times(running);
      await refreshFrame();
      await catchUp();
    },
  });
}
follow();

async function stop() {
  const running = runningAnswer();
  if (!running) return;
  try {
    await api(`/v2/conversations/${id}/messages/${running.dataset.message}/stop`, { method: "POST" });
  } catch (problem) { toast(problem.message, true); }
  box.focus();
}

// ---- Sending ----
const draft = `ownkey-draft-${id ?? "new"}`;
if (!box.value) box.value = sessionStorage.getItem(draft) ?? "";
box.addEventListener("input", () => sessionStorage.setItem(draft, box.value));

/** What a new conversation is made of, as the form has it. */
function conversation() {
  const of = (name) => composer.elements[name]?.value || undefined;
  return { model: of("model"), credential_id: of("credential_id"), is_temporary: composer.elements.is_temporary?.checked ?? false };
}

async function send() {
  const content = [...(box.value.trim() ? [{ type: "text", text: box.value }] : []), ...attached()];
  if (!content.length) return;
  const chat = id ?? (await api("/v2/conversations", { method: "POST", body: conversation() })).id;
  const parent = composer.elements.parent_id?.value;
  const body = { content, ...(parent ? { parent_id: parent } : {}) };
  const sent = await api(`/v2/conversations/${chat}/messages`, { method: "POST", body });
  sessionStorage.removeItem(draft);
  if (!id) return location.assign(`/chat/${chat}`);
  box.value = "";
  forget();
  await showFrom(sent.user_message_id, null);
  toEnd();
}

composer.addEventListener("submit", async (event) => {
  if (root.hasAttribute("data-runs") || composer.hasAttribute("aria-busy")) { event.preventDefault(); return; }
  composer.setAttribute("aria-busy", "true");
  // A first message without files is a form like any other.
  if (!id && !attached().length) { sessionStorage.removeItem(draft); return; }
  event.preventDefault();
  try { await send(); } catch (problem) { toast(problem.message, true); } finally { composer.removeAttribute("aria-busy"); }
  catchUp();
});

addEventListener("pageshow", () => composer.removeAttribute("aria-busy"));

const isTouched = matchMedia("(pointer: coarse)").matches;
box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || isTouched) return;
  event.preventDefault();
  if (box.value.trim() || attached().length) composer.requestSubmit();
});

// ---- What can be done with a message ----
const acts = {
  stop,
  async copy(turn) {
    const source = await fetched(`/chat/${id}/messages/${turn.dataset.message}`);
    copy(source.getElementById("markdown").textContent, "Copied as Markdown");
  },
  async regenerate(turn) {
    const { answer_id: answer } = await api(`/v2/conversations/${id}/messages/${turn.dataset.message}/regenerate`, { method: "POST", body: {} });
    await showFrom(answer, turn);
    toEnd();
  },
  edit(turn) {
    const said = turn.querySelector(".said");
    const form = document.getElementById("editing").content.firstElementChild.cloneNode(true);
    const field = form.querySelector("textarea");
    field.value = said.textContent;
    const close = () => { form.remove(); said.hidden = !said.textContent; turn.querySelector("[data-act=edit]").focus(); };
    form.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); close(); } });
    form.querySelector("[type=reset]").addEventListener("click", close);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        const body = new URLSearchParams({ action: "edit", content: field.value, part: "thread" });
        const answer = await fetch(`/chat/${id}/messages/${turn.dataset.message}`, { method: "POST", body, headers: { accept: "text/html" } });
        const page = parsed(await answer.text());
        if (!answer.ok) throw new Error(page.querySelector("main p")?.textContent ?? "That did not work. Try again.");
        put(page, null, turn);
        history.replaceState(null, "", `/chat/${id}`);
        toEnd();
        box.focus();
      } catch (problem) { toast(problem.message, true); }
    });
    said.hidden = true;
    said.after(form);
    field.focus();
  },
  async sibling(turn, link) { await showFrom(link.dataset.to, turn, `/chat/${id}?at=${link.dataset.to}`); },
};

addEventListener("click", async (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const part = target?.closest("[data-act]");
  const plain = !event.metaKey && !event.ctrlKey && !event.shiftKey;
  if (!part || !plain || !acts[part.dataset.act]) return;
  event.preventDefault();
  try { await acts[part.dataset.act](part.closest("article"), part); } catch (problem) { toast(problem.message, true); }
});

for (const example of document.querySelectorAll("[data-example]")) {
  example.addEventListener("click", (event) => {
    event.preventDefault();
    box.value = example.dataset.example;
    box.focus();
  });
}

// ---- Shortcuts ----
const isOver = () => document.querySelector("dialog[open], [popover]:popover-open") !== null;
addEventListener("keydown", (event) => {
  const held = event.metaKey || event.ctrlKey;
  const isWriting = event.target instanceof Element && event.target.matches("input, textarea, select");
  const key = event.key.toLowerCase();
  if (held && key === "k" && !event.shiftKey) {
    event.preventDefault();
    const rail = document.getElementById("rail");
    const search = document.getElementById("search");
    if (!search.checkVisibility()) rail.showPopover();
    search.select();
  } else if (held && event.shiftKey && key === "o") {
    event.preventDefault();
    location.assign("/chat");
  } else if (event.key === "Escape" && event.shiftKey) {
    event.preventDefault();
    box.focus();
  } else if (event.key === "Escape" && !isOver()) {
    if (runningAnswer()) { event.preventDefault(); stop(); }
  } else if (event.key === "?" && !isWriting && !held && !isOver()) {
    event.preventDefault();
    document.getElementById("shortcuts").showModal();
  }
});

// ---- Searching while one writes ----
const search = document.getElementById("search");
let pause = 0;
search.addEventListener("input", () => {
  clearTimeout(pause);
  pause = setTimeout(async () => {
    const address = asking({ part: "frame", q: search.value });
    try {
      const page = await fetched(address);
      const list = page?.getElementById("conversations");
      if (list) { document.getElementById("conversations").replaceWith(document.adoptNode(list)); times(list); }
      address.searchParams.delete("part");
      if (!search.value) address.searchParams.delete("q");
      history.replaceState(null, "", address);
    } catch (problem) { toast(problem.message, true); }
  }, 150);
});

// ---- What happens elsewhere ----
document.addEventListener("ownkey:changed", refreshFrame);
listen((name, data) => {
  const isAny = name === "resync" || name === "missed";
  if (isAny || name.startsWith("credential.") || name === "models.changed" || name === "conversation.changed") refreshFrame();
  if (!isAny && (name !== "conversation.changed" || (data.id && data.id !== id))) return;
  isBehind = true;
  catchUp();
});

let isCatchingUp = false;
const isBusy = () => runningAnswer() !== null || composer.hasAttribute("aria-busy");
const lastTurn = () => thread.querySelector("article:last-of-type");

/** Another tab may have gone on with this conversation: looks, as soon as nothing of this tab's is under way. */
async function catchUp() {
  if (isCatchingUp || !id || leaving.now) return;
  isCatchingUp = true;
  try {
    while (isBehind && !isBusy() && lastTurn()) {
      isBehind = false;
      const last = lastTurn();
      const page = await fetched(asking({ part: "thread", at: last.dataset.message }));
      if (isBusy() || last !== lastTurn()) { isBehind = true; continue; }
      const turns = page ? [...page.querySelectorAll("#thread > article")] : [];
      const at = turns.findIndex((turn) => turn.dataset.message === last.dataset.message);
      if (at < 0 || at === turns.length - 1) continue;
      show(turns.slice(at + 1));
      const parent = page.querySelector("#composer [name=parent_id]");
      if (parent) composer.elements.parent_id.value = parent.value;
      follow();
    }
  } catch {
    // Not reached: the next event tries again.
    isBehind = true;
  } finally { isCatchingUp = false; }
}
