"""Blocks as Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dedupe.output.lists import ListItem, block_parts, heading_level, joined_blocks, kept_blocks, table_rows
from dedupe.output.safe import xml_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dedupe.result import CleanResult
    from dedupe.types import Block


def to_markdown(result: CleanResult, body_only: bool = False) -> str:
    """The kept blocks as CommonMark with GitHub's tables; "" if there are none.

    A Markdown reader shows the blocks' own text: what would act as markup is escaped.
    """
    return joined_blocks(block_parts(kept_blocks(result, body_only), _markdown_block, _markdown_list))


_URL = r"https?://[!#-;=?-~]+"
_ACTS = re.compile(
    r"""\\(?=[!-/:-@\[-`{-~]|\Z)          # a backslash before what it would escape
      | [`*\[~]                           # code, emphasis, links, strike-through
      | (?<![^\W_])_ | _(?![^\W_])        # emphasis, but not inside a word
      | <(?=[A-Za-z/!?])                  # tags, comments, autolinks
      | &(?=\#?[A-Za-z0-9]+;)             # character references
    """,
    re.VERBOSE,
)
_MAY_ACT = re.compile(r"[\\`*\[~_<&]")
_URL_OR_ACTS = re.compile(f"(?P<url>{_URL})|(?:{_ACTS.pattern})", re.VERBOSE)
_LINE_MARK = re.compile(r"\#{1,6}(?=[ \t]|\Z)|>|[-+](?=[ \t]|\Z)|-(?:[ \t]*-){2,}\Z", re.VERBOSE)
_LINE_NUMBER = re.compile(r"([0-9]{1,9})([.)])(?=[ \t]|\Z)")
_CLOSING_MARKS = re.compile(r"(\A|[ \t])(#+)\Z")
_FENCES = re.compile("`{3,}")


def _markdown_block(block: Block) -> str:
    if block.role == "table":
        return _markdown_table(block.text)
    if block.role == "preformatted":
        return _fenced(block.text)
    if block.role in ("headline", "heading"):
        level = 1 if block.role == "headline" else heading_level(block)
        title = _CLOSING_MARKS.sub(r"\1\\\2", _inline(block.text))
        return f"{'#' * level} {title}"
    if block.role == "caption":
        return f"*{_inline(block.text).strip()}*"
    return f"{'> ' if block.role == 'quote' else ''}{_line(block.text)}"


def _markdown_list(items: Sequence[ListItem]) -> str:
    return "\n".join(_markdown_items(items, ""))


def _markdown_items(items: Sequence[ListItem], indent: str) -> Iterator[str]:
    before: int | None = None
    for item in items:
        if before is not None and item.number not in (None, before + 1):
            # a reader counts on from the first number: only a new list can take up another one
            yield f"{indent}<!-- -->"
        mark = "- " if item.number is None else f"{item.number}. "
        yield f"{indent}{mark}{_line(item.text)}"
        yield from _markdown_items(item.children, indent + " " * len(mark))
        before = item.number


def _markdown_table(text: str) -> str:
    rows = [[_inline(cell).replace("|", r"\|") for cell in row] for row in table_rows(text)]
    width = max(map(len, rows))
    rows[0] += [""] * (width - len(rows[0]))
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _fenced(text: str) -> str:
    longest = max(map(len, _FENCES.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{xml_text(text).strip(chr(10))}\n{fence}"


def _line(text: str) -> str:
    """A whole line of Markdown that reads as `text`."""
    line = _inline(text)
    if _LINE_MARK.match(line):
        return f"\\{line}"
    return _LINE_NUMBER.sub(r"\1\\\2", line, count=1) if _LINE_NUMBER.match(line) else line


def _inline(text: str) -> str:
    one_line = xml_text(text).replace("\r", " ").replace("\n", " ").strip(" \t")
    return _URL_OR_ACTS.sub(_escaped, one_line) if _MAY_ACT.search(one_line) else one_line


def _escaped(match: re.Match[str]) -> str:
    url = match["url"]
    if url is None:
        return f"\\{match[0]}"
    # inside <…> nothing is markup, and readers that link bare addresses see no backslashes
    return f"<{url}>" if _ACTS.search(url) else url
