"""Columns of text side by side, put one below the other."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import islice, pairwise
from typing import NamedTuple

COLUMN_LINES = 3  # lines that must show a gutter before text counts as set in columns
COLUMN_REACH = 30  # lines between two of them
COLUMN_DEPTH = 4  # columns within columns
COLUMN_CELL = 60  # characters: longer cells side by side are columns, not a table
BULLET = re.compile(r"(?:[-*](?= )|\+(?= +[^\d ])|([•·‣◦▪▫●○■□◆◇▶►➤・⁃∙])(?!\1)) *")
_CELL_GAP = re.compile(" {2,}")
_GAP = re.compile(r"(?<=\S) {3,}(?=\S)")


class _Gutter(NamedTuple):
    """White space down the lines: first and last row, where text begins again, how many lines cross it."""

    first: int
    last: int
    edge: int
    lines: int


def split_columns(rows: list[tuple[int, str]], depth: int = 0) -> list[tuple[int, str]]:
    """Text set in columns, column by column, or as the rows of a table."""
    gutters = _gutters(rows) if depth <= COLUMN_DEPTH else []
    result: list[tuple[int, str]] = []
    done = 0
    chosen = _strongest(gutters, len(rows))
    for (first, last, edge, _), edges in zip(chosen, _edges_beside(gutters, chosen), strict=True):
        region = rows[first : last + 1]
        result += rows[done:first]
        result += _column_table(region, sorted(edges)) or _columns(region, edge, depth + 1)
        done = last + 1
    return result + rows[done:]


def _edges_beside(gutters: list[_Gutter], chosen: list[_Gutter]) -> list[set[int]]:
    """For each gutter of those chosen, which share no row, the edges of all that run along it."""
    edges: list[set[int]] = [set() for _ in chosen]
    starts = [gutter.first for gutter in chosen]
    for gutter in gutters:
        at = max(0, bisect_right(starts, gutter.first) - 1)
        while at < len(chosen) and starts[at] <= gutter.last:
            if _spans(gutter, chosen[at].first, chosen[at].last):
                edges[at].add(gutter.edge)
            at += 1
    return edges


def _spans(gutter: _Gutter, first: int, last: int) -> bool:
    return 5 * (min(gutter.last, last) - max(gutter.first, first)) >= 4 * (last - first)


def _columns(rows: list[tuple[int, str]], edge: int, depth: int) -> list[tuple[int, str]]:
    """What stands left of an edge, then what stands right of it."""
    left = split_columns([(number, row[:edge]) for number, row in rows], depth)
    right = split_columns([(number, row[edge:]) for number, row in rows], depth)
    start, end = (rows[0][0], ""), (rows[-1][0], "")
    return [start, *left, start, *right, end]


def _gutters(rows: list[tuple[int, str]]) -> list[_Gutter]:
    closed: list[_Gutter] = []
    opened: dict[int, _Gutter] = {}
    for at, (_, row) in enumerate(rows):
        if opened:
            ended = [
                gutter
                for gutter in opened.values()
                if at - gutter.last > COLUMN_REACH or row[gutter.edge - 2 : gutter.edge].strip()
            ]
            closed += [opened.pop(gutter.edge) for gutter in ended]
        if "   " in row and "   " in row.strip():
            for gap in islice(_GAP.finditer(row, 0, 4000), 12):
                edge = gap.end()
                first, _, _, lines = opened.get(edge, (at, at, edge, 0))
                opened[edge] = _Gutter(first, at, edge, lines + 1)
    return [gutter for gutter in (*closed, *opened.values()) if gutter.lines >= COLUMN_LINES]


def _strongest(gutters: list[_Gutter], rows: int) -> list[_Gutter]:
    """Gutters that share no row, those with the most lines first to choose, in page order."""
    taken = bytearray(rows)
    chosen = []
    for gutter in sorted(gutters, key=lambda gutter: (-gutter.lines, gutter)):
        if taken.find(1, gutter.first, gutter.last + 1) < 0:
            taken[gutter.first : gutter.last + 1] = b"\1" * (gutter.last + 1 - gutter.first)
            chosen.append(gutter)
    return sorted(chosen)


def _column_table(rows: list[tuple[int, str]], edges: list[int]) -> list[tuple[int, str]]:
    """The rows of a data table, cells set off by bars; none if it is no data table."""
    bounds = list(pairwise([0, *edges, None]))
    filled = [row for row in rows if row[1].strip()]
    cells = [cell for _, row in filled for low, high in bounds if (cell := row[low:high].strip())]
    if max(map(len, cells)) > COLUMN_CELL or 10 * len(cells) < 7 * len(filled) * len(bounds):
        return []
    if 2 * sum(BULLET.match(cell) is not None for cell in cells) > len(cells):
        return []  # lists side by side
    lines = [(number, " | ".join(_CELL_GAP.split(row.strip()))) for number, row in filled]
    return [(lines[0][0], ""), *lines, (lines[-1][0], "")]
