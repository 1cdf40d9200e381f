// Python in the page, in a worker, so that the page never waits for it.
import { loadPyodide } from "./lib/pyodide/pyodide.mjs";
import { boot } from "./boot.js";

const STAGES = {
  python: "Python is loading",
  numpy: "NumPy is loading",
  minigrad: "minigrad is loading",
  digits: "the digits are loading",
  ready: "ready",
};

async function start() {
  const read = async (path) => {
    const answer = await fetch(path);
    if (!answer.ok) throw new Error(`${path} is not there: ${answer.status}`);
    return answer.arrayBuffer();
  };
  const indexURL = new URL("lib/pyodide/", import.meta.url).href;
  const ask = await boot({ loadPyodide, indexURL, read, progress: (stage) => postMessage({ stage: STAGES[stage] }) });
  onmessage = async ({ data: { id, method, request } }) => {
    try {
      const bytes = (await ask(method, request)).slice().buffer;
      postMessage({ id, bytes }, [bytes]);
    } catch (error) { // Python itself has ended: what it says of its own errors are answers
      postMessage({ failed: String(error.message ?? error).trim().split("\n").at(-1) });
    }
  };
  postMessage({ ready: true });
}

start().catch((error) => postMessage({ failed: String(error.message ?? error) }));
