"""How pictures look: shapes and colours by kind, in light and in dark, and the few sizes.

Source of the colours: M. Okabe and K. Ito, Color Universal Design, 2008, as borders and, lightened or darkened, as fills; of
those of charts: P. Tol, Colour Schemes, 2021 ("vibrant"). Both can be told apart by the colour-blind.
Shapes say the same as colours, and every text has a contrast of at least 4.5 to 1 with what it stands on, in both themes.
"""

from __future__ import annotations

from collections.abc import Iterable

KINDS = {
    "input": {"shape": "note", "style": "filled", "fillcolor": "#dceefb", "color": "#0072b2"},
    "parameter": {"shape": "component", "style": "filled", "fillcolor": "#fdeccc", "color": "#b06a00"},
    "constant": {"shape": "ellipse", "style": "filled", "fillcolor": "#eeeeee", "color": "#666666"},
    "operation": {"shape": "box", "style": "filled,rounded", "fillcolor": "#ffffff", "color": "#444444"},
    "gradient operation": {"shape": "box", "style": "filled,dashed", "fillcolor": "#f4e4f0", "color": "#9c3f7c"},
    "module": {"shape": "folder", "style": "filled", "fillcolor": "#e4e8f2", "color": "#4a5a86"},
    "output": {"shape": "box", "style": "filled,rounded", "fillcolor": "#d3efe4", "color": "#00745a"},
    "failed": {
        "shape": "box",
        "style": "filled,bold,diagonals",
        "fillcolor": "#fde0d8",
        "color": "#b81d00",
        "margin": "0.2,0.14",
    },
    "more": {"shape": "plaintext", "style": "", "fillcolor": "#fefefe", "color": "#888888"},
}
# Colours that mean different things are different, if only by one step: the style sheet goes by them.
INK, MUTED, ALARM, FLOW = "#111111", "#444445", "#a32000", "#7b2a68"
INK_GRADIENT, MUTED_GRADIENT, ALARM_GRADIENT = "#111112", "#444446", "#a32001"
PAPER, LINE, FRAME, CLUSTER, PLATE = "#fffffe", "#555555", "#bbbbbb", "#f7f8fb", "#fffffd"
POSITIVE, NEGATIVE, ACROSS, MISSING = (0, 119, 187), (204, 51, 17), (136, 136, 136), (230, 180, 0)

# What each colour becomes where the page is dark.
DARK = {
    "#dceefb": "#12314a", "#0072b2": "#56b4e9",
    "#fdeccc": "#453005", "#b06a00": "#e69f00",
    "#eeeeee": "#33383f", "#666666": "#9aa4b0",
    "#ffffff": "#22272e", "#444444": "#a9b3bf",
    "#f4e4f0": "#43203a", "#9c3f7c": "#e08fc4",
    "#e4e8f2": "#2a3450", "#4a5a86": "#93a7e0",
    "#d3efe4": "#0d3d30", "#00745a": "#3fc79d",
    "#fde0d8": "#561708", "#b81d00": "#ff7a5c",
    "#fefefe": "#14181d", "#888888": "#8b949e",
    INK: "#f0f3f6", MUTED: "#c3ccd6", ALARM: "#ff9d85", FLOW: "#eea8d8",
    INK_GRADIENT: "#f0f3f6", MUTED_GRADIENT: "#c3ccd6", ALARM_GRADIENT: "#ff9d85",
    "#0077bb": "#3f9fe6", "#cc3311": "#ff6a4d",
    PAPER: "#14181d", LINE: "#98a2ad", FRAME: "#4c555f", CLUSTER: "#1a1f26", PLATE: "#0b0e12",
}  # fmt: skip

FONT = "Helvetica"  # its widths are known wherever the text is laid out, and Arial and Arimo share them
FAMILY = 'Helvetica,Arial,"Liberation Sans",Arimo,sans-serif'
SMALL_PRINT = "9"

# Where a picture stands inside a page, the page says whether it is dark: Jupyter, VS Code, marimo and Sphinx themes.
DARK_PAGES = (
    '[data-jp-theme-light="false"]', ".vscode-dark", ".vscode-high-contrast", ".dark", '[data-theme="dark"]',
)  # fmt: skip
LIGHT_PAGES = ('[data-jp-theme-light="true"]', ".vscode-light", ".light", '[data-theme="light"]')


def stylesheet(theme: str) -> str:
    """The rules of a picture, all of them below its own class: it may stand in a page of somebody else."""
    me = ".minigrad-graph"
    number = {colour: i for i, colour in enumerate(DARK)}
    halo = (
        "paint-order:stroke;stroke-width:3px;stroke-linejoin:round"  # lines pass behind these words, not through them
    )
    base = (
        f"{me} text{{font-family:{FAMILY}}}{me} image{{image-rendering:pixelated;filter:var(--gh)}}"
        f"{me} .edge text{{{halo};stroke:var(--g{number[PAPER]})}}{me} .titles text{{{halo};stroke:var(--g{number[CLUSTER]})}}"
    )
    uses = "".join(
        f'{me} [{what}="{colour}"]{{{what}:var(--g{i})}}'
        for i, colour in enumerate(DARK)
        for what in ("fill", "stroke")
    )
    dark = variables(DARK.values()) + ";--gh:brightness(1.3)"  # the colours of heat maps are made for white
    light = variables(DARK) + ";--gh:none"
    if theme != "auto":
        return f"{base}{me}{{{dark if theme == 'dark' else light}}}{uses}"
    night = ",".join(f"{page} {me}" for page in DARK_PAGES)
    day = ",".join(f"{page} {me}" for page in LIGHT_PAGES)
    return (
        f"{base}{me}{{{light}}}{uses}"
        f"@media screen and (prefers-color-scheme:dark){{{me}{{{dark}}}}}"
        f"@media screen{{{night}{{{dark}}}{day}{{{light}}}}}"
    )


def variables(colours: Iterable[str]) -> str:
    """The colours of a theme, as CSS variables."""
    return ";".join(f"--g{i}:{colour}" for i, colour in enumerate(colours))
