// Row 15: ∇C and −∇C at a point of the map; the reader turns an arrow of their own and sees how fast the cost changes along it.
import { choice, clamp, draggable, el, number, slider, svg } from "../kit.js";
import { arrowOn, contourMap, KINDS, pointOn, surfaceOf } from "../landscape.js";

const LONG = 74; // the reader's arrow, in the drawing
const degrees = (radians) => (((radians * 180) / Math.PI) % 360 + 360) % 360;

export default async function arrow(figure, engine) {
  figure.python("grad2d");
  let kind = "valleys";
  let p = [0.15, 1.05];
  let angle = (10 * Math.PI) / 180;
  const map = await contourMap(await surfaceOf(engine, kind), { size: 400, label: "map with three arrows: the gradient, its negative, and your own" });
  const ring = svg("circle", { r: LONG, fill: "none", stroke: "var(--ink)", "stroke-opacity": 0.25, "stroke-dasharray": "3 4" });
  map.over.append(ring);
  const up = arrowOn(map, { colour: "var(--red)" });
  const down = arrowOn(map, { colour: "var(--blue)" });
  const own = arrowOn(map, { colour: "var(--gold)", width: 4.5 });
  const names = Object.fromEntries([["up", "∇C", "red"], ["down", "−∇C", "blue"], ["own", "yours", "gold"]].map(([key, text, colour]) => [key, svg("text", { "font-size": 15, "font-weight": 700, fill: `var(--${colour})`, "text-anchor": "middle", stroke: "var(--sheet)", "stroke-width": 4, "paint-order": "stroke", "pointer-events": "none" }, text)]));
  map.over.append(...Object.values(names));
  const grip = pointOn(map, { label: "the point on the map", onmove: (to) => { p = to; tries.replaceChildren(); show(); } });
  const tip = svg("g", {}, svg("circle", { r: 27, fill: "transparent" }), svg("circle", { r: 7, fill: "var(--gold-fill)", stroke: "var(--sheet)", "stroke-width": 2 }));
  map.over.append(tip);
  draggable(tip, map.root, {
    label: "tip of your arrow",
    move: (event) => { const [x, y] = map.invert(event); turnTo(Math.atan2(y - p[1], x - p[0])); },
    nudge: (dx, dy) => turnTo(angle - ((dx - dy) * 3 * Math.PI) / 180),
  });

  // how fast the cost changes along an arrow, for all directions tried so far
  const [width, height, middle] = [290, 250, 112];
  const plot = svg("svg", { viewBox: `0 0 ${width} ${height}`, width: "100%", role: "img" });
  const px = (a) => 40 + (degrees(a) / 360) * (width - 56);
  const best = svg("line", { x1: 40, x2: width - 16, stroke: "var(--blue)", "stroke-width": 2, "stroke-dasharray": "6 4" });
  const bestText = svg("text", { x: width - 16, "text-anchor": "end", "font-size": 12, "font-weight": 650, fill: "var(--blue)" });
  const worst = svg("line", { x1: 40, x2: width - 16, y1: 24, y2: 24, stroke: "var(--red)", "stroke-width": 2, "stroke-dasharray": "6 4" });
  const worstText = svg("text", { x: width - 16, y: 18, "text-anchor": "end", "font-size": 12, "font-weight": 650, fill: "var(--red)" });
  const tries = svg("g");
  const now = svg("circle", { r: 7, fill: "var(--gold-fill)", stroke: "var(--sheet)", "stroke-width": 2 });
  plot.append(
    svg("line", { x1: 40, x2: width - 16, y1: middle, y2: middle, stroke: "var(--ink)", "stroke-width": 1 }),
    ...[0, 90, 180, 270, 360].map((d) => svg("text", { x: 40 + (d / 360) * (width - 56), y: height - 22, "text-anchor": "middle", "font-size": 12, fill: "var(--soft)" }, `${d}°`)),
    svg("text", { x: width / 2 + 12, y: height - 4, "text-anchor": "middle", "font-size": 12, fill: "var(--soft)" }, "direction of your arrow"),
    svg("text", { transform: `translate(14 ${middle}) rotate(-90)`, "text-anchor": "middle", "font-size": 12, fill: "var(--soft)" }, "cost falls  ←  rate  →  rises"),
    tries, worst, worstText, best, bestText, now,
  );
  const words = el("p", { class: "says" });
  figure.stage.append(el("div", { class: "columns", style: { "--columns": "1.15fr 1fr" } }, map.root, el("div", {}, words, plot, el("p", { class: "aside" }, "Each dot is a direction you tried: how much the cost changes per unit walked. The dashed lines are the rates along ∇C and −∇C."))));
  let limit = 1;

  const ask = figure.latest(async () => ({ kind, ...(await engine.grad2d({ kind, p, angle })), angle }));
  async function show() {
    const found = await ask();
    if (!found || found.kind !== kind) return;
    const { gradient, length, rate, best: lowest, value } = found;
    const at = found.p;
    const size = length > 0 ? clamp(34 * Math.sqrt(length), 8, 100) / length : 0; // the length shows the steepness, by its root
    const ends = { up: [gradient[0] * size, gradient[1] * size], down: [-gradient[0] * size, -gradient[1] * size], own: [LONG * Math.cos(found.angle), LONG * Math.sin(found.angle)] };
    for (const [key, drawn] of Object.entries({ up, down, own })) {
      drawn.put(at, ends[key]);
      const [dx, dy] = ends[key];
      const far = (Math.hypot(dx, dy) + (key === "own" ? 36 : 20)) / (Math.hypot(dx, dy) || 1);
      names[key].setAttribute("x", clamp(map.x(at[0]) + dx * far, 50, 380));
      names[key].setAttribute("y", clamp(map.y(at[1]) - dy * far + 5, 20, 365));
      if (key !== "own") names[key].setAttribute("visibility", length > 1e-3 ? "visible" : "hidden");
    }
    ring.setAttribute("cx", map.x(at[0]));
    ring.setAttribute("cy", map.y(at[1]));
    tip.setAttribute("transform", `translate(${map.x(at[0]) + ends.own[0]} ${map.y(at[1]) - ends.own[1]})`);
    tip.setAttribute("aria-valuenow", Math.round(degrees(found.angle)));
    tip.setAttribute("aria-valuemax", 360);
    tip.setAttribute("aria-valuetext", `${Math.round(degrees(found.angle))} degrees, rate ${number(rate, 2)}`);
    grip.put(at, `cost ${number(value, 2)}`);
    if (!tries.childElementCount) limit = Math.max(length, 1e-9);
    const py = (r) => middle - (r / limit) * (middle - 24);
    tries.append(svg("circle", { cx: px(found.angle), cy: py(rate), r: 3, fill: "var(--gold)", opacity: 0.6, "data-rate": rate }));
    if (tries.childElementCount > 300) tries.children[1].remove();
    now.setAttribute("cx", px(found.angle));
    now.setAttribute("cy", py(rate));
    for (const end of ["y1", "y2"]) best.setAttribute(end, py(lowest));
    bestText.setAttribute("y", py(lowest) + 15);
    bestText.textContent = `−∇C: ${number(lowest, 3)}`;
    for (const end of ["y1", "y2"]) worst.setAttribute(end, py(length));
    worstText.setAttribute("y", py(length) - 6);
    worstText.textContent = `∇C: ${number(length, 3, true)}`;
    plot.setAttribute("aria-label", `along your arrow the cost changes at a rate of ${number(rate, 3)}, along −∇C at ${number(lowest, 3)}`);
    words.replaceChildren("Your arrow: ", el("b", { class: "moved" }, number(rate, 3, true)), el("br"), "Along −∇C: ", el("b", { class: "positive" }, number(lowest, 3)));
    dial.set(degrees(found.angle));
    figure.tell({ kind, x: at[0], y: at[1], gx: gradient[0], gy: gradient[1], length, angle: found.angle, rate, best: lowest, after: found.after, bestafter: found.best_after });
    if (length < 0.03) return figure.say("Level ground: the gradient is as good as zero here, and no direction leads down.");
    const share = rate / lowest;
    if (share > 0.995) { figure.reached(); figure.say("You have found −∇C itself. No arrow falls faster: turn further either way and the rate rises again."); }
    else if (share > 0.9) figure.say("Close to −∇C, and still a little slower than it.");
    else if (share > 0.05) figure.say("Down, but not the steepest way down.");
    else if (share > -0.05) figure.say("Along the contour line: the cost stays as it is. Both ∇C and −∇C stand at right angles to that.");
    else figure.say("Uphill: along this arrow the cost rises.");
  }
  function turnTo(to) { angle = to; show(); }

  const dial = slider({ label: "Direction of your arrow", min: 0, max: 360, step: 1, value: 10, format: (v) => `${Math.round(v)}°`, oninput: (v) => turnTo((v * Math.PI) / 180) });
  figure.controls.append(dial, choice({ label: "Landscape", options: KINDS, value: kind, onchange: async (v) => {
    try { const data = await surfaceOf(engine, v); kind = v; map.show(data); tries.replaceChildren(); show(); } catch (error) { figure.fail(error); }
  } }));
  await show();
  figure.say("Red points uphill, blue downhill; both cross the contour lines at right angles and are longer where it is steeper. Turn the gold arrow: can any direction fall faster than the blue one?");
}
