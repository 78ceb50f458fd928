// The page follows what happens, at most every few seconds. What is open to be
// read is not taken away: a line says that there are newer calls.
import { refresh } from "./core.js";
import { listen } from "./events.js";

const PAUSE = 3_000;
let timer = 0;
let last = 0;
let isToldOfCalls = false;

function look() {
  timer = 0;
  if (document.hidden) return plan();
  last = Date.now();
  const calls = document.getElementById("usage-calls");
  const isRead = calls && (calls.dataset.live === undefined || calls.querySelector("details[open]"));
  const fresh = document.getElementById("usage-fresh");
  if (fresh) fresh.hidden = !isRead || !isToldOfCalls;
  refresh();
}

function plan() {
  if (!timer) timer = setTimeout(look, Math.max(300, PAUSE - (Date.now() - last)));
}

listen((name) => {
  isToldOfCalls ||= name === "usage.recorded";
  if (["usage.recorded", "resync", "missed"].includes(name)) plan();
});

const form = document.querySelector(".usage-filter");
// Choosing with a pointer is enough; whoever walks through a list by keys sends it with the button.
let isByPointer = false;
form?.addEventListener("pointerdown", () => { isByPointer = true; });
form?.addEventListener("keydown", () => { isByPointer = false; });
form?.addEventListener("change", (event) => {
  const isChoice = event.target instanceof HTMLSelectElement && event.target.value !== "custom";
  if (isChoice && isByPointer) form.requestSubmit();
});
// What is not asked for stays out of the address.
form?.addEventListener("formdata", ({ formData }) => {
  if (formData.get("range") !== "custom") for (const name of ["from", "to"]) formData.delete(name);
  for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
});

// A file is read here and sent as text, so that it is seen before it is sent.
const file = document.getElementById("csv-file");
if (file) {
  document.getElementById("csv-file-field").hidden = false;
  file.addEventListener("change", async () => {
    const chosen = file.files[0];
    if (chosen) document.getElementById("csv").value = await chosen.text();
  });
}
