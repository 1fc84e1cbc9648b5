"""Text to comparable tokens: the one normaliser of all scopes.

NFKC, case folded; letters and digits only, so that quotes, dashes, widths and spaces never matter.
A CJK character is a word of its own, elsewhere a word is a run of letters and digits.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

CJK = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
# Begins with one class, which is searched for quickly, and is possessive: long rows of dots take linear time.
_BORDER = re.compile(
    r"[.!?…。！？]"
    r"(?:(?<=[.!?…])(?<![.!?…]{2})[.!?…]*+[\"'”’»)\]]*+(?=\s)|(?<=[。！？!?…])[。！？!?…]*+[”」』）’\"]*+)"
)
_CJK_RANGES = [(ord(match[0]), ord(match[-1])) for match in re.findall(r"[^-](?:-[^-])?", CJK)]
_SHORTEST_SPLIT = 24  # characters: a shorter block is one sentence

#: What a CJK token counts where lengths are compared across scripts: two characters are about a word.
CJK_UNITS = 0.5


def fold(text: str) -> str:
    """The text in NFKC and without case; line ends stay where they are."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold()


# Compiling a class with this many characters takes milliseconds: only when it is needed.
@cache
def _token() -> re.Pattern[str]:
    return re.compile(rf"[{CJK}]|[^\W_{CJK}]+")


@cache
def _token_or_end() -> re.Pattern[str]:
    return re.compile(rf"\n|[{CJK}]|[^\W_{CJK}]+")


def tokens(text: str) -> list[str]:
    """The comparable words of a text.

    >>> tokens("He said: “ＡＩ 很热”!")
    ['he', 'said', 'ai', '很', '热']
    """
    return _token().findall(fold(text))


def line_tokens(lines: list[str]) -> list[str]:
    """The tokens of many one-line texts at once, with a newline token between two lines."""
    return _token_or_end().findall(fold("\n".join(lines)))


def is_cjk(token: str) -> bool:
    """Whether a token is a single CJK character."""
    return len(token) == 1 and _is_cjk(token)


@lru_cache(maxsize=1 << 14)
def _is_cjk(character: str) -> bool:
    return any(low <= ord(character) <= high for low, high in _CJK_RANGES)


def units(text: str) -> float:
    """The length of a text in words, CJK characters counted as `CJK_UNITS`."""
    found = tokens(text)
    return len(found) - (1 - CJK_UNITS) * sum(map(is_cjk, found))


def sentence_ends(text: str) -> list[int]:
    """Where the sentences of a block end, as character offsets; the last is the text's length."""
    if len(text) < _SHORTEST_SPLIT:
        return [len(text)]
    ends = [match.end() for match in _BORDER.finditer(text)]
    if not ends or ends[-1] < len(text):
        ends.append(len(text))
    return ends
