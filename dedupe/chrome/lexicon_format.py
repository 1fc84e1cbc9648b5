"""What a lexicon's tables hold, and how phrases are written in them."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

SHIPPED = Path(__file__).with_name("lexicons")
COMPILED = SHIPPED / "compiled.json"

#: How a phrase may match, the most telling way first.
KINDS = ("whole", "pattern", "opens", "long", "start", "end", "inside")
#: A block is short up to here; one that merely contains a `long` phrase is sure up to twice that.
SHORT, SHORT_CJK = 80, 40
#: Chinese, Japanese and Korean begin here: no spaces between words, or endings that hang on them.
CJK = "\u2e80"

JUNK = (
    " \t\r\n\x0b\x0c\xa0\u30000123456789０１２３４５６７８９"
    ".,:;!?·•∙●○◦■□▪▫◆◇★☆✓✔✕✖×※…‥、。，．：；！？～〜~*+=^_\"'`´“”‘’„‚‹›«»<>()[]{}（）［］【】「」『』〈〉《》〔〕"
    "|｜¦/／\\-‐‑‒–—―－#&%$€£¥@←↑→↓↗↘⇒⇨➔➜➤►▶▸▷◀◂▲△▼▽✉☎✆⌂☰≡"
)
_ASCII_JUNK = "".join(filter(str.isascii, JUNK))
# names are told by their capitals, or by their script
_WORD = r"(?![a-zß-öø-ÿ])(?![а-џ])[^\W\d_](?:[\w.'-]*\w|\.)?"
_PARTICLE = "and|und|et|y|e|i|и|&|de|del|della|da|di|do|dos|du|la|le|van|von|der|den|ten|bin|al|el"
_JOINT = rf"(?:,?\s+(?:(?:{_PARTICLE})\s+)*)"
#: Regular expressions of the slots.
SLOTS = {
    "n": r"\d[\d.,:/ ]*(?:[KMkm]|万|萬|千|亿|億|천|만)?\+?",
    "name": rf"(?:{_WORD}(?:{_JOINT}{_WORD}){{1,15}}|(?![\0-\u052f])[^\W\d_](?:(?!。)[^!?;.]){{0,30}})",
    "word": _WORD,
    "any": r"(?:(?!。)[^!?\n]){1,40}?",
    "tail": r"(?:\s*(?:[,|·(/]|[•–—]|-\s|\d)[^。]{0,80})?",
    "rest": r".*",
}


class Tables(TypedDict):
    """Lexicons as `compiled.json` holds them: every phrase where the words of a block lead to it.

    A phrase's spec is "language:label:kind:strength:limit". `wholes` has the phrases of each spec, one
    a line; the others have lines "spec<tab>phrase" under what such a block must have: its first
    or last characters, or a word or character inside. `dates` has the words of each kind.
    """

    dates: dict[str, str]
    wholes: dict[str, str]
    starts: dict[str, str]
    ends: dict[str, str]
    inner: dict[str, str]


def trim(line: str, keep: str = "©") -> str:
    """The line without the punctuation, digits, arrows, emoji and icons around it."""
    core = line.strip(_ASCII_JUNK if line.isascii() else JUNK)
    if not core or (core[0].isalnum() and core[-1].isalnum()):
        return core
    start, end = 0, len(core)
    while start < end and not (core[start].isalpha() or core[start] in keep):
        start += 1
    while start < end and not (core[end - 1].isalpha() or core[end - 1] in keep):
        end -= 1
    return core[start:end]
