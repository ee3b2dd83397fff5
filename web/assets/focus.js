// An htmx swap keeps the focus on its row; when that row is gone, the focus goes to the row that took its place.
function rowOf(element) {
  return element?.closest?.("tr[id], li[id], [data-row]");
}

// The whole main part was replaced by a form's answer: to the first field that has to be mended, else to the top, where the message is.
function goWhereItMatters() {
  const main = document.getElementById("main");
  if (!main || "seen" in main.dataset) return;
  main.dataset.seen = "true";
  if (document.querySelector("dialog[open]")) return;
  const wrong = main.querySelector('[aria-invalid="true"]');
  const alert = main.querySelector('[role="alert"]');
  if (wrong) return wrong.focus();
  if (alert) return alert.scrollIntoView({ block: "center" });
  main.querySelector('[data-key="h"]')?.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

export function startFocusKeeping() {
  document.getElementById("main")?.setAttribute("data-seen", "true");
  document.addEventListener("htmx:after:swap", goWhereItMatters);
  let place = null;

  document.addEventListener("htmx:before:swap", () => {
    const row = rowOf(document.activeElement);
    place = row ? { id: row.id, list: row.parentElement?.id, index: [...row.parentElement.children].indexOf(row) } : null;
  });

  document.addEventListener("htmx:after:swap", () => {
    if (!place || document.activeElement !== document.body) return;
    const rows = document.getElementById(place.list)?.children ?? [];
    const row = document.getElementById(place.id) ?? rows[Math.min(place.index, rows.length - 1)];
    row?.querySelector("a, button")?.focus();
  });
}
