// What every page of somebody signed in has: menus, dialogs, copying, times, and
// parts that are fetched again when something happens. Every page works without.
import { listen } from "./events.js";

const policy = window.trustedTypes?.createPolicy("ownkey", { createHTML: (text) => text });

/** HTML that this server made, as the browser wants it told. */
export const trusted = (text) => (policy ? policy.createHTML(text) : text);

/** A page of this server, as a document. */
export const parsed = (text) => new DOMParser().parseFromString(trusted(text), "text/html");

/** A call of the API; a refusal is thrown with its sentence. */
export async function api(path, options = {}) {
  const { body, ...rest } = options;
  const headers = { accept: "application/json", ...(body === undefined ? {} : { "content-type": "application/json" }), ...rest.headers };
  const answer = await fetch(path, { ...rest, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  let value = null;
  try { value = text ? JSON.parse(text) : null; } catch { /* not ours: the status says it */ }
  if (answer.ok) return value;
  if (answer.status === 401) location.assign("/login");
  const id = answer.headers.get("x-request-id");
  const problem = new Error(value?.detail ?? value?.error?.message ?? `The server answered ${answer.status}. Try again.`);
  throw Object.assign(problem, { status: answer.status, code: value?.code, value, id });
}

/** Says something in the corner for a while. */
export function toast(text, isBad = false) {
  const box = document.createElement("div");
  box.className = isBad ? "toast bad" : "toast";
  box.textContent = text;
  document.getElementById("toasts")?.append(box);
  setTimeout(() => box.remove(), isBad ? 10_000 : 4_000);
}

// ---- Times in the reader's own words ----
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const STEPS = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];

/** Writes the times within `root`. */
export function times(root = document) {
  for (const time of root.querySelectorAll("time[data-when]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const seconds = (at.getTime() - Date.now()) / 1000;
    const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? STEPS.at(-1);
    const text = Math.abs(seconds) < 10 ? "just now" : relative.format(Math.trunc(seconds / size), unit);
    if (time.textContent !== text) time.textContent = text;
    time.title = absolute.format(at);
  }
  for (const time of root.querySelectorAll("time[data-clock]")) {
    const text = new Date(time.dateTime).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
    if (time.textContent !== text) time.textContent = text;
  }
}
times();
setInterval(() => { if (!document.hidden) times(); }, 30_000);

// ---- Where one is stands in sight among many tabs ----
for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
  const tabs = tab.parentElement.getBoundingClientRect();
  const { left, right } = tab.getBoundingClientRect();
  if (left < tabs.left || right > tabs.right) tab.parentElement.scrollLeft += left - tabs.left - (tabs.width - (right - left)) / 2;
}

// ---- Copying ----
/** Puts a text into the clipboard and says so. */
export async function copy(text, said = "Copied") {
  try {
    await navigator.clipboard.writeText(text);
    toast(said);
  } catch {
    toast("The browser did not let Ownkey use the clipboard. Select the text and copy it yourself.", true);
  }
}

// ---- Menus stand beside their buttons ----
addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!(menu instanceof HTMLElement) || !menu.matches("[popover]") || event.newState !== "open") return;
  const button = document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`);
  if (!button) return;
  const at = button.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.right - menu.offsetWidth, innerWidth - menu.offsetWidth - 8));
  const fits = at.bottom + 6 + menu.offsetHeight <= innerHeight || at.top < menu.offsetHeight;
  menu.style.position = "fixed";
  menu.style.left = `${left}px`;
  menu.style.top = `${fits ? at.bottom + 6 : at.top - menu.offsetHeight - 6}px`;
}, true);

addEventListener("keydown", (event) => {
  const menu = event.target instanceof Element ? event.target.closest("[popover] .menu") : null;
  if (!menu || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
  const items = [...menu.querySelectorAll("a, button")];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  items.at(to % items.length)?.focus();
  event.preventDefault();
});

// ---- Buttons that open, close and copy ----
addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-copy], [data-open], [data-close]") : null;
  if (!button) return;
  if (button.dataset.copy !== undefined) copy(button.dataset.copy);
  if (button.dataset.open) {
    const dialog = document.getElementById(button.dataset.open);
    button.closest("[popover]")?.hidePopover();
    if (dialog && !dialog.open) dialog.showModal();
    event.preventDefault();
  }
  if (button.dataset.close !== undefined) {
    button.closest("dialog")?.close();
    event.preventDefault();
  }
});

// ---- Code in answers: copied whole, or wrapped ----
addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-code]") : null;
  const listing = button?.closest(".listing");
  if (!listing) return;
  if (button.dataset.code === "copy") copy(listing.querySelector("code").textContent);
  else button.setAttribute("aria-pressed", String(listing.classList.toggle("wrapped")));
});

// ---- Parts that are fetched again ----
/** Puts the live parts of another version of this page in place of ours. A part in which somebody writes, or reads what they opened, stays. */
export function refreshFrom(page) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = page.getElementById(part.id);
    const isUsed = part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")
      || part.querySelector("dialog[open], [popover]:popover-open, details[open] form, details[open][data-stays]");
    if (!next || isUsed) continue;
    // As ours are written: what says the same is not replaced under a reader's hand.
    times(next);
    if (next.isEqualNode(part)) continue;
    if (part.matches(":active")) {
      // A press ends where it began, or it is no click.
      addEventListener("pointerup", () => setTimeout(refresh), { once: true });
      continue;
    }
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    part.replaceWith(document.adoptNode(next));
    if (focused) document.getElementById(focused)?.focus();
  }
  times();
}

// What is being pressed stays where it is until it is let go: else the click is lost.
let pressed = null;
addEventListener("pointerdown", () => { pressed ??= Promise.withResolvers(); }, true);
for (const end of ["pointerup", "pointercancel", "blur"]) {
  addEventListener(end, () => { const one = pressed; pressed = null; setTimeout(() => one?.resolve()); }, true);
}

/** Resolves when nothing is pressed, after a second at the latest: of a list that opens no end is told. */
export const idle = () => (pressed ? Promise.race([pressed.promise, new Promise((resolve) => setTimeout(resolve, 1_000))]) : Promise.resolve());

let isRefreshing = false;
let isWanted = false;

/** Fetches this page again and takes its live parts; several wishes at once are one. */
export async function refresh() {
  isWanted = true;
  if (isRefreshing) return;
  isRefreshing = true;
  try {
    while (isWanted) {
      isWanted = false;
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (!answer.ok || answer.redirected) return;
      const page = parsed(await answer.text());
      await idle();
      refreshFrom(page);
    }
  } catch {
    // Not reached: the next event, or the next visit, tries again.
  } finally {
    isRefreshing = false;
  }
}

const wanted = new Set([...document.querySelectorAll("[data-live]")].flatMap((part) => part.dataset.live.split(" ")));
if (wanted.size) {
  listen((name) => {
    if (name === "resync" || name === "missed" || [...wanted].some((prefix) => prefix && name.startsWith(prefix))) refresh();
  });
}

// ---- Forms that stay on their page ----
addEventListener("submit", async (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.dataset.stay === undefined || event.defaultPrevented) return;
  event.preventDefault();
  const button = event.submitter;
  const data = new FormData(form, button);
  if (button) button.disabled = true;
  form.setAttribute("aria-busy", "true");
  try {
    // A button called "action" hides the property of that name.
    const answer = await fetch(form.getAttribute("action") ?? location.href, { method: "POST", body: new URLSearchParams(data), headers: { accept: "text/html" } });
    const page = parsed(await answer.text());
    if (answer.redirected && new URL(answer.url).pathname !== location.pathname) return location.assign(answer.url);
    const complaint = page.querySelector(".complaint");
    if (!answer.ok || complaint) {
      const place = form.querySelector("[data-complaint]");
      const sentence = complaint?.textContent.trim() ?? page.querySelector("main p")?.textContent ?? "That did not work. Try again.";
      if (place) { place.textContent = sentence; place.hidden = false; place.scrollIntoView({ block: "nearest" }); } else toast(sentence, true);
      return;
    }
    form.closest("dialog")?.close();
    form.reset();
    document.activeElement?.blur();
    refreshFrom(page);
    if (form.dataset.stay) toast(form.dataset.stay);
  } catch {
    toast("The server was not reached. Nothing was changed; try again.", true);
  } finally {
    if (button) button.disabled = false;
    form.removeAttribute("aria-busy");
  }
});

// What was begun and not sent is nobody else's to read.
addEventListener("submit", ({ target }) => { if (target.getAttribute("action") === "/logout") sessionStorage.clear(); });
