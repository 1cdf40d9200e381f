// Row 5: what random weights say about a digit, and how few digits they get right, try after try.
import { bars, button, digit, el, number, onNarrow, percent, picker, range, svg } from "../kit.js";

const TESTED = 2000;
const TRIES = 5;

export default async function trash(figure, engine, page) {
  figure.python("reset", "forward", "test");
  let seed = 0;
  let shown = null;
  const tried = new Map(); // seed -> share of right answers

  const picture = digit(null, { size: 112, label: "the digit that goes in" });
  const outputs = bars(range(10), { width: 340, row: 21 });
  const verdict = el("p", { class: "trash-verdict" });
  figure.stage.append(el("div", { class: "trash" }, el("div", { class: "ways-one" }, picture, verdict), el("div", {}, outputs, el("p", { class: "aside trash-key" }, "The ten outputs. Gold: the largest one, which is the network's answer."))));

  // every try is a dot between 0 and 30 %; a tenth is what guessing gives
  const [height, left] = [118, 24];
  let width, strip;
  const x = (share) => left + (Math.min(share, 0.3) / 0.3) * (width - 2 * left);
  const dots = svg("g");
  const make = () => svg("svg", { viewBox: `0 0 ${width} ${height}`, width: "100%", role: "img" },
    svg("line", { x1: left, x2: width - left, y1: 84, y2: 84, stroke: "var(--line)", "stroke-width": 2 }),
    ...[0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3].map((share) => svg("text", { x: x(share), y: 106, "text-anchor": "middle", "font-size": 14, fill: "var(--soft)" }, percent(share, 0))),
    svg("line", { x1: x(0.1), x2: x(0.1), y1: 22, y2: 90, stroke: "var(--soft)", "stroke-dasharray": "4 4" }),
    svg("text", { x: x(0.1) + 7, y: 17, "font-size": 14, fill: "var(--soft)" }, "blind guessing: one in ten"), dots);
  const fit = (narrow) => { const old = strip; width = narrow ? 360 : 600; strip = make(); old?.replaceWith(strip); plot(); };
  fit(onNarrow(fit));
  figure.stage.append(el("p", { class: "knobs-head" }, `Your tries: the share of ${number(TESTED)} digits they get right`), strip);

  function plot() {
    dots.replaceChildren();
    const rows = new Map(); // tries that fall on one place stand on one another
    for (const [of, share] of tried) {
      const place = Math.round(x(share) / 15);
      const level = rows.get(place) ?? 0;
      rows.set(place, level + 1);
      dots.append(svg("circle", { cx: x(share), cy: 74 - 12 * (level % 5), r: of === seed ? 8 : 6, fill: of === seed ? "var(--gold-fill)" : "var(--soft)", stroke: "var(--sheet)", "stroke-width": 1.5 }, svg("title", {}, `seed ${of}: ${percent(share)}`)));
    }
    strip.setAttribute("aria-label", `shares of right answers: ${[...tried].map(([of, share]) => `seed ${of} ${percent(share)}`).join(", ")}`);
  }

  const forward = figure.latest(() => engine.forward({ pixels: Array.from(shown.pixels), net: "random" }));
  async function look() {
    const came = await forward();
    if (!came) return;
    const { acts, guess } = came;
    outputs.draw(acts[3], { guess, wanted: shown.label });
    picture.draw(shown.pixels);
    picture.setAttribute("aria-label", shown.own ? "your drawing" : `a handwritten ${shown.label}`);
    const right = guess === shown.label;
    verdict.replaceChildren(`It says ${guess}`, shown.own ? "" : right ? ": right, by luck" : ` for a\u00a0${shown.label}\u00a0`, right || shown.own ? "" : el("span", { "aria-hidden": "true" }, "🗑️"));
    figure.tell({ guess, label: shown.label ?? "own" });
  }

  const ask = figure.latest(async (next) => {
    await engine.reset({ seed: next, net: "random" });
    const { accuracy, right, count } = await engine.test({ net: "random", start: 0, count: TESTED, unseen: false, mistakes: 0 });
    return { next, accuracy, right, count };
  });
  async function attempt(next) {
    const found = await ask(next);
    if (!found) return;
    seed = found.next;
    tried.set(seed, found.accuracy);
    plot();
    page.set("random", seed);
    await look();
    figure.tell({ seed, accuracy: found.accuracy, tries: tried.size });
    const best = Math.max(...tried.values());
    figure.say(`Seed ${seed}: ${number(found.right)} of ${number(found.count)} digits right, `, el("strong", {}, percent(found.accuracy)), `.${tried.size > 1 ? ` The best of your ${tried.size} tries: ${percent(best)}.` : " The seed decides the random numbers: the same seed, the same numbers."}`);
    if (tried.size >= TRIES) figure.reached();
  }

  const again = button("New random weights", () => attempt(Math.max(...tried.keys()) + 1), { main: true });
  const others = await picker(figure, { label: 3, seed: 5, draw: false, onchange: (found) => { const first = !shown; shown = found; if (first) return; page.set("digit", found); look().catch((error) => figure.fail(error)); } });
  const follow = (found) => { if (found?.pixels && found !== shown) { shown = found; others.follow(found); look().catch((error) => figure.fail(error)); } };
  page.on("digit", follow);
  follow(page.get("digit"));
  figure.controls.append(again, others);
  await attempt(0);
}
