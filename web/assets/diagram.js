// Draws a model with the progress on it. A <div class="diagram" data-diagram="id"> names a <script type="application/json" id="id"> with
// {"xml": "...", "marks": {"element": "is-done" | "is-now" | "is-late" | "heat-1".."heat-4"}, "tokens": {"element": "who"}, "tags": {"element": "how long"}}.
// The bpmn.io mark in the lower right corner stays visible and uncovered: that is the licence of the viewer.
import Viewer from "bpmn-js/lib/NavigatedViewer.js";

const MARGIN = 18; // also room for the tags below the lowest and above the highest steps
const MARK = 34; // pixels at the bottom that belong to the bpmn.io mark
const LARGEST = 1.1;
const HIGHEST = 680; // pixels

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

// The frame gets the height that the drawing needs at the width there is, and the mark a strip of its own.
function fit(viewer, box) {
  const canvas = viewer.get("canvas");
  const { inner } = canvas.viewbox();
  const [width, height] = [inner.width + 2 * MARGIN, inner.height + 2 * MARGIN];
  const scale = Math.min(LARGEST, box.clientWidth / width, (HIGHEST - MARK) / height);
  box.style.height = `${Math.ceil(height * scale) + MARK}px`;
  canvas.resized();
  const left = Math.max(0, (box.clientWidth / scale - width) / 2); // what is smaller than its frame stands in the middle
  canvas.viewbox({ x: inner.x - MARGIN - left, y: inner.y - MARGIN, width: box.clientWidth / scale, height: box.clientHeight / scale });
}

function decorate(viewer, facts) {
  const canvas = viewer.get("canvas");
  const elements = viewer.get("elementRegistry");
  const overlays = viewer.get("overlays");
  elements.filter((element) => element.type === "bpmn:UserTask").forEach((element) => canvas.addMarker(element, "is-step"));
  const each = (map, place) => Object.entries(map ?? {}).filter(([id]) => elements.get(id)).forEach(([id, value]) => place(id, value));
  each(facts.marks, (id, mark) => canvas.addMarker(id, mark));
  each(facts.tokens, (id, text) => overlays.add(id, { position: { top: -13, left: 0 }, html: label("token", text) }));
  each(facts.tags, (id, text) => overlays.add(id, { position: { bottom: 5, right: 0 }, html: label("tag", text) }));
}

async function draw(box) {
  if (!box.offsetWidth || box.dataset.drawn) return; // phones read the list instead
  box.dataset.drawn = "true";
  const facts = JSON.parse(document.getElementById(box.dataset.diagram).textContent);
  await document.fonts.ready;
  const viewer = new Viewer(options(box));
  await viewer.importXML(facts.xml);
  decorate(viewer, facts);
  fit(viewer, box);
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
