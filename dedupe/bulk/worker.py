"""What the worker processes of a bulk run do, and the records that it goes by."""

from __future__ import annotations

from array import array
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dedupe.bulk.compare import PairBatchTask, compute_signatures
from dedupe.bulk.finish import finish, output_line, renamed
from dedupe.bulk.folder import CLEAN, Folder
from dedupe.bulk.prepare import prepare
from dedupe.bulk.records import FinishedPage, Rendering, row_line
from dedupe.bulk.tasks import ChunkTask, Counts, FinishTask, Setup, Shard, count
from dedupe.cleaning.cleaner import Cleaner
from dedupe.output.safe import encode
from dedupe.sources.chunks import Chunk, container_chunks, content_digest, pages
from dedupe.sources.find import SourceFile, output_name
from dedupe.workers import CRASHED, TOGETHER, Begin, Work, one_by_one

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence


def reading(setup: Setup) -> Work:
    """Cuts a container into chunks."""

    def work(file: SourceFile, failed: Mapping[int, str], begin: Begin) -> Iterator[Chunk]:
        options = setup.options
        source = container_chunks(setup.plan, file, options.fields, options.limits)
        return one_by_one(source, begin)

    return work


def working(setup: Setup) -> Work:
    """Prepares chunks, compares lots of pairs, and finishes shards."""
    cleaner = Cleaner(setup.options.clean)
    if not setup.options.already_clean:
        cleaner.clean("<p>Everything it needs is read now: a bad lexicon fails the run, not its pages.</p>")

    def work(
        task: ChunkTask | PairBatchTask | FinishTask, failed: Mapping[int, str], begin: Begin
    ) -> Iterator[Any]:
        if isinstance(task, FinishTask):
            begin(TOGETHER, len(task.paths))
            yield _finish_shard(setup, task)
        elif isinstance(task, PairBatchTask):
            begin(TOGETHER, len(task.pages))
            yield None if failed else task.evidence(setup.folder)
        else:
            yield _prepare_chunk(setup, cleaner, task, failed, begin)

    return work


def _prepare_chunk(
    setup: Setup, cleaner: Cleaner, task: ChunkTask, failed: Mapping[int, str], begin: Begin
) -> Shard:
    """Cleans, signs and keeps the pages of a chunk."""
    number, chunk = task
    options, folder = setup.options, setup.folder
    content = content_digest(setup.plan, chunk)  # first: what changes later is noticed, not missed
    raw = pages(setup.plan, chunk, options.fields, options.limits, failed)
    if options.encoding:
        raw = (replace(page, encoding=options.encoding) for page in raw)
    found = prepare(raw, cleaner, options.already_clean, options.rendering.format == "json")
    cleaned = list(one_by_one(found, begin))
    begin(TOGETHER, len(cleaned))
    folder.put(folder.part(number, "signed"), [compute_signatures(cleaned)])
    sizes = folder.write_pages(number, cleaned, pack=not options.already_clean)
    shard = Shard(
        number,
        tuple(page.path for page in cleaned),
        array("Q", sizes),
        sum(page.error is not None for page in cleaned),
        chunk.files[0].name if chunk.pages or chunk.length else None,
        any(reason.startswith(CRASHED) for reason in failed.values()),
        content,
        tuple(at for at, page in enumerate(cleaned) if page.url_is_claimed),
    )
    folder.put(folder.part(number, "shard"), [shard.to_json()])
    return shard


def _finish_shard(setup: Setup, task: FinishTask) -> Counts:
    """Writes the outputs of a shard's pages, and their rows."""
    shard, folder, rendering = task.shard, setup.folder, setup.options.rendering
    cleaned = map(renamed, folder.read_pages(shard.number, shard.sizes), task.paths)
    finished = list(finish(cleaned, task.verdicts, rendering))
    _tell_of_names(finished, shard.container, rendering)
    if shard.container:
        output = (output_line(page, page.record or b"{}", rendering) for page in finished)
        folder.put(folder.part(shard.number, "output"), filter(None, output))
    else:
        _write_outputs(folder, finished, rendering, task.linkable)
    for name, lines in _lines(finished, shard.container).items():
        folder.put(folder.part(shard.number, name), lines)
    counts = count(finished)
    folder.put(folder.part(shard.number, "counts"), [counts.to_json()])
    return counts


def _write_outputs(
    folder: Folder, finished: Iterable[FinishedPage], rendering: Rendering, linkable: Collection[str]
) -> None:
    for page in finished:
        place = folder.clean(page.page["path"] + rendering.suffix)
        if page.output is not None:
            folder.put(place, [encode(page.output)])
        elif page.link in linkable:
            folder.put_link(place, folder.clean(f"{page.link}{rendering.suffix}"))


def _tell_of_names(finished: Iterable[FinishedPage], container: str | None, rendering: Rendering) -> None:
    """Say in the rows of pages which output has another name than theirs."""
    for page in finished:
        name = f"{container}.jsonl" if container else page.page["path"] + rendering.suffix
        if page.output is not None and output_name(name) != name:
            warning = f"the name of its output would be too long: it is {CLEAN}/{output_name(name)}"
            page.page["warnings"] = (*page.page["warnings"], warning)


def _lines(finished: Sequence[FinishedPage], container: str | None) -> dict[str, Iterable[bytes]]:
    """What the pages add to each of the lists."""
    file = {"file": container} if container else {}
    return {
        "pages.jsonl": (row_line(page.page) for page in finished),
        "removals.jsonl": (page.removals for page in finished),
        "errors.jsonl": (row_line(page.error) for page in finished if page.error),
        "blocks.jsonl": (row_line(page.blocks | file) for page in finished if page.blocks),
    }
