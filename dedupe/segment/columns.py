"""What stands side by side in a dump: columns of text, put one below the other, and rows of cells, in tables
of data and in tables that only lay a page out."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

from dedupe.segment.lines import BAR_SIGN, Draft, Line, Style, ends
from dedupe.segment.markdown import inline_text
from dedupe.segment.thresholds import TABLE_RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

_COLUMN_DEPTH = 4  # columns within columns
_GUTTER_CHARS = 4000  # characters of a line that are searched for gutters
_GUTTERS = 12  # gutters of a line that are looked at
BULLET = re.compile(r"(?:[-*](?= )|\+(?= +[^\d ])|([•·‣◦▪▫●○■□◆◇▶►➤・⁃∙])(?!\1)) *")
_CELL_GAP = re.compile(" {2,}")
_GAP = re.compile(r"(?<=\S) {3,}(?=\S)")
_BAR = re.compile(r"(?<= )\||\|(?= )|^\||\|$")
_DELIMITER = re.compile(r"\|? *:?-{3,}:? *(?:\| *:?-{3,}:? *)+\|?|\| *:?-{3,}:? *\|")


# ---------------------------------------------------------------- columns


class _Gutter(NamedTuple):
    """White space down the lines: first and last row, where text begins again, how many lines cross it."""

    first: int
    last: int
    edge: int
    lines: int


def split_columns(rows: list[tuple[int, str]], depth: int = 0) -> list[tuple[int, str]]:
    """Text set in columns, column by column, or as the rows of a table."""
    gutters = _gutters(rows) if depth <= _COLUMN_DEPTH else []
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
    shared = min(gutter.last, last) - max(gutter.first, first)
    return shared >= TABLE_RULES.gutter_span_share * (last - first)


def _columns(rows: list[tuple[int, str]], edge: int, depth: int) -> list[tuple[int, str]]:
    """What stands left of an edge, then what stands right of it."""
    left = split_columns([(number, row[:edge]) for number, row in rows], depth)
    right = split_columns([(number, row[edge:]) for number, row in rows], depth)
    start, end = (rows[0][0], ""), (rows[-1][0], "")
    return [start, *left, start, *right, end]


def _gutters(rows: list[tuple[int, str]]) -> list[_Gutter]:
    reach = TABLE_RULES.gutter_gap_lines
    closed: list[_Gutter] = []
    opened: dict[int, _Gutter] = {}
    for at, (_, row) in enumerate(rows):
        if opened:
            ended = [
                gutter
                for gutter in opened.values()
                if at - gutter.last > reach or row[gutter.edge - 2 : gutter.edge].strip()
            ]
            closed += [opened.pop(gutter.edge) for gutter in ended]
        if "   " in row and "   " in row.strip():
            for gap in islice(_GAP.finditer(row, 0, _GUTTER_CHARS), _GUTTERS):
                edge = gap.end()
                first, _, _, lines = opened.get(edge, (at, at, edge, 0))
                opened[edge] = _Gutter(first, at, edge, lines + 1)
    return [gutter for gutter in (*closed, *opened.values()) if gutter.lines >= TABLE_RULES.gutter_lines]


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
    if max(map(len, cells)) > TABLE_RULES.column_cell_chars:
        return []
    if len(cells) < TABLE_RULES.filled_cells_share * len(filled) * len(bounds):
        return []
    if 2 * sum(BULLET.match(cell) is not None for cell in cells) > len(cells):
        return []  # lists side by side
    lines = [(number, " | ".join(_CELL_GAP.split(row.strip()))) for number, row in filled]
    return [(lines[0][0], ""), *lines, (lines[-1][0], "")]


# ---------------------------------------------------------------- rows of cells


def table_parts(chunk: list[Line]) -> Iterator[tuple[list[Line], bool]]:
    """The chunk cut into tables (True) and the lines around them (False)."""
    cells = [_cell_count(line.text) for line in chunk]
    rows = sum(count > 1 for count in cells)
    first, last = _agreeing(cells, 0, len(cells))
    is_dense = first < last and len(chunk) <= TABLE_RULES.lines_per_row * rows
    if is_dense and max(len(line.text) for line in chunk) <= TABLE_RULES.layout_cell_chars:
        yield chunk, True  # titles and notes between the rows belong to it
        return
    start = 0
    while start < len(chunk):
        stop = start + 1
        while stop < len(chunk) and (cells[stop] != 0) == (cells[start] != 0):
            stop += 1
        first, last = _agreeing(cells, start, stop)
        yield from ((chunk[start:first], False), (chunk[first:last], True), (chunk[last:stop], False))
        start = stop


def _agreeing(cells: list[int], start: int, stop: int) -> tuple[int, int]:
    """From the first to the last row that has as many cells as its neighbour."""
    if -1 in cells[start:stop]:
        return start, stop
    pairs = [at for at in range(start, stop - 1) if cells[at] == cells[at + 1] > 1]
    return (pairs[0], pairs[-1] + 2) if pairs else (start, start)


def _cell_count(text: str) -> int:
    """How many cells a line has if it is a table's row, else 0; -1 for the rule below a header."""
    if "|" not in text:
        return 0
    if _DELIMITER.fullmatch(text):
        return -1
    bullet = BULLET.match(text)
    if bullet and text[bullet.end() : bullet.end() + 1] != "|":
        return 0
    bars = len(_BAR.findall(text))
    return bars + 1 if bars else 0


def table_drafts(lines: list[Line], style: Style) -> list[Draft]:
    """One block for a data table; the cells of layout rows are blocks of their own."""
    ruled = any(_DELIMITER.fullmatch(line.text) for line in lines)
    rows = [(line, _cells(line.text, ruled, style)) for line in lines if not _DELIMITER.fullmatch(line.text)]
    drafts: list[Draft] = []
    data: list[tuple[Line, list[str]]] = []
    for line, cells in rows:
        if any(_is_layout(cell) for cell in cells):
            drafts += _data_rows(data, ruled)
            data = []
            drafts += [Draft(line.number, cell) for cell in cells if cell]
        elif any(cells):
            data.append((line, cells))
    return drafts + _data_rows(data, ruled)


def _cells(text: str, ruled: bool, style: Style) -> list[str]:
    text = inline_text(text.replace("\\|", BAR_SIGN), style)
    cells = [cell.strip().replace(BAR_SIGN, "|") for cell in (text.split("|") if ruled else _BAR.split(text))]
    if ruled:
        filled = [at for at, cell in enumerate(cells) if cell]
        cells = cells[filled[0] : filled[-1] + 1] if filled else []
    return [" ".join(cell.split()) for cell in cells]


def _is_layout(cell: str) -> bool:
    longest = TABLE_RULES.layout_cell_chars
    return len(cell) > longest or (len(cell) > TABLE_RULES.sentence_cell_chars and ends(cell))


def _data_rows(rows: list[tuple[Line, list[str]]], ruled: bool) -> list[Draft]:
    """One table, without the single cells above and below it if its borders are known."""
    full = [at for at, (_, cells) in enumerate(rows) if sum(map(bool, cells)) > 1]
    if len(full) < 2 or 2 * len(full) < len(rows):
        return [_row_draft(*row) for row in rows]
    first, last = (full[0], full[-1] + 1) if ruled else (0, len(rows))
    text = "\n".join(" | ".join(cells).strip() for _, cells in rows[first:last])
    table = Draft(rows[first][0].number, text, "table")
    return [*(_row_draft(*row) for row in rows[:first]), table, *(_row_draft(*row) for row in rows[last:])]


def _row_draft(line: Line, cells: list[str]) -> Draft:
    return Draft(line.number, " | ".join(cells).strip("| "))
