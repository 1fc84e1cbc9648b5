"""Bytes to text by one charset, broken ones replaced."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass, replace

from dedupe.decode.letters import CANDIDATES, MARK, letter_bits


@dataclass(frozen=True, slots=True)
class Decoded:
    """A page as text.

    `text` has "\\n" line ends, no NUL and no surrogate. `encoding` is the charset that was used, by a name
    that `bytes.decode` knows. `warnings` tell of bytes that did not fit and of a declaration that was wrong.
    """

    text: str
    encoding: str
    warnings: tuple[str, ...] = ()


#: Bytes that are part of a longer character in no 8-bit charset: a page can be cut there.
CUTS = bytes({*range(0x30), *b"<>"})
CUT = re.compile(b"[" + re.escape(CUTS) + b"]")
#: Codecs in which a lost byte shifts all characters after it.
UNSYNCHRONISED = frozenset(("gb18030", "cp950", "big5hkscs", "cp932", "euc-jp", "euc-jis-2004", "cp949"))
_RESYNC = "dedupe.resync"
#: Errors of a page; with more of them it is no page of this charset, and the slow search for the next
#: character that makes sense is not worth its time.
_MAX_RESYNC = 1000
_FIRST_HIGH = 0x80  # the first byte beyond ASCII
#: Python gives private characters for bytes that Shift_JIS does not define.
_CP932_UNDEFINED = "\uf8f0\uf8f1\uf8f2\uf8f3"
#: The marks of one bad byte: a broken UTF-8 character leaves up to four. (A pattern that begins with a
#: plain character is searched for ten times faster than "{1,4}".)
MARK_RUN = re.compile(MARK + MARK + "{0,3}")
_AHEAD = 24  # bytes that are looked at where a character was lost


def read(data: bytes, codec: str) -> Decoded:
    """All bytes by one codec; what does not fit is replaced, a cut last character is dropped."""
    text, pending = decode_as(data, codec, _MAX_RESYNC)
    decoded = Decoded(text, codec)
    if lost := _lost(data, text, codec):
        decoded = warn(decoded, f"{counted(lost, 'place')} not valid {codec}: replaced by U+FFFD")
    return cut_off(decoded, pending)


def decode_as(data: bytes, codec: str, max_resync: int) -> tuple[str, int]:
    """The text with marks for bad bytes, and how many bytes at the end are half a character."""
    for errors in ("replace", _RESYNC):
        decoder = codecs.getincrementaldecoder(codec)(errors)
        try:
            text = decoder.decode(data)
        except UnicodeError:  # these decoders can keep only eight bytes of what makes no sense yet
            return data.decode(codec, "replace"), 0
        if codec not in UNSYNCHRONISED or not 0 < text.count(MARK) <= max_resync:
            break
    if codec == "cp932":
        for char in _CP932_UNDEFINED:
            text = text.replace(char, MARK)
    return text, len(decoder.getstate()[0])


def _lost(data: bytes, text: str, codec: str) -> int:
    """How many places of `text` have marks for bad bytes; the page can hold the mark itself."""
    own = MARK.encode(codec, "ignore") if MARK in text else b""
    if text.count(MARK) <= (data.count(own) if own else 0):
        return 0
    known = len(re.findall(b"%b(?:%b){0,3}" % (re.escape(own), re.escape(own)), data)) if own else 0
    return max(1, len(MARK_RUN.findall(text)) - known)


def _resync(error: UnicodeError) -> tuple[str | bytes, int]:
    """A codec error handler: go on at the byte from which the next characters cost least."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    data, codec, after = error.object, error.encoding, error.start + 1
    # an ASCII byte is never skipped: it may be markup
    if not data[after : after + 1] or data[after] < _FIRST_HIGH:
        return MARK, after
    return MARK, min((after + 1, after), key=lambda place: _bits_ahead(data, place, codec))


def _bits_ahead(data: bytes, place: int, codec: str) -> float:
    """Bits a byte of the characters from `place` to the next one that surely begins a character."""
    cut = CUT.search(data, place, place + _AHEAD)
    ahead = data[place : cut.start() if cut else place + _AHEAD]
    counts = Counter(codecs.getincrementaldecoder(codec)("replace").decode(ahead, final=cut is not None))
    model, _ = CANDIDATES.get(codec.replace("_", "-"), ("*", 0.0))
    return letter_bits(counts, model) / max(1, len(ahead))


# The handler keeps nothing; a name in the codec registry is the only way to hand one to a decoder.
codecs.register_error(_RESYNC, _resync)


def cut_off(decoded: Decoded, count: int) -> Decoded:
    """Tell of so many bytes that were dropped at the end."""
    if not count:
        return decoded
    return warn(decoded, f"the page ends inside a character: its last {counted(count, 'byte')} dropped")


def counted(number: int, noun: str) -> str:
    return f"{number} {noun} is" if number == 1 else f"{number} {noun}s are"


def warn(decoded: Decoded, warning: str) -> Decoded:
    return replace(decoded, warnings=(*decoded.warnings, warning))
