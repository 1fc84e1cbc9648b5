"""Blocks as HTML."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from dedupe.output.lists import ListItem, block_parts, heading_level, kept_blocks, table_rows
from dedupe.output.safe import xml_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.result import CleanResult
    from dedupe.types import Block, Role


def to_html(result: CleanResult, body_only: bool = False) -> str:
    """The kept blocks as a small HTML document that is well-formed XML too.

    All of it that comes from the page is escaped text; characters that XML forbids are left out.
    """
    parts = block_parts(kept_blocks(result, body_only), _html_block, _html_list)
    language = f' lang="{_html(result.language)}"' if result.language else ""
    lines = [
        "<!DOCTYPE html>",
        f"<html{language}>",
        f'<head>\n<meta charset="utf-8"/>\n<title>{_html(result.title or "Untitled")}</title>\n</head>',
        "<body>\n<article>",
        *parts,
        "</article>\n</body>\n</html>\n",
    ]
    return "\n".join(lines)


_HTML_TAGS: dict[Role, tuple[str, str]] = {
    "headline": ("<h1>", "</h1>"),
    "deck": ('<p class="deck">', "</p>"),
    "byline": ('<p class="byline">', "</p>"),
    "dateline": ('<p class="dateline">', "</p>"),
    "notice": ('<p class="notice">', "</p>"),
    "quote": ("<blockquote><p>", "</p></blockquote>"),
    "caption": ("<figure><figcaption>", "</figcaption></figure>"),
}


def _html(text: str) -> str:
    text = xml_text(text).replace("\r\n", "\n").replace("\r", "\n").replace("&", "&amp;")
    return text.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _html_block(block: Block) -> str:
    if block.role == "table":
        return _html_table(block.text)
    if block.role == "preformatted":
        # an HTML reader drops a newline that follows the tag
        return f"<pre>{_html(block.text).strip(chr(10))}</pre>"
    if block.role == "heading":
        level = heading_level(block)
        return f"<h{level}>{_html(block.text)}</h{level}>"
    start, end = _HTML_TAGS.get(block.role, ("<p>", "</p>"))
    return f"{start}{_html(block.text)}{end}"


def _html_table(text: str) -> str:
    rows = ("".join(f"<td>{cell}</td>" for cell in row) for row in table_rows(_html(text)))
    return "<table>\n" + "\n".join(f"<tr>{row}</tr>" for row in rows) + "\n</table>"


def _html_list(items: Sequence[ListItem]) -> str:
    parts = []
    for ordered, run in groupby(items, key=lambda item: item.number is not None):
        tag = "ol" if ordered else "ul"
        parts += [f"<{tag}>", *map(_html_item, run), f"</{tag}>"]
    return "\n".join(parts)


def _html_item(item: ListItem) -> str:
    value = "" if item.number is None else f' value="{item.number}"'
    children = f"\n{_html_list(item.children)}\n" if item.children else ""
    return f"<li{value}>{_html(item.text)}{children}</li>"
