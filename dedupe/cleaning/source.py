"""Where a page comes from: text, bytes, files and responses, read and decoded."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxml import etree

from dedupe.cleaning.responses import mistaken_for_a_page, response
from dedupe.errors import InputError
from dedupe.sources.unpack import Unpacked, read_file
from dedupe.types import PACKINGS

if TYPE_CHECKING:
    from dedupe.cleaning.responses import Response


#: What `clean` takes: text, bytes, a file's path, an lxml element, a soup or one of its tags, a response.
PageInput = Any

A_PAGE = re.compile(r"\ufeff?\s{0,99}<(?:!doctype\s{1,9}html|html)\b", re.I)  # most pages begin so


# ---------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class Source:
    """A page as text, and what reading it told."""

    text: str
    encoding: str | None = None
    is_markup: bool = False
    warnings: tuple[str, ...] = ()
    url: str | None = None


def read(page: PageInput, encoding: str | None = None) -> Source:
    """The text of whatever holds a page."""
    if isinstance(page, str):
        return Source(_without_surrogates(page), warnings=_mistaken(page))
    if isinstance(page, Path):
        return _read_file(page, encoding)
    if isinstance(page, bytes | bytearray | memoryview):
        return _decode(bytes(page), encoding)
    if hasattr(type(page), "find_all"):  # a soup or a tag, which takes any attribute for a tag's name
        return Source(str(page), is_markup=True)
    kind = type(page)  # a soup answers to every name
    if hasattr(kind, "iterdescendants"):  # an lxml element or tree root
        return Source(
            etree.tostring(page, encoding="unicode", method="html", with_tail=False), is_markup=True
        )
    if hasattr(page, "getroot"):
        return read(page.getroot())
    if found := _response(page):
        return replace(_decode(found.body, encoding or found.encoding), url=found.url)
    raise InputError(
        f"cannot clean a {type(page).__name__}: give str, bytes, pathlib.Path, an lxml element, a bs4 tag or "
        "a response"
    )


def _mistaken(page: str) -> tuple[str, ...]:
    warning = mistaken_for_a_page(page)
    return (warning,) if warning else ()


def _response(page: Any) -> Response | None:
    return response(page)


def _without_surrogates(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _read_file(path: Path, encoding: str | None) -> Source:
    try:
        found = file_bytes(path)
        source = _decode(found.data, encoding)
        return replace(source, warnings=(*found.warnings, *source.warnings))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", source=str(path)) from error
    except InputError as error:
        raise type(error)(str(error), source=str(path)) from error


def file_bytes(path: Path) -> Unpacked:
    """The bytes of a page's file, unpacked if it is compressed (.gz, .zst, .bz2), as in `bulk`.

    Raises:
        OSError: it cannot be read.
        InputError: it is damaged, or unpacks to more than a page may hold.
    """
    data = path.read_bytes()
    if not (data.startswith(tuple(PACKINGS)) or path.name.lower().endswith(tuple(PACKINGS.values()))):
        return Unpacked(data)
    return read_file(path)


def _decode(data: bytes, encoding: str | None) -> Source:
    from dedupe.decode.detect import decode

    decoded = decode(data, encoding)
    return Source(decoded.text, decoded.encoding, warnings=decoded.warnings)
