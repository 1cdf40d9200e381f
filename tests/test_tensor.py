"""The Tensor: what it is, its place in the graph, its conversions, and what Python and NumPy expect of it."""

import copy
import math
import operator
import pickle
import re

import numpy as np
import pytest

import minigrad
from minigrad import GraphError, ShapeError, Size, Tensor, arange, cat, from_numpy, ones, tensor, zeros
from minigrad.nn import Parameter

# ── what it is ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_shape_and_its_kin():
    x = zeros(2, 3, 4)
    assert x.shape == x.size() == (2, 3, 4)
    assert (x.size(1), x.size(-1), x.dim(), x.ndim, x.numel(), len(x)) == (3, 4, 3, 3, 24, 2)
    assert (x.device, x.dtype) == (minigrad.device("cpu"), minigrad.float32)
    assert x.is_floating_point()
    assert not x.long().is_floating_point()
    assert x.is_contiguous()
    assert not x.transpose(0, 1).is_contiguous()
    assert zeros(()).numel() == 1


def test_size_is_a_tuple_that_stays_one():
    shape = zeros(2, 3, 4).shape
    assert repr(shape) == "minigrad.Size([2, 3, 4])"
    assert (shape.numel(), Size().numel(), Size([0, 5]).numel()) == (24, 1, 0)
    assert repr(shape[1:]) == "minigrad.Size([3, 4])"
    assert repr(shape + (1,)) == "minigrad.Size([2, 3, 4, 1])"
    assert (shape[0], shape[-1], shape[:1] + shape[2:]) == (2, 4, (2, 4))
    a, *rest = shape
    assert (a, rest, hash(shape)) == (2, [3, 4], hash((2, 3, 4)))
    assert zeros(shape[1:]).shape == (3, 4)


def test_a_subclass_is_not_passed_on():
    assert type(Parameter(ones(2)) + 1) is Tensor


@pytest.mark.parametrize("kind", ["memmap", "matrix", "masked"])
def test_arrays_of_other_kinds_are_taken_for_their_numbers(kind, tmp_path):
    made = (
        np.memmap(tmp_path / "numbers", np.float32, "w+", shape=(2, 3)) if kind == "memmap" else np.empty((2, 3), "f")
    )
    made[...] = 2
    given = {"memmap": made, "matrix": made.view(np.matrix), "masked": np.ma.masked_array(made)}[kind]
    x, w = ones(2, 3, requires_grad=True), ones(3, 3, requires_grad=True)
    product = x * given
    assert type(product.array) is type(Tensor(given).array) is type(tensor(given).array) is np.ndarray
    minigrad.nn.functional.linear(product, w).backward(Tensor(given))
    assert x.grad.tolist() == [[12.0] * 3] * 2
    assert w.grad.tolist() == [[8.0] * 3] * 3


def test_numbers_in_the_other_order_of_bytes():
    given = np.array([1, 2], np.dtype("f4").newbyteorder())
    assert Tensor(given).tolist() == tensor(given).tolist() == (ones(2) * given).tolist() == [1.0, 2.0]
    assert (ones(2) * given.astype(np.dtype("i8").newbyteorder())).tolist() == [1.0, 2.0]


def test_attributes_of_a_user_s_own():
    x = ones(2)
    x.note = "mine"
    assert x.note == "mine"


# ── its place in the graph ───────────────────────────────────────────────────────────────────────────────────────────


def test_requires_grad_is_set_on_leaves():
    x = ones(2)
    assert x.requires_grad_() is x
    assert x.requires_grad
    x.requires_grad = 0
    assert x.requires_grad is False
    y = x.requires_grad_(True) * 2
    y.requires_grad = True  # it does already
    with pytest.raises(
        GraphError, match=r"requires_grad of the result of mul cannot be switched off: use x\.detach\(\), or"
    ):
        y.requires_grad = False
    assert not y.detach().requires_grad
    with pytest.raises(GraphError, match=r"a tensor of type int64 cannot require grad: .* first, x\.float\(\)"):
        tensor([1]).requires_grad_()
    assert tensor([1]).float().requires_grad_().requires_grad
    tensor([1]).requires_grad_(False)


def test_requires_grad_of_a_view_whose_base_has_become_a_result():
    x = zeros(3)
    view = x[0]
    x.mul_(ones(3, requires_grad=True))
    with pytest.raises(GraphError, match="of the result of getitem cannot be switched off"):
        view.requires_grad = False


def test_what_grad_may_be():
    x = ones(2, requires_grad=True)
    with pytest.raises(TypeError, match="grad must be a Tensor or None, not list"):
        x.grad = [1.0, 2.0]
    with pytest.raises(ShapeError, match=re.escape("a gradient of shape (3,) assigned to a tensor of shape (2,)")):
        x.grad = ones(3)
    with pytest.raises(
        GraphError, match=r"a gradient of type float64 assigned to a tensor of type float32: convert it, g\.to"
    ):
        x.grad = ones(2).double()
    x.grad = ones(2).double().to(x.dtype)
    assert x.grad.tolist() == [1, 1]


def test_what_data_may_be():
    x = ones(2, requires_grad=True)
    with pytest.raises(TypeError, match="data must be a Tensor, not ndarray"):
        x.data = np.ones(2)
    with pytest.raises(GraphError, match="data of type int64 for a tensor that requires grad: convert it"):
        x.data = tensor([1, 2])
    x.data = tensor([1, 2]).float()
    assert (x.tolist(), x.requires_grad, x.data.requires_grad) == ([1, 2], True, False)
    x.data = zeros(3).double()
    (x * 2).sum().backward()
    assert (x.grad.shape, x.grad.dtype) == ((3,), minigrad.float64)


# ── conversions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_conversions():
    x = tensor([0.0, 1.7, -1.7])
    for method, kind, values in (
        ("float", "float32", [0, 1.7, -1.7]), ("double", "float64", [0, 1.7, -1.7]), ("long", "int64", [0, 1, -1]),
        ("int", "int32", [0, 1, -1]), ("bool", "bool", [False, True, True]),
    ):  # fmt: skip
        converted = getattr(x, method)()
        assert (converted.dtype, converted.tolist()) == (getattr(minigrad, kind), pytest.approx(values))
    assert x.float() is x.cpu() is x
    assert x.type_as(tensor([1])).dtype is minigrad.int64


def test_to():
    x = ones(2)
    assert x.to(minigrad.float32) is x.to("cpu") is x.to("cpu", minigrad.float32) is x.to(x) is x.to(device="cpu") is x
    assert x.to(minigrad.float64).dtype is x.to(dtype=float).dtype is x.to("cpu", float).dtype is minigrad.float64
    assert x.to(tensor([1])).dtype is minigrad.int64
    assert x.to(minigrad.float64, True).dtype is minigrad.float64
    other = x.to(None, copy=True)
    other[0] = 5
    assert x.tolist() == [1, 1]
    for call in (lambda: x.to("cuda"), lambda: x.to(device="cuda:0"), x.cuda):
        with pytest.raises(
            RuntimeError, match=r"device 'cuda.*': minigrad computes on the CPU only: leave the device out"
        ):
            call()


def test_numbers():
    assert (tensor(2.5).item(), tensor([[3]]).item(), tensor(True).item()) == (2.5, 3, True)
    assert type(tensor(3).item()) is int
    assert (float(tensor(2.5)), int(tensor([2.5])), bool(tensor([0.0])), bool(tensor(2))) == (2.5, 2, False, True)
    assert (math.sqrt(tensor(4.0)), math.floor(tensor(2.7)), round(tensor(2.4).item())) == (2, 2, 2)
    assert [10, 20, 30][tensor(1)] == 20
    assert list(range(tensor([3]))) == [0, 1, 2]
    assert tensor([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
    assert tensor(3.0).tolist() == 3.0


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: ones(2).item(), ShapeError, "a tensor of shape (2,) is not one number: use x.tolist(), or index it"),
        (lambda: zeros(0).item(), ShapeError, "a tensor of shape (0,) is not one number"),
        (lambda: float(ones(2)), ShapeError, "float() of a tensor of shape (2,): only one element can become a number"),
        (lambda: int(ones(2)), ShapeError, "int() of a tensor of shape (2,)"),
        (lambda: math.exp(ones(2)), ShapeError, "math functions too: use the method, as in x.exp()"),
        (lambda: bool(ones(2)), ShapeError, "the truth of a tensor of shape (2,) is ambiguous: use x.any(), x.all(), or"),
        (lambda: bool(zeros(0)), ShapeError, "the truth of a tensor of shape (0,) is ambiguous"),
        (lambda: [1, 2][tensor(1.0)], TypeError, "a tensor of type float32 and shape () cannot be an index: use x.long()"),
        (lambda: [1, 2][tensor([0, 1])], TypeError, "a tensor of type int64 and shape (2,) cannot be an index"),
        (lambda: len(tensor(1)), TypeError, "len() of a tensor of no dimensions: use x.numel()"),
        (lambda: list(tensor(1)), TypeError, "iteration over a tensor of no dimensions: use x.item() for its number"),
        (lambda: ones(2, requires_grad=True).numpy(), GraphError,
         "numpy() on a tensor that requires grad would lose its gradient: use x.detach().numpy()"),
        (lambda: np.asarray(ones(2, requires_grad=True)), GraphError, "numpy() on a tensor that requires grad"),
    ],
)  # fmt: skip
def test_what_cannot_be_converted(use, error, message):
    with pytest.raises(error, match=re.escape(message)):
        use()


def test_numpy_shares_memory():
    x = ones(2)
    x.numpy()[0] = 5
    np.asarray(x)[1] = 6
    assert x.tolist() == [5, 6]
    assert np.array(x).tolist() == [5, 6]
    np.array(x)[0] = 7
    assert x[0] == 5
    assert np.asarray(x, np.int64).dtype == np.int64
    assert ones(2, requires_grad=True).detach().numpy().tolist() == [1, 1]


def test_new_tensors_like_this_one():
    x = tensor([1, 2], dtype=minigrad.int16)
    for made, values in ((x.new_zeros(2), [0, 0]), (x.new_ones((2,)), [1, 1]), (x.new_full((2,), 3), [3, 3]),
                         (x.new_tensor([4, 5]), [4, 5])):  # fmt: skip
        assert (made.dtype, made.tolist()) == (minigrad.int16, values)
    assert x.new_zeros(1, dtype=minigrad.float32).dtype is x.new_ones(1, dtype=float).float().dtype is minigrad.float32
    assert x.new_full((), 3, dtype=minigrad.float64).dtype is minigrad.float64


# ── what Python expects ──────────────────────────────────────────────────────────────────────────────────────────────


def test_iteration_unpacks_with_gradients():
    x = tensor([1.0, 2.0], requires_grad=True)
    a, b = x
    (a * b).backward()
    assert x.grad.tolist() == [2, 1]
    assert [row.tolist() for row in arange(4).reshape(2, 2)] == [[0, 1], [2, 3]]
    assert sum(x).item() == 3
    assert max(tensor([1, 3, 2])).item() == 3


def test_membership():
    x = tensor([1, 2])
    assert 1 in x
    assert 3 not in x
    assert tensor(2) in x
    for stranger in (None, "1"):
        with pytest.raises(RuntimeError, match="a tensor holds numbers"):
            stranger in x  # noqa: B015


def test_equality_is_elementwise_and_identity_hashes():
    x = tensor([1, 2])
    assert (x == tensor([1, 3])).tolist() == [True, False]
    assert (x != 1).tolist() == [False, True]
    assert {x: "x"}[x] == "x"
    assert len({x, tensor([1, 2])}) == 2


@pytest.mark.parametrize("other", [None, "a", {}, object(), [None]])
def test_what_is_no_number_is_not_equal(other):
    """Rather than an error, as in PyTorch: `if hidden == None`."""
    x = ones(2)
    assert (x == other) is False
    assert (other == x) is False
    assert (x != other) is True
    with pytest.raises(TypeError):
        operator.lt(x, other)
    with pytest.raises(TypeError, match="cannot be an operand of a tensor: use a number"):
        x + other


def test_names_of_the_same_operation():
    x, y = tensor([3.0, 4.0]), tensor([2.0, 2.0])
    for name, other in (("subtract", "sub"), ("multiply", "mul"), ("divide", "div"), ("true_divide", "div")):
        assert getattr(x, name)(y).equal(getattr(x, other)(y))
    assert x.negative().equal(-x)
    assert (+x) is x
    assert x.clip(0, 3.5).equal(x.clamp(0, 3.5))
    assert x.absolute().equal(abs(x))


# ── indexing ────────────────────────────────────────────────────────────────────────────────────────────────────────────

X = arange(24).reshape(2, 3, 4)
INDEXED = [
    ("X[0]", [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]),
    ("X[-1, 1]", [16, 17, 18, 19]),
    ("X[:, 1:]", [[[4, 5, 6, 7], [8, 9, 10, 11]], [[16, 17, 18, 19], [20, 21, 22, 23]]]),
    ("X[..., 0]", [[0, 4, 8], [12, 16, 20]]),
    ("X[None, 0]", [[[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]]),
    ("X[0, :, [0, 2]]", [[0, 2], [4, 6], [8, 10]]),
    ("X[[0, 1], :, 0]", [[0, 4, 8], [12, 16, 20]]),
    ("X[[0, 1], 0, [1, 2]]", [1, 14]),
    ("X[:, 0, [0, 2]]", [[0, 2], [12, 14]]),
    ("X[[0, 1], :, [1, 2]]", [[1, 5, 9], [14, 18, 22]]),
    ("X[0, ..., [1]]", [[1], [5], [9]]),
    ("X[None, [[1], [0]], ..., [2], [0]]", [[[20], [8]]]),
    ("X[0, tensor([True, False, True])]", [[0, 1, 2, 3], [8, 9, 10, 11]]),
    ("X[tensor([[True, False, True], [False, True, False]])]", [[0, 1, 2, 3], [8, 9, 10, 11], [16, 17, 18, 19]]),
    ("X[tensor([[True, False, True], [False, True, False]]), 0]", [0, 8, 16]),
    ("X[0][tensor([True, False, True]), 1]", [1, 9]),
    ("X[[True, False]]", [[[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]]),
    ("X[[]]", []),
    ("X[tensor(1)]", [[12, 13, 14, 15], [16, 17, 18, 19], [20, 21, 22, 23]]),
    ("X[tensor(1), [0]]", [[12, 13, 14, 15]]),
    ("X[range(2), [1, 1]]", [[4, 5, 6, 7], [16, 17, 18, 19]]),
    ("X[1:, tensor([0, 2]), ::2]", [[[12, 14], [20, 22]]]),
    ("X[tensor(0):tensor(1), 0, 0]", [0]),
    ("X[True].shape", (1, 2, 3, 4)),
    ("X[False].shape", (0, 2, 3, 4)),
    ("X[[0, 0, 1], [1, 1, 2]]", [[4, 5, 6, 7], [4, 5, 6, 7], [20, 21, 22, 23]]),
    ("X[:, [[0, 1], [2, 0]], 0]", [[[0, 4], [8, 0]], [[12, 16], [20, 12]]]),
    ("X[np.int64(1), 0]", [12, 13, 14, 15]),
    ("X[0, np.array([0, 2])]", [[0, 1, 2, 3], [8, 9, 10, 11]]),
    ("X[..., None].shape", (2, 3, 4, 1)),
    ("X[()].shape", (2, 3, 4)),
    ("X[[1, -1]]",
     [[[12, 13, 14, 15], [16, 17, 18, 19], [20, 21, 22, 23]], [[12, 13, 14, 15], [16, 17, 18, 19], [20, 21, 22, 23]]]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), INDEXED, ids=[text for text, _ in INDEXED])
def test_indices_of_every_kind(text, expected):
    """Values of PyTorch 2.13. A number beside indices selects first, where NumPy would broadcast it with them."""
    names = {"X": X, "tensor": tensor, "np": np}
    found = eval(text, names)
    if isinstance(found, Size):
        assert found == expected
        return
    assert found.tolist() == expected
    w = X.double().requires_grad_()
    weights = arange(float(found.numel())).reshape(found.shape) + 1.0
    (eval(text, names | {"X": w}) * weights).sum().backward()
    counted = np.zeros(24)
    np.add.at(counted, found.numpy().ravel(), weights.numpy().ravel())
    assert w.grad.flatten().tolist() == counted.tolist()


def test_selections_by_name():
    x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
    assert x.index_select(1, tensor([2, 0])).tolist() == [[3, 1], [6, 4]]
    assert x.masked_select(x > 4).tolist() == [5, 6]
    assert x.masked_select(tensor([True, False, True])).tolist() == [1, 3, 4, 6]
    x.gather(1, tensor([[0, 0], [2, 1]])).sum().backward()
    assert x.grad.tolist() == [[2, 0, 0], [0, 1, 1]]


# ── copies ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("duplicate", [copy.deepcopy, copy.copy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies(duplicate):
    x = tensor([1.0, 2.0], requires_grad=True)
    x.grad = ones(2)
    x.note = "mine"
    again = duplicate(x)
    assert (again.tolist(), again.requires_grad, again.is_leaf, again.note) == ([1, 2], True, True, "mine")
    assert again.grad.tolist() == [1, 1]
    with minigrad.no_grad():
        again.zero_()
    assert x.tolist() == [1, 2]
    (again * again).sum().backward()
    assert x.grad.tolist() == [1, 1]
    assert duplicate(arange(6).reshape(2, 3).T).tolist() == [[0, 3], [1, 4], [2, 5]]


def test_one_tensor_in_two_places_stays_one():
    x = ones(2)
    again = copy.deepcopy({"a": x, "b": [x]})
    assert again["a"] is again["b"][0]
    assert again["a"] is not x


def test_parameters_are_copied_as_parameters():
    p = Parameter(ones(2))
    p.grad = ones(2)
    assert type(copy.deepcopy(p)) is type(pickle.loads(pickle.dumps(p))) is Parameter
    assert copy.deepcopy(p).grad is None  # as in PyTorch


def test_results_are_not_copied():
    x = zeros(2)
    view = x[0]
    x.add_(ones(2, requires_grad=True))
    for result in (x, view):
        for duplicate in (copy.deepcopy, pickle.dumps):
            with pytest.raises(
                GraphError, match=r"the result of \w+ cannot be copied or pickled with its graph: use x\.det"
            ):
                duplicate(result)
        assert copy.deepcopy(result.detach()).equal(result)


# ── what NumPy expects ───────────────────────────────────────────────────────────────────────────────────────────────

UFUNCS = [
    (np.add, "add", 2), (np.subtract, "sub", 2), (np.multiply, "mul", 2), (np.divide, "div", 2), (np.true_divide, "div", 2),
    (np.power, "pow", 2), (np.floor_divide, "floor_divide", 2), (np.remainder, "remainder", 2), (np.maximum, "maximum", 2),
    (np.minimum, "minimum", 2), (np.negative, "neg", 1), (np.absolute, "abs", 1), (np.exp, "exp", 1), (np.log, "log", 1),
    (np.sin, "sin", 1), (np.tanh, "tanh", 1), (np.sqrt, "sqrt", 1), (np.square, "square", 1), (np.rint, "round", 1),
    (np.sign, "sign", 1), (np.reciprocal, "reciprocal", 1), (np.isnan, "isnan", 1), (np.equal, "eq", 2),
    (np.not_equal, "ne", 2), (np.less, "lt", 2), (np.less_equal, "le", 2), (np.greater, "gt", 2),
    (np.greater_equal, "ge", 2), (np.matmul, "matmul", 2),
]  # fmt: skip


@pytest.mark.parametrize(("ufunc", "name", "arity"), UFUNCS, ids=[ufunc.__name__ for ufunc, _, _ in UFUNCS])
def test_ufuncs_are_the_operations_of_the_same_name(ufunc, name, arity):
    x = tensor([0.5, 2.0], requires_grad=True)
    others = [tensor([2.0, 0.5])] * (arity - 1)
    expected = getattr(x, name)(*others)
    for result in (ufunc(x, *others), ufunc(x, *[other.numpy() for other in others])):
        assert type(result) is Tensor
        assert result.equal(expected)
        assert result.requires_grad == expected.requires_grad
    if arity == 2:
        assert ufunc(others[0].numpy(), x).equal(getattr(others[0], name)(x))


def test_arrays_and_tensors_mix_on_both_sides():
    x = tensor([1.0, 2.0], requires_grad=True)
    ((np.array([3.0, 4.0], np.float32) * x).sum() + (x @ np.ones(2, np.float32))).backward()
    assert x.grad.tolist() == [4, 5]
    assert (np.float32(3) - x).tolist() == [2, 1]
    assert (np.ones((2, 2), np.float32) @ x).tolist() == [3, 3]


def test_ufuncs_without_an_operation_run_on_the_array():
    x = tensor([1.0, 2.0])
    assert np.cbrt(tensor([8.0])).tolist() == [2]
    assert np.hypot(x, np.array([1.0, 2.0])).tolist() == pytest.approx([2**0.5, 8**0.5])
    assert type(np.cbrt(x)) is Tensor
    assert np.add.reduce(x).item() == 3
    fraction, whole = np.modf(tensor([1.5]))
    assert (float(fraction[0]), float(whole[0])) == (0.5, 1)
    for lost in (lambda t: np.cbrt(t), lambda t: np.add.reduce(t), lambda t: np.add(t, 1, out=np.zeros(2)),
                 lambda t: np.add(1.0, 1.0, out=t)):  # fmt: skip
        with pytest.raises(
            GraphError, match=r"np\.\w+ of a tensor that requires grad would lose its gradient: use minigrad's"
        ):
            lost(x.clone().requires_grad_())


def test_ufuncs_that_write():
    array, x = np.zeros(2), tensor([1.0, 2.0])
    same = array
    array += x
    assert array is same
    assert type(array) is np.ndarray
    assert array.tolist() == [1, 2]
    assert np.add(x, 1, out=x) is x
    assert x.tolist() == [2, 3]
    parts = np.zeros(2, np.float32), np.zeros(2, np.float32)
    assert np.modf(x / 4, out=parts)[0] is parts[0]
    assert parts[0].tolist() == [0.5, 0.75]


def test_numpy_functions_take_tensors():
    assert np.median(ones(3)) == 1
    assert np.concatenate([ones(1), zeros(1)]).tolist() == [1, 0]
    assert np.allclose(ones(2), 1)


# ── layout ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_contiguous_makes_it_so():
    x = arange(6.0).reshape(2, 3).requires_grad_()
    assert x.contiguous() is x
    flat = x.T.contiguous().view(6)
    assert flat.tolist() == [0, 3, 1, 4, 2, 5]
    (flat * arange(6.0)).sum().backward()
    assert x.grad.tolist() == [[0, 2, 4], [1, 3, 5]]


def test_what_is_taken_by_indices_lies_in_order():
    """NumPy may leave it in another layout, in which it could not be viewed."""
    x = arange(12.0).reshape(3, 4)
    assert x[:, [0, 1]].is_contiguous()
    assert x[:, [0, 1]].view(6).tolist() == [0, 1, 4, 5, 8, 9]


def test_operations_leave_no_alias():
    """Apart from views, what comes out is new memory."""
    x = ones(2, 2)
    for made in (x.clone(), x + 0, x.double().float(), cat([x]), x[[0, 1]], x[x > 0], x.flip(0), x.repeat(1, 1)):
        assert not np.shares_memory(made.array, x.array)
    assert not np.shares_memory(from_numpy(np.ones(2)).clone().array, x.array)


@pytest.mark.parametrize(
    ("use", "values"),
    [
        (lambda x: x.narrow(0, 1, 2), [1, 2]), (lambda x: x.narrow(0, -2, 2), [3, 4]), (lambda x: x.narrow(0, 5, 0), []),
        (lambda x: x.narrow(-1, 0, 5), [0, 1, 2, 3, 4]), (lambda x: x.split(np.int64(2))[-1], [4]),
        (lambda x: x.split((1, 4))[1], [1, 2, 3, 4]), (lambda x: x.split(5)[0], [0, 1, 2, 3, 4]),
        (lambda x: x[:0].split(2)[0], []), (lambda x: x.chunk(2)[1], [3, 4]),
    ],
)  # fmt: skip
def test_parts(use, values):
    assert use(arange(5)).tolist() == values


@pytest.mark.parametrize(("start", "length"), [(1, 5), (-6, 1), (0, -1), (6, 0), (-1, 2)])
def test_parts_that_are_not_all_there(start, length):
    with pytest.raises(
        IndexError, match=re.escape(f"narrow: {length} elements from {start} on are not all there: dimension 0")
    ):
        arange(5).narrow(0, start, length)
