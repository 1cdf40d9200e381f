// Row 25: where to go on.
import { el } from "../kit.js";

export default async function journey(figure) {
  const way = (href, title, text) => el("li", {}, el("a", { href }, title), el("span", {}, text));
  figure.stage.append(
    el("ul", { class: "ways-on" },
      way("#graph", "The graph above, once more", "Backpropagation on the very network you trained: watch the order in which gradients arrive."),
      way("docs/engine.html", "The engine, read in fifteen minutes", "Every operation is a function of arrays and one gradient rule for each operand."),
      way("docs/gradients.html", "Every gradient, checked", "Each operation beside finite differences: the test behind “measured change against gradient · ε”."),
      way("docs/lesson.html", "This page", "How it is made, and how it is tested.")));
  figure.tell({ links: figure.stage.querySelectorAll("a").length });
}
