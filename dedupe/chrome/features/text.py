"""Columns of a block's own text."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from dedupe.chrome.features.columns import Array, BlockColumns
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
_KINDS = 16


# ---------------------------------------------------------------- the text itself


def text_columns(page: Page, blocks: BlockColumns) -> list[Array | float]:
    count = len(blocks.texts)
    chars = np.array([len(text) for text in blocks.texts])
    codes = np.frombuffer("\n".join([*blocks.texts, ""]).encode("utf-32-le", "replace"), np.uint32)
    starts = np.cumsum(chars + 1) - chars - 1
    kinds = _character_kinds()[np.minimum(codes, 0xFFFF)]
    owner = np.repeat(np.arange(0, count * _KINDS, _KINDS), chars + 1)
    counts = np.bincount(owner + kinds, minlength=count * _KINDS).reshape(count, _KINDS)
    chars = np.maximum(1, chars)
    shares = counts[:, 1 : COUNTED + 1].T / chars
    role = np.array([_ROLE.get(block.role, -1) for block in page.blocks])
    first = kinds[np.minimum(starts + 2 * (role == _ROLE["list-item"]), len(kinds) - 1)]
    last, before = kinds[starts + chars - 1], kinds[np.maximum(0, starts + chars - 2)]
    closing = np.where(last == _QUOTE, before, last)
    return [
        np.log1p(chars) / 5,
        np.log1p(blocks.units) / 4,
        blocks.links,
        *np.minimum(1, shares[: len(CLASSES) + 1] * 8),
        *shares[len(CLASSES) + 1 :],
        np.log1p(counts[:, 1] + counts[:, _STOP]) / 3,
        (closing == _STOP) | (closing == _QUESTION),
        last == _COLON,
        (codes[starts + chars - 1] == 0x2026) | ((last == _STOP) & (before == _STOP)),
        first == _LOWER,
        first == _DIGIT,
        first == _QUOTE,
        np.minimum(2, chars / np.maximum(1, blocks.units) / 6),
        *role_columns(blocks, role),
    ]


def role_columns(blocks: BlockColumns, role: npt.NDArray[np.int64]) -> list[Array | float]:
    """What kind of heading a block is, and its role: one of `ROLES`, by number."""
    kinds = [role == number for number in range(len(ROLES))]
    return [blocks.headings == 1, blocks.headings == 2, blocks.headings >= 3, *kinds]


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
