"""HTML to blocks: one pass over the parser's events, no tree.

lxml's parser hands its events to `_Walk`, which closes a block wherever a block-level element
begins or ends or a line is broken. That costs half of building a tree and walking it, and no
nesting is too deep: a tree would silently end at libxml2's limit.
"""

from __future__ import annotations

import html
import json
import re
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lxml import etree

from dedupe.limits import CELLS, MAX_BLOCKS, NODES, rest_of, warning
from dedupe.page import Node, Page, Traits
from dedupe.segment.tags import (
    _BLOCK,
    _BOLD,
    _HEADING,
    _HOLDS_INLINE,
    _INLINE,
    _LISTS,
    _NOT_SHOWN,
    _ONE_LINE,
    _SKIP,
)
from dedupe.text.normalize import shown
from dedupe.types import Block, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MAX_DEPTH = 150  # deeper elements get no node of their own: paths stay short, the text stays
COPY_CHARS = 200  # a textarea or JSON-LD body shorter than this is no copy of an article
CELL_CHARS = 240  # a table with a longer cell is layout, not data
NAME_CHARS = 200  # class and id attributes are cut there
SPANS = 4  # so many spans, set off by line ends,
SPAN_CHARS = 24  # … and that long on average, are paragraphs
BODIES = 20  # JSON-LD bodies of a page that are looked at: with more of them it is no article
PROBES = 8  # places of a JSON-LD body that are looked for in the page's own text
_NAMES = ("class", "id", "role", "itemprop")
_HIDING_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_MARKUP = re.compile(r"<(?:p|br|div|h\d|span|ul|table)\b", re.I)
_SPAN_END = " \x1d"  # white space that also marks the end of a span; no page can hold it
_new_tuple = tuple.__new__  # makes a NamedTuple in half the time
_META = {
    "og:title": "og_title",
    "twitter:title": "og_title",
    "og:site_name": "site",
    "og:type": "type",
    "og:url": "canonical",
    "og:description": "description",
    "description": "description",
    "author": "author",
    "article:published_time": "date",
    "og:published_time": "date",
    "publishdate": "date",
    "pubdate": "date",
    "date": "date",
    "dc.date": "date",
    "dc.date.issued": "date",
    "dcterms.date": "date",
    "datepublished": "date",
    "sailthru.date": "date",
    "parsely-pub-date": "date",
}


def segment_html(text: str, max_blocks: int = MAX_BLOCKS) -> Page:
    """Segment a decoded HTML page (or a fragment) into blocks, in page order.

    What stands beyond `max_blocks` blocks is one more, and a warning says so.

    Text that no reader sees (in `noscript`, `template`, `textarea`, or hidden by style) becomes
    blocks whose node is `hidden`. JSON-LD's `articleBody` does so only where the page itself
    does not hold it.
    """
    walk = _Walk(max_blocks)
    walk.parse(text)
    walk.add_copies()
    return walk.page()


class _Table:
    """An open table: where its cells begin and end in the list of blocks."""

    __slots__ = ("layout", "node", "rows", "start")

    def __init__(self, start: int, node: int) -> None:
        self.start = start
        self.node = node
        self.rows: list[list[tuple[int, int]]] = []
        self.layout = False


class _Open:
    """An open block-level element: its place among its siblings, its children by tag, its node."""

    __slots__ = ("attrib", "children", "node", "nth", "tag")

    def __init__(self, tag: str, nth: int, attrib: Mapping[str, str]) -> None:
        self.tag = tag
        self.nth = nth
        self.attrib = attrib
        self.children: dict[str, int] = {}
        self.node = -1


@lru_cache(maxsize=64)
def _deep(tag: str) -> _Open:
    """What all open elements of a tag share that are too deep for a node: there may be millions."""
    return _Open(tag, 1, {})


class _Walk:
    """A parser target: gathers blocks, nodes and meta data from start, data and end events.

    A page has about 3,000 events: each must take well under a microsecond.
    """

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
        self._open = [_Open("", 0, {})]  # block-level elements, below the page itself
        self._tag = ""  # the innermost one's
        self._paths: list[str] = []  # of each node
        self._skip = 0
        self._capture: list[str] | None = None
        self._structured: list[str] = []
        self._copies: list[tuple[int, str]] = []
        self._link = self._bold = self._quote = self._lists = self._caption = self._pre = self._level = 0
        self._items: list[bool] = []  # open list items: is the bullet still to be written?
        self._tables: list[_Table] = []
        self._lines: list[tuple[str, int, int, int]] = []
        self._buffer: list[str] = []
        self._link_chars = self._links = self._bold_chars = self._images = 0
        self._time = self._after_span = False
        self._name = ""

    # ------------------------------------------------------------ the parser's events

    def parse(self, text: str) -> None:
        """Parse a page or a fragment and add its blocks."""
        parser = etree.HTMLParser(target=self, encoding="utf-8", huge_tree=True)  # type: ignore[call-overload]
        data = text.encode("utf-8", "replace").replace(b"\0", b"")
        with suppress(etree.ParserError, etree.XMLSyntaxError):  # empty, or nothing but comments
            etree.fromstring(data, parser)
        self._flush()

    def start(self, tag: str, attrib: Mapping[str, str]) -> None:
        if self._skip:
            self._skip += 1
        else:
            _STARTS.get(tag, _Walk._start_unknown)(self, tag, attrib)

    def end(self, tag: str) -> None:
        if self._skip:
            self._skip -= 1
            if not self._skip and self._capture is not None:
                self._end_capture(tag)
        elif tag == self._tag:
            self._end_block(tag)
        elif tag == "a":
            if self._link:
                self._link -= 1
        elif tag == "span":
            self._after_span = True
        elif tag in _BOLD and self._bold:
            self._bold -= 1

    def data(self, text: str) -> None:
        if self._skip:
            if self._capture is not None:
                self._capture.append(text)
            return
        if text.isspace() and not self._pre:
            if not self._buffer:
                return
            if self._after_span and "\n" in text:
                text = _SPAN_END
        self._after_span = False
        self._buffer.append(text)
        if self._link:
            self._link_chars += len(text.strip())
        if self._bold:
            self._bold_chars += len(text.strip())

    def close(self) -> None:
        while self._tag:
            self._end_block(self._tag)

    # ------------------------------------------------------------ inline and skipped elements

    def _start_inline(self, _tag: str, attrib: Mapping[str, str]) -> None:
        if attrib and "class" in attrib and len(self._name) < NAME_CHARS:
            self._name += " " + attrib["class"]

    def _start_link(self, _tag: str, _attrib: Mapping[str, str]) -> None:
        self._link += 1
        self._links += 1

    def _start_bold(self, tag: str, attrib: Mapping[str, str]) -> None:
        self._bold += 1
        self._start_inline(tag, attrib)

    def _start_image(self, tag: str, attrib: Mapping[str, str]) -> None:
        self._images += 1
        self._start_inline(tag, attrib)

    def _start_time(self, tag: str, attrib: Mapping[str, str]) -> None:
        self._time = True
        if "datetime" in attrib:
            self.meta.setdefault("time", attrib["datetime"])
        self._start_inline(tag, attrib)

    def _start_meta(self, tag: str, attrib: Mapping[str, str]) -> None:
        key = attrib.get("property") or attrib.get("name") or attrib.get("itemprop")
        name = _META.get(key.lower()) if key else None
        value = attrib.get("content")
        if name and value:
            self.meta.setdefault(name, _squeeze(value))
        self._start_inline(tag, attrib)

    def _start_relation(self, tag: str, attrib: Mapping[str, str]) -> None:
        if attrib.get("rel") == "canonical" and "href" in attrib:
            self.meta.setdefault("canonical", attrib["href"])
        self._start_inline(tag, attrib)

    def _start_skip(self, _tag: str, _attrib: Mapping[str, str]) -> None:
        self._skip = 1

    def _start_script(self, _tag: str, attrib: Mapping[str, str]) -> None:
        self._skip = 1
        if "ld+json" in attrib.get("type", ""):
            self._capture = []

    def _start_title(self, _tag: str, _attrib: Mapping[str, str]) -> None:
        self._skip = 1
        if "title" not in self.meta:
            self._capture = []

    def _start_textarea(self, _tag: str, _attrib: Mapping[str, str]) -> None:
        self._skip = 1
        self._capture = []

    def _end_capture(self, tag: str) -> None:
        text = "".join(self._capture or ())
        self._capture = None
        if tag == "script":
            self._structured.append(text)
        elif tag == "title":
            self.meta.setdefault("title", _squeeze(text))
        elif len(text) >= COPY_CHARS:
            self._copies.append((self._add_node(self._current_node(), _Open(tag, 1, {})), text))

    # ------------------------------------------------------------ block-level elements

    def _start_block(self, tag: str, attrib: Mapping[str, str]) -> None:
        if self._buffer or self._lines:
            self._flush()
        self._tag = tag
        if len(self._open) > MAX_DEPTH:
            self._open.append(_deep(tag))
            return
        siblings = self._open[-1].children
        siblings[tag] = nth = siblings.get(tag, 0) + 1
        self._open.append(_Open(tag, nth, attrib))

    def _end_block(self, tag: str) -> None:
        if self._buffer or self._lines:
            self._flush()
        self._open.pop()
        self._tag = self._open[-1].tag
        if tag in _ENDS:
            _ENDS[tag](self)

    def _start_unknown(self, tag: str, attrib: Mapping[str, str]) -> None:
        """Unknown elements are inline in a paragraph only."""
        if self._tag not in _HOLDS_INLINE:
            self._start_block(tag, attrib)

    def _start_break(self, _tag: str, _attrib: Mapping[str, str]) -> None:
        self._end_line()

    def _start_rule(self, _tag: str, _attrib: Mapping[str, str]) -> None:
        if self._buffer or self._lines:
            self._flush()

    def _start_html(self, tag: str, attrib: Mapping[str, str]) -> None:
        self._start_block(tag, attrib)
        if "lang" in attrib:
            self.meta.setdefault("lang", attrib["lang"])

    def _start_item(self, tag: str, attrib: Mapping[str, str]) -> None:
        self._start_block(tag, attrib)
        self._items.append(True)

    def _start_heading(self, tag: str, attrib: Mapping[str, str]) -> None:
        self._start_block(tag, attrib)
        self._level = _HEADING[tag]

    def _start_list(self, tag: str, attrib: Mapping[str, str]) -> None:
        self._start_block(tag, attrib)
        self._lists += 1

    def _start_quote(self, tag: str, attrib: Mapping[str, str]) -> None:
        self._start_block(tag, attrib)
        self._quote += 1

    def _start_caption(self, tag: str, attrib: Mapping[str, str]) -> None:
        self._start_block(tag, attrib)
        self._caption += 1

    def _start_pre(self, tag: str, attrib: Mapping[str, str]) -> None:
        self._start_block(tag, attrib)
        self._pre += 1

    def _start_table(self, tag: str, attrib: Mapping[str, str]) -> None:
        self._start_block(tag, attrib)
        if self._tables:  # those further out have been marked by it
            self._tables[-1].layout = True
        self._tables.append(_Table(len(self.blocks), self._current_node()))

    def _start_row(self, tag: str, attrib: Mapping[str, str]) -> None:
        self._start_block(tag, attrib)
        if self._tables:
            self._tables[-1].rows.append([])

    def _start_cell(self, tag: str, attrib: Mapping[str, str]) -> None:
        self._start_block(tag, attrib)
        if self._tables and self._tables[-1].rows and not self._rest:
            self._tables[-1].rows[-1].append((len(self.blocks), len(self.blocks)))

    def _end_item(self) -> None:
        self._items.pop()

    def _end_heading(self) -> None:
        self._level = 0

    def _end_list(self) -> None:
        self._lists -= 1

    def _end_quote(self) -> None:
        self._quote -= 1

    def _end_caption(self) -> None:
        self._caption -= 1

    def _end_pre(self) -> None:
        self._pre -= 1

    def _end_cell(self) -> None:
        if self._tables and self._tables[-1].rows and self._tables[-1].rows[-1] and not self._rest:
            row = self._tables[-1].rows[-1]
            row[-1] = (row[-1][0], len(self.blocks))

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

    def _add_node(self, parent: int, element: _Open) -> int:
        tag, attrib = element.tag, element.attrib
        hidden = tag in _NOT_SHOWN or (parent >= 0 and self.nodes[parent].hidden)
        name = ""
        if len(attrib) == 1 and "class" in attrib:
            name = attrib["class"][:NAME_CHARS]
        elif attrib:
            name = " ".join([attrib[key] for key in _NAMES if key in attrib])[:NAME_CHARS]
            hidden = hidden or _is_hidden(attrib)
        self.nodes.append(_new_tuple(Node, (parent, tag, element.nth, name, hidden)))
        self._paths.append(f"{self._paths[parent]}/{tag}[{element.nth}]" if parent >= 0 else tag)
        return len(self._paths) - 1

    # ------------------------------------------------------------ lines and blocks

    def _end_line(self) -> None:
        if self._pre:
            self._buffer.append("\n")
        elif self._tag in _ONE_LINE:
            self._buffer.append(" ")
        else:
            text = _squeeze("".join(self._buffer))
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
            text = _squeeze("".join(self._buffer))
            if _SPAN_END in self._buffer and self._is_stack_of_spans(text):
                for piece in filter(str.strip, "".join(self._buffer).split(_SPAN_END)):
                    self._emit(_squeeze(piece), 0, 0, 0)
            elif text:
                self._emit(text, self._link_chars, self._links, self._bold_chars)
        self._buffer.clear()
        self._link_chars = self._links = self._bold_chars = 0
        self._time = False
        self._name = ""

    def _is_stack_of_spans(self, text: str) -> bool:
        """Whether long spans set off by line ends are paragraphs, shown as such by a style sheet."""
        pieces = self._buffer.count(_SPAN_END) + 1
        return (
            pieces >= SPANS
            and len(text) >= SPAN_CHARS * pieces
            and not self._links
            and self._tag != ""
            and self._tag not in _HOLDS_INLINE
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
        self._add(text, role, min(link_chars, len(text)), level, links, bold)

    def _add(
        self, text: str, role: Role, link_chars: int, level: int = 0, links: int = 0, bold: int = 0
    ) -> None:
        if len(self.blocks) >= self._most and self._is_full():
            self._rest.append(text)
            return
        node = self._current_node()
        path = self._paths[node] if node >= 0 else ""
        self.blocks.append(Block(len(self.blocks), text, role, path, link_chars, level))
        self.where.append(node)
        self.traits.append(_new_tuple(Traits, (links, bold, self._time, self._images, self._name)))
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
            for block in _as_text(text, self._most):
                self._add(block.text, block.role, block.link_chars, block.level)
        else:
            lines = "\n".join(line.rstrip() for line in text.split("\n"))
            self._add(lines, "preformatted", self._link_chars, 0, self._links, self._bold_chars)

    # ------------------------------------------------------------ tables

    def _end_table(self) -> None:
        table = self._tables.pop()
        self._join_cells(table)
        self._cut()

    def _join_cells(self, table: _Table) -> None:
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

    def _is_data(self, table: _Table, found: list[Block]) -> bool:
        cells = [cell for row in table.rows for cell in row]
        filled = [cell for cell in cells if cell[1] > cell[0]]
        if len(filled) < 2 or max(map(len, table.rows)) < 2 or 2 * len(filled) < len(cells):
            return False
        if sum(high - low for low, high in filled) != len(found):
            return False  # text between the cells
        lengths = [sum(len(block.text) for block in self.blocks[low:high]) for low, high in filled]
        if max(lengths) > CELL_CHARS or any(block.role == "list-item" for block in found):
            return False
        return 2 * sum(block.link_chars for block in found) <= sum(lengths)

    # ------------------------------------------------------------ text that is not shown

    def add_copies(self) -> None:
        """Add what stands in textareas, and a JSON-LD body that the page itself lacks."""
        for node, text in self._copies:
            self._add_copy(node, text)
        bodies = 0
        for text in self._structured:
            for record in _records(text):
                self._read_record(record)
                body = record.get("articleBody")
                if isinstance(body, str) and len(body) >= COPY_CHARS:
                    bodies += 1
                    if bodies <= BODIES:
                        self._read_body(body)
        if bodies > BODIES:
            self.warnings.append(f"only {BODIES} of {bodies} JSON-LD bodies were looked at")

    def _read_record(self, record: Mapping[str, Any]) -> None:
        for key, name in (("headline", "ld_headline"), ("datePublished", "ld_date")):
            if isinstance(record.get(key), str):
                self.meta.setdefault(name, _squeeze(_unescaped(record[key])))

    def _read_body(self, body: str) -> None:
        if not self._holds(body):
            element = _Open("script", 1, {"class": "articleBody", "hidden": ""})
            self._add_copy(self._add_node(-1, element), body)

    def _holds(self, body: str) -> bool:
        """Whether most probes of a text stand in the page's own blocks."""
        page = self._squeezed_page()
        body = "".join(shown(_unescaped(re.sub(r"<[^<>]*>", "", body))).split())
        step = max(1, (len(body) - 16) // PROBES)
        probes = [body[at : at + 12] for at in range(0, len(body) - 12, step)]
        return 2 * sum(probe in page for probe in probes) >= len(probes)

    def _squeezed_page(self) -> str:
        """All text so far without white space and signs that do not show; what stood there when it was last
        asked for is kept."""
        if len(self.blocks) > self._squeezed[0]:
            more = ("".join(shown(block.text).split()) for block in self.blocks[self._squeezed[0] :])
            self._squeezed = len(self.blocks), "".join([self._squeezed[1], *more])
        return self._squeezed[1]

    def _add_copy(self, node: int, text: str) -> None:
        """Segment text that stands inside an attribute, a script or a textarea."""
        if _MARKUP.search(text) is None and "&" in text:
            text = _unescaped(text)
        if _MARKUP.search(text):
            inner = _Walk(self._most)
            inner.parse(text)
            found = inner.page().blocks
        else:
            found = _as_text(text, self._most)
        for block in found:
            if len(self.blocks) >= self._most:
                self._rest.append(block.text)
                continue
            self.blocks.append(replace(block, number=len(self.blocks), path=self._paths[node]))
            self.where.append(node)
            self.traits.append(Traits())

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


_STARTS: dict[str, Callable[[_Walk, str, Mapping[str, str]], None]] = {
    **dict.fromkeys(_INLINE, _Walk._start_inline),
    **dict.fromkeys(_BLOCK, _Walk._start_block),
    **dict.fromkeys(_SKIP, _Walk._start_skip),
    **dict.fromkeys(_BOLD, _Walk._start_bold),
    **dict.fromkeys(("td", "th"), _Walk._start_cell),
    **dict.fromkeys(_HEADING, _Walk._start_heading),
    **dict.fromkeys(_LISTS, _Walk._start_list),
    **dict.fromkeys(("figcaption", "caption"), _Walk._start_caption),
    **dict.fromkeys(("pre", "listing", "xmp"), _Walk._start_pre),
    "a": _Walk._start_link,
    "img": _Walk._start_image,
    "time": _Walk._start_time,
    "meta": _Walk._start_meta,
    "link": _Walk._start_relation,
    "script": _Walk._start_script,
    "title": _Walk._start_title,
    "textarea": _Walk._start_textarea,
    "br": _Walk._start_break,
    "hr": _Walk._start_rule,
    "html": _Walk._start_html,
    "li": _Walk._start_item,
    "blockquote": _Walk._start_quote,
    "table": _Walk._start_table,
    "tr": _Walk._start_row,
}
_ENDS: dict[str, Callable[[_Walk], None]] = {
    "li": _Walk._end_item,
    "blockquote": _Walk._end_quote,
    "table": _Walk._end_table,
    **dict.fromkeys(("td", "th"), _Walk._end_cell),
    **dict.fromkeys(_HEADING, _Walk._end_heading),
    **dict.fromkeys(_LISTS, _Walk._end_list),
    **dict.fromkeys(("figcaption", "caption"), _Walk._end_caption),
    **dict.fromkeys(("pre", "listing", "xmp"), _Walk._end_pre),
}


def _squeeze(text: str) -> str:
    """The text in one line."""
    return " ".join(text.split())


def _unescaped(text: str) -> str:
    return html.unescape(text)


def _is_hidden(attrib: Mapping[str, str]) -> bool:
    if "hidden" in attrib:
        return True
    style = attrib.get("style")
    return style is not None and _HIDING_STYLE.search(style) is not None


def _is_prose(text: str) -> bool:
    """Whether preformatted text is running text rather than code or a drawing."""
    letters = sum(map(str.isalpha, text)) + text.count(" ")
    lines = [line for line in text.split("\n") if line.strip()]
    return len(text) > 400 and letters > 0.9 * len(text.replace("\n", "")) and len(text) / len(lines) > 25


def _records(text: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a JSON-LD script that may describe an article, the graph flattened."""
    if '"headline"' not in text and '"articleBody"' not in text and '"datePublished"' not in text:
        return
    try:
        stack: list[Any] = [json.loads(text, strict=False)]
    except (ValueError, RecursionError):
        return
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(reversed(item))
        elif isinstance(item, dict):
            yield item
            stack.extend(item[key] for key in ("@graph", "mainEntity") if key in item)


def _as_text(text: str, most: int) -> tuple[Block, ...]:
    from dedupe.segment.text import segment_text  # its many patterns take long to compile

    return segment_text(text, most).blocks
