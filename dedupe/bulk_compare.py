"""Compares the prepared pages of a run with each other: which are copies, what is a site's template.

The engine is `corpus`; here its batches are signed in the workers, kept in the work folder, and put
together again.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from .bulk_stages import CleanedPage, Verdict, article_blocks
from .corpus import Prepared, Signed
from .corpus import sign as sign_articles

if TYPE_CHECKING:
    from .bulk import Shard
    from .bulk_store import Folder


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing found, by the pages' numbers in path order.

    `names` are the pages' final paths, each once in the run; `found` has the pages of which something is
    to be said.
    """

    names: tuple[str, ...]
    found: Mapping[int, Verdict] = field(default_factory=dict)
    clusters: int = 0

    def paths(self, numbers: Iterable[int]) -> tuple[str, ...]:
        return tuple(self.names[number] for number in numbers)

    def verdicts(self, numbers: Iterable[int]) -> tuple[Verdict, ...]:
        nothing = Verdict()
        return tuple(self.found.get(number, nothing) for number in numbers)


def prepared(page: CleanedPage) -> Prepared:
    """A cleaned page as the engine takes it; without blocks if it failed."""
    result = page.result
    if result is None:
        return Prepared(page.path, ())
    blocks = tuple(block.text for block in article_blocks(result))
    return Prepared(page.path, blocks, page.site, result.date or "")


def sign(pages: Sequence[CleanedPage]) -> bytes:
    """The signatures of a batch of pages, as the work folder keeps them."""
    signed = sign_articles([prepared(page) for page in pages])
    values = {item.name: getattr(signed, item.name) for item in fields(Signed)}
    arrays = {name: _array(value) for name, value in values.items()}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def signed(data: bytes) -> Signed:
    """Reads back what `sign` gave."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        values = {item.name: arrays[item.name] for item in fields(Signed)}
    return Signed(**{name: _value(name, value) for name, value in values.items()})


def _array(value: Any) -> Any:
    return np.frombuffer(json.dumps(value).encode(), np.uint8) if isinstance(value, tuple) else value


def _value(name: str, array: Any) -> Any:
    return tuple(json.loads(array.tobytes())) if name in ("keys", "sites", "dates") else array


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


def compare(folder: Folder, shards: Sequence[Shard], jobs: int) -> Comparison:
    """Find copies and templates among all pages of a run."""
    return Comparison(unique_names(shards))
