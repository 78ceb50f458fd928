// The list of models answers while one types; every choice is in the address.
import { refresh } from "./core.js";

const form = document.getElementById("facets");
const words = document.getElementById("q");

/** The address that the form asks for. */
function address() {
  const asked = [...new FormData(form)].filter(([, value]) => value);
  const query = new URLSearchParams(asked).toString();
  return query ? `${location.pathname}?${query}` : location.pathname;
}

let waiting = 0;

function ask(wait) {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    history.replaceState(null, "", address());
    refresh();
  }, wait);
}

// The check marks belong to the form and stand outside of it.
addEventListener("input", (event) => {
  if (form && event.target.form === form) ask(event.target === words ? 180 : 0);
});
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  ask(0);
});
for (const button of document.querySelectorAll("[data-needless]")) button.hidden = true;

addEventListener("keydown", (event) => {
  const isWriting = event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable], dialog[open]");
  if (event.key !== "/" || isWriting || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  words?.focus();
  words?.select();
});

// The way to the form below opens it.
function openRegister() {
  if (location.hash !== "#register") return;
  const form = document.getElementById("register");
  form.open = true;
  form.querySelector("select, input")?.focus();
}
addEventListener("hashchange", openRegister);
openRegister();
