"""Columns of a block's own text."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dedupe.chrome.features.columns import CAP

if TYPE_CHECKING:
    from dedupe.chrome.features.columns import BlockColumns, Columns
    from dedupe.page import Page
    from dedupe.types import Role

ROLES: tuple[Role, ...] = ("heading", "list-item", "quote", "caption", "table", "preformatted")
_ROLE = {role: index for index, role in enumerate(ROLES)}
CLASSES = {
    "commas": ",，、،;；",
    "stops": ".!。！…।",
    "questions": "?？؟",
    "quotes": "\"'“”‘’«»「」『』„‹›",
    "bars": "|｜·•>→＞/／*",
    "colons": ":：",
    "dashes": "-–—―",
    "brackets": "()（）[]【】{}",
    "signs": "©®@#$€£¥%&+=_",
}
_DIGIT, _UPPER, _LOWER, _WIDE = range(len(CLASSES) + 1, len(CLASSES) + 5)
COUNTED = len(CLASSES) + 4
_STOP, _QUESTION, _QUOTE, _COLON = 2, 3, 4, 6
_KINDS = 16  # of characters, at most
_ELLIPSIS = 0x2026
_H3 = 3  # level from which headings are all alike

_COUNTED_NAMES = (*CLASSES, "digits", "capitals", "small-letters", "cjk")
_HEADING_NAMES = ("h1", "h2", "h3+")
TEXT_NAMES: tuple[str, ...] = (
    "chars", "units", "links", *_COUNTED_NAMES, "sentences", "ends", "ends-colon", "ends-cut",
    "starts-small", "starts-digit", "starts-quote", "word-length", *_HEADING_NAMES, *ROLES,
)  # fmt: skip
# Scale: what logarithms, and the characters a word, are divided by, so that most columns lie between 0 and 1.
LOG_CHARS, LOG_WORDS, LOG_SENTENCES, WORD_CHARS = 5, 4, 3, 6
GAIN = 8  # scale: shares of punctuation and digits are small, and count so many times, up to 1


# ---------------------------------------------------------------- the text itself


def text_columns(page: Page, blocks: BlockColumns) -> Columns:
    count = len(blocks.texts)
    chars = np.array([len(text) for text in blocks.texts])
    codes = np.frombuffer("\n".join([*blocks.texts, ""]).encode("utf-32-le", "replace"), np.uint32)
    starts = np.cumsum(chars + 1) - chars - 1
    kinds = _character_kinds()[np.minimum(codes, 0xFFFF)]
    owner = np.repeat(np.arange(0, count * _KINDS, _KINDS), chars + 1)
    counts = np.bincount(owner + kinds, minlength=count * _KINDS).reshape(count, _KINDS)
    chars = np.maximum(1, chars)
    shares = counts[:, 1 : COUNTED + 1].T / chars
    shares[: len(CLASSES) + 1] = np.minimum(1, shares[: len(CLASSES) + 1] * GAIN)
    role = np.array([_ROLE.get(block.role, -1) for block in page.blocks])
    first = kinds[np.minimum(starts + 2 * (role == _ROLE["list-item"]), len(kinds) - 1)]
    last, before = kinds[starts + chars - 1], kinds[np.maximum(0, starts + chars - 2)]
    closing = np.where(last == _QUOTE, before, last)
    return {
        "chars": np.log1p(chars) / LOG_CHARS,
        "units": np.log1p(blocks.units) / LOG_WORDS,
        "links": blocks.links,
        **dict(zip(_COUNTED_NAMES, shares, strict=True)),
        "sentences": np.log1p(counts[:, 1] + counts[:, _STOP]) / LOG_SENTENCES,
        "ends": (closing == _STOP) | (closing == _QUESTION),
        "ends-colon": last == _COLON,
        "ends-cut": (codes[starts + chars - 1] == _ELLIPSIS) | ((last == _STOP) & (before == _STOP)),
        "starts-small": first == _LOWER,
        "starts-digit": first == _DIGIT,
        "starts-quote": first == _QUOTE,
        "word-length": np.minimum(CAP, chars / np.maximum(1, blocks.units) / WORD_CHARS),
        **role_columns(blocks, role),
    }


def role_columns(blocks: BlockColumns, role: npt.NDArray[np.int64]) -> Columns:
    """What kind of heading a block is, and its role: one of `ROLES`, by number."""
    headings = (blocks.headings == 1, blocks.headings == 2, blocks.headings >= _H3)
    kinds = (role == number for number in range(len(ROLES)))
    return dict(zip((*_HEADING_NAMES, *ROLES), (*headings, *kinds), strict=True))


@lru_cache(maxsize=1)
def _character_kinds() -> npt.NDArray[np.uint8]:
    """A class for each code point up to 0xFFFF: punctuation, digits, capitals, small letters, CJK."""
    kinds = np.zeros(0x10000, np.uint8)
    for kind, characters in enumerate(CLASSES.values(), start=1):
        kinds[[ord(character) for character in characters]] = kind
    kinds[ord("0") : ord("9") + 1] = _DIGIT
    for low, high in ((0x41, 0x5A), (0xC0, 0xDE), (0x391, 0x3A9), (0x400, 0x42F)):
        kinds[low : high + 1] = _UPPER
    for low, high in ((0x61, 0x7A), (0xDF, 0xFF), (0x3AC, 0x3CE), (0x430, 0x45F)):
        kinds[low : high + 1] = _LOWER
    for low, high in ((0x3040, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7A3)):
        kinds[low : high + 1] = _WIDE
    return kinds
