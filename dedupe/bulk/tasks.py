"""What the processes of a run are handed, and what they count."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from dedupe.bulk.records import FinishedPage, PageDecision, Rendering
from dedupe.options import Options
from dedupe.sources.chunks import Chunk
from dedupe.sources.limits import Limits
from dedupe.sources.records import Fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dedupe.bulk.folder import Folder
    from dedupe.sources.find import Plan


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
        report: a file for a page that shows what came in, stayed and went.
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
    report: str | None = None

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
    verdicts: tuple[PageDecision, ...]
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


def unique_names(shards: Iterable[Shard]) -> tuple[str, ...]:
    """The pages' paths; where records share an id, the later ones get a number behind it."""
    seen: set[str] = set()
    names = []
    for path in (path for shard in shards for path in shard.paths):
        name, number = path, 1
        while name in seen:
            number += 1
            name = f"{path}~{number}"
        seen.add(name)
        names.append(name)
    return tuple(names)
