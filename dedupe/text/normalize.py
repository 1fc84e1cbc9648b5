"""Text to comparable tokens: the one normaliser of all scopes (pages, dumps, corpus, index, lexicons).

    text ─ plain ─▶ one way of writing ─ casefold ─▶ fold ─▶ tokens

Signs that do not show and ways of writing the same letter never make two words differ; nor do case, quotes,
dashes and spaces, since tokens are letters and digits only. A CJK character is a word of its own, elsewhere
a word is a run of letters and digits. `shown` is for text that is given back: it only lacks what nobody sees.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class LanguageRules:
    """What of a text is a sentence, and what a year."""

    sentence_chars: int = 24
    """A shorter block is one sentence; a lower value takes the full stops of abbreviations in labels for
    ends."""

    first_year: int = 1990
    """Numbers from this one on are years that news may name; an earlier one takes more sums and counts for
    years."""

    last_year: int = 2049
    """Numbers up to this one are years that news may name."""


RULES = LanguageRules()

CJK = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
# Begins with one class, which is searched for quickly, and is possessive: long rows of dots take linear time.
_BORDER = re.compile(
    r"[.!?…。！？]"
    r"(?:(?<=[.!?…])(?<![.!?…]{2})[.!?…]*+[\"'”’»)\]]*+(?=\s)|(?<=[。！？!?…])[。！？!?…]*+[”」』）’\"]*+)"
)

#: What a CJK token counts where lengths are compared across scripts: two characters are about a word.
CJK_UNITS = 0.5
#: The token that stands for a line end among those of many lines; no word is equal to it.
LINE_END = "\0"

# ---------------------------------------------------------------- signs that do not show, as parts of a class

_CONTROLS = "\0-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # those that are no white space
_FORMAT = "\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc"
_JOINERS = "\u200c\u200d"
#: Fillers, selectors and tags: the rest of Unicode's default ignorable code points.
_SELECTORS = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_TATWEEL = "\u0640"
#: What is left out where texts are compared; no white space.
IGNORED = _CONTROLS + _FORMAT + _JOINERS + _SELECTORS + _TATWEEL + "\u07fa"
#: Letters to Unicode that are written for quotes, and signs that NFKC would set off by a space.
_LETTERS = {
    **dict.fromkeys("ʹʻʼʽʾʿˈꞋꞌߴߵ´\u0374", "'"),
    **dict.fromkeys("ʺˮ", '"'),
    "ŉ": "'n",
    "ẚ": "a'",
    "゛": "\u3099",
    "゜": "\u309a",
}
#: Vowel signs on a tatweel, as one character.
_ON_TATWEEL = "\ufcf2-\ufcf4\ufe71\ufe77\ufe79\ufe7b\ufe7d\ufe7f"
_ODD = IGNORED + _ON_TATWEEL + "".join(_LETTERS)
#: What is most often not NFKC in pages of any language: replacing it takes a tenth of the time.
_WIDE = tuple(zip("，：（）？！；％／｜～\xa0\u3000…", [*",:()?!;%/|~  ", "..."], strict=True))

#: Marks in a row that are looked at: Unicode's Stream-Safe Text Format. Normalising sorts such a row, which
#: takes quadratic time.
MARKS = 30
#: A class with all characters that may normalise to a mark, and others.
_MAY_BE_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u1dff\u20d0-\u20f0\u2cef-\u2cf1\u2d7f-\u2dff\u302a-\u302f\u3099\u309a"
    "\ua66f-\uabed\ufb1e\ufe20-\ufe2f\uff9e\uff9f\U000101fd-\U0001e94a"
)
_HALF_WIDTH_MARKS = "\uff9e\uff9f"  # the only marks that are letters, too

# ---------------------------------------------------------------- text that is given back

_JOINED = "\u0600-\u109f\u1780-\u18af\u2190-\u2bff\ufb50-\ufefe\U0001f000-\U0001faff"  # what joiners join
_LINE_ENDS = "\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
_SPACES = "\x1f\u1680\u2000-\u200a\u202f\u205f"
_SURROGATES = "\ud800-\udfff"


@cache
def _not_shown() -> re.Pattern[str]:
    return re.compile(f"[{_CONTROLS}{_LINE_ENDS}{_SPACES}{_FORMAT}{_JOINERS}{_SURROGATES}]")


@cache
def _shown_as() -> tuple[tuple[re.Pattern[str], str], ...]:
    return (
        (re.compile(f"[{_LINE_ENDS}]"), "\n"),
        (re.compile(f"[{_SPACES}]"), " "),
        (re.compile(f"[{_SURROGATES}]"), "\ufffd"),
        (re.compile(f"[{_CONTROLS}{_FORMAT}]"), ""),
        (re.compile(f"(?<![{_JOINED}])[{_JOINERS}]+|[{_JOINERS}]++(?![{_JOINED}])"), ""),
    )


def shown(text: str) -> str:
    """The text as it is given back: without soft hyphens, zero-width spaces and other signs that do not show,
    with one kind of line end and of narrow space. Joiners stay where they join (Persian, Hindi, emoji).

    >>> shown("soft\\xadhyphen, zero\\u200bwidth, می\\u200cخواهم") == "softhyphen, zerowidth, می\\u200cخواهم"
    True
    """
    if text.isprintable() or _not_shown().search(text) is None:
        return text
    for pattern, replacement in _shown_as():
        text = pattern.sub(replacement, text)
    return text


# ---------------------------------------------------------------- text that is compared


def _ranges(characters: str) -> list[range]:
    """The code points of what stands between the brackets of a class."""
    found = re.findall(r"[^-](?:-[^-])?", characters, re.DOTALL)
    return [range(ord(part[0]), ord(part[-1]) + 1) for part in found]


_CJK_RANGES = _ranges(CJK)
_ASCII_CONTROLS = re.compile("[\0-\x08\x0e-\x1b\x7f]")


# Compiling classes with this many characters takes up to a millisecond: only when they are needed.
@cache
def _odd() -> re.Pattern[str]:
    return re.compile(f"[{_ODD}]")


@cache
def _odd_or_marks() -> re.Pattern[str]:
    return re.compile(f"[{_ODD}{_MAY_BE_MARKS}]")


@cache
def _ignored() -> re.Pattern[str]:
    return re.compile(f"[{IGNORED}]+")


@cache
def _many_marks() -> re.Pattern[str]:
    return re.compile(rf"[{_MAY_BE_MARKS}][\W{_HALF_WIDTH_MARKS}]{{{MARKS}}}")


@cache
def _cjk() -> re.Pattern[str]:
    return re.compile(f"[{CJK}]")


@cache
def _token() -> re.Pattern[str]:
    return re.compile(rf"[{CJK}]|[^\W_{CJK}]+")


@cache
def _token_or_end() -> re.Pattern[str]:
    return re.compile(rf"{LINE_END}|[{CJK}]|[^\W_{CJK}]+")


@cache
def _evened() -> dict[int, str | None]:
    """For `str.translate`: what replaces each sign that `_odd` finds."""
    table: dict[int, str | None] = {point: None for part in _ranges(IGNORED) for point in part}
    for part in _ranges(_ON_TATWEEL):
        for point in part:
            table[point] = unicodedata.normalize("NFKC", chr(point)).replace(_TATWEEL, "")
    return table | str.maketrans(_LETTERS)


def plain(text: str) -> str:
    """The text in one way of writing: NFKC, without `IGNORED` signs, apostrophes as "'"; case and line ends
    stay. Of more than `MARKS` combining marks in a row the rest goes.

    >>> plain("Ｉｔ’s soft\\xadhyphenated")
    "It's softhyphenated"
    """
    if text.isascii():
        return text if text.isprintable() else _ASCII_CONTROLS.sub("", text)
    if _odd_or_marks().search(text) is not None:
        if _odd().search(text) is not None:
            text = text.translate(_evened())
        if len(text) > MARKS and _many_marks().search(text) is not None:
            text = _with_fewer_marks(text)
    if not unicodedata.is_normalized("NFKC", text):
        for wide, narrow in _WIDE:
            text = text.replace(wide, narrow)
        if not unicodedata.is_normalized("NFKC", text):
            text = unicodedata.normalize("NFKC", text)
    return text.replace("’", "'").replace("‘", "'")


def _with_fewer_marks(text: str) -> str:
    marks = re.escape("".join(filter(_is_mark, sorted({*text}))))
    return re.sub(f"([{marks}]{{{MARKS}}})[{marks}]+", r"\1", text) if marks else text


def _is_mark(character: str) -> bool:
    """Whether normalising may move a character past the one before it."""
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) > 0


def fold(text: str) -> str:
    """The text as `plain` gives it, and without case; line ends stay where they are."""
    return plain(text).casefold()


def tokens(text: str) -> list[str]:
    """The comparable words of a text.

    >>> tokens("He said: “ＡＩ 很热”!")
    ['he', 'said', 'ai', '很', '热']
    """
    return _token().findall(fold(text))


def is_cjk(token: str) -> bool:
    """Whether a token is a single CJK character."""
    return len(token) == 1 and _is_cjk(token)


@lru_cache(maxsize=1 << 14)
def _is_cjk(character: str) -> bool:
    return any(ord(character) in part for part in _CJK_RANGES)


def units(text: str) -> float:
    """The length of a text in words, CJK characters counted as `CJK_UNITS`."""
    found = tokens(text)
    return len(found) - (1 - CJK_UNITS) * sum(map(is_cjk, found))


# ---------------------------------------------------------------- many lines at once

_MANY_SIGNS = 80  # different characters up to which replacing them one by one is quick
_ASCII = bytes(range(128))
_WITHOUT_LINE_END = _ASCII.replace(b"\n", b"")
_NO_WORD = bytes(sign for sign in _ASCII if _ASCII_CONTROLS.match(chr(sign)))
_WORD_SIGNS = bytes(
    ord(chr(sign).lower() if chr(sign).isalnum() else " ") if sign in _WITHOUT_LINE_END else sign
    for sign in range(256)
)


def line_tokens(text: str) -> list[str]:
    """The tokens of each line of a text, with `LINE_END` between two lines; much quicker than `tokens`.

    >>> line_tokens("It’s hot.\\n很热") == ["it", "s", "hot", LINE_END, "很", "热"]
    True
    """
    data = text.encode("utf-8", "surrogatepass")
    has_cjk = False
    if not text.isascii():
        strange = {*data.translate(None, _ASCII).decode("utf-8", "surrogatepass")}
        folded = {sign: _folded(sign) for sign in strange}
        has_cjk = _cjk().search("".join(filter(None, folded.values()))) is not None
        changes = _changes(folded, has_cjk)
        if None in folded.values() or len(changes) > _MANY_SIGNS:
            return _token_or_end().findall(fold(text).replace("\n", LINE_END))
        for sign, new in changes:
            data = data.replace(sign.encode("utf-8", "surrogatepass"), new.encode("utf-8", "surrogatepass"))
    data = data.translate(_WORD_SIGNS, _NO_WORD)
    if has_cjk:
        return _token_or_end().findall(data.replace(b"\n", b"\0").decode("utf-8", "surrogatepass"))
    return data.replace(b"\n", b" \0 ").decode("utf-8", "surrogatepass").split()


def _changes(folded: Mapping[str, str | None], has_cjk: bool) -> list[tuple[str, str]]:
    """What is replaced by what. Tokens that no space will set off need none where no word was, either."""
    return [
        (sign, new)
        for sign, new in folded.items()
        if new is not None and new != sign and not (has_cjk and new.isspace() and not _is_word(sign))
    ]


def _is_word(character: str) -> bool:
    return character.isalnum() or is_cjk(character)


@lru_cache(maxsize=1 << 14)
def _folded(sign: str) -> str | None:
    """What a character beyond ASCII becomes, a space if it is no part of a word; None where the characters
    around it matter."""
    new = fold(sign)
    if any(unicodedata.category(part)[0] == "M" or "\u1100" <= part <= "\u11ff" for part in new):
        return None
    return "".join(part if _is_word(part) else " " for part in new)


# ---------------------------------------------------------------- sentences


def sentence_ends(text: str) -> list[int]:
    """Where the sentences of a block end, as character offsets; the last is the text's length.

    Signs that do not show move no end.
    """
    if len(text) < RULES.sentence_chars:
        return [len(text)]
    if not text.isascii() and _ignored().search(text) is not None:
        return _ends_among_signs(text)
    ends = [match.end() for match in _BORDER.finditer(text)]
    if not ends or ends[-1] < len(text):
        ends.append(len(text))
    return ends


def _ends_among_signs(text: str) -> list[int]:
    """The ends of sentences as they are without `IGNORED` signs, where they stand in this text."""
    pieces = [(match.start(), match.end()) for match in _ignored().finditer(text)]
    starts = [0, *(end for _, end in pieces)]
    bare = [text[start:end] for start, (end, _) in zip(starts, [*pieces, (len(text), 0)], strict=True)]
    lengths = [0, *accumulate(map(len, bare))]
    ends = sentence_ends("".join(bare))[:-1]
    found = [end - lengths[at] + starts[at] for end in ends for at in (bisect_left(lengths, end) - 1,)]
    return [*found, len(text)]
