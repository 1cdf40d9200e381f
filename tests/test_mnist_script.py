"""The main job: it trains, stops, resumes, tests, predicts, and answers bad values in one line."""

import base64
import importlib.util
import signal
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad.datasets import MNIST
from models import digits

ROOT = Path(__file__).resolve().parent.parent
SMALL = ["--digits", "400", "--epochs", "2", "--lr", "2"]


@pytest.fixture(scope="module")
def script():
    """scripts/mnist.py as a module."""
    spec = importlib.util.spec_from_file_location("mnist_script", ROOT / "scripts" / "mnist.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def finished(script, tmp_path_factory):
    """The folder of a small finished run."""
    folder = tmp_path_factory.mktemp("run")
    assert script.main([*SMALL, "--out", str(folder)]) == 0
    return folder


def weights(path):
    """The parameters in a file, as one array."""
    return np.concatenate([p.array.ravel() for p in digits.load(path).parameters()])


def test_a_run_leaves_weights_and_pictures(finished):
    assert sorted(path.name for path in finished.iterdir()) == [
        "confusion.png", "first_layer.png", "learning_curve.png", "mistakes.png", "report.html",
        "weights.npz",
    ]  # fmt: skip
    for picture in finished.glob("*.png"):
        assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert weights(finished / "weights.npz").size == 13_002


class Page(HTMLParser):
    """What a reader without eyes meets: elements, alternative texts, addresses."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_report_is_whole(finished):
    page = Page((finished / "report.html").read_text())
    names = ["learning_curve", "cost", "first_layer", "confusion", "mistakes", "gradients", "slice", "strips"]
    assert [heading["id"] for heading in page.all("h2")] == [*names, "settings"]
    assert [len(page.all(tag)) for tag in ("header", "main", "h1", "figure", "caption")] == [1, 1, 1, 8, 4]
    images = page.all("img") + page.all("source")
    for address in [image.get("src") or image["srcset"] for image in images]:
        kind, _, content = address.partition(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(content)[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(images) == 16
    assert not [a for _, a in page.elements if "href" in a]
    assert not page.all("script")
    assert all(len(image["alt"]) > 40 for image in page.all("img"))
    history = minigrad.load(finished / "weights.npz")["progress"]["history"]
    text = "".join(page.texts)
    assert f"{history[-1]['unseen']:.2f} %" in text
    for said in ("averaged while it learns", "seed 0", np.__version__, minigrad.__version__, "0.00025", "16, 16"):
        assert said in text


def test_the_worst_mistakes_come_first(script, finished):
    model, unseen = digits.load(finished / "weights.npz"), MNIST(train=False)
    with minigrad.no_grad():
        outputs = model(unseen.data.float() / 255).numpy()
    right = unseen.targets.numpy()
    errors = ((outputs - np.eye(10)[right]) ** 2).sum(1) * (outputs.argmax(1) != right)
    i = errors.argmax()
    alt = Page((finished / "report.html").read_text()).all("img")[4]["alt"]
    assert f"the worst first: a {right[i]} read as {outputs[i].argmax()}, " in alt


def test_the_path_of_the_weights_is_kept(finished):
    progress = minigrad.load(finished / "weights.npz")["progress"]
    assert (progress["taken"][0], progress["taken"][-1], len(progress["taken"])) == (0, 80, 81)
    np.testing.assert_array_equal(progress["path"][-1].numpy(), weights(finished / "weights.npz"))


def test_large_networks_go_without_a_path(script, tmp_path):
    assert script.main(["--digits", "20", "--epochs", "1", "--hidden", "300", "--out", str(tmp_path)]) == 0
    page = Page((tmp_path / "report.html").read_text())
    assert len(page.all("figure")) == 5
    assert "Where the weights went was not noted" in "".join(page.texts)


def test_it_learns(finished):
    history = minigrad.load(finished / "weights.npz")["progress"]["history"]
    assert [sorted(epoch) for epoch in history] == [["cost", "training", "unseen"]] * 2
    assert history[1]["cost"] < history[0]["cost"]


def test_a_run_reproduces_bit_for_bit(script, finished, tmp_path):
    assert script.main([*SMALL, "--out", str(tmp_path)]) == 0
    assert (tmp_path / "weights.npz").read_bytes() == (finished / "weights.npz").read_bytes()


@pytest.mark.parametrize("step", [1, 40, 53])
def test_resuming_after_ctrl_c_equals_not_stopping(script, finished, tmp_path, monkeypatch, capsys, step):
    """Ctrl-C in the middle of a step lets it finish, saves, and says how to go on."""
    taken, learning = 0, script.learning

    def interrupted(*parts):
        learn = learning(*parts)

        def step_of_learning(images, wanted):
            nonlocal taken
            taken += 1
            if taken == step:
                signal.raise_signal(signal.SIGINT)
            return learn(images, wanted)

        return step_of_learning

    file = tmp_path / "weights.npz"
    with monkeypatch.context() as patch:
        patch.setattr(script, "learning", interrupted)
        assert script.main([*SMALL, "--out", str(tmp_path)]) == 130
    assert taken == step
    assert f"--resume {file}" in capsys.readouterr().out
    assert script.main(["--resume", str(file), "--out", str(tmp_path)]) == 0
    assert file.read_bytes() == (finished / "weights.npz").read_bytes()


def test_a_second_ctrl_c_ends_at_once(script):
    with script.Stop():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_finished_run_goes_on_with_more_epochs(script, finished, tmp_path, capsys):
    file = finished / "weights.npz"
    assert script.main(["--resume", str(file), "--out", str(tmp_path)]) == 2
    assert "all 2 epochs are done; go further with --epochs N" in capsys.readouterr().err
    assert script.main(["--resume", str(file), "--epochs", "3", "--out", str(tmp_path)]) == 0
    assert len(minigrad.load(tmp_path / "weights.npz")["progress"]["history"]) == 3


@pytest.mark.parametrize(
    "options",
    [
        ["--loss", "cross-entropy", "--activation", "relu", "--lr", "0.1", "--hidden", "12"],
        ["--optimizer", "adam", "--lr", "0.01", "--activation", "tanh", "--schedule", "cosine"],
        ["--hidden", "", "--momentum", "0.5", "--schedule", "constant", "--batch-size", "7"],
    ],
)
def test_other_networks_train_too(script, tmp_path, options):
    assert script.main(["--digits", "100", "--epochs", "1", "--out", str(tmp_path), *options]) == 0


def test_testing_saved_weights(script, finished, capsys):
    assert script.main(["--test", str(finished / "weights.npz")]) == 0
    out = capsys.readouterr().out
    model, unseen = digits.load(finished / "weights.npz"), MNIST(train=False)
    right = (model(unseen.data.float() / 255).argmax(1) == unseen.targets).sum().item()
    assert out.startswith(f"{right:,} of 10,000 unseen digits read right: {right / 100:.2f} %")


def test_the_shipped_weights_read_digits(script, capsys):
    assert script.main(["--test", str(digits.TRAINED)]) == 0
    assert float(capsys.readouterr().out.partition(": ")[2].partition(" %")[0]) > 95


@pytest.mark.parametrize("form", ["as MNIST", "dark on light", "light on dark", "transparent", "small"])
def test_predicting_a_picture(script, tmp_path, capsys, form):
    """The first unseen digit, a 7, as people would have it in a file."""
    from PIL import Image

    pixels = MNIST(train=False).data[0].numpy()
    if form == "as MNIST":
        picture = Image.fromarray(pixels)
    elif form == "small":
        picture = Image.fromarray(255 - pixels).resize((19, 19))
    else:
        big = Image.fromarray(pixels).resize((112, 112))
        page = Image.new("L", (400, 300), 0)
        page.paste(big, (250, 20))
        if form == "transparent":
            picture = Image.new("RGBA", page.size)
            picture.putalpha(page)
        else:
            picture = page if form == "light on dark" else Image.eval(page, lambda v: 240 - v * 200 // 255)
    picture.save(tmp_path / "seven.png")
    assert script.main(["--predict", str(tmp_path / "seven.png")]) == 0
    assert "this is a 7" in capsys.readouterr().out


def test_predicting_with_scores_shows_shares(script, tmp_path, capsys):
    from PIL import Image

    model = digits.DigitClassifier(scores=True)
    digits.save(model, tmp_path / "w.npz")
    Image.fromarray(MNIST(train=False).data[0].numpy()).save(tmp_path / "digit.png")
    assert script.main(["--predict", str(tmp_path / "digit.png"), "--weights", str(tmp_path / "w.npz")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(float(line.split()[1]) for line in lines[:10]) == pytest.approx(1, abs=0.006)


BAD = {
    "--epochs 0": "--epochs: 0 is out of range: give a number at least 1",
    "--epochs two": "--epochs: 'two' is not a whole number",
    "--lr 0": "--lr: 0 is out of range: give a number above 0",
    "--lr nan": "--lr: nan is out of range: give a number above 0",
    "--batch-size 1.5": "--batch-size: '1.5' is not a whole number",
    "--batch-size 70000": "--batch-size: 70000 is out of range: give a number at least 1 and at most 60000",
    "--hidden 16,x": "--hidden: 'x' is not a whole number",
    "--activation swish": "--activation: 'swish' is not one of sigmoid, tanh, relu",
    "--optimizer sdg": "--optimizer: 'sdg' is not one of sgd, adam",
    "--loss mae": "--loss: 'mae' is not one of squared, cross-entropy",
    "--momentum 2": "--momentum: 2 is out of range: give a number at least 0 and at most 1",
    "--seed -1": "--seed: -1 is out of range: give a number at least 0",
    "--digits 60001": "--digits: 60001 is out of range",
    "--rate 3": "unrecognized arguments: --rate 3",
    "--test a --predict b": "not allowed with argument --test",
    "--resume a --lr 3": "--resume goes on with the options of its run; leave out --lr",
}


@pytest.mark.parametrize("line", BAD)
def test_bad_options_are_answered_in_one_line(script, capsys, line):
    with pytest.raises(SystemExit) as end:
        script.main(line.split())
    captured = capsys.readouterr()
    assert end.value.code == 2
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("mnist.py: error: ")
    assert BAD[line] in captured.err
    assert captured.out == ""


def test_bad_files_are_answered_in_one_line(script, tmp_path, capsys):
    from PIL import Image

    damaged, plain, text, blank = (tmp_path / name for name in ("damaged.npz", "plain.npz", "text.png", "blank.png"))
    damaged.write_bytes(b"PK\x03\x04 not an archive")
    minigrad.save({"a": minigrad.ones(2)}, plain)
    text.write_text("seven")
    Image.new("L", (50, 50), 255).save(blank)
    digits.save(digits.DigitClassifier(), tmp_path / "bare.npz")
    occupied = tmp_path / "occupied"
    occupied.write_text("")
    for line, answer in [
        (["--test", str(tmp_path / "none.npz")], "none.npz: No such file or directory"),
        (["--test", str(damaged)], "is not a file that minigrad.save wrote, or it is damaged"),
        (["--test", str(plain)], "holds no digit classifier: give a weights.npz that this script wrote"),
        (["--resume", str(tmp_path / "bare.npz")], "holds weights only, not a run that can go on"),
        (["--predict", str(tmp_path / "none.png")], "there is no such file"),
        (["--predict", str(text)], "cannot read a digit in this picture"),
        (["--predict", str(blank)], "it is blank"),
        ([*SMALL, "--out", str(occupied)], "cannot make this folder"),
    ]:
        assert script.main(line) == 2, line
        captured = capsys.readouterr()
        assert captured.err.count("\n") == 1, captured.err
        assert answer in captured.err


def test_a_cost_that_is_no_number_ends_the_run(script, tmp_path, capsys):
    options = ["--digits", "100", "--epochs", "3", "--loss", "cross-entropy", "--lr", "1e30"]
    with np.errstate(all="ignore"):
        assert script.main([*options, "--out", str(tmp_path)]) == 2
    assert "the cost is no longer a number in epoch" in capsys.readouterr().err


def test_missing_packages_are_named(script, monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert script.main([*SMALL, "--out", str(tmp_path)]) == 2
    assert 'matplotlib is needed for training: pip install "minigrad[mnist]"' in capsys.readouterr().err


def test_the_command_itself(tmp_path):
    command = [sys.executable, str(ROOT / "scripts" / "mnist.py"), "--digits", "50", "--epochs", "1", "--out", "out"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "13,002 parameters, 50 training digits, 10,000 unseen digits, seed 0" in done.stdout
    assert ", averaged while it learns\n" in done.stdout
    assert done.stderr == ""  # it is no terminal


def test_a_resumed_run_stays_in_its_folder(script, tmp_path):
    assert script.parse(["--resume", str(tmp_path / "weights.npz")]).out == tmp_path
    assert script.parse(["--resume", str(tmp_path / "weights.npz"), "--out", "elsewhere"]).out == Path("elsewhere")
    assert script.parse([]).out == Path("runs/mnist")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--weights", "x.npz"], "--weights is for --predict"),
        (["--resume", "x.npz", "--epochs", "9", "--hidden", "32"], "leave out --hidden"),
    ],
)
def test_options_that_do_not_go_together(script, argv, message, capsys):
    with pytest.raises(SystemExit):
        script.parse(argv)
    assert message in capsys.readouterr().err
