// Row 24: the reader's own numbers on the cards; the network to take away; a Python prompt where Python is in the page.
import { button, el, number, percent } from "../kit.js";

export default async function takeaways(figure, engine, page) {
  figure.python("save", "load", "test");
  const card = (name) => document.querySelector(`.card[data-card="${name}"] .own`);
  const code = el("pre", { class: "code", tabindex: "0", "aria-label": "Python that goes on with your network" });
  const file = el("input", { type: "file", accept: ".npz", class: "unseen", tabindex: "-1", "aria-hidden": "true" });

  async function look() {
    const info = await engine.info();
    const [train, unseen, slope] = await Promise.all([
      engine.dataset_cost({ net: "mine", n: 1000 }),
      engine.test({ net: "mine", start: 0, count: 2000 }),
      engine.gradient({ net: "mine", start: 0, count: 100 }),
    ]);
    card("learning").textContent = `Your network: ${number(info.parameters)} numbers, cost ${number(train.cost, 3)} on 1,000 training digits, ${percent(unseen.accuracy)} of 2,000 unseen digits right.`;
    card("descent").textContent = `You took ${number(info.steps)} steps downhill and showed it ${number(info.seen)} digits.`;
    const { link, text, gradient } = { ...slope.strongest[0], link: slope.strongest[0].index };
    card("gradient").textContent = `Its gradient has length ${number(slope.norm, 4)} now; the steepest of all is the ${text} (number ${number(link)}): ${number(gradient, 4, true)}.`;
    figure.tell({ accuracy: unseen.accuracy, cost: train.cost, steps: info.steps });
  }

  const download = button("Download my-network.npz", async () => {
    try {
      const saved = await engine.save({ net: "mine" });
      const url = URL.createObjectURL(new Blob([saved.file], { type: "application/zip" }));
      el("a", { href: url, download: saved.name }).click();
      setTimeout(() => URL.revokeObjectURL(url), 1000);
      code.textContent = saved.code;
      figure.tell({ saved: saved.file.length });
      figure.say("Put the file beside these lines, in a checkout of minigrad, and go on.");
      figure.reached();
    } catch (error) { figure.fail(error); }
  }, { main: true });

  const load = button("Load an .npz", () => file.click());
  file.addEventListener("change", async () => {
    try {
      const bytes = new Uint8Array(await file.files[0].arrayBuffer());
      const { parameters } = await engine.load({ file: bytes });
      figure.say(`${number(parameters)} numbers loaded: the figures above show your file's network now.`);
      figure.error.textContent = "";
      page.set("own", true);
      page.trained({ from: "file" });
    } catch (error) { figure.say(""); figure.fail(error); }
    file.value = "";
  });

  const share = button("Copy a link", async () => {
    const { seeds } = await engine.info();
    page.set("seed", seeds.mine, true);
    try { await navigator.clipboard.writeText(page.link()); figure.say("Copied. Whoever opens it starts from the same random numbers."); }
    catch { figure.say(`This is the link: ${page.link()}`); }
    figure.tell({ link: page.link() });
  });

  figure.stage.append(el("p", { class: "intro" }, "The cards above hold the numbers of your own network. It is yours: take it with you, and go on with it in Python."), code, file);
  figure.controls.append(download, load, share, button("Measure again", () => look().catch((error) => figure.fail(error))));
  code.textContent = (await engine.save({ net: "mine" })).code;

  if (engine.kind === "wasm") figure.stage.append(prompt(figure, engine));
  else figure.stage.append(el("p", { class: "aside" }, "Python runs on this machine, not in the page: for a prompt, start python beside it. A copy of this page on a web server has one right here."));
  figure.onTrained(() => look().catch((error) => figure.fail(error)));
  await look();
}

/** A small Python prompt in which `net` is the reader's network. */
function prompt(figure, engine) {
  const out = el("pre", { class: "code", tabindex: "0", "aria-live": "polite", "aria-label": "what Python answered" });
  const input = el("textarea", { rows: 3, spellcheck: "false", autocapitalize: "off", "aria-label": "Python: net is your network, lesson the engine" });
  input.value = "import minigrad\nnet(minigrad.zeros(1, 784))";
  const run = async () => {
    try {
      const { text, failed } = await engine.run({ code: input.value });
      out.textContent += `${input.value.replace(/^/gm, ">>> ")}\n${text}${text.endsWith("\n") || !text ? "" : "\n"}`;
      out.scrollTop = out.scrollHeight;
      figure.tell({ answer: text.trim().slice(0, 200), answered: failed ? "error" : "well" });
    } catch (error) { figure.fail(error); }
  };
  input.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run(); } });
  return el("div", { class: "prompt" }, el("h3", {}, "A Python prompt, with your network in it"), out, input, el("div", { class: "controls" }, button("Run (Ctrl+Enter)", run)));
}
