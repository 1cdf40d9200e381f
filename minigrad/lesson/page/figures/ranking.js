// Row 9: four outputs for a "4", to be put in order by the reader; then the engine says what each costs, and why.
import { button, el, number, range, svg } from "../kit.js";

const PLACES = ["first", "second", "third", "last"];

/** Ten outputs as columns; the one wanted at 1 has a dashed frame up to 1. */
function columns(outputs, label) {
  const [step, height] = [30, 54];
  const root = svg("svg", { viewBox: `0 0 ${10 * step} ${height + 20}`, width: "100%", role: "img" });
  range(10).forEach((i) => {
    const x = i * step + 4;
    const size = Math.max(outputs[i] * height, 1.5);
    root.append(
      svg("rect", { x, y: 2, width: step - 8, height, rx: 3, fill: "var(--wash)" }),
      svg("rect", { x, y: 2 + height - size, width: step - 8, height: size, rx: 2, fill: "var(--blue)" }),
      svg("text", { x: i * step + step / 2, y: height + 17, "text-anchor": "middle", "font-weight": i === label ? 750 : 450, fill: i === label ? "var(--ink)" : "var(--soft)" }, String(i)),
    );
    if (i === label) root.append(svg("rect", { x: x - 2, y: 1, width: step - 4, height: height + 2, rx: 4, fill: "none", stroke: "var(--ink)", "stroke-width": 1.6, "stroke-dasharray": "4 3" }));
  });
  root.setAttribute("aria-label", `outputs ${[...outputs].map((v, i) => `${i}: ${number(v, 2)}`).join(", ")}`);
  return root;
}

export default async function ranking(figure, engine) {
  figure.python("ranking", "cost");
  const { names, outputs, costs, why, order: best, label } = await engine.ranking();
  const list = el("ol", { class: "ranking", "aria-label": "Four outputs, highest cost first" });
  const items = () => [...list.children];
  const order = () => items().map((item) => item.dataset.name);

  names.forEach((name, i) => {
    const grip = el("span", { class: "grip", "aria-hidden": "true", title: "drag" }, "⠿");
    const up = button("▲", () => move(item, -1, up), { "aria-label": `Move ${name} up` });
    const down = button("▼", () => move(item, 1, down), { "aria-label": `Move ${name} down` });
    const verdict = el("p", { class: "verdict" });
    const item = el("li", { "data-name": name }, grip, el("strong", { class: "name" }, name), el("div", { class: "outs" }, columns(outputs.subarray(10 * i, 10 * i + 10), label)), el("span", { class: "moves" }, up, down), verdict);
    item.addEventListener("keydown", (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (by) { event.preventDefault(); move(item, by, event.target); }
    });
    let held = false;
    grip.addEventListener("pointerdown", (event) => { event.preventDefault(); held = true; grip.setPointerCapture(event.pointerId); item.classList.add("held"); });
    grip.addEventListener("pointermove", (event) => {
      if (!held) return;
      // the others step aside: the one held stays in the document, or it would lose the pointer
      const [above, below] = [item.previousElementSibling, item.nextElementSibling];
      const middle = (other) => { const box = other.getBoundingClientRect(); return box.top + box.height / 2; };
      if (above && event.clientY < middle(above)) { item.after(above); moved(item); }
      else if (below && event.clientY > middle(below)) { item.before(below); moved(item); }
    });
    for (const end of ["pointerup", "pointercancel"]) grip.addEventListener(end, () => { held = false; item.classList.remove("held"); });
    list.append(item);
  });

  function move(item, by, focus) {
    const other = by < 0 ? item.previousElementSibling : item.nextElementSibling;
    if (!other) return;
    if (by < 0) item.after(other); else item.before(other);
    focus.focus({ preventScroll: true });
    moved(item);
  }

  function moved(item) {
    hide();
    figure.say(el("strong", {}, item.dataset.name), ` is now ${PLACES[order().indexOf(item.dataset.name)]}. `, intro());
  }

  const intro = () => "Highest cost on top: drag, press ▲ ▼, or use the arrow keys. Then check.";

  function hide() {
    items().forEach((item) => { item.querySelector(".verdict").textContent = ""; });
    figure.tell({ order: order().join(","), state: "open" });
  }

  function reveal() {
    const most = Math.max(...costs);
    for (const item of items()) {
      const i = names.indexOf(item.dataset.name);
      const bar = el("span", { class: "amount", style: { width: `${Math.max(0.5, (45 * costs[i]) / most)}%` } });
      item.querySelector(".verdict").replaceChildren(bar, el("span", {}, el("strong", {}, `cost ${number(costs[i], 2)}`), `: ${why[i]}`));
    }
  }

  function check() {
    const now = order();
    const wrong = now.findIndex((name, i) => i < 3 && best.indexOf(name) > best.indexOf(now[i + 1]));
    figure.tell({ order: now.join(","), state: wrong < 0 ? "right" : "wrong" });
    if (wrong < 0) {
      reveal();
      figure.say(el("strong", {}, "Right. "), "Many medium gaps can cost more than one complete miss: gaps are squared, then added up.");
      figure.reached();
      return;
    }
    const right = now.filter((name, i) => name === best[i]).length;
    figure.say(el("strong", {}, "Not yet. "), `${right === 0 ? "None is" : right === 1 ? "One is" : `${right} are`} in its place. Look again at ${now[wrong]} and ${now[wrong + 1]}: take each column's gap to what is wanted, square it, and add up all ten.`);
  }

  figure.stage.append(el("p", { class: "aside" }, `Each row is a network's ten outputs for the same image of a ${label}. Wanted: the framed column full, the other nine empty.`), list);
  figure.controls.append(
    button("Check my order", check, { main: true }),
    button("Show the answer", () => { list.append(...best.map((name) => items().find((item) => item.dataset.name === name))); reveal(); figure.tell({ order: order().join(","), state: "shown" }); figure.say("The engine's order, highest cost first."); }),
  );
  figure.say(intro());
  hide();
}
