// Keeps what is being typed in a <form data-draft="name">. In sessionStorage: it survives a reload, a lost connection and a new
// login in this tab, and is gone with the tab, because what officers type is personal data on a shared machine.
const PREFIX = "eiso.draft.";
const SKIPPED = new Set(["password", "file", "hidden", "submit", "button"]);

function fields(form) {
  return [...form.elements].filter((field) => field.name && !SKIPPED.has(field.type) && !("noDraft" in field.dataset));
}

function read(form) {
  return fields(form).map((field) => [field.name, field.type === "checkbox" || field.type === "radio" ? [field.value, field.checked] : field.value]);
}

function write(form, values) {
  const left = new Map();
  for (const [name, value] of values) left.set(name, [...(left.get(name) ?? []), value]);
  for (const field of fields(form)) {
    const value = left.get(field.name)?.shift();
    if (value === undefined) continue;
    if (Array.isArray(value)) { if (field.value === value[0]) field.checked = value[1]; }
    else field.value = value;
  }
}

function keep(form) {
  sessionStorage.setItem(PREFIX + form.dataset.draft, JSON.stringify(read(form)));
  const time = form.querySelector("[data-draft-time]");
  if (time) time.textContent = new Date().toLocaleTimeString("vi-VN", { hour12: false });
}

function restore(form) {
  const stored = sessionStorage.getItem(PREFIX + form.dataset.draft);
  // A form that the server sent back with errors already holds what was typed.
  if (!stored || "filled" in form.dataset) return;
  write(form, JSON.parse(stored));
  form.dispatchEvent(new CustomEvent("eiso:restored", { bubbles: true }));
}

// Drafts that the server says are done with are gone; forms that are new on the page get theirs back.
function look() {
  for (const done of document.querySelectorAll("[data-draft-done]")) sessionStorage.removeItem(PREFIX + done.dataset.draftDone);
  if (document.querySelector("[data-forget-drafts]")) {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  }
  for (const form of document.querySelectorAll("form[data-draft]:not([data-watched])")) {
    form.dataset.watched = "true";
    restore(form);
  }
}

export function startDrafts() {
  let timer = null;
  let typed = null; // the form that was typed in and is not kept yet

  function keepNow() {
    clearTimeout(timer);
    if (typed?.isConnected) keep(typed);
    typed = null;
  }

  look();
  document.addEventListener("htmx:after:swap", look);
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-draft]");
    if (!form) return;
    if (typed !== form) keepNow();
    typed = form;
    clearTimeout(timer);
    timer = setTimeout(keepNow, 400);
  });
  document.addEventListener("reset", (event) => {
    const form = event.target;
    if (!form.dataset.draft) return;
    clearTimeout(timer);
    typed = null;
    sessionStorage.removeItem(PREFIX + form.dataset.draft);
  });
  window.addEventListener("pagehide", keepNow);
}
