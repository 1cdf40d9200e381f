// Python in the page: Pyodide, NumPy, minigrad's own wheel and the digits, from this site and from nowhere else.
// Used by worker.js in a browser, and by the tests under Node.

const FOLDER = "/lesson";

const START = `
from minigrad.lesson import wire
from minigrad.lesson.engine import ALL, Lesson

lesson = Lesson(data="${FOLDER}")
lesson.info()

def ask(method, request):
    return wire.answer(lesson, ALL, method, request)[0]

ask
`;

// Start Python, and give a function that calls the engine: ask(method, request) -> Promise of the answer's bytes.
//   loadPyodide, indexURL: Pyodide's own, and where its files are;
//   read(path): a Promise of an ArrayBuffer, a file of the site;
//   progress(stage): told "python", "numpy", "minigrad", "digits" and "ready" as they begin.
export async function boot({ loadPyodide, indexURL, read, progress = () => {} }) {
  progress("python");
  const manifest = read("engine.json").then((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
  const wheel = manifest.then(({ wheel }) => read(wheel));
  const digits = manifest.then(({ files }) => Promise.all(files.map(read)));
  const python = await loadPyodide({ indexURL });
  progress("numpy");
  await python.loadPackage("numpy", { messageCallback: () => {} });
  progress("minigrad");
  const packages = python.runPython("import sysconfig; sysconfig.get_path('purelib')");
  python.unpackArchive(await wheel, "wheel", { extractDir: packages });
  progress("digits");
  const { files, more } = await manifest;
  python.FS.mkdirTree(FOLDER);
  const put = (path, bytes) => python.FS.writeFile(`${FOLDER}/${path.split("/").pop()}`, new Uint8Array(bytes));
  (await digits).forEach((bytes, i) => put(files[i], bytes));
  const call = await python.runPythonAsync(START);
  progress("ready");

  let missing = more;
  return async function ask(method, request) {
    if (method === "use_digits" && missing.length && JSON.parse(request).kw?.count === 60000) {
      const all = await Promise.all(missing.map(read));
      all.forEach((bytes, i) => put(missing[i], bytes));
      missing = [];
    }
    const answer = call(method, request);
    const bytes = answer.toJs();
    answer.destroy();
    return bytes;
  };
}
