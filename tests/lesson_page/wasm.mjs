// The lesson's engine in Pyodide, under Node: what differs from Python on this machine is found here. 32-bit default integers,
// no threads, no processes, other sums.
//
//   node wasm.mjs parity SITE STEPS               print the costs of so many training steps as JSON
//   node wasm.mjs tests SITE PACKAGES FILE...     run the native tests: PACKAGES is a folder with pytest and what it needs

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [what, folder, ...rest] = process.argv.slice(2);
const site = resolve(folder);
const { boot } = await import(pathToFileURL(`${site}/boot.js`));
const { loadPyodide } = await import(pathToFileURL(`${site}/lib/pyodide/pyodide.mjs`));

async function read(path) {
  const file = await readFile(`${site}/${path}`);
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
}

const SUITE = `
import os, shutil, sys
from pathlib import Path

sys.path.append("/packages")
import minigrad
import minigrad.datasets.mnist
import hypothesis
import pytest

home = Path(minigrad.__file__).parent
assert not str(home).startswith("/native")  # it is the wheel that is tested
for file in Path("/native/minigrad/datasets/mnist").glob("*.gz"):  # which comes without digits
    shutil.copy(file, home / "datasets" / "mnist")
shutil.copytree("/native/models", home.parent / "models")
Path("/tests").mkdir()
for file in ["conftest.py", *files]:
    shutil.copy(f"/native/tests/lesson/{file}", "/tests")
os.chdir("/tests")
hypothesis.settings.register_profile("wasm", derandomize=True, database=None, deadline=None, max_examples=10)
hypothesis.settings.load_profile("wasm")
options = ["-q", "-s", "--rootdir=/tests", "-W", "error", "-p", "no:faulthandler", "-p", "no:cacheprovider"]
int(pytest.main([*options, *files]))
`;

let python;
const load = async (options) => (python = await loadPyodide(options));
const ask = await boot({ loadPyodide: load, indexURL: `${site}/lib/pyodide/`, read });

function decode(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const base = Math.ceil((4 + length) / 8) * 8;
  return { header, base, view };
}

async function parity(steps) {
  await ask("reset", '{"kw": {"seed": 0}}');
  const { header, base, view } = decode(await ask("train", JSON.stringify({ kw: { steps } })));
  if (header.error) throw new Error(header.error);
  const costs = Array.from({ length: steps }, (_, i) => view.getFloat32(base + header.costs.offset + 4 * i, true));
  console.log(JSON.stringify(costs));
}

function tests(packages, files) {
  const { FS } = python;
  for (const [name, root] of [["packages", packages], ["native", resolve(files[0], "../../..")]]) {
    FS.mkdirTree(`/${name}`);
    FS.mount(FS.filesystems.NODEFS, { root: resolve(root) }, `/${name}`);
  }
  python.globals.set("files", python.toPy(files.map((file) => file.split("/").pop())));
  try {
    return python.runPython(SUITE);
  } catch (error) {
    console.error(error.message);
    return 3;
  }
}

if (what === "parity") await parity(Number(rest[0]));
else process.exit(tests(rest[0], rest.slice(1)));
