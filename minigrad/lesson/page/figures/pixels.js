// Row 2: a digit's 28 × 28 brightnesses, unrolled row by row into a column of 784 neurons.
import { button, clamp, colours, digit, el, hover, later, number, pad, picker, range, still } from "../kit.js";

const SIDE = 28;

export default async function pixels(figure, engine, page) {
  figure.python("forward", "centre");
  const canvas = el("canvas", { class: "pixels", role: "slider", tabindex: 0, "aria-label": "pixel of the picture and its neuron; arrow keys move", "aria-valuemin": 0, "aria-valuemax": 783 });
  const context = canvas.getContext("2d");
  figure.stage.append(canvas);
  let bright = new Float32Array(SIDE * SIDE);
  let chosen = 400;
  let unrolled = 1; // how far the picture has been unrolled, 0 to 1
  let picture, column, height;
  let measured = 0;
  let lens = 4; // neurons above and below the chosen one that are shown as circles

  function measure() {
    const width = figure.stage.clientWidth || 600;
    measured = width;
    picture = Math.floor(Math.min(width - (width < 480 ? 122 : 150), 460) / SIDE) * SIDE;
    column = { x: picture + (width < 480 ? 16 : 28), width: width < 480 ? 14 : 22 };
    height = picture;
    lens = height < 300 ? 2 : 4;
    const scale = devicePixelRatio || 1;
    Object.assign(canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    context.setTransform(scale, 0, 0, scale, 0, 0);
    figure.tell({ side: picture });
    draw();
  }

  function draw() {
    const palette = colours();
    const cell = picture / SIDE;
    const thin = height / 784;
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = "#000";
    context.fillRect(0, 0, picture, picture);
    context.textAlign = "center";
    context.textBaseline = "middle";
    const face = getComputedStyle(document.body).getPropertyValue("--sans");
    context.font = `${cell * 0.44}px ${face}`;
    for (let i = 0; i < 784; i++) {
      const [x, y] = [(i % SIDE) * cell, Math.floor(i / SIDE) * cell];
      const shade = Math.round(255 * bright[i]);
      context.fillStyle = `rgb(${shade} ${shade} ${shade})`;
      context.fillRect(x, y, cell - 0.5, cell - 0.5);
      if (cell < 13) continue;
      context.fillStyle = shade > 120 ? "#000" : bright[i] > 0 ? "#fff" : "#666";
      context.fillText(bright[i] > 0 ? (bright[i] < 0.995 ? bright[i].toFixed(2).slice(1) : "1") : "0", x + cell / 2, y + cell / 2);
    }
    context.strokeStyle = palette.line;
    context.strokeRect(column.x - 0.5, -0.5, column.width + 1, height + 1);
    for (let i = 0; i < 784; i++) { // each pixel flies from its place to its neuron's, one row after another
      const t = clamp(unrolled * 2 - Math.floor(i / SIDE) / SIDE, 0, 1);
      if (t === 0) continue;
      const ease = t * t * (3 - 2 * t);
      const mix = (a, b) => a + (b - a) * ease;
      const shade = Math.round(255 * bright[i]);
      context.fillStyle = `rgb(${shade} ${shade} ${shade})`;
      context.fillRect(mix((i % SIDE) * cell, column.x), mix(Math.floor(i / SIDE) * cell, i * thin), mix(cell, column.width), mix(cell, thin + 0.3));
    }
    if (unrolled < 1) return;
    const at = (i) => ({ x: column.x + column.width + (picture < 300 ? 30 : 42), y: ((i + 0.5) * height) / (2 * lens + 1) });
    const first = clamp(chosen - lens, 0, 783 - 2 * lens);
    const radius = Math.min(15, height / 22);
    context.strokeStyle = palette.faint;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(column.x + column.width, first * thin); context.lineTo(at(0).x - radius - 4, 2);
    context.moveTo(column.x + column.width, (first + 2 * lens + 1) * thin); context.lineTo(at(0).x - radius - 4, height - 2);
    context.stroke();
    context.textAlign = "left";
    range(2 * lens + 1).forEach((k) => {
      const i = first + k;
      const { x, y } = at(k);
      const on = i === chosen;
      const shade = Math.round(255 * bright[i]);
      context.beginPath(); context.arc(x, y, radius, 0, 7);
      context.fillStyle = `rgb(${shade} ${shade} ${shade})`; context.fill();
      context.strokeStyle = on ? palette.fill : palette.faint; context.lineWidth = on ? 4 : 1; context.stroke();
      context.fillStyle = on ? palette.ink : palette.soft;
      context.font = `${on ? 700 : 400} 13px ${face}`;
      context.fillText(bright[i].toFixed(2), x + radius + 7, y - 7);
      context.fillStyle = palette.soft;
      context.font = `11px ${face}`;
      context.fillText(`№ ${i}`, x + radius + 7, y + 8);
    });
    context.strokeStyle = palette.fill;
    context.lineWidth = 3;
    context.strokeRect((chosen % SIDE) * cell - 1, Math.floor(chosen / SIDE) * cell - 1, cell + 1.5, cell + 1.5);
    context.beginPath(); context.moveTo(column.x - 5, (chosen + 0.5) * thin); context.lineTo(column.x + column.width + 5, (chosen + 0.5) * thin); context.stroke();
  }

  function choose(i, byReader = true) {
    chosen = i;
    const [row, col] = [Math.floor(i / SIDE), i % SIDE];
    const words = `row ${row}, column ${col}: neuron ${i}, brightness ${bright[i].toFixed(2)}`;
    canvas.setAttribute("aria-valuenow", i);
    canvas.setAttribute("aria-valuetext", words);
    figure.tell({ neuron: i, brightness: bright[i].toFixed(2) });
    figure.say(`Pixel in row ${row}, column ${col}: ${SIDE} · ${row} + ${col} = neuron ${i}, brightness ${bright[i].toFixed(2)} (0 is black, 1 is white).`);
    if (byReader && bright[i] > 0.5 && row > 7 && row < 20 && col > 7 && col < 20) figure.reached();
    draw();
  }

  function point(event) {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    if (y < 0 || y >= height) return;
    if (x >= 0 && x < picture) choose(Math.floor((y / picture) * SIDE) * SIDE + Math.floor((x / picture) * SIDE));
    else if (x >= column.x - 8 && x < column.x + column.width + 8) choose(clamp(Math.floor((y / height) * 784), 0, 783));
  }
  hover(canvas, point);
  canvas.addEventListener("pointerdown", point);
  canvas.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -SIDE, ArrowDown: SIDE, Home: -784, End: 784 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    if (Math.abs(by) === SIDE && (chosen + by < 0 || chosen + by > 783)) return; // no row above or below
    choose(clamp(chosen + by, 0, 783));
  });

  let begun = 0;
  const turn = figure.loop((time) => { begun ||= time; unrolled = clamp((time - begun) / 2600, 0, 1); draw(); return unrolled < 1; });
  const unroll = () => { if (still()) { unrolled = 1; draw(); return; } begun = 0; unrolled = 0; turn(); };

  const ask = figure.latest((values) => engine.forward({ pixels: Array.from(values) }));
  let shown = null;
  const tell = later((found) => page.set("digit", found));
  async function take(found, share = true) {
    shown = found;
    if (share) tell(found);
    const came = await ask(found.pixels);
    if (!came) return;
    bright = came.acts[0];
    const middle = range(784).filter((i) => bright[i] > 0.5).sort((a, b) => Math.abs(a - 400) - Math.abs(b - 400))[0];
    choose(bright[chosen] > 0 ? chosen : (middle ?? 400), false);
  }

  // how a drawing is centred, step by step
  const steps = el("div", { class: "centring" });
  const paper = pad(figure, {
    onchange(values, found) {
      steps.replaceChildren();
      if (!values) return;
      const own = { pixels: Array.from(values), label: null, own: true };
      others.follow(own);
      take(own);
      const copy = el("canvas", { width: found.side, height: found.side, role: "img", "aria-label": `your drawing, in a box from row ${found.box[0]}, column ${found.box[1]} to row ${found.box[2]}, column ${found.box[3]}` });
      const pen = copy.getContext("2d");
      const [top, left, bottom, right] = found.box;
      pen.drawImage(paper.canvas, 0, 0);
      Object.assign(pen, { strokeStyle: "#f2c14e", lineWidth: 2 });
      pen.strokeRect(left, top, right - left, bottom - top);
      const [rows, columns] = found.scaled.shape;
      const boxed = new Float32Array(784);
      for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) boxed[(r + 4) * SIDE + c + 4] = found.scaled[r * columns + c];
      const step = (picture, words) => el("div", {}, picture, el("span", {}, words));
      steps.append(step(copy, "1. a box around the ink"), step(digit(boxed, { label: "the box, scaled", size: 84 }), `2. scaled to ${rows} × ${columns}`), step(digit(values, { label: "centred", size: 84 }), `3. its centre of mass, row ${number(found.mass[0], 1)}, column ${number(found.mass[1], 1)} of the box, put in the middle`));
    },
  });
  const others = await picker(figure, { label: 3, seed: 1, draw: false, onchange: (found) => take(found, shown !== null) });
  const follow = (found) => { if (found !== shown && found?.pixels) { others.follow(found); take(found, false); } };
  page.on("digit", follow);
  follow(page.get("digit"));
  figure.controls.append(others, button("Unroll", unroll), el("details", { class: "own" }, el("summary", {}, "Draw your own"), el("div", { class: "ways-draw" }, paper, steps)));
  measure();
  new ResizeObserver(() => { if (figure.stage.clientWidth && figure.stage.clientWidth !== measured) measure(); }).observe(figure.stage);
  figure.onTheme(draw);
  unroll();
}
