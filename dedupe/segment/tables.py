"""Rows of cells in a dump: tables of data, and tables that only lay a page out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dedupe.segment.columns import BULLET
from dedupe.segment.lines import BAR_SIGN, Draft, Line, Style, ends
from dedupe.segment.markdown import inline_text

if TYPE_CHECKING:
    from collections.abc import Iterator

LAYOUT_CELL = 240  # characters: a table with a longer cell is layout, not data
SENTENCE_CELL = 100  # the same for a cell that ends as a sentence does
_BAR = re.compile(r"(?<= )\||\|(?= )|^\||\|$")
_DELIMITER = re.compile(r"\|? *:?-{3,}:? *(?:\| *:?-{3,}:? *)+\|?|\| *:?-{3,}:? *\|")


def table_parts(chunk: list[Line]) -> Iterator[tuple[list[Line], bool]]:
    """The chunk cut into tables (True) and the lines around them (False)."""
    cells = [_cell_count(line.text) for line in chunk]
    rows = sum(count > 1 for count in cells)
    first, last = _agreeing(cells, 0, len(cells))
    if first < last and len(chunk) <= 1.5 * rows and max(len(line.text) for line in chunk) <= LAYOUT_CELL:
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
    return len(cell) > LAYOUT_CELL or (len(cell) > SENTENCE_CELL and ends(cell))


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
