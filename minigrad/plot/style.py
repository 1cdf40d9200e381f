"""How pictures of learning look: two themes, and colours that keep their meaning in both.

Blue and orange are near those of M. Okabe and K. Ito, Color Universal Design, 2008. The other series were chosen, of a few
hues, for the greatest distance between any two under every kind of colour vision. Lines have a contrast of at least 3
to 1 with the paper and text 4.5 to 1; lines differ in their markers or dashes too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]

MISSING = 'pictures need matplotlib: pip install "minigrad[mnist]"'
PAPER = {"light": "#ffffff", "dark": "#14181d"}
INK = {"light": "#1a1a1a", "dark": "#f0f3f6"}
QUIET = {"light": "#666666", "dark": "#9aa4b0"}  # marks beside the data: grids, outlines, small print
SERIES = {
    "light": ("#0072b2", "#c04a00", "#72315c", "#858585", "#00291b", "#3d3100"),
    "dark": ("#56b4e9", "#ff9a57", "#da2fa1", "#c2c2c2", "#007a52", "#ffce0a"),
}
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P")
DIVERGING = {
    "light": ("#7a0c13", "#d4513a", "#f7f7f7", "#3f8fc4", "#08386b"),
    "dark": ("#ffb59c", "#e2543a", "#22272e", "#3f8fd0", "#a6d8ff"),
}
HEAT = {
    "light": ("#ffffff", "#fdd9b5", "#f59b57", "#cf5310", "#7d2a02"),
    "dark": ("#14181d", "#4a2509", "#96460c", "#e07a26", "#ffd09b"),
}
STROKES = {"light": ("#f1f3f5", "#111111"), "dark": ("#22272e", "#f7f9fb")}  # a tile has an edge
GOOD = {"light": "#d3e9f7", "dark": "#123a56"}  # the paper of what is right


@dataclass(frozen=True)
class Look:
    """The colours of one picture."""

    theme: str
    paper: Any
    ink: Any

    @property
    def quiet(self) -> str:
        """The colour of what stands beside the data."""
        return QUIET[self.theme]

    @property
    def good(self) -> str:
        """The colour behind what is right."""
        return GOOD[self.theme]

    def colour(self, i: int) -> str:
        """The colour of the i-th series; the seventh has that of the first again, and other dashes."""
        return SERIES[self.theme][i % len(SERIES[self.theme])]

    @property
    def diverging(self) -> Colormap:
        """From red through something near the paper to blue; nothing where there is no number."""
        return _colours("minigrad-diverging", DIVERGING[self.theme])

    @property
    def heat(self) -> Colormap:
        """From the paper to orange."""
        return _colours("minigrad-heat", HEAT[self.theme])

    @property
    def strokes(self) -> Colormap:
        """From something near the paper to ink: for pictures of digits, and for neurons."""
        return _colours("minigrad-strokes", STROKES[self.theme])


def _colours(name: str, stops: tuple[str, ...]) -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(name, list(stops)).with_extremes(bad=(0, 0, 0, 0))


def figure(width: float = 7, height: float = 4.5, theme: str | None = None) -> Figure:
    """An empty figure of so many inches, without a window; a notebook shows it if it is the last line of a cell.

    `theme` is "light" or "dark", or None for matplotlib's own settings. ImportError, with the remedy, if matplotlib is
    missing; ValueError for an unknown theme.

    >>> figure(4, 3).add_subplot().plot([1, 2, 3])
    [<matplotlib.lines.Line2D object at ...>]
    """
    check_theme(theme)
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(MISSING) from error
    colours: dict[str, Any] = {} if theme is None else {"facecolor": PAPER[theme]}
    return _picture(Figure)(figsize=(width, height), layout="constrained", dpi=120, **colours)


@cache
def _picture(base: type[Figure]) -> type[Figure]:
    """A figure that a notebook shows even if pyplot was never imported."""

    class Picture(base):  # type: ignore[misc,valid-type]
        """A matplotlib figure."""

        def _repr_png_(self) -> bytes:
            page = BytesIO()
            self.savefig(page, format="png")
            return page.getvalue()

    return Picture


@cache
def _shown_axes() -> type[Axes]:
    """Axes that a notebook shows as the picture they are in, rather than as their name."""
    from matplotlib import axes

    class Axes(axes.Axes):
        """Matplotlib's axes."""

        def _repr_png_(self) -> bytes:
            page = BytesIO()
            cast("Figure", self.figure).savefig(page, format="png")
            return page.getvalue()

    return Axes


def check_theme(theme: str | None) -> None:
    """Refuse a theme that there is not."""
    if theme is not None and theme not in PAPER:
        raise ValueError(f"theme {theme!r}: use 'light', 'dark', or None for matplotlib's settings")


def canvas(ax: Axes | None, theme: str | None, width: float = 7, height: float = 4.5) -> tuple[Axes, Look]:
    """The axes to draw on, dressed in the theme if there is one, and the colours to use there."""
    check_theme(theme)
    if ax is None:
        ax = figure(width, height, theme).add_subplot(axes_class=_shown_axes())
    if theme is not None:
        ax.figure.set_facecolor(PAPER[theme])
        ax.set_facecolor(PAPER[theme])
        ax.tick_params(which="both", color=QUIET[theme], labelcolor=INK[theme])
        for part in (ax.xaxis.label, ax.yaxis.label, ax.title):
            part.set_color(INK[theme])
        for spine in ax.spines.values():
            spine.set_edgecolor(QUIET[theme])
        return ax, Look(theme, PAPER[theme], INK[theme])
    from matplotlib import rcParams

    paper = ax.get_facecolor()
    return ax, Look("dark" if luminance(paper) < 0.2 else "light", paper, rcParams["text.color"])


def luminance(colour: Any) -> float:
    """How light a colour is, from 0 to 1: the relative luminance of WCAG 2.2."""
    from matplotlib.colors import to_rgb

    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def legible_on(colour: Any) -> str:
    """Black or white, whichever has more contrast with the colour."""
    return "#000000" if luminance(colour) > 0.179 else "#ffffff"


def legend(ax: Axes, look: Look, avoid: Sequence[tuple[Any, Any]], title: str = "") -> None:
    """A legend in the colours of the picture, in the corner that has the fewest of the points (x, y) to avoid."""
    box = ax.legend(
        labelcolor=look.ink, facecolor=look.paper, edgecolor=look.quiet, framealpha=0.85, fontsize="small",
        title=title or None, title_fontsize="small", alignment="left", loc=_emptiest(ax, avoid),
    )  # fmt: skip
    box.get_title().set_color(look.ink)


def _emptiest(ax: Axes, avoid: Sequence[tuple[Any, Any]]) -> Any:
    """As matplotlib's "best", which is slow, and warns, where there are many points."""
    found = np.concatenate([np.stack([x, y], 1)[:: max(1, len(x) // 1000)] for x, y in avoid])
    ax.get_xlim(), ax.get_ylim()  # settle the limits
    x, y = ax.transAxes.inverted().transform(ax.transData.transform(found)).T
    sides = {"right": x > 0.45, "left": x < 0.55}
    halves = {"upper": y > 0.7, "lower": y < 0.3}
    counts = {f"{half} {side}": int((halves[half] & sides[side]).sum()) for half in halves for side in sides}
    return min(counts, key=counts.__getitem__)


def colour_bar(ax: Axes, mappable: Any, look: Look, label: str, **settings: Any) -> Colorbar:
    """A scale beside the axes, in the colours of the picture."""
    bar = ax.figure.colorbar(mappable, ax=ax, **settings)
    bar.set_label(label, color=look.ink, fontsize="small")
    bar.ax.tick_params(which="both", color=look.quiet, labelcolor=look.ink, labelsize="small")
    for part in (bar.outline, *bar.ax.spines.values()):
        part.set_edgecolor(look.quiet)
    return bar


def array(data: Any) -> Array:
    """The numbers of a tensor, an array or a list, without what is recorded."""
    return np.asarray(data.detach() if hasattr(data, "detach") else data)


def extent(values: Array, share: float = 0.99) -> float:
    """The size that `share` of the finite numbers stay within; 1 if all are 0 or there are none."""
    sizes = np.abs(values[np.isfinite(values)])
    return (float(np.quantile(sizes, share)) or float(sizes.max()) or 1.0) if sizes.size else 1.0


def short(value: float, places: int, whole: float) -> str:
    """A number with few decimal places, and with more if it were rounded up to the whole: 0.996 is not 1."""
    while value < whole <= round(value, places) and places < 6:
        places += 1
    return f"{value:.{places}f}"
