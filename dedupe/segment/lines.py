"""A plain-text dump in lines and drafts of blocks, and what is known of the whole dump."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections import Counter

    from dedupe.types import Role

_WIDE = re.compile("[^\x00-\u2e7f]")  # nearly; an exact class costs milliseconds at import
_QUOTES = re.compile("[‘’“”…—·]")  # as wide as CJK characters in CJK text
_ENDS = ".!?…。！？:：;；؟۔।"
_CLOSERS = "\"'”’»)）]」』】"
CONTINUING = frozenset(",.;:!?)]”»、，。；：！？）】』」")  # no paragraph begins with one
OPEN, SHUT, BAR_SIGN = "\x02", "\x03", "\x04"  # mark links and escaped bars: cleaned input holds none


class Line(NamedTuple):
    """A line without the white space around it."""

    number: int
    text: str
    indent: int = 0
    fresh: bool = False  # begins a paragraph for sure
    tail: int = 0  # spaces that it ends with
    quote: bool = False
    code: bool = False


class Draft(NamedTuple):
    """A block to be; link text stands between `OPEN` and `SHUT`."""

    number: int
    text: str
    role: Role = "paragraph"
    indent: int = 0
    level: int = 0


#: What a line's width is counted in: columns, of which a CJK character takes two; the same where quotes
#: and dashes take two as well; characters.
Measure = Literal["columns", "wide columns", "characters"]


class Span(NamedTuple):
    """The widths at which lines may be wrapped, both ends included; `cut` says that words were cut, too."""

    low: int
    high: int
    measure: Measure = "columns"
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Style:
    """What the whole dump tells.

    `spans` are the widths at which lines are wrapped, if any; `marked_breaks` says that two spaces mark a
    real line break (Markdown), `scattered` that inline elements stand on lines of their own; `numbers`
    are the numbers that lines begin with, by their punctuation; `labels` are the names of link
    definitions; `words` counts the words of Latin letters where some may have been cut.
    """

    markdown: bool
    marked_breaks: bool
    scattered: bool
    spans: tuple[Span, ...]
    numbers: frozenset[tuple[str, int]]
    labels: frozenset[str]
    words: Counter[str]


def ends(text: str) -> bool:
    """Whether a line ends as a sentence or a label does."""
    return text.rstrip(_CLOSERS)[-1:] in _ENDS if text[-1] in _CLOSERS else text[-1] in _ENDS


def width_of(line: Line, measure: Measure = "columns") -> int:
    """How far a line reaches."""
    indent = line.indent if measure == "characters" or not line.fresh else 2 * line.indent
    return indent + text_width(line.text, measure)


def text_width(text: str, measure: Measure = "columns") -> int:
    if measure == "characters" or text.isascii():
        return len(text)
    quotes = len(_QUOTES.findall(text)) if measure == "wide columns" else 0
    return len(text) + len(_WIDE.findall(text)) + quotes


def goes_on(text: str) -> bool:
    """Whether a line begins with what can only stand behind a word."""
    return text[0] in CONTINUING and text[1:2] != text[0]
