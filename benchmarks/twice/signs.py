"""Spellings that do not make another text: signs that do not show, kinds of spaces, variants of letters.

Each takes the words of a line and gives the same words, spelled as copies of a page spell them.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable

#: Takes a line, gives it in another spelling; what it does depends on the generator alone.
Spell = Callable[[str], str]
AS_IS: Spell = str

BETWEEN = re.compile(r"(?<=\w)(?=\w)")
SPACE = re.compile(" ")
SPACES = "\u00a0\u2002\u2003\u2009\u200a\u202f\u205f\u3000"
BIDI = "\u200e\u200f\u061c\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
JOINERS = "\u200c\u200d\u2060\u034f"
SELECTORS = "\ufe00\ufe0e\ufe0f\U000e0100"
SHARE = 0.15  # of the places between two letters that get a sign

STRAIGHT = {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "「": "｢", "」": "｣", "’": "'", "…": "..."}
STRAIGHT |= {"：": ":", "，": ",", "；": ";", "（": "(", "）": ")", "？": "?", "！": "!", "％": "%"}
CURLY = {'"': "”", "'": "’", "-": "‑", "...": "…", ":": "：", ",": "，", "?": "？", "!": "！", "%": "％"}


def _between(signs: str) -> Callable[[random.Random], Spell]:
    """One of these signs at some places between two letters."""

    def made(rng: random.Random) -> Spell:
        def put(_: re.Match[str]) -> str:
            return rng.choice(signs) if rng.random() < SHARE else ""

        return lambda text: BETWEEN.sub(put, text)

    return made


def _around(signs: str) -> Callable[[random.Random], Spell]:
    """One of these signs before and behind the line, and before some words."""

    def made(rng: random.Random) -> Spell:
        def put(found: re.Match[str]) -> str:
            return found[0] + (rng.choice(signs) if rng.random() < SHARE else "")

        return lambda text: rng.choice(signs) + SPACE.sub(put, text) + rng.choice(signs)

    return made


def _spaces(rng: random.Random) -> Spell:
    return lambda text: SPACE.sub(lambda _: rng.choice(SPACES), text)


def _wide(rng: random.Random) -> Spell:
    """Digits and Latin letters as wide as Chinese characters."""
    wide = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
    return lambda text: text.translate(wide)


def _typographic(rng: random.Random) -> Spell:
    """Straight quotes for curved ones and narrow signs for wide ones, or the other way round."""
    table = rng.choice((STRAIGHT, CURLY))

    def spell(text: str) -> str:
        for old, new in table.items():
            text = text.replace(old, new)
        return text

    return spell


def _decomposed(rng: random.Random) -> Spell:
    """Letters and their marks, syllables and their parts as characters of their own."""
    return lambda text: unicodedata.normalize("NFD", text)


def _ligatures(rng: random.Random) -> Spell:
    return lambda text: text.replace("ffi", "ﬃ").replace("fi", "ﬁ").replace("fl", "ﬂ").replace("ff", "ﬀ")


SPELLINGS: dict[str, Callable[[random.Random], Spell]] = {
    "soft-hyphen": _between("\u00ad"),
    "zero-width": _between("\u200b"),
    "joiner": _between(JOINERS),
    "bidi": _around(BIDI),
    "bidi-inside": _between(BIDI),
    "bom": _around("\ufeff"),
    "bom-inside": _between("\ufeff"),
    "selector": _between(SELECTORS),
    "spaces": _spaces,
    "wide": _wide,
    "typographic": _typographic,
    "decomposed": _decomposed,
    "ligature": _ligatures,
}
