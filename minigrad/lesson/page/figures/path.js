// Row 16: gradient descent step by step on a map, and the cost after each step beside it.
import { button, choice, el, number, pause, slider, still, svg } from "../kit.js";
import { arrowOn, contourMap, KINDS, pathOn, pointOn, short, surfaceOf } from "../landscape.js";
import { readout } from "../curves.js";

const MOST = 60;
const STARTS = { bowl: [1.6, 1.2], canyon: [-1.8, 1.3], valleys: [0.3, 1.7], saddle: [1.5, 0.3], cost: [1.4, 1.2] };

export default async function path(figure, engine) {
  figure.python("descend2d", "grad2d");
  let kind = "valleys";
  const map = await contourMap(await surfaceOf(engine, kind), { size: 400, label: "map with the path walked" });
  const track = pathOn(map, { dots: 3.6 });
  const next = arrowOn(map, { colour: "var(--blue)" });
  const nextName = svg("text", { "font-size": 14, "font-weight": 700, fill: "var(--blue)", stroke: "var(--sheet)", "stroke-width": 4, "paint-order": "stroke", "pointer-events": "none" }, "−η∇C");
  const grip = pointOn(map, { label: "the start", onmove: (p) => { stop(); start = p; begin(); } });
  next.setAttribute("pointer-events", "none");
  map.over.append(next, nextName); // a short step would hide under the point
  const [width, height, left, low] = [290, 250, 56, 206];
  const plot = svg("svg", { viewBox: `0 0 ${width} ${height}`, width: "100%", role: "img" });
  const axis = svg("g", { "font-size": 12, fill: "var(--soft)" });
  const bars = svg("g");
  plot.append(axis, bars, svg("text", { x: (left + width) / 2, y: height - 6, "text-anchor": "middle", "font-size": 12, fill: "var(--soft)" }, "step"), svg("text", { x: left, y: 12, "font-size": 12, fill: "var(--soft)" }, "cost C"));
  const lines = Object.fromEntries([["gradient", "1. Compute ∇C"], ["move", "2. Move by −η∇C"], ["repeat", "3. Repeat"]].map(([key, text]) => [key, el("li", {}, text)]));
  const numbers = readout({ step: "step", cost: "C =", gradient: "∇C =", length: "|∇C| =" });
  figure.stage.append(el("div", { class: "columns", style: { "--columns": "1.15fr 1fr" } }, map.root, el("div", {}, el("ol", { class: "lines" }, ...Object.values(lines)), plot)), numbers);
  let start = STARTS[kind];
  let at = start;
  let walked = [];
  let values = [];
  let run = 0;
  let walk = 0; // another start is another walk: steps still under way for the old one are dropped
  let queue = Promise.resolve();
  const stop = () => { run += 1; roll.textContent = "Roll"; light(null); };

  function light(line) {
    for (const [key, item] of Object.entries(lines)) item.classList.toggle("lit", key === line);
    figure.light("algorithm-2d", line);
  }

  const look = figure.latest(async (p, eta) => ({ kind, eta, ...(await engine.descend2d({ kind, p0: [...p], eta, steps: 1 })) }));
  /** Show the place `at` and the step that follows from there. Gives that step. */
  async function show() {
    const found = await look(at, eta.value);
    if (!found || found.kind !== kind) return undefined;
    const gradient = found.gradients.subarray(0, 2);
    const [value] = found.values;
    const length = Math.hypot(...gradient);
    const move = [-gradient[0] * found.eta * map.unit, -gradient[1] * found.eta * map.unit];
    next.put(at, gone() ? [0, 0] : move);
    const far = Math.hypot(...move);
    nextName.setAttribute("visibility", far > 14 && !gone() ? "visible" : "hidden");
    nextName.setAttribute("x", Math.min(345, Math.max(40, map.x(at[0]) + move[0] + 10)));
    nextName.setAttribute("y", Math.min(360, Math.max(22, map.y(at[1]) - move[1] + 5)));
    grip.put(at, `cost ${number(value, 3)}`);
    numbers.show({ step: String(values.length - 1), cost: number(value, 4), gradient: `(${short(gradient[0])}, ${short(gradient[1])})`, length: number(length, 3) });
    return { found, value, length, to: Array.from(found.path.subarray(2, 4)), after: found.values[1] };
  }

  function record(p, value) {
    walked.push(...p);
    values.push(value);
    track.put(walked);
    const top = Math.max(...values, 1e-9);
    const y = (v) => low - (v / top) * (low - 24);
    const step = Math.min(24, (width - left - 8) / values.length);
    const every = Math.ceil(values.length / 10);
    axis.replaceChildren(
      ...[0, top / 2, top].map((v) => svg("text", { x: left - 6, y: y(v) + 4, "text-anchor": "end" }, number(v, top < 100 ? 2 : 0))),
      svg("line", { x1: left, x2: width - 4, y1: low, y2: low, stroke: "var(--ink)" }),
      ...values.map((_, i) => (i % every ? null : svg("text", { x: left + (i + 0.5) * step, y: low + 16, "text-anchor": "middle" }, String(i)))).filter(Boolean),
    );
    bars.replaceChildren(...values.map((v, i) => svg("rect", { x: left + i * step + 1, y: y(v), width: Math.max(1, step - 2), height: Math.max(0.5, low - y(v)), rx: 2, fill: i > 0 && v > values[i - 1] ? "var(--red)" : i === values.length - 1 ? "var(--gold-fill)" : "var(--faint)" })));
    plot.setAttribute("aria-label", `costs so far: ${values.map((v) => number(v, 2)).join(", ")}`);
    figure.tell({ step: values.length - 1, values: JSON.stringify(values), x: p[0], y: p[1], kind, eta: eta.value });
  }

  async function begin() {
    const mine = ++walk;
    [at, walked, values] = [start, [], []];
    const here = await show();
    if (!here || mine !== walk) return;
    [walked, values] = [[], []];
    record(at, here.value);
    numbers.show({ step: "0" });
    figure.say(`At the start: the cost is ${number(here.value, 3)} here.`);
  }

  async function step(slow) {
    const mine = walk;
    if (gone()) { figure.say(left_us); return null; } // from out there no step leads back
    const here = await show();
    if (!here || mine !== walk) return null;
    light("gradient");
    if (slow) await pause(slow);
    light("move");
    const from = at;
    if (!still() && Math.hypot(here.to[0] - from[0], here.to[1] - from[1]) < 6) for (const t of [0.25, 0.5, 0.75]) { grip.put([from[0] + (here.to[0] - from[0]) * t, from[1] + (here.to[1] - from[1]) * t]); await pause(16); }
    if (mine !== walk) return null;
    at = here.to;
    record(at, here.after);
    const there = await show();
    if (slow) await pause(slow);
    light("repeat");
    return mine === walk ? there : null;
  }

  const flat = (there) => there.length < 0.05;
  const gone = () => Math.hypot(...at) > 20;
  const left_us = "Gone: every step was longer than the one before. Make η smaller, and go back to the start.";
  function judge(there) {
    if (flat(there)) {
      if (values.at(-1) < values[0] - 0.01 && (kind !== "saddle" || Math.abs(at[1]) > 0.5)) figure.reached();
      figure.say(el("strong", {}, "Arrived"), ` after ${values.length - 1} steps: the gradient is as good as zero, so the steps end by themselves.`);
    } else if (gone()) figure.say(left_us);
    else if (values.at(-1) > values.at(-2)) figure.say("That step was too long: it ended higher up. η is too large for this place (red bar).");
    else figure.say(`Step ${values.length - 1}: the cost fell from ${number(values.at(-2), 3)} to ${number(values.at(-1), 3)}.`);
  }

  async function play() {
    const mine = ++run;
    roll.textContent = "Stop";
    figure.say("Rolling: one step after the other, until the ground is level.");
    for (let i = 0; i < MOST && mine === run; i++) {
      const there = await step(still() ? 0 : Math.max(0, 240 - 60 * i));
      if (!there && mine === run) stop();
      if (!there || mine !== run) return;
      if (flat(there) || gone()) { stop(); judge(there); return; }
      while (!figure.near && mine === run) await pause(200);
    }
    if (mine === run) { stop(); figure.say(`Still not level after ${values.length - 1} steps. A larger η, or more patience.`); }
  }

  const roll = button("Roll", () => { if (roll.textContent === "Stop") stop(); else play().catch((error) => figure.fail(error)); });
  const one = button("One step", () => { if (roll.textContent === "Stop") stop(); queue = queue.then(() => step(0)).then((there) => there && judge(there)).catch((error) => figure.fail(error)); }, { main: true });
  const eta = slider({ label: "Learning rate η", min: 0.01, max: 2, value: 0.25, scale: "log", format: (v) => number(v, 2), oninput: () => show() });
  const which = choice({ label: "Landscape", options: KINDS, value: kind, onchange: async (v) => {
    try { stop(); const data = await surfaceOf(engine, v); kind = v; map.show(data); start = STARTS[v]; await begin(); } catch (error) { figure.fail(error); }
  } });
  figure.controls.append(one, roll, button("Back to the start", () => { stop(); begin(); }), eta, which);
  await begin();
  for (let i = 0; i < 3; i++) await step(0); // so that there is something to see before anything is pressed
  light(null);
  figure.say("Three steps are done. The blue arrow is the next one, −η∇C: against the gradient, and shorter where the ground is less steep. Drag the gold point to start elsewhere.");
}
