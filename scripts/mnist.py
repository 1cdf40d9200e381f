"""Train the 13,002-parameter digit classifier of the lesson, test it on unseen digits, and draw what it learned.

    python scripts/mnist.py                                      train with the defaults, report into runs/mnist
    python scripts/mnist.py --epochs 5 --hidden 32 --lr 2        train another network
    python scripts/mnist.py --resume runs/mnist/weights.npz      go on where a run stopped
    python scripts/mnist.py --test runs/mnist/weights.npz        test saved weights
    python scripts/mnist.py --predict digit.png                  read a picture of a digit

Needs `pip install "minigrad[mnist]"`, or `make mnist`, which does it all.
"""

from __future__ import annotations

import argparse
import gc
import math
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # matrices this small are quickest on one thread; read when NumPy is imported

sys.path[:0] = [str(folder) for folder in Path(__file__).resolve().parents[:2]]

import numpy as np

import minigrad
import minigrad.compile
from minigrad import nn, optim, plot
from minigrad.datasets import MNIST
from minigrad.utils.data import DataLoader, TensorDataset
from models import digits

if TYPE_CHECKING:
    from minigrad.plot import Live

NOTES, NOTED = 60, 200_000  # how often the weights are noted for the report, and of how many parameters at most
LOSSES = ("squared", "cross-entropy")
OPTIMIZERS = ("sgd", "adam")
SCHEDULES = ("linear", "cosine", "constant")


class UsageError(Exception):
    """Something the user can mend: told in one line, without a traceback."""


def main(argv: list[str] | None = None) -> int:
    """Run the script; the exit code."""
    options = parse(argv)
    try:
        if options.predict is not None:
            return predict(options)
        if options.test is not None:
            return test(options)
        return train(options)
    except UsageError as error:
        print(f"mnist.py: error: {error}", file=sys.stderr)
        return 2


# ── training ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Run:
    """A training run: the network, its optimizer, its schedule, and how far it has come. Saved whole, continued exactly."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.generator = minigrad.manual_seed(options["seed"])
        self.model = digits.DigitClassifier(
            (784, *options["hidden"], 10), options["activation"], scores=options["loss"] == "cross-entropy"
        )
        first, *others = self.model.parameters()  # most of the weights are the first layer's, and it overfits
        groups = [{"params": [first], "weight_decay": options["weight_decay"]}, {"params": others}]
        self.optimizer: optim.Optimizer = (
            optim.SGD(groups, options["lr"], momentum=options["momentum"])
            if options["optimizer"] == "sgd"
            else optim.Adam(groups, options["lr"])
        )
        self.steps = options["epochs"] * -(-options["digits"] // options["batch_size"])
        shape = {
            "linear": lambda step: 1 - step / self.steps,
            "cosine": lambda step: (1 + math.cos(math.pi * step / self.steps)) / 2,
            "constant": lambda step: 1.0,
        }
        self.schedule = optim.lr_scheduler.LambdaLR(self.optimizer, shape[options["schedule"]])
        self.learn = learning(self.model, self.optimizer, LOSS[options["loss"]])
        self.epoch = 0  # epochs completed
        self.batch = 0  # batches completed in the epoch under way
        self.cost = self.hits = 0.0  # summed over those batches
        self.start = self.generator.get_state()  # of the epoch under way: its order of digits follows from it
        self.history: list[dict[str, float]] = []
        self.path: list[Any] = []  # where the weights have been, for the report
        self.taken: list[int] = []  # after how many steps
        self.per_epoch = self.steps // options["epochs"]
        self.every = max(1, self.steps // NOTES)

    def note(self) -> None:
        """Remember where the weights are, if there are not too many."""
        taken = self.epoch * self.per_epoch + self.batch
        if self.taken[-1:] != [taken] and sum(p.numel() for p in self.model.parameters()) <= NOTED:
            self.path.append(np.concatenate([p.array.ravel() for p in self.model.parameters()]))
            self.taken.append(taken)

    def save(self, path: Path) -> None:
        """Write weights and progress to a file that `models.digits.load` and `Run.load` read."""
        progress = {
            "options": self.options, "optimizer": self.optimizer.state_dict(), "schedule": self.schedule.state_dict(),
            "epoch": self.epoch, "batch": self.batch, "cost": self.cost, "hits": self.hits, "start": self.start,
            "history": self.history, "taken": self.taken,
            "path": minigrad.from_numpy(np.stack(self.path)) if self.path else None,
        }  # fmt: skip
        minigrad.save({**digits.describe(self.model), "progress": progress}, path)

    @classmethod
    def load(cls, path: Path, epochs: int | None) -> Run:
        """The run that was saved, with another number of epochs to go to if given."""
        data = read(path)
        progress = data.get("progress")
        if progress is None:
            raise UsageError(f"--resume {path}: this file holds weights only, not a run that can go on")
        run = cls({**progress["options"], **({} if epochs is None else {"epochs": epochs})})
        run.model.load_state_dict(data["model"])
        run.optimizer.load_state_dict(progress["optimizer"])
        run.schedule.load_state_dict(progress["schedule"])
        for name in ("epoch", "batch", "cost", "hits", "start", "history"):
            setattr(run, name, progress[name])
        if progress.get("path") is not None:
            run.taken, run.path = list(progress["taken"]), list(progress["path"].numpy())
        run.generator.set_state(run.start)
        return run


def train(options: argparse.Namespace) -> int:
    """Train, test after each epoch, and draw."""
    required_packages()
    run = Run(settings(options)) if options.resume is None else Run.load(options.resume, options.epochs)
    chosen = run.options
    if run.epoch >= chosen["epochs"]:
        raise UsageError(
            f"--resume {options.resume}: all {chosen['epochs']} epochs are done; go further with --epochs N"
        )
    folder = options.out
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {folder}: cannot make this folder: {error.strerror}") from None
    weights = folder / "weights.npz"

    training, unseen = MNIST(train=True), MNIST(train=False)
    n = chosen["digits"]
    images, labels = as_input(training)[:n], training.targets[:n]
    wanted = nn.functional.one_hot(labels, 10).float() if chosen["loss"] == "squared" else labels
    loader = DataLoader(TensorDataset(images, wanted, labels), batch_size=chosen["batch_size"], shuffle=True)
    unseen_images = as_input(unseen)
    count = sum(p.numel() for p in run.model.parameters())
    print(run.model)
    print(f"{count:,} parameters, {n:,} training digits, {len(unseen):,} unseen digits, seed {chosen['seed']}")

    gc.freeze()  # what is loaded by now stays: the garbage collector need not look at it again
    stop = Stop()
    began = time.perf_counter()
    run.note()
    with plot.Live(run.steps, start=run.epoch * run.per_epoch + run.batch) as live:
        while run.epoch < chosen["epochs"]:
            live.title = title = f"epoch {run.epoch + 1:2d}/{chosen['epochs']}"
            with stop:
                train_epoch(run, loader, live, stop)
            if stop.asked:
                run.save(weights)
                live.print(
                    f"stopped in epoch {run.epoch + 1} after {run.batch:,} steps; what was learnt is in {weights}"
                )
                live.print(f"go on with: python scripts/mnist.py --resume {weights}")
                return 130
            finish_epoch(run, n, accuracy(run.model, unseen_images, unseen.targets))
            run.save(weights)
            last = run.history[-1]
            live.print(
                f"{title}   cost {last['cost']:.4f}   unseen digits {last['unseen']:.2f} %   "
                f"training digits {last['training']:.2f} %, averaged while it learns"
            )
    seconds = time.perf_counter() - began
    print(f"trained in {seconds:.1f} s; weights in {weights}\n")
    table = report(run.model, unseen_images, unseen.targets)
    with minigrad.no_grad():
        outputs = run.model(unseen_images)
    import mnist_report

    written = mnist_report.write(
        mnist_report.Finished(
            run.model, chosen, run.history, run.path, run.taken,
            LOSS[chosen["loss"]], images, wanted, unseen, outputs.softmax(1) if run.model.scores else outputs, table,
            seconds, options.resume is not None,
        ),
        folder,
    )  # fmt: skip
    print(f"report: {written[0]}")
    print("pictures: " + ", ".join(map(str, written[1:])))
    return 0


def train_epoch(run: Run, loader: DataLoader, live: Live, stop: Stop) -> None:
    """The steps of one epoch, from where the run stands: the lesson's loop."""
    shown = done = run.batch
    for i, (images, wanted, labels) in enumerate(loader):
        if i < done:  # resumed in mid-epoch: these steps were taken before
            continue
        cost, outputs = run.learn(images, wanted)
        run.schedule.step()
        run.batch += 1
        run.cost += cost.item() * len(labels)
        run.hits += int((outputs.array.argmax(1) == labels.array).sum())
        if (run.epoch * run.per_epoch + run.batch) % run.every == 0:
            run.note()
        if run.batch % 200 == 0 or stop.asked or run.batch == len(loader):
            if not math.isfinite(run.cost):
                raise UsageError(
                    f"the cost is no longer a number in epoch {run.epoch + 1}, step {run.batch}: use a smaller --lr"
                )
            seen = min(run.batch * run.options["batch_size"], run.options["digits"])
            right = f"right {100 * run.hits / seen:.1f} %, mean as it learns"
            live.update(run.cost / seen, right, steps=run.batch - shown)
            shown = run.batch
        if stop.asked:
            return


def learning(model: nn.Module, optimizer: optim.Optimizer, loss: Any) -> Any:
    """One step of gradient descent, as a function of a batch: compiled, so that 6,000 of them take half a second."""

    def learn(images: minigrad.Tensor, wanted: minigrad.Tensor) -> tuple[minigrad.Tensor, minigrad.Tensor]:
        outputs = model(images)
        cost = loss(outputs, wanted)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        return cost, outputs.detach()

    return minigrad.compile(learn)


def finish_epoch(run: Run, n: int, unseen: float) -> None:
    """Close the epoch: its averages into the history, and the count of steps back to 0."""
    run.history.append({"cost": run.cost / n, "training": 100 * run.hits / n, "unseen": unseen})
    run.epoch, run.batch, run.cost, run.hits = run.epoch + 1, 0, 0.0, 0.0
    run.start = run.generator.get_state()


LOSS = {"squared": digits.cost, "cross-entropy": nn.functional.cross_entropy}


class Stop:
    """Ctrl-C inside the `with` block asks to stop after the step under way, so that it is never half taken."""

    asked = False

    def __enter__(self) -> Stop:
        self.before = signal.signal(signal.SIGINT, self.ask)
        return self

    def ask(self, number: int, frame: FrameType | None) -> None:
        """Remember that Ctrl-C was pressed; a second one ends the program at once."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def __exit__(self, *exception: object) -> None:
        signal.signal(signal.SIGINT, self.before)


# ── testing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def as_input(dataset: MNIST) -> minigrad.Tensor:
    """The images as rows of 784 numbers from 0 to 1."""
    return dataset.data.float().flatten(1) / 255


def guesses(model: nn.Module, images: minigrad.Tensor) -> minigrad.Tensor:
    """The digit each image is read as."""
    with minigrad.no_grad():
        return model(images).argmax(1)


def accuracy(model: nn.Module, images: minigrad.Tensor, labels: minigrad.Tensor) -> float:
    """The share of images read right, in per cent."""
    return 100 * (guesses(model, images) == labels).float().mean().item()


def report(model: nn.Module, images: minigrad.Tensor, labels: minigrad.Tensor) -> list[list[int]]:
    """Print the accuracy and the confusion table; the table."""
    guessed = guesses(model, images)
    table = nn.functional.one_hot(labels, 10).T @ nn.functional.one_hot(guessed, 10)
    rows: list[list[int]] = table.tolist()
    right = sum(rows[d][d] for d in range(10))
    print(f"{right:,} of {len(labels):,} unseen digits read right: {100 * right / len(labels):.2f} %\n")
    print("digit   read as 0" + "".join(f"{d:6d}" for d in range(1, 10)) + "     right")
    for d, row in enumerate(rows):
        cells = "".join(f"{n:6d}" if n else "     ·" for n in row)
        print(f"{d:5d}      {cells}   {100 * row[d] / max(sum(row), 1):5.1f} %")
    print()
    return rows


def test(options: argparse.Namespace) -> int:
    """Test saved weights on the unseen digits."""
    model = load_model(options.test, "--test")
    unseen = MNIST(train=False)
    report(model, as_input(unseen), unseen.targets)
    return 0


def predict(options: argparse.Namespace) -> int:
    """Read a picture of one digit."""
    weights = options.weights or digits.TRAINED
    model = load_model(weights, "--weights")
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise UsageError('--predict needs Pillow: pip install "minigrad[mnist]"') from None
    try:
        with Image.open(options.predict) as picture:
            image = digits.from_picture(picture)
    except FileNotFoundError:
        raise UsageError(f"--predict {options.predict}: there is no such file") from None
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise UsageError(f"--predict {options.predict}: cannot read a digit in this picture: {error}") from None
    with minigrad.no_grad():
        outputs = model(minigrad.from_numpy(image).flatten().unsqueeze(0))[0]
    if model.scores:
        outputs = outputs.softmax(0)
    for digit, value in enumerate(outputs.tolist()):
        print(f"{digit}  {value:6.3f}  {'█' * round(30 * min(max(value, 0), 1))}")
    print(f"this is a {outputs.argmax().item()} (weights: {weights})")
    return 0


def load_model(path: Path, option: str) -> digits.DigitClassifier:
    """The network in a file."""
    try:
        return digits.restore(read(path))
    except (ValueError, RuntimeError) as error:
        raise UsageError(f"{option} {path}: {error}") from None


def read(path: Path) -> dict[str, Any]:
    """What is in a file of weights."""
    try:
        data = minigrad.load(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(str(error)) from None
    if not isinstance(data, dict) or "model" not in data:
        raise UsageError(f"{path} holds no digit classifier: give a weights.npz that this script wrote")
    return data


# ── the command line ─────────────────────────────────────────────────────────────────────────────────────────────────


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The options; a bad one ends the program with one line that says what is wrong."""
    usage = "mnist.py [options]   (mnist.py --help lists them)"
    parser = argparse.ArgumentParser(
        prog="mnist.py",
        usage=usage,
        description=(__doc__ or "").partition("\n\n")[0],
        add_help=True,
        allow_abbrev=False,
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--resume", type=Path, metavar="FILE", help="go on with the run saved in FILE, with its options")
    mode.add_argument("--test", type=Path, metavar="FILE", help="test the weights in FILE and stop")
    mode.add_argument("--predict", type=Path, metavar="IMAGE", help="read the digit in a picture and stop")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="weights for --predict (the ones in models/)")
    parser.add_argument(
        "--out", type=Path, help="folder for weights and report (runs/mnist, or the one of the run that is resumed)"
    )
    for name, (kind, default, text) in TRAINING.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=kind,
            metavar=name.upper(),
            help=f"{text} ({','.join(map(str, default)) if isinstance(default, tuple) else default})",
        )
    parser.error = lambda message: parser.exit(2, f"mnist.py: error: {message}\n")  # type: ignore[method-assign]
    options = parser.parse_args(argv)
    given = [name for name in TRAINING if getattr(options, name) is not None]
    fixed = [name for name in given if name != "epochs"]
    if options.resume is not None and fixed:
        parser.error(f"--resume goes on with the options of its run; leave out --{fixed[0].replace('_', '-')}")
    if options.weights is not None and options.predict is None:
        parser.error("--weights is for --predict; to test weights use --test FILE, to train on --resume FILE")
    if options.out is None:
        options.out = Path("runs/mnist") if options.resume is None else options.resume.parent
    return options


def settings(options: argparse.Namespace) -> dict[str, Any]:
    """The training options, those not given from the defaults."""
    chosen = {
        name: default if getattr(options, name) is None else getattr(options, name)
        for name, (_, default, _) in TRAINING.items()
    }
    return {**chosen, "hidden": list(chosen["hidden"])}


def number(kind: type, low: float, high: float = math.inf, *, above: bool = False) -> Any:
    """A parser of numbers from low (or above it) to high."""

    def read_number(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not {'a whole' if kind is int else 'a'} number") from None
        if not (low < value if above else low <= value) or not value <= high or not math.isfinite(value):
            limits = f"{'above' if above else 'at least'} {low:g}" + (
                "" if high == math.inf else f" and at most {high:g}"
            )
            raise argparse.ArgumentTypeError(f"{text} is out of range: give a number {limits}")
        return value

    return read_number


def choice(names: Any) -> Any:
    """A parser of one of a few words."""

    def read_choice(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(names)}")
        return text

    return read_choice


def widths(text: str) -> tuple[int, ...]:
    """Sizes of hidden layers: '16,16'."""
    return tuple(number(int, 1, 10_000)(part.strip()) for part in text.split(",")) if text else ()


TRAINING: dict[str, tuple[Any, Any, str]] = {
    "epochs": (number(int, 1), 60, "passes over the training digits"),
    "batch_size": (number(int, 1, 60_000), 10, "digits per step"),
    "lr": (number(float, 0, above=True), 1.0, "learning rate"),
    "schedule": (choice(SCHEDULES), "linear", f"how the learning rate falls to 0: {', '.join(SCHEDULES)}"),
    "optimizer": (choice(OPTIMIZERS), "sgd", " or ".join(OPTIMIZERS)),
    "momentum": (number(float, 0, 1), 0.0, "momentum of sgd"),
    "weight_decay": (number(float, 0), 2.5e-4, "pull of the first layer's weights towards 0"),
    "loss": (choice(LOSSES), "squared", " or ".join(LOSSES)),
    "hidden": (widths, (16, 16), "sizes of the hidden layers"),
    "activation": (choice(digits.ACTIVATIONS), "sigmoid", ", ".join(digits.ACTIVATIONS)),
    "seed": (number(int, 0, 2**63), 0, "start of the random numbers"),
    "digits": (number(int, 1, 60_000), 60_000, "how many of the training digits to use"),
}


def required_packages() -> None:
    """Look whether there is all that a run needs; if not, one line says how to get it."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f'{error.name} is needed for training: pip install "minigrad[mnist]", or use `make mnist`'
        ) from None


if __name__ == "__main__":
    sys.exit(main())
