// A dropped connection is not an error page: a bar says so, looks again every five seconds and never sends an action twice.
const PAUSE_MS = 5000;

export function startConnectionBar() {
  const bar = document.getElementById("connection");
  if (!bar) return;
  const texts = { lost: bar.dataset.lost, back: bar.dataset.back };
  let timer = null;

  function say(text) {
    bar.hidden = false;
    bar.textContent = text;
  }

  async function look() {
    timer = null;
    try {
      await fetch(bar.dataset.probe, { method: "HEAD", cache: "no-store" });
    } catch {
      lost();
      return;
    }
    // The server may or may not have had the last action, so the person decides whether to repeat it.
    say(texts.back);
    setTimeout(() => { if (bar.textContent === texts.back) bar.hidden = true; }, PAUSE_MS);
  }

  function lost() {
    say(texts.lost);
    if (timer === null) timer = setTimeout(look, PAUSE_MS);
  }

  window.addEventListener("offline", lost);
  window.addEventListener("online", () => { if (!bar.hidden) look(); });
  document.addEventListener("htmx:error", (event) => { if (event.detail?.ctx) lost(); });
}
