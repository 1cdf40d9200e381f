// Row 13: forty balls from random starts roll down at once, and come to rest in different valleys.
import { button, choice, el, number, pause, range, slider, still, svg } from "../kit.js";
import { curveChart } from "../curves.js";

const BALLS = 40;
const STEPS = 120;
const SEED = 4; // of the wild curve

/** Random starts that can be had again: a generator of Park and Miller, seeded by the number of the drop. */
function starts(seed) {
  let state = 48271 * seed + 11;
  return range(BALLS).map(() => { state = (state * 48271) % 2147483647; return Math.round(7600 * (state / 2147483647) - 3800) / 1000; });
}

export default async function valleys(figure, engine) {
  figure.python("descend1d");
  const box = el("div");
  const legend = el("p", { class: "aside" }, "Hollow: still rolling. Full: at rest in a valley; the number says how many balls are in it. Green: the lowest valley of all.");
  figure.stage.append(box, legend);
  let kind = "wild";
  let drop = 0;
  let run = 0;
  let drawn, data, dots, labels, lowest;

  async function draw() {
    data = await engine.curve1d({ kind, seed: SEED });
    lowest = data.lowest.index;
    const [low, high] = kind === "wild" ? [0, 7] : [-0.8, 4.5];
    drawn = curveChart(figure, data, { x: [-4, 4], y: [low, high], height: 330, label: `a curve with ${data.minima.length} valleys and ${BALLS} balls` });
    labels = Array.from(data.minima, (w, i) => {
      const text = svg("text", { x: drawn.x(w), y: drawn.y(data.lows[i]) + 28, "text-anchor": "middle", "font-size": 15, "font-weight": 700, fill: i === lowest ? "var(--good)" : "var(--ink)" });
      drawn.inside.append(text);
      return text;
    });
    dots = range(BALLS).map(() => svg("circle", { r: 6.5, stroke: "var(--gold)", "stroke-width": 2 }));
    drawn.inside.append(...dots);
    drawn.root.setAttribute("role", "img");
    box.replaceChildren(drawn.root);
  }

  /** The balls after some steps; `at rest` by what the engine found at the end. */
  function show(found, step) {
    const last = found.path.length / BALLS - 1;
    const counts = new Map();
    dots.forEach((dot, ball) => {
      const w = found.path[step * BALLS + ball];
      const inside = Math.abs(w) < 5;
      dot.setAttribute("visibility", inside ? "visible" : "hidden");
      if (!inside) return;
      const valley = found.valley[ball];
      const rests = valley >= 0 && Math.abs(w - found.minima[valley]) < 0.05;
      dot.setAttribute("cx", drawn.x(w).toFixed(1));
      dot.setAttribute("cy", (drawn.y(found.values[step * BALLS + ball]) - 6).toFixed(1));
      dot.setAttribute("fill", rests ? "var(--gold-fill)" : "var(--sheet)");
      if (rests) counts.set(valley, (counts.get(valley) ?? 0) + 1);
    });
    labels.forEach((text, i) => { text.textContent = i === lowest ? `lowest: ${counts.get(i) ?? 0}` : (counts.get(i) ?? ""); });
    figure.tell({ step, done: step === last });
  }

  async function play(own = false) {
    const mine = ++run;
    drop += 1;
    const found = await engine.descend1d({ kind, seed: SEED, x0: starts(drop), eta: eta.value, steps: STEPS });
    if (mine !== run) return;
    const light = (line) => figure.light("algorithm-1d", line);
    if (!still()) {
      show(found, 0);
      light("start");
      await pause(600);
      for (let step = 1; step < STEPS && mine === run; step += step < 20 ? 1 : 2) {
        // slow at first, so that the lines of the algorithm can be followed
        const slow = step <= 3 ? 420 : step <= 8 ? 90 : 0;
        if (slow) { light("slope"); await pause(slow); if (mine !== run) return; light("step"); }
        show(found, step);
        await pause(slow || 28);
        if (slow) { light("repeat"); await pause(slow / 2); }
        while (!figure.near && mine === run) await pause(200);
      }
    }
    if (mine !== run) return;
    show(found, STEPS);
    light(null);
    finish(found, own);
  }

  function finish(found, own) {
    const slopes = found.slopes.subarray(STEPS * BALLS);
    const flat = slopes.filter((slope) => Math.abs(slope) < 0.05).length;
    const { resting } = found;
    const best = found.counts[lowest];
    figure.tell({ valleys: found.valleys, resting, flat, balls: BALLS, lowest: best });
    drawn.root.setAttribute("aria-label", `${resting} of ${BALLS} balls at rest in ${found.valleys} of ${data.minima.length} valleys, ${best} of them in the lowest`);
    const lost = BALLS - resting;
    if (resting === 0) figure.say(el("strong", {}, "No ball came to rest"), ` within ${STEPS} steps. `, eta.value > 0.05 ? "They jump about: for this curve η is too large." : "They are still on their way: η is very small.");
    else figure.say(el("strong", {}, `${resting} of ${BALLS} balls`), ` came to rest within ${STEPS} steps, in `, el("strong", {}, `${found.valleys} different valley${found.valleys === 1 ? "" : "s"}`), `; ${best === 0 ? "none" : best} in the lowest one. `, lost === 0 ? "Which valley a ball finds depends on where it starts." : eta.value > 0.05 ? "The others jump about: for this curve η is too large." : "The others are still on their way.");
    if (own && found.valleys >= 2) figure.reached();
  }

  const again = (own) => play(own).catch((error) => figure.fail(error));
  const eta = slider({ label: "Step size η", min: 0.001, max: 1, value: 0.03, scale: "log", format: (v) => number(v, 3), oninput: () => {} });
  eta.input.addEventListener("change", () => { drop -= 1; again(true); });
  const which = choice({ label: "Curve", options: [["wild", "many valleys"], ["valleys", "two valleys"]], value: kind, onchange: async (v) => { run += 1; kind = v; await draw(); again(true); } });
  figure.controls.append(button("Drop 40 balls again", () => again(true), { main: true }), eta, which);
  figure.say("Forty balls start at random places and each follows the slope under it.");
  await draw();
  again(false);
}
