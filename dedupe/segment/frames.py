"""What stands around the text of a dump without being part of it: character entities, and signs that every
line begins with, as quoting ("> "), numbering and indenting programs write them."""

from __future__ import annotations

import html
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from dedupe.segment.thresholds import TEXT_RULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DEEPEST = 4  # frames around frames that are taken off
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_TWICE = re.compile(r"&amp;(?=#?\w{2,32};)")
_BARE = re.compile(r"&(?=\s|\w+(?![\w;=]))")  # no entity, and no "&" between the parameters of an address
_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.S)
_QUOTE = re.compile(r" {0,8}> ?")
_NUMBER = re.compile(r" *([\[(（]?)0*(\d{1,7})([\])）:：、．|]{1,2}|\.(?!\d)|(?![\d.,]))")


def without_entities(text: str) -> str:
    """The text with its character entities resolved, but for those in Markdown's code; text in which more
    ampersands stand bare than in entities speaks of them.

    >>> without_entities("&#x6D77; &amp;&nbsp;more &copy;")
    '海 &\\xa0more ©'
    """
    count = sum(1 for _ in _ENTITY.finditer(text))
    if not count or sum(1 for _ in _BARE.finditer(text)) > count:
        return text
    if sum(1 for _ in _TWICE.finditer(text)) == count:  # escaped twice
        text = _TWICE.sub("&", text)
    if "`" not in text:
        return _ENTITY.sub(_resolved, text)
    parts = _CODE.split(text)
    parts[::2] = [_ENTITY.sub(_resolved, part) for part in parts[::2]]
    return "".join(parts)


def _resolved(entity: re.Match[str]) -> str:
    return html.unescape(entity[0])


def unframed(source: str) -> str:
    """The source without the quote marks, numbers and spaces that every line of it begins with.

    >>> unframed("> One\\n>\\n> Two")
    'One\\n\\nTwo'
    """
    for _ in range(_DEEPEST):
        begin = source.lstrip("\n")[:1]
        if not begin or begin not in " >[(（0123456789":
            return source
        rows = source.split("\n")
        filled = [row for row in rows if row and not row.isspace()]
        margin = min(map(_indent, filled), default=0)
        if margin:
            rows = [row[margin:] for row in rows]
        elif len(filled) >= TEXT_RULES.quoted_lines and all(map(_QUOTE.match, filled)):
            rows = [_QUOTE.sub("", row, count=1) for row in rows]
        elif len(filled) >= TEXT_RULES.numbered_lines and (lengths := _numbered(filled)):
            taken = iter(lengths)
            rows = [row[next(taken) :] if row and not row.isspace() else row for row in rows]
        else:
            return source
        source = "\n".join(rows)
    return source


def _indent(row: str) -> int:
    return len(row) - len(row.lstrip(" "))


def _numbered(rows: Sequence[str]) -> list[int]:
    """How long each row's number is with what stands around it; empty if not all rows are counted."""
    found = list(_matches(rows))
    marks = {match.group(1, 3) for match in found}
    if len(found) < len(rows) or len(marks) > 1:
        return []
    numbers = [int(match[2]) for match in found]
    if numbers[0] > 1 or numbers[-1] > TEXT_RULES.numbers_per_line * len(rows):
        return []
    if any(after <= number for number, after in pairwise(numbers)):
        return []
    gaps = [_indent(row[match.end() :]) for row, match in zip(rows, found, strict=True)]
    filled = [gap for row, match, gap in zip(rows, found, gaps, strict=True) if row[match.end() :].strip()]
    gap = min(filled, default=0)
    if not found[0][3] and not gap:
        return []  # digits that are part of a word
    return [match.end() + gap for match in found]


def _matches(rows: Sequence[str]) -> Iterator[re.Match[str]]:
    for row in rows:
        if match := _NUMBER.match(row):
            yield match
        else:
            return
