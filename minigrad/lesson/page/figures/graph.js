// Row 23: the computation graph of one digit's cost as minigrad writes it and graphviz lays it out: values go forward, then
// gradients come back in the order of the tape.
import { button, el, lib, number, pause, picker, still, svg } from "../kit.js";

const BEAT = 420; // milliseconds a box
const SCALE = 1.25; // of the drawing: its smallest words have 9 points
const SAYS = {
  linear: "Weights times inputs, plus the bias: one sum for each neuron.",
  sigmoid: "Squashes each sum into 0 to 1.",
  sub: "Outputs minus what was wanted.",
  square: "Each gap, squared.",
  sum: "All ten squares added up.",
  div: "Divided by the number of digits, which is one here.",
};

export default async function graph(figure, engine, page) {
  figure.python("graph");
  const { Graphviz } = await lib("graphviz");
  const graphviz = await Graphviz.load();
  let lesson = null;
  let told = null; // the engine's answer
  let boxes = new Map(); // id -> { node, shape: the <g>, chip }
  let done = 0; // boxes lit: first those of `forward`, then those of `backward`
  let chosen = null;
  let turn = 0;
  let touched = false;

  const view = el("div", { class: "scroll tape", tabindex: 0, role: "region", "aria-label": "the computation graph, from the pixels on the left to the cost on the right" });
  // The whole drawing once more, small, and which part of it is in view. It steps down from left to right: whoever scrolls
  // sideways goes down with it.
  const part = svg("rect", { fill: "none", stroke: "var(--gold)", "stroke-width": 2, "vector-effect": "non-scaling-stroke", rx: 6 });
  const small = svg("svg", { width: "100%", "aria-hidden": "true", style: "cursor:pointer" });
  small.addEventListener("click", (event) => { const box = small.getBoundingClientRect(); view.scrollTo({ left: ((event.clientX - box.left) / box.width) * view.scrollWidth - view.clientWidth / 2, behavior: still() ? "auto" : "smooth" }); });
  function frame() {
    const drawing = view.firstChild;
    if (!drawing) return;
    const [wide, tall] = [drawing.clientWidth || 1, drawing.clientHeight || 1];
    const top = (view.scrollLeft / Math.max(1, wide - view.clientWidth)) * Math.max(0, tall - view.clientHeight);
    drawing.style.transform = `translateY(${-top}px)`;
    if (view.scrollTop) view.scrollTop = 0; // a box that gets the focus is brought into view sideways only (to set it ends a smooth scroll)
    const share = 1 / SCALE;
    Object.entries({ x: view.scrollLeft * share, y: top * share, width: view.clientWidth * share, height: Math.min(tall, view.clientHeight) * share }).forEach(([k, v]) => part.setAttribute(k, v));
  }
  view.addEventListener("scroll", frame);
  new ResizeObserver(frame).observe(view);
  const chips = el("div", { class: "chips", role: "group", "aria-label": "the boxes, in the order of the computation" });
  const detail = el("div", { class: "box" });
  const drive = el("div", { class: "controls drive" });
  figure.stage.append(el("div", { class: "tape whole" }, small), view, drive, chips, el("p", { class: "aside" }, "Blue: the box has its value. Gold: its gradient has come back to it. Click a box for its numbers."), detail);

  const name = (node) => node.name && node.operation ? `${node.name} = ${node.operation}` : node.name || node.operation || node.text;
  const shape = (node) => (node.shape.length ? node.shape.join(" × ") : "one number");
  const last = () => told.forward.length + told.backward.length;
  const stage = () => (done === 0 ? "start" : done < told.forward.length ? "going forward" : done === told.forward.length ? "forward" : done < last() ? "going backward" : "backward");
  const hasValue = (id) => told.forward.indexOf(id) < done;
  const hasGradient = (id) => { const at = told.backward.indexOf(id); return at >= 0 && at < done - told.forward.length; };

  const load = figure.latest(async () => {
    const found = await engine.graph({ ...lesson, net: "mine" });
    const drawing = new DOMParser().parseFromString(graphviz.layout(found.dot, "svg", "dot"), "image/svg+xml").documentElement;
    told = found;
    const [, , width, height] = drawing.getAttribute("viewBox").split(" ").map(Number);
    Object.entries({ width: width * SCALE, height: height * SCALE, role: "group", "aria-label": "computation graph" }).forEach(([k, v]) => drawing.setAttribute(k, v));
    drawing.style.maxWidth = "none";
    const shapes = new Map([...drawing.querySelectorAll("g.node")].map((g) => [g.querySelector("title").textContent, g]));
    for (const title of drawing.querySelectorAll("title")) title.remove(); // no tooltips of "n3"
    const copy = drawing.cloneNode(true);
    const twins = new Map([...shapes.keys()].map((id, i) => [id, copy.querySelectorAll("g.node")[i]]));
    for (const it of copy.querySelectorAll("[id]")) it.removeAttribute("id");
    boxes = new Map(told.nodes.map((node) => {
      const g = shapes.get(node.id);
      Object.entries({ tabindex: -1, role: "button", "data-box": node.id, "aria-label": `${name(node)}, ${shape(node)}` }).forEach(([k, v]) => g.setAttribute(k, v));
      g.addEventListener("click", () => choose(node.id));
      g.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(node.id); } });
      const chip = el("button", { type: "button", "data-chip": node.id, onclick: () => { choose(node.id); follow(node.id); } }, name(node));
      return [node.id, { node, shape: g, chip, twin: twins.get(node.id) }];
    }));
    for (const { shape: g } of boxes.values()) g.setAttribute("tabindex", 0);
    view.replaceChildren(document.importNode(drawing, false));
    view.firstChild.append(...drawing.childNodes);
    small.setAttribute("viewBox", `0 0 ${width} ${height}`);
    small.replaceChildren(...copy.childNodes, part);
    frame();
    chips.replaceChildren(...told.forward.map((id) => boxes.get(id).chip));
    show();
    choose(chosen && boxes.has(chosen) ? chosen : told.forward.at(-1));
  });

  /** Light what has its value, and what has its gradient. */
  function show(newest = null) {
    const parameters = told.nodes.filter((n) => n.kind === "parameter");
    for (const [id, { shape: g, chip, twin }] of boxes) {
      for (const it of [g, chip, twin]) {
        it.classList.toggle("valued", hasValue(id));
        it.classList.toggle("graded", hasGradient(id));
        it.classList.toggle("newest", id === newest);
        it.classList.toggle("chosen", id === chosen);
      }
    }
    figure.tell({ stage: stage(), boxes: boxes.size, done, graded: parameters.filter((n) => hasGradient(n.id)).length, parameters: parameters.length, cost: told.cost });
    if (done >= last() && touched) figure.reached(); // not by looking on
    if (chosen) explain();
  }

  function choose(id) {
    chosen = id;
    figure.tell({ chosen: id });
    show();
  }

  function numbers(found) {
    if (!found) return "none";
    if (found.numbers?.length === 1) return number(found.numbers[0], 4);
    if (found.numbers) return [...found.numbers].map((v) => number(v, Math.abs(v) < 0.01 ? 4 : 2)).join("  ");
    return `from ${number(found.min, 4)} to ${number(found.max, 4)}, mean ${number(found.mean, 5)}, length ${number(found.norm, 3)}`;
  }

  function explain() {
    const { node } = boxes.get(chosen);
    const fixed = node.kind === "input" || node.kind === "constant";
    const grad = fixed ? "none: it is given, there is nothing to learn" : hasGradient(node.id) ? numbers(node.gradient) : "not yet: it comes with Backward";
    const value = hasValue(node.id) ? (node.value ? numbers(node.value) : node.text) : "not yet: it comes with Forward";
    const open = detail.querySelector("details")?.open;
    detail.replaceChildren(
      el("h3", { class: "small" }, name(node), " ", el("small", {}, node.kind)),
      el("dl", {}, el("dt", {}, "shape"), el("dd", {}, shape(node)), el("dt", {}, "value"), el("dd", { class: "numbers" }, value), el("dt", {}, "gradient"), el("dd", { class: "numbers" }, grad), node.rules.length ? el("dt", {}, "backward") : null, node.rules.length ? el("dd", {}, node.rules.map((rule) => el("code", {}, rule))) : null),
      SAYS[node.operation] ? el("p", { class: "aside" }, SAYS[node.operation], node.rules.length ? " Going back, g is the gradient that arrives from the right." : "") : "",
      node.source ? el("details", { open }, el("summary", {}, "As it is written in minigrad"), el("pre", { tabindex: 0, "aria-label": `source of ${node.operation}` }, el("code", {}, node.source))) : "",
    );
    figure.tell({ value: node.value?.norm, gradient: hasGradient(node.id) ? node.gradient?.norm : "" });
  }

  /** Scroll the drawing sideways, so that a box can be seen. */
  function follow(id) {
    const g = boxes.get(id).shape.getBoundingClientRect();
    const box = view.getBoundingClientRect();
    view.scrollTo({ left: view.scrollLeft + g.left + g.width / 2 - box.left - box.width / 2, behavior: still() ? "auto" : "smooth" });
  }

  const at = () => (done <= told.forward.length ? told.forward[done - 1] : told.backward[done - told.forward.length - 1]);
  function one() {
    if (done >= last()) done = 0;
    done += 1;
    chosen = at();
    show(chosen);
    follow(chosen);
  }

  async function run(until, beat = still() ? 0 : BEAT) {
    const mine = ++turn;
    while (done < until && mine === turn) {
      one();
      if (beat) await pause(beat);
    }
    if (mine !== turn) return;
    show();
    figure.say(done <= told.forward.length ? `Forward: every box has its value, and the cost of this digit is ${number(told.cost, 4)}.` : "Backward: from the cost back to the weights, every parameter has its gradient now. That is all that a step downhill needs.");
  }

  const forward = () => { if (done >= told.forward.length) done = 0; return run(told.forward.length); };
  const backward = async () => { if (done < told.forward.length) { done = told.forward.length; show(); } else if (done >= last()) { done = told.forward.length; show(); } return run(last()); };
  const free = (act) => () => { turn += 1; act(); };
  drive.append(
    button("Forward", free(forward), { main: true }),
    button("Backward", free(backward)),
    button("One box", free(one)),
    button("Start anew", free(() => { done = 0; chosen = told.forward[0]; show(); follow(chosen); })),
  );
  // The digit that the reader last chose, if it is known what it shows.
  const shared = page.get("digit");
  const known = shared?.pixels && shared.label !== null;
  figure.controls.append(await picker(figure, { label: known ? shared.label : 3, seed: 2, draw: false, onchange: (found) => {
    const { pixels, label } = lesson || !known ? found : shared;
    const again = lesson;
    lesson = { pixels: Array.from(pixels), label };
    if (again) load();
  } }));
  view.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || event.target === view) return;
    event.preventDefault();
    const order = told.forward;
    const next = order[Math.min(order.length - 1, Math.max(0, order.indexOf(event.target.closest("[data-box]").dataset.box) + by))];
    boxes.get(next).shape.focus({ preventScroll: true });
    choose(next);
    follow(next);
  });
  for (const kind of ["pointerdown", "keydown", "click"]) figure.plate.addEventListener(kind, () => { touched = true; }, true);
  figure.onTrained(() => load());
  await load();
  figure.say("Values go forward, box by box, to the cost; gradients come back the other way.");

  // For those who touch nothing: once forward, once back.
  (async () => {
    const mine = turn;
    if (!still()) while (!figure.near) await pause(300);
    await pause(still() ? 0 : 1200);
    if (touched || mine !== turn) return;
    await forward();
    if (!touched) await backward();
  })().catch((error) => figure.fail(error));
}
