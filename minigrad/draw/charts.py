"""Heat maps and histograms: as cells of a table in DOT, as an image or bars in SVG."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode

import numpy as np

from minigrad.draw.figures import MISSING as NAN
from minigrad.draw.figures import Array, Chart, Heat, Histogram
from minigrad.draw.look import ACROSS, FRAME, MISSING, NEGATIVE, PLATE, POSITIVE

CELLS = 3200  # a heat map in DOT has no more cells
SLOT = "#fa"  # the colours of places for charts begin so


def colours(levels: Array) -> Array:
    """Red, green, blue and opacity per cell: blue above zero, red below, clear at zero, so that it suits any ground."""
    image = np.zeros((*levels.shape, 4), np.uint8)
    image[levels > 0, :3], image[levels < 0, :3] = POSITIVE, NEGATIVE
    image[..., 3] = np.rint(255 * (np.abs(levels.astype(np.int16)).clip(max=127) / 127) ** 0.75)
    image[levels == NAN] = (*MISSING, 255)
    return image


def on_white(colour: Array) -> str:
    """A colour with its opacity, as it looks on white."""
    share = colour[3] / 255
    return "#" + "".join(f"{round(255 + (int(part) - 255) * share):02x}" for part in colour[:3])


def hexadecimal(colour: tuple[int, int, int]) -> str:
    """'#0072b2'."""
    return "#" + "".join(f"{part:02x}" for part in colour)


# ── in DOT ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def as_slot(chart: Chart, number: int, width: int, height: int) -> str:
    """A cell of the size of a chart, in a colour that tells which."""
    return f'<TD ALIGN="LEFT">{frame(f"{SLOT}{number:04x}", width, height)}</TD>'


def frame(colour: str, width: int, height: int) -> str:
    """A table of one cell of that size."""
    return (
        '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="2" CELLPADDING="0" ALIGN="LEFT"><TR>'
        f'<TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}" BGCOLOR="{colour}"></TD></TR></TABLE>'
    )


def as_cells(chart: Chart, number: int, width: int, height: int) -> str:
    """The chart as a table of coloured cells, which every Graphviz draws."""
    inner = heat_cells(chart, width, height) if isinstance(chart, Heat) else bar_cells(chart, height)
    return (
        '<TD ALIGN="LEFT"><TABLE BORDER="0" CELLBORDER="0" CELLSPACING="2" CELLPADDING="0" ALIGN="LEFT"><TR>'
        f'<TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}" BGCOLOR="{PLATE}">{inner}</TD></TR></TABLE></TD>'
    )


TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'


def heat_cells(chart: Heat, width: int, height: int) -> str:
    """A cell per number, or the strongest of a square of them."""
    levels = chart.array()
    across, down = width / levels.shape[1], height / levels.shape[0]
    step = 1
    while (levels.shape[0] // step) * (levels.shape[1] // step) > CELLS:
        step += 1
    if step > 1:
        rows, columns = levels.shape[0] // step, levels.shape[1] // step
        whole = levels[: rows * step, : columns * step]
        blocks = whole.reshape(rows, step, columns, step).transpose(0, 2, 1, 3).reshape(rows, columns, -1)
        strongest = np.abs(blocks.astype(np.int16)).argmax(-1)
        levels = np.take_along_axis(blocks, strongest[..., None], -1)[..., 0]
    wide, high = int(across * step), int(down * step)
    rows_text = []
    for row in colours(levels):
        cells = []
        for colour in row:
            fill = f' BGCOLOR="{on_white(colour)}"' if colour[3] else ""
            cells.append(f'<TD FIXEDSIZE="TRUE" WIDTH="{wide}" HEIGHT="{high}"{fill}></TD>')
        rows_text.append(f"<TR>{''.join(cells)}</TR>")
    return f"{TABLE}{''.join(rows_text)}</TABLE>"


def bar_cells(chart: Histogram, height: int) -> str:
    """A column per bar, of an empty cell above a full one."""
    columns = []
    for share, sign in zip(chart.heights, chart.signs, strict=True):
        full = round(share / 100 * height)
        parts = [(height - full, ""), (full, f' BGCOLOR="{bar_colour(sign)}"')]
        cells = "".join(
            f'<TR><TD FIXEDSIZE="TRUE" WIDTH="4" HEIGHT="{high}"{fill}></TD></TR>' for high, fill in parts if high
        )
        columns.append(f"<TD>{TABLE}{cells}</TABLE></TD>")
    return f"{TABLE}<TR>{''.join(columns)}</TR></TABLE>"


def bar_colour(sign: int) -> str:
    """The colour of a bar of a histogram."""
    return hexadecimal((ACROSS, POSITIVE, NEGATIVE)[sign])


# ── in SVG ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def as_svg(chart: Chart, x: float, y: float, width: float, height: float) -> str:
    """The chart as SVG, on a plate of its own."""
    place = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
    plate = f'<rect {place} fill="{PLATE}" stroke="{FRAME}" stroke-width="0.5"/>'
    if isinstance(chart, Heat):
        data = b64encode(png(colours(chart.array()))).decode()
        return (
            f'{plate}<image {place} preserveAspectRatio="none" style="image-rendering:pixelated" '
            f'href="data:image/png;base64,{data}"/>'
        )
    step = width / len(chart.heights)
    paths = []
    for sign in (-1, 0, 1):
        parts = [
            f"M{x + i * step:g},{y + height:g}v{-share / 100 * height:g}h{step:g}V{y + height:g}"
            for i, (share, own) in enumerate(zip(chart.heights, chart.signs, strict=True))
            if own == sign and share
        ]
        if parts:
            paths.append(f'<path fill="{bar_colour(sign)}" stroke="none" d="{"".join(parts)}"/>')
    return plate + "".join(paths)


def png(image: Array) -> bytes:
    """An image (rows, columns, 4) as a PNG file. Source: W3C, Portable Network Graphics, 2nd ed., 2003."""
    rows, columns, _ = image.shape
    lines = b"".join(b"\0" + image[i].tobytes() for i in range(rows))
    header = struct.pack(">IIBBBBB", columns, rows, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 3)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
