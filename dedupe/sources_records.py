"""Reads the pages of a run: page files one by one, the records of JSONL, Parquet and WARC as a stream.

Work is cut into chunks, always at the same places, so that they can be prepared in any order, by any
process, and again after an interruption. A chunk of page files or of plain JSONL only says where its
pages stand; for other containers, which one process must read from the front, it carries them.
"""

from __future__ import annotations

import io
import json
import math
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import IO, Any
from urllib.parse import urlsplit

from .errors import DedupeError, InputError
from .sources import Bounded, Limits, Plan, SourceFile, missing, open_bounded, read_bytes

#: Gives the chunks of one container.
ContainerReader = Callable[[SourceFile], Iterable["Chunk"]]

_FILES = 32  # page files in a chunk …
_FILE_BYTES = 16 << 20  # … or fewer, if they are large
_RECORDS = 256
_BYTES = 1 << 20
_CHUNK_HEAD = re.compile(rb"(?:\r\n)?([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")
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
    kind: str = "auto"
    encoding: str | None = None
    record: bytes | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of the input that is prepared at once.

    Page files: `files`. A container has one file: of plain JSONL the chunk is `length` bytes from
    `offset`, the first of its lines being line `first`; of others it carries the `pages`.
    """

    files: tuple[SourceFile, ...]
    offset: int = 0
    length: int = 0
    first: int = 0
    pages: tuple[RawPage, ...] = ()


def needs_reader(file: SourceFile) -> bool:
    """Whether one process must read this container from the front."""
    plain_lines = file.kind == "jsonl" and file.name.lower().endswith((".jsonl", ".ndjson"))
    return file.problem is None and file.kind != "page" and not plain_lines


def chunks(plan: Plan, read: ContainerReader) -> Iterator[Chunk]:
    """The whole input in path order; `read` gives the chunks of a container that needs a reader."""
    batch: list[SourceFile] = []
    size = 0
    for file in plan.files:
        if file.kind == "page" or file.problem:
            batch.append(file)
            size += file.size
            if len(batch) < _FILES and size < _FILE_BYTES:
                continue
        if batch:
            yield Chunk(tuple(batch))
            batch, size = [], 0
        if file.kind != "page" and not file.problem:
            yield from read(file) if needs_reader(file) else line_chunks(plan, file)
    if batch:
        yield Chunk(tuple(batch))


def line_chunks(plan: Plan, file: SourceFile) -> Iterator[Chunk]:
    """Cuts a plain JSONL file at line ends, about a megabyte each."""
    offset, length, first = 0, 0, 1
    try:
        with open(plan.place(file), "rb") as stream:
            while block := stream.read(_BYTES):
                cut = block.rfind(b"\n") + 1
                if cut:
                    yield Chunk((file,), offset, length + cut, first)
                    offset, length, first = (
                        offset + length + cut,
                        len(block) - cut,
                        first + block.count(b"\n"),
                    )
                else:
                    length += len(block)
    except OSError as error:
        yield Chunk((replace(file, problem=f"cannot be read: {error.strerror or error}"),))
        return
    if length:
        yield Chunk((file,), offset, length, first)


def container_chunks(plan: Plan, file: SourceFile, fields: Fields, limits: Limits) -> Iterator[Chunk]:
    """The records of a compressed JSONL, Parquet or WARC file, some at a time; a problem comes last."""
    batch: list[RawPage] = []
    size = 0
    for page in _container_pages(plan, file, fields, limits):
        batch.append(page)
        size += len(page.data)
        if len(batch) == _RECORDS or size > _BYTES:
            yield Chunk((file,), pages=tuple(batch))
            batch, size = [], 0
    if batch:
        yield Chunk((file,), pages=tuple(batch))


def pages(
    plan: Plan, chunk: Chunk, fields: Fields, limits: Limits, failed: Mapping[int, str]
) -> Iterator[RawPage]:
    """The pages of a chunk in order, each read when it is asked for.

    `failed` gives reasons for pages, by their place in the chunk, that must not be tried again.
    """
    for at, page in enumerate(_pages(plan, chunk, fields, limits, failed)):
        yield replace(page, data=b"", error=failed[at]) if at in failed else page


def _pages(
    plan: Plan, chunk: Chunk, fields: Fields, limits: Limits, failed: Mapping[int, str]
) -> Iterator[RawPage]:
    if chunk.pages:
        yield from chunk.pages
    elif chunk.length:
        yield from _lines(plan, chunk, fields, limits)
    else:
        for at, file in enumerate(chunk.files):
            yield _page_file(plan, file, limits, at in failed)


def _page_file(plan: Plan, file: SourceFile, limits: Limits, is_failed: bool) -> RawPage:
    page = RawPage(file.name, site=_top_folder(file.name))
    if file.problem or is_failed:
        return replace(page, error=file.problem)
    try:
        return replace(page, data=read_bytes(plan.place(file), limits))
    except InputError as error:
        return replace(page, error=str(error))


def _top_folder(name: str) -> str:
    return name.partition("/")[0] if "/" in name else ""


# ---------------------------------------------------------------- records


def record_page(
    file: SourceFile, number: int, record: Mapping[str, Any], fields: Fields, line: bytes
) -> RawPage:
    """A page from a record's fields, `line` being all of them; its id is the id field, else `number`."""
    name = _id(record.get(fields.id)) or str(number)
    url = record.get(fields.url)
    url = url if isinstance(url, str) and url else None
    site = record.get(fields.site)
    site = host(url) or (site if isinstance(site, str) else "") or _top_folder(file.name)
    data, kind, error = _content(record, fields)
    return RawPage(f"{file.name}#{name}", data, name, url, site, kind, None, line, error)


def _content(record: Mapping[str, Any], fields: Fields) -> tuple[str | bytes, str, str | None]:
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


def host(url: str | None) -> str:
    """The lower-case host of an address, "" if it has none."""
    if not url:
        return ""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _container_pages(plan: Plan, file: SourceFile, fields: Fields, limits: Limits) -> Iterator[RawPage]:
    readers = {"jsonl": _packed_lines, "parquet": _parquet, "warc": _warc}
    try:
        yield from readers[file.kind](plan, file, fields, limits)
    except DedupeError as error:
        yield RawPage(file.name, error=str(error))
    except MemoryError:
        yield RawPage(file.name, error=f"needs more than {limits.memory} MiB of memory (--max-memory)")
    except Exception as error:  # each reader has a family of errors of its own
        text = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        yield RawPage(file.name, error=f"is damaged: {text}")


# ---------------------------------------------------------------- JSON Lines


def _lines(plan: Plan, chunk: Chunk, fields: Fields, limits: Limits) -> Iterator[RawPage]:
    file = chunk.files[0]
    try:
        with open(plan.place(file), "rb") as stream:
            stream.seek(chunk.offset)
            yield from _line_pages(file, _Part(stream, chunk.length), chunk.first, fields, limits)
    except OSError as error:
        yield RawPage(file.name, error=f"cannot be read: {error.strerror or error}")


def _packed_lines(plan: Plan, file: SourceFile, fields: Fields, limits: Limits) -> Iterator[RawPage]:
    with open_bounded(plan.place(file), limits) as stream:
        yield from _line_pages(file, stream, 1, fields, limits)


class _Part:
    """The next `length` bytes of a stream, as a stream."""

    def __init__(self, stream: IO[bytes], length: int) -> None:
        self._stream = stream
        self._left = length

    def read(self, size: int) -> bytes:
        part = self._stream.read(min(size, self._left))
        self._left -= len(part)
        return part


def _line_pages(
    file: SourceFile, stream: _Part | Bounded, first: int, fields: Fields, limits: Limits
) -> Iterator[RawPage]:
    for number, line in enumerate(_split(stream, limits.page_bytes), first):
        if line is None:
            yield _bad_line(file, number, f"line {number} is longer than {limits.page_bytes >> 20} MiB")
        elif line.strip():
            yield _line_page(file, number, line, fields)


def _split(stream: _Part | Bounded, longest: int) -> Iterator[bytes | None]:
    """The lines of a stream; None in place of one that is longer than `longest` bytes."""
    rest: list[bytes] = []
    size = 0
    while block := stream.read(_BYTES):
        *lines, last = block.split(b"\n")
        for line in lines:
            yield None if size + len(line) > longest else b"".join((*rest, line))
            rest, size = [], 0
        size += len(last)
        rest = [*rest, last] if size <= longest else []
    if size:
        yield None if size > longest else b"".join(rest)


def _line_page(file: SourceFile, number: int, line: bytes, fields: Fields) -> RawPage:
    if number == 1:
        line = line.removeprefix(b"\xef\xbb\xbf")
    try:
        record = json.loads(line.decode())
    except RecursionError:
        return _bad_line(file, number, f"line {number} is nested too deeply")
    except UnicodeDecodeError as error:
        return _bad_line(file, number, f"line {number} is not UTF-8: {error.reason}")
    except ValueError as error:
        return _bad_line(file, number, f"line {number} is no JSON: {error}")
    if not isinstance(record, dict):
        return _bad_line(file, number, f"line {number} is no JSON object, but a {type(record).__name__}")
    return record_page(file, number, record, fields, line.strip())


def _bad_line(file: SourceFile, number: int, error: str) -> RawPage:
    return RawPage(f"{file.name}#{number}", id=str(number), site=_top_folder(file.name), error=error)


# ---------------------------------------------------------------- Parquet


def _parquet(plan: Plan, file: SourceFile, fields: Fields, limits: Limits) -> Iterator[RawPage]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise missing("pyarrow", "parquet") from error
    with parquet.ParquetFile(plan.place(file)) as table:
        number = unpacked = 0
        for batch in table.iter_batches(batch_size=16):  # few: a row may be a bomb of its own
            unpacked += batch.nbytes
            if unpacked > max(limits.page_bytes, limits.ratio * file.size):
                raise InputError(f"expands more than {limits.ratio} times: looks like a decompression bomb")
            for row in batch.to_pylist():
                number += 1
                yield _row_page(file, number, row, fields, limits)


def _row_page(
    file: SourceFile, number: int, row: Mapping[str, Any], fields: Fields, limits: Limits
) -> RawPage:
    page = record_page(file, number, row, fields, b"")
    if len(page.data) > limits.page_bytes:
        return replace(page, data=b"", record=None, error=f"is larger than {limits.page_bytes >> 20} MiB")
    return replace(page, record=_json_line(_plain(row)))


def _json_line(record: Any) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _plain(value: Any) -> Any:
    """A value as JSON can hold it: times and decimals as text, bytes as text, no NaN."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Iterable):
        return [_plain(item) for item in value]
    return str(value)


# ---------------------------------------------------------------- WARC


def _warc(plan: Plan, file: SourceFile, fields: Fields, limits: Limits) -> Iterator[RawPage]:
    try:
        from fastwarc.warc import ArchiveIterator, WarcRecordType
    except ImportError as error:
        raise missing("fastwarc", "warc") from error
    with open_bounded(plan.place(file), limits) as stream:
        wanted = WarcRecordType.response | WarcRecordType.conversion | WarcRecordType.resource
        number = 0
        reader: Any = stream  # all that is asked of it is `read` and `tell`
        for record in ArchiveIterator(reader, record_types=wanted, parse_http=True):
            number += 1
            if page := _warc_page(file, number, record, limits):
                yield page
    if not number and file.size:
        raise InputError("holds no WARC record of a page")


def _warc_page(file: SourceFile, number: int, record: Any, limits: Limits) -> RawPage | None:
    """The page in a WARC record, or None if it holds none (an image, a redirect, a missing page)."""
    if record.is_http and not 200 <= (record.http_headers.status_code or 0) < 300:
        return None
    kind = _media_type(record)
    if kind is None:
        return None
    url = record.headers.get("WARC-Target-URI")
    name = (record.record_id or "").strip("<>").removeprefix("urn:uuid:") or str(number)
    page = RawPage(
        f"{file.name}#{name}",
        id=name,
        url=url,
        site=host(url) or _top_folder(file.name),
        kind=kind,
        encoding=_charset(record),
        record=_json_line({"id": name, "url": url, "date": record.headers.get("WARC-Date")}),
    )
    try:
        data = _payload(record, limits.page_bytes + 1)
    except InputError as error:
        return replace(page, error=str(error))
    if len(data) > limits.page_bytes:
        return replace(page, error=f"is larger than {limits.page_bytes >> 20} MiB")
    return replace(page, data=data)


def _payload(record: Any, most: int) -> bytes:
    """The body of a record without its HTTP encodings, at most about `most` bytes of it.

    Crawlers often keep the headers of encodings that they have undone, so what is not encoded stays.
    """
    data: bytes = record.reader.read(most)
    if not record.is_http:
        return data
    if "chunked" in (record.http_headers.get("Transfer-Encoding") or "").lower():
        data = _without_chunks(data)
    encodings = (record.http_headers.get("Content-Encoding") or "").lower().split(",")
    for encoding in reversed([name.strip() for name in encodings]):
        data = _decoded(data, encoding, most)
    return data


def _without_chunks(data: bytes) -> bytes:
    parts: list[bytes] = []
    place = 0
    while match := _CHUNK_HEAD.match(data, place):
        size = int(match[1], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(data[match.end() : match.end() + size])
        place = match.end() + size
    return b"".join(parts) if place >= len(data) > 0 else data


def _decoded(data: bytes, encoding: str, most: int) -> bytes:
    is_gzip = data.startswith(b"\x1f\x8b")
    if encoding in ("gzip", "x-gzip", "deflate") and (is_gzip or data[:1] == b"\x78"):
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
        try:
            found = unpacker.decompress(data, most)
        except zlib.error as error:
            raise InputError(f"is damaged: {error}") from error
        if not unpacker.eof and len(found) < most:
            raise InputError("is damaged: it ends in the middle")
        return found
    if encoding in ("br", "zstd") and not data.lstrip().startswith(b"<"):
        return _decoded_by_fastwarc(data, encoding, most)
    return data


def _decoded_by_fastwarc(data: bytes, encoding: str, most: int) -> bytes:
    from fastwarc.stream_io import BrotliReader, ZstdReader

    reader = BrotliReader if encoding == "br" else ZstdReader
    try:
        return bytes(reader(io.BytesIO(data)).read(most))
    except (OSError, ValueError) as error:
        raise InputError(f"is damaged: {error}") from error


def _media_type(record: Any) -> str | None:
    """How a record's payload is to be read; None if it is no page."""
    if record.is_http:
        media = record.http_content_type or "text/html"
    else:
        media = record.headers.get("Content-Type") or ""
    media = media.partition(";")[0].strip().lower()
    kinds = {"text/html": "html", "application/xhtml+xml": "html", "text/plain": "text"}
    return kinds.get(media)


def _charset(record: Any) -> str | None:
    import codecs

    name = record.http_charset if record.is_http else "utf-8"
    try:
        return codecs.lookup(name).name if name else None
    except LookupError:
        return None  # a server's slip: the page itself may say it
