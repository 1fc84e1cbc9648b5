"""Blocks as they are gathered: the open elements, their nodes, lines, tables, and what bounds them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from dedupe.limits import CELLS, NODES, rest_of, warning
from dedupe.page import Node, Page, Traits
from dedupe.segment.tags import HOLDS_INLINE, NOT_SHOWN, ONE_LINE
from dedupe.segment.thresholds import MARKUP_RULES, TABLE_RULES
from dedupe.types import Block, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_DEPTH = 150  # open elements; deeper ones get no node of their own: paths stay short, the text stays
NAME_CHARS = 200  # characters at which class and id attributes are cut
_NAMES = ("class", "id", "role", "itemprop")
_HIDING_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
SPAN_END = " \x1d"  # white space that also marks the end of a span; no page can hold it
new_tuple = tuple.__new__  # makes a NamedTuple in half the time


class OpenTable:
    """An open table: where its cells begin and end in the list of blocks."""

    __slots__ = ("layout", "node", "rows", "start")

    def __init__(self, start: int, node: int) -> None:
        self.start = start
        self.node = node
        self.rows: list[list[tuple[int, int]]] = []
        self.layout = False


class OpenElement:
    """An open block-level element: its place among its siblings, its children by tag, its node."""

    __slots__ = ("attrib", "children", "node", "nth", "tag")

    def __init__(self, tag: str, nth: int, attrib: Mapping[str, str]) -> None:
        self.tag = tag
        self.nth = nth
        self.attrib = attrib
        self.children: dict[str, int] = {}
        self.node = -1


@lru_cache(maxsize=64)
def deep_element(tag: str) -> OpenElement:
    """What all open elements of a tag share that are too deep for a node: there may be millions."""
    return OpenElement(tag, 1, {})


class Gatherer:
    """What is known of a page at some place of it: its blocks and nodes so far, and all that is open."""

    __slots__ = (
        "_after_span",
        "_bold",
        "_bold_chars",
        "_buffer",
        "_caption",
        "_capture",
        "_copies",
        "_images",
        "_items",
        "_level",
        "_lines",
        "_link",
        "_link_chars",
        "_links",
        "_lists",
        "_most",
        "_name",
        "_open",
        "_paths",
        "_pre",
        "_quote",
        "_rest",
        "_skip",
        "_squeezed",
        "_structured",
        "_tables",
        "_tag",
        "_time",
        "blocks",
        "meta",
        "nodes",
        "traits",
        "warnings",
        "where",
    )

    def __init__(self, max_blocks: int) -> None:
        self._most = max_blocks
        self._rest: list[str] = []  # texts beyond these
        self._squeezed = (0, "")  # how many blocks, and their text without white space
        self.blocks: list[Block] = []
        self.where: list[int] = []
        self.traits: list[Traits] = []
        self.nodes: list[Node] = []
        self.meta: dict[str, str] = {}
        self.warnings: list[str] = []
        self._open = [OpenElement("", 0, {})]  # block-level elements, below the page itself
        self._tag = ""  # the innermost one's
        self._paths: list[str] = []  # of each node
        self._skip = 0
        self._capture: list[str] | None = None
        self._structured: list[str] = []
        self._copies: list[tuple[int, str]] = []
        self._link = self._bold = self._quote = self._lists = self._caption = self._pre = self._level = 0
        self._items: list[bool] = []  # open list items: is the bullet still to be written?
        self._tables: list[OpenTable] = []
        self._lines: list[tuple[str, int, int, int]] = []
        self._buffer: list[str] = []
        self._link_chars = self._links = self._bold_chars = self._images = 0
        self._time = self._after_span = False
        self._name = ""

    def _current_node(self) -> int:
        """The node of the innermost open element; nodes are made when something needs them."""
        at = min(len(self._open) - 1, MAX_DEPTH)
        if len(self.nodes) >= NODES * self._most:  # from here on elements stand in those that have one
            at = next((up for up in range(at, 0, -1) if self._open[up].node >= 0), 0)
        node = self._open[at].node
        if node >= 0 or not at:
            return node
        first = at
        while first > 1 and self._open[first - 1].node < 0:
            first -= 1
        node = self._open[first - 1].node
        for element in self._open[first : at + 1]:
            element.node = node = self._add_node(node, element)
        return node

    def _add_node(self, parent: int, element: OpenElement) -> int:
        tag, attrib = element.tag, element.attrib
        hidden = tag in NOT_SHOWN or (parent >= 0 and self.nodes[parent].hidden)
        name = ""
        if len(attrib) == 1 and "class" in attrib:
            name = attrib["class"][:NAME_CHARS]
        elif attrib:
            name = " ".join([attrib[key] for key in _NAMES if key in attrib])[:NAME_CHARS]
            hidden = hidden or _is_hidden(attrib)
        self.nodes.append(new_tuple(Node, (parent, tag, element.nth, name, hidden)))
        self._paths.append(f"{self._paths[parent]}/{tag}[{element.nth}]" if parent >= 0 else tag)
        return len(self._paths) - 1

    # ------------------------------------------------------------ lines and blocks

    def _end_line(self) -> None:
        if self._pre:
            self._buffer.append("\n")
        elif self._tag in ONE_LINE:
            self._buffer.append(" ")
        else:
            text = squeezed("".join(self._buffer))
            self._lines.append((text, self._link_chars, self._links, self._bold_chars))
            self._buffer.clear()
            self._link_chars = self._links = self._bold_chars = 0

    def _flush(self) -> None:
        if self._pre:
            self._flush_preformatted()
        elif self._lines:
            self._end_line()
            for line in self._lines:
                if line[0]:
                    self._emit(*line)
            self._lines.clear()
        else:
            text = squeezed("".join(self._buffer))
            if SPAN_END in self._buffer and self._is_stack_of_spans(text):
                for piece in filter(str.strip, "".join(self._buffer).split(SPAN_END)):
                    self._emit(squeezed(piece), 0, 0, 0)
            elif text:
                self._emit(text, self._link_chars, self._links, self._bold_chars)
        self._buffer.clear()
        self._link_chars = self._links = self._bold_chars = 0
        self._time = False
        self._name = ""

    def _is_stack_of_spans(self, text: str) -> bool:
        """Whether long spans set off by line ends are paragraphs, shown as such by a style sheet."""
        pieces = self._buffer.count(SPAN_END) + 1
        return (
            pieces >= MARKUP_RULES.stacked_spans
            and len(text) >= MARKUP_RULES.span_chars * pieces
            and not self._links
            and self._tag != ""
            and self._tag not in HOLDS_INLINE
        )

    def _emit(self, text: str, link_chars: int, links: int, bold: int) -> None:
        role: Role = "paragraph"
        level = 0
        if self._level:
            role, level = "heading", self._level
            if self._items:
                self._items[-1] = False
        elif self._caption:
            role = "caption"
        elif self._items and self._items[-1]:
            self._items[-1] = False
            role, level, text = "list-item", max(1, self._lists), "- " + text
        elif self._quote:
            role = "quote"
        self._add(text, role, min(link_chars, len(text)), level, (links, bold))

    def _add(
        self, text: str, role: Role, link_chars: int, level: int = 0, marks: tuple[int, int] = (0, 0)
    ) -> None:
        """A block more, with the number of its links and of its bold characters."""
        if len(self.blocks) >= self._most and self._is_full():
            self._rest.append(text)
            return
        node = self._current_node()
        path = self._paths[node] if node >= 0 else ""
        self.blocks.append(Block(len(self.blocks), text, role, path, link_chars, level))
        self.where.append(node)
        self.traits.append(new_tuple(Traits, (*marks, self._time, self._images, self._name)))
        self._images = 0

    def _is_full(self) -> bool:
        """Whether no block may follow: the cells of an open table may still become one."""
        in_table = self._tables and not self._tables[-1].layout
        return bool(self._rest) or not in_table or len(self.blocks) >= CELLS * self._most

    def _cut(self) -> None:
        """Take the blocks beyond the last one into the rest."""
        if len(self.blocks) > self._most and self._is_full():
            self._rest[:0] = [block.text for block in self.blocks[self._most :]]
            for each in (self.blocks, self.where, self.traits):
                del each[self._most :]

    def _flush_preformatted(self) -> None:
        text = "".join(self._buffer).strip("\n")
        if not text.strip():
            return
        if _is_prose(text):
            for block in text_blocks(text, self._most):
                self._add(block.text, block.role, block.link_chars, block.level)
        else:
            lines = "\n".join(line.rstrip() for line in text.split("\n"))
            self._add(lines, "preformatted", self._link_chars, 0, (self._links, self._bold_chars))

    # ------------------------------------------------------------ tables

    def _end_table(self) -> None:
        table = self._tables.pop()
        self._join_cells(table)
        self._cut()

    def _join_cells(self, table: OpenTable) -> None:
        """Make a data table one block; a layout table's blocks stay as they are."""
        found = [] if table.layout else self.blocks[table.start :]
        if not found or not self._is_data(table, found):
            return
        rows = []
        for cells in table.rows:
            texts = [" ".join(block.text for block in self.blocks[low:high]) for low, high in cells]
            if any(texts):
                rows.append(" | ".join(texts).strip())
        links = sum(traits.links for traits in self.traits[table.start :])
        del self.blocks[table.start :], self.where[table.start :], self.traits[table.start :]
        link_chars = sum(block.link_chars for block in found)
        self.blocks.append(Block(table.start, "\n".join(rows), "table", self._paths[table.node], link_chars))
        self.where.append(table.node)
        self.traits.append(Traits(links))

    def _is_data(self, table: OpenTable, found: list[Block]) -> bool:
        cells = [cell for row in table.rows for cell in row]
        filled = [cell for cell in cells if cell[1] > cell[0]]
        if len(filled) < 2 or max(map(len, table.rows)) < 2 or 2 * len(filled) < len(cells):
            return False
        if sum(high - low for low, high in filled) != len(found):
            return False  # text between the cells
        lengths = [sum(len(block.text) for block in self.blocks[low:high]) for low, high in filled]
        if max(lengths) > TABLE_RULES.layout_cell_chars or any(block.role == "list-item" for block in found):
            return False
        return 2 * sum(block.link_chars for block in found) <= sum(lengths)

    def page(self) -> Page:
        """All that was gathered, frozen."""
        if self._rest:
            self.warnings.append(warning(len(self.blocks)))
            self.blocks.append(rest_of(self.blocks, self._rest))
            self.where.append(-1)
            self.traits.append(Traits())
        return Page(
            "html",
            tuple(self.blocks),
            tuple(self.nodes),
            tuple(self.where),
            tuple(self.traits),
            self.meta,
            tuple(self.warnings),
        )


def squeezed(text: str) -> str:
    """The text in one line."""
    return " ".join(text.split())


def _is_hidden(attrib: Mapping[str, str]) -> bool:
    if "hidden" in attrib:
        return True
    style = attrib.get("style")
    return style is not None and _HIDING_STYLE.search(style) is not None


def _is_prose(text: str) -> bool:
    """Whether preformatted text is running text rather than code or a drawing."""
    letters = sum(map(str.isalpha, text)) + text.count(" ")
    lines = [line for line in text.split("\n") if line.strip()]
    return (
        len(text) > MARKUP_RULES.prose_chars
        and letters > MARKUP_RULES.prose_letters_share * len(text.replace("\n", ""))
        and len(text) / len(lines) > MARKUP_RULES.prose_line_chars
    )


def text_blocks(text: str, most: int) -> tuple[Block, ...]:
    from dedupe.segment.text import segment_text  # its many patterns take long to compile

    return segment_text(text, most).blocks
