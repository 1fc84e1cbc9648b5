"""The pages of a WARC or WET file. A damaged record is named; of a compressed file the next ones are read."""

from __future__ import annotations

import codecs
import io
import re
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from fastwarc.stream_io import BrotliReader, ZstdReader
from fastwarc.warc import ArchiveIterator, WarcRecordType

from dedupe.addresses import host
from dedupe.errors import InputError
from dedupe.sources.records import Fields, Markup, RawPage, json_line, top_folder, with_warnings
from dedupe.sources.unpack import Bounded, open_bounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.sources.find import Plan, SourceFile
    from dedupe.sources.limits import Limits

_CHUNK_HEAD = re.compile(rb"(?:\r\n)?([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")
_TAIL = 1 << 13  # bytes at the end of a file that are searched for the head of a record that is cut
#: A record's head without the empty line that ends it.
_CUT_HEAD = re.compile(
    rb"(?:\A|\r?\n\r?\n)(W(?:A(?:R(?:C(?:/(?:[^\r\n]|\r?\n(?=[^\r\n]))*)?)?)?)?)(?:\r?\n?)\Z"
)
_ENDS_INSIDE = "is damaged: the file ends inside this record"


def warc_pages(plan: Plan, file: SourceFile, fields: Fields, limits: Limits) -> Iterator[RawPage]:
    """The pages in the records of a file, in order; a fault stands where it was met.

    Raises:
        InputError: there is no record in it, or nothing can be read any more.
    """
    records = _Records(file, limits)
    with open_bounded(plan.place(file), limits) as stream:
        is_told = False
        for page in with_warnings(_all_pages(stream, records), stream):
            is_told = True
            yield page
    if not records.number and file.size and not is_told:
        raise InputError("holds no WARC record of a page")


def _all_pages(stream: Bounded, records: _Records) -> Iterator[RawPage]:
    while True:
        source = _Source(stream)
        yield from records.pages(source)
        if source.fault is None or not stream.next_member():
            return


class _Source:
    """A stream as the library reads it: a fault is its end, and stands in `fault`."""

    def __init__(self, stream: Bounded) -> None:
        self.stream = stream
        self.fault: Exception | None = None
        self.is_bad_record = False
        self.tail = b""

    def read(self, size: int) -> bytes:
        try:
            data = self.stream.read_some(size)
        except (InputError, OSError) as error:
            self.fault = error
            return b""
        self.tail = (self.tail + data)[-_TAIL:] if len(data) < _TAIL else data[-_TAIL:]
        return data

    def tell(self) -> int:
        return self.stream.tell()

    def meet(self, error: Exception) -> None:
        """Take the library's failure for a fault, unless the rest of the compressed member explains it."""
        try:
            self.stream.finish_member()
        except (InputError, OSError) as fault:
            self.fault = fault
        self.is_bad_record = self.fault is None
        self.fault = self.fault or InputError(f"is damaged: {error}")

    @property
    def cut_head(self) -> int | None:
        """Where a record begins of which not even the head is whole."""
        match = _CUT_HEAD.search(self.tail)
        return None if match is None else self.tell() - len(self.tail) + match.start(1)


class _Records:
    """Reads records one after the other; `number` counts those that are no mere request or note."""

    def __init__(self, file: SourceFile, limits: Limits) -> None:
        self.number = 0
        self._file = file
        self._limits = limits

    def pages(self, source: _Source) -> Iterator[RawPage]:
        """The pages up to the end or the next fault, and what became of the last record."""
        last = _Last()
        reader: Any = source  # all that is asked of it is `read` and `tell`
        try:
            for record in ArchiveIterator(reader, parse_http=True):
                before, last = last, self._read(record)
                if before.page:  # it is whole, since another one begins
                    yield before.page
        except MemoryError:
            raise
        except Exception as error:  # no record begins where one should
            source.meet(error)
        yield from self._end(source, last)

    def _read(self, record: Any) -> _Last:
        wanted = WarcRecordType.response | WarcRecordType.conversion | WarcRecordType.resource
        start, length, page, taken = record.stream_pos, record.content_length, None, 0
        if record.record_type & wanted:
            self.number += 1
            try:
                page, taken = self._page(record)
            except MemoryError:
                raise
            except Exception as error:  # a head that says something odd is the fault of that record alone
                reason = f"is damaged: {type(error).__name__}: {error}"
                page = RawPage(f"{self._file.name}#{self.number}", id=str(self.number), error=reason)
        return _Last(page, start, taken + (record.reader.consume() or 0) >= length)

    def _end(self, source: _Source, last: _Last) -> Iterator[RawPage]:
        """The last record, and what is wrong with it or behind it."""
        page, reason = last.page, None
        if source.fault is not None:
            reason = str(source.fault)
            in_member = last.start == source.stream.member_start and not source.is_bad_record
            is_faulty = in_member or not last.is_whole
        elif (cut := source.cut_head) is not None:
            reason = "is damaged: the file ends inside the head of a record"
            is_faulty = last.start >= cut
        else:
            is_faulty = not last.is_whole
            reason = _ENDS_INSIDE if is_faulty else None
        if page is not None and is_faulty and not page.error:
            yield replace(page, data=b"", error=reason)
        else:
            yield from [page] if page else []
            yield from [RawPage(self._file.name, error=reason)] if reason else []

    def _page(self, record: Any) -> tuple[RawPage | None, int]:
        """The page in a record, or None if it holds none (an image, a redirect, a missing page), and how many
        of its bytes were read."""
        if record.is_http and not 200 <= (record.http_headers.status_code or 0) < 300:
            return None, 0
        kind = _media_type(record)
        if kind is None:
            return None, 0
        url = record.headers.get("WARC-Target-URI")
        name = (record.record_id or "").strip("<>").removeprefix("urn:uuid:") or str(self.number)
        page = RawPage(
            f"{self._file.name}#{name}",
            id=name,
            url=url,
            site=host(url) or top_folder(self._file.name),
            kind=kind,
            encoding=_charset(record),
            record=json_line({"id": name, "url": url, "date": record.headers.get("WARC-Date")}),
        )
        most = self._limits.page_bytes + 1
        raw: bytes = record.reader.read(most)
        try:
            data = _payload(record, raw, most)
        except InputError as error:
            return replace(page, error=str(error)), len(raw)
        if len(data) > self._limits.page_bytes:
            return replace(page, error=f"is larger than {self._limits.page_bytes >> 20} MiB"), len(raw)
        return replace(page, data=data), len(raw)


class _Last(NamedTuple):
    """The record that was read last: its page, if it holds one, where it begins, whether it is all there."""

    page: RawPage | None = None
    start: int = -1
    is_whole: bool = True


def _payload(record: Any, data: bytes, most: int) -> bytes:
    """The body of a record without its HTTP encodings, at most about `most` bytes of it.

    Crawlers often keep the headers of encodings that they have undone, so what is not encoded stays.
    """
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
    reader = BrotliReader if encoding == "br" else ZstdReader
    try:
        return bytes(reader(io.BytesIO(data)).read(most))
    except (OSError, ValueError) as error:
        raise InputError(f"is damaged: {error}") from error


def _media_type(record: Any) -> Markup | None:
    """How a record's payload is to be read; None if it is no page."""
    if record.is_http:
        media = record.http_content_type or "text/html"
    else:
        media = record.headers.get("Content-Type") or ""
    media = media.partition(";")[0].strip().lower()
    kinds: dict[str, Markup] = {"text/html": "html", "application/xhtml+xml": "html", "text/plain": "text"}
    return kinds.get(media)


def _charset(record: Any) -> str | None:
    name = record.http_charset if record.is_http else "utf-8"
    try:
        return codecs.lookup(name).name if name else None
    except LookupError:
        return None  # a server's slip: the page itself may say it
