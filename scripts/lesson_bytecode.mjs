// Compile beforehand what a page would compile in front of its reader: the modules that Python, NumPy and minigrad import until the
// lesson is up. It takes the very Python that the page brings, whose bytecode no other version reads.
//
//   node lesson_bytecode.mjs SITE
//
// In SITE, python_stdlib.zip then has those modules as bytecode only, and minigrad's archive has some of its own and of NumPy's
// beside the sources. build_lesson.py runs this.

import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const site = resolve(process.argv[2]);
const { boot } = await import(pathToFileURL(`${site}/boot.js`));
const { loadPyodide } = await import(pathToFileURL(`${site}/lib/pyodide/pyodide.mjs`));

const COMPILE = `
import importlib.util, io, sys, zipfile
from importlib._bootstrap_external import _code_to_hash_pyc
from pathlib import Path

import numpy

def bytecode(source, path, optimize=0):
    """What stands in a .pyc that is taken without a look at its source."""
    code = compile(source, path, "exec", dont_inherit=True, optimize=optimize)
    return bytes(_code_to_hash_pyc(code, importlib.util.source_hash(source), checked=False))

def library(content):
    """The standard library, with what has been imported as bytecode, without docstrings."""
    home = next(path for path in sys.path if path.endswith(".zip")) + "/"
    found = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            part, path = source.read(entry), home + entry.filename
            if path in imported:
                fixed = zipfile.ZipInfo(entry.filename + "c")  # of 1980: no time is kept
                fixed.compress_type = zipfile.ZIP_DEFLATED
                target.writestr(fixed, bytecode(part, path, optimize=2))
            else:
                target.writestr(entry, part)
    return found.getvalue()

def packages(content):
    """minigrad's archive, and the bytecode of what has been imported of it and of NumPy."""
    home = str(Path(numpy.__file__).parents[1]) + "/"
    found = io.BytesIO(content)
    with zipfile.ZipFile(found, "a", zipfile.ZIP_DEFLATED) as target:
        for path in sorted(path for path in imported if path.startswith(home)):
            with open(path, "rb") as file:
                fixed = zipfile.ZipInfo(importlib.util.cache_from_source(path).removeprefix(home))
                fixed.compress_type = zipfile.ZIP_DEFLATED
                target.writestr(fixed, bytecode(file.read(), path))
    return found.getvalue()

files = [getattr(module, "__file__", None) for module in sys.modules.values()]
imported = {file.removesuffix("c") for file in files if file and file.endswith((".py", ".pyc"))}
`;

async function compile() {
  let python;
  const load = async (options) => (python = await loadPyodide(options));
  const read = async (path) => new Uint8Array(await readFile(`${site}/${path}`)).buffer;
  const ask = await boot({ loadPyodide: load, indexURL: `${site}/lib/pyodide/`, read });
  await ask("train", '{"kw": {"steps": 3}}'); // imports the compiler
  await ask("save", "{}");

  const names = python.runPython(`${COMPILE}\n{"library": library, "packages": packages}`);
  const { packages } = JSON.parse(await readFile(`${site}/engine.json`, "utf8"));
  for (const [path, how] of [["lib/pyodide/python_stdlib.zip", "library"], [packages.at(-1), "packages"]]) {
    const made = names.get(how)(python.toPy(await read(path)));
    await writeFile(`${site}/${path}`, made.toJs());
  }
}

compile().then(
  () => process.exit(0),
  (error) => {
    console.error(error.message); // without the line of minified code that it comes from
    process.exit(1);
  },
);
