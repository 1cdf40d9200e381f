"""Saving and loading: what goes in comes out, a failed save harms nothing, and a hostile file is a ValueError."""

import io
import json
import os
import pickle
import re
import threading
import zipfile
from collections import OrderedDict, defaultdict, namedtuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import minigrad
from minigrad import Tensor, load, nn, ones, save, serialization, tensor, zeros


def through_a_file(data):
    file = io.BytesIO()
    save(data, file)
    file.seek(0)
    return load(file)


# ── what goes in comes out ───────────────────────────────────────────────────────────────────────────────────────────

DTYPES = ["float16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool"]
ARRAYS = st.builds(
    lambda dtype, shape, seed: np.random.default_rng(seed).integers(0, 2, shape).astype(dtype),
    st.sampled_from(DTYPES), st.lists(st.integers(0, 3), max_size=3), st.integers(0, 9),
)  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=()), max_size=5) | st.sampled_from(
    [
        "file",
        "allow_pickle",
        "structure",
        "data",
        "w.npy",
        "w",
        "w_",
        "a/b",
        "../a",
        "a.b",
        ".",
        "x" * 300,
        "\0",
        "\ud800",
    ]
)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
KEYS = TEXTS | st.integers() | st.booleans() | st.none() | st.tuples(TEXTS, st.integers())
LEAVES = PLAIN | ARRAYS | ARRAYS.map(tensor)
DATA = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4).map(OrderedDict)
    ),
    max_leaves=12,
)


def same(a, b):
    """Of one type, and equal through and through; NaN equals NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, Tensor):
        return same(a.array, b.array)
    if isinstance(a, np.ndarray):
        return (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    if isinstance(a, dict):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a.items(), b.items()))
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    return a == b or (a != a and b != b)


@given(DATA)
@example({"w.npy": tensor(1.0), "w": tensor(2.0)})
@example({"w": tensor(1.0), "w.npy": tensor(2.0), "w.npy.npy": tensor(3.0)})
@example({"file": ones(1), "allow_pickle": ones(2), "structure": ones(3)})
@example({"a.b": ones(1), "a": {"b": ones(2)}, "a/b": ones(3), "a_b": ones(4)})
@example({"a\0b": ones(1), "\ud800": ones(2), "x" * 70_000: ones(3), "": ones(4)})
@example([True, 1, 1.0, "1", None, float("nan"), -0.0, 10**300])
def test_what_is_saved_is_loaded(data):
    assert same(through_a_file(data), data)


def test_a_file_is_an_ordinary_archive_with_readable_names(tmp_path):
    path = tmp_path / "weights.npz"
    model = nn.Sequential(nn.Linear(2, 1))
    save({"model": model.state_dict(), "epoch": 3}, path)
    with np.load(path, allow_pickle=False) as archive:
        assert sorted(archive.files) == ["model.0.bias", "model.0.weight", "structure"]
        assert archive["model.0.weight"].tolist() == model[0].weight.tolist()
        assert json.loads(archive["structure"].item())["format"] == "minigrad 1"


@pytest.mark.parametrize(
    ("data", "loaded"),
    [
        (np.float32(1.5), 1.5),
        (np.int8(3), 3),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        (namedtuple("Pair", "a b")(1, 2), (1, 2)),
        (defaultdict(int, a=1), {"a": 1}),
    ],
)
def test_kindred_types_come_back_as_the_plain_ones(data, loaded):
    assert same(through_a_file(data), loaded)


def test_what_requires_grad_still_does():
    parameter = nn.Parameter(ones(2))
    loaded = through_a_file([parameter, parameter * 1, parameter.detach(), nn.Parameter(ones(2), requires_grad=False)])
    assert [type(x).__name__ for x in loaded] == ["Parameter", "Tensor", "Tensor", "Parameter"]
    assert [x.requires_grad for x in loaded] == [True, True, False, False]
    assert all(x.is_leaf and x.tolist() == [1, 1] for x in loaded)


@pytest.mark.parametrize(
    "data",
    [
        {1, "a", (2, 3)}, frozenset([1]), b"\0\xff", 2 - 3j, ones(2, 3).shape, minigrad.float64, minigrad.bool,
        minigrad.device("cpu"), {"rng": minigrad.get_rng_state()}, {minigrad.float32: [set(), b""]},
    ],
    ids=lambda kept: type(kept).__name__,
)  # fmt: skip
def test_other_things_that_programs_keep(data):
    assert same(through_a_file(data), data)


# ── whole modules ────────────────────────────────────────────────────────────────────────────────────────────────────


class Net(nn.Module):
    class Inner(nn.Module):
        def forward(self, x):
            return x * 2

    def __init__(self):
        super().__init__()
        raise AssertionError("loading must not run this")

    def forward(self, x):
        return self.last(self.inner(self.layers(x)))


def net():
    made = Net.__new__(Net)
    nn.Module.__init__(made)
    made.layers = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 4, bias=False))
    made.inner, made.last = Net.Inner(), nn.Linear(4, 4, bias=False)
    made.last.weight = made.layers[2].weight  # tied
    made.names, made.circle = {"a": [1, (2, None)]}, [made]
    return made.eval()


def test_a_whole_module_comes_back():
    model = net()
    loaded = through_a_file(model)
    x = minigrad.randn(5, 3)
    assert type(loaded) is Net
    assert type(loaded.inner) is Net.Inner
    assert loaded(x).equal(model(x))
    assert loaded.last.weight is loaded.layers[2].weight
    assert loaded.circle[0] is loaded
    assert (loaded.names, loaded.training) == (model.names, False)
    assert [name for name, _ in loaded.named_parameters()] == [name for name, _ in model.named_parameters()]
    assert list(loaded.state_dict()) == list(model.state_dict())
    assert through_a_file({"model": nn.Linear(2, 1), "epoch": 1})["model"].in_features == 2


def test_a_whole_module_is_no_weights_only():
    file = io.BytesIO()
    save(nn.Linear(1, 1), file)
    file.seek(0)
    with pytest.raises(ValueError, match=r"it holds a whole module, Linear: load it without weights_only=True"):
        load(file, weights_only=True)


def test_modules_that_cannot_be_saved():
    class Local(nn.Module):
        pass

    with pytest.raises(TypeError, match=r"save: the object is a Local: save tensors"):
        save(Local(), io.BytesIO())
    model = nn.Linear(1, 1)
    model.activation = len
    with pytest.raises(TypeError, match=r"save: activation is a builtin_function_or_method"):
        save(model, io.BytesIO())
    with pytest.raises(RuntimeError, match=r"has no shape and no values yet: call the module once"):
        save(nn.LazyLinear(2), io.BytesIO())


def test_a_loaded_tensor_has_memory_of_its_own():
    x = ones(2)
    one, other = through_a_file([x, x])
    one += 1
    assert (x.tolist(), one.tolist(), other.tolist()) == ([1, 1], [2, 2], [1, 1])


def test_a_model_comes_back_whole():
    minigrad.manual_seed(0)
    one, other = (nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)) for _ in range(2))
    assert repr(other.load_state_dict(through_a_file(one.state_dict()))) == "<All keys matched successfully>"
    x = minigrad.randn(5, 3)
    assert one(x).tolist() == other(x).tolist()


def test_an_archive_of_plain_arrays_is_a_dict_of_tensors(tmp_path):
    path = tmp_path / "arrays.npz"
    np.savez_compressed(path, a=np.arange(3), b=np.ones((2, 2), ">f8"), c=np.asfortranarray(np.eye(2)))
    loaded = load(path)
    assert same(
        loaded, {"a": tensor([0, 1, 2]), "b": ones(2, 2, dtype="float64"), "c": minigrad.eye(2, dtype="float64")}
    )


def test_numbers_of_another_machines_byte_order_can_be_computed_with():
    file = io.BytesIO()
    np.savez(file, a=np.arange(3.0, dtype=">f4"))
    file.seek(0)
    x = load(file)["a"].requires_grad_()
    (x * x).sum().backward()
    assert x.grad.tolist() == [0, 2, 4]


def test_pytorchs_options_are_accepted(tmp_path):
    path = tmp_path / "x"
    save(3, path)
    assert load(path, map_location="cpu", weights_only=True) == load(path, None, mmap=False, encoding="ascii") == 3
    save(3, path, pickle_protocol=4, _use_new_zipfile_serialization=False)
    assert (
        load(path, lambda storage, location: storage)
        == load(path, {"cuda:0": "cpu"})
        == load(path, minigrad.device("cpu"))
    )
    with pytest.raises(RuntimeError, match="minigrad computes on the CPU only"):
        load(path, "cuda")
    for call in (lambda: save(3, path, pickle_module=pickle), lambda: load(path, pickle_module=pickle)):
        with pytest.raises(TypeError, match="minigrad never pickles, so there is no use for a pickle_module"):
            call()


def test_files_of_other_kinds_are_told_apart():
    torch_file = zipped(("archive/data.pkl", pickle.dumps({"a": 1})), ("archive/version", "3"))
    for content in (torch_file, b"\x80\2\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."):
        with pytest.raises(ValueError, match=r"a file of PyTorch's own.*safetensors.torch.save_file"):
            load(io.BytesIO(content))
    with pytest.raises(ValueError, match=r"it is a safetensors file: read it with minigrad.safetensors.load_file"):
        load(io.BytesIO((2).to_bytes(8, "little") + b"{}"))


def test_a_file_that_would_fill_the_memory(monkeypatch):
    monkeypatch.setattr(serialization, "LARGEST", 1000)
    content = zipped(("a.npy", bare(np.zeros(100_000))), method=zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match=r"its \d+ bytes unpack to 800128"):
        load(io.BytesIO(content))
    assert load(io.BytesIO(zipped(("a.npy", bare(np.zeros(100_000))))))["a"].shape == (100_000,)


@pytest.mark.parametrize("kind", [str, Path])
def test_paths_of_either_kind_and_open_files(kind, tmp_path):
    path = kind(tmp_path / "x")  # no suffix is added
    save([1, ones(2)], path)
    assert os.listdir(tmp_path) == ["x"]
    with open(path, "rb") as file:
        assert same(load(file), load(path))


@pytest.mark.parametrize("name", ["n" * 255, "with space", "ünïcode", ".hidden", "a.npz.npz"])
def test_any_file_name_will_do(name, tmp_path):
    save(1, tmp_path / name)
    assert os.listdir(tmp_path) == [name]
    assert load(tmp_path / name) == 1


def test_a_file_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(1, "x")
    assert load("x") == 1


def test_saving_goes_through_a_link_as_writing_does(tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    save(1, folder / "real")
    (tmp_path / "link").symlink_to(folder / "real")
    save(2, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert load(folder / "real") == 2
    assert os.listdir(folder) == ["real"]


# ── what cannot be saved ─────────────────────────────────────────────────────────────────────────────────────────────

ENDLESS: list = []
ENDLESS.append(ENDLESS)


def nested(depth):
    data: list = []
    for _ in range(depth):
        data = [data]
    return data


HELP = "save tensors, arrays, numbers and texts in dicts and lists (for a module, its state_dict())"


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (object(), TypeError, f"save: the object is a object: {HELP}"),
        ({"a": [1, {"b": {object}}]}, TypeError, f"save: a.1.b.0 is a type: {HELP}"),
        ([range(3)], TypeError, f"save: 0 is a range: {HELP}"),
        ({"f": len}, TypeError, f"save: f is a builtin_function_or_method: {HELP}"),
        ({"a": np.array([None])}, TypeError, "save: a is an array of Python objects: convert it to numbers first"),
        (ENDLESS, ValueError, "save: the object is nested too deeply, or contains itself"),
        (nested(100_000), ValueError, "save: the object is nested too deeply, or contains itself"),
    ],
)  # fmt: skip
def test_what_cannot_be_saved_is_named_and_leaves_the_old_file(data, error, message, tmp_path):
    path = tmp_path / "x"
    save("old", path)
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        save(data, path)
    assert os.listdir(tmp_path) == ["x"]
    assert load(path) == "old"


def test_what_can_be_saved_can_be_loaded_however_deep():
    for depth in range(100, 500, 20):
        file = io.BytesIO()
        try:
            save(nested(depth), file)
        except ValueError:
            assert depth > 100
            break
        file.seek(0)
        assert str(load(file)) == str(nested(depth))  # Python 3.13 has no limit in this range


def test_a_folder_that_does_not_exist(tmp_path):
    folder = tmp_path / "runs"
    message = f"save: there is no folder {folder}: make it first, os.makedirs"
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(message)}$"):
        save(1, folder / "x")
    folder.mkdir()
    save(1, folder / "x")


def test_the_path_of_a_folder(tmp_path):
    with pytest.raises(OSError, match=r"irectory|denied"):
        save(1, tmp_path)
    assert os.listdir(tmp_path) == []
    with pytest.raises(OSError, match=r"irectory|denied"):
        load(tmp_path)


# ── a failed save harms nothing ──────────────────────────────────────────────────────────────────────────────────────


def fail_half_way(error):
    def savez(file, **arrays):
        file.write(b"half a file")
        raise error

    return savez


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), KeyboardInterrupt(), MemoryError()], ids=repr
)
@pytest.mark.parametrize("where", ["numpy.savez", "os.fsync", "os.replace"])
def test_an_interrupted_save_leaves_the_old_file_whole_and_no_other(error, where, tmp_path, monkeypatch):
    path = tmp_path / "x"
    save({"w": ones(1000)}, path)
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        if where == "numpy.savez":
            patch.setattr(where, fail_half_way(error))
        else:
            patch.setattr(where, lambda *args: (_ for _ in ()).throw(error))
        with pytest.raises(type(error)):
            save({"w": zeros(1000)}, path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["x"]
    save({"w": zeros(1000)}, path)
    assert load(path)["w"].sum().item() == 0


def test_a_save_that_cannot_even_begin_raises_its_own_error(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "denied")

    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", refuse)
        with pytest.raises(PermissionError, match="denied"):
            save(1, tmp_path / "x")
    assert os.listdir(tmp_path) == []


def test_threads_that_save_under_one_name_never_mix(tmp_path):
    path = tmp_path / "x"

    def write(value):
        for _ in range(10):
            save({"value": value, "w": tensor(np.full(5000, value))}, path)

    save({"value": 0, "w": tensor(np.full(5000, 0))}, path)
    threads = [threading.Thread(target=write, args=(value,)) for value in (1, 2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        data = load(path)
        assert (data["w"] == data["value"]).all()
    for thread in threads:
        thread.join()
    assert os.listdir(tmp_path) == ["x"]


# ── a hostile file is a ValueError ───────────────────────────────────────────────────────────────────────────────────


def content_of(data):
    file = io.BytesIO()
    save(data, file)
    return file.getvalue()


GOOD = content_of({"a": ones(5, 5), "b": [1, 2, {"c": zeros(3)}]})


def try_to_load(content):
    """What comes of it: data, or None for the one error there may be."""
    try:
        return load(io.BytesIO(content))
    except ValueError as error:
        cause = str(error)
    assert cause.startswith("the file is not a file that minigrad.save wrote, or it is damaged: ")
    return None


def test_a_file_cut_short_is_a_value_error_at_every_length():
    for n in range(0, len(GOOD), 3):
        assert try_to_load(GOOD[:n]) is None


@given(st.binary(max_size=200), st.sampled_from([b"", b"PK\3\4", b"PK\5\6", b"\x93NUMPY\1\0", b"\x80\4"]))
def test_random_bytes_are_a_value_error(content, start):
    try_to_load(start + content)


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(1, 255)), min_size=1, max_size=6))
def test_damage_is_a_value_error_or_does_not_matter(damage):
    content = bytearray(GOOD)
    for place, change in damage:
        content[place] ^= change
    try_to_load(bytes(content))


def structured(content=None, text=None, form="minigrad 1", **arrays):
    file = io.BytesIO()
    structure = np.asarray(json.dumps({"format": form, "content": content}) if text is None else text)
    np.savez(file, structure=structure, **arrays)
    return file.getvalue()


def zipped(*members, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def damaged(content, place):
    return content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]


def npy(shape):
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header


def bare(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


class Bomb:
    """Whoever unpickles this makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


WRONG_NAMES = [["tensor", "nope"], ["array", "nope"], ["tensor", 3], ["tensor", ["list", []]], ["tensor", {}]]
WRONG_SHAPES = [["list"], ["list", 3], ["list", [], 3], ["dict", [1]], ["dict", {"a": 1}], [["list", []], 1], []]
WRONG_KINDS = [
    ["x", 1], ["set", 3], ["bytes", "0"], ["bytes", 1], ["complex", 1], ["dtype", "O"], ["dtype", "complex64"], ["device", "x"],
    ["same", 0], ["same", "a"], ["parameter", "nope", True], ["parameter", "structure", True], ["module", "os", "system", {}],
    ["module", "os", "_Environ", {}], ["module", "nowhere", "Net", {}], ["module", "minigrad.nn.linear", "nope", {}],
    ["module", "minigrad.nn.parameter", "Parameter", {}], ["module", "minigrad.nn.linear", "Linear", 3], ["module", 1, 2, {}],
    ["module", "minigrad.tensor", "Tensor", {}], ["module", "minigrad.nn.linear", "Linear.__init__", {}], {"a": 1},
    ["dict", [[["list", []], 1]]], ["dict", [[{}, 1]]], ["tensor", "structure"],
]  # fmt: skip
DEEP = '{"format": "minigrad 1", "content": ' + '["list", [' * 100_000 + "]]" * 100_000 + "}"
WRONG_TEXTS = [
    "", "3", "null", "[]", "{", '{"format": ["a"]}', "[" * 100_000, "[" * 100_000 + "]" * 100_000, DEEP,
    '{"format": "minigrad 1", "content": ' + "1" * 100_000 + "}", b"\xff", 3, ["a", "b"], '{"format": "minigrad 1"}',
]  # fmt: skip
HOSTILE = {
    **{f"name {content}": structured(content) for content in WRONG_NAMES},
    **{f"shape {content}": structured(content) for content in WRONG_SHAPES},
    **{f"kind {content}": structured(content) for content in WRONG_KINDS},
    **{f"text {i}": structured(text=text) for i, text in enumerate(WRONG_TEXTS)},
    "another format": structured(1, form="minigrad 2"),
    **{f"tensor of {kind}": structured(["tensor", "x"], x=np.zeros(2, kind)) for kind in ("c8", "U3", "M8[s]", "u4", "f4,i4")},
    "object array": zipped(("a.npy", bare(np.array([object])))),
    "object array in the structure": structured(text=None) + bare(np.array([object])),
    "bare array": bare(np.ones(3)),
    "bare object array": bare(np.array([None])),
    "text member": zipped(("a.txt", "hello")),
    "pickle member": zipped(("archive/data.pkl", pickle.dumps({"a": 1})), ("archive/version", "3")),
    **{f"array of shape {s}": zipped(("a.npy", npy(s)))
       for s in ("(10**18,)", "(1000000000000000000,)", "(9223372036854775807, 9223372036854775807)", "(-1,)", "(True,)", "'a'",
                 "(" * 60 + ")" * 60, "(3,)")},
    **{f"compression damaged at {n}": damaged(zipped(("a.npy", npy("(3,)") + bytes(24)), method=method), n)
       for method in (zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2) for n in (60, 70)},
}  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE.values(), ids=[name[:40] for name in HOSTILE])
def test_hostile_files_are_value_errors(content):
    assert try_to_load(content) is None


def test_nothing_in_a_file_is_run(tmp_path):
    target = tmp_path / "made"
    bomb = pickle.dumps(Bomb(str(target)))
    for content in (bomb, bare(np.array([Bomb(str(target))])), zipped(("a.npy", bomb)),
                    zipped(("a.npy", bare(np.array([Bomb(str(target))])))), structured(["tensor", "a"]) + bomb):  # fmt: skip
        assert try_to_load(content) is None
        assert not target.exists()
    pickle.loads(bomb)
    assert target.exists()


def test_the_error_names_the_file_and_the_cause(tmp_path):
    path = tmp_path / "weights.npz"
    path.write_bytes(b"hello")
    message = f"{path} is not a file that minigrad.save wrote, or it is damaged: it is no .npz archive"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$") as caught:
        load(path)
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(ValueError, match=r"damaged: it holds more than arrays$"):
        load(io.BytesIO(zipped(("a.txt", "hello"))))
    with pytest.raises(ValueError, match=r"damaged: its format is 'minigrad 2'$"):
        load(io.BytesIO(structured(1, form="minigrad 2")))


def test_a_file_opened_as_text_and_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match=r"it is no \.npz archive"):
        load(io.StringIO("PK\3\4"))
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing")
