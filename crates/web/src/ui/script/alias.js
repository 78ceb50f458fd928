// The form of an alias: lines come, go and move by buttons and by drag, and each
// offers the models of its provider.
import "./core.js";

const lines = document.querySelector("[data-lines]");
const list = lines?.querySelector("ol");

/** Writes what depends on where a line stands. */
function number() {
  const all = [...list.querySelectorAll("[data-line]")];
  for (const [at, line] of all.entries()) {
    const [place, of] = [at + 1, all.length];
    line.querySelector("select").setAttribute("aria-label", `Provider of model ${place}`);
    const [model, weight] = line.querySelectorAll("input");
    model.setAttribute("aria-label", `Model ${place}`);
    model.required = at === 0;
    weight.setAttribute("aria-label", `Weight of model ${place}`);
    for (const [name, words, isOff] of [["up", "up", at === 0], ["down", "down", place === of], ["out", "out", of === 1]]) {
      const button = line.querySelector(`[data-move="${name}"]`);
      button.disabled = isOff;
      button.value = `${name}:${at}`;
      button.setAttribute("aria-label", name === "out" ? `Take model ${place} out` : `Move model ${place} ${words}`);
    }
    line.draggable = of > 1;
  }
}

function offer(line) {
  line.querySelector('input[name="model"]').setAttribute("list", `models-${line.querySelector("select").value}`);
}

if (list) {
  number();
  lines.addEventListener("change", ({ target }) => { if (target.matches("[data-provider]")) offer(target.closest("[data-line]")); });
  lines.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move], [data-more]");
    if (!button) return;
    event.preventDefault();
    const line = button.closest("[data-line]");
    if (!line) {
      const next = list.lastElementChild.cloneNode(true);
      for (const input of next.querySelectorAll("input")) input.value = input.name === "weight" ? "1" : "";
      next.querySelector("select").value = list.lastElementChild.querySelector("select").value;
      list.append(next);
      number();
      next.querySelector("select").focus();
      return;
    }
    if (button.dataset.move === "up") line.previousElementSibling.before(line);
    if (button.dataset.move === "down") line.nextElementSibling.after(line);
    if (button.dataset.move === "out") {
      (line.nextElementSibling ?? line.previousElementSibling).querySelector("select").focus();
      line.remove();
    }
    number();
    if (line.isConnected) (button.disabled ? line.querySelector("select") : button).focus();
  });

  let dragged = null;
  list.addEventListener("dragstart", (event) => { dragged = event.target.closest("[data-line]"); dragged?.classList.add("dragged"); });
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest("[data-line]");
    if (!dragged || !over || over === dragged) return;
    event.preventDefault();
    const isBelow = event.clientY > over.getBoundingClientRect().top + over.offsetHeight / 2;
    if (isBelow) over.after(dragged); else over.before(dragged);
  });
  list.addEventListener("dragend", () => { dragged?.classList.remove("dragged"); dragged = null; number(); });
  // Text in a field is selected by dragging, and stays where it is.
  list.addEventListener("pointerdown", ({ target }) => {
    const line = target.closest("[data-line]");
    if (line) line.draggable = !target.closest("input, select, button") && list.children.length > 1;
  });
}

document.querySelector("[data-mode]")?.addEventListener("change", ({ target }) => {
  lines.toggleAttribute("data-weighted", target.value === "weighted");
});
for (const form of document.querySelectorAll("form[data-at-once]")) {
  form.addEventListener("change", ({ target }) => { if (!target.matches(":focus-visible")) form.requestSubmit(); });
}
