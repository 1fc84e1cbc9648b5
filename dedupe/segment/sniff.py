"""What kind of text a page without a name is: HTML, Markdown or neither."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from dedupe.segment.thresholds import MARKUP_RULES, TEXT_RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

_SNIFF_CHARS = 8192  # characters that `looks_like_html` looks at
_MARKDOWN = (  # a literal that is cheap to look for, and what proves Markdown around it
    ("](", re.compile(r"\]\([^\s)]{0,60}[/.#:]")),
    ("\n#", re.compile(r"\n *\n#{1,6} [^\n]+\n *\n")),
    ("**", re.compile(r"\*\*[^\s*][^*\n]{0,200}\*\*")),
    ("--|", re.compile(r"-{3,}\|-{3,}")),
    ("* * *", re.compile(r"\n {0,3}\* \* \* *\n")),
    ("]: ", re.compile(r"\]: https?://")),
)
_BLOCK_NAMES = (
    "html|head|body|div|p|table|tbody|tr|td|th|ul|ol|li|dl|dt|dd|h[1-6]|section|article|aside|main|header|footer|"
    "nav|blockquote|pre|figure|figcaption|form|script|style|meta|link|title|hr|center|font"
)
_INLINE_NAMES = "a|b|i|u|em|strong|span|small|button|input|label|svg|img|br"
_BLOCK_TAG = re.compile(rf"<(?:{_BLOCK_NAMES})(?:\s[^<>]*)?/?>", re.I)
_TAG = re.compile(rf"</?(?:{_BLOCK_NAMES}|{_INLINE_NAMES})(?:\s[^<>]*)?/?>", re.I)
_PAGE_START = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_PAGE_INSIDE = re.compile(r"<html[\s>]", re.I)  # behind a wrapper that its collector put there
_CODE_QUOTE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.S)


def looks_like_html(text: str) -> bool:
    """Whether a text is an HTML page or fragment rather than text that mentions a tag.

    Only the first few kilobytes are looked at.

    >>> looks_like_html("<div><p>One</p></div>"), looks_like_html("Use <b> for bold. 1 < 2")
    (True, False)
    """
    head = text[:_SNIFF_CHARS].lstrip("\ufeff \t\r\n")
    if _PAGE_START.match(head) or (head.startswith("<") and _PAGE_INSIDE.search(head)):
        return True
    prose = _CODE_QUOTE.sub("", head)
    tags = [match[0] for match in _TAG.finditer(prose)]
    closing = sum(tag.startswith("</") for tag in tags)
    if _BLOCK_TAG.match(prose) or (closing and _TAG.match(prose)):
        return not any(pattern.search(f"\n\n{prose}\n\n") for _, pattern in _MARKDOWN)
    marked = sum(map(len, tags))
    return closing >= MARKUP_RULES.closing_tags and marked >= MARKUP_RULES.tags_share * len(prose)


def is_markdown(source: str) -> bool:
    framed = f"\n\n{source}\n\n"
    least = TEXT_RULES.markdown_marks
    found = 0
    for literal, pattern in _MARKDOWN:
        if literal in framed:
            found += sum(1 for _ in islice(pattern.finditer(framed), least))
        if found >= least:
            return True
    return False


# ---------------------------------------------------------------- code

CODE_CHARS = 400  # characters of a line that are searched for what only code has
FENCE = re.compile(r" {0,3}(```+|~~~+)")
CODE_LINE = re.compile(
    r"[(){}=<>\[\]].*;$|[{}\\]$|^(?:[})$]|//|/\*|\*/|--?\w)| (?:[=!+]?=|=>|->|&&|\|\|) |\w\(\)|\w=[\w\"']"
)


def code_regions(rows: list[str], source: str, markdown: bool) -> Iterator[tuple[int, int]]:
    """Where fenced code stands, and the indented code that html2text writes."""
    fenced = "```" in source or "~~~" in source
    if not fenced and not (markdown and "\n    \n" in source):
        return
    fences = [number for number, row in enumerate(rows) if fenced and FENCE.match(row)]
    closing = dict(_fence_pairs(rows, fences))
    at = 0
    while at < len(rows):
        stop = at
        if at in closing:
            stop = closing[at] + 1
        elif markdown and rows[at].startswith("    ") and not rows[at].strip():
            while stop < len(rows) and rows[stop].startswith("    "):
                stop += 1
        if stop > at and any(row.strip() for row in rows[at:stop]):
            yield at, stop
        at = max(stop, at + 1)


def _fence_pairs(rows: list[str], fences: list[int]) -> Iterator[tuple[int, int]]:
    opened = -1
    mark = ""
    for at in fences:
        row = rows[at].strip()
        if opened < 0:
            opened, mark = at, row[:3]
        elif row.startswith(mark) and not row.strip(mark[0]):
            yield opened, at
            opened = -1
