"""What the commonest operations compute, and what their rules hand back, in the notation of a textbook.

For reading only: `{0}` and `{1}` stand for the operands, `{z}` for the result, `{g}` for its gradient. The rules that run
are written beside the operations in `minigrad/ops`; a page shows both.
"""

from __future__ import annotations

FORMULAS: dict[str, tuple[str, tuple[str, ...]]] = {
    "add": ("{0} + {1}", ("{g}", "{g}")),
    "sub": ("{0} − {1}", ("{g}", "−{g}")),
    "mul": ("{0} · {1}", ("{g} · {1}", "{g} · {0}")),
    "div": ("{0} / {1}", ("{g} / {1}", "−{g} · {z} / {1}")),
    "neg": ("−{0}", ("−{g}",)),
    "pow": ("{0} ^ {1}", ("{g} · {1} · {0} ^ ({1} − 1)", "{g} · {z} · ln {0}")),
    "square": ("{0}²", ("{g} · 2 · {0}",)),
    "sqrt": ("√{0}", ("{g} / (2 {z})",)),
    "exp": ("e ^ {0}", ("{g} · {z}",)),
    "log": ("ln {0}", ("{g} / {0}",)),
    "abs": ("|{0}|", ("{g} · sign {0}",)),
    "sin": ("sin {0}", ("{g} · cos {0}",)),
    "cos": ("cos {0}", ("−{g} · sin {0}",)),
    "tanh": ("tanh {0}", ("{g} · (1 − {z}²)",)),
    "sigmoid": ("1 / (1 + e ^ −{0})", ("{g} · {z} · (1 − {z})",)),
    "relu": ("max({0}, 0)", ("{g} where {0} > 0, else 0",)),
    "maximum": ("the larger of {0} and {1}", ("{g} where {0} is larger", "{g} where {1} is larger")),
    "minimum": ("the smaller of {0} and {1}", ("{g} where {0} is smaller", "{g} where {1} is smaller")),
    "matmul": ("{0} @ {1}", ("{g} @ {1}ᵀ", "{0}ᵀ @ {g}")),
    "linear": ("{0} @ {1}ᵀ + {2}", ("{g} @ {1}", "{g}ᵀ @ {0}", "{g}, summed over the rows")),
    "sum": ("the sum of {0}", ("{g}, once for every element",)),
    "mean": ("the mean of {0}", ("{g} / n, once for every one of the n elements",)),
    "transpose": ("{0}ᵀ", ("{g}ᵀ",)),
    "reshape": ("{0} in another shape", ("{g} in the shape of {0}",)),
    "expand": ("{0}, repeated", ("{g}, summed over the repetitions",)),
    "getitem": ("a part of {0}", ("{g} in that part, 0 elsewhere",)),
    "where": ("{1} where {0}, else {2}", ("", "{g} where {0}, else 0", "0 where {0}, else {g}")),
    "softmax": ("e ^ {0} / Σ e ^ {0}", ("{z} · ({g} − Σ {g} · {z})",)),
    "log_softmax": ("{0} − ln Σ e ^ {0}", ("{g} − e ^ {z} · Σ {g}",)),
    "squared_error": ("scale · Σ ({0} − {1})²", ("{g} · 2 · scale · ({0} − {1})", "−{g} · 2 · scale · ({0} − {1})")),
    "mse_loss": ("scale · Σ ({0} − {1})²", ("{g} · 2 · scale · ({0} − {1})", "−{g} · 2 · scale · ({0} − {1})")),
}
