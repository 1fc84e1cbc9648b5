"""A plain-text dump in lines and drafts of blocks, and what is known of the whole dump."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from .types import Role

_WIDE = re.compile("[^\x00-\u2e7f]")  # nearly; an exact class costs milliseconds at import
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
    hard: bool = False  # ends with Markdown's line break
    quote: bool = False
    code: bool = False


class Draft(NamedTuple):
    """A block to be; link text stands between `OPEN` and `SHUT`."""

    number: int
    text: str
    role: Role = "paragraph"
    indent: int = 0
    level: int = 0


class Span(NamedTuple):
    """The widths (columns) at which lines may be wrapped, both ends included."""

    low: int
    high: int
    spaced: bool = False  # counted in characters, and broken at spaces only


@dataclass(frozen=True, slots=True)
class Style:
    """What the whole dump tells.

    `spans` are the widths at which lines are wrapped, if any; `marked_breaks` says that two spaces mark a
    real line break (Markdown), `scattered` that inline elements stand on lines of their own; `numbers`
    are the numbers that lines begin with, by their punctuation; `labels` are the names of link
    definitions.
    """

    markdown: bool
    marked_breaks: bool
    scattered: bool
    spans: tuple[Span, ...]
    numbers: frozenset[tuple[str, int]]
    labels: frozenset[str]


def ends(text: str) -> bool:
    """Whether a line ends as a sentence or a label does."""
    return text.rstrip(_CLOSERS)[-1:] in _ENDS if text[-1] in _CLOSERS else text[-1] in _ENDS


def width_of(line: Line) -> int:
    return line.indent + text_width(line.text)


def text_width(text: str) -> int:
    return len(text) if text.isascii() else len(text) + len(_WIDE.findall(text))


def goes_on(text: str) -> bool:
    """Whether a line begins with what can only stand behind a word."""
    return text[0] in CONTINUING and text[1:2] != text[0]
