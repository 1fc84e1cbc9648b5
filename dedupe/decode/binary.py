"""Binary data that is no page is refused by name."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from dedupe.decode.thresholds import RULES
from dedupe.errors import EncodingError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIGNATURES: Mapping[bytes, str] = {
    b"\x89PNG": "PNG image",
    b"\xff\xd8\xff": "JPEG image",
    b"GIF87a": "GIF image",
    b"GIF89a": "GIF image",
    b"RIFF": "RIFF image, sound or film",
    b"BM": "BMP image",
    b"\0\0\1\0": "icon",
    b"II*\0": "TIFF image",
    b"MM\0*": "TIFF image",
    b"%PDF-": "PDF document",
    b"{\\rtf": "RTF document",
    b"\xd0\xcf\x11\xe0": "Microsoft Office document",
    b"PK\3\4": "zip archive, perhaps an Office document or EPUB",
    b"\x1f\x8b": "gzip archive",
    b"BZh": "bzip2 archive",
    b"\xfd7zXZ": "xz archive",
    b"\x28\xb5\x2f\xfd": "zstd archive",
    b"7z\xbc\xaf\x27\x1c": "7z archive",
    b"Rar!": "RAR archive",
    b"SQLite format 3\0": "SQLite database",
    b"PAR1": "Parquet file",
    b"\x7fELF": "program",
    b"MZ": "program",
    b"\xca\xfe\xba\xbe": "program",
    b"\0asm": "program",
    b"wOFF": "font",
    b"wOF2": "font",
    b"ID3": "MP3 sound",
    b"OggS": "Ogg sound",
    b"fLaC": "FLAC sound",
    b"\0\0\0\x18ftyp": "MP4 film",
    b"\0\0\0\x1cftyp": "MP4 film",
    b"\0\0\0\x20ftyp": "MP4 film",
}
_STARTS = tuple(_SIGNATURES)
#: Documents whose bytes can be plain ASCII and still are no page.
_ASCII_DOCUMENTS = (b"%PDF-", b"{\\rtf")
#: C0 controls that no text has: all but tab, line ends, form feed, backspace (overstrikes), escape and the
#: shifts of ISO-2022-KR.
_CONTROLS = bytes({*range(0x20), 0x7F} - {*b"\t\n\v\f\r\b\x1b\x0e\x0f"})
HEAD = 4096  # bytes that are looked at


def refuse_signatures(data: bytes) -> None:
    """Name the kind of binary data; letters alone ("BM", "PAR1") may as well begin an article."""
    if not data.startswith(_STARTS):
        return
    head = data[:HEAD]
    if head.startswith(_ASCII_DOCUMENTS) or has_controls(head) or not _valid_utf8(head):
        raise _binary(next(kind for start, kind in _SIGNATURES.items() if head.startswith(start)))


def _binary(kind: str = "") -> EncodingError:
    remedy = "unpack it first" if "archive" in kind else "give the HTML or the plain text of the page"
    return EncodingError(f"looks like binary data{kind and f' ({kind})'}, not a page: {remedy}")


def refuse_controls(head: bytes) -> None:
    # NULs at the end are what a crash or a fixed record size leaves behind a good text
    text = head.rstrip(b"\0")
    if head and not text:
        raise _binary("NUL bytes alone")
    controls = len(text) - len(text.translate(None, _CONTROLS))
    if controls > max(RULES.controls_bytes, RULES.controls_share * len(text)):
        raise _binary()


def has_controls(head: bytes) -> bool:
    return len(head.translate(None, _CONTROLS)) < len(head)


def _valid_utf8(head: bytes) -> bool:
    try:
        codecs.utf_8_decode(head, "strict", False)
    except UnicodeDecodeError:
        return False
    return True
