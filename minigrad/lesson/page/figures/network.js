// Row 3: the network with a digit's activations in it; any neuron shows its sum in numbers.
import { choice, el, later, network as drawing, number, onNarrow, picker, range, svg, tile } from "../kit.js";

const HIDDEN = ["", "first hidden layer", "second hidden layer", "output layer"];

export default async function network(figure, engine, page) {
  figure.python("forward", "neuron", "weights");
  let net = "trained";
  let layer = 1;
  let index = 3;
  let shown = null;
  let open = false; // the table of terms

  const make = (narrow) => drawing({ onneuron: (l, i) => { [layer, index] = [l, i]; figure.reached(); look(); }, ...(narrow ? { width: 400, height: 520, inputs: 16 } : {}) });
  let drawn = {};
  let picture = make(onNarrow((narrow) => { const old = picture; picture = make(narrow); old.replaceWith(picture); picture.draw(drawn); }));
  const panel = el("div", { class: "neuron", role: "region", "aria-label": "the chosen neuron's sum", "aria-live": "off" });
  figure.stage.append(el("div", { class: "net" }, picture, panel));

  const ask = figure.latest(async () => {
    const kw = { pixels: Array.from(shown.pixels), net };
    return [await engine.forward(kw), await engine.neuron({ ...kw, layer, index }), await engine.weights({ net })];
  });

  async function look() {
    if (!shown) return;
    const [l, i] = [layer, index];
    const found = await ask();
    if (!found) return;
    const [{ acts, guess }, one, { flat, layout }] = found;
    const part = (k) => layout.find((p) => p.layer === k && p.kind === "weight");
    const most = [0, 1, 2, 3].map((k) => (k ? largest(flat.subarray(part(k).start, part(k).stop)) : 0));
    drawn = {
      acts,
      chosen: [l, i],
      edges: (k, to, from) => {
        const weight = flat[part(k).start + to * part(k).shape[1] + from];
        const here = k === l && to === i;
        return { value: here ? weight : weight * 0.35, most: here ? largest(one.weights) : most[k] };
      },
    };
    picture.draw(drawn);
    panel.replaceChildren(...explain(l, i, one));
    const sum = one.products.reduce((a, b) => a + b, 0);
    figure.tell({ layer: l, index: i, z: one.z, sum: sum + one.bias, bias: one.bias, activation: one.activation, guess, net });
    figure.say(el("strong", {}, `The network says ${guess}`), shown.own ? ", for your drawing." : guess === shown.label ? `, which is right: this is a ${shown.label}.` : `, but this is a ${shown.label}.`, " The fuller a circle is with gold, the nearer its activation is to 1. Lines: weights, blue positive, red negative, thick if large.");
  }

  function explain(l, i, { weights, inputs, products, bias, z, activation }) {
    const of = l === 1 ? "pixel" : "neuron";
    const strongest = range(products.length).sort((a, b) => Math.abs(products[b]) - Math.abs(products[a])).slice(0, l === 1 ? 5 : 6);
    const shownSum = strongest.reduce((sum, k) => sum + products[k], 0);
    const rest = products.reduce((a, b) => a + b, 0) - shownSum;
    const others = products.length - strongest.length;
    const row = (name, w, a, p) => el("tr", {}, el("th", { scope: "row" }, name), el("td", { class: w < 0 ? "negative" : "positive" }, w === null ? "" : number(w, 2)), el("td", {}, a === null ? "" : number(a, 2)), el("td", { class: p < 0 ? "negative" : "positive" }, number(p, 2, true)));
    const table = el("table", {}, el("thead", {}, el("tr", {}, ...[of, "weight w", "activation a", "w · a"].map((text) => el("th", { scope: "col" }, text)))), el("tbody", {},
      ...strongest.map((k) => row(l === 1 ? `(${Math.floor(k / 28)}, ${k % 28})` : String(k), weights[k], inputs[k], products[k])),
      row(`${others} others`, null, null, rest), row("bias b", null, null, bias)));
    const title = l === 3 ? `Output neuron for ${i}` : `Neuron ${i} of the ${HIDDEN[l]}`;
    const image = l === 1 ? [tile(weights, { size: 112, label: `the 784 weights of neuron ${i}, as an image` }), tile(products, { size: 112, label: `weights times pixels of neuron ${i}` })] : [tile(weights, { width: 16, height: 1, size: 224, label: `the 16 weights of ${title}` })];
    if (l !== 1) image[0].style.height = "28px";
    return [
      el("h3", {}, title),
      el("div", { class: "weights" }, ...image.map((canvas, k) => el("div", {}, canvas, el("span", { class: "aside" }, k ? "× the digit's pixels" : `its ${weights.length} weights`)))),
      el("p", { class: "aside" }, "Each weight w times what comes in, a; all of them added up; plus the bias b:"),
      el("p", { class: "equation" }, "z = Σ w·a + b = ", el("span", {}, number(z - bias, 3)), bias < 0 ? " − " : " + ", el("span", {}, number(Math.abs(bias), 3)), " = ", el("strong", {}, number(z, 3))),
      squash(z, activation),
      el("details", { open, ontoggle: (event) => { open = event.target.open; } }, el("summary", {}, "The largest terms of the sum"), el("div", { class: "scroll" }, table)),
    ];
  }

  /** The sigmoid's curve with this neuron's point on it: z below, activation at the side. */
  function squash(z, activation) {
    const [width, height] = [230, 84];
    const x = (v) => 10 + ((Math.max(-8, Math.min(8, v)) + 8) / 16) * (width - 20);
    const y = (a) => height - 18 - a * (height - 30);
    return el("div", { class: "squash" }, svg("svg", { viewBox: `0 0 ${width} ${height}`, width, role: "img", "aria-label": `the sigmoid makes ${number(activation, 3)} of ${number(z, 3)}` },
      svg("line", { x1: 10, x2: width - 10, y1: y(0), y2: y(0), stroke: "var(--line)" }), svg("line", { x1: 10, x2: width - 10, y1: y(1), y2: y(1), stroke: "var(--line)" }),
      svg("polyline", { points: range(65).map((k) => { const v = -8 + k / 4; return `${x(v)},${y(1 / (1 + Math.exp(-v)))}`; }).join(" "), fill: "none", stroke: "var(--soft)", "stroke-width": 2 }),
      svg("line", { x1: x(z), x2: x(z), y1: y(0), y2: y(activation), stroke: "var(--gold-fill)", "stroke-width": 2 }), svg("circle", { cx: x(z), cy: y(activation), r: 5.5, fill: "var(--gold-fill)" }),
      ...[-8, 0, 8].map((v) => svg("text", { x: x(v), y: height - 3, "font-size": 11, "text-anchor": "middle", fill: "var(--soft)" }, number(v, 0)))),
    el("p", {}, el("span", { class: "aside" }, "σ squeezes z between 0 and 1, the activation:"), el("br"), `σ(${number(z, 2)}) = `, el("strong", {}, number(activation, 3))));
  }

  page.on("trained", () => net === "mine" && look());
  page.on("random", () => net === "random" && look());
  figure.onTheme(look);
  const tell = later((found) => page.set("digit", found));
  const others = await picker(figure, { label: 3, seed: 2, onchange: (found) => { const first = !shown; shown = found; if (!first) tell(found); look(); } });
  const follow = (found) => { if (found?.pixels && found !== shown) { shown = found; others.follow(found); look(); } };
  page.on("digit", follow);
  follow(page.get("digit"));
  figure.controls.append(others, choice({ label: "Numbers of the network", options: [["trained", "trained"], ["random", "random"], ["mine", "mine"]], value: net, onchange: (v) => { net = v; look(); } }));
  await look();
}

const largest = (values) => values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
