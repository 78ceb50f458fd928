// Files of a message: by paste, by drag, by a button. What the model cannot take
// is refused before anything is sent.
import { toast } from "./core.js";

const composer = document.getElementById("composer");
const list = document.getElementById("files");
const input = composer.querySelector('input[type="file"]');

const IMAGES = ["image/png", "image/jpeg", "image/webp", "image/gif"];
const IMAGE_BYTES = 5 * 1024 * 1024;
const TEXT_BYTES = 512 * 1024;
const MOST = 10;

let kept = [];

/** The parts of the message that are files. */
export const attached = () => kept.map(({ part }) => part);

/** Lets go of all of them. */
export function forget() {
  kept = [];
  show();
}

function show() {
  list.replaceChildren(...kept.map((file) => {
    const item = document.createElement("li");
    if (file.part.type === "image") {
      const picture = document.createElement("img");
      picture.src = `data:${file.part.media_type};base64,${file.part.data}`;
      picture.alt = "";
      item.append(picture);
    }
    const name = document.createElement("span");
    name.className = "clip";
    name.textContent = file.name;
    const away = document.createElement("button");
    away.type = "button";
    away.className = "bare little icon-only";
    away.setAttribute("aria-label", `Remove ${file.name}`);
    away.textContent = "×";
    away.addEventListener("click", () => { kept = kept.filter((other) => other !== file); show(); composer.querySelector("textarea").focus(); });
    item.append(name, away);
    return item;
  }));
  list.hidden = kept.length === 0;
  composer.querySelector("textarea").required = kept.length === 0;
}

const base64 = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(file);
});

/** The part for a file; throws the sentence why there is none. */
async function part(file) {
  if (kept.length >= MOST) throw new Error(`A message takes ${MOST} files at most. Leave one out.`);
  if (file.type.startsWith("image/")) {
    const { model, takesImages } = document.getElementById("who").dataset;
    if (takesImages === undefined) throw new Error(`${model || "This model"} cannot read images. Choose a model that can, or describe “${file.name}” in words.`);
    if (!IMAGES.includes(file.type)) throw new Error(`“${file.name}” is no PNG, JPEG, WebP or GIF. Save it as one of these.`);
    if (file.size > IMAGE_BYTES) throw new Error(`“${file.name}” is larger than 5 MB. Make it smaller.`);
    return { type: "image", media_type: file.type, data: await base64(file), name: file.name };
  }
  if (file.size > TEXT_BYTES) throw new Error(`“${file.name}” is larger than 512 kB. Attach the part that matters.`);
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Error(`“${file.name}” is neither an image nor text. Only these can be attached.`);
  }
  return { type: "file", name: file.name, text };
}

async function take(files) {
  for (const file of files) {
    try {
      kept.push({ name: file.name, part: await part(file) });
    } catch (problem) { toast(problem.message, true); }
  }
  show();
  composer.querySelector("textarea").focus();
}

document.getElementById("attach").hidden = false;
document.getElementById("attach").addEventListener("click", () => input.click());
input.addEventListener("change", () => { take([...input.files]); input.value = ""; });
composer.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length) return;
  event.preventDefault();
  take(files);
});

const room = document.getElementById("chat");
const brings = (event) => event.dataTransfer?.types.includes("Files");
room.addEventListener("dragover", (event) => { if (brings(event)) { event.preventDefault(); room.dataset.drop = ""; } });
room.addEventListener("dragleave", (event) => { if (!room.contains(event.relatedTarget)) delete room.dataset.drop; });
room.addEventListener("drop", (event) => {
  delete room.dataset.drop;
  if (!brings(event)) return;
  event.preventDefault();
  take([...event.dataTransfer.files]);
});
