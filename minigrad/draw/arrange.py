"""Making a large graph small: modules drawn as one box, repeated blocks once, clutter left out, a neighbourhood only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from minigrad.draw.survey import Box, Cluster, Edge, Scope, Survey


@dataclass(frozen=True)
class Wish:
    """What the caller of `draw` asked for; see there."""

    depth: int | None = None
    expand: tuple[str, ...] = ()
    collapse: tuple[str, ...] = ()
    fold: bool = True
    hide: tuple[str, ...] = ()
    focus: str | None = None
    radius: int = 2
    max_nodes: int | None = 300


def arrange(drawing: Survey, wish: Wish) -> Survey:
    """The drawing as it was wished for, or, if that is too large, as much smaller as it has to be; it then says so."""
    return tidied(smaller(drawing, wish))


def smaller(drawing: Survey, wish: Wish) -> Survey:
    """The drawing as it was wished for."""
    drawing = without(drawing, wish.hide)
    if wish.fold:
        drawing = folded(drawing)
    whole = closed(drawing, wish)
    if wish.focus is not None:
        return around(whole, wish.focus, wish.radius)
    limit = wish.max_nodes
    if limit is None or len(whole.boxes) <= limit:
        return whole
    deepest = max((len(scope_of(drawing, i)) for i in range(len(drawing.clusters))), default=0)
    if wish.depth is None:
        for depth in range(deepest - 1, -1, -1):
            part_of_it = closed(drawing, replace(wish, depth=depth))
            if len(part_of_it.boxes) <= limit:
                part_of_it.remarks.insert(
                    0,
                    f"{drawing.operations:,} operations are more than fit: modules are closed at depth={depth}; "
                    'open some with expand="...", or all with max_nodes=None',
                )
                return part_of_it
            whole = part_of_it
    return nearest(whole, limit)


def scope_of(drawing: Survey, call: int) -> Scope:
    """The calls that a call was made in, outermost first, and itself."""
    found: list[int] = []
    at: int | None = call
    while at is not None:
        found.append(at)
        at = drawing.clusters[at].parent
    return tuple(reversed(found))


# ── leaving out ──────────────────────────────────────────────────────────────────────────────────────────────────────

SHAPES = {
    "reshape",
    "transpose",
    "permute",
    "expand",
    "getitem",
    "squeeze",
    "unsqueeze",
    "flatten",
    "movedim",
    "contiguous",
}


def without(drawing: Survey, hide: Sequence[str]) -> Survey:
    """The drawing without its constants, or without operations that only change shapes; arrows lead past these."""
    if not hide:
        return drawing
    instead: dict[int, int] = {}
    gone: set[int] = set()
    if "constants" in hide:
        gone = {
            i
            for i, drawn in enumerate(drawing.boxes)
            if drawn.kind == "constant" or (drawn.kind == "input" and not drawn.name)
        }
    if "reshapes" in hide:
        count: dict[int, int] = {}
        for edge in drawing.edges:
            count[edge.head] = count.get(edge.head, 0) + 1
        for edge in drawing.edges:
            head = drawing.boxes[edge.head]
            if count[edge.head] == 1 and not head.root and not head.fault and (edge.view or head.operation in SHAPES):
                instead[edge.head] = instead.get(edge.tail, edge.tail)  # heads come in the order of their computation
    return rebuilt(drawing, lambda i: None if i in gone else instead.get(i, i))


def rebuilt(drawing: Survey, where: Callable[[int], int | None]) -> Survey:
    """The drawing with each box replaced by another, or by none. An arrow from a box to itself is left out."""
    stays = sorted({place for i in range(len(drawing.boxes)) if (place := where(i)) is not None})
    new = {old: i for i, old in enumerate(stays)}
    edges: list[Edge] = []
    merged: dict[tuple[int, int], Edge] = {}
    for edge in drawing.edges:
        tail, head = where(edge.tail), where(edge.head)
        if tail is None or head is None or tail == head:
            continue
        moved = replace(edge, tail=new[tail], head=new[head])
        if tail != edge.tail or head != edge.head:
            moved.view = False
        if drawing.boxes[tail].members or drawing.boxes[head].members:  # one arrow between a module and another box
            if (tail, head) in merged:
                known = merged[tail, head]
                known.count, known.share = known.count + edge.count, ""
                continue
            merged[tail, head] = moved
            moved.role = "" if drawing.boxes[head].members else moved.role
        edges.append(moved)
    return replace(drawing, boxes=[drawing.boxes[i] for i in stays], edges=edges)


# ── modules ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def matches(cluster: Cluster, patterns: Sequence[str]) -> bool:
    """True if a pattern such as "encoder.*" names the module, by its path or its class."""
    return any(fnmatchcase(cluster.path, pattern) or fnmatchcase(cluster.kind, pattern) for pattern in patterns)


def closed(drawing: Survey, wish: Wish) -> Survey:
    """Modules below the depth, or that were asked for, as one box each."""
    clusters = [replace(cluster) for cluster in drawing.clusters]
    needed: set[int] = set()  # what has to be open for something inside it to be
    for i, cluster in enumerate(clusters):
        if matches(cluster, wish.expand):
            needed.update(scope_of(drawing, i))
    for i, cluster in enumerate(clusters):
        level = len(scope_of(drawing, i)) - 1
        cluster.closed = matches(cluster, wish.collapse) or (
            wish.depth is not None and level >= wish.depth and i not in needed
        )
    boxes = list(drawing.boxes)
    first: dict[int, int] = {}  # closed call -> the box that stands for it
    inside: dict[int, list[int]] = {}
    where = list(range(len(boxes)))
    for i, drawn in enumerate(boxes):
        call = next((call for call in drawn.scope if clusters[call].closed), None)
        if call is not None:
            inside.setdefault(call, []).append(i)
            where[i] = first.setdefault(call, i)
    for call, members in inside.items():
        boxes[first[call]] = closed_box(drawing, clusters, call, members)
    smaller = rebuilt(replace(drawing, boxes=boxes, clusters=clusters), where.__getitem__)
    order = ordered(smaller)
    return rebuilt_in(smaller, order)


def closed_box(drawing: Survey, clusters: list[Cluster], call: int, members: list[int]) -> Box:
    """The one box of a module: its name, how much is in it, and what it gave."""
    cluster, among = clusters[call], set(members)
    used = {edge.tail for edge in drawing.edges if edge.head not in among and edge.tail in among}
    results = [i for i in members if i in used and drawing.boxes[i].node is not None]
    last = drawing.boxes[(results or members)[-1]]
    words = [f"{cluster.operations:,} operation{'s' if cluster.operations != 1 else ''}"]
    if cluster.parameters:
        words.append(f"{cluster.parameters:,} parameters")
    faults = [drawing.boxes[i] for i in members if drawing.boxes[i].fault]
    title = cluster.title + (f"  × {cluster.repeats}" if cluster.repeats > 1 else "")
    return Box(
        "failed" if faults else "module",
        any(drawing.boxes[i].root for i in members),
        title,
        None,
        last.shape,
        last.dtype,
        last.value,
        last.gradient,
        last.computed,
        number=drawing.boxes[members[-1]].number,
        operation=cluster.kind,
        scope=last.scope[: last.scope.index(call)] if call in last.scope else (),
        order=last.order,
        kept=sum(drawing.boxes[i].kept for i in members),
        members=max(cluster.operations, 1),
        note=" · ".join(words),
        fault=faults[0].operation + ": " + faults[0].fault if faults else "",
    )


def ordered(drawing: Survey) -> list[int]:
    """The boxes by when the last part of each was computed."""
    return sorted(range(len(drawing.boxes)), key=lambda i: (drawing.boxes[i].number, i))


def rebuilt_in(drawing: Survey, order: Sequence[int]) -> Survey:
    """The drawing with its boxes in another order."""
    new = {old: i for i, old in enumerate(order)}
    edges = [replace(edge, tail=new[edge.tail], head=new[edge.head]) for edge in drawing.edges]
    return replace(drawing, boxes=[drawing.boxes[i] for i in order], edges=edges)


def tidied(drawing: Survey) -> Survey:
    """Without the frames that would stand around a single box, which is told its module instead."""
    boxes = list(drawing.boxes)
    clusters = drawing.clusters
    while True:
        members: dict[int, list[int]] = {}
        for i, drawn in enumerate(boxes):
            for call in drawn.scope:
                if not clusters[call].closed:
                    members.setdefault(call, []).append(i)
        alone = {call: found[0] for call, found in members.items() if len(found) == 1 and clusters[call].repeats == 1}
        if not alone:
            return replace(drawing, boxes=boxes)
        for call, i in alone.items():
            drawn = boxes[i]
            note = drawn.note
            if drawn.node is not None and not note:
                note = f"{clusters[call].path}  {clusters[call].kind}"
            boxes[i] = replace(drawn, scope=tuple(other for other in drawn.scope if other != call), note=note)


# ── repeats ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def folded(drawing: Survey) -> Survey:
    """Equal blocks in a row, such as the layers of a transformer, as the first of them, marked "× 12"."""
    if not drawing.clusters:
        return drawing
    members: dict[int, list[int]] = {}
    for i, drawn in enumerate(drawing.boxes):
        for call in drawn.scope:
            members.setdefault(call, []).append(i)
    entering: dict[int, list[Edge]] = {}
    for edge in drawing.edges:
        entering.setdefault(edge.head, []).append(edge)
    prints = {call: fingerprint(drawing, found, entering) for call, found in members.items()}
    children: dict[int | None, list[int]] = {}
    for call, cluster in enumerate(drawing.clusters):
        if call in members:
            children.setdefault(cluster.parent, []).append(call)
    instead = list(range(len(drawing.boxes)))
    clusters = [replace(cluster) for cluster in drawing.clusters]
    dropped: set[int] = set()
    for siblings in children.values():
        run: list[int] = []
        for call in [*siblings, -1]:
            linked = (
                call >= 0
                and run
                and prints[call] == prints[run[0]]
                and follows(members[run[-1]], members[call], entering)
            )
            if linked:
                run.append(call)
                continue
            if len(run) > 1 and run[0] not in dropped:
                first = clusters[run[0]]
                first.repeats = len(run)
                first.title = f"{first.path} … {clusters[run[-1]].path}"
                for other in run[1:]:
                    dropped.add(other)
                    for old, new in zip(members[other], members[run[0]], strict=True):
                        instead[old] = new
            run = [call] if call >= 0 else []
    if not dropped:
        return drawing
    # What is folded twice (a repeated part of a repeated block) ends in the first of the first.
    final = list(range(len(drawing.boxes)))
    for i in range(len(final)):
        at = i
        while instead[at] != at:
            at = instead[at]
        final[i] = at
    kept = [edge for edge in drawing.edges if final[edge.head] == edge.head]
    boxes = list(drawing.boxes)
    for old, new in enumerate(final):
        if old != new and boxes[old].root:
            boxes[new] = replace(boxes[new], root=True, kind="output")
        if old != new and boxes[old].fault and not boxes[new].fault:  # what went wrong is not folded away
            boxes[new] = replace(
                boxes[new], kind="failed", fault=f"{boxes[old].fault}, in {clusters[boxes[old].scope[-1]].path}"
            )
    thinner = replace(drawing, boxes=boxes, edges=kept, clusters=clusters)
    smaller = rebuilt(thinner, final.__getitem__)
    forward = [edge for edge in smaller.edges if edge.tail < edge.head]
    return replace(smaller, edges=forward)


def fingerprint(drawing: Survey, members: Sequence[int], entering: dict[int, list[Edge]]) -> Any:
    """What a call did, up to names and numbers: equal for equal blocks."""
    local = {box: i for i, box in enumerate(members)}
    parts = []
    for box in members:
        drawn = drawing.boxes[box]
        edges = tuple((edge.place, local.get(edge.tail, -1)) for edge in entering.get(box, ()))
        kind = "operation" if drawn.kind == "output" else drawn.kind
        parts.append((kind, drawn.operation, drawn.shape, drawn.dtype, drawn.settings, edges))
    operations = sum(drawing.boxes[box].node is not None for box in members)
    depth = len(drawing.boxes[members[0]].scope)
    return (tuple(parts), depth) if operations > 1 else object()


def follows(before: Sequence[int], after: Sequence[int], entering: dict[int, list[Edge]]) -> bool:
    """True if a block uses what the one before it gave."""
    among = set(before)
    return any(edge.tail in among for box in after for edge in entering.get(box, ()))


# ── a part of it ─────────────────────────────────────────────────────────────────────────────────────────────────────


def around(drawing: Survey, focus: str, radius: int) -> Survey:
    """The boxes within so many arrows of those that a name or an operation picks."""
    chosen = [
        i
        for i, drawn in enumerate(drawing.boxes)
        if fnmatchcase(drawn.name, focus) or fnmatchcase(drawn.operation, focus)
        or any(matches(drawing.clusters[call], [focus]) for call in drawn.scope)
    ]  # fmt: skip
    if not chosen:
        known = sorted({drawn.name for drawn in drawing.boxes if drawn.name})[:8]
        raise ValueError(
            f"draw: focus={focus!r} is no name, operation or module of the graph"
            + (f": some that are: {', '.join(known)}" if known else "; give names with names=locals()")
        )
    return part(drawing, chosen, radius, None, f"the neighbourhood of {focus}, radius={radius}")


def nearest(drawing: Survey, limit: int) -> Survey:
    """The boxes nearest to the outputs, as many as fit."""
    roots = [i for i, drawn in enumerate(drawing.boxes) if drawn.root or drawn.fault]
    smaller = part(drawing, roots, None, limit, "")
    smaller.remarks.insert(
        0,
        f"{drawing.operations:,} operations are more than max_nodes={limit}: these are the {limit} boxes nearest to the "
        'output; focus="name" shows another part, max_nodes=None all',
    )
    return smaller


def part(drawing: Survey, chosen: Sequence[int], radius: int | None, limit: int | None, remark: str) -> Survey:
    """The boxes around some, in circles; dots stand where arrows lead on."""
    beside: dict[int, list[int]] = {}
    for edge in drawing.edges:
        beside.setdefault(edge.head, []).append(edge.tail)
        if limit is None:
            beside.setdefault(edge.tail, []).append(edge.head)
    found = dict.fromkeys(chosen)
    ring, step = list(found), 0
    while ring and (radius is None or step < radius):
        following: list[int] = []
        for box in ring:
            for other in beside.get(box, ()):
                if other not in found and (limit is None or len(found) < limit):
                    found[other] = None
                    following.append(other)
        ring, step = following, step + 1
    boxes = [drawing.boxes[i] for i in sorted(found)]
    new = {old: i for i, old in enumerate(sorted(found))}
    edges = []
    stubs: dict[tuple[int, bool], int] = {}
    for edge in drawing.edges:
        inside = edge.tail in new, edge.head in new
        if not any(inside) or (limit is not None and not inside[1]):
            continue
        ends = [new.get(edge.tail, -1), new.get(edge.head, -1)]
        for side in (0, 1):
            if ends[side] < 0:
                key = (ends[1 - side], bool(side))
                if key not in stubs:
                    stubs[key] = len(boxes)
                    boxes.append(Box("more", False, "", None, (), "", number=-1))
                ends[side] = stubs[key]
        edges.append(replace(edge, tail=ends[0], head=ends[1]))
    remarks = [*([remark] if remark else []), *drawing.remarks]
    return replace(drawing, boxes=boxes, edges=edges, remarks=remarks)
