// Row 6: ten outputs to drag; each one's gap to what was wanted is the side of a square, and the cost is the squares' area.
import { button, clamp, draggable, el, number, onNarrow, range, svg } from "../kit.js";

const LABEL = 3;
const [CELL, TALL, UNIT, BASE, BAR] = [124, 156, 96, 118, 18]; // a cell's width and height, how long 1 is, the floor, a bar's width

export default async function difference(figure, engine, page) {
  figure.python("cost", "forward");
  const { pixels, labels } = await engine.digits({ label: LABEL, count: 1, seed: 5 });
  const sample = Array.from(pixels, (p) => p / 255);
  const of = async (net) => Array.from((await engine.forward({ pixels: sample, net })).acts[3]);
  let values = await of("random");
  let byHand = false;

  let narrow = onNarrow((now) => { narrow = now; look(); });
  const root = svg("svg", { viewBox: `0 0 ${5 * CELL} ${2 * TALL}`, width: "100%", role: "group", "aria-label": `ten outputs for a ${labels[0]}, to be dragged` });
  const cells = range(10).map((i) => {
    const group = svg("g", { transform: `translate(${(i % 5) * CELL} ${Math.floor(i / 5) * TALL})` });
    const square = svg("rect", { x: BAR + 8, "stroke-width": 1.5 });
    const bar = svg("rect", { x: 8, width: BAR, rx: 3, fill: "var(--gold-fill)" });
    const inside = svg("text", { class: "gap-area", "text-anchor": "middle", fill: "var(--ink)" });
    const value = svg("text", { class: "out-value", x: 30, y: BASE + 26, fill: "var(--soft)" });
    const y = BASE - (i === LABEL ? 1 : 0) * UNIT;
    const knob = svg("circle", { cx: 8 + BAR / 2, r: 9, fill: "var(--gold-fill)", stroke: "var(--sheet)", "stroke-width": 2.5 });
    const hold = svg("rect", { x: 0, y: 2, width: 62, height: BASE + 12, fill: "transparent" });
    group.append(
      svg("line", { x1: 2, x2: CELL - 8, y1: BASE, y2: BASE, stroke: "var(--line)", "stroke-width": 2 }),
      svg("rect", { x: 8, y: BASE - UNIT, width: BAR, height: UNIT, rx: 3, fill: "var(--wash)" }),
      square, bar, svg("line", { x1: 2, x2: 8 + BAR + 6, y1: y, y2: y, stroke: "var(--ink)", "stroke-width": 3.5 }), inside, knob,
      svg("text", { x: 8 + BAR / 2, class: "out-name", y: BASE + 27, "font-weight": 700, "text-anchor": "middle", fill: i === LABEL ? "var(--gold-text)" : "var(--ink)" }, String(i)), value, hold,
    );
    const set = (v) => { values[i] = Math.round(100 * clamp(v, 0, 1)) / 100; byHand = true; look(); };
    const move = (event) => { const box = root.getBoundingClientRect(); set((BASE + Math.floor(i / 5) * TALL - ((event.clientY - box.top) / box.height) * 2 * TALL) / UNIT); };
    draggable(hold, root, { label: `output for ${i}, wanted ${i === LABEL ? 1 : 0}`, value: values[i], move, nudge: (dx, dy) => set(values[i] + 0.05 * (dx + dy)) });
    Object.entries({ "aria-valuemin": 0, "aria-valuemax": 1, "aria-orientation": "vertical", "data-output": i }).forEach(([key, v]) => hold.setAttribute(key, v));
    hold.addEventListener("pointerdown", move);
    hold.addEventListener("keydown", (event) => { if (event.key === "Home" || event.key === "End") { event.preventDefault(); set(event.key === "End" ? 1 : 0); } });
    root.append(group);
    return { square, bar, inside, value, knob, hold };
  });
  const total = el("p", { class: "difference-total" });
  figure.stage.append(root, total);

  const ask = figure.latest(() => engine.cost({ outputs: [...values], label: LABEL }));
  async function look() {
    const now = [...values];
    cells.forEach(({ bar, knob, hold }, i) => {
      bar.setAttribute("y", BASE - now[i] * UNIT);
      bar.setAttribute("height", now[i] * UNIT);
      knob.setAttribute("cy", BASE - now[i] * UNIT);
      hold.setAttribute("aria-valuenow", now[i].toFixed(2));
    });
    const found = await ask();
    if (!found) return;
    const { wanted, diffs, squares, total: cost } = found;
    cells.forEach(({ square, inside, value, hold }, i) => {
      const side = Math.abs(diffs[i]) * UNIT;
      const top = BASE - Math.max(wanted[i], wanted[i] + diffs[i]) * UNIT;
      Object.entries({ y: top, width: side, height: side, fill: diffs[i] < 0 ? "var(--red-wash)" : "var(--blue-wash)", stroke: diffs[i] < 0 ? "var(--red)" : "var(--blue)" }).forEach(([key, v]) => square.setAttribute(key, v));
      inside.textContent = side > (narrow ? 46 : 32) ? squares[i].toFixed(2) : "";
      inside.setAttribute("x", BAR + 8 + side / 2);
      inside.setAttribute("y", top + side / 2 + (narrow ? 8 : 5));
      value.textContent = (wanted[i] + diffs[i]).toFixed(2);
      hold.setAttribute("aria-valuetext", `${(wanted[i] + diffs[i]).toFixed(2)}, gap ${number(diffs[i], 2)}, squared ${number(squares[i], 2)}`);
    });
    total.replaceChildren("Cost ", el("strong", {}, cost.toFixed(3)), el("span", { class: "aside" }, " : the area of all squares together"));
    figure.tell({ cost });
    page.set("outputs", { values: Array.from(wanted, (w, i) => w + diffs[i]), label: LABEL });
    const worst = range(10).reduce((a, b) => (squares[b] > squares[a] ? b : a), 0);
    figure.say(cost < 1e-9 ? "No gaps, no squares, no cost: just what was wanted." : `The thick marks: what was wanted, 1 for the ${LABEL} and 0 for the others. Blue: too much. Red: too little. The largest square is that of output ${worst}.`);
    if (cost < 0.1 && byHand) figure.reached();
  }

  const preset = (words, name, make) => button(words, async () => { try { values = await make(); byHand = false; look(); } catch (error) { figure.fail(error); } }, { "data-preset": name });
  figure.controls.append(
    preset("A random network's", "random", () => of("random")),
    preset("The trained network's", "trained", () => of("trained")),
    preset("Just right", "right", async () => range(10).map((i) => (i === LABEL ? 1 : 0))),
    preset("All wrong", "wrong", async () => range(10).map((i) => (i === LABEL ? 0 : 1))),
  );
  await look();
}
