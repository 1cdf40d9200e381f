// Row 17: five learning rates on one landscape, each path named by what it did; then one η of the reader's on five landscapes.
import { button, el, number, pause, slider, still, svg } from "../kit.js";
import { contourMap, KINDS, pathOn, surfaceOf } from "../landscape.js";

const STEPS = 60;
const ETAS = [0.01, 0.08, 0.2, 0.32, 0.34];
const STARTS = { bowl: [1.6, 1.2], canyon: [-1.8, 1.3], valleys: [0.3, 1.7], saddle: [1.5, 0.3], cost: [1.4, 1.2] };
const ENOUGH = 55; // steps together, with which the goal is reached
const MEANS = {
  crawl: "on its way, far too slowly", fine: "steady steps, and there", quick: "there in ten steps or fewer",
  oscillate: "to and fro across the valley", "blow up": "each step overshoots more than the last",
};

/** A small map with a path, a name and what became of it. `.show(found, upto)`. */
async function panel(surface, name, colour) {
  const map = await contourMap(surface, { size: 200, ticks: false, label: name });
  map.root.setAttribute("role", "img");
  const track = pathOn(map, { colour, dots: 2.4, width: 1.8 });
  const there = svg("circle", { r: 7, fill: "none", stroke: "var(--good)", "stroke-width": 2.5 });
  const ball = svg("circle", { r: 5, fill: "var(--gold-fill)", stroke: "var(--sheet)", "stroke-width": 1.5 });
  map.inside.append(there, ball);
  const verdict = el("b", {}, "…");
  const steps = el("span", { class: "aside" });
  const root = el("div", { class: "panel" }, el("div", { class: "aside" }, name), map.root, verdict, steps);
  const put = (mark, path, i) => { mark.setAttribute("cx", Math.max(-1e4, Math.min(1e4, map.x(path[2 * i])))); mark.setAttribute("cy", Math.max(-1e4, Math.min(1e4, map.y(path[2 * i + 1])))); };
  root.show = (found, upto = STEPS) => {
    const i = Math.min(upto, found.values.length - 1);
    track.put(found.path, i);
    put(ball, found.path, i);
    const done = upto >= STEPS;
    const arrived = found.arrived >= 0 && found.arrived <= upto;
    there.setAttribute("visibility", arrived ? "visible" : "hidden");
    if (arrived) put(there, found.path, found.arrived);
    verdict.textContent = done ? found.verdict : arrived ? `there: step ${found.arrived}` : `step ${i}`;
    root.dataset.verdict = done ? found.verdict : "";
    steps.textContent = !done ? "" : found.arrived >= 0 ? `arrived after ${found.arrived} step${found.arrived === 1 ? "" : "s"}` : found.verdict === "blow up" ? "never arrives" : `not there after ${STEPS} steps`;
    if (done) map.root.setAttribute("aria-label", `${name}: ${found.verdict}, ${steps.textContent}`);
  };
  return root;
}

export default async function rates(figure, engine) {
  figure.python("descend2d");
  const canyon = await surfaceOf(engine, "canyon");
  const given = await Promise.all(ETAS.map((eta) => panel(canyon, `η = ${eta}`, "var(--ink)")));
  const paths = [];
  for (const eta of ETAS) paths.push(await engine.descend2d({ kind: "canyon", p0: STARTS.canyon, eta, steps: STEPS }));
  const own = {};
  for (const [kind, name] of KINDS) own[kind] = await panel(kind === "canyon" ? canyon : await surfaceOf(engine, kind, kind === "cost" ? 25 : 41), name, "var(--gold)");
  const score = el("p", { class: "says" });
  const legend = el("p", { class: "aside" }, ...Object.entries(MEANS).flatMap(([name, text], i) => [i ? "; " : "", el("strong", {}, name), `: ${text}`]), ". The names are read off the paths. A green ring: here a twentieth of the steepest slope is left, which counts as arrived.");
  figure.stage.append(el("h3", {}, "One canyon, five learning rates"), el("div", { class: "panels" }, ...given), legend);
  const mine = el("div", { class: "mine" }, el("h3", {}, "Five landscapes, one learning rate: yours"), score, el("div", { class: "panels" }, ...Object.values(own)));
  let run = 0;
  let best = null;

  async function play() {
    const turn = ++run;
    for (let i = 0; i <= STEPS && turn === run; i++) {
      if (still()) i = STEPS;
      given.forEach((box, k) => box.show(paths[k], i));
      await pause(i < 12 ? 160 : 45);
      while (!figure.near && turn === run) await pause(200);
    }
  }

  const found = {};
  // one request at a time for each landscape, so that the quick ones do not wait for the real cost
  const asks = KINDS.map(([kind]) => [kind, figure.latest(async (eta) => ({ eta, ...(await engine.descend2d({ kind, p0: STARTS[kind], eta, steps: STEPS })) }))]);
  async function roll(eta, byHand = true) {
    await Promise.all(asks.map(async ([kind, ask]) => {
      const one = await ask(eta);
      if (!one) return;
      found[kind] = one;
      own[kind].show(one);
    }));
    const all = KINDS.map(([kind]) => found[kind]);
    if (all.some((one) => one?.eta !== all[0].eta)) return;
    const arrived = all.filter((one) => one.arrived >= 0 && one.verdict !== "blow up");
    const total = all.reduce((sum, one) => sum + one.arrived, 0);
    const whole = arrived.length === all.length;
    if (whole && (best === null || total < best.total)) best = { total, eta: all[0].eta };
    score.replaceChildren(whole ? el("span", {}, "All five arrive, in ", el("b", {}, `${total} steps`), " together") : el("span", {}, el("b", {}, `${arrived.length} of 5`), " arrive"), best ? `; your best: ${best.total} at η = ${number(best.eta, 3)}.` : ".");
    figure.tell({ eta: all[0].eta, mine: JSON.stringify(all.map((one) => one.verdict)), arrived: JSON.stringify(all.map((one) => one.arrived)), total: whole ? total : "", best: best?.total ?? "" });
    if (!byHand) return;
    const gone = KINDS.filter(([kind]) => found[kind].verdict === "blow up").map(([, name]) => name);
    if (whole && total <= ENOUGH) { figure.reached(); figure.say("About as good as one η can be for all five: the canyon's steep walls forbid a larger one, and the gentle landscapes would like one."); }
    else if (gone.length) figure.say(`Too large for: ${gone.join(", ")}. How large η may be depends on how sharply the ground bends where it bends most.`);
    else if (!whole) figure.say("Safe, but slow: some are not there yet.");
    else figure.say("All arrive. A little larger saves steps, as long as none of them begins to swing.");
  }

  const eta = slider({ label: "Your learning rate η, for all five", min: 0.005, max: 2, value: 0.05, scale: "log", format: (v) => number(v, 3), oninput: (v) => roll(v) });
  score.after(eta);
  figure.stage.append(mine);
  legend.after(button("Run them again", () => play().catch((error) => figure.fail(error))));
  figure.tell({ verdicts: JSON.stringify(paths.map((one) => one.verdict)), etas: JSON.stringify(ETAS) });
  figure.say("Above, the five balls start at the same place: only η differs. Below, move η and watch all five landscapes.");
  play().catch((error) => figure.fail(error));
  await roll(eta.value, false);
}
