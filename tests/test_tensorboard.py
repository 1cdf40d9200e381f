"""Event files for TensorBoard: what a writer is given is what is read back from the file."""

import struct
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad import nn, plot
from minigrad.utils.tensorboard import SummaryWriter

pytest.importorskip("tensorboardX")


def crc32c(data):
    """The checksum of a record: CRC-32C, bit by bit (RFC 3720, appendix B.4), then masked as TensorFlow does."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def events(folder):
    """Every event in a folder's files, with both checksums of its record looked at."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for path in sorted(Path(folder).glob("*tfevents*")):
        data = path.read_bytes()
        while data:
            (length,) = struct.unpack("<Q", data[:8])
            body = data[12 : 12 + length]
            assert struct.unpack("<I", data[8:12]) == (crc32c(data[:8]),)
            assert struct.unpack("<I", data[12 + length : 16 + length]) == (crc32c(body),)
            found.append(Event.FromString(body))
            data = data[16 + length :]
    return found


def values(folder):
    """(step, value) of every summary."""
    return [(event.step, value) for event in events(folder) for value in event.summary.value]


def pixels(value):
    """The image in a summary."""
    import io

    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(value.image.encoded_image_string)))


def test_numbers(tmp_path):
    w = minigrad.tensor(0.25, requires_grad=True)
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("cost", w * 2, minigrad.tensor(3))
        writer.add_scalar("cost", [[0.125]], 4, walltime=7.0, new_style=True)
        assert writer.log_dir == writer.get_logdir() == str(tmp_path)
    assert [(step, v.tag, v.simple_value) for step, v in values(tmp_path)] == [(3, "cost", 0.5), (4, "cost", 0.125)]
    assert events(tmp_path)[-1].wall_time == 7.0


def test_more_than_one_number_is_refused(tmp_path):
    with (
        SummaryWriter(tmp_path) as writer,
        pytest.raises(ValueError, match=r"'cost' has shape \(2,\): give one number"),
    ):
        writer.add_scalar("cost", minigrad.ones(2))


def test_several_numbers_have_a_folder_each(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalars("right", {"training": minigrad.tensor(97), "unseen": 96.5}, 1)
    for name, number in [("training", 97), ("unseen", 96.5)]:
        assert [(step, v.simple_value) for step, v in values(tmp_path / "right" / name)] == [(1, number)]


def test_histograms_count_finite_numbers(tmp_path):
    weight = nn.Parameter(minigrad.tensor([[-1.0, 0.5], [np.nan, 2.0]]))
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("weight", weight, 5)
        with minigrad.no_grad():
            weight.zero_()  # what is done later changes nothing
        writer.add_histogram("bins", minigrad.arange(6), 6, bins=3)
        with pytest.raises(ValueError, match="'empty' has no finite number to count"):
            writer.add_histogram("empty", minigrad.tensor([np.inf]))
    (_, first), (_, second) = values(tmp_path)
    assert (first.histo.min, first.histo.max, first.histo.num, first.histo.sum) == (-1, 2, 3, 1.5)
    assert list(second.histo.bucket) == [0, 2, 2, 2]


def test_images(tmp_path):
    image = minigrad.arange(12).reshape(1, 3, 4) / 11
    with SummaryWriter(tmp_path) as writer:
        writer.add_image("digit", image, 1)
        writer.add_image("grey", (255 * image[0]).to(minigrad.uint8), 2, dataformats="HW")
        writer.add_images("two", minigrad.stack([image, image]), 3)
    (_, digit), (_, grey), (_, two) = values(tmp_path)
    expected = (255 * image.numpy()[0]).astype(np.uint8)
    assert pixels(digit)[..., 0].tolist() == pixels(grey)[..., 0].tolist() == expected.tolist()
    assert pixels(two).shape[:2] in [(3, 8), (6, 4)]


def test_figures_and_texts(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_figure("curve", plot.learning_curves([3.0, 2.0]).figure, 1)
        writer.add_text("note", "**bold**", 2)
    (_, curve), (_, note) = values(tmp_path)
    assert pixels(curve).shape == (540, 840, 3)
    assert note.tensor.string_val[0] == b"**bold**"


def test_settings_of_a_run(tmp_path):
    from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

    with SummaryWriter(tmp_path) as writer:
        settings = {"lr": minigrad.tensor(0.5), "loss": "squared", "shuffle": True, "epochs": 3}
        writer.add_hparams(settings, {"hparam/right": minigrad.tensor(96.5)}, {"epochs": [3]}, "first")
        with pytest.raises(ValueError, match="'hidden' is a list: give a number, a string or a bool"):
            writer.add_hparams({"hidden": [16, 16]}, {})
    found = {v.tag: v for _, v in values(tmp_path / "first")}
    assert found["hparam/right"].simple_value == 96.5
    data = HParamsPluginData.FromString(found["_hparams_/session_start_info"].metadata.plugin_data.content)
    read = {name: getattr(v, v.WhichOneof("kind")) for name, v in data.session_start_info.hparams.items()}
    assert read == {"lr": 0.5, "loss": "squared", "shuffle": True, "epochs": 3}


def test_other_functions_take_tensors(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_pr_curve("seven", minigrad.tensor([1, 0, 1]), minigrad.tensor([0.9, 0.2, 0.6]), global_step=4)
        with pytest.raises(AttributeError, match="SummaryWriter has no add_smell"):
            writer.add_smell("x")
    assert [(step, v.tag) for step, v in values(tmp_path)] == [(4, "seven")]


def test_graphs_are_drawn_elsewhere(tmp_path):
    with SummaryWriter(tmp_path) as writer, pytest.raises(NotImplementedError, match=r"minigrad.draw\(model, x\)"):
        writer.add_graph(nn.Linear(2, 1), minigrad.ones(2))


def test_flush_writes_what_waits(tmp_path):
    writer = SummaryWriter(log_dir=tmp_path, comment="x", max_queue=100, flush_secs=100, filename_suffix=".end")
    writer.add_scalar("cost", 1.0, 1)
    for _ in range(1000):
        writer.flush()
        if values(tmp_path):
            break
        time.sleep(0.01)
    assert [step for step, _ in values(tmp_path)] == [1]
    writer.add_scalar("cost", 2.0, 2)
    writer.close()
    assert [path.name.endswith(".end") for path in tmp_path.iterdir()] == [True]
    assert [step for step, _ in values(tmp_path)] == [1, 2]


def test_no_file_replaces_another(tmp_path):
    """Writers of one second, and one that goes on after it was closed."""
    first, second = SummaryWriter(tmp_path), SummaryWriter(tmp_path)
    for i, writer in enumerate([first, second, first]):
        writer.add_scalar("cost", 1.0, i)
        writer.close()
    first.close()
    first.flush()
    assert sorted(step for step, _ in values(tmp_path)) == [0, 1, 2]


def test_programs_for_pytorch_find_it(tmp_path):
    with minigrad.as_torch():
        from torch.utils.tensorboard import SummaryWriter as Writer

        with Writer(tmp_path) as writer:
            writer.add_scalar("cost", minigrad.tensor(1.5), 1)
    assert [v.simple_value for _, v in values(tmp_path)] == [1.5]


def test_a_missing_package_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r'event files need tensorboardX: pip install "minigrad\[tensorboard\]"'):
        SummaryWriter(tmp_path)
