// Python in the page: Pyodide, NumPy, minigrad's own archive and the digits, from this site and from nowhere else.
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
  const packages = manifest.then(({ packages }) => Promise.all(packages.map(read)));
  const digits = manifest.then(({ files }) => Promise.all(files.map(read)));
  for (const early of [packages, digits]) early.catch(() => {}); // what went wrong is said below, where it is waited for
  const python = await loadPyodide({ indexURL });
  progress("numpy");
  const extractDir = python.runPython("import sysconfig; sysconfig.get_path('purelib')");
  const [numpy, minigrad] = await packages;
  python.unpackArchive(numpy, "wheel", { extractDir }); // its libraries are opened as they are imported, most of them never
  progress("minigrad");
  python.unpackArchive(minigrad, "zip", { extractDir }); // with bytecode for NumPy too
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
