// Row 7: the cost of ten outputs, term by term; a term, its bar and its share of the total belong together.
import { button, el, hover, number, pause, percent, range, still, svg } from "../kit.js";

export default async function sum(figure, engine, page) {
  figure.python("cost");
  const LABEL = 3;
  let values = [];
  let found = null;

  // bars above: gold what came out, a thick mark what was wanted
  const [width, tall, floor] = [600, 140, 106];
  const step = width / 10;
  const bars = svg("svg", { viewBox: `0 0 ${width} ${tall}`, width: "100%", role: "img" });
  const columns = range(10).map((i) => {
    const x = i * step;
    const back = svg("rect", { x: x + 2, y: 0, width: step - 4, height: tall, rx: 6, fill: "transparent" });
    const gap = svg("rect", { x: x + 31, width: 15, rx: 2 });
    const bar = svg("rect", { x: x + 14, width: 15, rx: 2 });
    const mark = svg("line", { x1: x + 8, x2: x + step - 8, stroke: "var(--ink)", "stroke-width": 3.5 });
    const group = svg("g", { "data-output": i, onclick: () => look(i, true) }, back, bar, gap, mark, svg("text", { x: x + step / 2, y: tall - 6, "text-anchor": "middle", class: "sum-name", "font-weight": 700, fill: "var(--ink)" }, String(i)));
    bars.append(hover(group, () => look(i, true), "pointerenter"));
    return { back, bar, gap, mark };
  });

  // the terms, and the total they make
  const terms = range(10).map((i) => hover(el("button", { type: "button", class: "term", "data-output": i, onfocus: () => look(i, true), onclick: () => look(i, true) }), () => look(i, true), "pointerenter"));
  const total = el("p", { class: "difference-total" });
  const shares = svg("svg", { viewBox: "0 0 600 44", width: "100%", role: "img" });
  const parts = range(10).map((i) => { const part = svg("rect", { y: 4, height: 36, stroke: "var(--sheet)", "stroke-width": 1, "data-output": i }); shares.append(part); return hover(part, () => look(i, true), "pointerenter"); });
  const names = range(10).map((i) => { const name = svg("text", { y: 28, class: "sum-name", "text-anchor": "middle", "font-weight": 650, fill: "var(--sheet)", "pointer-events": "none" }); name.textContent = i; shares.append(name); return name; });
  figure.stage.append(bars, el("p", { class: "knobs-head" }, "Cost ="), el("div", { class: "terms" }, ...terms), total, shares);

  const shade = (k, opacity) => { parts[k].setAttribute("opacity", opacity); names[k].setAttribute("opacity", opacity < 0.3 ? 0 : opacity); };
  const tone = (i) => (found.diffs[i] < 0 ? "red" : "blue");
  function draw() {
    const { wanted, diffs, squares, total: cost } = found;
    const actual = range(10).map((i) => wanted[i] + diffs[i]);
    const y = (v) => floor - v * (floor - 8);
    let so = 0;
    range(10).forEach((i) => {
      const { bar, gap, mark } = columns[i];
      bar.setAttribute("y", y(actual[i])); bar.setAttribute("height", floor - y(actual[i])); bar.setAttribute("fill", "var(--gold-fill)");
      Object.entries({ y: y(Math.max(actual[i], wanted[i])), height: Math.abs(diffs[i]) * (floor - 8), fill: `var(--${tone(i)})` }).forEach(([key, v]) => gap.setAttribute(key, v));
      mark.setAttribute("y1", y(wanted[i])); mark.setAttribute("y2", y(wanted[i]));
      terms[i].replaceChildren(el("span", {}, i ? "+ " : "", `(${actual[i].toFixed(2)} − ${wanted[i]})²`), el("strong", { class: diffs[i] < 0 ? "negative" : "positive" }, squares[i].toFixed(3)));
      terms[i].dataset.square = squares[i];
      terms[i].setAttribute("aria-label", `output ${i}: (${actual[i].toFixed(2)} − ${wanted[i]}) squared is ${squares[i].toFixed(3)}`);
      parts[i].setAttribute("x", (so / (cost || 1)) * 600); parts[i].setAttribute("width", (squares[i] / (cost || 1)) * 600); parts[i].setAttribute("fill", `var(--${tone(i)})`);
      names[i].setAttribute("x", ((so + squares[i] / 2) / (cost || 1)) * 600); names[i].setAttribute("visibility", cost && squares[i] / cost > 0.04 ? "visible" : "hidden");
      so += squares[i];
    });
    bars.setAttribute("aria-label", `outputs: ${actual.map((v, i) => `${i} ${v.toFixed(2)}, wanted ${wanted[i]}`).join("; ")}`);
    shares.setAttribute("aria-label", `shares of the cost: ${Array.from(squares, (s, i) => `${i} ${percent(cost ? s / cost : 0, 0)}`).join(", ")}`);
    figure.tell({ total: cost });
  }

  function write(so, done) {
    total.replaceChildren(done ? "= " : "so far ", el("strong", {}, so.toFixed(3)));
  }

  function look(i, byReader = false) {
    if (!found) return;
    if (byReader) stop();
    range(10).forEach((k) => {
      terms[k].classList.toggle("looked", k === i);
      columns[k].back.setAttribute("fill", k === i ? "var(--wash)" : "transparent");
      columns[k].back.setAttribute("stroke", k === i ? "var(--gold-fill)" : "none");
      shade(k, i === null || k === i ? 1 : 0.35);
    });
    figure.tell({ term: i ?? "" });
    if (i === null) return;
    const { wanted, diffs, squares, total: cost } = found;
    if (byReader) figure.say(`Output ${i}: ${(wanted[i] + diffs[i]).toFixed(2)} came out, ${wanted[i]} was wanted. The gap of ${number(diffs[i], 2)}, squared, is ${squares[i].toFixed(3)}: ${percent(cost ? squares[i] / cost : 0, 0)} of the cost.`);
    if (byReader && squares[i] > 0 && squares[i] >= Math.max(...squares)) figure.reached();
  }

  let run = 0;
  const stop = () => { run += 1; write(found.total, true); };
  async function add() {
    const mine = ++run;
    let so = 0;
    for (const i of range(10)) {
      while (!figure.near && mine === run) await pause(200);
      if (mine !== run) return;
      so += found.squares[i];
      look(i);
      range(10).forEach((k) => shade(k, k <= i ? 1 : 0.12));
      write(so, false);
      await pause(still() ? 0 : 380);
    }
    if (mine !== run) return;
    look(null);
    write(found.total, true);
  }

  const ask = figure.latest(() => engine.cost({ outputs: values, label: LABEL }));
  async function take(outputs) {
    values = outputs;
    const came = await ask();
    if (!came) return;
    found = came;
    draw();
    stop();
    look(null);
    figure.say("Gold: what came out. The thick mark: what was wanted. Blue or red: the gap between them. The strip is the whole cost, a piece for each term.");
  }
  page.on("outputs", ({ values: outputs }) => { if (outputs.some((v, i) => v !== values[i])) take(outputs); });
  const given = page.get("outputs")?.values;
  if (!given) {
    const { pixels } = await engine.digits({ label: LABEL, count: 1, seed: 5 });
    values = Array.from((await engine.forward({ pixels: Array.from(pixels, (p) => p / 255), net: "random" })).acts[3]);
  }
  await take(given ?? values);
  figure.controls.append(button("Add up, term by term", () => add()));
  add().catch((error) => figure.fail(error));
}
