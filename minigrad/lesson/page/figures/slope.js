// Row 12: a ball on the curve. The slope says which way to step, and (by the rule chosen) how far.
import { button, choice, el, number, pause, slider, still, svg } from "../kit.js";
import { curveChart, gripOn, readout, slopeColour, tangentOn } from "../curves.js";

const GONE = "Gone: the step was so large that the ball flew off the curve. Make η smaller, and go back to the start.";
const START = 3.4;
const FAR = 1e6; // the engine lets no ball fly farther

export default async function slope(figure, engine) {
  figure.python("slope", "descend1d");
  const kind = "smooth";
  const data = await engine.curve1d({ kind });
  const drawn = curveChart(figure, data, { x: [-2.5, 4], y: [0, 4.5], height: 330, label: "a ball on a cost curve" });
  const trail = svg("g");
  const arrow = svg("g", { "stroke-width": 4, "stroke-linecap": "round", fill: "none" });
  const level = drawn.y(0.22);
  drawn.inside.append(trail, arrow);
  const tangent = tangentOn(drawn);
  const grip = gripOn(drawn, { label: "the ball", onmove: begin });
  const words = el("p", { class: "says" });
  const numbers = readout({ w: "w =", value: "C(w) =", steps: "steps" });
  figure.stage.append(words, drawn.root, numbers);
  let now = START;
  let steps = 0;
  let run = 0;
  let walk = 0; // a drag begins another walk: a step still under way is dropped
  let queue = Promise.resolve();
  let far = false;
  function begin(w) {
    stop();
    walk += 1;
    steps = 0;
    trail.replaceChildren();
    return place(w);
  }
  const stop = () => { run += 1; roll.textContent = "Roll"; };

  const ask = figure.latest(async (w) => engine.descend1d({ kind, x0: [w], eta: eta.value, steps: 1, rule: rule.value }));
  /** Show the ball at w and the step it would take from here. Gives where that step ends. */
  async function place(w) {
    const found = await ask(w);
    if (!found) return undefined;
    const [at, next] = found.path;
    const [value] = found.values;
    const [gradient] = found.slopes;
    now = at;
    far = at < -2.5 || at > 4;
    const flat = Math.abs(gradient) < 0.005;
    const move = flat ? "stay" : gradient > 0 ? "left" : "right";
    grip.put(at, value, `w ${number(at, 2)}, cost ${number(value, 2)}, slope ${number(gradient, 2)}, move ${move}`);
    tangent.put(at, value, flat ? 0 : gradient);
    const [from, to] = [drawn.x(at), drawn.x(next)].map((v) => Math.max(-1e4, Math.min(1e4, v)));
    const head = Math.min(8, Math.abs(to - from)) * Math.sign(to - from);
    arrow.setAttribute("stroke", "var(--gold)");
    arrow.replaceChildren(...(Math.abs(to - from) < 0.5 || far ? [] : [svg("path", { d: `M${from} ${level}H${to}M${to - head} ${level - Math.abs(head) * 0.8}L${to} ${level}L${to - head} ${level + Math.abs(head) * 0.8}` })]));
    words.replaceChildren("slope ", el("b", { style: { color: slopeColour(flat ? 0 : gradient) } }, flat ? number(gradient, 4, true) : number(gradient, 2, true)), " → ", el("b", {}, flat ? "stay: this is the bottom" : `move ${move}`), flat || Math.abs(next) >= FAR ? "" : el("span", { class: "aside" }, ` by ${rule.value === "sign" ? "η" : "η · |slope|"} = ${number(Math.abs(next - at), 3)}`));
    numbers.show({ w: number(at), value: number(value), steps: String(steps) });
    figure.tell({ w: at, value, slope: gradient, move, steps, next, rule: rule.value });
    return { next, flat, value };
  }

  async function step() {
    const mine = walk;
    const here = await place(now);
    if (!here || mine !== walk) return null;
    if (Math.abs(now) > 50) { figure.say(GONE); return null; }
    trail.append(svg("circle", { cx: drawn.x(now), cy: drawn.y(here.value), r: 4.5, fill: "var(--gold-fill)", opacity: 0.45 }));
    if (trail.childElementCount > 80) trail.firstChild.remove();
    const from = now;
    const path = still() || Math.abs(here.next) > 20 ? [] : [0.25, 0.5, 0.75];
    for (const t of path) { const w = from + (here.next - from) * t; grip.put(w, drawn.on(w), ""); await pause(16); }
    if (mine !== walk) return null;
    steps += 1;
    return place(here.next);
  }

  async function play() {
    const mine = ++run;
    roll.textContent = "Stop";
    figure.say("Rolling: at each place the slope says which way, and the ball takes a step.");
    for (let i = 0; i < 200 && mine === run; i++) {
      const here = await step();
      if (!here || mine !== run) return;
      if (here.flat) { stop(); figure.reached(); figure.say(`At rest after ${steps} steps: the slope is as good as zero, and so is the step.`); return; }
      if (Math.abs(now) > 50) { stop(); figure.say(GONE); return; }
      await pause(still() ? 0 : Math.max(10, 160 - 16 * i));
      while (!figure.near && mine === run) await pause(200);
    }
    if (mine === run) {
      stop();
      figure.say(rule.value === "sign" ? "It never comes to rest: with steps of one size the ball hops to and fro across the bottom. Steps in proportion to the slope shrink by themselves." : "Not at rest after 200 steps. Try a larger or a smaller η.");
    }
  }

  const eta = slider({ label: "Step size η", min: 0.02, max: 8, value: 0.4, scale: "log", format: (v) => number(v, 2), oninput: () => place(now) });
  const rule = choice({ label: "How far", options: [["slope", "in proportion to the slope"], ["sign", "always η"]], value: "slope", onchange: () => { stop(); place(now); } });
  async function once() {
    const before = now;
    const here = await step();
    if (here?.flat) { figure.reached(); figure.say("The slope is as good as zero: the ball is at rest."); }
    else if (here) figure.say(`A step to the ${now < before ? "left" : "right"}${far ? ", out of the picture" : ""}: against the slope.`);
  }
  const one = button("One step", () => { if (roll.textContent === "Stop") stop(); queue = queue.then(once).catch((error) => figure.fail(error)); });
  const roll = button("Roll", () => { if (roll.textContent === "Stop") stop(); else play().catch((error) => figure.fail(error)); }, { main: true });
  figure.controls.append(roll, one, button("Back to the start", () => { begin(START); figure.say("Back at the start: the gold arrow at the foot is the step to come."); }), eta, rule);
  figure.say("The straight line shows the slope under the ball: blue for positive, red for negative. The gold arrow at the foot is the step it will take.");
  await place(now);
}
