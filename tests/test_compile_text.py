"""The text of a program: its names, its checks, its file."""

import gc
import linecache
import subprocess
import sys
import weakref

import numpy as np
import pytest

import minigrad
from minigrad import nn, optim
from minigrad.compile.kernels import texts, written

F = nn.functional


def trainer(model, descent, loss=lambda out: out.square().mean(), compiled=True):
    """A step of training, as a function of a batch."""

    def step(x):
        descent.zero_grad()
        cost = loss(model(x))
        cost.backward()
        descent.step()
        return cost

    return minigrad.compile(step) if compiled else step


def only(compiled):
    """The one program."""
    (entry,) = compiled.entries.values()
    return entry


def alone(path, inputs, runs=3):
    """What the saved file gives, as many times, where there is no minigrad."""
    np.savez(path.with_name("inputs.npz"), *inputs)
    program = (
        f"import sys; sys.modules['minigrad'] = None; import numpy as np, {path.stem} as program\n"
        "inputs = list(np.load('inputs.npz').values())\n"
        f"print([program.step(*inputs)[0].tolist() for _ in range({runs})])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=path.parent, capture_output=True, text=True)
    return done.stdout.strip() or done.stderr


def agrees(make, x, path=None, calls=6):
    """A compiled function gives what the function gives, to the bit, and so does its file."""
    wanted, found = [], []
    for results, compiled in ((wanted, False), (found, True)):
        minigrad.manual_seed(0)
        step = make()
        run = minigrad.compile(step) if compiled else step
        results += [run(x).tolist() for _ in range(calls)]
        if compiled:
            assert only(run).trusted
            if path is not None:
                run.save(path)
        results += [run(x).tolist() for _ in range(3)]
    assert found == wanted
    if path is not None:
        assert alone(path, [x.array]) == str(wanted[-3:])
    return run


# ── checks ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

WEIGHT = minigrad.tensor([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    "loss",
    [
        lambda out, y: F.cross_entropy(out, y, weight=WEIGHT),
        lambda out, y: F.cross_entropy(out, y, ignore_index=1),
        lambda out, y: F.nll_loss(F.log_softmax(out, 1), y, ignore_index=1),
    ],
)
def test_a_mean_over_weights_is_a_program(loss, tmp_path):
    y = minigrad.tensor([0, 1, 2, 0])

    def make():
        model = nn.Linear(2, 3)
        return trainer(model, optim.SGD(model.parameters(), lr=0.1), lambda out: loss(out, y), compiled=False)

    agrees(make, minigrad.rand(4, 2), tmp_path / "saved.py")


def test_a_mean_over_no_weights_is_left_to_the_function():
    x, y = minigrad.rand(2, 3), minigrad.tensor([0, 1])
    compiled = minigrad.compile(lambda x, y: F.cross_entropy(x, y, ignore_index=1))
    for _ in range(4):
        compiled(x, y)
    assert only(compiled).trusted
    for classes in ([1, 1], [0, 0], [1, 1]):
        found, wanted = (f(x, minigrad.tensor(classes)).item() for f in (compiled, compiled.function))
        assert found == wanted or (np.isnan(found) and np.isnan(wanted))


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

ALONE = ["b0", "x0", "n0", "r0", "c0", "v0", "k0", "np", "multiply", "add", "step", "bind", "arena"]
TAKEN = [
    *ALONE, "p0", "q0", "a0", "p0_0", "p0_", "_b0", "b0_", "b0__", "stream0", "pieces0", "add_", "arrays", "draws", "states",
    "kept", "array", "old", "i", "zip", "ValueError", "file", "numbers", "program", "results", "fits", "result",
]  # fmt: skip
ODD = ["layer-1", "a b", "a_b", "lambda", "class", "größe", "ﬁ", "fi", "1", "²", "x\ty", "None", "x\nimport nothing"]


class Named(nn.Module):
    """One parameter of each name."""

    def __init__(self, names):
        super().__init__()
        self.all = nn.ParameterDict({name: nn.Parameter(minigrad.rand(3)) for name in names})
        for name in filter(str.isidentifier, names):
            setattr(self, name, nn.Parameter(minigrad.rand(3)))

    def forward(self, x):
        for parameter in self.parameters():
            x = (x * parameter + 0.5).tanh()
        return x.sum()


@pytest.mark.parametrize("names", [TAKEN, ODD, [*TAKEN, *ODD], *([name] for name in ALONE)], ids=lambda names: names[0])
def test_parameters_may_have_any_name(names, tmp_path):
    def make():
        model = Named(names)
        return trainer(model, optim.Adam(model.parameters(), lr=0.01), compiled=False)

    agrees(make, minigrad.rand(4, 3), tmp_path / "saved.py" if len(names) > 1 else None)


@pytest.mark.parametrize("key", ODD)
def test_modules_may_have_any_name(key, tmp_path):
    def make():
        layers = nn.ModuleDict({key.replace(".", "_"): nn.Linear(2, 2)})

        class Model(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = layers

            def forward(self, x):
                return next(iter(self.layers.values()))(x).relu()

        model = Model()
        return trainer(model, optim.SGD(model.parameters(), lr=0.1), compiled=False)

    agrees(make, minigrad.rand(4, 2), tmp_path / "saved.py")


def test_names_stay_as_they_are_where_they_are_fine():
    model = nn.Sequential(nn.Linear(2, 2))
    model.weight = nn.Parameter(minigrad.rand(2))
    compiled = minigrad.compile(lambda x: (model(x) * model.weight).detach())
    for _ in range(3):
        compiled(minigrad.rand(2, 2))
    assert {"weight", "p_0_weight", "p_0_bias"} <= {name for name, _ in only(compiled).printer.given}


# ── one file of several texts ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "layers",
    [
        lambda: [nn.Conv2d(1, 2, 2), nn.Dropout(0.5)],
        lambda: [nn.Dropout(0.5), nn.MaxPool2d(2), nn.AvgPool2d(2), nn.Conv2d(1, 2, 1)],
        lambda: [
            nn.Conv2d(1, 2, 3, padding=1, stride=2),
            nn.BatchNorm2d(2),
            nn.Dropout2d(0.2),
            nn.ConvTranspose2d(2, 1, 2),
        ],
        lambda: [nn.Conv1d(4, 4, 2), nn.AdaptiveAvgPool1d(2), nn.Dropout(0.5)],
    ],
)
def test_files_with_draws_and_kernels(layers, tmp_path):
    x = minigrad.rand(2, 1, 4, 4)

    def make():
        model = nn.Sequential(*layers())
        if isinstance(model[0], nn.Conv1d):
            model = nn.Sequential(nn.Flatten(1, 2), model)
        return trainer(model, optim.SGD(model.parameters(), lr=0.1), compiled=False)

    agrees(make, x, tmp_path / "saved.py")


numbers, results, LOW = 2.0, [1.0], -np.inf
limits = {"low": LOW, "row": np.array([np.nan, 1.0])}


def step(x):
    return x + numbers


def bind(x):
    return max(step(x), LOW) + results[0] + limits["row"][1]


def test_the_texts_of_kernels_have_names_of_their_own():
    space = {"np": np}
    exec(texts({"bind_": bind}, ["Stream"]), space)
    assert space["bind_"](1.0) == 5.0
    assert not {"bind", "step", "numbers", "results"} & space.keys()
    assert written((float("inf"), np.float32("nan"))) == '(float("inf"), np.float32(float("nan")), )'


# ── what a file gives ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_says_when_the_optimizer_goes_another_way(tmp_path):
    """RAdam does so at its sixth step."""
    found = []
    for compiled in (False, True):
        minigrad.manual_seed(0)
        model = nn.Linear(2, 1)
        run = trainer(model, optim.RAdam(model.parameters(), lr=0.1), compiled=compiled)
        x = minigrad.ones(3, 2)
        found.append([run(x).item() for _ in range(4)])
        if compiled:
            run.save(tmp_path / "early.py")
        found.append([run(x).item() for _ in range(6)])
        if compiled:
            run.save(tmp_path / "late.py")
        found.append([run(x).item() for _ in range(3)])
    assert found[:3] == found[3:]
    assert alone(tmp_path / "early.py", [x.array], 1) == str(found[1][:1])
    assert "save the program again" in alone(tmp_path / "early.py", [x.array])
    assert alone(tmp_path / "late.py", [x.array]) == str(found[2])


def test_what_a_file_gives_is_the_callers(tmp_path):
    compiled = minigrad.compile(lambda x: (x * 2, x + 1))
    for _ in range(4):
        compiled(minigrad.ones(2))
    compiled.save(tmp_path / "saved.py")
    program = (
        "import numpy as np, saved; found = [saved.step(np.full(2, i, 'f4')) for i in range(3)]\n"
        "print([[part.tolist() for part in parts] for parts in found])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([[[2.0 * i] * 2, [1.0 + i] * 2] for i in range(3)])


# ── passes ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "function",
    [
        lambda x: (x * 2).tanh().flatten() * 3,
        lambda x: ((x * 2).tanh().flatten() * 3).reshape(512, 128).exp() + 1,
        lambda x: (x * 2).tanh().T.sigmoid() * 3,
        lambda x: (x * 2).tanh()[:, :128].sigmoid() + 1,
    ],
)
def test_pieces_of_what_is_seen_in_another_shape(function):
    agrees(lambda: function, minigrad.rand(256, 256))


def test_pieces_of_a_network():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Flatten(), nn.Sigmoid())
    compiled = minigrad.compile(model)
    x = minigrad.rand(256, 1, 12, 12)
    with minigrad.no_grad():
        for _ in range(4):
            assert compiled(x).equal(model(x))
        assert "pieces0" in compiled.compiled.source


@pytest.mark.parametrize("kind", [optim.Adam, optim.AdamW, optim.SGD])
@pytest.mark.parametrize("shapes", [[()], [(), ()], [(), (1,), (3,), (3,)]])
def test_two_steps_of_numbers_in_one_function(kind, shapes):
    def make():
        parameters = [nn.Parameter(minigrad.rand(*shape) if shape else minigrad.tensor(0.5)) for shape in shapes]
        descent = kind(parameters, lr=0.1)

        def both(x):
            for _ in range(2):
                descent.zero_grad()
                cost = sum(((p * x).square().sum() for p in parameters), start=x * 0)
                cost.backward()
                descent.step()
            return cost

        return both

    agrees(make, minigrad.tensor(1.5))


def test_what_is_gone_but_for_a_cycle_holds_no_parameter():
    model = nn.Linear(3, 2)
    compiled = trainer(model, optim.Adam(model.parameters()))
    x = minigrad.rand(4, 3)
    gc.disable()
    try:
        loop = [model.weight.array]
        loop.append(loop)
        del loop
        for _ in range(4):
            compiled(x)
    finally:
        gc.enable()
    assert "weight = p0[0:6]" in compiled.source


# ── what stays alive ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_lines_go_with_their_program():
    def lines():
        gc.collect()
        return sum(name.startswith("<minigrad.compile") for name in linecache.cache)

    before, compiled = lines(), minigrad.compile(lambda x: x * 2)
    for _ in range(4):
        compiled(minigrad.ones(2))
    assert lines() == before + 1
    del compiled
    assert lines() == before


def test_arguments_and_results_go_with_their_call():
    model = nn.Linear(2, 1)
    compiled = trainer(model, optim.Adam(model.parameters()), lambda out: out.T.square().mean())
    there = []
    for _ in range(4):
        x = minigrad.rand(3, 2)
        cost = compiled(x)
        there += [weakref.ref(x), weakref.ref(x.array), weakref.ref(cost)]
    del x, cost
    gc.collect()
    assert not any(ref() is not None for ref in there)
