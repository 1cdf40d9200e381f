// Row 8: the cost as a report card: 13,002 numbers are tested on n digits and get one grade, which settles as n grows.
import { button, choice, digit, el, number, percent, range, svg, tile } from "../kit.js";

const NETS = [["random", "a random network", "var(--soft)"], ["trained", "a trained network", "var(--blue)"]];
const COUNTS = [1, 10, 100, 1000, 10000];
const SHOWN = 10; // digits drawn in the machine
const SAMPLES = 6; // tests of each size in the chart below, before the reader makes any

export default async function report(figure, engine, page) {
  figure.python("dataset_cost", "weights");
  let n = 10;
  let start = 0;

  // ── the machine: digits from above, 13,002 numbers from the left, one number out ──
  const thumbs = range(SHOWN).map(() => digit(null, { size: 30 }));
  const tested = el("p", { class: "knobs-head" });
  const cards = NETS.map(([net, name, colour]) => {
    const numbers = tile(null, { width: 197, height: 66, size: 197, label: `the 13,002 numbers of ${name}` });
    const grade = el("strong", { class: "report-grade" });
    const right = el("span", { class: "aside" });
    const bar = el("span", { class: "report-fill", style: { background: colour } });
    return { net, numbers, grade, right, bar, root: el("div", { class: "report-card" }, el("div", {}, numbers, el("span", { class: "ways-name" }, el("strong", {}, name), el("br"), `${number(page.info.parameters)} numbers`)), el("span", { class: "report-arrow", "aria-hidden": "true" }, "→"), el("div", {}, el("span", { class: "ways-name" }, "How bad? cost"), grade, el("span", { class: "report-bar", "aria-hidden": "true" }, bar), right)) };
  });
  const machine = el("div", {}, tested, el("div", { class: "report-digits" }, ...thumbs, el("span", { class: "aside report-more" }, "…")), ...cards.map(({ root }) => root));
  figure.stage.append(machine);

  // ── the chart: every test so far, by how many digits it took ──
  const narrow = innerWidth < 640;
  const [width, height, left, bottom] = [narrow ? 340 : 600, 240, 56, 44];
  const size = narrow ? 12 : 13;
  const x = (count) => left + 26 + (Math.log10(count) / 4) * (width - left - 60);
  const y = (cost) => 12 + ((1 - Math.log10(Math.max(cost, 1e-4))) / 5) * (height - bottom - 12); // 10 at the top, 0.0001 at the bottom
  const dots = svg("g");
  const plot = svg("svg", { viewBox: `0 0 ${width} ${height}`, width: "100%", role: "img", "aria-label": "costs of all tests: the more digits, the closer together" },
    ...[0.0001, 0.001, 0.01, 0.1, 1, 10].flatMap((v) => [svg("line", { x1: left, x2: width - 6, y1: y(v), y2: y(v), stroke: "var(--line)" }), svg("text", { x: left - 8, y: y(v) + 4, "text-anchor": "end", "font-size": size, fill: "var(--soft)" }, String(v))]),
    ...COUNTS.map((count) => svg("text", { x: x(count), y: height - bottom + 20, "text-anchor": "middle", "font-size": size, fill: "var(--soft)" }, number(count))),
    svg("text", { x: (left + width) / 2, y: height - 4, "text-anchor": "middle", "font-size": size, fill: "var(--soft)" }, "digits in the test"), dots);
  figure.stage.append(el("p", { class: "knobs-head" }, "Cost of every test, each line ten times the one below: ", ...NETS.map(([, name, colour]) => el("span", { class: "report-key" }, el("i", { style: { background: colour }, "aria-hidden": "true" }), name)), el("span", { class: "report-key" }, el("i", { style: { background: "var(--gold-fill)" }, "aria-hidden": "true" }), "this test")), plot);
  let gold = [];
  const dot = (net, count, cost, now) => {
    const [name, , colour] = NETS.find(([key]) => key === net);
    const made = svg("circle", { cx: x(count) + (net === "random" ? -7 : 7), cy: y(cost), r: now ? 7 : 4, fill: now ? "var(--gold-fill)" : colour, "fill-opacity": now ? 1 : 0.6, stroke: now ? colour : "none", "stroke-width": 2.5 }, svg("title", {}, `${name}, ${number(count)} digits: ${cost.toFixed(3)}`));
    dots.append(made);
    if (now) gold.push({ made, colour });
  };
  function fade() {
    for (const { made, colour } of gold) Object.entries({ r: 4, fill: colour, "fill-opacity": 0.6, stroke: "none" }).forEach(([key, v]) => made.setAttribute(key, v));
    gold = [];
  }

  const place = (from, count) => (from + count <= page.info.training ? from : 0);
  const test = (net, count, from) => engine.dataset_cost({ net, n: count, start: place(from, count) });
  const ask = figure.latest(async (count, from) => {
    const first = place(from, count);
    const results = [];
    for (const [net] of NETS) results.push(await test(net, count, first));
    return { count, results, pictures: await Promise.all(range(Math.min(count, SHOWN)).map((i) => engine.digit({ index: first + i }))) };
  });

  async function run() {
    const found = await ask(n, start);
    if (!found) return;
    const { count, results, pictures } = found;
    tested.textContent = count === 1 ? "Tested on one training digit" : `Tested on ${number(count)} training digits`;
    thumbs.forEach((canvas, i) => { canvas.hidden = i >= pictures.length; if (pictures[i]) { canvas.draw(pictures[i].pixels); canvas.setAttribute("aria-label", `a ${pictures[i].label}`); } });
    machine.querySelector(".report-more").hidden = count <= SHOWN;
    fade();
    cards.forEach(({ net, grade, right, bar }, k) => {
      const { cost, right: hits } = results[k];
      grade.textContent = cost.toFixed(3);
      bar.style.width = `${Math.min(100, (100 * cost) / 8)}%`;
      right.textContent = `${number(hits)} of ${number(count)} right (${percent(hits / count, count < 100 ? 0 : 1)})`;
      dot(net, count, cost, true);
    });
    figure.tell({ count, costRandom: results[0].cost, costTrained: results[1].cost });
    figure.say(count >= 1000 ? "With this many digits the grade hardly jumps from one test to the next. Low is good: the trained network's is far lower." : "Low is good. With few digits the grade jumps from one test to the next: it depends on which digits came.");
  }

  async function numbers() {
    for (const { net, numbers: canvas } of cards) {
      const { flat } = await engine.weights({ net });
      canvas.draw(flat, 2.5);
    }
  }

  figure.onTheme(numbers);
  figure.controls.append(
    choice({ label: "Digits in the test", options: COUNTS.map((count) => [String(count), number(count)]), value: String(n), onchange: (v) => { n = Number(v); run(); if (n >= 1000) figure.reached(); } }),
    button("Test on other digits", () => { start = (start + 1237) % page.info.training; run(); }, { main: true }),
  );
  await numbers();
  (async () => {
    for (const count of COUNTS) for (const k of range(count < 10000 ? SAMPLES : 1)) for (const [net] of NETS) {
      dot(net, count, (await test(net, count, (k * 1601 + 450) % page.info.training)).cost, false);
    }
    dots.append(...gold.map(({ made }) => made)); // this test stays on top
  })().catch((error) => figure.fail(error));
  await run();
}
