// The box that takes whatever is pasted: a hint while somebody pastes, and what
// became of each key, until its check is over.
import { idle, parsed, refreshFrom, times, toast } from "./core.js";
import { listen } from "./events.js";

const html = { accept: "text/html" };
const $ = (id) => document.getElementById(id);
// The box may come and go with its page: what belongs to it is looked up each time.
const said = $("paste-hint")?.textContent;

/** Whose keys a text seems to hold. Only a hint: the server reads it again. */
function recognised(box) {
  const shapes = JSON.parse(box.dataset.shapes).sort(([a], [b]) => b.length - a.length);
  return box.value.split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#")).map((line) => {
    const words = line.split(/[\s"'`=:,;]+/);
    for (const word of words) {
      const shape = word.length > 12 && shapes.find(([prefix]) => word.startsWith(prefix) && prefix !== "sk-");
      if (shape) return shape[1];
    }
    return null;
  });
}

/** Whether the provider is asked for beside the box. */
function asks(box, isAsked) {
  box.form.toggleAttribute("data-asks", isAsked);
}

function hint() {
  const box = $("paste-text");
  const found = recognised(box);
  const names = [...new Set(found.filter(Boolean))];
  const unknown = found.filter((name) => !name).length;
  const text = !found.length ? said
    : found.length === 1 && names.length ? `Looks like a key for ${names[0]}.`
    : names.length ? `${found.length} lines: ${names.join(", ")}${unknown ? `, ${unknown} to be read when saved` : ""}.`
    : "Its shape does not say whose key this is: choose the provider.";
  if ($("paste-hint").textContent !== text) $("paste-hint").textContent = text;
  asks(box, unknown > 0);
  box.rows = Math.min(8, Math.max(2, box.value.split("\n").length));
}

addEventListener("input", ({ target }) => { if (target.id === "paste-text") hint(); });
addEventListener("keydown", (event) => {
  const box = event.target;
  if (box.id !== "paste-text" || event.key !== "Enter") return;
  if (event.ctrlKey || event.metaKey || (!event.shiftKey && !box.value.includes("\n"))) {
    event.preventDefault();
    box.form.requestSubmit();
  }
});

addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.id !== "paste") return;
  event.preventDefault();
  const box = $("paste-text");
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
    if (!page.getElementById("paste")) return served(page, document.adoptNode(results));
    // Within the part that is read out, so that it is.
    $("pasted").replaceChildren(...document.adoptNode(results).childNodes);
    // What was not saved stays, so that it need not be pasted again.
    const open = [...$("pasted").querySelectorAll("[data-line]")].map((line) => lines[line.dataset.line - 1]);
    box.value = open.join("\n");
    hint();
    if ($("pasted").querySelector("[data-whose]")) { asks(box, true); $("paste-provider").focus(); }
    else { $("paste-provider").selectedIndex = [...$("paste-provider").options].findIndex((option) => option.defaultSelected); box.focus(); }
    times($("pasted"));
    refreshFrom(page);
    settle();
  } catch {
    toast("The server was not reached. Nothing was saved; try again.", true);
  } finally {
    button.disabled = false;
    form.removeAttribute("aria-busy");
  }
});

/** The page has no box any more: it goes on with what the key is for. */
function served(page, results) {
  document.activeElement?.blur();
  refreshFrom(page);
  times(results);
  document.dispatchEvent(new CustomEvent("ownkey:pasted", { detail: results }));
  settle();
}

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
      times(next);
      await idle();
      if (!next.isEqualNode(open)) open.replaceWith(document.adoptNode(next));
    } catch { /* not reached: the next event asks again */ }
  }
}

listen((name) => { if (name === "resync" || name === "missed" || name.startsWith("credential.") || name.startsWith("models.")) settle(); });

// What was pasted before this script was there, or is there again after a reload.
if ($("paste-text")?.value) hint();
