"""Text as it may be printed, and as it may stand in XML."""

from __future__ import annotations

import re

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
SURROGATES = re.compile("[\ud800-\udfff]")
# C0, DEL, C1 and the marks that reorder what follows them: what could steer a terminal
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def encode(text: str) -> bytes:
    """UTF-8, with U+FFFD for lone surrogates: the form in which text leaves the program."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return SURROGATES.sub("\ufffd", text).encode()


def printable(text: str) -> str:
    """`text` without control and bidi-reordering characters: safe to show on a terminal."""
    return SURROGATES.sub("\ufffd", _UNPRINTABLE.sub("", text))


def xml_text(text: str) -> str:
    """`text` without the characters that neither XML nor HTML may hold."""
    return text if text.isprintable() else _NOT_XML.sub("", text)
