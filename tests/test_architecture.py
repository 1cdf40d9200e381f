"""The house rules that a machine can check: imports point one way, the engine knows no NumPy, the core stays small."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "minigrad"

# From the ground up: a module may import those in earlier rows, and those in its own row that do not import it.
ROWS = [
    ["dialect", "names"],
    ["errors", "dtypes", "grad_mode", "devices", "return_types", "streams", "settings", "version", "amp", "jit"],
    ["clock", "hooks", "freeing"],
    ["graph"],
    ["views", "backward"],
    ["kernels"],
    ["ops.shape", "ops.spelling", "ops.linalg", "ops.loss"],
    ["ops.indexing"],
    ["ops.mutation"],
    ["ops.reduction", "ops.cumulative", "ops.scattering", "ops.sorting"],
    ["ops.arithmetic", "ops.comparison", "ops.elementwise", "ops", "conversion", "sampling"],
    ["ops.special", "ops.pointwise", "ops.arrangement", "ops.joining"],
    ["formatting"],
    ["protocols"],
    ["tensor"],
    ["linalg"],
    ["typeinfo", "special"],
    ["creation", "random", "serialization", "legacy", "safetensors", "cuda", "mps", "xpu", "accelerator", "backends"],
    ["autograd.gradients", "autograd.anomaly", "autograd.function", "autograd.variable"],
    ["autograd"],
    ["differences"],
    ["gradcheck", "testing", "autograd.functional", "autograd.graph", "utils.checkpoint", "utils.tensorboard"],
    ["func"],
    ["nn.parameter"],
    ["nn.hooks", "nn.registry"],
    ["nn.state"],
    ["nn.functional", "nn.init", "nn.module"],
    ["utils.data.dataset", "utils.data.collate", "utils.data.sampler"],
    ["utils.data.tables", "utils.data.workers"],
    ["nn", "optim", "utils", "distributions", "datasets", "draw", "plot.style"],
    ["plot.curves", "plot.mosaics", "plot.layers", "plot.tables", "plot.directions", "plot.landscape", "plot.network"],
    ["plot.live"],
    ["plot"],
    ["compile.errors", "compile.names"],
    ["compile.numbers", "compile.kernels", "compile.arrays", "compile.module"],
    ["compile"],
    ["vision"],
    ["lesson.state", "lesson.wire"],
    ["lesson"],
    ["as_torch"],
]
ROW_OF = {name: i for i, row in enumerate(ROWS) for name in row}


def modules():
    """Every module of the package: its dotted name below minigrad, and its file."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path, *, top_only=False):
    """The modules that a file imports, leaving out what only the type checker reads."""
    tree = ast.parse(path.read_text())
    found = []

    def visit(node):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        if isinstance(node, ast.ImportFrom):
            found.append((node.module or "", [alias.name for alias in node.names]))
        elif isinstance(node, ast.Import):
            found.extend((alias.name, []) for alias in node.names)
        if not (top_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            for child in ast.iter_child_nodes(node):
                visit(child)

    visit(tree)
    return found


def own(path):
    """The modules of this package that a file imports, as dotted names below minigrad."""
    known = {name for name, _ in modules()}
    for module, names in imports(path):
        if module == "minigrad":
            yield from (name for name in names if name in known)
        elif module.startswith("minigrad."):
            inner = module.removeprefix("minigrad.")
            below = [f"{inner}.{name}" for name in names if f"{inner}.{name}" in known]
            yield from below if len(below) == len(names) > 0 else [inner, *below]


def row(name):
    """The row of a module: its own, or that of the package it is in."""
    while name not in ROW_OF:
        name = name.rpartition(".")[0]
        assert name, "a new module has to be given a row"
    return ROW_OF[name]


INNER = [(name, path) for name, path in modules() if name]


@pytest.mark.parametrize(("name", "path"), INNER, ids=[name for name, _ in INNER])
def test_imports_point_down(name, path):
    for imported in own(path):
        assert row(imported) <= row(name), f"{name} imports {imported}, which stands above it"


def test_no_cycles():
    graph = {name: set(own(path)) - {name} for name, path in INNER}
    while graph:
        free = {name for name, needs in graph.items() if not needs & graph.keys()}
        assert free, f"these import each other: {sorted(graph)}"
        graph = {name: needs for name, needs in graph.items() if name not in free}


@pytest.mark.parametrize("name", ["graph", "clock", "freeing", "backward", "views", "grad_mode", "errors"])
def test_the_engine_knows_no_numpy(name):
    assert not any(module.partition(".")[0] == "numpy" for module, _ in imports(PACKAGE / f"{name}.py"))


def test_operations_do_not_know_the_tensor_class():
    for name, path in INNER:
        if name.startswith("ops"):
            assert "tensor" not in set(own(path)), name


def test_imports_stand_at_the_head():
    """No import at the foot of a file: nothing is bound after the fact."""
    for name, path in INNER:
        body = ast.parse(path.read_text()).body
        kinds = [isinstance(node, ast.Import | ast.ImportFrom) for node in body]
        definitions = [i for i, node in enumerate(body) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        last_import = max((i for i, is_import in enumerate(kinds) if is_import), default=0)
        assert not definitions or last_import < definitions[0], name


def test_only_numpy_and_graphviz_are_needed():
    """Anything else is imported inside the function that needs it (or by minigrad.testing, which is an extra)."""
    allowed = {"minigrad", "numpy", "graphviz", *sys.stdlib_module_names}
    for name, path in INNER:
        if name != "testing":
            for module, _ in imports(path, top_only=True):
                assert module.partition(".")[0] in allowed, f"{name} imports {module}"


def test_files_are_short():
    """A file past some 400 lines is two files."""
    for name, path in INNER:
        lines = len(path.read_text().splitlines())
        assert lines <= 420, f"{name} has {lines} lines"


def test_importing_is_quiet_and_light():
    """No output, no warning, and none of the modules that take long to import."""
    heavy = ["graphviz", "hypothesis", "matplotlib", "PIL", "tqdm", "inspect", "dataclasses", "json", "numpy.random"]
    heavy.append("tensorboardX")
    program = (
        "import sys, numpy\nbefore = set(sys.modules)\nimport minigrad\n"
        f"loaded = (set(sys.modules) - before) & set({heavy!r})\nassert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
