// Row 14: a cost of two numbers, as a landscape and as a map; one of the landscapes is a slice through our real cost.
import { button, choice, el, number, pause, slider, still, svg } from "../kit.js";
import { contourMap, KINDS, pathOn, pointOn, short, surfaceOf } from "../landscape.js";
import { relief } from "../relief.js";

const RATES = { bowl: 0.12, canyon: 0.06, valleys: 0.06, saddle: 0.12, cost: 0.1 };
const STARTS = { bowl: [1.5, 1.3], canyon: [-1.8, 1.1], valleys: [-0.15, 1.6], saddle: [1.6, 0.15], cost: [1.4, 1.2] };
const WORDS = {
  bowl: "A bowl: wherever the ball starts, there is one bottom.",
  canyon: "A canyon: steep across, almost level along. The ball falls to the floor at once, then creeps.",
  valleys: "Two valleys, one a little deeper. Where the ball ends depends on where it starts.",
  saddle: "A saddle: level in the middle, yet no bottom. Along x it is a valley, along y a hilltop.",
  cost: "Our real cost: 100 digits, our trained network in the middle. Each axis leads from it, through all 13,002 numbers at once, towards another, random network.",
};

export default async function surface(figure, engine) {
  figure.python("surface", "descend2d");
  const cache = new Map();
  const of = (kind) => { if (!cache.has(kind)) cache.set(kind, surfaceOf(engine, kind)); return cache.get(kind); };
  let kind = "valleys";
  let data = await of(kind);
  const map = await contourMap(data, { size: 400, label: "map of the landscape seen from above" });
  const centre = svg("g", { visibility: "hidden", "pointer-events": "none" }, svg("circle", { cx: map.x(0), cy: map.y(0), r: 5, fill: "none", stroke: "var(--ink)", "stroke-width": 2 }), svg("text", { x: map.x(0) - 9, y: map.y(0) + 19, "text-anchor": "end", "font-size": 14, "font-weight": 650, fill: "var(--ink)" }, "trained"));
  map.inside.append(centre);
  const track = pathOn(map);
  let run = 0;
  let start = STARTS[kind];
  const grip = pointOn(map, { label: "where the ball starts", onmove: (p) => { run += 1; start = p; place(p); } });
  const scene = await relief({ onturn: (degrees) => turn?.set(degrees) });
  const text = el("p", { class: "readout" });
  const side = el("div", {}, map.root, el("p", { class: "aside" }, "From above: a line joins places of the same cost. The lowest places have the colour of the page, and the higher a place, the more it stands out."));
  figure.stage.append(el("div", { class: "columns", style: { "--columns": scene ? "1.5fr 1fr" : "1fr" } }, scene ? el("div", {}, scene.root, el("p", { class: "aside" }, "From the side: drag it to turn it.")) : null, side), text);
  if (!scene) side.append(el("p", { class: "aside" }, "This browser shows no 3D drawings (WebGL): the map says the same."));

  const ask = figure.latest(async (p) => engine.grad2d({ kind, p }));
  async function place(p) {
    const found = await ask(p);
    if (!found) return;
    track.put([]);
    scene?.path([], [], -1);
    move(found.p, found.value);
  }
  function move(p, value) {
    grip.put(p, `cost ${number(value, 2)}`);
    scene?.ball(p, value);
    text.replaceChildren(el("span", {}, "x = ", el("b", {}, short(p[0]))), el("span", {}, "y = ", el("b", {}, short(p[1]))), el("span", {}, "cost = ", el("b", {}, number(value, 3))));
    figure.tell({ x: p[0], y: p[1], value });
  }

  async function drop(own) {
    if (data.kind !== kind) return; // the next landscape is still on its way
    const mine = ++run;
    const found = await engine.descend2d({ kind, p0: [...start], eta: RATES[kind], steps: 100 });
    const last = found.values.length - 1;
    for (let i = 0; i <= last && mine === run; i++) {
      if (still() && i < last) continue;
      track.put(found.path, i);
      scene?.path(found.path, found.values, i);
      move(found.path.subarray(2 * i, 2 * i + 2), found.values[i]);
      await pause(i < 12 ? 70 : 24);
    }
    if (mine !== run) return;
    figure.tell({ dropped: kind });
    figure.say(`From cost ${number(found.values[0], 2)} to ${number(found.values[last], 2)} in ${last} steps, each straight down the slope. `, WORDS[kind]);
    if (own && kind === "cost") figure.reached();
  }

  async function change(next) {
    run += 1;
    kind = next;
    const found = await of(kind);
    if (kind !== next) return;
    data = found;
    start = STARTS[kind];
    map.show(data);
    centre.setAttribute("visibility", kind === "cost" ? "visible" : "hidden");
    if (scene) {
      await scene.show(data);
      scene.canvas.setAttribute("aria-label", `landscape in three dimensions: ${WORDS[kind]}`);
    }
    figure.tell({ kind, centre: data.values[(data.values.length - 1) / 2], threed: Boolean(scene) });
    await place(start);
    figure.say(WORDS[kind], " ", el("span", { class: "aside" }, kind === "cost" ? "" : data.formula));
  }

  const fail = (error) => figure.fail(error);
  const turn = scene && slider({ label: "Turn the landscape", min: -180, max: 180, step: 1, value: 34, format: (v) => `${Math.round(v)}°`, oninput: (v) => scene.turn(v) });
  figure.controls.append(button("Drop the ball", () => drop(true).catch(fail), { main: true }), choice({ label: "Landscape", options: KINDS, value: kind, onchange: (v) => change(v).catch(fail) }), ...(turn ? [turn] : []));
  await change(kind);
  drop(false).catch(fail);
}
