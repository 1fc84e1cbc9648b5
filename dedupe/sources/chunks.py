"""Cuts the pages of a run into chunks: page files, stretches of JSON Lines, records of other containers.

The cuts are always at the same places, so that chunks can be prepared in any order, by any process, and again
after an interruption. A chunk of page files or of plain JSONL only says where its pages stand; for other
containers, which one process must read from the front, it carries them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any

from dedupe.errors import DedupeError, InputError, missing
from dedupe.sources.find import Plan, SourceFile
from dedupe.sources.records import Fields, RawPage, json_line, record_page, top_folder, with_warnings
from dedupe.sources.unpack import Bounded, open_bounded, read_file

if TYPE_CHECKING:
    from dedupe.sources.limits import Limits

#: Gives the chunks of one container.
ContainerReader = Callable[[SourceFile], Iterable["Chunk"]]

_FILES = 32  # page files in a chunk …
_FILE_BYTES = 16 << 20  # … or fewer, if they are large
_RECORDS = 256
_BYTES = 1 << 20
_CONSTANT = re.compile(rb"NaN|Infinity")


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


def content_digest(plan: Plan, chunk: Chunk) -> str:
    """A fingerprint of the bytes that a chunk is read from."""
    seen = hashlib.blake2b(digest_size=16)
    for part in _contents(plan, chunk):
        seen.update(len(part).to_bytes(8, "little"))
        seen.update(part)
    return seen.hexdigest()


def _contents(plan: Plan, chunk: Chunk) -> Iterator[bytes]:
    for page in chunk.pages:
        for part in (page.path, page.data, page.record or b"", page.error or ""):
            yield part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
    for file in () if chunk.pages else chunk.files:
        if file.problem:
            yield file.problem.encode()
            continue
        try:
            with open(plan.place(file), "rb") as stream:
                stream.seek(chunk.offset)
                stretch = _Part(stream, chunk.length or 1 << 62)
                while block := stretch.read(_BYTES):
                    yield block
        except OSError as error:
            yield str(error.strerror).encode()


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
    page = RawPage(file.name, site=top_folder(file.name))
    if file.problem or is_failed:
        return replace(page, error=file.problem)
    try:
        found = read_file(plan.place(file), limits)
        return replace(page, data=found.data, warnings=found.warnings)
    except InputError as error:
        return replace(page, error=str(error))


def _reader(kind: str) -> Callable[[Plan, SourceFile, Fields, Limits], Iterator[RawPage]]:
    """What reads files of a kind; two kinds need an extra."""
    if kind == "jsonl":
        return _packed_lines
    try:
        if kind == "parquet":
            from dedupe.sources.parquet import parquet_pages

            return parquet_pages
        from dedupe.sources.warc import warc_pages
    except ImportError as error:
        package, extra = ("pyarrow", "parquet") if kind == "parquet" else ("fastwarc", "warc")
        raise missing(package, extra) from error
    return warc_pages


def _container_pages(plan: Plan, file: SourceFile, fields: Fields, limits: Limits) -> Iterator[RawPage]:
    try:
        yield from _reader(file.kind)(plan, file, fields, limits)
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
        yield from with_warnings(_line_pages(file, stream, 1, fields, limits), stream)


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
    """The lines of a stream; None in place of one that is longer than `longest` bytes.

    Raises:
        InputError: as the stream; a whole last line before that is given first.
    """
    rest: list[bytes] = []
    size = 0
    try:
        while block := stream.read(_BYTES):
            *lines, last = block.split(b"\n")
            for line in lines:
                yield None if size + len(line) > longest else b"".join((*rest, line))
                rest, size = [], 0
            size += len(last)
            rest = [*rest, last] if size <= longest else []
    except InputError:
        if _is_whole(b"".join(rest)):
            yield b"".join(rest)
        raise
    if size:
        yield None if size > longest else b"".join(rest)


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _line_page(file: SourceFile, number: int, line: bytes, fields: Fields) -> RawPage:
    if number == 1:
        line = line.removeprefix(b"\xef\xbb\xbf")
    try:
        record, line = _parsed(line)
    except RecursionError:
        return _bad_line(file, number, f"line {number} is nested too deeply")
    except UnicodeDecodeError as error:
        return _bad_line(file, number, f"line {number} is not UTF-8: {error.reason}")
    except ValueError as error:
        return _bad_line(file, number, f"line {number} is no JSON: {error}")
    if not isinstance(record, dict):
        return _bad_line(file, number, f"line {number} is no JSON object, but a {type(record).__name__}")
    return record_page(file, number, record, fields, line)


def _parsed(line: bytes) -> tuple[Any, bytes]:
    """The value of a line, and the line as outputs may repeat it.

    Python reads NaN and Infinity, which JSON does not have: in outputs they are null. A CR between values
    would end the line for some readers.
    """
    strange: list[str] = []
    hook = strange.append if _CONSTANT.search(line) else None  # without it the parser is a faster one
    record = json.loads(line.decode(), parse_constant=hook)
    line = line.strip()
    if isinstance(record, dict) and (strange or b"\r" in line):
        line = json_line(record)
    return record, line


def _bad_line(file: SourceFile, number: int, error: str) -> RawPage:
    return RawPage(f"{file.name}#{number}", id=str(number), site=top_folder(file.name), error=error)
