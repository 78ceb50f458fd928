// One running answer: finished blocks are written once and stay; only the last,
// open one is written again.
import { parsed, trusted } from "./core.js";

/** The answer of this page that is under way. */
export const runningAnswer = () => document.querySelector('#thread article[data-state="running"]');

const followed = new Set();

/** Follows an answer to its end. Hidden tabs let go and catch up later: a browser has few connections to one server. */
export function followAnswer(chat, turn, { began, ended }) {
  const message = turn.dataset.message;
  if (followed.has(message)) return;
  followed.add(message);
  const place = turn.querySelector(".md");
  let source = null;

  function open() {
    if (source || document.hidden) return;
    source = new EventSource(`/v2/conversations/${chat}/messages/${message}/events?as=html`);
    source.addEventListener("snapshot", (event) => snapshot(JSON.parse(event.data)));
    source.addEventListener("block", (event) => block(JSON.parse(event.data)));
    source.addEventListener("reasoning", (event) => reasoning(JSON.parse(event.data)));
    source.addEventListener("done", end);
    // The browser's own "error" has no data, and it comes back by itself.
    source.addEventListener("error", (event) => {
      if (event.data) end();
      else if (source?.readyState === EventSource.CLOSED) end();
    });
  }

  function close() {
    source?.close();
    source = null;
  }

  function onVisibility() {
    if (document.hidden) close(); else open();
  }

  function snapshot({ blocks, reasoning: thoughts }) {
    for (const known of blocks ?? []) block(known);
    if (thoughts) reasoning({ text: thoughts, is_all: true });
  }

  function block({ index, html, is_final: isFinal }) {
    while (place.children.length <= index) {
      const open = document.createElement("div");
      open.className = "block";
      place.append(open);
    }
    const part = place.children[index];
    if (part.dataset.final !== undefined) return;
    part.innerHTML = trusted(html);
    if (isFinal) part.dataset.final = "";
  }

  function reasoning({ text, is_all: isAll }) {
    let folded = turn.querySelector(".thoughts");
    if (!folded) {
      folded = document.getElementById("thinking").content.firstElementChild.cloneNode(true);
      place.before(folded);
    }
    const said = folded.querySelector(".thought");
    if (isAll) said.textContent = text; else said.append(text);
  }

  async function end() {
    close();
    followed.delete(message);
    document.removeEventListener("visibilitychange", onVisibility);
    const address = new URL(location.href);
    address.hash = "";
    address.searchParams.set("part", "thread");
    address.searchParams.set("at", message);
    const answer = await fetch(address, { headers: { accept: "text/html" } });
    const page = answer.ok ? parsed(await answer.text()) : null;
    const now = page?.querySelector(`article[data-message="${CSS.escape(message)}"]`);
    if (now) settle(document.adoptNode(now));
    if (turn.dataset.state === "running") setTimeout(() => followAnswer(chat, turn, { began: () => {}, ended }), 1_000);
    else ended(turn.dataset.state);
  }

  /** Takes over what is known at the end. What was read already stays as it is. */
  function settle(now) {
    const wasOpen = turn.querySelector(".thoughts")?.open ?? false;
    const told = now.querySelector(".md");
    if (told.textContent !== place.textContent) place.replaceChildren(...told.childNodes);
    for (const name of [".answer-head", ".thoughts", ".failure", ".under"]) {
      const [old, next] = [turn.querySelector(name), now.querySelector(name)];
      if (old && next) old.replaceWith(next);
      else if (old) old.remove();
      else if (next && name === ".thoughts") place.before(next);
      else if (next) turn.insertBefore(next, turn.querySelector(".under"));
    }
    const thoughts = turn.querySelector(".thoughts");
    if (thoughts) thoughts.open = wasOpen;
    turn.dataset.state = now.dataset.state;
    turn.removeAttribute("aria-busy");
  }

  document.addEventListener("visibilitychange", onVisibility);
  began();
  open();
}
