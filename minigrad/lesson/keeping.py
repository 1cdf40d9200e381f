"""Taking it away: the network as a file, the functions as text, and a small Python prompt."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import textwrap
import traceback
import zipfile
from typing import Any

import numpy as np

import minigrad
from minigrad.lesson.state import SIZES, Answer, State, restored, whole

LARGEST = 1 << 20  # bytes of a file that is loaded
LONGEST = 20_000  # characters that the prompt answers
GO_ON = """import minigrad
from models import digits

net = digits.load("my-network.npz")
image = minigrad.datasets.MNIST(train=False).data[:1].float() / 255
print(net(image).argmax().item())
"""


class Keeping(State):
    """Part of `Lesson`: save, load, look."""

    steps: int
    seen: int

    def save(self, net: str = "mine") -> Answer:
        """The network as the bytes of an .npz file that `minigrad.load` and `models.digits.load` read, and code."""
        model = {f"layers.{key}": value for key, value in self.net(net).state_dict().items()}
        file = io.BytesIO()
        counts = {"steps": self.steps, "seen": self.seen} if net == "mine" else {}
        minigrad.save({"sizes": list(SIZES), "activation": "sigmoid", "scores": False, **counts, "model": model}, file)
        return {"file": np.frombuffer(file.getvalue(), np.uint8), "name": "my-network.npz", "code": GO_ON}

    def load(self, file: list[int]) -> Answer:
        """Take the network in the bytes of an .npz file for "mine", with the steps and digits that made it, if the file
        says how many. ValueError if it is no network of this lesson's shape."""
        if not isinstance(file, list | tuple) or not all(isinstance(byte, int) and 0 <= byte < 256 for byte in file):
            raise TypeError("file is a list of bytes, numbers from 0 to 255")
        if len(file) > LARGEST:
            raise ValueError(f"the file has {len(file):,} bytes, and a network of this lesson at most {LARGEST:,}")
        content = bytes(file)
        with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(content)) as parts:
            size = sum(part.file_size for part in parts.infolist())
            if size > LARGEST:  # zeros are packed a thousandfold
                raise ValueError(
                    f"the file has {size:,} bytes unpacked, and a network of this lesson at most {LARGEST:,}"
                )
        data = minigrad.load(io.BytesIO(content))
        found = restored(data, "the file")
        steps, seen = (whole(name, data.get(name, 0), 0, 1 << 30) for name in ("steps", "seen"))
        self.net("mine").load_state_dict(found.state_dict())
        self._begin()
        self.steps, self.seen = steps, seen
        return {"parameters": sum(parameter.numel() for parameter in found.parameters()), "steps": self.steps}

    def _begin(self) -> None:
        """Forget what training has counted."""

    def source(self, method: str) -> Answer:
        """The Python text of one of these methods, and where it stands."""
        function = getattr(type(self), method, None) if isinstance(method, str) and method[:1] != "_" else None
        if not inspect.isfunction(function):
            raise ValueError(f"there is no method {method!r} to show")
        _, line = inspect.getsourcelines(function)
        module = function.__module__.rpartition(".")[2]
        text = textwrap.dedent(inspect.getsource(function))
        return {"text": text, "file": f"minigrad/lesson/{module}.py", "line": line}

    def run(self, code: str) -> Answer:
        """Run some lines of Python in which `net` is the reader's network: what they print, and the last expression's value.

        For a page that has Python of its own. A server does not answer this.
        """
        if not isinstance(code, str) or len(code) > 10_000:
            raise ValueError("code is a text of at most 10,000 characters")
        if not hasattr(self, "_names"):
            self._names: dict[str, Any] = {"minigrad": minigrad, "np": np, "net": self.net("mine"), "lesson": self}
        printed = io.StringIO()
        failed = False
        with contextlib.redirect_stdout(printed):
            try:
                tree = ast.parse(code, "<prompt>")
                last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
                exec(compile(tree, "<prompt>", "exec"), self._names)
                if isinstance(last, ast.Expr):
                    value = eval(compile(ast.Expression(last.value), "<prompt>", "eval"), self._names)
                    if value is not None:
                        print(repr(value))
            except Exception as error:
                failed = True
                print("".join(traceback.format_exception_only(error)).strip())
        return {"text": printed.getvalue()[:LONGEST], "failed": failed}
