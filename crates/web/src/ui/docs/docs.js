// The live filter of /docs: what the search form does, without a request.
const box = document.getElementById("q");
const found = document.getElementById("found");
const articles = [...document.querySelectorAll("article[data-find]")];
const entries = [...document.querySelectorAll("li[data-find]")];
const groups = [...document.querySelectorAll(".contents details, .operations section.group")];

function filter() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (element) => words.every((word) => element.dataset.find.includes(word));
  for (const element of [...articles, ...entries]) element.hidden = !has(element);
  for (const group of groups) {
    const parts = [...group.querySelectorAll("[data-find]")];
    if (parts.length > 0) group.hidden = parts.every((part) => part.hidden);
  }
  found.textContent = `${articles.filter((article) => !article.hidden).length} of ${articles.length} operations`;
}

// A link into what is closed opens it.
function open() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

// With a word in the address the server has left the rest out: the form goes on.
if (!new URLSearchParams(location.search).get("q")) {
  box.addEventListener("input", filter);
  box.form.addEventListener("submit", (event) => event.preventDefault());
}
addEventListener("hashchange", open);
open();
