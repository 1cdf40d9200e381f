// Row 21: the loop of five steps on real batches, slowly at first and then as fast as it goes; what it does to the cost,
// to the weights of sixteen neurons, and to digits that it never learns from.
import { button, chart, choice, clamp, digit, el, number, pause, percent, range, slider, still, svg, tile } from "../kit.js";

const LINES = [["feed", "Feed"], ["cost", "Cost"], ["gradient", "Gradient"], ["update", "Update"], ["repeat", "Repeat"]];
const LIST = "algorithm-training";
const MOST = 300; // points of the curve

export default async function training(figure, engine, page) {
  figure.python("step", "train", "history");
  let running = false;
  let begun = Boolean(page.get("own")); // whether the reader has made the network their own: else the first Train starts from noise
  let working = Promise.resolve(); // the training that runs, to its end
  let wake = () => {}; // ends a pause between two parts of a step
  let wish = 0; // a newer wish of the reader's ends an older one that still waits
  let turn = 0; // of walks through the five steps: a newer one ends an older one
  let gears = 0; // walks since Train, while the speed changes by itself; null once the reader has chosen
  let steps = 0;
  let accuracy = null;
  let weights = null;
  let troubled = 0; // how often in a row the engine had advice
  const due = { batch: 0, tiles: 0, test: 0, curve: 0, advice: 0 };
  let points = { first: [], last: [], mean: [], low: [], high: [] }; // the costs so far, as the engine groups them
  let tests = []; // [step, share of unseen digits that were right]

  // ── what is seen ──
  const stations = LINES.map(([key, name], i) => {
    const value = el("strong", {}, "–");
    const root = el("li", { "data-line": key }, el("span", {}, `${i + 1} ${name}`), value, el("small", {}));
    return { key, root, value, small: root.lastChild };
  });
  const loop = el("ol", { class: "loop", "aria-label": "the five steps, with the numbers of the batch below" }, stations.map((s) => s.root));
  const shown = range(10).map((i) => ({ canvas: digit(null, { size: 44, label: `digit ${i + 1} of the batch` }), word: el("span", {}, "") }));
  const batch = el("div", { class: "batch" }, shown.map(({ canvas, word }) => el("div", {}, canvas, word)));
  const about = el("p", { class: "aside" }, "");
  const facts = [["steps", "steps"], ["seen", "digits seen"], ["met", "right of the last 1,000 digits it met"], ["unseen", "right of unseen digits"]].map(([key, words]) => ({ key, value: el("strong", {}, "–"), words: el("span", {}, words) }));
  const fact = Object.fromEntries(facts.map((f) => [f.key, f]));
  const tiles = range(16).map((i) => tile(null, { size: 72, label: `784 weights of neuron ${i} of layer 1: blue positive, red negative` }));
  const advice = el("p", { class: "advice", role: "status" });
  const plot = el("div", { class: "curves", tabindex: 0, role: "slider", "aria-label": "the cost, step by step", "aria-valuemin": 0 });
  const reading = el("p", { class: "reading numbers" }, "");
  figure.stage.append(
    loop,
    el("div", { class: "facts" }, facts.map((f) => el("div", {}, f.value, f.words))),
    el("div", { class: "columns trainer" }, el("div", {}, plot, reading), el("div", {}, el("div", { class: "sixteen" }, tiles), el("p", { class: "aside" }, "What the 16 neurons of layer 1 look for: a tile is the 784 weights of one, blue positive, red negative."), batch, about)),
    advice,
  );

  // ── controls ──
  const go = button("Train", () => start(), { main: true });
  const halt = button("Pause", () => stop());
  const one = button("One step", () => single());
  const speed = choice({ label: "Speed", options: [["slow", "Slow"], ["ten", "×10"], ["full", "Full"]], value: "slow", onchange: (v) => { gears = null; turn += 1; figure.tell({ speed: v }); } });
  const eta = slider({ label: "Learning rate η", min: 0.01, max: 100, value: 2, scale: "log", format: (v) => number(v, 2) });
  const size = choice({ label: "Batch: digits for a step", options: ["1", "10", "100", "1000"], value: "10" });
  const seed = el("input", { type: "number", min: 0, max: 999999, step: 1, value: page.get("seed", 0) });
  const all = button(page.info.training === 60000 ? "Use 10,000 again" : "Use all 60,000", () => more());
  loop.after(el("div", { class: "controls drive" }, go, halt, one, speed));
  figure.controls.append(eta, size, el("label", { class: "field" }, el("span", {}, "Seed of the noise"), seed), button("Reset to noise", () => anew()), all);
  seed.addEventListener("keydown", (event) => { if (event.key === "Enter") anew(); });
  async function anew() {
    await stop(false);
    begun = true;
    await after(async () => { await reset(); await measure(); page.trained({ from: "training" }); });
  }

  /** One thing after the other, however quickly one clicks. */
  const after = (act) => { working = working.then(() => guarded(act)); return working; };
  const asked = () => ({ eta: eta.value, batch: Number(size.value) });
  async function guarded(act) {
    try { return await act(); } catch (error) { running = false; mark(); figure.fail(error); }
  }

  function mark(state = running ? "running" : "paused") {
    go.classList.toggle("main", !running);
    halt.classList.toggle("main", running);
    figure.tell({ state, speed: speed.value });
  }

  // ── the loop ──
  async function start() {
    if (running && begun) return;
    const stopped = stop(false); // the few seconds that ran by themselves, or a single step
    const mine = wish;
    await stopped;
    if (mine !== wish) return; // two quick clicks, or another button meanwhile
    running = true;
    turn += 1;
    if (gears !== null) { gears = 0; speed.set(still() ? "full" : "slow"); }
    figure.error.textContent = "";
    mark();
    after(async () => {
      if (!begun) await reset();
      begun = true;
      figure.say("Training. One batch slowly, then ten times faster, then as fast as it goes; Pause stops it.");
      let away = false;
      while (running) {
        const seen = figure.near && !document.hidden;
        if (!seen && !away) page.trained({ from: "training" }); // for the figures that are looked at now
        away = !seen;
        if (away) await pause(150);
        else if (speed.value === "full") await burst();
        else await walk(speed.value === "slow" ? 700 : 70);
        if (gears !== null && running && speed.value !== "full") {
          speed.set(++gears < 2 ? "slow" : gears < 14 ? "ten" : "full");
          figure.tell({ speed: speed.value });
        }
      }
    });
  }

  async function stop(look = true) {
    const was = running;
    wish += 1;
    running = false;
    turn += 1;
    figure.light(LIST, null);
    lit(null);
    mark("stopping");
    wake();
    await working; // what was under way is done: nothing moves the network after this
    mark();
    if (!running) lit(null);
    if (was && look) await guarded(async () => { await pictures(); await measure(); figure.say(`Paused after ${number(steps)} step${steps === 1 ? "" : "s"}: ${percent(accuracy)} of all 10,000 unseen digits are right.`); page.trained({ from: "training" }); });
  }

  async function single() {
    const quick = running;
    await stop(false);
    begun = true;
    await after(async () => {
      await walk(quick ? 70 : 420);
      await measure();
      figure.say(`One step: step ${number(steps)} of this network, and ${percent(accuracy)} of all 10,000 unseen digits are right. Train goes on from here.`);
      page.trained({ from: "training" });
    });
  }

  /** One step of the engine, told in five parts. */
  async function walk(beat) {
    const mine = ++turn;
    const told = await engine.step(asked());
    take(told);
    figure.tell({ cost: told.cost });
    for (const [line] of LINES) {
      if (mine === turn) { figure.light(LIST, line); lit(line); }
      tell(told, line);
      if (line === "update") await pictures();
      if (mine === turn && !still()) await Promise.race([pause(beat), new Promise((done) => { wake = done; })]);
    }
    if (mine === turn && !running) { figure.light(LIST, null); lit(null); }
    await draw();
  }

  /** Some milliseconds of training, and what there is to see of it. */
  async function burst() {
    const now = performance.now();
    const judged = now > due.advice; // the engine judges η by 20 costs or more, which may take longer than a burst
    if (judged) due.advice = now + 900;
    const found = await engine.train({ ...(judged ? { steps: 25 } : { ms: 14 }), ...asked() });
    take(found);
    figure.tell({ cost: found.costs.at(-1) });
    lit("all");
    figure.light(LIST, "repeat");
    if (judged) troubled = found.advice ? troubled + 1 : 0;
    if (judged && troubled !== 1) advice.textContent = found.advice;
    if (now > due.tiles) { due.tiles = now + (still() ? 1000 : 130); await pictures(); }
    if (now > due.batch) {
      due.batch = now + 600;
      const told = await engine.step(asked());
      take(told);
      LINES.forEach(([line]) => tell(told, line));
    }
    if (now > due.test) { due.test = now + (tests.length < 8 ? 500 : 1800); await measure(1); }
    drawing();
  }

  function take({ seen, accuracy: met, steps: now }) {
    if (now < steps) tests = [];
    steps = now;
    fact.steps.value.textContent = number(now);
    stations[4].value.textContent = number(now);
    stations[4].small.textContent = now === 1 ? "step so far" : "steps so far";
    fact.seen.value.textContent = number(seen);
    fact.met.value.textContent = percent(met);
    figure.tell({ steps: now, seen });
  }

  /** A part of a step, in numbers. */
  function tell(told, line) {
    const put = (i, value, small) => { stations[i].value.textContent = value; stations[i].small.textContent = small; };
    const many = told.labels.length;
    if (line === "feed") {
      put(0, number(many), many === 1 ? "digit" : "digits");
      shown.forEach(({ canvas, word }, i) => {
        canvas.parentElement.hidden = i >= many;
        if (i < many) { canvas.draw(told.pixels.subarray(784 * i, 784 * (i + 1))); canvas.setAttribute("aria-label", `a ${told.labels[i]}`); }
        word.textContent = "";
      });
      about.textContent = `The batch of step ${number(told.steps)}${many > 10 ? `, ten of ${number(many)} digits` : ""}: below each digit what the network said before the step.`;
    } else if (line === "cost") {
      put(1, number(told.cost, 3), "average of the batch");
      shown.slice(0, many).forEach(({ word }, i) => {
        const right = told.guesses[i] === told.labels[i];
        word.textContent = `${told.guesses[i]} ${right ? "✓" : "✗"}`;
        word.className = right ? "right" : "wrong-one";
      });
    } else if (line === "gradient") put(2, number(told.norm, 3), "its length");
    else if (line === "update") put(3, number(told.moved, 3), `the way moved; cost ${number(told.cost, 3)} → ${number(told.after, 3)}`);
  }

  function lit(line) {
    stations.forEach(({ key, root }) => root.classList.toggle("lit", key === line || line === "all"));
  }

  // ── looking ──
  async function pictures() {
    weights = (await engine.weights({ net: "mine" })).flat;
    paint();
  }
  let next = 16;
  const some = figure.loop(() => { // four tiles a frame
    const most = weights.subarray(0, 12544).reduce((a, b) => Math.max(a, Math.abs(b)), 0) * 0.6;
    for (const end = next + 4; next < end && next < 16; next++) tiles[next].draw(weights.subarray(784 * next, 784 * (next + 1)), most);
    return next < 16;
  });
  function paint() { if (next >= 16) { next = 0; some(); } }

  /** Unseen digits, 2,000 at a time. */
  async function measure(chunks = 5) {
    let right = 0;
    let count = 0;
    for (let i = 0; i < chunks; i++) {
      const found = await engine.test({ net: "mine", start: 2000 * i, count: 2000, mistakes: 0 });
      right += found.right;
      count += found.count;
    }
    accuracy = right / count;
    if (tests.at(-1)?.[0] === steps) tests.pop();
    tests.push([steps, accuracy]);
    if (tests.length > 200) tests = tests.filter((_, i) => i % 2 === 0 || i === tests.length - 1);
    fact.unseen.value.textContent = percent(accuracy);
    fact.unseen.words.textContent = `right of ${number(count)} unseen digits`;
    figure.tell({ accuracy, tested: count });
    if (begun && accuracy >= 0.85) figure.reached();
    await draw();
  }

  // ── the curves ──
  let frames = null;
  let cursor = null; // 0..1 along the curve
  const ask = figure.latest(async () => engine.history({ points: MOST }));
  async function draw() {
    const found = await ask();
    if (found) { points = found; paper(); }
  }
  function paper() {
    const narrow = plot.clientWidth < 480;
    const width = narrow ? 330 : 560;
    const last = Math.max(10, points.steps);
    const first = 0;
    const real = range(points.mean.length).filter((i) => Number.isFinite(points.mean[i]));
    const top = Math.max(0.5, ...real.map((i) => points.mean[i])) * 1.05;
    const upper = chart({ width, height: 250, x: [first, last], y: [0, top], ylabel: "cost of a batch", margin: [8, 22, 24, 46] });
    const lower = chart({ width, height: 130, x: [first, last], y: [0, 1], xlabel: "steps", ylabel: "unseen, right", margin: [6, 22, 38, 46] });
    const xs = real.map((i) => (points.first[i] + points.last[i]) / 2);
    if (real.length) {
      const band = [...upper.points(xs, real.map((i) => Math.min(top, points.high[i]))).split(" "), ...upper.points(xs, real.map((i) => points.low[i])).split(" ").reverse()].join(" ");
      upper.plot.append(svg("polygon", { points: band, fill: "var(--blue)", "fill-opacity": 0.16 }));
      upper.line(xs, real.map((i) => points.mean[i]));
      if (real.length === 1) upper.plot.append(svg("circle", { cx: upper.x(xs[0]), cy: upper.y(points.mean[real[0]]), r: 3, fill: "var(--blue)" }));
    }
    lower.line(tests.map((t) => t[0]), tests.map((t) => t[1]), { stroke: "var(--good)" });
    for (const [at, share] of tests.slice(-40)) lower.plot.append(svg("circle", { cx: lower.x(at), cy: lower.y(share), r: 3, fill: "var(--good)" }));
    lower.plot.append(svg("line", { x1: lower.x(first), x2: lower.x(last), y1: lower.y(0.85), y2: lower.y(0.85), stroke: "var(--gold)", "stroke-dasharray": "4 4" }), svg("text", { x: lower.x(last) - 4, y: lower.y(0.85) + 14, "text-anchor": "end", "font-size": 12, fill: "var(--gold-text)" }, "85 %"));
    upper.root.setAttribute("aria-hidden", "true");
    lower.root.setAttribute("aria-hidden", "true");
    frames = { upper, first, last };
    plot.replaceChildren(upper.root, lower.root);
    read();
  }
  const drawing = () => { const now = performance.now(); if (now > due.curve) { due.curve = now + (still() ? 1000 : 160); requestAnimationFrame(() => draw()); } };

  /** The step under the cursor, or the newest. */
  function read() {
    const { upper, first, last } = frames;
    if (!points.mean.length) { reading.textContent = "No step here yet."; figure.tell({ read: 0 }); plot.setAttribute("aria-valuenow", 0); return; }
    const step = cursor === null ? last : first + cursor * (last - first);
    const at = points.last.findIndex((end) => end >= step);
    const p = Object.fromEntries(["first", "last", "mean", "low", "high"].map((key) => [key, points[key].at(at)]));
    const name = p.first === p.last ? `step ${number(p.first)}` : `steps ${number(p.first)} to ${number(p.last)}`;
    const text = p.first === p.last ? `${name}: cost ${number(p.mean, 3)}` : `${name}: cost ${number(p.mean, 3)} on average (${number(p.low, 3)} to ${number(p.high, 3)})`;
    reading.textContent = text[0].toUpperCase() + text.slice(1);
    Object.entries({ "aria-valuenow": p.last, "aria-valuemax": last, "aria-valuetext": text }).forEach(([k, v]) => plot.setAttribute(k, v));
    figure.tell({ read: p.last });
    if (cursor !== null && Number.isFinite(p.mean)) {
      const here = upper.x(clamp((p.first + p.last) / 2, first, last));
      upper.root.querySelector(".cursor")?.remove();
      upper.root.append(svg("g", { class: "cursor" }, svg("line", { x1: here, x2: here, y1: 8, y2: 226, stroke: "var(--gold)", "stroke-width": 1.5 }), svg("circle", { cx: here, cy: upper.y(p.mean), r: 5, fill: "var(--gold-fill)" })));
    }
  }
  plot.addEventListener("pointermove", (event) => { if (!frames) return; cursor = clamp((frames.upper.invert(event)[0] - frames.first) / (frames.last - frames.first), 0, 1); read(); });
  plot.addEventListener("pointerleave", () => { cursor = null; if (frames) paper(); });
  plot.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -0.01, ArrowRight: 0.01, ArrowDown: -0.1, ArrowUp: 0.1, Home: -1, End: 1 }[event.key];
    if (by) { event.preventDefault(); cursor = clamp((cursor ?? 1) + by, 0, 1); read(); }
  });

  // ── starting anew, more digits ──
  async function reset() {
    const value = clamp(Math.round(Number(seed.value) || 0), 0, 999999);
    seed.value = value;
    page.set("seed", value);
    await engine.reset({ seed: value, net: "mine" });
    tests = [];
    advice.textContent = "";
    take({ seen: 0, accuracy: NaN, steps: 0 });
    fact.met.value.textContent = "–";
    stations.forEach((s) => { s.value.textContent = "–"; s.small.textContent = ""; });
    await pictures();
    await measure(1);
    figure.say(`Noise from seed ${value}: it has learned nothing yet.`);
  }

  async function more() {
    await guarded(async () => {
      const wanted = page.info.training === 60000 ? 10000 : 60000;
      all.disabled = true;
      try {
        figure.error.textContent = "";
        const { count } = await engine.use_digits({ count: wanted });
        page.info.training = count;
        all.textContent = count === 60000 ? "Use 10,000 again" : "Use all 60,000";
        figure.tell({ digits: count });
        figure.say(`It learns from ${number(count)} digits from now on. The unseen ones stay unseen.`);
      } catch (error) { figure.fail(error); } finally { all.disabled = false; }
    });
  }

  // Others may have trained it meanwhile.
  async function look() {
    const info = await engine.info();
    take({ seen: info.seen, accuracy: NaN, steps: info.steps });
    fact.met.value.textContent = "–";
    await pictures();
    await measure();
    figure.say(`This network has taken ${number(steps)} steps so far. ${begun ? "Train goes on with it." : "Train starts it anew from noise."}`);
  }
  page.on("trained", (detail) => {
    if (detail.from === "training") return;
    if (page.get("own")) begun = true; // nudged or loaded: Train goes on with it
    if (!running) guarded(look);
  });
  figure.onTheme(paint);
  figure.tell({ digits: page.info.training });
  mark();
  await look();
  if (!begun) { // a step, so that there are numbers to look at
    const first = await engine.step(asked());
    take(first);
    LINES.forEach(([line]) => tell(first, line));
  }
  await draw();
  figure.say(`This network has taken ${number(steps)} steps so far. ${begun ? "Train goes on with it." : "Train starts it anew from noise."}`);
  new ResizeObserver(() => { if (!running && frames) paper(); }).observe(plot);
  let touched = false;
  for (const kind of ["pointerdown", "keydown", "click"]) figure.plate.addEventListener(kind, () => { touched = true; }, true);
  show();

  /** For those who touch nothing: the five lines light up once, then some seconds of training. */
  async function show() {
    const mine = ++turn;
    while (!figure.near) await pause(200);
    for (const [line] of LINES) {
      if (touched || mine !== turn) return;
      if (!still()) { lit(line); figure.light(LIST, line); }
      await pause(900);
    }
    lit(null);
    figure.light(LIST, null);
    if (touched || begun || mine !== turn || (await engine.info()).steps > 20000 || touched) return;
    after(async () => {
      running = true;
      speed.set("full");
      mark();
      await reset();
      const end = performance.now() + 4000;
      while (mine === turn && performance.now() < end && figure.near) await burst();
    });
    await working;
    if (mine !== turn) return;
    if (gears !== null) speed.set("slow"); // Train begins slowly
    await stop();
    if (!touched) figure.say(`So it went from noise, ${number(steps)} steps in all: ${percent(accuracy)} of the unseen digits are right. Train starts it anew, slowly at first.`);
  }
}
