// What the figures about two numbers share: a map with contour lines, and on it a point, a path and arrows.
import { clamp, draggable, lib, number, range, svg } from "./kit.js";

let clips = 0;
export const BANDS = 14;

/** Heights at which contour lines run: closer together at the bottom, where the paths end. */
export function levels(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) { low = Math.min(low, v); high = Math.max(high, v); }
  return range(BANDS).map((k) => low + (high - low) * ((k + 0.35) / BANDS) ** 1.6);
}

/** How much of the ink's colour a height gets, of 0..1 between the lowest and the highest. */
export const shade = (t) => 0.03 + 0.42 * clamp(t, 0, 1);

/** A map of engine.surface(): {xs, ys, values}. Gives {root, x, y, inside, over, unit, show(data)}; darker (in dark: lighter) is higher. */
export async function contourMap(data, { size = 340, label = "map", axes = ["x", "y"], ticks = true } = {}) {
  const { contours, geoPath, geoTransform } = await lib("d3");
  const [left, bottom] = ticks ? [38, 36] : [2, 2];
  const side = size - left - 6;
  const root = svg("svg", { viewBox: `0 0 ${size} ${side + bottom + 6}`, width: "100%", role: "group", "aria-label": label });
  const map = { root, size, side };
  const clip = `map${++clips}`;
  map.back = svg("g");
  map.inside = svg("g");
  map.over = svg("g");
  root.append(svg("clipPath", { id: clip }, svg("rect", { x: left, y: 6, width: side, height: side, rx: 6 })), svg("g", { "clip-path": `url(#${clip})` }, map.back, map.inside), map.over);
  map.x = (v) => left + ((v + 2) / 4) * side;
  map.y = (v) => 6 + ((2 - v) / 4) * side;
  map.unit = side / 4; // of the drawing, for 1 of the landscape
  map.invert = (event) => {
    const box = root.getBoundingClientRect();
    const scale = size / box.width;
    return [((event.clientX - box.left) * scale - left) / map.unit - 2, 2 - ((event.clientY - box.top) * scale - 6) / map.unit];
  };
  if (ticks) for (const v of [-2, -1, 0, 1, 2]) {
    const words = { "font-size": 14, fill: "var(--soft)", "aria-hidden": "true" };
    const text = v < 0 ? `−${-v}` : String(v);
    root.append(svg("text", { x: map.x(v), y: side + 23, "text-anchor": "middle", ...words }, text), svg("text", { x: left - 7, y: Math.max(12, map.y(v) + 5), "text-anchor": "end", ...words }, text));
  }
  if (ticks) root.append(svg("text", { x: map.x(0.5), y: side + 36, "text-anchor": "middle", "font-size": 14, fill: "var(--soft)" }, axes[0]), svg("text", { x: 10, y: map.y(0.5), "text-anchor": "middle", "font-size": 14, fill: "var(--soft)", transform: `rotate(-90 10 ${map.y(0.5)})` }, axes[1]));
  map.show = ({ xs, values }) => {
    const n = xs.length;
    const cell = side / (n - 1);
    const path = geoPath(geoTransform({ point(i, j) { this.stream.point(left + (i - 0.5) * cell, 6 + side - (j - 0.5) * cell); } }));
    const heights = levels(values);
    const found = contours().size([n, n]).thresholds(heights)(Array.from(values));
    const ink = (k) => `color-mix(in srgb, var(--ink) ${(100 * shade(k / BANDS)).toFixed(1)}%, var(--sheet))`;
    map.back.replaceChildren(
      svg("rect", { x: left, y: 6, width: side, height: side, fill: ink(0) }),
      ...found.map((shape, k) => svg("path", { d: path(shape) ?? "", fill: ink(k + 1), stroke: "var(--ink)", "stroke-width": 0.7, "stroke-opacity": 0.28 })),
    );
  };
  if (data) map.show(data);
  return map;
}

/** The gold point on a map that the reader drags; `onmove([x, y])`. `.put([x, y], words)`. */
export function pointOn(map, { label, onmove, step = 0.1, radius = 10 }) {
  const grip = svg("g", {}, svg("circle", { r: 27, fill: "transparent" }), svg("circle", { r: radius, fill: "var(--gold-fill)", stroke: "var(--sheet)", "stroke-width": 2.5 }));
  let at = [0, 0];
  const to = ([x, y]) => onmove([clamp(x, -2, 2), clamp(y, -2, 2)]);
  draggable(grip, map.root, { label, value: 0, move: (event) => to(map.invert(event)), nudge: (dx, dy) => to([at[0] + step * dx, at[1] + step * dy]) });
  map.back.style.cursor = "pointer";
  map.back.addEventListener("click", (event) => to(map.invert(event)));
  map.over.append(grip);
  grip.put = (p, words = "") => {
    at = [p[0], p[1]];
    grip.setAttribute("transform", `translate(${safe(map.x(p[0]))} ${safe(map.y(p[1]))})`);
    grip.setAttribute("aria-valuenow", clamp(p[0], -1e6, 1e6).toFixed(2));
    grip.setAttribute("aria-valuetext", `x ${short(p[0])}, y ${short(p[1])}${words && `, ${words}`}`);
  };
  return grip;
}

/** A coordinate with two digits after the point, 0.00 for what is as good as nothing. */
export const short = (v) => number(Math.abs(v) < 0.005 ? 0 : v, 2);

const safe = (v) => (Number.isFinite(v) ? clamp(v, -1e4, 1e4) : -1e4).toFixed(1);

/** A path on a map, a dot for each step. `.put(path: x and y in turn, upto)`. */
export function pathOn(map, { colour = "var(--gold)", dots = 3.2, width = 2.2 } = {}) {
  const line = svg("polyline", { fill: "none", stroke: colour, "stroke-width": width, "stroke-linejoin": "round" });
  const marks = svg("g", { fill: colour });
  map.inside.append(line, marks);
  const group = { line, marks };
  group.put = (path, upto = path.length / 2 - 1) => {
    const places = range(upto + 1).map((i) => [safe(map.x(path[2 * i])), safe(map.y(path[2 * i + 1]))]);
    line.setAttribute("points", places.map((p) => p.join(",")).join(" "));
    marks.replaceChildren(...places.map(([cx, cy]) => svg("circle", { cx, cy, r: dots })));
  };
  return group;
}

/** An arrow on a map, lengths in the drawing's units. `.put([x, y], [dx, dy])` from a point of the landscape along dx, dy (y up). */
export function arrowOn(map, { colour, width = 3.5, into = map.over }) {
  const line = svg("path", { fill: "none", stroke: colour, "stroke-width": width, "stroke-linecap": "round", "stroke-linejoin": "round" });
  into.append(line);
  line.put = (from, [dx, dy]) => {
    const [x, y] = [map.x(from[0]), map.y(from[1])];
    const length = Math.hypot(dx, dy);
    const [ux, uy] = length > 0 ? [dx / length, -dy / length] : [0, 0];
    const [ex, ey] = [x + dx, y - dy];
    const head = Math.min(11, length * 0.6);
    const wing = (turn) => `${safe(ex - head * (ux - turn * uy * 0.55))} ${safe(ey - head * (uy + turn * ux * 0.55))}`;
    line.setAttribute("d", length < 1 ? "" : `M${safe(x)} ${safe(y)}L${safe(ex)} ${safe(ey)}M${wing(1)}L${safe(ex)} ${safe(ey)}L${wing(-1)}`);
  };
  return line;
}

/** The whole surface, in pieces small enough that nothing waits for it. */
export async function surfaceOf(engine, kind, n = 41, net = "trained") {
  const piece = kind === "cost" ? 7 : n;
  let all = null;
  for (let start = 0; start < n; start += piece) {
    const part = await engine.surface({ kind, n, start, rows: Math.min(piece, n - start), net });
    all ??= { ...part, values: new Float64Array(n * n), ys: new Float64Array(n) };
    all.values.set(part.values, start * n);
    all.ys.set(part.ys, start);
  }
  return all;
}

export const KINDS = [["bowl", "bowl"], ["canyon", "canyon"], ["valleys", "two valleys"], ["saddle", "saddle"], ["cost", "our real cost"]];
