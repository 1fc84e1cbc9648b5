"""What the worker processes of a bulk run do, and the records that it goes by."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .bulk_stages import (
    FinishedPage,
    Rendering,
    Verdict,
    finish,
    output_line,
    prepare,
    renamed,
    row_line,
)
from .bulk_store import CLEAN, Folder
from .options import Options
from .pool import CRASHED, TOGETHER, Begin, Work
from .sources import Limits, Plan, SourceFile, output_name
from .sources_chunks import Chunk, container_chunks, content_digest, pages
from .sources_records import Fields

if TYPE_CHECKING:
    from .cleaner import Cleaner


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
        follow_links: read what links out of the sources lead to, too.
        index: the address of an index; pages that are copies of what earlier runs left there are duplicates.
    """

    clean: Options = field(default_factory=Options)
    fields: Fields = field(default_factory=Fields)
    limits: Limits = field(default_factory=Limits)
    rendering: Rendering = field(default_factory=Rendering)
    already_clean: bool = False
    encoding: str | None = None
    jobs: int = 1
    follow_links: bool = False
    index: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "rendering", replace(self.rendering, keep=self.clean.keep))


@dataclass(frozen=True, slots=True)
class Shard:
    """A prepared chunk: what the work folder holds of it.

    `sizes` are the bytes of each kept page, `container` is the file that its records came from, `crashed`
    says whether a page failed for no reason of its own, perhaps: workers were killed at it. `content` is the
    fingerprint of what it was read from, `claimed` the places of pages whose URL only they themselves say.
    """

    number: int
    paths: tuple[str, ...]
    sizes: Sequence[int]
    failed: int = 0
    container: str | None = None
    crashed: bool = False
    content: str = ""
    claimed: tuple[int, ...] = ()

    def to_json(self) -> bytes:
        return json.dumps({**asdict(self), "sizes": [*self.sizes]}).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Shard:
        record = json.loads(data)
        # an array: all pages' sizes are kept through the run
        sizes, claimed = array("Q", record["sizes"]), tuple(record.get("claimed", ()))
        return cls(**{**record, "paths": tuple(record["paths"]), "sizes": sizes, "claimed": claimed})


#: A chunk to prepare, and its number.
ChunkTask = tuple[int, Chunk]


@dataclass(frozen=True, slots=True)
class FinishTask:
    """A shard to finish: the final paths of its pages, and what the others say about each.

    `linkable` are those of the pages kept instead of them that have a file of their own.
    """

    shard: Shard
    paths: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    linkable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Counts:
    """Finished pages in numbers; they add up."""

    pages: Mapping[str, int] = field(default_factory=dict)
    blocks: Mapping[str, int] = field(default_factory=dict)
    chars: Mapping[str, int] = field(default_factory=dict)
    chars_in: int = 0
    chars_kept: int = 0
    seen: Mapping[str, int] = field(default_factory=dict)

    def plus(self, other: Counts) -> Counts:
        return Counts(
            _added(self.pages, other.pages),
            _added(self.blocks, other.blocks),
            _added(self.chars, other.chars),
            self.chars_in + other.chars_in,
            self.chars_kept + other.chars_kept,
            _added(self.seen, other.seen),
        )

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Counts:
        return cls(**json.loads(data))


def _added(ours: Mapping[str, int], theirs: Mapping[str, int]) -> dict[str, int]:
    return {name: ours.get(name, 0) + theirs.get(name, 0) for name in {**ours, **theirs}}


def count(finished: Iterable[FinishedPage]) -> Counts:
    """What these pages add to the totals."""
    pages: Counter[str] = Counter()
    blocks: Counter[str] = Counter()
    chars: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    chars_in = chars_kept = 0
    for page in finished:
        if "seen" in page.page:
            seen[page.page["seen"]] += 1
        pages[page.page["status"]] += 1
        chars_in += page.page["chars_in"]
        chars_kept += page.page["chars_kept"]
        for reason, (number, length) in page.removed.items():
            blocks[reason] += number
            chars[reason] += length
    return Counts(dict(pages), dict(blocks), dict(chars), chars_in, chars_kept, dict(seen))


# ---------------------------------------------------------------- in the workers


@dataclass(frozen=True, slots=True)
class Setup:
    """What every worker of a run knows."""

    plan: Plan  # without its files: only where they are
    options: BulkOptions
    folder: Folder


def reading(setup: Setup) -> Work:
    """Cuts a container into chunks."""

    def work(file: SourceFile, failed: Mapping[int, str], begin: Begin) -> Iterator[Chunk]:
        options = setup.options
        source = container_chunks(setup.plan, file, options.fields, options.limits)
        return one_by_one(source, begin)

    return work


def working(setup: Setup) -> Work:
    """Prepares chunks, compares lots of pairs, and finishes shards."""
    from .bulk_compare import LotTask
    from .cleaner import Cleaner

    cleaner = Cleaner(setup.options.clean)
    if not setup.options.already_clean:
        cleaner.clean("<p>Everything it needs is read now: a bad lexicon fails the run, not its pages.</p>")

    def work(
        task: ChunkTask | LotTask | FinishTask, failed: Mapping[int, str], begin: Begin
    ) -> Iterator[Any]:
        if isinstance(task, FinishTask):
            begin(TOGETHER, len(task.paths))
            yield _finish_shard(setup, task)
        elif isinstance(task, LotTask):
            begin(TOGETHER, len(task.pages))
            yield None if failed else task.evidence(setup.folder)
        else:
            yield _prepare_chunk(setup, cleaner, task, failed, begin)

    return work


def _prepare_chunk(
    setup: Setup, cleaner: Cleaner, task: ChunkTask, failed: Mapping[int, str], begin: Begin
) -> Shard:
    """Cleans, signs and keeps the pages of a chunk."""
    from .bulk_compare import sign

    number, chunk = task
    options, folder = setup.options, setup.folder
    content = content_digest(setup.plan, chunk)  # first: what changes later is noticed, not missed
    raw = pages(setup.plan, chunk, options.fields, options.limits, failed)
    if options.encoding:
        raw = (replace(page, encoding=options.encoding) for page in raw)
    found = prepare(raw, cleaner, options.already_clean, options.rendering.format == "json")
    cleaned = list(one_by_one(found, begin))
    begin(TOGETHER, len(cleaned))
    folder.put(folder.part(number, "signed"), [sign(cleaned)])
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


def one_by_one(items: Iterator[Any], begin: Begin) -> Iterator[Any]:
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


def _write_outputs(
    folder: Folder, finished: Iterable[FinishedPage], rendering: Rendering, linkable: Collection[str]
) -> None:
    from .writer import encode

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
