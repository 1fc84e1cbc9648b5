"""Bytes of a scraped page to text, once, at the edge.

The evidence is asked in this order, and the first that speaks decides:

1. a byte order mark;
2. the caller's `hint`: who names an encoding means it, so only a byte order mark overrules it;
3. UTF-16 or UTF-32 without a mark, by the control bytes that no 8-bit text has;
4. the escape sequences of the 7-bit charsets ISO-2022-JP, ISO-2022-KR and HZ;
5. UTF-8, with a few broken bytes too: other text hardly ever has its byte pattern by chance;
6. the declaration of the page, as far as the text that it gives is plausible;
7. detection: every candidate charset is priced by how many bits its text costs under short letter
   tables, and the cheapest wins. Where none of them fits, charsets of other times and systems are tried.

Whatever decides, the rest of the bytes is read with it; bytes that do not fit become U+FFFD and a warning.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import replace

from dedupe.decode.binary import HEAD, has_controls, refuse_controls, refuse_signatures
from dedupe.decode.labels import codec_of, variants_of
from dedupe.decode.letters import CANDIDATES, MARK, letter_table
from dedupe.decode.reading import MARK_RUN, UNSYNCHRONISED, Decoded, counted, cut_off, read, warn
from dedupe.decode.scoring import (
    Sample,
    proposals,
    sample_of,
    score_candidate,
    score_candidates,
    shortlist,
    texts,
)
from dedupe.decode.thresholds import RULES
from dedupe.errors import EncodingError

NUL = "\0"


def decode(data: bytes, hint: str | None = None) -> Decoded:
    """Decode the bytes of an HTML page or a text dump.

    Args:
        data: the bytes as fetched, of any charset.
        hint: the charset's name, where the caller knows it. Labels are read as browsers do, by the charset
            that holds the named one: "gb2312" as gb18030, "latin1" as windows-1252.

    Raises:
        EncodingError: `hint` names no charset, or the bytes are an image, an archive or other binary data.

    >>> decode("Größe\\r\\n".encode("latin-1"))
    Decoded(text='Größe\\n', encoding='windows-1252', warnings=())
    """
    named = _named(hint)
    refuse_signatures(data)
    decoded = (
        _by_mark(data, named)
        or _by_hint(data, named)
        or _by_width(data)
        or _by_escapes(data)
        or _by_utf8(data)
        or _by_declaration(data)
        or _by_detection(data)
    )
    return _tidy(decoded, data)


def _named(hint: str | None) -> str | None:
    if hint is None:
        return None
    if codec := codec_of(hint):
        return codec
    raise EncodingError(
        f"unknown encoding {hint!r}: name a charset such as utf-8, gb18030, big5, shift_jis or windows-1252,"
        " or leave the encoding out to have it detected"
    )


#: UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_DECLARED_WITHIN = 8192  # bytes that are searched for declarations
_HZ_WITHIN = 65536  # bytes that are searched for the marks of HZ
_LETTER_BLOCKS = frozenset(
    (*range(0x2E), 0x30, 0xFE, 0xFF)
)  # of 256 code points: those of alphabets and kana
_COMMENT = re.compile(rb"<!--.*?-->", re.S)
_DECLARATION = re.compile(
    rb"""^\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([\w.:-]{1,40})"""
    rb"""|<meta\b[^>]{0,500}?\bcharset\s*=\s*["']?\s*([\w.:-]{1,40})""",
    re.I,
)
_HZ = re.compile(rb"~\{(?:[!-w][!-~])+~\}")


def _by_mark(data: bytes, named: str | None) -> Decoded | None:
    found = next((pair for pair in _MARKS if data.startswith(pair[0])), None)
    if found is None:
        return None
    mark, codec = found
    rest = data[len(mark) :]
    good, bad = _utf8_pattern(sample_of(rest)) if codec == "utf-8" else (0, 0)
    if bad > good:  # template engines put a UTF-8 mark before pages of any charset
        return _by_hint(rest, named) or _by_declaration(rest) or _by_detection(rest)
    decoded = read(rest, codec)
    if named is None or codec.startswith(named):
        return decoded
    return warn(decoded, f"the encoding {named} was named, but the byte order mark says {codec}")


def _by_hint(data: bytes, named: str | None) -> Decoded | None:
    return None if named is None else read(data, _settled(data, named))


def _by_width(data: bytes) -> Decoded | None:
    """UTF-16 and UTF-32 without a mark: 16-bit text has NULs or other controls among its bytes."""
    head = data[:HEAD]
    if not has_controls(head):
        return None
    codec = max(_WIDE, key=lambda codec: _coherence(head, codec))
    if _coherence(head, codec) >= RULES.wide_share:
        return read(data, codec)
    # no 8-bit charset has controls inside its characters: rubbish need not be read to be known
    refuse_controls(head)
    return None


def _by_escapes(data: bytes) -> Decoded | None:
    # one byte is found ten times faster than two
    if b"\x1b" in data and b"\x1b$" in data:
        if b"\x1b$B" in data or b"\x1b$@" in data:
            return _if_readable(read(data, "iso-2022-jp-ext"))
        if b"\x1b$)C" in data:
            return _if_readable(read(data, "iso-2022-kr"))
    if data.isascii() and b"~" in data and b"~{" in data and ("hz" in _declared(data) or _is_hz(data)):
        return read(data, "hz")
    return None


def _if_readable(decoded: Decoded) -> Decoded | None:
    """None if the sequences stand in a text of another charset: then hardly a character comes of it."""
    lost = decoded.text.count(MARK)
    found = sum(not char.isascii() for char in decoded.text) - lost if lost else 1
    return decoded if found >= RULES.escaped_chars_per_broken * lost else None


def _by_utf8(data: bytes) -> Decoded | None:
    try:
        text, used = codecs.utf_8_decode(data, "strict", False)
    except UnicodeDecodeError:
        good, bad = _utf8_pattern(sample_of(data))
        is_utf8 = good >= max(RULES.utf8_chars, RULES.utf8_chars_per_broken * bad)
        return read(data, "utf-8") if is_utf8 else None
    if used < len(data):
        # a last byte of é in an otherwise plain text is no cut UTF-8 character
        is_utf8 = used - len(text) >= RULES.utf8_chars
        return cut_off(Decoded(text, "utf-8"), len(data) - used) if is_utf8 else None
    few = 0 < len(data) - len(text) <= RULES.chance_bytes
    return None if few and _utf8_by_chance(data) else Decoded(text, "utf-8")


def _by_declaration(data: bytes) -> Decoded | None:
    sample = sample_of(data)
    for name in _declared(data):
        price = min(score_candidate(sample, codec) for codec in variants_of(name))
        if price.fits:
            return read(data, price.codec)
    return None


def _by_detection(data: bytes) -> Decoded:
    sample, labels = sample_of(data), _declared(data)
    declared = [codec for name in labels for codec in variants_of(name)]
    prices = sorted(score_candidates(sample, shortlist(sample, declared), declared))
    if prices[0].doubtful:
        prices = sorted([*prices, *proposals(sample, {price.codec for price in prices})])
    best = prices[0]
    decoded = read(data, best.codec)
    if declared and best.codec not in declared:
        label = next(iter(labels.values()))
        decoded = warn(decoded, f"the page declares {label}, but its bytes are {best.codec}")
    if best.doubtful:
        decoded = warn(decoded, f"no charset fits the bytes, {best.codec} is a guess: name the encoding")
    return decoded


def _declared(data: bytes) -> dict[str, str]:
    """The known charsets that the page declares → their labels, in page order, but for UTF-16 and UTF-32."""
    head = data[:_DECLARED_WITHIN]
    if b"charset" not in head.lower() and b"<?xml" not in head:
        return {}
    found: dict[str, str] = {}
    for match in _DECLARATION.finditer(_COMMENT.sub(b"", head)):
        label = (match[1] or match[2]).decode("ascii", "ignore")
        name = codec_of(label)
        if name and not name.startswith(("utf-16", "utf-32")):
            found.setdefault(name, label)
    return found


def _settled(data: bytes, name: str) -> str:
    """The one codec for a name that stands for several."""
    if name in ("utf-16", "utf-32"):
        orders = (f"{name}-le", f"{name}-be")
        return max(orders, key=lambda codec: _coherence(data[:HEAD], codec))
    if name == "hz" and not data.isascii():
        return "gb18030"
    variants = variants_of(name)
    return (
        name
        if len(variants) == 1
        else min(score_candidate(sample_of(data), codec) for codec in variants).codec
    )


def _coherence(head: bytes, codec: str) -> float:
    """Share of the 16- or 32-bit units that are text: few blocks of Unicode, and frequent Han and Hangul."""
    text = head.decode(codec, "ignore")
    units = max(1, len(head) // (4 if "32" in codec else 2))
    blocks = Counter(ord(char) >> 8 for char in text if char >= " " or char in "\t\n\r")
    letters = [count for block, count in blocks.items() if block in _LETTER_BLOCKS]
    east = sum(char in letter_table("han") or char in letter_table("hangul") for char in text)
    return (sum(sorted(letters)[-RULES.wide_blocks :]) + east) / units


def _is_hz(data: bytes) -> bool:
    """Program text has "~{" too; in HZ frequent Han characters stand between the marks."""
    marked = b"".join(match[0] for match in _HZ.finditer(data[:_HZ_WITHIN]))
    text = marked.decode("hz", "replace")
    frequent = sum(char in letter_table("han") for char in text)
    return frequent >= max(RULES.hz_han_chars, RULES.hz_han_share * len(text))


def _utf8_pattern(sample: Sample) -> tuple[int, int]:
    """How many characters beyond ASCII are well formed, and how many places are not."""
    text, _ = texts(sample, "utf-8")
    good = sum(not char.isascii() for char in text) - text.count(MARK)
    return good, len(MARK_RUN.findall(text))


def _utf8_by_chance(data: bytes) -> bool:
    """A Han character or two of a declared charset can look like UTF-8."""
    variants = {codec for name in _declared(data) for codec in variants_of(name)}
    if not (variants := variants & UNSYNCHRONISED):
        return False
    sample = sample_of(data)
    best = min(score_candidate(sample, codec) for codec in variants)
    return best.clean and best.bits < score_candidate(sample, "utf-8").bits + CANDIDATES["utf-8"][1]


_C1_IN_UTF8 = re.compile(rb"\xc2[\x80-\x9f]")
_C1 = re.compile("[\x80-\x9f]")


def _tidy(decoded: Decoded, data: bytes) -> Decoded:
    """Refuse rubbish, drop NULs and make line ends one.

    C1 controls are windows-1252 that went through a wrong conversion: HTML reads them so in references too.
    """
    text = decoded.text.removeprefix("\ufeff")
    refuse_controls(text[:HEAD].encode("utf-8", "replace"))
    if b"\0" in data and NUL in text:  # looking through bytes takes less time
        decoded = warn(decoded, f"{counted(text.count(NUL), 'NUL character')} dropped")
        text = text.replace(NUL, "")
    for char in _c1_controls(text, data if decoded.encoding == "utf-8" else None):
        text = text.replace(char, char.encode("latin-1").decode("windows-1252", "ignore"))
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        if "\r" in text:
            text = text.replace("\r", "\n")
    return decoded if text is decoded.text else replace(decoded, text=text)


def _c1_controls(text: str, utf8: bytes | None) -> set[str]:
    """The C1 controls in `text`; they are found faster in its bytes, where those are UTF-8."""
    if utf8 is None:
        return set(_C1.findall(text))
    return {pair.decode("utf-8") for pair in _C1_IN_UTF8.findall(utf8)} if b"\xc2" in utf8 else set()
