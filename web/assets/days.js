// A day is typed as text, dd/mm/yyyy, because a browser's own field shows the order of the browser's language. The button beside it borrows
// the browser's calendar and writes what was chosen as text; without scripts, or in a browser that cannot open it, the field is enough.
const TYPED = /^(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})$/;

function toIso(text) {
  const found = TYPED.exec(text.trim());
  return found ? `${found[3]}-${found[2].padStart(2, "0")}-${found[1].padStart(2, "0")}` : "";
}

function addCalendar(box) {
  const field = box.querySelector("input");
  const label = document.querySelector(`label[for="${field.id}"]`)?.textContent ?? "";
  const calendar = document.createElement("input");
  Object.assign(calendar, { type: "date", tabIndex: -1, className: "day-native" });
  calendar.setAttribute("aria-hidden", "true");
  calendar.dataset.noDraft = "";
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "day-button", title: "Chọn trong lịch" });
  button.setAttribute("aria-label", `${label}: chọn trong lịch`);
  button.append(document.getElementById("calendar-icon").content.cloneNode(true));
  button.addEventListener("click", () => {
    calendar.value = toIso(field.value);
    calendar.showPicker();
  });
  calendar.addEventListener("change", () => {
    if (calendar.value) field.value = calendar.value.split("-").reverse().join("/");
    field.focus();
  });
  box.append(calendar, button);
}

export function startDays() {
  if (!("showPicker" in HTMLInputElement.prototype) || !document.getElementById("calendar-icon")) return;
  document.querySelectorAll("[data-day]").forEach(addCalendar);
}
