// Row 0: sixteen neurons' weights turn from noise into strokes, once; then the figure waits.
import { button, colours, number, pause, range, still, tile } from "../kit.js";

export default async function hero(figure, engine) {
  figure.python("reset", "train", "weights");
  const tiles = range(16).map((i) => tile(null, { size: 72, label: `weights of neuron ${i}` }));
  const grid = Object.assign(document.createElement("div"), { className: "tiles" });
  grid.append(...tiles);
  figure.stage.append(grid);
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
    for (let turn = 0; turn < 40 && mine === run; turn++) {
      const { steps, costs } = await engine.train({ ms: 30, eta: 2, batch: 10 });
      if (!still() || turn === 39) await show();
      figure.tell({ steps });
      figure.say(`${number(steps)} steps; cost of the last batch ${number(costs.at(-1), 2)}`);
      while (!figure.near && mine === run) await pause(200);
    }
    if (mine === run) figure.page.trained();
  }

  figure.onTheme(show);
  figure.controls.append(button("Again, from other noise", () => { seed += 1; play().catch((error) => figure.fail(error)); }, { main: true }));
  await show();
  play().catch((error) => figure.fail(error));
}
