// The pages with provider keys: a hint while somebody pastes, forms in a dialog,
// copying, and the order by drag. All of it works without, but for copying.
import { api, copy, parsed, refresh, times, toast } from "./core.js";
import "./paste.js";

const html = { accept: "text/html" };
const $ = (id) => document.getElementById(id);

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
  // Whoever goes through the list with the keyboard says by the button when they are there.
  const isByHand = target.matches(":focus-visible");
  if (!isByHand && (target.form?.matches("[data-at-once]") || (target.form?.matches("[data-choice]") && target.value))) target.form.requestSubmit();
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
    if (!sheet.open) sheet.showModal();
    (sheet.querySelector("input:not([type=hidden]), select") ?? sheet.querySelector("[data-cancel]"))?.focus();
  } catch {
    toast("The server was not reached. Try again.", true);
  }
});
sheet?.addEventListener("close", () => sheet.replaceChildren());

// ---- The providers, by the arrows ----
addEventListener("keydown", (event) => {
  const tab = event.target instanceof Element ? event.target.closest("[role=tab]") : null;
  if (!tab) return;
  const tabs = [...tab.parentElement.querySelectorAll("[role=tab]")];
  const to = { ArrowRight: tabs.indexOf(tab) + 1, ArrowLeft: tabs.indexOf(tab) - 1, Home: 0, End: -1 }[event.key];
  if (to !== undefined) tabs.at(to % tabs.length).focus();
  else if (event.key === " ") tab.click();
  else return;
  event.preventDefault();
});

// ---- Menus close when something in them is done, and the focus comes back ----
let wasAt = "";
document.addEventListener("submit", (event) => {
  const menu = event.target.closest("[popover]");
  const row = event.target.closest("tr[data-key]");
  if (row) wasAt = `more-${row.dataset.key}`;
  menu?.hidePopover();
});
// What happened while a menu stood open is told when it closes.
addEventListener("toggle", (event) => {
  if (event.newState === "closed" && event.target instanceof Element && event.target.matches("[data-live] [popover]")) refresh();
}, true);
if ($("keys")) {
  new MutationObserver(() => {
    if (document.activeElement === document.body && wasAt) { $(wasAt)?.focus(); wasAt = ""; }
    arrangeable();
  }).observe($("keys").parentElement, { childList: true, subtree: true });
}

// ---- Copying: the password once, for five minutes ----
const LIFE = 4.75 * 60_000;
let provenUntil = Number($("password-dialog")?.dataset.provenUntil ?? 0) - 10_000;
let wanted = null;
let title = "";

async function reveal(id, password) {
  const body = password === undefined ? {} : { password };
  const { api_key } = await api(`/v2/credentials/${id}/reveal`, { method: "POST", body });
  if (password !== undefined) provenUntil = Date.now() + LIFE;
  await copy(api_key, "API key copied to clipboard");
}

function ask(id) {
  wanted = id;
  $("password-wrong").hidden = true;
  $("password-title").textContent = `Copy ${title}`;
  $("password-dialog").showModal();
  $("password-again")?.focus();
}

addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-reveal]") : null;
  if (!button) return;
  button.closest("[popover]")?.hidePopover();
  const id = button.dataset.reveal;
  title = button.dataset.name;
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
$("password-dialog")?.addEventListener("close", () => { if ($("password-again")) $("password-again").value = ""; });

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
