// Row 18: the 13,002 numbers as one long vector, and −∇C as another beside it: each entry of one belongs to one of the other,
// and to one link of the network.
import { button, choice, clamp, css, colours, diverging, el, hover, network, number, place, range, slider, svg, tile } from "../kit.js";

const WIDE = 28; // numbers in a row of a strip: so each neuron of layer 1 is its 28×28 picture
const ROW = 34; // height of a row of the list, in pixels
const GOAL = [1, 5, 14 * 28 + 9]; // layer, to, from

export default async function strips(figure, engine, page) {
  figure.python("weights", "gradient");
  const { layout, parameters: length } = page.info;
  const rows = Math.ceil(length / WIDE);
  let net = "mine";
  let weights = new Float32Array(length);
  let down = new Float32Array(length); // −∇C
  let most = [1, 1];
  let index = 0;

  /** Which number this is: by the layout of the vector. */
  function what(i) {
    const part = layout.find((p) => i < p.stop);
    const at = i - part.start;
    const wide = part.shape[1];
    const [to, from] = part.kind === "bias" ? [at, -1] : [Math.floor(at / wide), at % wide];
    const target = part.layer === 3 ? `output ${to}` : `neuron ${to} of layer ${part.layer}`;
    const source = part.layer === 1 ? `pixel (${Math.floor(from / 28)}, ${from % 28})` : `neuron ${from} of layer ${part.layer - 1}`;
    return { layer: part.layer, to, from, text: from < 0 ? `bias of ${target}` : `weight from ${source} to ${target}`, brief: from < 0 ? `bias → ${to}` : `${part.layer === 1 ? source.slice(6) : from} → ${to}` };
  }

  // ── the strips, and their brackets ──
  const strip = (label) => el("canvas", { width: WIDE, height: rows, role: "img", "aria-label": label });
  const left = strip("all 13,002 weights and biases, blue positive, red negative");
  const right = strip("all 13,002 components of the negative gradient, blue: increase, red: decrease");
  const mark = el("i", { class: "here" });
  const groups = [1, 2, 3].map((layer) => { const parts = layout.filter((p) => p.layer === layer); return { layer, start: parts[0].start, stop: parts[1].stop, text: parts.map((p) => number(p.stop - p.start)).join(" + ") }; });
  const brackets = svg("svg", { viewBox: `0 0 96 ${rows}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  const names = el("div", { class: "names" }, groups.map(({ layer, start, stop, text }) => el("span", { style: { top: `${[46, 91.8, 98.4][layer - 1]}%` } }, el("b", {}, `layer ${layer}`), el("br"), text)));
  for (const { start, stop } of groups) { const [a, b] = [start / WIDE + 0.6, stop / WIDE - 0.6]; brackets.append(svg("path", { d: `M84,${a} H92 M84,${a} V${b} M84,${b} H92`, fill: "none", stroke: "var(--soft)", "stroke-width": 1.5, "vector-effect": "non-scaling-stroke" })); }
  const over = el("div", { class: "both" }, el("div", { class: "side" }, brackets, names), el("div", { class: "pairs" }, left, right, mark));
  const heads = el("div", { class: "heads", "aria-hidden": "true" }, el("span", {}, ""), el("span", {}, "w"), el("span", {}, "−∇C"));

  // ── the list: only what is seen is there ──
  const inside = el("div", { style: { height: `${length * ROW}px`, position: "relative" } });
  const list = el("div", { class: "entries", tabindex: 0, role: "slider", "aria-label": "an entry of both vectors", "aria-orientation": "vertical", "aria-valuemin": 0, "aria-valuemax": length - 1, "aria-valuenow": 0 }, inside);
  const drawn = new Map();
  function rowsOf() {
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 3);
    const last = Math.min(length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + 3);
    for (const [i, row] of drawn) if (i < first || i >= last) { row.remove(); drawn.delete(i); }
    const palette = colours();
    for (let i = first; i < last; i++) {
      if (drawn.has(i)) continue;
      const cell = (value, top, sign) => el("span", { class: "cell" }, el("i", { style: { background: css(diverging(value, top, palette)) } }), number(value, 4, sign));
      const row = el("div", { class: "entry", "data-row": i, style: { top: `${i * ROW}px` } }, el("span", { class: "which" }, number(i)), el("span", {}, what(i).brief), cell(weights[i], most[0], false), cell(down[i], most[1], true));
      row.classList.toggle("on", i === index);
      drawn.set(i, row);
      inside.append(row);
    }
  }
  const fresh = () => { for (const row of drawn.values()) row.remove(); drawn.clear(); rowsOf(); };
  list.addEventListener("scroll", rowsOf);
  hover(list, (event) => { const row = event.target.closest(".entry"); if (row) choose(Number(row.dataset.row), false); });
  list.addEventListener("click", (event) => { const row = event.target.closest(".entry"); if (row) choose(Number(row.dataset.row), false); });
  list.addEventListener("keydown", (event) => {
    const by = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -1, ArrowRight: 1, PageUp: -784, PageDown: 784, Home: -length, End: length }[event.key];
    if (by) { event.preventDefault(); choose(index + by); }
  });
  const at = (event) => { const box = left.parentElement.getBoundingClientRect(); const x = event.clientX - box.left; const half = x < left.clientWidth ? x : x - (box.width - right.clientWidth); return Math.floor(clamp((event.clientY - box.top) / box.height, 0, 0.9999) * rows) * WIDE + Math.floor(clamp(half / left.clientWidth, 0, 0.9999) * WIDE); };
  hover(over.lastChild, (event) => { if (event.pointerType === "mouse" || event.buttons) choose(at(event)); });
  over.lastChild.addEventListener("pointerdown", (event) => choose(at(event)));

  // ── the same link in the network ──
  const narrow = figure.element.clientWidth < 560;
  const [width, height] = narrow ? [360, 390] : [440, 400];
  const net3 = network({ width, height, onneuron: (layer, to) => { const { from, layer: now } = what(index); choose(place(layout, layer, to, layer === now ? from : 0)); } });
  const link = svg("g", { "aria-hidden": "true" });
  net3.append(link);
  const tall = [784, 16, 16, 10];
  const xs = [40, width * 0.36, width * 0.64, width - 70];
  const spot = (layer, i) => [xs[layer], 16 + ((i + 0.5) * (height - 32)) / tall[layer]];
  const picture = tile(null, { size: 140, label: "the weights into this neuron" });
  const frame = el("i", { class: "pixel" });
  const pick = el("div", { class: "neuron-tile" }, picture, frame);
  const few = el("p", { class: "aside" }, "");
  const words = el("p", { class: "reading" });
  hover(picture, (event) => { if (event.pointerType === "mouse" || event.buttons) pixel(event); });
  picture.addEventListener("pointerdown", pixel);
  function pixel(event) {
    const box = picture.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((v) => Math.floor(clamp(v, 0, 0.9999) * 28));
    choose(place(layout, 1, what(index).to, 28 * y + x));
  }

  const which = slider({ label: "Number", min: 0, max: length - 1, step: 1, value: 0, format: (v) => number(v), oninput: (v) => choose(v) });
  // One number on, or one row of the picture: a pixel of it is smaller than a finger.
  const wide = () => { const part = layout.find((p) => index < p.stop); return part.kind === "bias" ? 1 : Math.min(28, part.shape[1]); };
  const beside = el("div", { class: "controls beside" }, [["←", "the number before", () => -1], ["→", "the number after", () => 1], ["↑", "a row up", () => -wide()], ["↓", "a row down", () => wide()]].map(([sign, label, by]) => button(sign, () => choose(index + by()), { "aria-label": label })));
  const kind = choice({ label: "Network", options: [["mine", "Yours"], ["trained", "Trained"], ["random", "Random"]], value: net, onchange: (v) => { net = v; load(); } });
  figure.stage.append(el("div", { class: "vectors" }, el("div", {}, heads, over), el("div", {}, el("div", { class: "entry head", "aria-hidden": "true" }, el("span", {}, "no."), el("span", {}, "link"), el("span", {}, "w"), el("span", {}, "−∇C")), list), el("div", {}, net3, el("div", { class: "into" }, pick, el("div", {}, words, few)), beside)));
  figure.controls.append(which, kind);

  function choose(next, scroll = true) {
    index = clamp(Math.round(next), 0, length - 1);
    const { layer, to, from, text } = what(index);
    for (const [i, row] of drawn) row.classList.toggle("on", i === index);
    if (scroll) list.scrollTop = (index + 0.5) * ROW - list.clientHeight / 2;
    Object.assign(mark.style, { top: `${(100 * (Math.floor(index / WIDE) + 0.5)) / rows}%` });
    which.set(index);
    const move = down[index] === 0 ? "leave it" : down[index] > 0 ? "increase it" : "decrease it";
    const said = `${text}: w is ${number(weights[index], 4)}, −∇C ${number(down[index], 6, true)}: ${move}`;
    words.replaceChildren(el("strong", {}, `Number ${number(index)}: ${text}.`), ` w is ${number(weights[index], 4)}. −∇C says ${number(down[index], 6, true)}: ${move}.`);
    list.setAttribute("aria-valuenow", index);
    list.setAttribute("aria-valuetext", said);
    which.input.setAttribute("aria-valuetext", `${number(index)}, ${said}`);
    figure.tell({ index, layer, to, from, text });
    const end = spot(layer, to);
    const begin = from < 0 ? end : spot(layer - 1, from);
    link.replaceChildren(svg("line", { x1: begin[0], y1: begin[1], x2: end[0], y2: end[1], stroke: "var(--gold-fill)", "stroke-width": 4, "stroke-linecap": "round" }), svg("circle", { cx: begin[0], cy: begin[1], r: from < 0 ? 15 : 6, fill: from < 0 ? "none" : "var(--gold-fill)", stroke: "var(--gold-fill)", "stroke-width": 3 }), svg("circle", { cx: end[0], cy: end[1], r: 12, fill: "none", stroke: "var(--gold-fill)", "stroke-width": 3 }));
    pick.hidden = layer > 1;
    if (layer === 1) {
      picture.draw(weights.subarray(784 * to, 784 * (to + 1)));
      picture.setAttribute("aria-label", `the 784 weights into neuron ${to} of layer 1`);
      frame.hidden = from < 0;
      Object.assign(frame.style, { left: `${(100 * (from % 28)) / 28}%`, top: `${(100 * Math.floor(from / 28)) / 28}%` });
      few.textContent = `The 784 weights into neuron ${to}. The gold frame is the pixel: (row, column), counted from 0.`;
    } else few.textContent = "";
    if (index === place(layout, ...GOAL)) figure.reached();
  }

  function paint() {
    const palette = colours();
    [[left, weights, 0], [right, down, 1]].forEach(([canvas, values, i]) => {
      const context = canvas.getContext("2d");
      const image = context.createImageData(WIDE, rows);
      for (let k = 0; k < length; k++) image.data.set([...diverging(values[k], most[i], palette), 255], 4 * k);
      context.putImageData(image, 0, 0);
    });
    fresh();
    choose(index, false);
  }

  const load = figure.latest(async () => {
    const [{ flat }, slope] = await Promise.all([engine.weights({ net }), engine.gradient({ start: 0, count: 100, net })]);
    weights = flat;
    down = slope.flat.map((g) => -g);
    const top = (values) => values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    most = [0.6 * top(weights.subarray(0, 12544)), 0.6 * top(down.subarray(0, 12544))];
    net3.draw({ edges: (layer, to, from) => ({ value: weights[place(layout, layer, to, from)], most: top(weights) }) });
    net3.append(link);
    figure.tell({ length: weights.length, gradients: down.length, cost: slope.cost, norm: slope.norm });
    figure.say(`Left all ${number(weights.length)} weights and biases; right, entry for entry, how −∇C of 100 training digits would nudge each. Blue is positive, red negative; ${number(slope.zeros)} entries of ∇C are exactly 0.`);
    paint();
  });
  figure.onTrained(() => { if (net === "mine") load(); });
  figure.onTheme(paint);
  await load();
  let strongest = 0;
  for (let i = 0; i < 12544; i++) if (Math.abs(down[i]) > Math.abs(down[strongest])) strongest = i;
  choose(strongest);
  new ResizeObserver(() => choose(index)).observe(list); // it has no height before the figure is shown
}
