// Row 8: the cost as a report card: 13,002 numbers are tested on n digits and get one grade, which settles as n grows.
import { button, choice, digit, el, later, number, onNarrow, percent, range, svg, tile } from "../kit.js";

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
    const mark = el("strong", { class: "report-grade" });
    const right = el("span", { class: "aside" });
    const bar = el("span", { class: "report-fill", style: { background: colour } });
    return { net, numbers, mark, right, bar, root: el("div", { class: "report-card" }, el("div", {}, numbers, el("span", { class: "ways-name" }, el("strong", {}, name), el("br"), `${number(page.info.parameters)} numbers`)), el("span", { class: "report-arrow", "aria-hidden": "true" }, "→"), el("div", {}, el("span", { class: "ways-name" }, "How bad? cost"), mark, el("span", { class: "report-bar", "aria-hidden": "true" }, bar), right)) };
  });
  const machine = el("div", {}, tested, el("div", { class: "report-digits" }, ...thumbs, el("span", { class: "aside report-more" }, "…")), ...cards.map(({ root }) => root));
  figure.stage.append(machine);

  // ── the chart: every test so far, by how many digits it took ──
  const [height, left, bottom] = [240, 66, 44];
  let width = 600;
  let size = 13;
  const x = (count) => left + 26 + (Math.log10(count) / 4) * (width - left - 60);
  const y = (cost) => 12 + ((1 - Math.log10(Math.max(cost, 1e-4))) / 5) * (height - bottom - 12); // 10 at the top, 0.0001 at the bottom
  let tests = []; // {net, count, cost, now}: those of the newest test are gold
  const word = (attributes, text) => svg("text", { "text-anchor": "middle", "font-size": size, fill: "var(--soft)", ...attributes }, text);
  const plot = svg("svg", { width: "100%", role: "img", "aria-label": "costs of all tests: the more digits, the closer together" });
  const dots = svg("g");
  function frame(narrow) {
    [width, size] = narrow ? [340, 12] : [600, 13];
    plot.setAttribute("viewBox", `0 0 ${width} ${height}`);
    plot.replaceChildren(
      ...[0.0001, 0.001, 0.01, 0.1, 1, 10].flatMap((v) => [svg("line", { x1: left, x2: width - 6, y1: y(v), y2: y(v), stroke: "var(--line)" }), word({ x: left - 8, y: y(v) + 4, "text-anchor": "end" }, v > 1e-4 ? String(v) : "≤ 0.0001")]),
      ...COUNTS.map((count) => word({ x: x(count), y: height - bottom + 20 }, number(count))), word({ x: (left + width) / 2, y: height - 4 }, "digits in the test"), dots);
    draw();
  }
  function draw() {
    const drawn = tests.map(({ net, count, cost, now }) => {
      const [, name, colour] = NETS.find(([key]) => key === net);
      return svg("circle", { cx: x(count) + (net === "random" ? -7 : 7), cy: y(cost), r: now ? 7 : 4, fill: now ? "var(--gold-fill)" : colour, "fill-opacity": now ? 1 : 0.6, stroke: now ? colour : "none", "stroke-width": 2.5, "data-net": net }, svg("title", {}, `${name}, ${number(count)} digits: ${grade(cost)}`));
    });
    dots.replaceChildren(...drawn.filter((_, i) => !tests[i].now), ...drawn.filter((_, i) => tests[i].now)); // this test stays on top
  }
  frame(onNarrow(frame));
  const key = (name, colour) => el("span", { class: "report-key" }, el("i", { style: { background: colour }, "aria-hidden": "true" }), name);
  figure.stage.append(el("p", { class: "knobs-head" }, "Cost of every test (each line is ten times the one below)"), el("p", { class: "report-keys" }, ...NETS.map(([, name, colour]) => key(name, colour)), key("this test", "var(--gold-fill)")), plot);

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
    tests.forEach((one) => { one.now = false; });
    cards.forEach(({ net, mark, right, bar }, k) => {
      const { cost, right: hits } = results[k];
      mark.textContent = grade(cost);
      bar.style.width = `${Math.min(100, (100 * cost) / 8)}%`;
      right.textContent = `${number(hits)} of ${number(count)} right (${percent(hits / count, count < 100 ? 0 : 1)})`;
      tests.push({ net, count, cost, now: true });
    });
    draw();
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
  /** Some tests of every size, so that the chart says something before the reader tests anything. */
  let sampling = 0;
  async function sample(nets) {
    const mine = ++sampling;
    for (const count of COUNTS) for (const k of range(count < 10000 ? SAMPLES : 1)) for (const net of nets) {
      const { cost } = await test(net, count, (k * 1601 + 450) % page.info.training);
      if (mine !== sampling) return;
      tests.push({ net, count, cost, now: false });
      draw();
    }
  }
  // another figure has drawn another random network: what was tested is gone
  let stale = false;
  const renew = later(() => {
    if (!stale || !figure.near) return;
    stale = false;
    tests = tests.filter(({ net }) => net !== "random");
    Promise.all([numbers(), run(), sample(["random"])]).catch((error) => figure.fail(error));
  }, 400);
  page.on("random", () => { stale = true; renew(); });
  figure.wake = renew;
  sample(NETS.map(([net]) => net)).catch((error) => figure.fail(error));
  await run();
}

/** A cost to read: three digits after the point, more if it is tiny. */
function grade(cost) {
  return cost >= 0.01 ? cost.toFixed(3) : cost >= 1e-6 ? String(Number(cost.toPrecision(2))) : "< 0.000001";
}
