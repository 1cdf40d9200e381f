// Row 22: digits that were learned from and digits that were not, the worst mistakes first, what is taken for what, and
// the reader's own digits.
import { bars, button, choice, digit, el, number, pad, pause, percent, range, unit } from "../kit.js";

const NETS = [["mine", "Yours"], ["trained", "One trained before"]];
const CHUNK = 2000; // digits tested at a time

export default async function testing(figure, engine, page) {
  figure.python("test", "predict");
  let net = "mine";
  let chosen = false; // whether the reader chose the network
  let mistakes = [];
  let counts = null; // the table: 100 numbers
  let digits = [];
  const score = { right: 0, count: 0 };

  // ── what is seen ──
  const pile = (name, words) => {
    const share = el("strong", {}, "–");
    const fill = el("i");
    const text = el("span", {}, "");
    const fan = range(6).map(() => digit(null, { size: 38, label: `one of the ${words}` }));
    return { root: el("div", { class: "pile" }, el("h3", { class: "small" }, name), el("div", { class: "fan" }, fan), share, el("div", { class: "share", "aria-hidden": "true" }, fill), text), share, fill, text, fan };
  };
  const learned = pile("Training digits", "training digits");
  const unseen = pile("Unseen digits", "unseen digits");
  const grid = el("div", { class: "mistakes" });
  const heading = el("h3", { class: "small" }, "The worst mistakes first");
  const big = digit(null, { size: 112, label: "the chosen digit" });
  const outputs = bars(range(10), { width: figure.element.clientWidth < 560 ? 200 : 260, row: 20 });
  const verdict = el("p", { class: "verdict" });
  const table = el("table", { class: "confusion" });
  const which = choice({ label: "Digits that show", options: [["all", "all"], ...range(10).map((i) => [String(i), String(i)])], value: "all", onchange: () => list() });
  const said = choice({ label: "and that the network took for", options: [["all", "any"], ...range(10).map((i) => [String(i), String(i)])], value: "all", onchange: () => list() });
  const kind = choice({ label: "Network", options: NETS, value: net, onchange: (v) => { chosen = true; net = v; look().catch((error) => figure.fail(error)); } });

  // ── the reader's own ──
  let drawn = null;
  let last = null; // the drawing counted last
  const drew = choice({ label: "You drew", options: [...range(10).map((i) => [String(i), String(i)]), ["none", "no digit"]] });
  const heard = bars(range(10), { width: 260, row: 20 });
  const answer = el("p", { class: "verdict", role: "status" }, "Draw a digit: the network says at once what it sees.");
  const tally = el("p", { class: "tally numbers" }, "My digits: none counted yet");
  const board = pad(figure, { label: "Draw a digit here", onchange: (pixels) => { drawn = pixels && Array.from(pixels); again(); } });
  const count = button("Count it", () => counted(), { main: true });
  const scribble = button("A scribble", () => {
    drew.set("none");
    let at = [Math.random(), Math.random()].map((v) => 0.2 + 0.6 * v);
    board.draw([range(14).map(() => (at = at.map((v) => Math.min(0.9, Math.max(0.1, v + (Math.random() - 0.5) * 0.7)))))]);
  });
  heard.draw(new Float32Array(10));

  figure.stage.append(
    el("div", { class: "piles" }, learned.root, unseen.root),
    el("div", { class: "columns exam" },
      el("div", {}, heading, which, said, grid, el("div", { class: "case" }, big, outputs, verdict)),
      el("div", {}, el("h3", { class: "small" }, "What was taken for what"), el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "table of what was taken for what" }, table), el("p", { class: "aside" }, "A row is what a digit shows, a column what the network said. Blue: right. Red: wrong; choose one, here or by the two rows of buttons, to see those digits."))),
    el("h3", { class: "small" }, "Your own digits"),
    el("div", { class: "columns ours" }, board, el("div", {}, heard, answer), el("div", { class: "count" }, drew, el("div", { class: "controls" }, count, scribble), tally)),
  );
  figure.controls.append(kind);

  // ── the test ──
  const run = figure.latest(async () => {
    while (!figure.near) await pause(300);
    if (!chosen) {
      const first = await engine.test({ net: "mine", start: 0, count: CHUNK, mistakes: 0 });
      net = first.accuracy < 0.5 ? "trained" : "mine";
      kind.set(net);
    }
    const asked = net;
    const found = await all(asked, true);
    put(unseen, found, "unseen");
    counts = found.confusion;
    confusion();
    mistakes = found.mistakes.sort((a, b) => b.cost - a.cost);
    await list();
    figure.tell({ net: asked, count: found.count, right: found.right, accuracy: found.right / found.count, mistakes: found.count - found.right });
    const before = await all(asked, false);
    put(learned, before, "training");
    figure.tell({ trainCount: before.count, trainRight: before.right });
    const gap = before.right / before.count - found.right / found.count;
    figure.say(asked === "mine" ? "" : chosen ? "This is a network trained before, not yours. " : "This is a network trained before: yours has not learned enough yet. ", `${percent(found.right / found.count)} of the unseen digits are right, ${number(found.count - found.right)} are wrong. On the digits it learned from it is ${gap < 0.001 ? "no better" : `${number(100 * gap, 1)} points better`}: ${gap < 0.03 ? "it has learned, not memorised" : "some of that is memory"}.`);
  });

  /** A test of 10,000 digits; of the mistakes, the worst 40 of each part, or of those of one kind. */
  async function all(name, fresh, kindOf = {}) {
    const total = { count: 0, right: 0, confusion: new Int32Array(100), mistakes: [] };
    for (let start = 0; start < 10000; start += CHUNK) {
      const part = await engine.test({ net: name, start, count: CHUNK, unseen: fresh, mistakes: fresh ? 40 : 0, ...kindOf });
      total.count += part.count;
      total.right += part.right;
      part.confusion.forEach((n, i) => { total.confusion[i] += n; });
      const m = part.mistakes;
      for (let i = 0; i < m.index.length; i++) total.mistakes.push({ index: m.index[i], label: m.label[i], guess: m.guess[i], cost: m.cost[i], outputs: m.outputs.slice(10 * i, 10 * i + 10), pixels: m.pixels.slice(784 * i, 784 * i + 784) });
    }
    return total;
  }

  function put(where, { count: n, right }, name) {
    where.share.textContent = percent(right / n);
    where.fill.style.width = `${(100 * right) / n}%`;
    where.text.textContent = `${number(right)} of ${number(n)} ${name === "unseen" ? "that it has never met" : "that it could learn from"}`;
  }

  function confusion() {
    const most = Math.max(1, ...counts.filter((_, i) => i % 11));
    const cell = (shows, taken) => {
      const n = counts[10 * shows + taken];
      const back = shows === taken ? "var(--blue-wash)" : n ? `color-mix(in srgb, var(--red) ${Math.round(8 + 34 * (n / most))}%, var(--sheet))` : "transparent";
      const inside = shows !== taken && n ? el("button", { type: "button", tabindex: -1, title: `${n} of ${shows} taken for ${taken}`, onclick: () => { which.set(String(shows)); said.set(String(taken)); list(); } }, String(n)) : String(n || "·");
      return el("td", { "data-shows": shows, "data-taken": taken, "data-n": n, style: `background:${back}` }, inside);
    };
    table.replaceChildren(
      el("caption", { class: "unseen" }, "How many of the 10,000 unseen digits of each kind (rows) were taken for which (columns)"),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "shows"), range(10).map((i) => el("th", { scope: "col" }, String(i))))),
      el("tbody", {}, range(10).map((shows) => el("tr", {}, el("th", { scope: "row" }, String(shows)), range(10).map((taken) => cell(shows, taken))))),
    );
  }

  const ofKind = figure.latest((name, kindOf) => all(name, true, kindOf));
  async function list() {
    const [shows, taken] = [which, said].map((row) => (row.value === "all" ? null : Number(row.value)));
    const fits = (m) => (shows === null || m.label === shows) && (taken === null || m.guess === taken);
    let found = mistakes;
    if (shows !== null || taken !== null) {
      const fresh = await ofKind(net, { shows, taken });
      if (!fresh) return; // a newer choice is on its way
      found = fresh.mistakes.sort((a, b) => b.cost - a.cost);
      if (fresh.confusion.some((n, i) => n !== counts[i])) { // it has been trained meanwhile
        counts = fresh.confusion;
        confusion();
        put(unseen, fresh, "unseen");
      }
    }
    const wrong = found.filter(fits).slice(0, 40);
    const right = digits.filter(fits);
    const every = counts.reduce((sum, n, i) => sum + (Math.floor(i / 10) !== i % 10 && fits({ label: Math.floor(i / 10), guess: i % 10 }) ? n : 0), 0);
    const what = taken === null ? (shows === null ? "Read wrong" : `A ${shows} read wrong`) : `${shows === null ? "Something else" : `A ${shows}`} taken for a ${taken}`;
    const often = shows !== null && shows === taken ? "that is right" : every === 0 ? "never" : `${number(every)} time${every === 1 ? "" : "s"}${every > 1 ? ", the worst first" : ""}`;
    heading.textContent = `${what}: ${often}${right.length ? "; then some that are right" : ""}`;
    for (const cell of table.querySelectorAll("td")) cell.classList.toggle("chosen", Number(cell.dataset.shows) === shows && Number(cell.dataset.taken) === taken);
    figure.tell({ shows: shows ?? "", takenfor: taken ?? "", listed: wrong.length, of: every });
    grid.replaceChildren(...[...wrong, ...right].map((m) => {
      const good = m.guess === m.label;
      return el("button", { type: "button", class: good ? "fine" : "bad", "data-index": m.index, "aria-label": `unseen digit ${m.index}: shows ${m.label}, taken for ${m.guess}`, onclick: () => show(m) }, digit(m.pixels, { size: 40 }), el("span", {}, good ? `${m.guess} ✓` : `${m.label}→${m.guess}`));
    }));
    for (const canvas of grid.querySelectorAll("canvas")) canvas.setAttribute("aria-hidden", "true");
    const first = wrong[0] ?? right[0];
    if (first) show(first);
  }

  function show(m) {
    big.draw(m.pixels);
    big.setAttribute("aria-label", `unseen digit ${m.index}, a ${m.label}`);
    outputs.draw(m.outputs, { guess: m.guess, wanted: m.label });
    verdict.replaceChildren(`Unseen digit ${number(m.index)} shows a `, el("strong", {}, String(m.label)), m.guess === m.label ? ", and the network says so. " : ", the network says ", m.guess === m.label ? "" : el("strong", { class: "negative" }, String(m.guess)), m.guess === m.label ? "" : ". ", `Its cost: ${number(m.cost, 2)}.`);
    for (const b of grid.children) b.setAttribute("aria-pressed", String(b.dataset.index === String(m.index)));
    figure.tell({ chosen: m.index, label: m.label, taken: m.guess });
  }

  // ── own digits ──
  const read = figure.latest(async () => (drawn ? engine.predict({ pixels: drawn, net }) : null));
  async function again() {
    const found = await read();
    if (!drawn) { heard.draw(new Float32Array(10)); answer.textContent = "Draw a digit: the network says at once what it sees."; delete figure.element.dataset.guess; return; }
    if (!found) return;
    heard.draw(found.outputs, { guess: found.guess });
    const sure = found.outputs[found.guess];
    answer.replaceChildren("It sees a ", el("strong", {}, String(found.guess)), ` (${number(sure, 2)}); next comes ${found.order[1]} (${number(found.outputs[found.order[1]], 2)}).`);
    figure.tell({ guess: found.guess, sure: sure.toFixed(3) });
  }

  async function counted() {
    if (!drawn) { answer.textContent = "Draw something first."; return; }
    if (drew.value === undefined) { answer.textContent = "And what is it? Choose what you drew, then count it."; return; }
    if (drawn === last) { answer.textContent = "This one is counted. Wipe, and draw another."; return; }
    const found = await engine.predict({ pixels: drawn, net });
    const sure = number(found.outputs[found.guess], 2);
    if (drew.value === "none") {
      answer.replaceChildren("It says ", el("strong", {}, String(found.guess)), `, with ${sure} of 1. It was only ever shown digits: whatever it sees, it must be one of the ten.`);
      figure.tell({ scribble: found.guess });
      return;
    }
    last = drawn;
    const right = found.guess === Number(drew.value);
    score.count += 1;
    score.right += right;
    tally.textContent = `My digits: ${score.right} of ${score.count} right (${percent(score.right / score.count, 0)})`;
    answer.replaceChildren(right ? `Right: a ${found.guess}.` : `Wrong: it says ${found.guess} (${sure}). It learned from digits that others wrote, and looks at pixels, not at strokes.`);
    figure.tell({ own: score.count, ownRight: score.right });
    page.set("digit", { pixels: Float32Array.from(drawn), label: Number(drew.value), own: true });
    if (score.right && score.right < score.count) figure.reached();
  }

  // Some digits for the piles, and some that are right for the end of the list.
  const [old, fresh] = await Promise.all([engine.digits({ count: 6, seed: 4 }), engine.digits({ count: 18, seed: 5, unseen: true })]);
  learned.fan.forEach((canvas, i) => canvas.draw(old.pixels.subarray(784 * i, 784 * (i + 1))));
  unseen.fan.forEach((canvas, i) => canvas.draw(fresh.pixels.subarray(784 * i, 784 * (i + 1))));
  async function some() {
    const found = [];
    for (let i = 0; i < fresh.labels.length; i++) {
      const pixels = fresh.pixels.slice(784 * i, 784 * (i + 1));
      const { outputs: o, guess } = await engine.predict({ pixels: unit(pixels), net });
      const { total } = await engine.cost({ outputs: o, label: fresh.labels[i] });
      if (guess === fresh.labels[i]) found.push({ index: fresh.index[i], label: guess, guess, cost: total, outputs: o, pixels });
    }
    digits = found;
    await list();
  }
  const look = async () => { await run(); await some(); await again(); };
  figure.onTrained(() => look().catch((error) => figure.fail(error)));
  await look();
}
