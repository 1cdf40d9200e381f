// Row 1: sixty ways to write one digit, what they average to, and the reader's own beside them.
import { button, choice, clamp, digit, el, hover, later, number, pad, range, unit } from "../kit.js";

const COUNT = 60;
const NAMES = ["zeros", "ones", "twos", "threes", "fours", "fives", "sixes", "sevens", "eights", "nines"];

export default async function ways(figure, engine, page) {
  figure.python("digits", "centre");
  let label = 3;
  let seed = 0;
  let found = null;

  // the sixty: one of them is in the tab order, arrow keys go from one to the next
  const grid = el("div", { class: "ways-grid", role: "group", "aria-label": "sixty handwritten digits; arrow keys go from one to the next" });
  const tiles = range(COUNT).map((i) => {
    const canvas = digit(null, { size: 40 });
    canvas.tabIndex = i === 0 ? 0 : -1;
    hover(canvas, () => look(i), "pointerenter");
    for (const event of ["focus", "click"]) canvas.addEventListener(event, () => look(i));
    canvas.addEventListener("keydown", (event) => {
      const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
      const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
      if (!by) return;
      event.preventDefault();
      tiles[clamp(i + by, 0, COUNT - 1)].focus();
    });
    return canvas;
  });
  grid.append(...tiles);

  const large = digit(null, { size: 132, label: "one of them, enlarged" });
  const average = digit(null, { size: 132 });
  const own = digit(new Float32Array(784), { size: 132, label: "your own digit" });
  const words = el("span", { class: "ways-name" });
  const mean = el("span", { class: "ways-name" });
  const yours = el("div", { class: "ways-one" }, own, el("span", { class: "ways-name moved" }, "yours"));
  yours.hidden = true;
  const side = el("div", { class: "ways-side" }, el("div", { class: "ways-one" }, large, words), el("div", { class: "ways-one" }, average, mean), yours);
  figure.stage.append(el("div", { class: "ways" }, grid, side));

  function look(i) {
    if (!found) return;
    tiles.forEach((canvas, k) => { canvas.tabIndex = k === i ? 0 : -1; canvas.classList.toggle("looked", k === i); });
    large.draw(found.pixels.subarray(784 * i, 784 * (i + 1)));
    words.textContent = `training digit ${number(found.index[i])}`;
    figure.tell({ looked: i });
  }

  const ask = figure.latest((which, from) => engine.digits({ label: which, count: COUNT, seed: from }));
  async function show() {
    const came = await ask(label, seed);
    if (!came) return;
    found = came;
    tiles.forEach((canvas, i) => {
      canvas.draw(found.pixels.subarray(784 * i, 784 * (i + 1)));
      canvas.dataset.label = found.labels[i];
      canvas.setAttribute("aria-label", `a handwritten ${found.labels[i]}, training digit ${found.index[i]}`);
    });
    average.draw(found.average);
    average.setAttribute("aria-label", `average of ${found.of} handwritten ${NAMES[label]}: a blurred ${label}`);
    mean.textContent = `average ${label}`;
    look(0);
    figure.tell({ digit: label, seed, of: found.of });
    figure.say(`${COUNT} of the ${number(found.of)} ${NAMES[label]} among the ${number(page.info.training)} training digits: no two are alike. The average adds up all ${number(found.of)}, pixel by pixel.`);
  }
  const share = (i) => page.set("digit", { pixels: unit(found.pixels.subarray(784 * i, 784 * (i + 1))), label, own: false });
  tiles.forEach((canvas, i) => canvas.addEventListener("click", () => share(i)));

  const tell = later((pixels) => page.set("digit", { pixels: Array.from(pixels), label, own: true }));
  const paper = pad(figure, {
    label: "Write the digit here",
    onchange(pixels) {
      own.draw(pixels ?? new Float32Array(784));
      if (!pixels) return;
      tell(pixels);
      figure.tell({ own: label });
      figure.reached();
    },
  });
  figure.controls.append(
    choice({ label: "Digit", options: range(10).map(String), value: String(label), onchange: (v) => { label = Number(v); paper.wipe(); show(); } }),
    button("Shuffle", () => { seed += 1; show(); }),
    el("details", { class: "own", ontoggle: ({ target }) => { yours.hidden = !target.open; } }, el("summary", { class: "push" }, "Write your own"), paper),
  );
  await show();
}
