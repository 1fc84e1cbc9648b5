"""From sources to signed pages: what the workers of a cluster do first.

The readers, `prepare` and `compute_signatures` are those of a run on one machine; here they are fed with
units of work and give Arrow batches.
"""

from __future__ import annotations

import json
import pickle
import struct
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from dedupe.bulk.compare import prepared
from dedupe.bulk.prepare import prepare
from dedupe.cleaning.cleaner import Cleaner
from dedupe.contrib.spark.records import SIGNED, nodes, rows, signed_columns, sortable
from dedupe.corpus.graph import order_of_choice
from dedupe.corpus.signatures import compute_signatures, without_codes
from dedupe.sources.chunks import Chunk, container_chunks, line_chunks, needs_reader, pages
from dedupe.sources.find import Plan, SourceFile
from dedupe.sources.records import Fields, RawPage, record_page
from dedupe.workers import TOGETHER, Begin, Job, Pool, Work, one_by_one

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dedupe.bulk.records import CleanedPage
    from dedupe.bulk.tasks import BulkOptions

#: A prepared page: `place` sorts like the input, `node` stands for the words of a page that has any, `rank`
#: sorts by the order of choice, `body` are the texts that are compared, `plain` is the page itself.
PREPARED = f"place binary, node long, rank binary, failed boolean, {SIGNED}, body binary, plain binary"

_FILES = 32  # page files in a unit
_BATCH = 256  # pages in a batch


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of the input; `first` is the number of its first file in path order, `size` in bytes."""

    first: int
    chunk: Chunk
    size: int

    @property
    def is_stream(self) -> bool:
        """Whether it is a whole container that must be read from the front."""
        return not self.chunk.length and needs_reader(self.chunk.files[0])


def units(plan: Plan, files: Sequence[tuple[int, SourceFile]]) -> Iterator[Unit]:
    """What there is to do for some files, each given with its number in path order."""
    batch: list[tuple[int, SourceFile]] = []
    for number, file in files:
        if file.kind == "page" or file.problem:
            batch.append((number, file))
        elif needs_reader(file):
            yield Unit(number, Chunk((file,)), file.size)
        else:
            yield from (Unit(number, chunk, chunk.length) for chunk in line_chunks(plan, file))
        if batch and (len(batch) == _FILES or batch[-1][0] != number):
            yield _page_files(batch)
            batch = []
    if batch:
        yield _page_files(batch)


def prepared_units(
    plan: Plan, options: BulkOptions, isolated: bool, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """The pages of units, which come pickled in the column `unit`, as rows of `PREPARED`.

    With `isolated` a process of its own cleans them, so that a page that crashes, hangs or eats memory
    is an error of that page.
    """
    found = (pickle.loads(item) for batch in batches for item in batch.column("unit").to_pylist())
    make = partial(preparing, plan, options)
    if not isolated:
        work = make()
        for unit in found:
            yield from (batch for _, batch in work(unit, {}, _no_limits))
        return
    with Pool(Job(make, options.limits.seconds, options.limits.memory), 1) as pool:
        done: dict[Unit, int] = {}
        for unit, (number, batch) in pool.run(found):
            if number >= done.get(unit, 0):  # after a failure a unit begins anew
                done[unit] = number + 1
                yield batch


def preparing(plan: Plan, options: BulkOptions) -> Work:
    """Cleans and signs the pages of a unit; each batch comes with its number."""
    cleaner = _cleaner(options)

    def work(unit: Unit, failed: Mapping[int, str], begin: Begin) -> Iterator[tuple[int, pa.RecordBatch]]:
        raw = _raw_pages(plan, unit, options, failed)
        pages = prepare(raw, cleaner, options.already_clean, options.rendering.format == "json")
        found = one_by_one(pages, begin)
        at = 0
        for number, batch in enumerate(_batched(found)):
            begin(TOGETHER, len(batch))
            yield number, prepared_rows(_places(unit, at, len(batch)), batch)
            at += len(batch)

    return work


def prepared_records(
    fields: Fields, options: BulkOptions, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """The pages in the columns of a data frame, as rows of `PREPARED`."""
    cleaner = _cleaner(options)
    for batch in batches:
        raw = [_row_page(row, fields, options) for row in batch.to_pylist()]
        found = iter(prepare(raw, cleaner, options.already_clean, options.rendering.format == "json"))
        for part in _batched(found):
            names = [page.path.encode("utf-8", "surrogatepass") for page in part]
            yield prepared_rows(names, part)


def prepared_rows(places: Sequence[bytes], pages: Sequence[CleanedPage]) -> pa.RecordBatch:
    """Sign pages and give them as rows of `PREPARED`."""
    signed = without_codes(compute_signatures([prepared(page) for page in pages]))  # the texts go along
    ranks = [sortable(order_of_choice(signed, number)) for number in range(len(signed))]
    bodies = [json.dumps([block.text for block in page.article]).encode() for page in pages]
    return rows(
        {
            "place": pa.array(places, pa.binary()),
            "node": pa.array(nodes(signed.digests), mask=signed.units == 0),
            "rank": pa.array(ranks, pa.binary()),
            "failed": pa.array([page.error is not None for page in pages]),
            **signed_columns(signed),
            "body": pa.array(bodies, pa.binary()),
            "plain": pa.array([page.to_json() for page in pages], pa.binary()),
        }
    )


# ---------------------------------------------------------------- small parts


def _page_files(batch: Sequence[tuple[int, SourceFile]]) -> Unit:
    files = tuple(file for _, file in batch)
    return Unit(batch[0][0], Chunk(files), sum(file.size for file in files))


def _cleaner(options: BulkOptions) -> Cleaner:
    return Cleaner(options.clean)


def _no_limits(at: int, items: int = 1) -> None:
    pass


def _raw_pages(plan: Plan, unit: Unit, options: BulkOptions, failed: Mapping[int, str]) -> Iterator[RawPage]:
    if unit.is_stream:
        found = _streamed(plan, unit.chunk.files[0], options, failed)
    else:
        found = pages(plan, unit.chunk, options.fields, options.limits, failed)
    return (replace(page, encoding=options.encoding) if options.encoding else page for page in found)


def _streamed(
    plan: Plan, file: SourceFile, options: BulkOptions, failed: Mapping[int, str]
) -> Iterator[RawPage]:
    """The records of a container, read from the front."""
    at = 0
    for chunk in container_chunks(plan, file, options.fields, options.limits):
        for page in chunk.pages:
            yield replace(page, data=b"", error=failed[at]) if at in failed else page
            at += 1


def _row_page(row: Mapping[str, Any], fields: Fields, options: BulkOptions) -> RawPage:
    name = str(row[fields.id])
    page = record_page(SourceFile("", "parquet"), 0, row, fields, b"")
    if len(page.data) > options.limits.page_bytes:
        page = replace(page, data=b"", error=f"is larger than {options.limits.page_bytes >> 20} MiB")
    return replace(page, path=name, id=name, record=None, encoding=options.encoding)


def _places(unit: Unit, at: int, count: int) -> list[bytes]:
    """What sorts like the pages' places in the input: the number of the file, then the place in it."""
    if unit.chunk.length or unit.is_stream:
        first = unit.chunk.first + at
        return [struct.pack(">IQ", unit.first, number) for number in range(first, first + count)]
    first = unit.first + at
    return [struct.pack(">IQ", number, 0) for number in range(first, first + count)]


def _batched(items: Iterator[CleanedPage]) -> Iterator[list[CleanedPage]]:
    while batch := list(islice(items, _BATCH)):
        yield batch
