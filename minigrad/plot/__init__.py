"""Pictures of learning, through matplotlib (`pip install "minigrad[mnist]"`), from plain arrays or tensors.

Every function draws its data on `ax`, or on axes of its own if that is None, and returns the axes; no window is opened:

    ax = plot.learning_curves(costs)
    ax.figure.savefig("costs.png")          or .svg, .pdf

A notebook shows the axes, if they are the last line of a cell, as the picture that they are in.

Colours, fonts and paper are those of matplotlib's settings; `theme="light"` or `"dark"` asks for one of two that are made
to be told apart by every kind of colour vision. Blue is positive and red is negative, everywhere.

Where things are: `curves.py` draws what changes while a network learns; `mosaics.py` images side by side; `layers.py` and
`network.py` what is in a network; `tables.py` right and wrong answers; `landscape.py` the cost around the weights, whose arrays
`directions.py` computes; `live.py` shows the cost while training, without matplotlib; `style.py` holds colours and themes.
`docs/gallery.md` shows them all.
"""

from __future__ import annotations

from minigrad.plot.style import figure
from minigrad.plot.curves import gradient_distribution, learning_curves, smoothed
from minigrad.plot.mosaics import digits, mistakes, weight_images
from minigrad.plot.layers import activations
from minigrad.plot.tables import confusion
from minigrad.plot.directions import cost_grid, cost_line, path_in, principal_directions, random_direction
from minigrad.plot.landscape import cost_slice, cost_surface
from minigrad.plot.network import nudges, strips
from minigrad.plot.live import Live, sparkline

__all__ = [
    "figure",
    "learning_curves", "gradient_distribution", "smoothed",
    "digits", "mistakes", "weight_images",
    "activations",
    "confusion",
    "cost_grid", "cost_line", "path_in", "principal_directions", "random_direction",
    "cost_slice", "cost_surface",
    "nudges", "strips",
    "Live", "sparkline",
]  # fmt: skip
