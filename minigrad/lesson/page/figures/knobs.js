// Row 4: the network as a function with 13,002 knobs: how many there are, and what three of them do.
import { bars, button, digit, el, number, pause, picker, range, slider, still, svg } from "../kit.js";

export default async function knobs(figure, engine, page) {
  figure.python("count", "knobs", "forward");
  const net = "trained";
  const { flat, layout } = await engine.weights({ net });

  // ── the box: some of its knobs, each turned as its number says; three are the reader's ──
  const [columns, rows] = [14, 6];
  const dials = [];
  const box = svg("svg", { viewBox: "0 0 300 170", width: "100%", role: "img", "aria-label": "a box with 13,002 knobs, three of them yours" }, svg("rect", { x: 2, y: 2, width: 296, height: 166, rx: 14, fill: "var(--wash)", stroke: "var(--line)", "stroke-width": 2 }));
  for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) {
    const [x, y] = [21 + column * 19.8, 20 + row * 19.5];
    const mine = row === 2 && [2, 7, 11].includes(column);
    const hand = svg("line", { x1: x, y1: y, x2: x, y2: y - 7, stroke: mine ? "var(--ink)" : "var(--soft)", "stroke-width": 2, "stroke-linecap": "round" });
    const weight = flat[(12544 + row * 71 + column * 5) % flat.length];
    hand.setAttribute("transform", `rotate(${angle(weight)} ${x} ${y})`);
    box.append(svg("circle", { cx: x, cy: y, r: 8, fill: mine ? "var(--gold-fill)" : "var(--sheet)", stroke: "var(--line)" }), hand);
    if (mine) dials.push({ hand, x, y });
  }
  const boxed = svg("text", { x: 150, y: 154, "text-anchor": "middle", "font-size": 17, "font-weight": 700, fill: "var(--ink)" });
  boxed.textContent = `${number(page.info.parameters)} knobs`;
  box.append(boxed);

  const picture = digit(null, { size: 84, label: "the digit that goes in" });
  const outputs = bars(range(10), { width: 250, row: 19 });
  const marks = range(10).map((i) => svg("line", { y1: i * 19 + 1, y2: i * 19 + 18, stroke: "var(--ink)", "stroke-width": 2 }));
  outputs.append(...marks);
  figure.stage.append(el("div", { class: "knobs" }, el("div", { class: "ways-one" }, picture, el("span", { class: "ways-name" }, "784 numbers in")), el("span", { class: "knobs-arrow", "aria-hidden": "true" }, "→"), box, el("span", { class: "knobs-arrow", "aria-hidden": "true" }, "→"), el("div", {}, outputs, el("span", { class: "ways-name" }, "10 numbers out; the marks are where they were"))));

  // ── three real knobs: of each layer the one that matters most for the digit shown ──
  const box3 = el("div", { class: "knobs-three" });
  let shown = null;
  let links = [];
  let turned = [];
  let sliders = [];
  const back = button("Turn them back", () => { turned = links.map(({ value }) => value); sliders.forEach((one, k) => one.set(turned[k])); turn(); }, { disabled: true });
  const ask = figure.latest((changes) => engine.knobs({ changes, pixels: Array.from(shown.pixels), net }));
  async function turn() {
    const found = await ask(links.map((link, k) => [link.index, turned[k]]));
    if (!found) return;
    const { before, outputs: after, guess } = found;
    outputs.draw(after, { guess });
    marks.forEach((mark, i) => { const x = 26 + Math.min(1, before[i]) * (250 - 26 - 52); mark.setAttribute("x1", x); mark.setAttribute("x2", x); });
    dials.forEach(({ hand, x, y }, k) => hand.setAttribute("transform", `rotate(${angle(turned[k])} ${x} ${y})`));
    const moves = Array.from(after, (v, i) => v - before[i]);
    const most = range(10).reduce((a, b) => (Math.abs(moves[b]) > Math.abs(moves[a]) ? b : a), 0);
    back.disabled = links.every(({ value }, k) => value === turned[k]);
    figure.tell({ moved: Math.abs(moves[most]), guess });
    if (Math.abs(moves[most]) >= 0.1) figure.reached();
    figure.say(Math.abs(moves[most]) < 1e-6 ? "Three of the 13,002 knobs are yours: turn one and watch all ten outputs." : el("span", {}, `Output ${most} has moved most: ${before[most].toFixed(2)} → ${after[most].toFixed(2)}. The network says `, el("strong", {}, String(guess)), "."));
  }
  const prepare = figure.latest(async (found) => {
    const pixels = Array.from(found.pixels);
    const label = found.label ?? (await engine.predict({ pixels, net })).guess;
    const { flat: gradient } = await engine.gradient({ pixels, label, net });
    const matter = layout.filter(({ kind }) => kind === "weight").map(({ start, stop }) => range(stop - start).reduce((a, b) => (Math.abs(gradient[start + b]) > Math.abs(gradient[start + a]) ? b : a), 0) + start);
    return Promise.all(matter.map((index) => engine.link({ index, net })));
  });
  async function take(found) {
    shown = found;
    picture.draw(found.pixels);
    const came = await prepare(found);
    if (!came) return;
    links = came;
    turned = links.map(({ value }) => value);
    sliders = links.map(({ text, value }, k) => slider({ label: text, min: -20, max: 20, step: 0.1, value, format: (v) => number(v, 1), oninput: (v) => { turned[k] = v; turn(); } }));
    box3.replaceChildren(...sliders);
    await turn();
  }

  // ── how many knobs there are, term by term ──
  const sum = el("p", { class: "knobs-sum", role: "status" });
  let sizes = [784, 16, 16, 10];
  let build = 0;
  const count = figure.latest(() => engine.count({ sizes }));
  async function add(slowly) {
    const mine = ++build;
    const found = await count();
    if (!found || mine !== build) return;
    const { terms, total } = found;
    const result = el("strong", {}, "");
    sum.replaceChildren();
    let so = 0;
    for (const [k, { text, value, kind }] of terms.entries()) {
      so += value;
      sum.append(k ? " + " : "", el("span", { class: kind, title: `${kind}: ${number(value)}` }, text.replace("·", " · ")));
      if (!slowly || still()) continue;
      result.textContent = ` = ${number(so)}`;
      sum.append(result);
      while (!figure.near && mine === build) await pause(200);
      await pause(450);
      if (mine !== build) return;
      result.remove();
    }
    result.textContent = ` = ${number(total)}`;
    sum.append(result);
    figure.tell({ parameters: total, sizes: sizes.join("-") });
  }
  figure.tell({ parameters: page.info.parameters, sizes: sizes.join("-") });
  const layer = (k, name) => slider({ label: name, min: 1, max: 64, step: 1, value: 16, format: (v) => String(v), oninput: (v) => { sizes = sizes.map((old, i) => (i === k ? v : old)); add(false); } });
  const others = await picker(figure, { label: 3, seed: 4, draw: false, onchange: (found) => { const first = !shown; take(found).catch((error) => figure.fail(error)); if (!first) page.set("digit", found); } });
  const follow = (found) => { if (found?.pixels && found !== shown) { others.follow(found); take(found).catch((error) => figure.fail(error)); } };
  page.on("digit", follow);
  follow(page.get("digit"));
  const head = (text) => el("p", { class: "knobs-head" }, text);
  figure.controls.append(others, el("div", { class: "knobs-part" }, head("Turn three of the 13,002"), box3, back), el("div", { class: "knobs-part" }, head("Count the knobs. How many would other hidden layers have?"), sum, el("p", { class: "aside knobs-key" }, el("b", { class: "positive" }, "weights"), ", one for each link, and ", el("b", { class: "moved" }, "biases"), ", one for each neuron. The box above keeps its 16 and 16."), el("div", { class: "knobs-three" }, layer(1, "neurons in hidden layer 1"), layer(2, "neurons in hidden layer 2"))));
  add(true).catch((error) => figure.fail(error));
}

/** A knob's angle for a number: zero points up, ±20 nearly all the way round. */
function angle(value) {
  return (Math.max(-20, Math.min(20, value)) / 20) * 140;
}
