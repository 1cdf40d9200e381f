// Row 11: a wild curve, five looks to find its lowest point; and what trying everything would take.
import { button, clamp, el, hover, number, range, slider, svg } from "../kit.js";
import { curveChart, tangentOn } from "../curves.js";

const LOOKS = 5;
const UNIVERSE = 4.35e17; // seconds since its beginning
const PARAMETERS = 13002;

/** A time in seconds, given as a power of ten, in words. */
function long(power) {
  const seconds = 10 ** power;
  if (power < 0) return `${number(1000 * seconds, 1)} milliseconds`;
  for (const [name, size, most] of [["seconds", 1, 120], ["minutes", 60, 120], ["hours", 3600, 72], ["days", 86400, 800], ["years", 3.156e7, 1e6]]) {
    if (seconds < size * most) return `${number(seconds / size, 1)} ${name}`;
  }
  const times = power - Math.log10(UNIVERSE);
  return times < 0 ? `${number(seconds / 3.156e7 / 1e6, 0)} million years` : el("span", {}, "10", el("sup", {}, number(Math.round(times), 0)), " times the age of the universe");
}

export default async function wild(figure, engine) {
  figure.python("slope", "curve1d");
  const box = el("div");
  const meter = el("div", { class: "meter" });
  figure.stage.append(box);
  figure.plate.append(meter);
  let seed = 4;
  let hidden = false;
  let data, drawn, best, looks, busy, deep;

  async function fresh() {
    data = await engine.curve1d({ kind: "wild", seed });
    const low = Math.floor(Math.min(...data.lows) - 0.4);
    const high = Math.ceil(Math.max(...data.values) + 0.2);
    drawn = curveChart(figure, data, { x: [-4, 4], y: [low, high], height: 300, label: hidden ? "a hidden curve: click to look at a place" : `a wild curve with ${data.minima.length} valleys` });
    [best, looks, busy, deep] = [null, 0, false, false];
    drawn.curve.setAttribute("visibility", hidden ? "hidden" : "visible");
    if (hidden) {
      const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(drawn.back.getAttribute(name)));
      drawn.fog = svg("g", { "pointer-events": "none" }, svg("rect", { x, y, width, height, fill: "var(--wash)" }), svg("text", { x: x + width / 2, y: y + height / 2, "text-anchor": "middle", style: "font-size:calc(15px * var(--unit, 1))", fill: "var(--soft)" }, "hidden: press anywhere to look"));
      drawn.inside.prepend(drawn.fog);
    } else valleys();
    aim();
    box.replaceChildren(drawn.root);
    figure.tell({ best: "", lowest: data.lowest.value, looks, seed, hidden, deep });
  }

  /** A gold line at the place a look would show: moved by pointer or arrow keys. */
  function aim() {
    let w = 0;
    const line = svg("line", { stroke: "var(--gold-fill)", "stroke-width": 3, opacity: 0.8 });
    const area = svg("rect", { fill: "transparent", tabindex: 0, role: "slider", "aria-label": "place to look at; Enter looks", "aria-valuemin": -4, "aria-valuemax": 4, style: "cursor:crosshair" });
    for (const name of ["x", "y", "width", "height"]) area.setAttribute(name, drawn.back.getAttribute(name));
    const put = (v) => {
      line.setAttribute("visibility", looks < LOOKS ? "visible" : "hidden");
      w = clamp(v, -4, 4);
      for (const [key, value] of Object.entries({ x1: drawn.x(w), x2: drawn.x(w), y1: Number(area.getAttribute("y")), y2: Number(area.getAttribute("y")) + Number(area.getAttribute("height")) })) line.setAttribute(key, value);
      area.setAttribute("aria-valuenow", w.toFixed(2));
      area.setAttribute("aria-valuetext", `w ${number(w, 2)}`);
    };
    hover(area, (event) => put(drawn.invert(event)[0]));
    area.addEventListener("click", (event) => { put(drawn.invert(event)[0]); look(w); });
    area.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -0.1, ArrowRight: 0.1, ArrowDown: -0.1, ArrowUp: 0.1 }[event.key];
      if (by) { event.preventDefault(); put(w + by * (event.shiftKey ? 5 : 1)); }
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); look(w); }
    });
    area.addEventListener("focus", () => put(w));
    put(w);
    if (!hidden) line.setAttribute("visibility", "hidden"); // until the reader points somewhere
    drawn.aim = line;
    drawn.over.append(line, area);
  }

  function valleys() {
    data.minima.forEach((w, i) => {
      const lowest = w === data.lowest.x;
      drawn.inside.append(svg("circle", { cx: drawn.x(w), cy: drawn.y(data.lows[i]), r: lowest ? 8 : 5, fill: lowest ? "var(--good)" : "var(--sheet)", stroke: lowest ? "var(--sheet)" : "var(--ink)", "stroke-width": 2 }));
    });
    drawn.inside.append(svg("text", { x: drawn.x(data.lowest.x), y: drawn.y(data.lowest.value) + 22, "text-anchor": "middle", style: "font-size:calc(13px * var(--unit, 1))", "font-weight": 650, fill: "var(--good)" }, "lowest"));
  }

  /** Is w in the deepest valley: does the curve fall all the way from there to the lowest point? */
  function inDeepest(w) {
    const low = data.lowest.x;
    return Array.from(data.xs).every((x, i) => x <= Math.min(w, low) || x >= Math.max(w, low) || data.slopes[i] * (w - low) > 0);
  }

  async function look(w) {
    if (looks >= LOOKS || busy) return;
    busy = true;
    const here = drawn;
    const { value, slope } = await engine.slope({ kind: "wild", w, seed });
    if (here !== drawn) return;
    busy = false;
    looks += 1;
    const better = best === null || value < best;
    if (better) best = value;
    deep ||= inDeepest(w);
    drawn.fog?.querySelector("text")?.remove();
    tangentOn(drawn, { reach: 22 }).put(w, value, slope);
    drawn.inside.append(svg("circle", { cx: drawn.x(w), cy: drawn.y(value), r: 7, fill: "var(--gold-fill)", stroke: "var(--sheet)", "stroke-width": 2 }), svg("text", { x: drawn.x(w) + 9, y: drawn.y(value) - 9, style: "font-size:calc(13px * var(--unit, 1))", "font-weight": 650, fill: "var(--gold-text)" }, String(looks)));
    figure.tell({ best, lowest: data.lowest.value, looks, deep });
    if (looks < LOOKS) return figure.say(`Look ${looks} of ${LOOKS}: cost ${number(value, 2)}${better ? ", the best so far" : `; the best so far is ${number(best, 2)}`}. The short line shows the slope there.`);
    drawn.aim.setAttribute("visibility", "hidden");
    if (hidden) { drawn.fog.remove(); drawn.curve.setAttribute("visibility", "visible"); valleys(); }
    if (deep && hidden) figure.reached();
    figure.say(`Your best cost is ${number(best, 2)}; the lowest is ${number(data.lowest.value, 2)}. `, !hidden ? (deep ? "On a curve you can see that is easy. Hide one." : "The curve was in plain sight. Now hide one.") : deep ? "One of your looks was in the deepest valley, by luck: nothing told you so. Now imagine 13,002 directions to look in." : `There are ${data.minima.length} valleys, and five looks do not tell which is the deepest. Hide a new one?`);
  }

  async function again(hide) {
    seed += 1;
    hidden = hide;
    await fresh();
    figure.say(hidden ? "Now the curve is hidden. Press anywhere (or move the gold line with the arrow keys, and press Enter): a look shows the cost and the slope at that place. You have five." : `Another curve: ${data.minima.length} valleys, one of them the lowest.`);
  }

  // what a grid would take, by the time one look at our network's cost takes here
  const times = [];
  for (const _ of range(3)) { const start = performance.now(); await engine.dataset_cost({ net: "trained", n: 100 }); times.push(performance.now() - start); }
  const one = Math.max(0.1, Math.min(...times)) / 1000;
  const words = el("p", { class: "tries", "aria-live": "polite" });
  const tell = (n) => {
    const power = Math.round(n);
    words.replaceChildren(el("strong", {}, "10", el("sup", {}, number(power, 0))), " tries. One takes ", number(one * 1000, 1), " ms here (our network's cost on 100 digits), all of them ", el("strong", {}, long(power + Math.log10(one))), ".");
    figure.tell({ parameters: power });
  };
  const count = slider({ label: "Parameters, 10 values tried for each", min: 1, max: PARAMETERS, value: PARAMETERS, scale: "log", format: (v) => number(Math.round(v), 0), oninput: tell });
  count.input.step = "any"; // so that the last of them is 13,002 exactly
  count.set(PARAMETERS);
  meter.append(el("h3", {}, "Why not try everything?"), count, words);
  tell(PARAMETERS);
  const act = (hide) => () => again(hide).catch((error) => figure.fail(error));
  figure.controls.append(button("Hide a new one: five looks", act(true), { main: true }), button("Another curve, shown", act(false)));
  await fresh();
  figure.say(`Not every cost is a simple bowl: this curve has ${data.minima.length} valleys (rings). Setting the slope to 0 gives all of them, and the tops too. Which is the lowest? Easy to see; so hide one, and look for it.`);
}
