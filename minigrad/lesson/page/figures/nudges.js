// Row 19: −∇C on the network: which way each link is nudged, and how much; what the nudge does to the cost of the digit.
import { bars, button, choice, el, network, number, percent, picker, place, range } from "../kit.js";

const SCALES = [["1", "×1"], ["10", "×10"], ["1000", "×1000"]];

export default async function nudges(figure, engine, page) {
  figure.python("gradient", "apply_nudge", "take_back");
  const { layout } = page.info;
  let digit = null;
  let label = 3;
  let applied = 0;

  const small = figure.element.clientWidth < 560;
  const net = network({ width: small ? 360 : 600, height: small ? 400 : 460 });
  const shown = el("canvas", { class: "digit", width: 28, height: 28, role: "img", "aria-label": "the digit" });
  const cost = el("p", { class: "cost numbers" });
  const verdict = el("p", { class: "verdict" });
  const before = bars(range(10), { width: small ? 164 : 230, row: 22 });
  const after = bars(range(10), { width: small ? 164 : 230, row: 22 });
  const wanted = choice({ label: "It should say", options: range(10).map(String), value: "3", onchange: (v) => { label = Number(v); look(); } });
  const scale = choice({ label: "Nudge: −∇C, times", options: SCALES, value: "1", onchange: () => preview() });
  const apply = button("Apply this nudge", () => keep(), { main: true });
  const back = button("Take it back", () => undo());
  back.disabled = true;

  figure.stage.append(
    el("div", { class: "columns nudging" },
      el("div", {}, net, el("p", { class: "aside" }, el("span", { class: "positive" }, "Blue"), ": this weight should grow. ", el("span", { class: "negative" }, "Red"), ": it should shrink. The thicker the line, the larger the nudge; each layer by its own largest. Of the 784 pixels 20 are drawn. A neuron is the fuller of gold, the larger its output.")),
      el("div", {}, el("div", { class: "case2" }, shown, el("div", {}, cost, verdict)), el("div", { class: "twice" }, el("div", {}, el("h3", { class: "small" }, "Outputs now"), before), el("div", {}, el("h3", { class: "small" }, "After it"), after)), el("p", { class: "aside" }, "Gold: the digit it says."))),
  );

  const lesson = () => ({ pixels: digit, label, net: "mine" });

  const look = figure.latest(async () => {
    await lines();
    await preview();
  });

  /** What the next nudge would be. */
  async function lines() {
    const [{ flat, norm, zeros }, { acts }] = await Promise.all([engine.gradient(lesson()), engine.forward({ pixels: digit, net: "mine" })]);
    const most = [1, 2, 3].map((layer) => { const part = layout.find((p) => p.layer === layer && p.kind === "weight"); return flat.subarray(part.start, part.stop).reduce((a, b) => Math.max(a, Math.abs(b)), 0); });
    net.draw({ acts, edges: (layer, to, from) => ({ value: -flat[place(layout, layer, to, from)], most: most[layer - 1] }) });
    shown.setAttribute("aria-label", `the digit, which should be read as ${label}`);
    figure.tell({ norm, label, zeros });
  }

  const ask = figure.latest(async () => engine.apply_nudge({ scale: Number(scale.value), ...lesson() }));
  async function preview() {
    const found = await ask();
    if (found) show(found, "would go");
  }

  function show(found, word) {
    const best = (o) => o.indexOf(Math.max(...o));
    before.draw(found.outputs_before, { guess: best(found.outputs_before), wanted: label });
    after.draw(found.outputs, { guess: best(found.outputs), wanted: label });
    const fell = found.after < found.before;
    cost.replaceChildren("Cost ", el("strong", {}, number(found.before, 4)), " → ", el("strong", { class: fell ? "fell" : "rose" }, number(found.after, 4)));
    const much = found.before > 0 ? Math.abs(found.after - found.before) / found.before : 0;
    verdict.textContent = `It ${word} ${fell ? "down" : "up"} by ${percent(much)}; its 13,002 numbers together ${word === "went" ? "moved" : "would move"} a way of length ${number(found.moved, 3)}. ${fell ? "" : "−∇C is the way down only near where you stand: this step is too long."}`;
    figure.tell({ before: found.before, after: found.after, scale: scale.value, moved: found.moved });
  }

  let busy = false; // one nudge at a time, however quickly one clicks
  async function keep() {
    if (busy) return;
    busy = true;
    try {
      const others = () => engine.test({ net: "mine", count: 2000, mistakes: 0 });
      const old = (await others()).accuracy;
      const found = await engine.apply_nudge({ scale: Number(scale.value), ...lesson(), keep: true });
      figure.error.textContent = "";
      const now = (await others()).accuracy;
      applied += 1;
      show(found, "went");
      figure.tell({ applied, others: now });
      figure.say(`Nudge ${applied} applied to your network: the cost of this digit went from ${number(found.before, 3)} to ${number(found.after, 3)}. Of 2,000 other digits it read ${percent(old)}, and now ${percent(now)}${now < old - 0.05 ? ": good for one digit, bad for the rest. Training averages the nudges of many" : ""}. The lines show the next nudge.`);
      if (found.after < found.before) figure.reached();
      back.disabled = false;
      page.set("own", true);
      page.trained({ from: "nudges" });
      await lines(); // the numbers of this nudge stay
    } catch (error) { figure.fail(error); } finally { busy = false; }
  }

  async function undo() {
    try {
      back.disabled = true;
      await engine.take_back({ net: "mine" });
      applied = 0;
      figure.tell({ applied });
      figure.say("Your network is as it was before the first nudge.");
      page.trained({ from: "nudges" });
      await look();
    } catch (error) { figure.fail(error); }
  }

  function take(found) {
    digit = Array.from(found.pixels);
    if (found.label !== null) { label = found.label; wanted.set(label); }
    const context = shown.getContext("2d");
    const image = context.createImageData(28, 28);
    digit.forEach((v, i) => image.data.set([255 * v, 255 * v, 255 * v, 255], 4 * i));
    context.putImageData(image, 0, 0);
  }
  // The digit that the reader last chose, if it is known what it shows.
  const shared = page.get("digit");
  const known = shared?.pixels && shared.label !== null;
  let begun = false;
  const row = await picker(figure, { label: known ? shared.label : 3, seed: 2, onchange: (found) => {
    if (!begun) return take(known ? shared : found);
    take(found);
    page.set("digit", found);
    look();
  } });
  begun = true;
  figure.controls.append(apply, scale, back, row, wanted);
  figure.onTrained((detail) => { if (detail.from !== "nudges") { applied = 0; back.disabled = true; look(); } });
  await look();
}
