// Single keys outside fields: data-key on a link or button, J and K along the rows of a worklist, / for the search, ? for the list.
const OFF = "eiso.keys";
const ROWS = "table.worklist tbody tr";

function typing(target) {
  return target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]") !== null;
}

function step(by) {
  const rows = [...document.querySelectorAll(ROWS)];
  if (rows.length === 0) return;
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  const next = here === -1 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(here + by, 0), rows.length - 1);
  rows[next].querySelector("a")?.focus();
  rows[next].scrollIntoView({ block: "nearest" });
}

function find(key) {
  const row = document.activeElement?.closest?.(ROWS);
  const selector = `[data-key="${CSS.escape(key)}"]`;
  return row?.querySelector(selector) ?? [...document.querySelectorAll(selector)].find((element) => !element.closest(ROWS));
}

function act(key) {
  if (key === "/") return document.getElementById("q")?.focus() ?? true;
  if (key === "?") return document.getElementById("keys")?.showModal() ?? true;
  if (key === "j") return step(1) ?? true;
  if (key === "k") return step(-1) ?? true;
  const found = find(key);
  if (!found) return false;
  found.click();
  return true;
}

function submitForm(event) {
  const form = event.target.closest("form") ?? document.querySelector("form[data-main]");
  if (!form || !("main" in form.dataset)) return;
  event.preventDefault();
  form.requestSubmit();
}

export function startKeys() {
  const choice = document.getElementById("keys-on");
  if (choice) {
    choice.checked = localStorage.getItem(OFF) !== "off";
    choice.addEventListener("change", () => localStorage.setItem(OFF, choice.checked ? "on" : "off"));
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.ctrlKey) return submitForm(event);
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (typing(event.target) || document.querySelector("dialog[open]") || localStorage.getItem(OFF) === "off") return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (act(key)) event.preventDefault();
  });
}
