"""Articles as they are prepared and signed: the columns that everything across pages works on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dedupe.text.ragged import I64, U16, U32, U64, Mask, entries, offsets

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

# A code has 16 bits: 8 of the word's hash, then one for each kind of word.
HASH, WIDE, NUMBER, OPENS, YEAR, BLOCK, TIME = 0xFF, 1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13


class Coded(NamedTuple):
    """Articles as codes: article i has those from `bounds[i]` to `bounds[i + 1]`."""

    codes: U16
    bounds: I64


F16 = npt.NDArray[np.float16]
F32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Document:
    """An article as the corpus stages take it: its body blocks, where and when it was published.

    `key` names the page and is unique in the corpus; `date` is an ISO date or "".
    """

    key: str
    blocks: tuple[str, ...]
    site: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Signatures:
    """What is kept of a batch of articles: arrays, and three strings an article.

    `digests` hash all words of an article, `units` are its length. `samples` are the sampled shingles, with
    the bit `NUMERIC`: article i has those from `sample_at[i]` to `sample_at[i + 1]`; likewise `sentences`,
    hashes of sentences with that bit and their `lengths` in half units, and `blocks`, the keys of blocks as
    site templates know them (`block_keys`), with the lengths of what these speak of and the numbers of
    sentences and samples that begin in them (an article of no site may be without). `bands` are MinHash band
    keys, a row for each article in `banded`. `codes` are the words of each article as `sides` compares them,
    two bytes a word, for an index to keep; a corpus that has the texts goes without (b"").
    """

    keys: tuple[str, ...]
    sites: tuple[str, ...]
    dates: tuple[str, ...]
    digests: U64
    units: F32
    samples: U32
    sample_at: I64
    sentences: U32
    lengths: U16
    sentence_at: I64
    blocks: U64
    block_units: F16
    block_sentences: U16
    block_samples: U16
    block_at: I64
    bands: U64
    banded: I64
    codes: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.keys)


OF_BLOCKS = ("blocks", "block_units", "block_sentences", "block_samples")


def in_template(signed: Signatures, templates: Mapping[str, Collection[int]]) -> Mask:
    """Which blocks of a corpus belong to their site."""
    of_site = defaultdict(list)
    for article, site in enumerate(signed.sites):
        if site in templates:
            of_site[site].append(article)
    found = np.zeros(len(signed.blocks), np.bool_)
    for site, articles in of_site.items():
        at, _ = entries(signed.block_at, np.array(articles, np.int64))
        keys = templates[site]
        found[at] = np.isin(signed.blocks[at], np.fromiter(keys, np.uint64, len(keys)))
    return found


def joined(batches: Iterable[Signatures]) -> Signatures:
    """Batches one after the other as one, at least one; each can be forgotten once it is taken."""
    columns: dict[str, Any] = {}
    size = 0
    for part in batches:
        for field in fields(Signatures):
            _append(columns, field.name, getattr(part, field.name), size)
        size += len(part)
    return Signatures(**{name: _array(name, *column) for name, column in columns.items()})


def _append(columns: dict[str, Any], name: str, values: Any, size: int) -> None:
    """Add the values of a batch, `size` articles before it, to a column."""
    if isinstance(values, tuple):
        columns.setdefault(name, (tuple, []))[1].extend(values)
        return
    if name.endswith("_at"):
        values = np.diff(values)
    elif name == "banded":
        values = values + size
    # a bytearray grows in its place: two copies of a column never exist
    kind = (values.dtype, values.shape[1:])
    columns.setdefault(name, (kind, bytearray()))[1].extend(np.ascontiguousarray(values).view(np.uint8).data)


def _array(name: str, kind: Any, values: Any) -> Any:
    """A column of `Signatures` from what `_append` gathered."""
    if kind is tuple:
        return tuple(values)
    dtype, shape = kind
    found = np.frombuffer(values, dtype).reshape(-1, *shape)
    return offsets(found) if name.endswith("_at") else found
