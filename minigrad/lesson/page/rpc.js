// The engine, wherever it runs: `engine.forward({pixels})` gives a promise of what the method of that name returns.
// Two transports carry the same bytes: a server on this machine, and Python inside a worker of this page.

const KINDS = { f4: Float32Array, f8: Float64Array, u1: Uint8Array, i4: Int32Array };

/** An answer: a header of JSON, then arrays, which come as typed arrays with a `shape`. The format is wire.py's. */
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = new TextDecoder().decode(new Uint8Array(buffer, 4, length));
  const start = Math.ceil((4 + length) / 8) * 8;
  return JSON.parse(header, (key, value) => {
    if (value === null || typeof value !== "object" || !("$array" in value)) return value;
    const size = value.shape.reduce((a, b) => a * b, 1);
    const array = new KINDS[value.dtype](buffer, start + value.offset, size);
    array.shape = value.shape;
    return array;
  });
}

/** What is sent: typed arrays become lists of numbers. */
export function request(kw) {
  return JSON.stringify({ kw }, (key, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value));
}

function result(buffer) {
  const found = decode(buffer);
  if (found && typeof found.error === "string") throw new Error(found.error);
  return found;
}

const AGAIN = 2000; // milliseconds until a server that is gone is asked once more

function served(say) {
  let gone = false;
  async function back() { // it may come back: with the same port, and an untrained network
    try {
      await fetch("engine.json", { cache: "no-store" });
      gone = false;
      say("live", LIVE.native);
    } catch {
      setTimeout(back, AGAIN);
    }
  }
  function lost() {
    if (!gone) setTimeout(back, AGAIN);
    gone = true;
    say("failed", "Python has gone: is the server still running?");
    return new Error("Python on this machine does not answer: is `make lesson` still running?");
  }
  return {
    kind: "native",
    async call(method, kw) {
      const headers = { "Content-Type": "application/json" };
      const body = request(kw);
      const bytes = await fetch(`rpc/${method}`, { method: "POST", headers, body }).then((answer) => answer.arrayBuffer()).catch(() => { throw lost(); });
      return result(bytes);
    },
  };
}

const PATIENCE = 60000; // milliseconds without any answer: after that the worker is stuck, and started again
const LIVE = { native: "live: Python on this machine", wasm: "live: Python in this page" };

class Wasm {
  kind = "wasm";
  waiting = new Map();
  count = 0;

  constructor(say) {
    this.say = say;
  }

  /** Start a worker. `up` is the promise that it can be asked; what is asked meanwhile waits for it. */
  boot() {
    const worker = (this.worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" }));
    this.up = new Promise((ready, failed) => {
      let started = false;
      worker.onmessage = ({ data }) => {
        if (data.stage) this.say("booting", data.stage);
        else if (data.ready) ready((started = true));
        else if (data.failed && !started) failed(new Error(data.failed));
        else if (data.failed) this.restart(data.failed);
        else this.settle(data.id, ({ done }) => done(data.bytes));
      };
      worker.onerror = (event) => {
        const why = event.message || "the worker could not start";
        if (started) this.restart(why);
        else failed(new Error(why));
      };
    });
    return this.up;
  }

  settle(id, how) {
    const one = this.waiting.get(id);
    if (!one) return;
    this.waiting.delete(id);
    this.watch();
    how(one);
  }

  /** Wait for the next answer. A page that slept gives the worker a moment to say what it has done meanwhile. */
  watch() {
    clearTimeout(this.timer);
    if (!this.waiting.size) return;
    this.timer = setTimeout(() => { this.timer = setTimeout(() => this.restart("it was stuck"), PATIENCE / 10); }, PATIENCE);
  }

  async call(method, kw) {
    await this.up;
    const id = ++this.count;
    const bytes = await new Promise((done, failed) => {
      this.waiting.set(id, { done, failed });
      if (this.waiting.size === 1) this.watch();
      this.worker.postMessage({ id, method, request: request(kw) });
    });
    return result(bytes);
  }

  async restart(why) {
    this.worker.terminate();
    this.worker.onmessage = this.worker.onerror = null;
    const up = this.boot();
    for (const id of [...this.waiting.keys()]) {
      this.settle(id, ({ failed }) => failed(new Error(`Python has been started anew (${why}): the network is untrained again`)));
    }
    this.say("booting", "Python starts anew");
    try {
      await up;
      this.say("live", LIVE.wasm);
    } catch {
      this.say("failed", "Python cannot be started again: reload the page");
    }
  }
}

/** Find the engine: a server here, else Python in a worker. `say` is told stages of the start, and what becomes of it later. */
export async function connect(say) {
  let transport = null;
  const { transport: kind } = await (await fetch("engine.json", { cache: "no-store" })).json();
  if (kind === "native") transport = served(say);
  else {
    transport = new Wasm(say);
    await transport.boot();
  }
  const live = LIVE[transport.kind];
  const own = { then: undefined, kind: transport.kind, live, transport }; // all other names are methods of the engine
  return new Proxy(own, {
    get: (target, name) => (name in target ? target[name] : (kw = {}) => transport.call(name, kw)),
  });
}

/** Let one call of `ask` run at a time; of those asked for meanwhile only the newest is made. Stale ones give undefined. */
export function latest(ask) {
  let running = false;
  let next = null;
  return function call(...args) {
    return new Promise((done, failed) => {
      next?.done(undefined);
      next = { args, done, failed };
      if (running) return;
      running = true;
      (async () => {
        while (next) {
          const one = next;
          next = null;
          try {
            one.done(await ask(...one.args));
          } catch (error) {
            one.failed(error);
          }
        }
        running = false;
      })();
    });
  };
}
