"""Frames after Graphviz laid them out: an arrow between two boxes of a frame stays inside it, and no arrow crosses a title.

Graphviz leaves room for boxes only. Here a frame is widened by what its arrows and their labels need, and its title moved,
where nothing else is in the way; else they stay as they were.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from re import Match
from typing import TypeAlias

import numpy as np

from minigrad.draw.figures import Array

Bounds: TypeAlias = "tuple[float, float, float, float]"  # left, top, right, bottom

GROUP = re.compile(r'<g id="[^"]*" class="(node|edge|cluster)[^>]*>\s*<title>(.*?)</title>(.*?)\n</g>', re.DOTALL)
NUMBER = r"(-?[\d.]+)"
PAIR = re.compile(rf"{NUMBER},{NUMBER}")
SHAPE = re.compile(r' (?:d|points)="([^"]*)"')
ELLIPSE = re.compile(rf'<ellipse[^>]*? cx="{NUMBER}" cy="{NUMBER}" rx="{NUMBER}" ry="{NUMBER}"')
TEXT = re.compile(rf'<text[^>]*? x="{NUMBER}" y="{NUMBER}"[^>]*?font-size="{NUMBER}"[^>]*>([^<]*)</text>')
NOWHERE = (0.0, 0.0, 0.0, 0.0)
GAP, MOST = 5.0, 90.0  # points: between a frame and what is beside it; by how much a frame may grow on a side


class Arrow:
    """An edge: the boxes at its ends, where it and its label are, and, worked out when asked for, points along it."""

    def __init__(self, name: str, body: str) -> None:
        self.tail, _, self.head = name.replace("&#45;", "-").replace("&gt;", ">").partition("->")
        self.path = next(iter(SHAPE.findall(body)), "")
        self.at = bounds(body.partition("<polygon")[0])
        self.label = words(body) if "<text" in body else None

    @cached_property
    def points(self) -> Array:
        """Points along the curves, (n, 2)."""
        knots = np.array([(float(x), float(y)) for x, y in PAIR.findall(self.path)]).reshape(-1, 2)
        count = max(len(knots) - 1, 0) // 3
        corners = [knots[i : i + 3 * count : 3] for i in range(3)] + [knots[3 : 3 + 3 * count : 3]]
        t = np.linspace(0, 1, 65)[:, None, None]
        shares = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
        return np.asarray(sum(share * corner for share, corner in zip(shares, corners, strict=True))).reshape(-1, 2)

    def between(self, top: float, bottom: float) -> list[float]:
        """Where it is, from left to right, at these heights."""
        if self.at is None or self.at[3] <= top or self.at[1] >= bottom:
            return []
        heights = self.points[:, 1]
        across: list[float] = self.points[(heights > top) & (heights < bottom), 0].tolist()
        return across


@dataclass
class Frame:
    """A cluster: where it is, and by how much its left and right sides and its title move."""

    name: str
    at: Bounds
    title: Bounds | None
    inside: set[str] = field(default_factory=set)
    left: float = 0.0
    right: float = 0.0
    shift: float = 0.0

    def grown(self, left: float, right: float) -> Bounds:
        """Where it would be with its sides so much farther out."""
        return self.at[0] - left, self.at[1], self.at[2] + right, self.at[3]

    @property
    def now(self) -> Bounds:
        """Where it is by now."""
        return self.grown(self.left, self.right)


def settled(text: str) -> str:
    """The SVG that Graphviz wrote, with its frames widened and their titles moved where that is needed and possible."""
    boxes: dict[str, Bounds] = {}
    arrows: list[Arrow] = []
    frames: list[Frame] = []
    for kind, name, body in GROUP.findall(text):
        if kind == "node":
            boxes[name] = bounds(body.partition("<text")[0]) or words(body) or NOWHERE
        elif kind == "cluster":
            frames.append(Frame(name, bounds(body) or NOWHERE, words(body)))
        else:
            arrows.append(Arrow(name, body))
    if not frames:
        return text
    for frame in frames:
        frame.inside = {name for name, place in boxes.items() if within(place, frame.at)}
    page = bounds(text[: text.index("<g id=", text.index("<polygon"))]) or NOWHERE
    for frame in sorted(frames, key=lambda frame: len(frame.inside)):
        widen(frame, frames, boxes, arrows, page)
    for frame in frames:
        clear(frame, frames, boxes, arrows, page)
    known = {frame.name: frame for frame in frames if frame.left or frame.right or frame.shift}
    if not known:
        return text
    return GROUP.sub(lambda found: moved(found, known[found[2]]) if found[2] in known else found[0], text)


def widen(frame: Frame, frames: list[Frame], boxes: dict[str, Bounds], arrows: list[Arrow], page: Bounds) -> None:
    """Take in the arrows between boxes of the frame, and if possible those that run beside it to reach one."""
    own = [arrow for arrow in arrows if arrow.head in frame.inside and arrow.tail in frame.inside]
    if not any(sides(frame, arrow) != (0.0, 0.0) for arrow in own):
        return
    reaching = [arrow for arrow in arrows if arrow.head in frame.inside and arrow.tail not in frame.inside]
    for taken in ([*own, *reaching], own):
        left, right = (max(side) for side in zip(*(sides(frame, arrow) for arrow in taken), strict=True))
        if max(left, right) <= MOST and free(frame, frame.grown(left, right), frames, boxes, arrows, page):
            frame.left, frame.right = left, right
            return


def sides(frame: Frame, arrow: Arrow) -> tuple[float, float]:
    """How far the arrow, where it is beside the frame, and its label stand out on the left and on the right."""
    left, top, right, bottom = frame.at
    hull = arrow.at or NOWHERE
    beside = [] if left <= hull[0] and hull[2] <= right else arrow.between(top, bottom)
    if arrow.label is not None and top < arrow.label[1] and arrow.label[3] < bottom:
        beside += [arrow.label[0], arrow.label[2]]
    out = (left - min(beside, default=left), max(beside, default=right) - right)
    return (out[0] + GAP if out[0] > 0 else 0.0, out[1] + GAP if out[1] > 0 else 0.0)


def free(
    frame: Frame, place: Bounds, frames: list[Frame], boxes: dict[str, Bounds], arrows: list[Arrow], page: Bounds
) -> bool:
    """True if a frame may be there: within those around it, beside all else, and through no label."""
    others = [box for name, box in boxes.items() if name not in frame.inside]
    around = [page]
    for other in frames:
        if other is frame:
            continue
        if frame.inside <= other.inside and within(frame.at, other.at):
            around.append(other.now)
        elif not within(other.at, frame.at):
            others.append(other.now)
    labels = [arrow.label for arrow in arrows if arrow.label is not None]
    return (
        all(within(place, outer, GAP) for outer in around)
        and not any(meet(place, other, GAP) for other in others)
        and not any(
            meet(place, label) and not within(label, place) and label not in _cut(frame, labels) for label in labels
        )
    )


def _cut(frame: Frame, labels: Sequence[Bounds]) -> list[Bounds]:
    """The labels that the frame goes through as it is."""
    return [label for label in labels if meet(frame.at, label) and not within(label, frame.at)]


def clear(frame: Frame, frames: list[Frame], boxes: dict[str, Bounds], arrows: list[Arrow], page: Bounds) -> None:
    """Move the title to where no arrow goes through it: along the frame, or to the left with the frame's side."""
    if frame.title is None:
        return
    left, top, right, bottom = frame.title
    near = [arrow for arrow in arrows if arrow.at is not None and arrow.at[1] < bottom and top < arrow.at[3]]
    crossings = [x for arrow in near for x in arrow.between(top, bottom)]
    labels = [arrow.label for arrow in arrows if arrow.label is not None]

    def crossed(shift: float) -> bool:
        there = left + shift - GAP, top, right + shift + GAP, bottom
        return any(there[0] < x < there[2] for x in crossings) or any(meet(there, label) for label in labels)

    room = left - frame.at[0]
    ends = frame.now[0] + room - left, frame.now[2] - room - right
    for shift in (0.0, *ends, sum(ends) / 2):
        if ends[0] <= shift <= ends[1] and not crossed(shift):
            frame.shift = shift
            return
    for more in np.arange(GAP, MOST, GAP).tolist():
        if not crossed(ends[0] - more):
            if free(frame, frame.grown(frame.left + more, frame.right), frames, boxes, arrows, page):
                frame.left, frame.shift = frame.left + more, ends[0] - more
            return


# ── reading and writing ──────────────────────────────────────────────────────────────────────────────────────────────


def bounds(body: str) -> Bounds | None:
    """What the shapes in a piece of SVG fill; None if there are none."""
    pairs = [(float(x), float(y)) for shape in SHAPE.findall(body) for x, y in PAIR.findall(shape)]
    for found in ELLIPSE.findall(body):
        x, y, wide, high = map(float, found)
        pairs += [(x - wide, y - high), (x + wide, y + high)]
    if not pairs:
        return None
    xs, ys = zip(*pairs, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def words(body: str) -> Bounds | None:
    """What the texts in a piece of SVG fill, about; None if there are none."""
    parts = []
    for x, y, size, text in TEXT.findall(body):
        if text.replace("&#160;", " ").strip():
            wide = 0.56 * float(size) * len(re.sub("&[^;]*;", "x", text))
            parts.append((float(x), float(y) - 0.8 * float(size), float(x) + wide, float(y) + 0.25 * float(size)))
    if not parts:
        return None
    lefts, tops, rights, bottoms = zip(*parts, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def within(inner: Bounds, outer: Bounds, gap: float = 0.0) -> bool:
    """True if a rectangle is inside another, so far from its sides."""
    return inner[0] >= outer[0] + gap and inner[1] >= outer[1] and inner[2] <= outer[2] - gap and inner[3] <= outer[3]


def meet(one: Bounds, other: Bounds, gap: float = 0.0) -> bool:
    """True if two rectangles overlap, or are closer than that."""
    return one[0] < other[2] + gap and other[0] < one[2] + gap and one[1] < other[3] + gap and other[1] < one[3] + gap


def moved(found: Match[str], frame: Frame) -> str:
    """The SVG of a frame, its sides and its title moved."""
    middle = (frame.at[0] + frame.at[2]) / 2

    def side(pair: Match[str]) -> str:
        x = float(pair[1])
        return f"{x - frame.left if x < middle else x + frame.right:.6g},{pair[2]}"

    shape = re.sub(r' (?:d|points)="[^"]*"', lambda part: PAIR.sub(side, part[0]), found[0])
    return re.sub(r'(<text[^>]*? x=")([^"]*)', lambda part: f"{part[1]}{float(part[2]) + frame.shift:.6g}", shape)
