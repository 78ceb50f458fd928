// Pages of the chat that need no page of their own once there is a script: they
// are shown in a dialog. Also the search within the list of models.
import { parsed, refreshFrom, times, toast } from "./core.js";

const sheet = document.getElementById("sheet");

/** What is being done leads away: this page is not kept up to date any more. */
export const leaving = { now: false };

async function open(address) {
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  if (!answer.ok) return location.assign(address);
  show(parsed(await answer.text()));
}

function show(page) {
  const content = page.querySelector("[data-sheet-content]");
  sheet.querySelector(".sheet-body").replaceChildren(document.adoptNode(content));
  const title = content.querySelector("h1");
  title.id = "sheet-title";
  times(content);
  if (!sheet.open) sheet.showModal();
  (content.querySelector("[autofocus]") ?? content.querySelector("input:not([type=hidden]), textarea, button, a"))?.focus();
  narrow();
}

addEventListener("click", async (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-sheet]") : null;
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  link.closest("[popover]:popover-open")?.hidePopover();
  try { await open(link.href); } catch { location.assign(link.href); }
});

sheet.addEventListener("click", (event) => { if (event.target === sheet) sheet.close(); });

/** A form within stays here: what it changed is taken over, a complaint is shown. */
sheet.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  event.preventDefault();
  // A button called "action" hides the property of that name.
  const action = new URL(form.getAttribute("action"), location.href);
  const data = new URLSearchParams(new FormData(form, event.submitter));
  form.setAttribute("aria-busy", "true");
  leaving.now = form.dataset.leads !== undefined;
  try {
    const answer = await fetch(action, { method: "POST", body: data, headers: { accept: "text/html" } });
    const page = parsed(await answer.text());
    if (!answer.ok) {
      leaving.now = false;
      const again = page.querySelector("[data-sheet-content]");
      if (again) show(page); else toast(page.querySelector("main p")?.textContent ?? "That did not work. Try again.", true);
      return;
    }
    // About a conversation other than the one that is read: one stays here.
    const [, , about] = action.pathname.split("/");
    const here = document.getElementById("chat").dataset.chat;
    if (about?.includes("-") && about !== here) {
      leaving.now = false;
      sheet.close();
      toast(form.dataset.says ?? "Deleted");
      return;
    }
    const arrived = new URL(answer.url);
    if (arrived.pathname !== location.pathname || form.dataset.leads !== undefined) return location.assign(arrived);
    sheet.close();
    // A chat that has not begun is set by its address; of another, one may read any branch.
    if (!here) { history.replaceState(null, "", arrived); refreshFrom(page); }
    document.dispatchEvent(new Event("ownkey:changed"));
    if (form.dataset.says) toast(form.dataset.says);
    document.getElementById("message").focus();
  } catch {
    leaving.now = false;
    toast("The server was not reached. Nothing was changed; try again.", true);
  } finally {
    form.removeAttribute("aria-busy");
  }
});

// ---- The list of models ----
const words = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);

/** Shows the models that have all the words, and that the chosen key opens. */
function narrow() {
  const list = sheet.querySelector("#models");
  if (!list) return;
  const wanted = words(sheet.querySelector("#model-search").value);
  const key = sheet.querySelector('input[name="credential_id"]:checked');
  const provider = key?.dataset.provider ?? "";
  let shown = 0;
  for (const item of list.querySelectorAll("li")) {
    const fits = wanted.every((word) => item.dataset.words.includes(word)) && (!provider || item.dataset.provider === provider);
    item.hidden = !fits;
    if (fits) shown += 1;
  }
  for (const group of list.querySelectorAll("section")) group.hidden = !group.querySelector("li:not([hidden])");
  sheet.querySelector("#model-count").textContent = shown === 1 ? "1 model" : `${shown} models`;
}

sheet.addEventListener("input", (event) => { if (event.target.matches('#model-search, input[name="credential_id"]')) narrow(); });
sheet.addEventListener("keydown", (event) => {
  if (!event.target.closest("#model-search, #models")) return;
  const items = [...sheet.querySelectorAll("#models li:not([hidden]) :is(button, a)")];
  const at = items.indexOf(document.activeElement);
  if (event.key === "Enter" && event.target.id === "model-search") {
    event.preventDefault();
    items[0]?.click();
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    items[Math.min(at + 1, items.length - 1)]?.focus();
  } else if (event.key === "ArrowUp") {
    event.preventDefault();
    if (at <= 0) sheet.querySelector("#model-search").focus(); else items[at - 1].focus();
  }
});
