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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from dedupe._version import __version__
from dedupe.bulk import folder as store
from dedupe.bulk.compare import compare
from dedupe.bulk.places import check_places
from dedupe.bulk.seen_before import RunPages, keep_said, look_up, said_before, store_pages
from dedupe.bulk.state import printable_state, run_state
from dedupe.bulk.tasks import BulkOptions, ChunkTask, Counts, FinishTask, Setup, Shard
from dedupe.bulk.worker import reading, working
from dedupe.errors import InputError, OptionsError
from dedupe.index.index import open_index
from dedupe.sources.chunks import Chunk, chunks, content_digest, needs_reader
from dedupe.sources.find import Plan, SourceFile, find
from dedupe.workers import Job, Pool, Reader, Work

if TYPE_CHECKING:
    from dedupe.bulk.compare import Comparison


#: Told now and then how far a stage is: its name, bytes done, bytes in all (None: unknown), pages, failed.
Progress = Callable[[str, int, int | None, int, int], None]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run did: `pages` by status, `removed` blocks and characters by reason, seconds by stage.

    `outside` names links out of the sources that were left out, `seen` counts the pages that an index has
    under their keys: "known" with the same words, "updated" with others.
    """

    dest: str
    pages: Mapping[str, int]
    chars_in: int = 0
    chars_kept: int = 0
    removed: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    outside: tuple[str, ...] = ()
    seen: Mapping[str, int] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        return self.pages.get("error", 0)


def run(
    sources: Sequence[str],
    dest: str,
    options: BulkOptions,
    *,
    mode: str = "new",
    progress: Progress | None = None,
) -> RunSummary:
    """Clean all pages of `sources` together, into the folder `dest`.

    `mode` is "new", "resume" (go on with an unfinished run) or "overwrite" (replace an earlier one).

    Raises:
        OptionsError: a source or `dest` will not do, or a resumed run had other options.
        OutputError: an output cannot be written; what is done so far is kept for "resume".
        StoreError: the index cannot be opened, read or written; the same holds.
    """
    plan, state = checked(sources, dest, options, mode=mode)
    done = store.finished_run(dest) if mode == "resume" else None
    if done and not done.get("crashed"):
        if done["state"].get(store.IDENTITY) != state[store.IDENTITY]:
            _check_contents(plan, dest, options, done)
        store.Folder(dest).finish()
        if options.report:
            _write_report(options.report, dest, options)
        return _summary(dest, done)
    if options.index:
        _check_index(options.index)
    before = _said_before(dest, plan, options) if mode == "overwrite" or done else {}
    with store.opened(dest, state, mode == "overwrite") as folder:
        if done:
            folder.reopen()
        if before:
            keep_said(folder, before)
        return _Run(plan, options, folder, state, progress or _silent).go()


def checked(
    sources: Sequence[str], dest: str, options: BulkOptions, *, mode: str = "new"
) -> tuple[Plan, dict[str, Any]]:
    """What a run would read, and the state that it could be resumed with; nothing is written.

    Raises:
        OptionsError: as `run`.
    """
    plan = find(sources, options.rendering.suffix, options.follow_links)
    check_places(plan, dest, options.report, options.index)
    state = run_state(plan, options)
    store.check(dest, state, mode, [os.path.relpath(options.report, dest)] if options.report else [])
    return plan, state


@dataclass(slots=True)
class _Run:
    """One run from its first page to its last output."""

    _plan: Plan
    _options: BulkOptions
    _folder: store.Folder
    _state: Mapping[str, Any]
    _progress: Progress
    _seconds: dict[str, float] = field(default_factory=dict)

    def go(self) -> RunSummary:
        with Pool(self._job(working), self._options.jobs) as pool:
            prepared = self._timed("prepare", lambda: self._prepare(pool))
            comparison = self._timed("compare", lambda: self._compare(pool, prepared))
            counts = self._timed("finish", lambda: self._finish(pool, prepared, comparison))
        self._publish(prepared)
        if self._options.index:
            self._timed("remember", lambda: self._remember(prepared, comparison))
        return self._close(counts, comparison, prepared)

    def _timed(self, name: str, stage: Callable[[], Any]) -> Any:
        start = time.monotonic()
        result = stage()
        self._seconds[name] = round(time.monotonic() - start, 3)
        return result

    def _job(self, work: Callable[[Setup], Work]) -> Job:
        setup = Setup(Plan(self._plan.root, ()), self._options, self._folder)
        return Job(partial(work, setup), self._options.limits.seconds, self._options.limits.memory)

    # ------------------------------------------------------------ prepare

    def _prepare(self, pool: Pool) -> list[Shard]:
        """Every chunk of the input cleaned, signed and kept in the work folder."""
        shards: dict[int, Shard] = {}
        total = _total_bytes(self._plan)
        done = pages = failed = 0
        with Reader(self._job(reading)) as reader:
            for number, (chunk, shard) in self._prepared(reader, pool):
                shards[number] = shard
                done += chunk.length or sum(file.size for file in chunk.files if not chunk.pages)
                pages += len(shard.paths)
                failed += shard.failed
                self._progress("prepare", done, total, pages, failed)
        return [shards[number] for number in sorted(shards)]

    def _prepared(self, reader: Reader, pool: Pool) -> Iterator[tuple[int, tuple[Chunk, Shard]]]:
        ready: list[tuple[int, tuple[Chunk, Shard]]] = []
        is_untouched = self._folder.state().get(store.IDENTITY) == self._state[store.IDENTITY]

        def todo() -> Iterator[ChunkTask]:
            for number, chunk in enumerate(chunks(self._plan, partial(_read_container, reader))):
                known = self._folder.read_part(number, "shard")
                shard = Shard.from_json(known) if known else None
                if shard and not is_untouched and content_digest(self._plan, chunk) != shard.content:
                    raise OptionsError(store.CHANGED.format(self._folder.dest))
                if shard is None or shard.crashed:  # what went wrong with another run may go well now
                    yield number, chunk
                else:
                    ready.append((number, (chunk, shard)))

        for (number, chunk), shard in pool.run(todo()):
            yield number, (chunk, shard)
        yield from ready

    # ------------------------------------------------------------ compare

    def _compare(self, pool: Pool, shards: Sequence[Shard]) -> Comparison:
        self._progress("compare", 0, None, *_totals(shards))
        found = compare(self._folder, shards, pool.run)
        if self._options.index is None:
            return found

        known = self._options.rendering.known
        return look_up(self._options.index, self._run_pages(shards, found), found, known)

    def _remember(self, shards: Sequence[Shard], comparison: Comparison) -> None:
        store_pages(self._options.index or "", self._run_pages(shards, comparison))

    def _run_pages(self, shards: Sequence[Shard], comparison: Comparison) -> RunPages:
        return RunPages(self._folder, tuple(shards), comparison.names, self._plan.root)

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
        files = _own_files(shards, comparison) if self._options.rendering.duplicates == "link" else set()

        def todo() -> Iterator[FinishTask]:
            start = 0
            for shard in shards:
                numbers = range(start, start + len(shard.paths))
                start += len(shard.paths)
                known = self._folder.read_part(shard.number, "counts")
                if known is None:
                    verdicts = comparison.verdicts(numbers)
                    keepers = {verdict.keeper for verdict in verdicts if verdict.keeper}
                    linkable = frozenset(keepers & files)
                    yield FinishTask(shard, comparison.paths(numbers), verdicts, linkable)
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
            self._folder.join(self._folder.clean(f"{name}.jsonl"), numbers, "output")
        for name in store.LISTS:
            self._folder.join(os.path.join(self._folder.dest, name), [shard.number for shard in shards], name)

    def _close(self, counts: Counts, comparison: Comparison, shards: Sequence[Shard]) -> RunSummary:
        """The end of a run; what it has prepared is kept if pages crashed, for another try."""
        crashed = any(shard.crashed for shard in shards)
        summary = replace(_totals_of(counts, self._folder.dest, self._seconds), outside=self._plan.outside)
        if self._options.report:
            _write_report(self._options.report, self._folder.dest, self._options)
        record = _run_record(self._state, self._options, summary, comparison)
        record |= {
            "root": self._plan.root,
            "crashed": crashed,
            "contents": _together(shard.content for shard in shards),
        }
        self._folder.put(os.path.join(self._folder.dest, store.RUN), [_indented(record)], sync=True)
        if not crashed:
            self._folder.finish()
        return summary


# ---------------------------------------------------------------- small parts


def _silent(stage: str, done: int, total: int | None, pages: int, failed: int) -> None:
    pass


def _check_contents(plan: Plan, dest: str, options: BulkOptions, done: Mapping[str, Any]) -> None:
    """Refuse sources that are not what a finished run has read, though their sizes and times are the same."""
    setup = Setup(Plan(plan.root, ()), options, store.Folder(dest))
    with Reader(Job(partial(reading, setup), options.limits.seconds, options.limits.memory)) as reader:
        found = chunks(plan, partial(_read_container, reader))
        contents = _together(content_digest(plan, chunk) for chunk in found)
    if contents != done.get("contents"):
        raise OptionsError(store.CHANGED.format(dest))


def _together(digests: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _write_report(report: str, dest: str, options: BulkOptions) -> None:
    from dedupe.report.bulk import write_report

    write_report(report, dest, options.rendering.format)


def _read_container(reader: Reader, file: SourceFile) -> Iterator[Chunk]:
    try:
        yield from reader.read(file)
    except InputError as error:
        yield Chunk((replace(file, problem=str(error)),))


def _totals(shards: Iterable[Shard]) -> tuple[int, int]:
    sizes = [(len(shard.paths), shard.failed) for shard in shards]
    return sum(pages for pages, _ in sizes), sum(failed for _, failed in sizes)


def _own_files(shards: Sequence[Shard], comparison: Comparison) -> set[str]:
    """The names of the pages that have a file of their own, as no record has."""
    found: set[str] = set()
    start = 0
    for shard in shards:
        end = start + len(shard.paths)
        found.update(() if shard.container else comparison.names[start:end])
        start = end
    return found


def _total_bytes(plan: Plan) -> int | None:
    return None if any(map(needs_reader, plan.files)) else sum(file.size for file in plan.files)


def _check_index(url: str) -> None:
    """Open the index once, so that a run with one that will not do ends before it begins."""
    open_index(url).close()


def _said_before(dest: str, plan: Plan, options: BulkOptions) -> Mapping[str, str | None]:
    if options.index is None:
        return {}

    return said_before(dest, plan.root, printable_state(options.index))


def _totals_of(counts: Counts, dest: str, seconds: Mapping[str, float]) -> RunSummary:
    removed = {reason: (counts.blocks[reason], counts.chars[reason]) for reason in sorted(counts.blocks)}
    pages = dict(sorted(counts.pages.items()))
    seen = dict(sorted(counts.seen.items()))
    return RunSummary(dest, pages, counts.chars_in, counts.chars_kept, removed, seconds, seen=seen)


def _run_record(
    state: Mapping[str, Any], options: BulkOptions, summary: RunSummary, comparison: Comparison
) -> dict[str, Any]:
    return {
        "state": state,
        "versions": _versions(),
        "jobs": options.jobs,
        "pages": summary.pages,
        "seen": summary.seen,
        "clusters": comparison.clusters,
        "chars_in": summary.chars_in,
        "chars_kept": summary.chars_kept,
        "removed": summary.removed,
        "seconds": summary.seconds,
        "links_left_out": summary.outside,
    }


def _versions() -> dict[str, str]:

    others = {name: version(name) for name in ("lxml", "numpy")}
    return {"dedupe": __version__, "python": sys.version.split()[0], **others}


def _summary(dest: str, record: Mapping[str, Any]) -> RunSummary:
    removed = {reason: (blocks, chars) for reason, (blocks, chars) in record["removed"].items()}
    counts = (record["pages"], record["chars_in"], record["chars_kept"], removed, record["seconds"])
    return RunSummary(dest, *counts, tuple(record.get("links_left_out", ())), record.get("seen", {}))


def _indented(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, indent=2) + "\n").encode()
