// The pages with provider keys: a hint while somebody pastes, forms in a dialog,
// copying, and the order by drag. All of it works without, but for copying.
import { api, copy, parsed, refresh, refreshFrom, times, toast } from "./core.js";
import { listen } from "./events.js";

const html = { accept: "text/html" };
const $ = (id) => document.getElementById(id);

// ---- The paste box ----
const box = $("paste-text");
const shapes = box ? JSON.parse(box.dataset.shapes).sort(([a], [b]) => b.length - a.length) : [];
const said = $("paste-hint")?.textContent;

/** Whose keys a text seems to hold. Only a hint: the server reads it again. */
function recognised(text) {
  return text.split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#")).map((line) => {
    const words = line.split(/[\s"'`=:,;]+/);
    for (const word of words) {
      const shape = word.length > 12 && shapes.find(([prefix]) => word.startsWith(prefix) && prefix !== "sk-");
      if (shape) return shape[1];
    }
    return null;
  });
}

function hint() {
  const found = recognised(box.value);
  const names = [...new Set(found.filter(Boolean))];
  const unknown = found.filter((name) => !name).length;
  const text = !found.length ? said
    : found.length === 1 && names.length ? `Looks like a key for ${names[0]}.`
    : names.length ? `${found.length} lines: ${names.join(", ")}${unknown ? `, ${unknown} to be read when saved` : ""}.`
    : "The shape alone does not say whose key this is; choose the provider if you know it.";
  if ($("paste-hint").textContent !== text) $("paste-hint").textContent = text;
  box.rows = Math.min(8, Math.max(2, box.value.split("\n").length));
}

box?.addEventListener("input", hint);
box?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey || (!event.shiftKey && !box.value.includes("\n")))) {
    event.preventDefault();
    box.form.requestSubmit();
  }
});

$("paste")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const button = event.submitter ?? form.querySelector("button");
  const lines = box.value.split("\n");
  button.disabled = true;
  form.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body: new URLSearchParams(new FormData(form)), headers: html });
    const page = parsed(await answer.text());
    const results = page.getElementById("pasted");
    if (!results?.querySelector("li")) {
      $("pasted").replaceChildren();
      return toast(page.querySelector(".complaint")?.textContent.trim() ?? page.querySelector("main p")?.textContent ?? "That did not work. Try again.", true);
    }
    $("pasted").replaceWith(document.adoptNode(results));
    // What was not saved stays, so that it need not be pasted again.
    const open = [...results.querySelectorAll("[data-line]")].map((line) => lines[line.dataset.line - 1]);
    box.value = open.join("\n");
    hint();
    if (results.querySelector("[data-whose]")) $("paste-provider").focus();
    else { $("paste-provider").value = ""; box.focus(); }
    times(results);
    refreshFrom(page);
    settle();
  } catch {
    toast("The server was not reached. Nothing was saved; try again.", true);
  } finally {
    button.disabled = false;
    form.removeAttribute("aria-busy");
  }
});

/** Asks again about saved keys whose check is under way. */
async function settle() {
  for (const line of document.querySelectorAll("[data-saved]")) {
    const open = line.querySelector("[data-verdict]");
    if (!open || (open.dataset.open === undefined && open.dataset.seen !== undefined)) continue;
    try {
      const answer = await fetch(`/keys/${line.dataset.key}`, { headers: html });
      const next = answer.ok && parsed(await answer.text()).querySelector("[data-verdict]");
      if (!next) continue;
      if (next.dataset.open === undefined && next.textContent.includes("unlocked")) next.dataset.seen = "";
      if (!next.isEqualNode(open)) open.replaceWith(document.adoptNode(next));
      times(line);
    } catch { /* not reached: the next event asks again */ }
  }
}

listen((name) => { if (name === "resync" || name.startsWith("credential.") || name.startsWith("models.")) settle(); });
// A check that was under way when the page came is asked about once more.
if (document.querySelector("[data-verdict][data-open]")) setTimeout(refresh, 1_500);

// ---- Forms that know when they are complete, or send themselves ----
function complete(form) {
  const button = form.querySelector("button[type=submit]");
  if (button) button.disabled = !form.checkValidity();
}
for (const form of document.querySelectorAll("form[data-complete]")) {
  complete(form);
  form.addEventListener("input", () => complete(form));
  form.addEventListener("reset", () => setTimeout(() => complete(form)));
}
addEventListener("change", ({ target }) => {
  if (!(target instanceof HTMLSelectElement)) return;
  if (target.form?.matches("[data-at-once]") || (target.form?.matches("[data-choice]") && target.value)) target.form.requestSubmit();
  const chosen = target.dataset.preset !== undefined && target.selectedOptions[0];
  if (chosen && chosen.value) {
    const fields = target.form.elements;
    fields.api_base.value = chosen.value;
    fields.slug.value = chosen.dataset.slug;
    fields.name.value = chosen.dataset.name;
    complete(target.form);
  }
});

// ---- One key's forms, in a dialog ----
const sheet = $("sheet");
addEventListener("click", async (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-sheet]") : null;
  if (!link || !sheet || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  link.closest("[popover]")?.hidePopover();
  try {
    const answer = await fetch(link.href, { headers: html });
    const part = parsed(await answer.text()).querySelector(".sheet");
    if (!part) return location.assign(link.href);
    sheet.replaceChildren(document.adoptNode(part));
    for (const cancel of sheet.querySelectorAll("[data-cancel]")) cancel.dataset.close = "";
    times(sheet);
    sheet.showModal();
    (sheet.querySelector("input:not([type=hidden]), select") ?? sheet.querySelector("[data-cancel]"))?.focus();
  } catch {
    toast("The server was not reached. Try again.", true);
  }
});
sheet?.addEventListener("close", () => sheet.replaceChildren());

// ---- Menus close when something in them is done, and the focus comes back ----
let wasAt = "";
document.addEventListener("submit", (event) => {
  const menu = event.target.closest("[popover]");
  const row = event.target.closest("tr[data-key]");
  if (row) wasAt = `more-${row.dataset.key}`;
  menu?.hidePopover();
});
if ($("keys")) {
  new MutationObserver(() => {
    if (document.activeElement === document.body && wasAt) { $(wasAt)?.focus(); wasAt = ""; }
    arrangeable();
    for (const time of document.querySelectorAll("time[data-clock]")) clock(time);
  }).observe($("keys").parentElement, { childList: true });
}

function clock(time) {
  time.textContent = new Date(time.dateTime).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}
for (const time of document.querySelectorAll("time[data-clock]")) clock(time);

// ---- Copying: the password once, for five minutes ----
const LIFE = 4.75 * 60_000;
let provenUntil = 0;
let wanted = null;

async function reveal(id, password) {
  const body = password === undefined ? {} : { password };
  const { api_key } = await api(`/v2/credentials/${id}/reveal`, { method: "POST", body });
  if (password !== undefined) provenUntil = Date.now() + LIFE;
  await copy(api_key, "API key copied to clipboard");
}

function ask(id) {
  wanted = id;
  $("password-wrong").hidden = true;
  $("password-dialog").showModal();
  $("password-again").focus();
}

addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-reveal]") : null;
  if (!button) return;
  button.closest("[popover]")?.hidePopover();
  const id = button.dataset.reveal;
  if (Date.now() > provenUntil) return ask(id);
  reveal(id).catch((problem) => {
    provenUntil = 0;
    if (problem.code === "incorrect_login") ask(id);
    else toast(problem.message, true);
  });
});

$("password-form")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = $("password-again");
  try {
    await reveal(wanted, field.value);
    $("password-dialog").close();
  } catch (problem) {
    $("password-wrong").textContent = problem.message;
    $("password-wrong").hidden = false;
    field.select();
  }
});
$("password-dialog")?.addEventListener("close", () => { $("password-again").value = ""; });

// ---- The order, by drag ----
let dragged = null;
function arrangeable() {
  for (const row of document.querySelectorAll("tr[data-group]")) row.draggable = true;
}
arrangeable();
addEventListener("dragstart", (event) => {
  dragged = event.target instanceof Element ? event.target.closest("tr[data-group]") : null;
  dragged?.classList.add("dragged");
});
addEventListener("dragover", (event) => {
  const over = dragged && event.target instanceof Element ? event.target.closest("tr[data-group]") : null;
  if (over && over !== dragged && over.dataset.group === dragged.dataset.group) event.preventDefault();
});
addEventListener("drop", async (event) => {
  const over = dragged && event.target instanceof Element ? event.target.closest("tr[data-group]") : null;
  if (!over || over === dragged || over.dataset.group !== dragged.dataset.group) return;
  event.preventDefault();
  const rows = [...document.querySelectorAll(`tr[data-group="${CSS.escape(over.dataset.group)}"]`)];
  const isDown = rows.indexOf(over) > rows.indexOf(dragged);
  const next = isDown ? rows[rows.indexOf(over) + 1] : over;
  const body = next ? { place: "before", other_id: next.dataset.key } : { place: "last" };
  try {
    await api(`/v2/credentials/${dragged.dataset.key}/arrange`, { method: "POST", body });
    await refresh();
  } catch (problem) {
    toast(problem.message, true);
  }
});
addEventListener("dragend", () => { dragged?.classList.remove("dragged"); dragged = null; });
