"""Event files for TensorBoard, under PyTorch's names: `pip install "minigrad[tensorboard]"`.

    writer = SummaryWriter("runs/first")
    writer.add_scalar("cost", cost, step)       a Tensor, an array or a number
    writer.close()

and, where TensorBoard is installed, `tensorboard --logdir runs`. The files are written by the package tensorboardX, which is
imported when a writer is made.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from minigrad.tensor import Tensor

__all__ = ["SummaryWriter"]

MISSING = 'event files need tensorboardX: pip install "minigrad[tensorboard]"'
NUMBERS = count()  # of the files that this process wrote


class SummaryWriter:
    """Writes what was measured to an event file in a folder; `with SummaryWriter(folder) as writer:` closes it at the end.

    Args:
        log_dir: the folder, made if it is not there; if None, one under `runs` named after the time and this computer.
        comment: what to append to that name; without effect if `log_dir` is given.
        purge_step: hide what an earlier writer wrote to this folder at this step or later: for a run that goes on.
        max_queue: how many entries may wait before they are written.
        flush_secs: how many seconds they may wait.
        filename_suffix: the end of the file's name.

    Tensors, recorded or not, are read at once: what is done to them later changes no entry. A `global_step` may be a
    tensor of one number. `walltime` is the time of the entry, in seconds since 1970; now if None. What is not below but
    in tensorboardX (`add_audio`, `add_video`, `add_mesh`, `add_embedding`, `add_pr_curve`, `add_custom_scalars`) takes tensors
    too. ImportError, with the remedy, if tensorboardX is missing.

    >>> import tempfile, minigrad
    >>> with tempfile.TemporaryDirectory() as folder, SummaryWriter(folder) as writer:
    ...     writer.add_scalar("cost", minigrad.tensor(0.5), 1)
    """

    def __init__(
        self,
        log_dir: str | Path | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
    ) -> None:
        try:
            import tensorboardX
        except ImportError as error:
            raise ImportError(MISSING) from error
        self._make = tensorboardX.SummaryWriter
        self._settings = purge_step, max_queue, flush_secs
        self._suffix = filename_suffix
        self._inner: Any = self._open(None if log_dir is None else str(log_dir), comment)
        self.log_dir: str = self._inner.logdir

    def _open(self, folder: str | None, comment: str = "") -> Any:
        """A writer of tensorboardX. It names files by the second; a second one must not replace the first."""
        return self._make(folder, comment, *self._settings, f".{os.getpid()}.{next(NUMBERS)}{self._suffix}")

    @property
    def _writer(self) -> Any:
        """The writer at work, a new one if it was closed."""
        if self._inner is None:
            self._inner = self._open(self.log_dir)
        return self._inner

    def get_logdir(self) -> str:
        """The folder that it writes to."""
        return self.log_dir

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: Any = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """One number at a step. It is written as float32, whatever the last two say, which PyTorch has.

        ValueError if it is more than one number.
        """
        self._writer.add_scalar(tag, _number(scalar_value, tag), _plain(global_step), walltime)

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, Any],
        global_step: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Several numbers that belong in one chart. Each has a folder of its own, and so a line of its own."""
        numbers = {tag: _number(value, tag) for tag, value in tag_scalar_dict.items()}
        self._writer.add_scalars(main_tag, numbers, _plain(global_step), walltime)

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: Any = None,
        bins: Any = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:
        """How the numbers of a tensor of any shape are distributed, such as a layer's weights or gradients.

        `bins` is "tensorflow" (they widen from 0 outwards by a tenth each), or what `numpy.histogram` takes. Infinities
        and NaN are left out; ValueError if nothing is left.
        """
        numbers = np.asarray(_plain(values)).astype(float)
        numbers = numbers[np.isfinite(numbers)]
        if not numbers.size:
            raise ValueError(f"add_histogram: {tag!r} has no finite number to count")
        self._writer.add_histogram(tag, numbers, _plain(global_step), bins, walltime, max_bins)

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Any = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:
        """One image: uint8 from 0 to 255, or floating-point numbers from 0 to 1. `dataformats` names its dimensions: "CHW"
        with 1, 3 or 4 channels, "HWC", or "HW"."""
        self._writer.add_image(tag, _plain(img_tensor), _plain(global_step), walltime, dataformats)

    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Any = None,
        walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:
        """A batch of images side by side, as in `add_image`; `dataformats` is "NCHW", "NHWC" or "NHW"."""
        self._writer.add_images(tag, _plain(img_tensor), _plain(global_step), walltime, dataformats)

    def add_figure(
        self,
        tag: str,
        figure: Any,
        global_step: Any = None,
        close: bool = True,
        walltime: float | None = None,
    ) -> None:
        """A matplotlib figure, such as `plot.learning_curves(costs).figure`, or a list of figures, as images. `close` lets
        pyplot forget it."""
        self._writer.add_figure(tag, figure, _plain(global_step), close, walltime)

    def add_text(self, tag: str, text_string: str, global_step: Any = None, walltime: float | None = None) -> None:
        """A text, which TensorBoard reads as Markdown."""
        self._writer.add_text(tag, text_string, _plain(global_step), walltime)

    def add_hparams(
        self,
        hparam_dict: Mapping[str, Any],
        metric_dict: Mapping[str, Any],
        hparam_domain_discrete: Mapping[str, Any] | None = None,
        run_name: str | None = None,
        global_step: Any = None,
    ) -> None:
        """The settings of a run and what came of it, for TensorBoard's table of runs; in a folder `run_name` below the
        writer's, named after the time if None.

        Settings are numbers, strings, bools or tensors of one number; ValueError for others. `hparam_domain_discrete` is
        accepted and not written: TensorBoard finds the values by itself.
        """
        settings = {
            name: value.item() if isinstance(value, Tensor | np.generic) and np.size(_plain(value)) == 1 else value
            for name, value in hparam_dict.items()
        }
        for name, value in settings.items():
            if not isinstance(value, bool | int | float | str | None):
                raise ValueError(
                    f"add_hparams: {name!r} is a {type(value).__name__}: give a number, a string or a bool, such as str(value)"
                )
        numbers = {name: _number(value, name) for name, value in metric_dict.items()}
        self._writer.add_hparams(settings, numbers, run_name, _plain(global_step))

    def add_graph(
        self, model: Any, input_to_model: Any = None, verbose: bool = False, use_strict_trace: bool = True
    ) -> None:
        """NotImplementedError: `minigrad.draw` shows graphs, with more in them than TensorBoard can."""
        raise NotImplementedError(
            'event files hold no graph of minigrad\'s: draw it, minigrad.draw(model, x).save("graph.html")'
        )

    def flush(self) -> None:
        """Write what waits. A thread does the writing, and entries added just now may still be on their way to it; `close`
        waits for them."""
        if self._inner is not None:
            self._inner.flush()

    def close(self) -> None:
        """Write all that waits and close the files. Adding more opens a new file in the same folder."""
        if self._inner is not None:
            self._inner.close()
            self._inner = None

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The other `add_` functions of tensorboardX, of tensors."""
        add = getattr(self._writer, name, None) if name.startswith("add_") else None
        if add is None:
            raise AttributeError(f"SummaryWriter has no {name}", name=name, obj=self)

        def add_plain(*args: Any, **options: Any) -> Any:
            return add(*map(_plain, args), **{key: _plain(value) for key, value in options.items()})

        return add_plain


def _plain(value: Any) -> Any:
    """The same with copies of arrays for tensors."""
    if isinstance(value, Tensor):
        return value.detach().numpy().copy()
    return value


def _number(value: Any, tag: str) -> float:
    number = np.asarray(_plain(value))
    if number.size != 1:
        raise ValueError(f"{tag!r} has shape {number.shape}: give one number, such as its mean")
    return float(number.reshape(()))
