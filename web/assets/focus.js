// An htmx swap keeps the focus on its row; when that row is gone, the focus goes to the row that took its place.
function rowOf(element) {
  return element?.closest?.("tr[id], li[id], [data-row]");
}

export function startFocusKeeping() {
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
