"""HTML to blocks: one pass over the parser's events, no tree.

lxml's parser hands its events to `_Walk`, which closes a block wherever a block-level element
begins or ends or a line is broken. That costs some 63 % of building a tree and walking it, and no
nesting is too deep: a tree would silently end at libxml2's limit.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lxml import etree

from dedupe.limits import MAX_BLOCKS
from dedupe.page import Page, Traits
from dedupe.segment.gather import (
    MAX_DEPTH,
    NAME_CHARS,
    SPAN_END,
    Gatherer,
    OpenElement,
    OpenTable,
    deep_element,
    squeezed,
    text_blocks,
)
from dedupe.segment.json_ld import records, unescaped
from dedupe.segment.tags import BLOCK, BOLD, HEADING, HOLDS_INLINE, INLINE, LISTS, META, SKIP
from dedupe.segment.thresholds import MARKUP_RULES
from dedupe.text.normalize import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_BODIES = 20  # JSON-LD bodies of a page that are looked at: with more of them it is no article
_MARKUP = re.compile(r"<(?:p|br|div|h\d|span|ul|table)\b", re.I)


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


class _Walk(Gatherer):
    """A parser target: gathers blocks, nodes and meta data from start, data and end events.

    A page has about 3,000 events: each must take well under a microsecond.
    """

    __slots__ = ()

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
        elif tag in BOLD and self._bold:
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
                text = SPAN_END
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
        name = META.get(key.lower()) if key else None
        value = attrib.get("content")
        if name and value:
            self.meta.setdefault(name, squeezed(value))
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
            self.meta.setdefault("title", squeezed(text))
        elif len(text) >= MARKUP_RULES.copy_chars:
            self._copies.append((self._add_node(self._current_node(), OpenElement(tag, 1, {})), text))

    # ------------------------------------------------------------ block-level elements

    def _start_block(self, tag: str, attrib: Mapping[str, str]) -> None:
        if self._buffer or self._lines:
            self._flush()
        self._tag = tag
        if len(self._open) > MAX_DEPTH:
            self._open.append(deep_element(tag))
            return
        siblings = self._open[-1].children
        siblings[tag] = nth = siblings.get(tag, 0) + 1
        self._open.append(OpenElement(tag, nth, attrib))

    def _end_block(self, tag: str) -> None:
        if self._buffer or self._lines:
            self._flush()
        self._open.pop()
        self._tag = self._open[-1].tag
        if tag in _ENDS:
            _ENDS[tag](self)

    def _start_unknown(self, tag: str, attrib: Mapping[str, str]) -> None:
        """Unknown elements are inline in a paragraph only."""
        if self._tag not in HOLDS_INLINE:
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
        self._level = HEADING[tag]

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
        self._tables.append(OpenTable(len(self.blocks), self._current_node()))

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

    # ------------------------------------------------------------ text that is not shown

    def add_copies(self) -> None:
        """Add what stands in textareas, and a JSON-LD body that the page itself lacks."""
        for node, text in self._copies:
            self._add_copy(node, text)
        bodies = 0
        for text in self._structured:
            for record in records(text):
                self._read_record(record)
                body = record.get("articleBody")
                if isinstance(body, str) and len(body) >= MARKUP_RULES.copy_chars:
                    bodies += 1
                    if bodies <= _BODIES:
                        self._read_body(body)
        if bodies > _BODIES:
            self.warnings.append(f"only {_BODIES} of {bodies} JSON-LD bodies were looked at")

    def _read_record(self, record: Mapping[str, Any]) -> None:
        for key, name in (("headline", "ld_headline"), ("datePublished", "ld_date")):
            if isinstance(record.get(key), str):
                self.meta.setdefault(name, squeezed(unescaped(record[key])))

    def _read_body(self, body: str) -> None:
        if not self._holds(body):
            element = OpenElement("script", 1, {"class": "articleBody", "hidden": ""})
            self._add_copy(self._add_node(-1, element), body)

    def _holds(self, body: str) -> bool:
        """Whether most probes of a text stand in the page's own blocks."""
        page = self._squeezed_page()
        body = "".join(shown(unescaped(re.sub(r"<[^<>]*>", "", body))).split())
        length = MARKUP_RULES.probe_chars
        step = max(1, (len(body) - MARKUP_RULES.probe_margin_chars) // MARKUP_RULES.copy_probes)
        probes = [body[at : at + length] for at in range(0, len(body) - length, step)]
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
            text = unescaped(text)
        if _MARKUP.search(text):
            inner = _Walk(self._most)
            inner.parse(text)
            found = inner.page().blocks
        else:
            found = text_blocks(text, self._most)
        for block in found:
            if len(self.blocks) >= self._most:
                self._rest.append(block.text)
                continue
            self.blocks.append(replace(block, number=len(self.blocks), path=self._paths[node]))
            self.where.append(node)
            self.traits.append(Traits())


_STARTS: dict[str, Callable[[_Walk, str, Mapping[str, str]], None]] = {
    **dict.fromkeys(INLINE, _Walk._start_inline),
    **dict.fromkeys(BLOCK, _Walk._start_block),
    **dict.fromkeys(SKIP, _Walk._start_skip),
    **dict.fromkeys(BOLD, _Walk._start_bold),
    **dict.fromkeys(("td", "th"), _Walk._start_cell),
    **dict.fromkeys(HEADING, _Walk._start_heading),
    **dict.fromkeys(LISTS, _Walk._start_list),
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
    **dict.fromkeys(HEADING, _Walk._end_heading),
    **dict.fromkeys(LISTS, _Walk._end_list),
    **dict.fromkeys(("figcaption", "caption"), _Walk._end_caption),
    **dict.fromkeys(("pre", "listing", "xmp"), _Walk._end_pre),
}
