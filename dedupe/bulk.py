"""A whole collection of pages in, one copy of every article out.

`run` prepares the pages in worker processes, compares them with each other, finishes them in path order
and writes the outputs. What each chunk of pages gave stands in a work folder until the end, so a run that
was stopped at any moment goes on from there, to the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import bulk_store as store
from .bulk_report import write_report
from .bulk_stages import (
    TEXT_FIELD,
    FinishedPage,
    Rendering,
    Verdict,
    finish,
    prepare,
    record_line,
    renamed,
    row_line,
)
from .errors import InputError, OptionsError
from .options import Options
from .pool import TOGETHER, Begin, Job, Pool, Reader, Work
from .sources import Limits, Plan, SourceFile, find
from .sources_records import Chunk, Fields, chunks, container_chunks, pages

if TYPE_CHECKING:
    from .bulk_compare import Comparison
    from .clean import Cleaner

#: Told now and then how far a stage is: its name, bytes done, bytes in all (None: unknown), pages, failed.
Progress = Callable[[str, int, int | None, int, int], None]

_FORMAT = 1  # of the work folder


@dataclass(frozen=True, slots=True)
class BulkOptions:
    """What a bulk run does.

    Args:
        clean: how pages are cleaned.
        fields: where records keep what they hold.
        limits: what one page, or one compressed file, may take.
        rendering: the format of the outputs, and what becomes of duplicates.
        already_clean: the pages are articles and nothing else; skip the page stage.
        encoding: the charset of the pages, where it is known.
        jobs: worker processes.
    """

    clean: Options = field(default_factory=Options)
    fields: Fields = field(default_factory=Fields)
    limits: Limits = field(default_factory=Limits)
    rendering: Rendering = field(default_factory=Rendering)
    already_clean: bool = False
    encoding: str | None = None
    jobs: int = 1


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did: `pages` by status, `removed` blocks and characters by reason, seconds by stage."""

    dest: str
    pages: Mapping[str, int]
    chars_in: int = 0
    chars_kept: int = 0
    removed: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        return self.pages.get("error", 0)


def run(
    sources: Sequence[str],
    dest: str,
    options: BulkOptions,
    *,
    mode: str = "new",
    report: str | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Clean all pages of `sources` together, into the folder `dest`.

    `mode` is "new", "resume" (go on with an unfinished run) or "overwrite" (replace an earlier one);
    `report` is the file for a report page.

    Raises:
        OptionsError: a source or `dest` will not do, or a resumed run had other options.
        OutputError: an output cannot be written; what is done so far is kept for "resume".
    """
    plan = find(sources, options.rendering.suffix)
    check_places(plan, sources, dest, report)
    state = _state(plan, options)
    if mode == "resume" and (done := store.finished_run(dest)):
        store.check_same(done["state"], state, dest)
        store.Folder(dest).finish()
        if report:
            write_report(report, dest, options.rendering.format)
        return _summary(dest, done)
    own = [os.path.relpath(report, dest)] if report else []
    with store.opened(dest, state, mode == "resume", mode == "overwrite", own) as folder:
        return _Run(plan, options, folder, state, report, progress or _silent).go()


def check_places(plan: Plan, sources: Sequence[str], dest: str, report: str | None) -> None:
    """Refuse outputs that would be written under a source.

    Raises:
        OptionsError: `dest` or `report` is a source, or stands inside one.
    """
    for output in filter(None, (dest, report)):
        place = os.path.realpath(output)
        for source in map(os.path.realpath, sources):
            if os.path.exists(source) and os.path.commonpath([source, place]) == source:
                raise OptionsError(f"{output} is inside the source {source}, where nothing is written")
    if report and any(os.path.realpath(plan.place(file)) == os.path.realpath(report) for file in plan.files):
        raise OptionsError(f"{report} is one of the sources; name another file for the report")


class _Run:
    """One run from its first page to its last output."""

    def __init__(
        self,
        plan: Plan,
        options: BulkOptions,
        folder: store.Folder,
        state: Mapping[str, Any],
        report: str | None,
        progress: Progress,
    ) -> None:
        self._plan = plan
        self._options = options
        self._folder = folder
        self._state = state
        self._report = report
        self._progress = progress
        self._seconds: dict[str, float] = {}

    def go(self) -> Summary:
        with Pool(self._job(_working), self._options.jobs) as pool:
            prepared = self._timed("prepare", lambda: self._prepare(pool))
            comparison = self._timed("compare", lambda: self._compare(prepared))
            counts = self._timed("finish", lambda: self._finish(pool, prepared, comparison))
        self._publish(prepared)
        return self._close(counts, comparison)

    def _timed(self, name: str, stage: Callable[[], Any]) -> Any:
        start = time.monotonic()
        result = stage()
        self._seconds[name] = round(time.monotonic() - start, 3)
        return result

    def _job(self, work: Callable[[_Setup], Work]) -> Job:
        setup = _Setup(Plan(self._plan.root, ()), self._options, self._folder)
        return Job(partial(work, setup), self._options.limits.seconds, self._options.limits.memory)

    # ------------------------------------------------------------ prepare

    def _prepare(self, pool: Pool) -> list[Shard]:
        """Every chunk of the input cleaned, signed and kept in the work folder."""
        shards: dict[int, Shard] = {}
        total = _total_bytes(self._plan)
        done = pages = failed = 0
        with Reader(self._job(_reading)) as reader:
            for number, (chunk, shard) in self._prepared(reader, pool):
                shards[number] = shard
                done += chunk.length or sum(file.size for file in chunk.files if not chunk.pages)
                pages += len(shard.paths)
                failed += shard.failed
                self._progress("prepare", done, total, pages, failed)
        return [shards[number] for number in sorted(shards)]

    def _prepared(self, reader: Reader, pool: Pool) -> Iterator[tuple[int, tuple[Chunk, Shard]]]:
        ready: list[tuple[int, tuple[Chunk, Shard]]] = []

        def todo() -> Iterator[tuple[int, Chunk]]:
            for number, chunk in enumerate(chunks(self._plan, partial(_read_container, reader))):
                known = self._folder.read_part(number, "shard")
                if known is None:
                    yield number, chunk
                else:
                    ready.append((number, (chunk, Shard.from_json(known))))

        for (number, chunk), shard in pool.run(todo()):
            yield number, (chunk, shard)
        yield from ready

    # ------------------------------------------------------------ compare

    def _compare(self, shards: Sequence[Shard]) -> Comparison:
        from .bulk_compare import compare

        self._progress("compare", 0, None, *_totals(shards))
        return compare(self._folder, shards)

    # ------------------------------------------------------------ finish

    def _finish(self, pool: Pool, shards: Sequence[Shard], comparison: Comparison) -> Counts:
        """Every page's output written, its rows kept in the work folder."""
        counts = Counts()
        done, total = 0, sum(len(shard.paths) for shard in shards)
        for shard, found in self._finished(pool, shards, comparison):
            counts = counts.plus(found)
            done += len(shard.paths)
            self._progress("finish", done, total, done, counts.pages.get("error", 0))
        return counts

    def _finished(
        self, pool: Pool, shards: Sequence[Shard], comparison: Comparison
    ) -> Iterator[tuple[Shard, Counts]]:
        ready: list[tuple[Shard, Counts]] = []

        def todo() -> Iterator[FinishTask]:
            start = 0
            for shard in shards:
                numbers = range(start, start + len(shard.paths))
                start += len(shard.paths)
                known = self._folder.read_part(shard.number, "counts")
                if known is None:
                    yield FinishTask(shard, comparison.paths(numbers), comparison.verdicts(numbers))
                else:
                    ready.append((shard, Counts.from_json(known)))

        for task, found in pool.run(todo()):
            yield task.shard, found
        yield from ready

    # ------------------------------------------------------------ publish

    def _publish(self, shards: Sequence[Shard]) -> None:
        """The lists, and the outputs of containers, put together from what each chunk gave."""
        by_container: dict[str, list[int]] = {}
        for shard in shards:
            if shard.container:
                by_container.setdefault(shard.container, []).append(shard.number)
        for name, numbers in by_container.items():
            self._folder.join(os.path.join(store.CLEAN, f"{name}.jsonl"), numbers, "output")
        for name in store.LISTS:
            self._folder.join(name, [shard.number for shard in shards], name)

    def _close(self, counts: Counts, comparison: Comparison) -> Summary:
        summary = counts.summary(self._folder.dest, self._seconds)
        if self._report:
            write_report(self._report, self._folder.dest, self._options.rendering.format)
        record = _run_record(self._state, self._options, summary, comparison)
        self._folder.put(os.path.join(self._folder.dest, store.RUN), [_indented(record)], sync=True)
        self._folder.finish()
        return summary


# ---------------------------------------------------------------- records


@dataclass(frozen=True, slots=True)
class Shard:
    """A prepared chunk: what the work folder holds of it.

    `sizes` are the bytes of each kept page, `container` is the file that its records came from.
    """

    number: int
    paths: tuple[str, ...]
    sizes: tuple[int, ...]
    failed: int = 0
    container: str | None = None

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Shard:
        record = json.loads(data)
        return cls(**{**record, "paths": tuple(record["paths"]), "sizes": tuple(record["sizes"])})


#: A chunk to prepare, and its number.
ChunkTask = tuple[int, Chunk]


@dataclass(frozen=True, slots=True)
class FinishTask:
    """A shard to finish: the final paths of its pages, and what the others say about each."""

    shard: Shard
    paths: tuple[str, ...]
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """Finished pages in numbers; they add up."""

    pages: Mapping[str, int] = field(default_factory=dict)
    blocks: Mapping[str, int] = field(default_factory=dict)
    chars: Mapping[str, int] = field(default_factory=dict)
    chars_in: int = 0
    chars_kept: int = 0

    def plus(self, other: Counts) -> Counts:
        return Counts(
            dict(Counter(self.pages) + Counter(other.pages)),
            dict(Counter(self.blocks) + Counter(other.blocks)),
            dict(Counter(self.chars) + Counter(other.chars)),
            self.chars_in + other.chars_in,
            self.chars_kept + other.chars_kept,
        )

    def summary(self, dest: str, seconds: Mapping[str, float]) -> Summary:
        removed = {reason: (self.blocks[reason], self.chars.get(reason, 0)) for reason in sorted(self.blocks)}
        pages = dict(sorted(self.pages.items()))
        return Summary(dest, pages, self.chars_in, self.chars_kept, removed, seconds)

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Counts:
        return cls(**json.loads(data))


def count(finished: Iterable[FinishedPage]) -> Counts:
    """What these pages add to the totals."""
    pages: Counter[str] = Counter()
    blocks: Counter[str] = Counter()
    chars: Counter[str] = Counter()
    chars_in = chars_kept = 0
    for page in finished:
        pages[page.page["status"]] += 1
        chars_in += page.page["chars_in"]
        chars_kept += page.page["chars_kept"]
        for reason, (number, length) in page.removed.items():
            blocks[reason] += number
            chars[reason] += length
    return Counts(dict(pages), dict(blocks), dict(chars), chars_in, chars_kept)


# ---------------------------------------------------------------- in the workers


@dataclass(frozen=True, slots=True)
class _Setup:
    """What every worker of a run knows."""

    plan: Plan  # without its files: only where they are
    options: BulkOptions
    folder: store.Folder


def _reading(setup: _Setup) -> Work:
    """Cuts a container into chunks."""

    def work(file: SourceFile, failed: Mapping[int, str], begin: Begin) -> Iterator[Chunk]:
        options = setup.options
        source = container_chunks(setup.plan, file, options.fields, options.limits)
        return _one_by_one(source, begin)

    return work


def _working(setup: _Setup) -> Work:
    """Prepares chunks and finishes shards."""
    from .clean import Cleaner

    cleaner = Cleaner(setup.options.clean)
    if not setup.options.already_clean:
        cleaner.clean("<p>Everything it needs is read now: a bad lexicon fails the run, not its pages.</p>")

    def work(task: ChunkTask | FinishTask, failed: Mapping[int, str], begin: Begin) -> Iterator[Any]:
        if isinstance(task, FinishTask):
            begin(TOGETHER, len(task.paths))
            yield _finish_shard(setup, task)
        else:
            yield _prepare_chunk(setup, cleaner, task, failed, begin)

    return work


def _prepare_chunk(
    setup: _Setup, cleaner: Cleaner, task: ChunkTask, failed: Mapping[int, str], begin: Begin
) -> Shard:
    """Cleans, signs and keeps the pages of a chunk."""
    from .bulk_compare import sign

    number, chunk = task
    options, folder = setup.options, setup.folder
    raw = pages(setup.plan, chunk, options.fields, options.limits, failed)
    if options.encoding:
        raw = (replace(page, encoding=options.encoding) for page in raw)
    found = prepare(raw, cleaner, options.already_clean, options.rendering.format == "json")
    cleaned = list(_one_by_one(found, begin))
    begin(TOGETHER, len(cleaned))
    folder.put(folder.part(number, "signed"), [sign(cleaned)])
    sizes = folder.write_pages(number, cleaned, pack=not options.already_clean)
    shard = Shard(
        number,
        tuple(page.path for page in cleaned),
        tuple(sizes),
        sum(page.error is not None for page in cleaned),
        chunk.files[0].name if chunk.pages or chunk.length else None,
    )
    folder.put(folder.part(number, "shard"), [shard.to_json()])
    return shard


def _finish_shard(setup: _Setup, task: FinishTask) -> Counts:
    """Writes the outputs of a shard's pages, and their rows."""
    shard, folder, rendering = task.shard, setup.folder, setup.options.rendering
    cleaned = map(renamed, folder.read_pages(shard.number, shard.sizes), task.paths)
    finished = list(finish(cleaned, task.verdicts, rendering))
    if shard.container:
        folder.put(folder.part(shard.number, "output"), _records(finished, rendering))
    else:
        _write_outputs(folder, finished, rendering)
    for name, lines in _lines(finished, shard.container).items():
        folder.put(folder.part(shard.number, name), lines)
    counts = count(finished)
    folder.put(folder.part(shard.number, "counts"), [counts.to_json()])
    return counts


def _one_by_one(items: Iterator[Any], begin: Begin) -> Iterator[Any]:
    """The items, with word of each before it is made."""
    at = 0
    while True:
        begin(at)
        try:
            item = next(items)
        except StopIteration:
            return
        yield item
        at += 1


def _records(finished: Iterable[FinishedPage], rendering: Rendering) -> Iterator[bytes]:
    """The output lines of a container: each record's own fields, and its cleaned text."""
    for page in finished:
        record = page.record or b"{}"
        if page.output is not None:
            text = json.loads(page.output) if rendering.format == "json" else page.output
            yield record_line(record, {TEXT_FIELD: text})
        elif page.link is not None:
            yield record_line(record, {TEXT_FIELD: None, "duplicate_of": page.link})


def _write_outputs(folder: store.Folder, finished: Iterable[FinishedPage], rendering: Rendering) -> None:
    from .writer import encode

    for page in finished:
        place = folder.clean(page.page["path"] + rendering.suffix)
        if page.output is not None:
            folder.put(place, [encode(page.output)])
        elif page.link is not None and "#" not in page.link:
            folder.put_link(place, folder.clean(page.link + rendering.suffix))


def _lines(finished: Sequence[FinishedPage], container: str | None) -> dict[str, Iterable[bytes]]:
    """What the pages add to each of the lists."""
    file = {"file": container} if container else {}
    return {
        "pages.jsonl": (row_line(page.page) for page in finished),
        "removals.jsonl": (page.removals for page in finished),
        "errors.jsonl": (row_line(page.error) for page in finished if page.error),
        "blocks.jsonl": (row_line(page.blocks | file) for page in finished if page.blocks),
    }


# ---------------------------------------------------------------- small parts


def _silent(stage: str, done: int, total: int | None, pages: int, failed: int) -> None:
    pass


def _read_container(reader: Reader, file: SourceFile) -> Iterator[Chunk]:
    try:
        yield from reader.read(file)
    except InputError as error:
        yield Chunk((replace(file, problem=str(error)),))


def _totals(shards: Iterable[Shard]) -> tuple[int, int]:
    sizes = [(len(shard.paths), shard.failed) for shard in shards]
    return sum(pages for pages, _ in sizes), sum(failed for _, failed in sizes)


def _total_bytes(plan: Plan) -> int | None:
    from .sources_records import needs_reader

    return None if any(map(needs_reader, plan.files)) else sum(file.size for file in plan.files)


def _state(plan: Plan, options: BulkOptions) -> dict[str, Any]:
    """What must be the same when a run is resumed; every value is plain JSON."""
    from . import __version__

    clean = options.clean
    state = {
        "work folder": _FORMAT,
        "dedupe": __version__,
        "sources": plan.digest(),
        "--duplicates": options.rendering.duplicates,
        "--format": options.rendering.format,
        "--body-only": options.rendering.body_only,
        "--already-clean": options.already_clean,
        "--encoding": options.encoding,
        "--keep": sorted(clean.keep),
        "--drop": sorted(clean.drop),
        "--input": clean.input,
        "--lexicons": _lexicons_digest(clean.lexicons),
        "limits": asdict(options.limits),
        "fields": asdict(options.fields),
    }
    return dict(json.loads(json.dumps(state)))


def _lexicons_digest(folder: Path | None) -> str | None:
    if folder is None:
        return None
    seen = hashlib.sha256()
    for path in sorted(folder.glob("*.toml")):
        seen.update(path.name.encode("utf-8", "surrogatepass") + b"\0" + path.read_bytes() + b"\0")
    return seen.hexdigest()


def _run_record(
    state: Mapping[str, Any], options: BulkOptions, summary: Summary, comparison: Comparison
) -> dict[str, Any]:
    return {
        "state": state,
        "python": sys.version.split()[0],
        "jobs": options.jobs,
        "pages": summary.pages,
        "clusters": comparison.clusters,
        "chars_in": summary.chars_in,
        "chars_kept": summary.chars_kept,
        "removed": summary.removed,
        "seconds": summary.seconds,
    }


def _summary(dest: str, record: Mapping[str, Any]) -> Summary:
    removed = {reason: (blocks, chars) for reason, (blocks, chars) in record["removed"].items()}
    return Summary(
        dest, record["pages"], record["chars_in"], record["chars_kept"], removed, record["seconds"]
    )


def _indented(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, indent=2) + "\n").encode()
