// Row 20: the same nudge for a link that matters and for one that does not: the cost as measured, and as the gradient says.
import { chart, choice, clamp, el, number, range, slider, svg } from "../kit.js";

const REACH = 2; // ε goes from −REACH to REACH
const STEPS = range(41).map((i) => (REACH * (i - 20)) / 20);

export default async function importance(figure, engine, page) {
  figure.python("gradient", "nudge");
  const small = figure.element.clientWidth < 560;
  let eps = 0.5;
  let lesson = { start: 0, count: 100 };
  let net = "mine";
  let turn = 0;

  const panel = (name) => {
    const plot = el("div", {});
    const title = el("h3", { class: "small" }, name);
    const words = el("p", { class: "reading" });
    return { name, plot, title, words, index: null, now: null, root: el("div", {}, title, plot, words) };
  };
  const panels = { strong: panel("One that matters"), weak: panel("One that hardly does") };
  // 0.0000000037, not 3.7e-9: so many zeros are the point
  const tiny = (v, digits, sign) => number(v, v && Math.abs(v) < 0.5 * 10 ** -digits ? Math.min(15, Math.ceil(-Math.log10(Math.abs(v))) + 1) : digits, sign);
  const list = (name) => el("div", { class: "links", role: "group", "aria-label": name });
  const strongest = list("the ten numbers with the largest gradient");
  const weakest = list("ten numbers with the smallest gradient that is not 0");
  const layers = el("div", { class: "layers" });
  const nudge = slider({ label: "Nudge both numbers by ε", min: -REACH, max: REACH, step: 0.1, value: eps, format: (v) => number(v, 2, true), oninput: (v) => { eps = v; mark(); if (eps) figure.reached(); } });
  const any = slider({ label: "Any of the 13,002 numbers, on the left", min: 0, max: 13001, step: 1, value: 0, format: (v) => number(v), oninput: (v) => take("strong", v) });
  const over = choice({ label: "Cost of", options: [["many", "100 training digits"], ["one", "the digit you chose"]], value: "many", onchange: (v) => {
    const digit = page.get("digit");
    const one = v === "one" && digit?.pixels && digit.label !== null;
    if (v === "one" && !one) { over.set("many"); figure.say("Choose a digit in the figure above first."); return; }
    lesson = one ? { pixels: Array.from(digit.pixels), label: digit.label } : { start: 0, count: 100 };
    look();
  } });
  const kind = choice({ label: "Network", options: [["mine", "Yours"], ["trained", "Trained"], ["random", "Random"]], value: net, onchange: (v) => { net = v; look(); } });

  figure.stage.append(
    el("div", { class: "columns two" }, panels.strong.root, panels.weak.root),
    nudge,
    el("div", { class: "columns bang" },
      el("div", {}, el("h3", { class: "small" }, "Most bang for the buck"), strongest),
      el("div", {}, el("h3", { class: "small" }, "Hardly any"), weakest),
      el("div", {}, el("h3", { class: "small" }, "Average |∇C| of one number"), layers)),
  );
  figure.controls.append(any, over, kind);

  /** Measure one number: a curve, and its slope at 0 from two tiny nudges. */
  const measure = async (index) => { const found = await engine.nudge({ index, eps: STEPS, ...lesson, net }); return { ...found, xs: STEPS, ys: found.measured }; };

  const ask = { strong: figure.latest(measure), weak: figure.latest(measure) };
  async function take(side, index) {
    const found = await ask[side](Math.round(index));
    if (!found) return;
    panels[side].now = found;
    if (side === "strong") any.set(found.index);
    draw();
  }

  /** Both with the same axes: that is the point. */
  function draw() {
    const both = Object.values(panels).map((p) => p.now);
    if (both.some((b) => !b)) return;
    const values = both.flatMap((b) => [...b.ys]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const room = Math.max(0.02, (high - low) * 0.15);
    const y = [Math.max(0, low - room), high + room];
    for (const p of Object.values(panels)) {
      const { now } = p;
      const frame = chart({ width: small ? 340 : 480, height: small ? 220 : 260, x: [-REACH, REACH], y, xlabel: "nudge ε", ylabel: "cost", margin: [10, 12, 38, 56] });
      const inside = now.xs.map((_, i) => i).filter((i) => now.line[i] >= y[0] && now.line[i] <= y[1]);
      frame.line(now.xs, now.ys, { "stroke-width": 3 });
      frame.line(inside.map((i) => now.xs[i]), inside.map((i) => now.line[i]), { stroke: "var(--ink)", "stroke-width": 1.5, "stroke-dasharray": "6 5" });
      p.ball = svg("circle", { r: 7, fill: "var(--gold-fill)", stroke: "var(--sheet)", "stroke-width": 2 });
      p.stem = svg("line", { stroke: "var(--gold)", "stroke-width": 1.5 });
      frame.plot.append(svg("line", { x1: frame.x(0), x2: frame.x(0), y1: frame.y(y[0]), y2: frame.y(y[1]), stroke: "var(--faint)" }), p.stem, p.ball);
      p.frame = frame;
      frame.root.setAttribute("role", "img");
      frame.root.setAttribute("aria-label", `cost of the digits against the nudge of the ${now.text}: gradient ${number(now.gradient, 5)}, measured slope ${number(now.slope, 5)}`);
      p.title.textContent = `${p.name}: ${now.text}`;
      p.plot.replaceChildren(frame.root);
    }
    const { strong, weak } = panels;
    figure.tell({ index: strong.now.index, gradient: strong.now.gradient, measuredSlope: strong.now.slope, weakIndex: weak.now.index, weakGradient: weak.now.gradient, weakSlope: weak.now.slope });
    for (const [group, side] of [[strongest, strong], [weakest, weak]]) for (const b of group.children) b.setAttribute("aria-pressed", String(Number(b.dataset.index) === side.now.index));
    mark();
  }

  function mark() {
    const at = clamp(Math.round((eps / REACH) * 20) + 20, 0, 40);
    for (const p of Object.values(panels)) {
      const { now, frame } = p;
      if (!now) continue;
      const cost = now.ys[at];
      p.ball.setAttribute("cx", frame.x(now.xs[at]));
      p.ball.setAttribute("cy", frame.y(cost));
      Object.entries({ x1: frame.x(now.xs[at]), x2: frame.x(now.xs[at]), y1: frame.y(now.cost), y2: frame.y(cost) }).forEach(([k, v]) => p.stem.setAttribute(k, v));
      p.words.replaceChildren("Gradient ", el("strong", {}, tiny(now.gradient, 6, true)), "; slope measured by two tiny nudges ", el("strong", {}, tiny(now.slope, 6, true)), `. With ε = ${number(now.xs[at], 1, true)} the cost goes ${number(now.cost, 4)} → ${number(now.ys[at], 4)}.`);
    }
    figure.tell({ eps, costStrong: panels.strong.now?.ys[at], costWeak: panels.weak.now?.ys[at] });
  }

  function fill(group, links, side) {
    group.replaceChildren(...links.map((found) => el("button", { type: "button", "data-index": found.index, onclick: () => take(side, found.index) }, el("span", {}, found.text), el("b", { class: found.gradient < 0 ? "negative" : "positive" }, tiny(found.gradient, 5, true)))));
  }

  const look = figure.latest(async () => {
    const mine = ++turn;
    const found = await engine.gradient({ ...lesson, net });
    if (mine !== turn) return;
    fill(strongest, found.strongest, "strong");
    fill(weakest, found.weakest, "weak");
    const most = Math.max(...found.layers.map((l) => l.mean));
    layers.replaceChildren(...found.layers.map((l) => el("div", { class: "layer" }, el("span", {}, `layer ${l.layer}, ${l.kind === "bias" ? "biases" : "weights"}`), el("i", { style: { width: `${(60 * l.mean) / (most || 1)}%` } }), el("b", {}, number(l.mean, 5)))));
    figure.say(`${number(found.zeros)} of the 13,002 components are exactly 0: pixels that are never inked. The solid line is the cost as measured with the number nudged, the dashed one the gradient's promise: true near ε = 0.`);
    panels.strong.now = panels.weak.now = null;
    await Promise.all([take("strong", found.strongest[0].index), take("weak", (found.weakest[0] ?? found.strongest.at(-1)).index)]);
  });
  figure.onTrained(() => { if (net === "mine") look(); });
  await look();
}
