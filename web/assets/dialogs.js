// <button data-open="id"> opens a <dialog>; data-opened opens by itself; data-close closes the one it stands in; data-fill writes values into named fields.
function fill(button) {
  const values = JSON.parse(button.dataset.fill);
  for (const [id, value] of Object.entries(values)) {
    const field = document.getElementById(id);
    if (field) field.value = value;
  }
  document.getElementById(button.dataset.then)?.focus();
}

// A dialog whose form was refused comes back open, with the reason in it.
function openRefused() {
  for (const dialog of document.querySelectorAll("dialog[data-opened]")) {
    delete dialog.dataset.opened;
    dialog.showModal();
  }
}

// Bootstrap makes a dialog of the drawer while it is open; only then may it bear a name.
function nameDrawers() {
  document.addEventListener("show.bs.offcanvas", ({ target }) => target.setAttribute("aria-label", target.dataset.name));
  document.addEventListener("hidden.bs.offcanvas", ({ target }) => target.removeAttribute("aria-label"));
}

export function startDialogs() {
  nameDrawers();
  openRefused();
  document.addEventListener("htmx:after:swap", openRefused);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-open], [data-close], [data-fill], [data-print]");
    if (!button) {
      for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
      return;
    }
    if (button.dataset.open) document.getElementById(button.dataset.open)?.showModal();
    if ("close" in button.dataset) button.closest("dialog")?.close();
    if (button.dataset.fill) fill(button);
    if ("print" in button.dataset) window.print();
  });
}
