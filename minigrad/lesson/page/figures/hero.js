// Row 0: sixteen neurons' weights turn from noise into strokes, once; then the figure waits.
import { button, el, number, pause, range, still, tile } from "../kit.js";

export default async function hero(figure, engine) {
  figure.python("reset", "train", "weights");
  const tiles = range(16).map((i) => tile(null, { size: 72, label: `weights of neuron ${i}` }));
  figure.stage.append(el("div", { class: "tiles" }, ...tiles), el("p", { class: "aside hero-key" }, "Each square is one neuron: a weight for every pixel it looks at, ", el("b", { class: "positive" }, "blue"), " positive, ", el("b", { class: "negative" }, "red"), " negative."));
  let seed = 1;
  let run = 0;

  async function show() {
    const { flat } = await engine.weights({ net: "mine" });
    const most = flat.subarray(0, 12544).reduce((a, b) => Math.max(a, Math.abs(b)), 0) * 0.6;
    tiles.forEach((canvas, i) => canvas.draw(flat.subarray(784 * i, 784 * (i + 1)), most));
  }

  async function play() {
    const mine = ++run;
    await engine.reset({ seed, net: "mine" });
    await show();
    let first;
    for (let turn = 0; turn < 40 && mine === run; turn++) {
      const { steps, costs, seen } = await engine.train({ ms: 30, eta: 2, batch: 10 });
      if (!still() || turn === 39) await show();
      figure.tell({ steps });
      first ??= costs[0];
      figure.say(`After ${number(steps)} small steps and ${number(seen)} digits: the cost, how wrong the network is, went from ${number(first, 2)} to ${number(costs.at(-1), 2)}.`);
      while (!figure.near && mine === run) await pause(200);
    }
    if (mine === run) figure.page.trained();
  }

  figure.onTheme(show);
  figure.controls.append(button("Again, from other noise", () => { seed += 1; play().catch((error) => figure.fail(error)); }, { main: true }));
  await show();
  play().catch((error) => figure.fail(error));
}
