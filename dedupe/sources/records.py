"""A page as it comes in, alone in its file or as a record among others."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from dedupe.addresses import host

if TYPE_CHECKING:
    from dedupe.sources.find import SourceFile
    from dedupe.sources.unpack import Bounded

Markup = Literal["auto", "html", "text"]
_LONGEST_ID = 500  # characters; a longer id is no id


@dataclass(frozen=True, slots=True)
class Fields:
    """The names of the fields of a record that hold its text, HTML, address, id and site."""

    text: str = "text"
    html: str = "html"
    url: str = "url"
    id: str = "id"
    site: str = "site"


@dataclass(frozen=True, slots=True)
class RawPage:
    """A page as it came in, or why it could not be read.

    `path` is the page's name in all outputs, `record` the record's own fields as a JSON object on one
    line (None for a page file).
    """

    path: str
    data: bytes | str = b""
    id: str | None = None
    url: str | None = None
    site: str = ""
    kind: Markup = "auto"
    encoding: str | None = None
    record: bytes | None = None
    error: str | None = None
    warnings: tuple[str, ...] = ()


def top_folder(name: str) -> str:
    """The folder right below the root that a source stands in, "" for none."""
    return name.partition("/")[0] if "/" in name else ""


def record_page(
    file: SourceFile, number: int, record: Mapping[str, Any], fields: Fields, line: bytes
) -> RawPage:
    """A page from a record's fields, `line` being all of them; its id is the id field, else `number`."""
    name = _id(record.get(fields.id)) or str(number)
    url = record.get(fields.url)
    url = url if isinstance(url, str) and url else None
    site = record.get(fields.site)
    site = host(url) or (site if isinstance(site, str) else "") or top_folder(file.name)
    data, kind, error = _content(record, fields)
    return RawPage(f"{file.name}#{name}", data, name, url, site, kind, None, line, error)


def _content(
    record: Mapping[str, Any], fields: Fields
) -> tuple[str | bytes, Literal["auto", "html"], str | None]:
    """What a record holds of a page, its kind, and what is wrong with it."""
    html, text = record.get(fields.html), record.get(fields.text)
    if isinstance(html, str | bytes) and html:
        return html, "html", None
    if isinstance(text, str | bytes):
        return text, "auto", None
    if isinstance(html, str | bytes):
        return html, "html", None
    return b"", "auto", f"the record has no text in the fields {fields.html!r} and {fields.text!r}"


def _id(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value)
    return text if len(text) <= _LONGEST_ID else ""


def with_warnings(pages: Iterable[RawPage], stream: Bounded) -> Iterator[RawPage]:
    """The pages read from a stream; the last one tells what was noticed of the stream, too."""
    last: RawPage | None = None
    try:
        for page in pages:
            if last is not None:
                yield last
            last = page
    except Exception:
        if last is not None:
            yield last
        raise
    if last is not None:
        yield replace(last, warnings=(*last.warnings, *stream.warnings)) if stream.warnings else last


def json_line(record: Mapping[str, Any]) -> bytes:
    """A record as a line of JSON, whatever its values are."""
    return json.dumps(plain(record), ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")


def plain(value: Any) -> Any:
    """A value as JSON can hold it: times, decimals and bytes as text; None for NaN and the infinities."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return str(value)
