// Draws a model with the progress on it. A <div class="diagram" data-diagram="id"> names a <script type="application/json" id="id"> with
// {"xml": "...", "marks": {"element": "is-done" | "is-now" | "is-late" | "heat-1".."heat-4"}, "tokens": {"element": "who"}, "tags": {"element": "how long"}}.
// The bpmn.io mark in the lower right corner stays visible and uncovered: that is the licence of the viewer.
import Viewer from "bpmn-js/lib/NavigatedViewer.js";

const MARGIN = 14;

function label(kind, text) {
  const element = document.createElement("div");
  element.className = kind;
  element.textContent = text; // names come from people: never as HTML
  return element;
}

function options(container) {
  const css = getComputedStyle(document.documentElement);
  const colour = (name) => css.getPropertyValue(name).trim();
  return {
    container,
    textRenderer: {
      defaultStyle: { fontFamily: "eISO Figures, Be Vietnam Pro", fontSize: 12, lineHeight: 1.25 },
      externalStyle: { fontSize: 11 },
    },
    bpmnRenderer: {
      defaultFillColor: colour("--surface"), defaultStrokeColor: colour("--line-strong"), defaultLabelColor: colour("--ink"),
    },
  };
}

function fit(canvas) {
  const { inner } = canvas.viewbox();
  canvas.viewbox({ x: inner.x - MARGIN, y: inner.y - MARGIN, width: inner.width + 2 * MARGIN, height: inner.height + 2 * MARGIN });
}

function decorate(viewer, facts) {
  const canvas = viewer.get("canvas");
  const elements = viewer.get("elementRegistry");
  const overlays = viewer.get("overlays");
  elements.filter((element) => element.type === "bpmn:UserTask").forEach((element) => canvas.addMarker(element, "is-step"));
  const each = (map, place) => Object.entries(map ?? {}).filter(([id]) => elements.get(id)).forEach(([id, value]) => place(id, value));
  each(facts.marks, (id, mark) => canvas.addMarker(id, mark));
  each(facts.tokens, (id, text) => overlays.add(id, { position: { top: -11, left: 6 }, html: label("token", text) }));
  each(facts.tags, (id, text) => overlays.add(id, { position: { bottom: 9, left: 6 }, html: label("tag", text) }));
}

async function draw(box) {
  if (!box.offsetWidth || box.dataset.drawn) return; // phones read the list instead
  box.dataset.drawn = "true";
  const facts = JSON.parse(document.getElementById(box.dataset.diagram).textContent);
  await document.fonts.ready;
  const viewer = new Viewer(options(box));
  await viewer.importXML(facts.xml);
  decorate(viewer, facts);
  fit(viewer.get("canvas"));
  box.dispatchEvent(new CustomEvent("eiso:drawn", { bubbles: true }));
}

function drawAll() {
  for (const box of document.querySelectorAll("[data-diagram]")) {
    draw(box).catch((error) => {
      box.textContent = box.dataset.failed;
      console.error(error);
    });
  }
}

drawAll();
document.addEventListener("htmx:after:swap", drawAll);
addEventListener("resize", drawAll);
