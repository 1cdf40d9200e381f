"""Draw graphs worth a look: a neuron, a layer, a training step of the digit network, a language model, what went wrong.

    python scripts/draw_graph.py                                    all, as SVG and HTML, into runs/graphs
    python scripts/draw_graph.py neuron gpt --format png            two of them, as PNG
    python scripts/draw_graph.py --out docs/images --format svg     the pictures of the documentation

The same as `python -m minigrad.draw`, from a checkout. Needs `pip install "minigrad[draw]"`, or an installed Graphviz.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from minigrad.draw.__main__ import main

if __name__ == "__main__":
    sys.exit(main(program="draw_graph.py"))
