// The sums follow what happens, at most every few seconds; a call that is open
// to be read is not taken away: a line says that there are newer ones.
import { listen } from "./events.js";
import { refresh } from "./core.js";

const PAUSE = 3_000;
const calls = document.getElementById("usage-calls");
const fresh = document.getElementById("usage-fresh");
const isFirstPage = !new URLSearchParams(location.search).get("after");
let timer = 0;
let last = 0;

function look() {
  timer = 0;
  if (document.hidden) return plan();
  last = Date.now();
  const part = document.getElementById("usage-calls");
  const isRead = !isFirstPage || Boolean(part?.querySelector("details[open]"));
  if (part) isRead ? part.removeAttribute("data-live") : part.setAttribute("data-live", "");
  if (fresh) fresh.hidden = !isRead;
  if (calls) refresh();
  else location.reload();
}

function plan() {
  if (!timer) timer = setTimeout(look, Math.max(300, PAUSE - (Date.now() - last)));
}

listen((name) => {
  if (name === "usage.recorded" || name === "resync") plan();
});

// Choosing is enough where a script can send the form; days to be typed wait for the button.
const form = document.querySelector(".usage-filter");
form?.addEventListener("change", (event) => {
  if (event.target instanceof HTMLSelectElement && event.target.value !== "custom") form.requestSubmit();
});
// Days that are not asked for stay out of the address.
form?.addEventListener("formdata", (event) => {
  if (event.formData.get("range") !== "custom") for (const name of ["from", "to"]) event.formData.delete(name);
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});
