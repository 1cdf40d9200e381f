// What figures are made of.
import { latest } from "./rpc.js";
export { latest };

// ── elements ──
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "style" && typeof value === "object") { for (const [name, v] of Object.entries(value)) if (name.startsWith("--")) element.style.setProperty(name, v); else element.style[name] = v; }
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
export const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
export const range = (n) => Array.from({ length: n }, (_, i) => i);
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));
/** `act`, once nothing more has come for `ms`. */
export function later(act, ms = 250) {
  let timer = 0;
  return (...args) => { clearTimeout(timer); timer = setTimeout(() => act(...args), ms); };
}

/** A number to read: 0.123, −1.5, 12,345; with `sign`, +0.12. */
export function number(x, digits = 3, sign = false) {
  if (x === null || x === undefined || Number.isNaN(x)) return "–";
  const size = Math.abs(x);
  const text =
    size !== 0 && (size < 10 ** -digits / 2 || size >= 1e7) ? size.toExponential(1) : size.toLocaleString("en", { minimumFractionDigits: Number.isInteger(x) ? 0 : digits, maximumFractionDigits: digits });
  return (x < 0 ? "−" : sign && x > 0 ? "+" : "") + text;
}
export const percent = (x, digits = 1) => `${(100 * x).toFixed(digits)}\u00a0%`;

// ── colours ──
let palette = null; // kept until the theme changes: reading styles in every frame is dear
globalThis.addEventListener?.("themechange", () => { palette = null; });

/** The page's colours as they are now: blue positive, red negative, gold what you move. */
export function colours() {
  if (palette) return palette;
  const style = getComputedStyle(document.documentElement);
  const one = (name) => style.getPropertyValue(`--${name}`).trim();
  palette = Object.fromEntries(["paper", "sheet", "ink", "soft", "faint", "line", "wash", "blue", "red", "gold", "good"].map((n) => [n, one(n)]).concat([["fill", one("gold-fill")]]));
  return palette;
}

const parsed = new Map();
function rgb(text) {
  if (!parsed.has(text)) {
    const hex = text.replace("#", "");
    const wide = hex.length === 3 ? [...hex].map((c) => c + c).join("") : hex;
    parsed.set(text, [0, 2, 4].map((i) => parseInt(wide.slice(i, i + 2), 16)));
  }
  return parsed.get(text);
}

/** Red below zero, blue above, the sheet's colour at zero: [r, g, b] of a value between −most and most. */
export function diverging(value, most, palette = colours()) {
  const t = most > 0 ? clamp(value / most, -1, 1) : 0;
  const from = rgb(palette.sheet);
  const to = rgb(t < 0 ? palette.red : palette.blue);
  const share = Math.abs(t) ** 0.7;
  return from.map((c, i) => Math.round(c + (to[i] - c) * share));
}
export const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

// ── figures ──
export class Figure {
  /** Bring a figure to life: its module draws into `stage`, the poster goes when it has. */
  static async begin(element, engine, page) {
    const figure = new Figure(element, engine, page);
    try {
      const module = await import(`./figures/${element.dataset.figure}.js`);
      await module.default(figure, engine, page);
      element.querySelector(".poster")?.remove();
      figure.plate.hidden = false;
      element.dataset.live = "";
    } catch (error) {
      figure.plate.hidden = false;
      figure.fail(error);
    }
    return figure;
  }

  constructor(element, engine, page) {
    Object.assign(this, { element, engine, page, near: true, arrivals: [] });
    this.stage = el("div", { class: "stage" });
    this.controls = el("div", { class: "controls" });
    this.note = el("p", { class: "say", role: "status" });
    this.error = el("p", { class: "wrong", role: "alert" });
    this.plate = el("div", { class: "plate" }, this.stage, this.controls, this.note, this.error);
    this.plate.hidden = true;
    const goal = element.dataset.goal;
    this.head = el("div", { class: "head" });
    this.plate.prepend(this.head);
    if (goal) this.head.append(el("p", { class: "goal" }, el("span", { class: "tick", "aria-hidden": "true" }, "✓"), el("span", {}, goal)));
    element.prepend(this.plate);
    new IntersectionObserver(([entry]) => { this.near = entry.isIntersecting; this.wake?.(); for (const look of this.arrivals) look(); }).observe(element);
  }

  /** Offer the Python functions behind the figure: names of the engine's methods. */
  python(...methods) {
    const code = el("div", { class: "codes" });
    const panel = el("details", { class: "python" }, el("summary", {}, "Python"), code);
    panel.addEventListener("toggle", async () => {
      if (!panel.open || code.childElementCount) return;
      for (const method of methods) {
        const { text, file, line } = await this.engine.source({ method });
        code.append(el("pre", { tabindex: "0", "aria-label": `Python source of ${method}` }, el("code", {}, text)), el("p", { class: "where" }, `${file}, line ${line}`));
      }
    });
    this.head.append(panel);
  }

  /** A sentence below the figure, read out to those who do not see it. Nodes or text. */
  say(...parts) {
    const wait = (this.said ?? -1e9) + 400 - performance.now(); // not more often than one can listen to
    clearTimeout(this.saying);
    if (wait > 0) { this.saying = setTimeout(() => this.say(...parts), wait); return; }
    this.said = performance.now();
    this.note.replaceChildren(...parts);
  }

  /** Numbers for whoever reads the page by program: data-cost="1.25". */
  tell(values) {
    for (const [key, value] of Object.entries(values)) this.element.dataset[key] = value;
  }

  /** The reader has reached the goal. */
  reached() {
    if (!("reached" in this.element.dataset)) this.element.dataset.reached = "";
    const tick = this.plate.querySelector(".goal .tick");
    if (tick && !tick.hasAttribute("aria-label")) { tick.removeAttribute("aria-hidden"); tick.setAttribute("role", "img"); tick.setAttribute("aria-label", "Goal reached."); }
  }

  fail(error) {
    this.error.textContent = error?.message ?? String(error);
    this.element.dataset.failed = "";
  }

  /** Run something that may fail, once at a time, newest wins; errors show in the figure. Gives a function. */
  latest(ask) {
    const call = latest(ask);
    return async (...args) => {
      try {
        const found = await call(...args);
        this.error.textContent = "";
        delete this.element.dataset.failed;
        return found;
      } catch (error) {
        this.fail(error);
        return undefined;
      }
    };
  }

  /** Call `draw(time)` once a frame while it returns true and the figure is on the screen. Gives a function that starts it. */
  loop(draw) {
    let running = false;
    const turn = async (time) => {
      let more = false;
      try { more = this.near ? await draw(time) : true; } catch (error) { this.fail(error); }
      if (more && this.near) requestAnimationFrame(turn);
      else { running = false; this.wake = more ? start : null; }
    };
    const start = () => { if (!running) { running = true; requestAnimationFrame(turn); } };
    return start;
  }

  /** `act` when the reader's network has become another one: at once, or when the figure is next seen. */
  onTrained(act) {
    let due = null;
    const look = () => { if (due && this.near) { const detail = due; due = null; act(detail); } };
    this.page.on("trained", (detail) => { due = detail; look(); });
    this.arrivals.push(look);
  }

  /** Draw again when the theme changes. */
  onTheme(draw) {
    addEventListener("themechange", () => requestAnimationFrame(draw));
  }

  /** Light one line of an algorithm in the text: figure.light("algorithm-1d", "step"); null puts it out. */
  light(list, line) {
    for (const item of document.querySelectorAll(`#${list} > li`)) item.classList.toggle("lit", item.dataset.line === line);
  }
}

// ── controls ──
export function button(label, act, { main = false, ...attributes } = {}) {
  return el("button", { type: "button", class: `push${main ? " main" : ""}`, onclick: act, ...attributes }, label);
}

/** A slider with its name and its value. `scale: "log"` moves by powers. `.value` reads, `.set(v)` writes. */
export function slider({ label, min, max, step = 0.01, value, scale = "linear", format = number, oninput }) {
  const log = scale === "log";
  const to = (v) => (log ? Math.log10(v) : v);
  const from = (v) => (log ? 10 ** Number(v) : Number(v));
  const output = el("output", {}, format(value));
  const input = el("input", { type: "range", min: to(min), max: to(max), step: log ? 0.01 : step, "aria-label": label });
  input.value = to(value);
  const told = () => { const v = from(input.value); input.style.setProperty("--share", `${(100 * (input.value - input.min)) / (input.max - input.min)}%`); output.textContent = format(v); input.setAttribute("aria-valuetext", format(v)); return v; };
  told();
  input.addEventListener("input", () => { const v = told(); oninput?.(v); });
  const root = el("label", { class: "slider" }, el("span", { class: "top" }, el("span", {}, label), output), input);
  return Object.defineProperties(root, { value: { get: () => from(input.value) }, set: { value: (v) => { input.value = to(v); told(); } }, input: { value: input } });
}

let groups = 0;
/** One of several: {label, options: [["value", "text"], ...] or values, value, onchange}. `.value`, `.set(v)`. */
export function choice({ label, options, value, onchange }) {
  const name = `choice${++groups}`;
  const row = el("div", { class: options.length === 10 ? "row ten" : "row" });
  for (const option of options) {
    const [key, text] = Array.isArray(option) ? option : [option, String(option)];
    const input = el("input", { type: "radio", name, value: key, checked: key === value || undefined });
    input.addEventListener("change", () => onchange?.(key));
    row.append(el("label", {}, input, el("span", {}, text)));
  }
  const root = el("fieldset", { class: "choice" }, el("legend", {}, label), row);
  const inputs = () => [...row.querySelectorAll("input")];
  return Object.defineProperties(root, {
    value: { get: () => inputs().find((i) => i.checked)?.value },
    set: { value: (v) => inputs().forEach((i) => { i.checked = i.value === String(v); }) },
  });
}

// ── digits ──
/** A canvas with 28×28 pixels, white on black; pixels 0..255 (Uint8Array) or 0..1. `.draw(pixels)`. */
export function digit(pixels, { label, size = 28 } = {}) {
  const side = 28;
  const canvas = el("canvas", { class: "digit", width: side, height: side, role: "img", "aria-label": label ?? "a digit" });
  canvas.style.width = `${size}px`;
  canvas.draw = (values) => {
    const context = canvas.getContext("2d");
    const image = context.createImageData(side, side);
    const scale = values instanceof Uint8Array ? 1 : 255;
    for (let i = 0; i < side * side; i++) {
      const shade = clamp(Math.round(values[i] * scale), 0, 255);
      image.data.set([shade, shade, shade, 255], 4 * i);
    }
    context.putImageData(image, 0, 0);
  };
  if (pixels) canvas.draw(pixels);
  return canvas;
}

/** A weight image: numbers about zero, red and blue. `.draw(values, most)`; width × height numbers. */
export function tile(values, { width = 28, height = 28, size = 84, label = "weights" } = {}) {
  const canvas = el("canvas", { class: "tile", width, height, role: "img", "aria-label": label });
  canvas.style.cssText = `width:${size}px;image-rendering:pixelated;border-radius:6px`;
  canvas.draw = (numbers, most = numbers.reduce((a, b) => Math.max(a, Math.abs(b)), 0)) => {
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    const palette = colours();
    for (let i = 0; i < width * height; i++) image.data.set([...diverging(numbers[i], most, palette), 255], 4 * i);
    context.putImageData(image, 0, 0);
  };
  if (values) canvas.draw(values);
  return canvas;
}

/** 0..1 numbers of a digit that came as bytes. */
export const unit = (bytes) => Float32Array.from(bytes, (b) => b / 255);

/** A pad to draw on, by mouse, pen or finger; MNIST's centring is shown. `onchange(pixels 784, centred)` or null when wiped. */
export function pad(figure, { onchange, label = "Draw a digit here" }) {
  const side = 112;
  const canvas = el("canvas", { width: side, height: side, role: "img", "aria-label": `${label}, with mouse, pen or finger. By keyboard, choose one of the digits instead.` });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const small = digit(null, { size: 56, label: "your drawing, centred and scaled as MNIST's digits are" });
  const words = el("span", { class: "aside" }, "centred and scaled as MNIST's are");
  const wipe = () => { context.fillStyle = "#000"; context.fillRect(0, 0, side, side); small.draw(new Float32Array(784)); onchange(null); };
  const centre = figure.latest(async (pixels) => figure.engine.centre({ pixels }));
  const look = async () => {
    const image = context.getImageData(0, 0, side, side).data;
    const pixels = range(side * side).map((i) => Math.round(image[4 * i] / 2.55) / 100);
    if (!pixels.some((p) => p > 0)) return;
    const found = await centre(pixels);
    if (!found) return;
    small.draw(found.pixels);
    onchange(found.pixels, found);
  };
  let last = null;
  const at = (event) => { const box = canvas.getBoundingClientRect(); return [((event.clientX - box.left) / box.width) * side, ((event.clientY - box.top) / box.height) * side]; };
  const line = (from, to) => { context.strokeStyle = "#fff"; context.lineWidth = side / 12; context.lineCap = context.lineJoin = "round"; context.beginPath(); context.moveTo(...from); context.lineTo(to[0] + 0.01, to[1]); context.stroke(); };
  canvas.addEventListener("pointerdown", (event) => { event.preventDefault(); canvas.setPointerCapture(event.pointerId); last = at(event); line(last, last); look(); });
  canvas.addEventListener("pointermove", (event) => { if (!last) return; for (const e of event.getCoalescedEvents?.() ?? [event]) { const to = at(e); line(last, to); last = to; } look(); });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { if (last) { last = null; look(); } });
  const root = el("div", { class: "pad" }, canvas, el("div", { style: { display: "flex", gap: ".7rem", alignItems: "center" } }, small, words), button("Wipe", wipe));
  context.fillStyle = "#000"; context.fillRect(0, 0, side, side); small.draw(new Float32Array(784));
  /** Draw lines by program: lists of points [x, y] from 0 to 1. */
  const draw = (strokes) => {
    context.fillStyle = "#000"; context.fillRect(0, 0, side, side);
    for (const stroke of strokes) stroke.forEach((to, i) => line((stroke[i - 1] ?? to).map((v) => v * side), to.map((v) => v * side)));
    return look();
  };
  return Object.assign(root, { canvas, wipe, draw });
}

/** Choose a digit: 0–9, another one like it, or your own on a pad. `onchange({pixels 0..1, label, own})` is called at once. */
export async function picker(figure, { label = 3, seed = 0, unseen = false, draw = true, onchange }) {
  let now = Number(label);
  let turn = seed;
  const show = async () => {
    const found = await figure.engine.digits({ label: now, count: 1, seed: turn, unseen });
    onchange({ pixels: unit(found.pixels.subarray(0, 784)), label: now, own: false });
  };
  const which = choice({ label: "Digit", options: range(10).map((i) => [String(i), String(i)]), value: String(now), onchange: (v) => { now = Number(v); show(); } });
  const row = el("div", { class: "controls", style: { marginTop: 0 } }, which, button("Another one", () => { turn += 1; show(); }));
  row.follow = (found) => { which.set(found.own || found.label === null ? "" : found.label); if (found.label !== null) now = found.label; }; // what another figure chose
  if (draw) {
    const box = el("details", { class: "own" }, el("summary", {}, "Draw your own"), pad(figure, { onchange: (pixels) => { if (!pixels) return; which.set(""); onchange({ pixels, label: null, own: true }); } }));
    row.append(box);
  }
  await show();
  return row;
}

// ── drawings ──
/** Ten outputs as horizontal bars. `.draw(values, {wanted, guess})`. */
export function bars(names = range(10), { width = 320, row = 24, most = 1 } = {}) {
  const height = names.length * row;
  const left = 26;
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width: "100%", role: "img" });
  const parts = names.map((name, i) => {
    const back = svg("rect", { x: left, y: i * row + 3, width: width - left - 52, height: row - 6, rx: 4, fill: "var(--wash)" });
    const bar = svg("rect", { x: left, y: i * row + 3, width: 0, height: row - 6, rx: 4, fill: "var(--blue)" });
    const text = svg("text", { x: width - 46, y: i * row + row / 2 + 5, "font-size": 14, fill: "var(--ink)" });
    root.append(svg("text", { x: 8, y: i * row + row / 2 + 5, "font-size": 15, "font-weight": 650, fill: "var(--ink)" }, String(name)), back, bar, text);
    return { bar, text };
  });
  root.draw = (values, { guess, wanted } = {}) => {
    parts.forEach(({ bar, text }, i) => {
      bar.setAttribute("width", clamp(values[i] / most, 0, 1) * (width - left - 52));
      bar.setAttribute("fill", i === guess ? "var(--gold-fill)" : "var(--blue)");
      text.textContent = values[i].toFixed(2); // 0.00, not 3.4e-6
      text.setAttribute("font-weight", i === wanted || i === guess ? 700 : 400);
    });
    root.setAttribute("aria-label", `outputs: ${[...values].map((v, i) => `${names[i]} ${number(v, 2)}`).join(", ")}`);
  };
  return root;
}

/** The network 784-16-16-10 as a drawing. `.draw({acts, edges})`: activations light the neurons; edges is a function
 *  (layer, to, from) -> {value, most}, or null. Neurons are buttons: `onneuron(layer 1..3, index)`. Of 784 inputs 20 stand for all. */
export function network({ onneuron, width = 720, height = 430, inputs = 20 } = {}) {
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width: "100%", class: "network", role: "group", "aria-label": "network of 784, 16, 16 and 10 neurons" });
  const counts = [inputs, 16, 16, 10];
  const real = [784, 16, 16, 10];
  const xs = [40, width * 0.36, width * 0.64, width - 70];
  const place = (layer, i) => [xs[layer], 16 + ((i + 0.5) * (height - 32)) / counts[layer]];
  const pixel = (i) => Math.round(((i + 0.5) * 784) / inputs) - 1;
  const lines = svg("g", { "aria-hidden": "true" });
  const edges = [];
  for (let layer = 1; layer < 4; layer++) for (let to = 0; to < counts[layer]; to++) for (let from = 0; from < counts[layer - 1]; from++) {
    const [x1, y1] = place(layer - 1, from);
    const [x2, y2] = place(layer, to);
    const line = svg("line", { x1, y1, x2, y2, stroke: "var(--line)", "stroke-width": 0.6 });
    lines.append(line);
    edges.push({ line, layer, to, from: layer === 1 ? pixel(from) : from });
  }
  root.append(lines);
  const neurons = counts.map((n, layer) => range(n).map((i) => {
    const [cx, cy] = place(layer, i);
    const circle = svg("circle", { cx, cy, r: layer ? 10 : 5, fill: "var(--sheet)", stroke: "var(--soft)", "stroke-width": 1.2 });
    if (layer && !onneuron) Object.entries({ role: "img", "aria-label": `neuron ${i} of layer ${layer}` }).forEach(([k, v]) => circle.setAttribute(k, v));
    if (layer && onneuron) {
      Object.entries({ tabindex: layer === 1 && i === 0 ? 0 : -1, role: "button", style: "cursor:pointer", "data-layer": layer, "data-index": i, "aria-label": `neuron ${i} of layer ${layer}` }).forEach(([k, v]) => circle.setAttribute(k, v));
      const act = () => { circle.focus({ preventScroll: true }); onneuron(layer, i); };
      const pitch = (height - 32) / counts[layer];
      root.append(svg("rect", { x: cx - 32, y: cy - pitch / 2, width: 64, height: pitch, fill: "transparent", style: "cursor:pointer", onclick: act }));
      circle.addEventListener("click", act);
      circle.addEventListener("focus", () => neurons.flat().forEach((other) => { if (other.hasAttribute("tabindex")) other.setAttribute("tabindex", other === circle ? 0 : -1); }));
      circle.addEventListener("keydown", (event) => {
        const by = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
        if (by) { const to = neurons[clamp(layer + by[0], 1, 3)]; event.preventDefault(); to[clamp(i + by[1], 0, to.length - 1)].focus(); }
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); onneuron(layer, i); }
      });
    }
    root.append(circle);
    if (layer === 3) root.append(svg("text", { x: cx + 20, y: cy + 5, "font-size": 16, "font-weight": 650, fill: "var(--ink)" }, String(i)));
    return circle;
  }));
  const names = width > 560 ? [`${inputs} of the 784 pixels`, "16 neurons", "16 neurons", "10 outputs"] : [`${inputs} of 784`, "16", "16", "10"];
  names.forEach((name, layer) => root.append(svg("text", { x: layer ? xs[layer] : 8, y: height - 2, "font-size": 14, "text-anchor": layer ? "middle" : "start", fill: "var(--soft)", "aria-hidden": "true" }, name)));
  root.draw = ({ acts, edges: weigh, chosen } = {}) => {
    if (acts) neurons.forEach((group, layer) => group.forEach((circle, i) => {
      const a = acts[layer][layer ? i : pixel(i)];
      circle.setAttribute("fill", `color-mix(in srgb, var(--gold-fill) ${Math.round(100 * clamp(a, 0, 1))}%, var(--sheet))`);
      if (layer) circle.setAttribute("aria-label", `${layer === 3 ? `output for ${i}` : `neuron ${i} of layer ${layer}`}: ${number(a, 2)}`);
      const on = chosen && chosen[0] === layer && chosen[1] === i;
      circle.setAttribute("stroke", on ? "var(--ink)" : "var(--soft)");
      circle.setAttribute("stroke-width", on ? 3.5 : 1.2);
    }));
    if (weigh) for (const { line, layer, to, from } of edges) {
      const { value, most } = weigh(layer, to, from);
      const share = most > 0 ? clamp(Math.abs(value) / most, 0, 1) : 0;
      line.setAttribute("stroke", value < 0 ? "var(--red)" : "var(--blue)");
      line.setAttribute("stroke-width", (0.3 + 3.2 * share).toFixed(2));
      line.setAttribute("stroke-opacity", (0.06 + 0.9 * share).toFixed(2));
    }
  };
  return Object.assign(root, { sizes: real });
}

/** Where weight (layer, to, from) stands among the 13,002; `layout` is engine.info().layout. from −1 is the bias. */
export function place(layout, layer, to, from) {
  const part = layout.find((p) => p.layer === layer && p.kind === (from < 0 ? "bias" : "weight"));
  return part.start + (from < 0 ? to : to * part.shape[1] + from);
}

/** Keep words readable in a drawing that has been made small: `--unit` is how many of its units a pixel takes, from 1 to 2. */
export function legible(root) {
  new ResizeObserver(([{ contentRect: { width } }]) => {
    if (!width) return;
    const unit = clamp(root.viewBox.baseVal.width / width, 1, 2);
    root.style.setProperty("--unit", unit.toFixed(3));
    root.classList.toggle("tight", unit > 1.3); // no room beside the axis then
  }).observe(root);
  return root;
}

/** Call `act` when the window turns narrow or wide, as a phone that is turned does. */
export function onNarrow(act) {
  matchMedia("(max-width: 639.98px)").addEventListener("change", ({ matches }) => act(matches));
  return innerWidth < 640;
}

/** A chart's frame: scales and axes in an SVG. Gives {root, x, y, plot, line(xs, ys, attributes), invert(event)}. */
export function chart({ width = 640, height = 320, x: [x0, x1], y: [y0, y1], xlabel = "", ylabel = "", margin = [14, 14, 38, 50] }) {
  const [top, right, bottom, left] = margin;
  const x = (v) => left + ((v - x0) / (x1 - x0)) * (width - left - right);
  const y = (v) => height - bottom - ((v - y0) / (y1 - y0)) * (height - top - bottom);
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width: "100%" });
  legible(root);
  const axes = svg("g", { "aria-hidden": "true", style: "font-size:calc(12px * var(--unit, 1))", fill: "var(--soft)" });
  for (const v of ticks(x0, x1, 6)) axes.append(svg("line", { x1: x(v), x2: x(v), y1: top, y2: height - bottom, stroke: "var(--line)" }), svg("text", { x: x(v), y: height - bottom + 18, "text-anchor": "middle" }, tick(v)));
  for (const v of ticks(y0, y1, 5)) axes.append(svg("line", { x1: left, x2: width - right, y1: y(v), y2: y(v), stroke: "var(--line)" }), svg("text", { x: left - 8, y: y(v) + 4, "text-anchor": "end" }, tick(v)));
  axes.append(svg("text", { x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle" }, xlabel), svg("text", { transform: `translate(13 ${(top + height - bottom) / 2}) rotate(-90)`, "text-anchor": "middle", class: "beside" }, ylabel));
  const plot = svg("g");
  root.append(axes, plot);
  const points = (xs, ys) => Array.from(xs, (v, i) => `${x(v).toFixed(1)},${y(ys[i]).toFixed(1)}`).join(" ");
  const line = (xs, ys, attributes = {}) => { const made = svg("polyline", { points: points(xs, ys), fill: "none", stroke: "var(--blue)", "stroke-width": 2.5, "stroke-linejoin": "round", ...attributes }); plot.append(made); return made; };
  const invert = (event) => { const box = root.getBoundingClientRect(); const px = ((event.clientX - box.left) / box.width) * width; const py = ((event.clientY - box.top) / box.height) * height; return [x0 + ((px - left) / (width - left - right)) * (x1 - x0), y0 + ((height - bottom - py) / (height - top - bottom)) * (y1 - y0)]; };
  return { root, x, y, plot, line, points, invert, width, height };
}

const tick = (v) => (v < 0 ? "−" : "") + Math.abs(Number(v.toPrecision(4))).toLocaleString("en");
function ticks(low, high, count) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= raw);
  const found = [];
  for (let v = Math.ceil(low / step - 1e-9) * step; v <= high + 1e-9 * step; v += step) found.push(Math.abs(v) < step / 1e6 ? 0 : v);
  return found;
}

// ── pointing ──
let rest = []; // where the pointer was last
addEventListener("pointermove", ({ clientX, clientY }) => { rest = [clientX, clientY]; });

/** Call `act(event)` when the pointer moves over an element; not when something moves below a pointer that rests: that is nobody's choice. */
export function hover(element, act, type = "pointermove") {
  element.addEventListener(type, (event) => { if (event.clientX !== rest[0] || event.clientY !== rest[1]) act(event); });
  return element;
}

/** Drag something in a drawing, by pointer or arrow keys: `move(event)` with the pointer, `nudge(dx, dy)` by keys (±1). */
export function draggable(handle, surface, { move, nudge, label, role = "slider", value }) {
  Object.entries({ tabindex: 0, role, "aria-label": label, style: "cursor:grab;touch-action:none;display:block", ...(role === "slider" ? { "aria-valuenow": value ?? 0 } : {}) }).forEach(([k, v]) => handle.setAttribute(k, v));
  let held = false;
  handle.addEventListener("pointerdown", (event) => { event.preventDefault(); held = true; handle.setPointerCapture(event.pointerId); handle.focus?.({ preventScroll: true }); });
  handle.addEventListener("pointermove", (event) => { if (held) move(event); });
  for (const end of ["pointerup", "pointercancel"]) handle.addEventListener(end, () => { held = false; });
  handle.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (by && nudge) { event.preventDefault(); nudge(...by.map((d) => d * (event.shiftKey ? 5 : 1))); }
  });
  return handle;
}

// ── libraries, when a figure needs one ──
const scripts = new Map();
function script(path) {
  if (!scripts.has(path)) scripts.set(path, new Promise((done, failed) => document.head.append(el("script", { src: path, onload: done, onerror: () => failed(new Error(`${path} is not there`)) }))));
  return scripts.get(path);
}

/** "plot", "d3", "three" or "graphviz": what the library gives. */
export async function lib(name) {
  if (name === "d3" || name === "plot") await script("lib/d3/dist/d3.min.js");
  if (name === "d3") return globalThis.d3;
  if (name === "plot") {
    await script("lib/@observablehq/plot/dist/plot.umd.min.js");
    return globalThis.Plot;
  }
  return import(name);
}
