// The prices: one model's page in a dialog, and picking from a list of changes.
import { parsed, times, toast } from "./core.js";

const sheet = document.getElementById("sheet");
addEventListener("click", async (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-sheet]") : null;
  if (!link || !sheet || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  try {
    const answer = await fetch(link.href, { headers: { accept: "text/html" } });
    const part = parsed(await answer.text()).querySelector(".sheet");
    if (!part) return location.assign(link.href);
    sheet.replaceChildren(document.adoptNode(part));
    times(sheet);
    if (!sheet.open) sheet.showModal();
    sheet.querySelector("input:not([type=hidden])")?.focus();
  } catch {
    toast("The server was not reached. Try again.", true);
  }
});
sheet?.addEventListener("close", () => sheet.replaceChildren());

addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-pick]") : null;
  if (!button) return;
  for (const box of button.form.querySelectorAll("input[data-change]")) {
    box.checked = button.dataset.pick === "all" || button.dataset.pick === box.dataset.change;
  }
});
