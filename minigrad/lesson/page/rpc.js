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

function served() {
  return {
    kind: "native",
    async call(method, kw) {
      const headers = { "Content-Type": "application/json" };
      const answer = await fetch(`rpc/${method}`, { method: "POST", headers, body: request(kw) });
      return result(await answer.arrayBuffer());
    },
  };
}

const PATIENCE = 60000; // milliseconds for one call: after that the worker is stuck, and started again

class Wasm {
  kind = "wasm";

  constructor(say) {
    this.say = say;
  }

  boot() {
    this.waiting = new Map();
    this.count = 0;
    this.worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    return new Promise((ready, failed) => {
      this.worker.onmessage = ({ data }) => {
        if (data.stage) this.say(data.stage);
        else if (data.ready) ready();
        else if (data.failed) failed(new Error(data.failed));
        else this.settle(data.id, ({ done }) => done(data.bytes));
      };
      this.worker.onerror = (event) => failed(new Error(event.message || "the worker could not start"));
    });
  }

  settle(id, how) {
    const one = this.waiting.get(id);
    if (!one) return;
    this.waiting.delete(id);
    clearTimeout(one.timer);
    how(one);
  }

  async call(method, kw) {
    const id = ++this.count;
    const bytes = await new Promise((done, failed) => {
      const timer = setTimeout(() => this.restart(), PATIENCE);
      this.waiting.set(id, { done, failed, timer });
      this.worker.postMessage({ id, method, request: request(kw) });
    });
    return result(bytes);
  }

  async restart() {
    this.worker.terminate();
    for (const id of [...this.waiting.keys()]) {
      this.settle(id, ({ failed }) => failed(new Error("Python was stuck and has been started anew: the network is untrained again")));
    }
    this.say("Python starts anew");
    await this.boot();
    this.say(null);
  }
}

/** Find the engine: a server here, else Python in a worker. `say` is told the stages of the start. */
export async function connect(say) {
  let transport = null;
  const { transport: kind } = await (await fetch("engine.json", { cache: "no-store" })).json();
  if (kind === "native") transport = served();
  else {
    transport = new Wasm(say);
    await transport.boot();
  }
  return new Proxy(transport, {
    get: (target, name) => (name in target || name === "then" ? target[name] : (kw = {}) => target.call(name, kw)),
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
