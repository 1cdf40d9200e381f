"""The IDX format and the MNIST files that come with the package."""

import gzip
import hashlib
import os
import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad
from minigrad.datasets import MNIST, IDXError, mnist, read_idx, write_idx
from minigrad.utils.data import DataLoader

FUZZ = settings(max_examples=10 * settings.default.max_examples)
DTYPES = ["uint8", "int8", "int16", "int32", "float32", "float64"]
ARRAYS = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("idx")


def same_bits(a, b):
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


# ── IDX ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(array=ARRAYS, suffix=st.sampled_from(["", ".gz"]))
def test_what_was_written_is_read(folder, array, suffix):
    path = folder / f"round{suffix}"
    write_idx(array, path)
    read = read_idx(path)
    assert same_bits(read, array)
    assert read.dtype.isnative
    assert read.flags.writeable
    assert read.flags.aligned
    assert path.read_bytes().startswith(b"\x1f\x8b" if suffix else b"\0\0")


@pytest.mark.parametrize(
    ("content", "array"),
    [
        ("0000 0801 00000003 0001ff", np.array([0, 1, 255], np.uint8)),
        ("0000 0901 00000002 01ff", np.array([1, -1], np.int8)),
        ("0000 0b02 00000001 00000002 0102 fffe", np.array([[258, -2]], np.int16)),
        ("0000 0c00 00000102", np.array(258, np.int32)),
        ("0000 0d01 00000001 3f800000", np.array([1], np.float32)),
        ("0000 0e01 00000001 c000000000000000", np.array([-2], np.float64)),
        ("0000 0802 00000003 00000000", np.zeros((3, 0), np.uint8)),
    ],
)
@pytest.mark.parametrize("layout", [np.asarray, np.asfortranarray, lambda a: a.astype(a.dtype.newbyteorder())])
def test_the_bytes_of_a_file(tmp_path, content, array, layout):
    write_idx(layout(array).reshape(array.shape), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == bytes.fromhex(content)
    assert same_bits(read_idx(tmp_path / "file"), array)


def test_the_content_decides_whether_a_file_is_compressed(tmp_path):
    array = np.arange(6, dtype=np.int16).reshape(2, 3)
    write_idx(array, tmp_path / "a.gz")
    os.rename(tmp_path / "a.gz", tmp_path / "a.idx")
    write_idx(array, tmp_path / "b.idx")
    os.rename(tmp_path / "b.idx", tmp_path / "b.gz")
    assert same_bits(read_idx(tmp_path / "a.idx"), array)
    assert same_bits(read_idx(str(tmp_path / "b.gz")), array)


def test_a_tensor_and_a_list_can_be_written(tmp_path):
    write_idx(minigrad.tensor([1.5, 2.5]), tmp_path / "tensor")
    assert read_idx(tmp_path / "tensor").tolist() == [1.5, 2.5]
    write_idx([[0.5]], tmp_path / "list")
    assert same_bits(read_idx(tmp_path / "list"), np.array([[0.5]]))


def test_two_compressed_members_are_one_file(tmp_path):
    whole = bytes.fromhex("0000 0801 00000003 000102")
    (tmp_path / "two").write_bytes(gzip.compress(whole[:5], mtime=0) + gzip.compress(whole[5:]))
    assert read_idx(tmp_path / "two").tolist() == [0, 1, 2]


HEAD = bytes.fromhex("0000 0801 00000003")
PACKED = gzip.compress(HEAD + b"abc", mtime=0)
FOREIGN = (
    "is not an IDX file: it starts with bytes {}, not with 00 00, a type (08, 09, 0b, 0c, 0d, 0e) and a number of "
    "dimensions: check that it is the file you mean"
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", FOREIGN.format("(none)")),
        (b"\0\0\x08", FOREIGN.format("00 00 08")),
        (b"\x89PNG....", FOREIGN.format("89 50 4e 47")),
        (b"\0\0\x0a\x01", FOREIGN.format("00 00 0a 01")),
        (gzip.compress(b"text", mtime=0), FOREIGN.format("74 65 78 74")),
        (HEAD[:7], "is cut short: it ends within the sizes of its 1 dimensions: replace it by a fresh copy"),
        (b"\0\0\x08\x41" + b"\0\0\0\1" * 65, "promises 65 dimensions, and NumPy holds at most 64: check that"),
        (b"\0\0\x08\x41", "is cut short: it ends within the sizes of its 65 dimensions"),
        (
            HEAD + b"ab",
            "is cut short: it promises uint8 numbers of shape (3,), 3 bytes, and holds 2 of them: replace it by a fresh copy",
        ),
        (
            gzip.compress(HEAD + b"ab", mtime=0),
            "is cut short: it promises uint8 numbers of shape (3,), 3 bytes, and holds 2 of them",
        ),
        (
            HEAD + b"abcd",
            "is too long: it promises uint8 numbers of shape (3,), 3 bytes, and more follow: replace it by",
        ),
        (
            gzip.compress(HEAD + b"abcd", mtime=0),
            "is too long: it promises uint8 numbers of shape (3,), 3 bytes, and more follow",
        ),
        (
            b"\0\0\x0e\x02" + b"\xff" * 8,
            "promises float64 numbers of shape (4294967295, 4294967295), 147,573,952,520,956,936,200 bytes, beyond the "
            "limit of 1,073,741,824: if you trust it, pass read_idx(..., limit=147573952520956936200)",
        ),
        (
            b"\0\0\x08\x04" + b"\xff" * 12 + b"\0" * 4,
            "promises uint8 numbers of shape (4294967295, 4294967295, 4294967295, 0), 0 bytes, which NumPy cannot hold",
        ),
        (
            PACKED[:-1],
            "is a damaged gzip file (Compressed file ended before the end-of-stream marker was reached): replace",
        ),
        (PACKED[:-8] + b"\0" * 8, "is a damaged gzip file (CRC check failed"),
        (
            PACKED[:10] + b"\xff" + PACKED[11:],
            "is a damaged gzip file (Error -3 while decompressing data: invalid block",
        ),
        (PACKED + b"more", "is a damaged gzip file (Not a gzipped file (b'mo'))"),
        (b"\x1f\x8b", "is a damaged gzip file"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence(tmp_path, content, message):
    path = tmp_path / "bad"
    path.write_bytes(content)
    with pytest.raises(IDXError, match=re.escape(f"{path} {message}")):
        read_idx(path)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "nothing")


@st.composite
def damaged_files(draw):
    """An IDX file, perhaps compressed, of which some bytes were changed, left out or added, or the end cut off."""
    array = draw(ARRAYS)
    code = {"uint8": 8, "int8": 9, "int16": 11, "int32": 12, "float32": 13, "float64": 14}[array.dtype.name]
    sizes = b"".join(n.to_bytes(4, "big") for n in array.shape)
    content = bytes([0, 0, code, array.ndim]) + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()
    if draw(st.booleans()):
        content = gzip.compress(content, mtime=0)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(content)))
        length = draw(st.sampled_from([0, 1, 1, 4]))
        content = content[:at] + draw(st.binary(max_size=4)) + content[at + length :]
    return content[: draw(st.sampled_from([None, None, len(content) // 2, -1]))]


@FUZZ
@given(
    content=st.one_of(damaged_files(), st.binary(max_size=64), st.binary(max_size=64).map(b"\x1f\x8b\x08\x00".__add__))
)
def test_a_damaged_file_is_read_or_refused(folder, content):
    path = folder / "damaged"
    path.write_bytes(content)
    try:
        array = read_idx(path, limit=1 << 16)
    except IDXError:
        return
    write_idx(array, folder / "again")
    held = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    assert (folder / "again").read_bytes() == held


@pytest.mark.parametrize(
    ("header", "packed"),
    [
        pytest.param("0000 0801 00000003", 1 << 25, id="a little promised, 32 MB packed into 32 kB"),
        pytest.param("0000 0801 3fffffff", 100, id="a gigabyte promised, 100 bytes there"),
        pytest.param("0000 0801 7fffffff", 1 << 25, id="two gigabytes promised, beyond the limit"),
        pytest.param("0000 0801 3fffffff", None, id="a gigabyte promised, nothing there, not compressed"),
    ],
)
def test_a_promise_takes_no_memory(tmp_path, header, packed):
    head = bytes.fromhex(header)
    (tmp_path / "bomb").write_bytes(head if packed is None else gzip.compress(head + bytes(packed), 1, mtime=0))
    tracemalloc.start()
    try:
        with pytest.raises(IDXError):
            read_idx(tmp_path / "bomb")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_the_limit_can_be_moved(tmp_path):
    write_idx(np.zeros(100, np.int16), tmp_path / "a")
    assert read_idx(tmp_path / "a", limit=200).shape == (100,)
    with pytest.raises(IDXError, match="200 bytes, beyond the limit of 199: if you trust it, pass"):
        read_idx(tmp_path / "a", limit=199)


@pytest.mark.parametrize("dtype", ["bool", "int64", "uint16", "float16", "complex64", "U1"])
def test_elements_without_a_type_in_the_format(tmp_path, dtype):
    array = np.zeros(2, dtype)
    message = (
        f"IDX has no type for elements of {array.dtype}: convert them first, to one of uint8, int8, int16, int32, "
        "float32, float64"
    )
    with pytest.raises(TypeError, match=re.escape(message)):
        write_idx(array, tmp_path / "file")
    assert not any(tmp_path.iterdir())


def test_a_size_beyond_the_format(tmp_path):
    with pytest.raises(
        IDXError, match=r"IDX keeps sizes in four bytes, too few for shape \(4294967296,\): split the array"
    ):
        write_idx(np.broadcast_to(np.uint8(0), (1 << 32,)), tmp_path / "file")


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file.gz"
    write_idx(np.arange(3, dtype=np.uint8), path)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        write_idx(np.zeros(3, np.uint8), path)
    assert [file.name for file in tmp_path.iterdir()] == ["file.gz"]
    assert path.read_bytes() == before


def test_a_compressed_file_keeps_no_time(tmp_path):
    write_idx(np.arange(3, dtype=np.uint8), tmp_path / "a.gz")
    assert (tmp_path / "a.gz").read_bytes()[4:8] == bytes(4)


# ── MNIST ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def test_set():
    return MNIST(train=False)


def test_the_training_set():
    digits = MNIST()
    assert (len(digits), digits.train) == (60000, True)
    assert (digits.data.shape, digits.data.dtype) == ((60000, 28, 28), minigrad.uint8)
    assert (digits.targets.shape, digits.targets.dtype) == ((60000,), minigrad.int64)
    assert digits.targets[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    counts = np.bincount(digits.targets.numpy())
    assert counts.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert round(float(digits.data.numpy().mean()) / 255, 4) == 0.1307  # the mean by which everybody normalises


def test_the_test_set(test_set):
    assert (len(test_set), test_set.train) == (10000, False)
    assert test_set.data.shape == (10000, 28, 28)
    assert test_set.targets[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    counts = np.bincount(test_set.targets.numpy())
    assert counts.tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_an_item(test_set):
    image, label = test_set[0]
    assert (image.shape, image.dtype, label, type(label)) == ((28, 28), minigrad.uint8, 7, int)
    assert image.equal(test_set.data[0])
    assert test_set.classes[label] == "7 - seven"
    assert test_set[-1][1] == test_set[9999][1]
    assert test_set[minigrad.tensor(1)][1] == 2
    with pytest.raises(IndexError):
        test_set[10000]


def test_an_item_has_memory_of_its_own(test_set):
    image, _ = test_set[0]
    image.fill_(7)
    assert not test_set.data[0].equal(image)


def test_two_sets_share_no_memory(test_set):
    other = MNIST(train=False)
    for a, b in [(test_set.data, other.data), (test_set.targets, other.targets)]:
        assert not np.shares_memory(a.numpy(), b.numpy())
        assert a.numpy().flags.writeable


def test_transforms_get_the_tensor_and_the_number():
    digits = MNIST(None, False, lambda image: image.float() / 255, lambda label: label % 2 == 1, True)
    image, odd = digits[0]
    assert (image.dtype, image.max().item() <= 1, odd) == (minigrad.float32, True, True)


def test_root_and_download_have_no_effect(tmp_path):
    digits = MNIST(tmp_path / "data", train=False, download=True)
    assert len(digits) == 10000
    assert not any(tmp_path.iterdir())


class Scale:
    def __repr__(self):
        return "Scale(\n    255\n)"


def test_the_text_of_a_set(test_set):
    assert repr(test_set) == "Dataset MNIST\n    Number of datapoints: 10000\n    Split: Test"
    digits = MNIST(train=False, transform=Scale(), target_transform=Scale())
    assert repr(digits) == (
        "Dataset MNIST\n    Number of datapoints: 10000\n    Split: Test\n    StandardTransform\n"
        "Transform: Scale(\n               255\n           )\n"
        "Target transform: Scale(\n                      255\n                  )"
    )
    digits.train, digits.target_transform = True, None
    assert repr(digits).endswith(
        "Split: Train\n    StandardTransform\nTransform: Scale(\n               255\n           )"
    )


class SampleBySample(MNIST):
    """A subclass could have other samples, so the loader asks for each."""


@pytest.mark.parametrize("change", ["nothing", "fewer", "floats", "transform", "target_transform"])
def test_batches_are_the_same_from_tensors_and_from_samples(change):
    sets = MNIST(train=False), SampleBySample(train=False)
    for digits in sets:
        digits.data, digits.targets = digits.data[:100], digits.targets[:100]
        if change == "fewer":
            digits.data, digits.targets = digits.data[10:50], digits.targets[10:50]
        elif change == "floats":
            digits.targets = digits.targets.float() + 0.5
        elif change == "transform":
            digits.transform = lambda image: image.float() / 255
        elif change == "target_transform":
            digits.target_transform = lambda label: label / 2
    batches = []
    for digits in sets:
        minigrad.manual_seed(0)
        batches.append(list(DataLoader(digits, 7, shuffle=True)))
    for one, other in zip(*batches, strict=True):
        assert type(one) is type(other) is list
        for a, b in zip(one, other, strict=True):
            assert a.equal(b)
            assert a.dtype == b.dtype


def test_the_shipped_files_are_the_original_ones():
    MNIST.verify()
    table = re.findall(
        r"^\| `(\S+)` \| ([\d,]+) \| `(\w+)` \|$", (mnist.FOLDER / "README.md").read_text(), re.MULTILINE
    )
    assert len(table) == 8
    for name, size, checksum in table:
        if name.endswith(".gz"):
            content, digest = (mnist.FOLDER / name).read_bytes(), hashlib.sha256
        else:
            content, digest = gzip.decompress((mnist.FOLDER / f"{name}.gz").read_bytes()), hashlib.md5
        assert len(content) == int(size.replace(",", ""))
        assert digest(content).hexdigest() == checksum


def test_a_changed_file_is_noticed(tmp_path, monkeypatch):
    for name in mnist.SHA256:
        (tmp_path / name).write_bytes((mnist.FOLDER / name).read_bytes() + b"\0" * name.startswith("t10k-labels"))
    monkeypatch.setattr(mnist, "FOLDER", tmp_path)
    message = f"{tmp_path / 't10k-labels-idx1-ubyte.gz'} is not the file that minigrad ships: install minigrad again"
    with pytest.raises(IDXError, match=re.escape(message)):
        MNIST.verify()


@pytest.mark.parametrize("use", [MNIST, MNIST.verify])
def test_an_installation_without_data(tmp_path, monkeypatch, use):
    monkeypatch.setattr(mnist, "FOLDER", tmp_path)
    message = (
        f"{tmp_path / 'train-images-idx3-ubyte.gz'} is missing: this minigrad was installed without its data, and nothing "
        "is downloaded: install the full package, or read files of your own with minigrad.datasets.read_idx"
    )
    with pytest.raises(FileNotFoundError, match=re.escape(message)):
        use()
