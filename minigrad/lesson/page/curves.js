// What the figures about one number share: a curve in a chart, a point on it, and the tangent there.
import { chart, clamp, draggable, el, number, svg } from "./kit.js";

let clips = 0;
/** A place in a drawing, also of a ball that has flown off. */
const safe = (v) => (Number.isFinite(v) ? clamp(v, -1e5, 1e5) : -1e5).toFixed(2);

/** A chart of an engine's curve: {xs, values}. `x` and `y` are the ends shown; what lies outside is cut off. */
export function curveChart(figure, { xs, values }, { x, y, height = 320, xlabel = "w", ylabel = "cost C(w)", label = "" }) {
  const narrow = figure.element.clientWidth < 560; // the stage itself is still hidden
  const drawn = chart({ width: narrow ? 345 : 660, height: narrow ? Math.min(height, 300) : height, x, y, xlabel, ylabel, margin: [14, 16, 40, narrow ? 44 : 52] });
  const clip = `clip${++clips}`;
  const [left, top] = [drawn.x(x[0]), drawn.y(y[1])];
  drawn.root.prepend(svg("clipPath", { id: clip }, svg("rect", { x: left, y: top, width: drawn.x(x[1]) - left, height: drawn.y(y[0]) - top })));
  drawn.back = svg("rect", { x: left, y: top, width: drawn.x(x[1]) - left, height: drawn.y(y[0]) - top, fill: "transparent" });
  drawn.plot.append(drawn.back);
  drawn.inside = svg("g", { "clip-path": `url(#${clip})` });
  drawn.curve = svg("polyline", { points: drawn.points(xs, values), fill: "none", stroke: "var(--ink)", "stroke-width": 2.5, "stroke-linejoin": "round" });
  drawn.inside.append(drawn.curve);
  drawn.over = svg("g");
  drawn.plot.append(drawn.inside, drawn.over);
  drawn.root.setAttribute("role", "group");
  drawn.root.setAttribute("aria-label", label);
  drawn.wide = [x[0], x[1]];
  /** The height of the drawn line above w: between the engine's points, for what glides along it. */
  drawn.on = (w) => {
    const i = clamp(((w - xs[0]) / (xs[xs.length - 1] - xs[0])) * (xs.length - 1), 0, xs.length - 1);
    const j = Math.min(Math.floor(i), xs.length - 2);
    return values[j] + (i - j) * (values[j + 1] - values[j]);
  };
  return drawn;
}

/** The gold point the reader drags along w; `onmove(w)`. `.put(w, value, words)` draws it where the engine says. */
export function gripOn(drawn, { label, step = 0.05, onmove }) {
  const [low, high] = drawn.wide;
  const dot = svg("circle", { r: 10, fill: "var(--gold-fill)", stroke: "var(--sheet)", "stroke-width": 2.5 });
  const grip = svg("g", {}, svg("circle", { r: 27, fill: "transparent" }), dot);
  let at = 0;
  const to = (w) => onmove(clamp(w, low, high));
  draggable(grip, drawn.root, { label, value: 0, move: (event) => to(drawn.invert(event)[0]), nudge: (dx, dy) => to(at + step * (dx || dy)) });
  grip.setAttribute("aria-valuemin", low);
  grip.setAttribute("aria-valuemax", high);
  drawn.back.style.cursor = "pointer";
  drawn.root.addEventListener("click", (event) => { if (!grip.contains(event.target)) to(drawn.invert(event)[0]); });
  drawn.over.append(grip);
  grip.put = (w, value, words) => {
    at = w;
    grip.setAttribute("transform", `translate(${safe(drawn.x(w))} ${safe(drawn.y(value))})`);
    grip.setAttribute("aria-valuenow", w.toFixed(3));
    grip.setAttribute("aria-valuetext", words);
  };
  return grip;
}

/** The tangent: a straight piece through (w, value), blue where the slope is positive, red where negative. `.put(w, value, slope)`. */
export function tangentOn(drawn, { reach = 60 } = {}) {
  const line = svg("line", { "stroke-width": 3.5, "stroke-linecap": "round", opacity: 0.9 });
  drawn.inside.append(line);
  line.put = (w, value, slope) => {
    if (![w, value, slope].every(Number.isFinite)) return;
    const [x, y] = [drawn.x(w), drawn.y(value)];
    const [dx, dy] = [drawn.x(1) - drawn.x(0), (drawn.y(1) - drawn.y(0)) * slope];
    const scale = reach / Math.hypot(dx, dy);
    Object.entries({ x1: x - dx * scale, y1: y - dy * scale, x2: x + dx * scale, y2: y + dy * scale }).forEach(([k, v]) => line.setAttribute(k, safe(v)));
    line.setAttribute("stroke", slopeColour(slope));
  };
  return line;
}

export const slopeColour = (slope) => (Math.abs(slope) < 1e-6 ? "var(--good)" : slope > 0 ? "var(--blue)" : "var(--red)");

/** A few numbers in a row under a drawing: {name: node}. `.show({name: text})`. */
export function readout(names) {
  const cells = Object.fromEntries(Object.keys(names).map((key) => [key, el("b", {}, "–")]));
  const root = el("p", { class: "readout" }, ...Object.entries(names).map(([key, name]) => el("span", {}, `${name} `, cells[key])));
  root.show = (values) => { for (const [key, value] of Object.entries(values)) cells[key].textContent = typeof value === "number" ? number(value) : value; };
  return root;
}
