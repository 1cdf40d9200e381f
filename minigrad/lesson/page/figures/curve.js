// Row 10: one smooth cost curve, its slope below it; where the slope is 0, there is the minimum.
import { button, el, number, pause, still, svg } from "../kit.js";
import { curveChart, gripOn, readout, slopeColour, tangentOn } from "../curves.js";

export default async function curve(figure, engine) {
  figure.python("slope", "curve1d");
  const data = await engine.curve1d({ kind: "smooth" });
  const x = [-2.5, 4];
  const upper = curveChart(figure, data, { x, y: [0, 4.5], height: 300, label: "cost against w, one smooth curve" });
  const lower = curveChart(figure, { xs: data.xs, values: data.slopes }, { x, y: [-3, 2], height: 190, ylabel: "slope C′(w)", label: "the slope of that curve against w" });
  lower.curve.remove();
  const zero = lower.y(0);
  // the slope's curve, red below zero and blue above
  const low = data.slopes.findIndex((slope) => slope >= 0);
  for (const [from, to, colour] of [[0, low + 1, "var(--red)"], [low, data.xs.length, "var(--blue)"]]) {
    lower.inside.append(svg("polyline", { points: lower.points(data.xs.subarray(from, to), data.slopes.subarray(from, to)), fill: "none", stroke: colour, "stroke-width": 2.5 }));
  }
  lower.inside.append(svg("line", { x1: lower.x(x[0]), x2: lower.x(x[1]), y1: zero, y2: zero, stroke: "var(--ink)", "stroke-width": 1.2 }));
  const drop = svg("line", { stroke: "var(--gold)", "stroke-width": 1.5, "stroke-dasharray": "4 4" });
  const dot = svg("circle", { r: 7, stroke: "var(--sheet)", "stroke-width": 2 });
  const mark = svg("g", { visibility: "hidden" });
  lower.over.append(drop, dot);
  upper.inside.append(mark);
  const tangent = tangentOn(upper);
  let now = 2.9;
  const grip = gripOn(upper, { label: "the point on the curve", onmove: (w) => show(w, true) });
  lower.root.addEventListener("click", (event) => show(Math.min(x[1], Math.max(x[0], lower.invert(event)[0])), true));
  const numbers = readout({ w: "w =", value: "C(w) =", slope: "slope C′(w) =" });
  figure.stage.append(upper.root, lower.root, numbers);
  let byHand = false;
  let solved = false;

  const ask = figure.latest(async (w) => engine.slope({ kind: "smooth", w }));
  async function show(w, hand = false) {
    const found = await ask(w);
    if (!found) return;
    now = found.w;
    const { value, slope, move } = found;
    grip.put(now, value, `w ${number(now, 2)}, cost ${number(value, 2)}, slope ${number(slope, 2)}`);
    tangent.put(now, value, slope);
    for (const [key, v] of Object.entries({ x1: lower.x(now), x2: lower.x(now), y1: 0, y2: zero })) drop.setAttribute(key, v);
    dot.setAttribute("cx", lower.x(now));
    dot.setAttribute("cy", lower.y(slope));
    dot.setAttribute("fill", slopeColour(slope));
    numbers.show({ w: number(now), value: number(value), slope: Math.abs(slope) < 1e-6 ? "0.000" : number(slope, 3, true) });
    figure.tell({ w: now, value, slope, move });
    if (!hand) return;
    const near = Math.abs(slope) < 0.08;
    byHand ||= near;
    if (solved && byHand) figure.reached();
    figure.say(near ? "The tangent is almost level: you are at the bottom, nearly. Nobody can drag to exactly zero; the slope can be solved for it." : slope > 0 ? "The slope is positive (blue): the curve rises to the right, so the bottom is to the left." : "The slope is negative (red): the curve falls to the right, so the bottom is to the right.");
  }

  async function solve() {
    const [lowest] = data.minima;
    const from = now;
    for (let i = 1; i < 12 && !still(); i++) { await show(from + (lowest - from) * (1 - Math.cos((Math.PI * i) / 12)) / 2); await pause(16); }
    await show(lowest);
    solved = true;
    figure.tell({ solved: true });
    const at = [upper.x(lowest), upper.y(data.lows[0])];
    mark.replaceChildren(svg("circle", { cx: at[0], cy: at[1], r: 17, fill: "none", stroke: "var(--good)", "stroke-width": 3 }), svg("text", { x: at[0], y: upper.y(1.9), "text-anchor": "middle", style: "font-size:calc(14px * var(--unit, 1))", "font-weight": 650, fill: "var(--good)" }, `slope = 0 at w = ${number(lowest, 4)}`));
    mark.setAttribute("visibility", "visible");
    figure.say(...raised("On paper: C′(w) = (½ e^(w/2) − e^(−w)) / 3 is 0 where ½ e^(w/2) = e^(−w), that is at w = ⅔ ln 2."), " The engine halves the stretch where the slope turns from − to + and lands on ", el("strong", {}, number(lowest, 6)), ".");
    if (byHand) figure.reached();
  }

  figure.controls.append(button("Solve: slope = 0", solve, { main: true }));
  figure.say(...raised(`The curve is ${data.formula}`), `. Drag the gold point: the straight line touching the curve is its slope, drawn below as a curve of its own.`);
  await show(now);
}

/** e^(−w) as it is written by hand: what stands in brackets behind ^ is raised. */
function raised(text) {
  return text.split(/\^\(([^)]*)\)/).map((part, i) => (i % 2 ? el("sup", {}, part) : part));
}
