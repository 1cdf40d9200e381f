"""Draw graphs worth a look: a neuron, a layer, a training step of the digit network, a language model, what went wrong.

    python -m minigrad.draw                              all, as SVG and HTML, into runs/graphs
    python -m minigrad.draw neuron gpt --format png      two of them, as PNG
    python -m minigrad.draw --out docs/images --format svg

The HTML pages step through the computation, forward and backward. Needs `pip install "minigrad[draw]"`, or an installed
Graphviz.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(argv: list[str] | None = None, program: str = "python -m minigrad.draw") -> int:
    """Run the command; the exit code."""
    from minigrad.draw.examples import EXAMPLES

    parser = argparse.ArgumentParser(
        prog=program, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(EXAMPLES)}")
    parser.add_argument("--out", type=Path, default=Path("runs/graphs"), metavar="FOLDER", help="where to write")
    formats = ("svg", "html", "png", "pdf", "dot", "json", "mmd")
    parser.add_argument("--format", action="append", choices=formats, help="may be given several times")
    parser.add_argument("--theme", choices=("auto", "light", "dark"), default="auto", help="of svg and html")
    options = parser.parse_args(argv)
    unknown = [name for name in options.names if name not in EXAMPLES]
    if unknown:
        parser.error(f"{unknown[0]!r} is none of {', '.join(EXAMPLES)}")
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        for name in options.names or EXAMPLES:
            picture = EXAMPLES[name](options.theme)
            for ending in options.format or ("svg", "html"):
                print(picture.save(options.out / f"{name}.{ending}"))
    except (OSError, RuntimeError, ValueError) as error:  # a folder that cannot be written to, no layout program
        print(f"{program}: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
