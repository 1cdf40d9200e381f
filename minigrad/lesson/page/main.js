// The page: finds the engine, and brings each figure to life when it comes near.
import { connect } from "./rpc.js";
import { Figure } from "./kit.js";

const chip = document.getElementById("chip");
function say(stage, words) {
  chip.dataset.stage = stage;
  chip.querySelector(".words").textContent = words;
}

// ── light and dark ──
const theme = document.getElementById("theme");
const dark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
function tell() {
  theme.setAttribute("aria-label", isDark() ? "Switch to light" : "Switch to dark");
  dispatchEvent(new Event("themechange"));
}
const kept = (() => { try { return localStorage.getItem("theme"); } catch { return null; } })();
if (kept) document.documentElement.dataset.theme = kept;
theme.addEventListener("click", () => {
  const next = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  try { localStorage.setItem("theme", next); } catch { /* a page without storage */ }
  tell();
});
dark.addEventListener("change", tell);
tell();

// ── contents ──
const contents = document.querySelector(".contents");
contents.addEventListener("click", (event) => { if (event.target.closest("a")) contents.open = false; });
addEventListener("keydown", (event) => { if (event.key === "Escape") contents.open = false; });

// ── state in the address: #recap?seed=3&digit=4 ──
function read() {
  return new URLSearchParams(location.hash.split("?")[1] ?? "");
}

/** What figures share: the reader's digit, the seed, what training has done. Changes are events named "change:<key>". */
class Page extends EventTarget {
  state = Object.fromEntries(read());

  get(key, otherwise) {
    return this.state[key] ?? otherwise;
  }

  /** Keep a value; with `share`, in the address too. */
  set(key, value, share = false) {
    this.state[key] = value;
    if (share) {
      const words = read();
      words.set(key, value);
      history.replaceState(null, "", `${location.hash.split("?")[0] || "#"}?${words}`);
    }
    this.dispatchEvent(new CustomEvent(`change:${key}`, { detail: value }));
  }

  on(key, act) {
    this.addEventListener(`change:${key}`, ({ detail }) => act(detail));
  }

  /** The reader's network is another one now: figures that show it look again. */
  trained(detail = {}) {
    this.dispatchEvent(new CustomEvent("change:trained", { detail }));
  }

  link() {
    return location.href;
  }
}

const page = new Page();

// ── a link to a place stays there ──
// The figures above come alive, and grow, after the browser has gone to the place: until the reader moves, the page goes along.
let place = null;
const aim = () => { place = document.getElementById(location.hash.slice(1).split("?")[0]); };
const go = () => place?.scrollIntoView({ behavior: "instant" });
for (const kind of ["wheel", "touchstart", "pointerdown", "keydown"]) addEventListener(kind, () => { place = null; }, { passive: true, capture: true });
addEventListener("hashchange", aim);
aim();
new ResizeObserver(go).observe(document.getElementById("lesson"));
window.lesson = { page, figures: {} };

async function start() {
  if (location.protocol === "file:") {
    say("failed", "opened from disk: run make lesson");
    return;
  }
  say("booting", "looking for the engine");
  const engine = await connect(say);
  page.info = await engine.info();
  page.engine = engine;
  window.lesson.engine = engine;
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        window.lesson.figures[target.id] = Figure.begin(target, engine, page);
      }
    },
    { rootMargin: "900px 0px" },
  );
  document.querySelectorAll("figure[data-figure]").forEach((figure) => near.observe(figure));
  say("live", engine.live);
  document.documentElement.dataset.engine = engine.kind;
}

start().catch((error) => {
  say("failed", "no engine: words and pictures only");
  chip.title = error.message;
});
