"""`minigrad.summary`: the table, its numbers, and that nothing is changed by looking."""

import numpy as np
import pytest

import minigrad
from minigrad import nn
from minigrad.nn import functional
from minigrad.nn.summary import LayerInfo, ModelStatistics, summary


def digits():
    return nn.Sequential(
        nn.Linear(784, 16), nn.Sigmoid(), nn.Linear(16, 16), nn.Sigmoid(), nn.Linear(16, 10), nn.Sigmoid()
    )


class Pictures(nn.Module):
    """Convolutions; activations and pools are functions."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 10, 5), nn.Conv2d(10, 20, 5)
        self.drop = nn.Dropout2d()
        self.fc1, self.fc2 = nn.Linear(320, 50), nn.Linear(50, 10)

    def forward(self, x):
        x = functional.relu(functional.max_pool2d(self.conv1(x), 2))
        x = functional.relu(functional.max_pool2d(self.drop(self.conv2(x)), 2))
        return self.fc2(functional.relu(self.fc1(x.flatten(1))))


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 30)
        self.encoder = nn.LSTM(30, 12, num_layers=2, batch_first=True, bidirectional=True)
        self.decoder = nn.Linear(24, 20)

    def forward(self, x):
        out, state = self.encoder(self.embedding(x))
        return {"words": self.decoder(out), "state": state}


def test_the_digit_network():
    found = minigrad.summary(digits(), minigrad.zeros(10, 784))
    assert (
        str(found)
        == """\
==========================================================================================
Layer (type:depth-idx)        Output Shape        Param #             Mult-Adds
==========================================================================================
Sequential                    [10, 10]            --                  --
├─Linear: 1-1                 [10, 16]            12,560              125,440
├─Sigmoid: 1-2                [10, 16]            --                  --
├─Linear: 1-3                 [10, 16]            272                 2,560
├─Sigmoid: 1-4                [10, 16]            --                  --
├─Linear: 1-5                 [10, 10]            170                 1,600
├─Sigmoid: 1-6                [10, 10]            --                  --
==========================================================================================
Total params: 13,002
Trainable params: 13,002
Non-trainable params: 0
Total mult-adds: 129,600
==========================================================================================
Input size (MB): 0.03
Forward/backward pass size (MB): 0.01
Params size (MB): 0.05
Estimated Total Size (MB): 0.09
=========================================================================================="""
    )
    assert repr(found) == str(found)
    assert (found.total_params, found.trainable_params, found.unused_params) == (13_002, 13_002, 0)
    assert found.total_mult_adds == 10 * (784 * 16 + 16 * 16 + 16 * 10)
    assert found.total_input == 10 * 784 * 4
    assert found.total_output_bytes == 2 * 4 * 10 * (4 * 16 + 2 * 10)
    assert found.total_param_bytes == 4 * 13_002


def test_without_an_input_parameters_are_listed():
    found = summary(nn.Sequential(nn.Linear(3, 4), nn.ModuleList([nn.Sequential(nn.Conv1d(2, 3, 2)), nn.Tanh()])))
    assert isinstance(found, ModelStatistics)
    assert str(found).splitlines() == [
        "=" * 50,
        "Layer (type:depth-idx)        Param #",
        "=" * 50,
        "Sequential                    --",
        "├─Linear: 1-1                 16",
        "├─ModuleList: 1-2             --",
        "│    └─Sequential: 2-1        --",
        "│    │    └─Conv1d: 3-1       15",
        "│    └─Tanh: 2-2              --",
        "=" * 50,
        "Total params: 31",
        "Trainable params: 31",
        "Non-trainable params: 0",
        "=" * 50,
    ]


@pytest.mark.parametrize("size", [(16, 1, 28, 28), [16, 1, 28, 28], ((16, 1, 28, 28),), minigrad.Size([16, 1, 28, 28])])
def test_sizes(size):
    found = summary(Pictures(), size, col_names=("input_size", "output_size", "kernel_size", "num_params", "mult_adds"))
    rows = [
        (row.class_name, row.input_size, row.output_size, row.kernel_size, row.mult_adds) for row in found.summary_list
    ]
    assert rows == [
        ("Pictures", [16, 1, 28, 28], [16, 10], None, 0),
        ("Conv2d", [16, 1, 28, 28], [16, 10, 24, 24], [5, 5], 16 * 24 * 24 * 10 * 25),
        ("Conv2d", [16, 10, 12, 12], [16, 20, 8, 8], [5, 5], 16 * 8 * 8 * 20 * 10 * 25),
        ("Dropout2d", [16, 20, 8, 8], [16, 20, 8, 8], None, 0),
        ("Linear", [16, 320], [16, 50], None, 16 * 320 * 50),
        ("Linear", [16, 50], [16, 10], None, 16 * 50 * 10),
    ]
    assert found.total_params == 21_840
    assert "Total mult-adds (M): 7.69\n" in str(found)
    assert found.total_output_bytes == 2 * 4 * 16 * (10 * 24 * 24 + 20 * 8 * 8 + 50 + 10)  # dropout gave its input back


def test_inputs_of_every_form():
    class Two(nn.Module):
        def forward(self, a, b=None, *, scale=1):
            return (a if b is None else a + b) * scale

    a, b = minigrad.ones(2, 3), minigrad.ones(3)
    for given, options in [
        ((a, b), {}), ([a, b], {}), ({"a": a, "b": b}, {}), (a, {"b": b}), (np.ones((2, 3), np.float32), {"scale": 2}),
        (None, {"input_data": (a, b)}), (None, {"input_data": {"a": a}}), (None, {"input_size": ((2, 3), (3,))}),
        ({"a": (2, 3), "b": (3,)}, {"dtypes": [minigrad.float64, minigrad.int64]}), ((3,), {"batch_dim": 0}),
        ((2, 3), {"device": "cpu"}), (None, {"a": a}),
    ]:  # fmt: skip
        found = summary(Two(), given, **options)
        assert found.summary_list[0].output_size[-1] == 3
    for options, error, message in [
        ({"x": a, "input_size": (3,)}, ValueError, "more than one input: give either data or a size"),
        ({"input_size": ("a",)}, TypeError, "neither data nor a size: give a tensor, or a tuple of integers"),
        ({"input_size": (2, 3), "dtypes": []}, ValueError, "0 dtypes for 1 inputs: give one for each"),
        (
            {"x": a, "col_names": ["params"]},
            ValueError,
            "'params' is no column: use input_size, output_size, num_params",
        ),
        ({"x": a, "row_settings": ["names"]}, ValueError, "'names' is no row setting: use depth, var_names"),
        ({"x": a, "mode": "test"}, ValueError, "'test' is no mode: use eval, train, same"),
    ]:
        with pytest.raises(error, match=message):
            summary(Two(), **options)
    with pytest.raises(TypeError, match="a Module is needed, not a function"):
        summary(lambda x: x, a)


def test_results_that_are_no_tensor():
    rows = summary(Words(), minigrad.zeros(1, 10, dtype=minigrad.int64)).summary_list
    assert [(row.class_name, row.output_size) for row in rows] == [
        ("Words", [1, 10, 20]), ("Embedding", [1, 10, 30]), ("LSTM", [1, 10, 24]), ("Linear", [1, 10, 20]),
    ]  # fmt: skip

    class Silent(nn.Module):
        def forward(self, x):
            return None

    assert summary(Silent(), minigrad.ones(2)).summary_list[0].output_size is None


def test_modules_that_are_called_again_or_shared():
    class Again(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = self.b = nn.Linear(4, 4)
            self.c = nn.Sequential(nn.Linear(4, 4), nn.ReLU())

        def forward(self, x):
            return self.c(self.b(self.c(self.a(x))))

    model = Again()
    model.c[0].weight.requires_grad = False
    found = summary(model, (3, 4), col_names=("num_params", "params_percent", "mult_adds", "trainable"))
    assert [line.split() for line in str(found).splitlines()[3:12]] == [
        ["Again", "--", "--", "--", "Partial"],
        ["├─Linear:", "1-1", "20", "50.00%", "48", "True"],
        ["├─Sequential:", "1-2", "--", "--", "--", "Partial"],
        ["│", "└─Linear:", "2-1", "20", "50.00%", "48", "Partial"],
        ["│", "└─ReLU:", "2-2", "--", "--", "--", "--"],
        ["├─Linear:", "1-3", "(recursive)", "(recursive)", "48", "True"],
        ["├─Sequential:", "1-4", "(recursive)", "(recursive)", "--", "Partial"],
        ["│", "└─Linear:", "2-3", "(recursive)", "(recursive)", "48", "Partial"],
        ["│", "└─ReLU:", "2-4", "--", "--", "--", "--"],
    ]
    assert (found.total_params, found.trainable_params, found.total_mult_adds) == (40, 24, 4 * 48)
    hidden = str(summary(model, (3, 4), row_settings=("hide_recursive_layers",)))
    assert "(recursive)" not in hidden
    assert "Linear: 1" not in hidden


def test_a_parameter_in_two_layers_counts_once():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.decoder = nn.Embedding(9, 4), nn.Linear(4, 9)
            self.decoder.weight = self.embedding.weight

        def forward(self, x):
            return self.decoder(self.embedding(x))

    found = summary(Tied(), (3, 4), dtypes=[minigrad.int64])
    assert [row.num_params for row in found.summary_list] == [0, 36, 9]
    assert found.total_params == 45


def test_depth():
    model = nn.Sequential(nn.Sequential(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), nn.Linear(3, 2)), nn.Tanh())
    for depth, shown in [(0, 1), (1, 3), (2, 5), (3, 7), (9, 7)]:
        found = summary(model, (5, 2), depth=depth)
        rows = [line.split() for line in str(found).splitlines()[3:] if "Sequential" in line or "─" in line]
        assert len(rows) == shown
        assert (found.total_params, found.total_mult_adds) == (17, 60)
        numbers = [[int(cell) for cell in row if cell.isdigit()] for row in rows]
        assert [sum(column) for column in zip(*[n for n in numbers if n], strict=True)] == [17, 60]  # each once


def test_containers_that_are_not_called():
    class Blocks(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList([nn.ModuleDict({"a": nn.Linear(3, 3), "b": nn.Linear(3, 3)}) for _ in range(2)])
            self.spare = nn.Linear(3, 3)
            self.shift = nn.Parameter(minigrad.zeros(3))

        def forward(self, x):
            for block in self.blocks:
                x = block["b"](block["a"](x)) + self.shift
            return x

    found = summary(Blocks(), (1, 3), row_settings=("var_names", "depth", "ascii_only"), verbose=0)
    assert [line.split("  ")[0] for line in str(found).splitlines()[3:11]] == [
        "Blocks (Blocks)", "+ ModuleList (blocks): 1-1", "|", "|", "|", "|", "|", "|",
    ]  # fmt: skip
    assert [(row.var_name, row.depth, row.depth_index, row.num_params) for row in found.summary_list] == [
        ("Blocks", 0, None, 15), ("blocks", 1, 1, 0), ("0", 2, 1, 0), ("a", 3, 1, 12), ("b", 3, 2, 12), ("1", 2, 2, 0),
        ("a", 3, 3, 12), ("b", 3, 4, 12),
    ]  # fmt: skip
    assert (found.total_params, found.unused_params) == (63, 12)
    assert "\nParams not used in this pass: 12\n" in str(found)


def test_modules_called_from_elsewhere():
    """A module that lends another's layer, one that calls itself, and one that is called without __call__."""

    class Lender(nn.Module):
        def __init__(self, layer):
            super().__init__()
            self.lent = lambda x: layer(x)

        def forward(self, x):
            return self.lent(x)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 2)
            self.lender = Lender(self.layer)

        def forward(self, x, again=True):
            return self(self.lender(x), False) if again else x @ x

    rows = summary(Model(), (2, 2)).summary_list
    assert [(row.class_name, row.var_name, row.depth, row.mult_adds) for row in rows] == [
        ("Model", "Model", 0, 0), ("Lender", "lender", 1, 0), ("Linear", "layer", 2, 8), ("Model", "Model", 1, 8),
    ]  # fmt: skip

    class Bare(nn.Linear):
        def __call__(self, x):
            return self.forward(x)

    assert summary(Bare(2, 3), (4, 2)).total_mult_adds == 24


def test_parameters_one_by_one(capsys):
    found = summary(nn.Sequential(nn.Conv1d(2, 3, 5)), (1, 2, 9), col_names=["kernel_size", "num_params"], verbose=2)
    printed = capsys.readouterr().out
    assert printed == f"{found}\n"
    assert [line.split() for line in printed.splitlines()[4:7]] == [
        ["├─Conv1d:", "1-1", "[5]", "33"], ["│", "└─weight", "[3,", "2,", "5]", "30"], ["│", "└─bias", "[3]", "3"],
    ]  # fmt: skip
    summary(nn.Linear(1, 1), (1,))
    assert capsys.readouterr().out == ""


# ── multiply-adds ────────────────────────────────────────────────────────────────────────────────────────────────────

N, L, E = 3, 5, 16
CASES = {
    "linear over a sequence": (nn.Linear(6, 7), (N, L, 6), N * L * 6 * 7),
    "linear of one vector": (nn.Linear(6, 7), (6,), 6 * 7),
    "bilinear": (nn.Bilinear(2, 3, 4), ((N, 2), (N, 3)), N * 2 * 3 * 4),
    "conv1d": (nn.Conv1d(4, 6, 3, stride=2), (N, 4, 9), N * 6 * 4 * 4 * 3),
    "conv2d in groups": (nn.Conv2d(4, 6, (3, 2), groups=2, dilation=2, padding=1), (N, 4, 9, 9), N * 7 * 9 * 6 * 2 * 6),
    "conv2d, depthwise": (nn.Conv2d(4, 4, 3, groups=4), (N, 4, 5, 5), N * 3 * 3 * 4 * 9),
    "conv3d of one": (nn.Conv3d(1, 2, 2), (1, 3, 3, 3), 8 * 2 * 8),
    "transposed": (nn.ConvTranspose2d(2, 3, 3, stride=2), (1, 2, 8, 8), 8 * 8 * 2 * 3 * 9),
    "transposed in groups": (nn.ConvTranspose1d(4, 6, 3, groups=2), (N, 4, 8), N * 8 * 4 * 3 * 3),
    "rnn": (nn.RNN(4, 6), (L, N, 4), L * N * 6 * (4 + 6)),
    "rnn of relu": (nn.RNN(4, 6, nonlinearity="relu"), (L, N, 4), L * N * 6 * (4 + 6)),
    "gru, two ways, two layers": (nn.GRU(4, 6, 2, bidirectional=True), (L, N, 4), 2 * L * N * 3 * 6 * (4 + 6 + 12 + 6)),
    "lstm, no batch": (nn.LSTM(4, 6), (L, 4), L * 4 * 6 * (4 + 6)),
    "lstm, projected": (nn.LSTM(4, 6, proj_size=2), (L, N, 4), L * N * (4 * 6 * (4 + 2) + 6 * 2)),
    "cell": (nn.LSTMCell(4, 6), (N, 4), N * 4 * 6 * (4 + 6)),
    "attention": (
        nn.MultiheadAttention(E, 2),
        ((L, N, E), (7, N, E), (7, N, E)),
        N * (2 * L * E * E + 2 * 7 * E * E + 2 * L * 7 * E),
    ),
    "no products": (
        nn.Sequential(nn.BatchNorm1d(4), nn.GELU(), nn.MaxPool1d(2), nn.LayerNorm(3), nn.Softmax(-1), nn.Dropout()),
        (N, 4, 6),
        0,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_mult_adds(name):
    model, size, expected = CASES[name]
    for mode in ("eval", "train"):
        assert summary(model, size, mode=mode).total_mult_adds == expected


def test_mult_adds_of_functions():
    """A forward of one's own, without any layer."""

    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(minigrad.ones(4, 6))

        def forward(self, x):
            q = x @ self.w
            scores = minigrad.einsum("nle,nse->nls", q, q)
            return functional.scaled_dot_product_attention(q, q, q) + scores @ q

    found = summary(Own(), (N, L, 4))
    assert found.total_mult_adds == N * L * 4 * 6 + N * L * L * 6 + N * L * L * 12 + N * L * L * 6
    assert found.total_params == 24
    assert found.total_output_bytes == 2 * 4 * N * L * 6


def test_the_foot_of_large_models():
    for sizes, foot in [((1000, 1000), "(M): 1.00"), ((2000, 3000, 1000), "(G): 6.00"), ((1 << 14,) * 3, "(T): 4.40")]:
        m, k, n = (1, *sizes)[-3:]

        class Product(nn.Module):
            def forward(self, a, b):
                return minigrad.zeros(1)

        found = summary(Product(), (minigrad.zeros(1), minigrad.zeros(1)))
        found.total_mult_adds = m * k * n
        assert f"Total mult-adds {foot}\n" in str(found)


# ── nothing is changed ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("mode", ["train", "eval", "same"])
def test_modes_buffers_hooks_and_random_numbers_are_left_as_they_were(mode):
    class Drawing(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.frozen, self.drop = nn.BatchNorm1d(3), nn.BatchNorm1d(3), nn.Dropout(0.5)
            self.register_buffer("seen", minigrad.zeros(1))

        def forward(self, x):
            self.seen = self.seen + 1
            return self.drop(self.frozen(self.norm(x))) + minigrad.randn(3)

    model = Drawing()
    model.frozen.eval()
    x = minigrad.randn(4, 3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    seen, state, keys = model.seen, minigrad.get_rng_state(), {m: sorted(m.__dict__) for m in model.modules()}
    loss = (x * model.norm.running_var).exp().sum() if mode != "train" else None
    summary(model, x, mode=mode)
    assert (model.training, model.norm.training, model.frozen.training) == (True, True, False)
    assert model.seen is seen
    assert all(before[name].equal(value) for name, value in model.state_dict().items())
    assert minigrad.get_rng_state().equal(state)
    assert {m: sorted(m.__dict__) for m in model.modules()} == keys
    assert loss is None or not loss.requires_grad
    assert all(p.grad is None for p in model.parameters())


def test_a_graph_from_before_can_still_be_walked():
    model, x = nn.BatchNorm1d(3), minigrad.randn(4, 3)
    w = minigrad.ones(3, requires_grad=True)
    loss = (w * model.running_var).sum()  # the rule needs the buffer
    summary(model, x, mode="train")
    loss.backward()
    assert w.grad.equal(model.running_var)


def test_an_error_says_how_far_the_pass_came():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(5, 5)).train()
    for wrong, note in [
        (model, r"summary: raised in Linear \(2\), whose input has the shape \[3, 4\]"),
        (
            nn.Sequential(nn.Sequential(nn.Linear(4, 4)), _Raises()),
            r"summary: raised in _Raises \(1\), whose input has the",
        ),
        (_Raises(nn.Linear(4, 4)), r"summary: raised after Linear \(layer\) gave \[3, 4\]"),
    ]:
        with pytest.raises((minigrad.ShapeError, KeyError)) as raised:
            summary(wrong, (3, 4))
        assert any(np.char.find(line, note.replace("\\", "")) >= 0 for line in raised.value.__notes__)
        assert wrong.training
        assert all("_hooks" not in module.__dict__ for module in wrong.modules())
    assert minigrad.ones(1).add(1).item() == 2  # nobody listens any more
    assert minigrad.graph.listening.tape is None


class _Raises(nn.Module):
    def __init__(self, layer=None):
        super().__init__()
        if layer is not None:
            self.layer = layer

    def forward(self, x):
        if hasattr(self, "layer"):
            self.layer(x)
        raise KeyError("lost")


def test_errors_that_the_model_catches():
    class Careful(nn.Module):
        def __init__(self):
            super().__init__()
            self.wrong, self.right = nn.Linear(5, 5), nn.Linear(4, 2)

        def forward(self, x):
            try:
                return self.wrong(x)
            except minigrad.ShapeError:
                return self.right(x)

    rows = summary(Careful(), (3, 4)).summary_list
    assert [(row.depth, row.output_size) for row in rows] == [(0, [3, 2]), (1, None), (1, [3, 2])]


def test_hooks_of_the_users_own():
    model, seen = nn.Sequential(nn.Linear(2, 2)), []
    model[0].register_forward_hook(lambda module, args, out: seen.append(1) or out[:1])
    found = summary(model, (3, 2))
    assert found.summary_list[1].output_size == [1, 2]
    model(minigrad.ones(3, 2))
    assert len(seen) == 2


def test_lazy_layers_stay_lazy():
    model = nn.Sequential(nn.LazyLinear(4), nn.LazyBatchNorm1d())
    assert "Parameters without a shape yet: 4 (lazy layers take it from an input)" in str(summary(model, verbose=0))
    found = summary(model, (3, 5))
    assert [row.class_name for row in found.summary_list] == ["Sequential", "Linear", "BatchNorm1d"]
    assert found.total_params == 24 + 8
    assert isinstance(model[0], nn.LazyLinear)
    assert model[0].has_uninitialized_params()


def test_compiled_and_checkpointed_models():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x):
            return minigrad.checkpoint(self.layer, x)

    assert summary(Twice(), (2, 4)).total_mult_adds == 32
    model = digits()
    compiled = minigrad.compile(model)
    x = minigrad.ones(2, 784)
    with minigrad.no_grad():
        for _ in range(3):
            compiled(x)
        assert summary(compiled, x).total_mult_adds == 2 * 12_960


def test_rows_are_objects():
    (row,) = summary(nn.Linear(2, 3), (1, 2)).summary_list
    assert isinstance(row, LayerInfo)
    assert row.is_leaf_layer
    assert not row.is_recursive
    assert (row.class_name, row.num_params, row.trainable, row.kernel_size) == ("Linear", 9, "True", None)
