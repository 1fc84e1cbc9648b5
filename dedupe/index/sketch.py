"""What an index keeps of an article: a sketch of bounded size that can still be compared with others.

A sketch holds some of the article's sampled shingles, by which copies are found, and its words as codes, by
which they are compared: as in a bulk run, to the word. Longer articles keep the sentences with the smallest
hashes and say up to which hash, so that any two sketches can be cut to what both would have kept.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dedupe.corpus.codes import codes_of, joined_codes, sentence_hashes
from dedupe.corpus.evidence import Evidence, evidence_of
from dedupe.corpus.sides import word_sides
from dedupe.errors import DedupeError
from dedupe.index.thresholds import RULES
from dedupe.text.words import mixed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.corpus.records import Signatures
    from dedupe.text.ragged import F64, U16, U32, U64, Mask

U8 = npt.NDArray[np.uint8]

#: Samples of an article that are kept, the smallest: all of an article of up to some 380 words, as an
#: eighth of its shingles is sampled (FracMinHash: Irber et al. 2022), of longer ones a bottom sketch
#: (Broder 1997).
SAMPLES = 48
#: Words of an article that are kept, by whole sentences: nearly all articles are shorter.
WORDS = 3000
#: MinHash band keys that are kept of an article with few samples, of the 16 that `corpus.signatures` makes:
#: half, for the size of the index, find a copy of Jaccard similarity .7 with a probability of .89 (Broder
#: 1997; Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, ch. 3).
BANDS = 8
#: Samples, as 32-bit numbers, below this are posted: three of eight, so that the posts of any two articles
#: are drawn from the same shingles, however long each is (FracMinHash).
POST_LIMIT = 3 << 29
#: Samples of an article that are posted at least, so that a short one is found, and at most, so that a long
#: one does not fill the index.
POSTS_LEAST, POSTS_MOST = 12, 24
LARGEST = 7000  # bytes of an encoded sketch

_ALL = 0xFFFFFFFF  # a limit that keeps everything: the largest 32-bit number
_HEAD = struct.Struct("<BBBBHQfIII")
_COUNTED = 1  # the bit of the flags that says that the site counts the article
_VALUE_BYTES = 4  # of a sample or band key
_PASSAGE_BYTES = 5  # of the key of a passage
_PASSAGE_SHIFT = 24  # bits of a 64-bit hash that are left out of the key of a passage, which has 40
_LIMIT_SHIFT = 32  # bits of a sentence's 64-bit hash that are left out where it is compared with a limit
_DIGEST_SHIFT = 17  # bits of an article's digest below those of its post; which ones does not matter
_SITE_FACTOR = 0x9E3779B1  # odd, so that each site salts the keys of its passages in its own way
_CACHED = 1 << 10  # names whose hashes are remembered, as are sites' keys


@dataclass(frozen=True, slots=True)
class Sketch:
    """An article as an index knows it.

    `digest` hashes all its words, `units` is its length, `site` a hash of its site (0: none). `samples` stand
    in text order, cut to those below `sample_limit`; `words` are its codes, packed, of sentences with hashes
    below `sentence_limit`. `bands` are MinHash band keys of a short article, `passages` the keys of blocks as
    its site knows them; `counted` says that the site counts them for this article.
    """

    digest: int
    units: float
    site: int
    samples: U32
    sample_limit: int
    words: bytes
    sentence_limit: int
    bands: U32
    passages: tuple[int, ...]
    counted: bool = False

    @property
    def codes(self) -> U16:
        """The codes of the article's words.

        Raises:
            DedupeError: they are damaged.
        """
        try:
            planes = np.frombuffer(zlib.decompress(self.words), np.uint8).reshape(2, -1)
        except (zlib.error, ValueError) as error:
            raise DedupeError(f"not the words of a sketch: {error}") from error
        return np.asarray(planes[0] | (planes[1].astype(np.uint16) << np.uint16(8)), np.uint16)

    def posts(self) -> list[int]:
        """32-bit keys under which the article is found; those of a copy are partly the same."""
        values = sorted({*self.samples.tolist()})
        count = max(POSTS_LEAST, min(POSTS_MOST, bisect_left(values, POST_LIMIT)))
        return [*dict.fromkeys([*values[:count], *self.bands.tolist()])]

    def sought(self) -> list[int]:
        """The keys under which copies of the article are looked for: also those that longer ones may have."""
        return [*dict.fromkeys([*sorted({*self.samples.tolist()}), *self.bands.tolist()])]

    def encode(self, counted: bool = False) -> bytes:
        """The sketch as at most `LARGEST` bytes; `counted` says that the article's site counts it."""
        head = _HEAD.pack(
            _COUNTED * (counted or self.counted),
            len(self.samples),
            len(self.bands),
            len(self.passages),
            len(self.words),
            self.digest,
            self.units,
            self.site,
            self.sample_limit,
            self.sentence_limit,
        )
        passages = b"".join([passage.to_bytes(_PASSAGE_BYTES, "little") for passage in self.passages])
        arrays = (self.samples.astype("<u4"), self.bands.astype("<u4"))
        return head + b"".join([array.tobytes() for array in arrays]) + passages + self.words


def decode(data: bytes) -> Sketch:
    """Reads back what `Sketch.encode` gave.

    Raises:
        DedupeError: the bytes are no sketch.
    """
    if len(data) < _HEAD.size:
        raise DedupeError(f"not a sketch: {len(data)} bytes")
    flags, samples, bands, passages, words, digest, units, site, *limits = _HEAD.unpack_from(data)
    band_at = _HEAD.size + _VALUE_BYTES * samples
    passage_at = band_at + _VALUE_BYTES * bands
    word_at = passage_at + _PASSAGE_BYTES * passages
    end = word_at + words
    if end != len(data):
        raise DedupeError(f"not a sketch: {len(data)} bytes, not {end}")
    return Sketch(
        digest,
        units,
        site,
        np.frombuffer(data, "<u4", samples, _HEAD.size).astype(np.uint32, copy=False),
        limits[0],
        data[word_at:],
        limits[1],
        np.frombuffer(data, "<u4", bands, band_at).astype(np.uint32, copy=False),
        _passages(data[passage_at:word_at]),
        bool(flags & _COUNTED),
    )


def _passages(data: bytes) -> tuple[int, ...]:
    size = _PASSAGE_BYTES
    return tuple([int.from_bytes(data[at : at + size], "little") for at in range(0, len(data), size)])


# ---------------------------------------------------------------- making sketches


def sketches(signed: Signatures, sites: Sequence[int], passages: Sequence[Sequence[int]]) -> list[Sketch]:
    """The sketches of a batch of articles, with the hashes of their sites and the keys of their passages."""
    bands = _bands(signed)
    columns = zip(
        signed.digests.tolist(),
        signed.units.tolist(),
        pairwise(signed.sample_at.tolist()),
        signed.codes,
        strict=True,
    )
    found = []
    for at, (digest, units, (low, high), codes) in enumerate(columns):
        samples, limit, _ = _smallest(signed.samples[low:high], SAMPLES)
        words, sentence_limit = _bounded(codes_of(codes))
        short = bands.get(at, _NO_BANDS) if high - low < RULES.banded_below_samples else _NO_BANDS
        place = tuple(passages[at])
        found.append(
            Sketch(digest, units, sites[at], samples, limit, _packed(words), sentence_limit, short, place)
        )
    return found


def _packed(codes: U16) -> bytes:
    """Codes as few bytes: those of the hashes, then the flags, which are mostly the same."""
    return zlib.compress(codes.astype(np.uint8).tobytes() + (codes >> 8).astype(np.uint8).tobytes(), 1)


def _bounded(codes: U16) -> tuple[U16, int]:
    """The codes of the sentences with the smallest hashes, about `WORDS` words, and their limit."""
    if len(codes) <= WORDS:
        return codes, _ALL
    hashes, owner = sentence_hashes(codes)
    order = np.argsort(hashes, kind="stable")
    lengths = np.cumsum(np.bincount(owner, minlength=len(hashes))[order])
    limit = int(
        hashes[order[min(int(np.searchsorted(lengths, WORDS, side="right")), len(order) - 1)]] >> _LIMIT_SHIFT
    )
    return _below(codes, limit), limit


def _below(codes: U16, limit: int) -> U16:
    """The codes of the sentences whose hashes are below a limit."""
    if limit == _ALL:
        return codes
    hashes, owner = sentence_hashes(codes)
    return codes[(hashes >> np.uint64(_LIMIT_SHIFT) < np.uint64(limit))[owner]]


_NO_BANDS = np.zeros(0, np.uint32)


def _bands(signed: Signatures) -> dict[int, U32]:
    """The band keys of the articles that have any, as 32 bits."""
    if not len(signed.banded):
        return {}
    keys = (signed.bands[:, :BANDS] >> np.uint64(32)).astype(np.uint32)
    return dict(zip(signed.banded.tolist(), keys, strict=True))


def _smallest(values: U32, most: int) -> tuple[U32, int, Mask | None]:
    """The smallest values in their order, the limit below which they stand, and which they are."""
    if len(values) <= most:
        return values, _ALL, None
    limit = int(np.partition(values, most)[most])
    kept = np.flatnonzero(values < limit)
    return values[kept], limit, np.asarray(kept)


def site_hash(site: str) -> int:
    """A 32-bit hash of a site's name; 0 for none."""
    return int.from_bytes(_hashed(site)[:4], "little") | 1 if site else 0


def key_post(key: str) -> int:
    """The 32-bit key under which the page with this key is found."""
    return int.from_bytes(_hashed(key)[:4], "little")


def digest_post(digest: int) -> int:
    """The 32-bit key under which articles of the same words are found."""
    return (digest >> _DIGEST_SHIFT) & 0xFFFFFFFF


@lru_cache(maxsize=_CACHED)
def _hashed(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def places(site: int, keys: Sequence[int]) -> list[int]:
    """40-bit keys of the blocks of a site by their `corpus.block_keys`; none for no site."""
    return _mixed_places([site] * len(keys), keys) if site else []


def all_places(sites: Sequence[int], keys: Sequence[Sequence[int]]) -> list[list[int]]:
    """As `places` for many articles at once."""
    counts = [len(of_article) if site else 0 for site, of_article in zip(sites, keys, strict=True)]
    owners = np.repeat(np.array(sites, np.uint64), counts)
    flat = [key for site, of_article in zip(sites, keys, strict=True) if site for key in of_article]
    found = iter(_mixed_places(owners, flat))
    return [[*islice(found, count)] for count in counts]


def _mixed_places(sites: Sequence[int] | U64, keys: Sequence[int]) -> list[int]:
    salted = np.array(keys, np.uint64) ^ (np.asarray(sites, np.uint64) * np.uint64(_SITE_FACTOR))
    values: list[int] = (mixed(salted) >> np.uint64(_PASSAGE_SHIFT)).tolist()
    return values


@lru_cache(maxsize=_CACHED)
def site_place(site: int) -> int:
    """The 40-bit key under which the articles of a site are counted."""
    return places(site, [0])[0]


def edge_blocks(units: Sequence[float]) -> list[int]:
    """Which blocks of an article are counted as passages: those at its edges, then the shortest."""
    count = len(units)
    first = [*range(min(RULES.first_blocks, count))]
    last = [*range(max(len(first), count - RULES.last_blocks), count)]
    middle = range(len(first), count - len(last))
    most = RULES.counted_blocks - RULES.first_blocks - RULES.last_blocks
    shortest = sorted(middle, key=lambda at: (units[at], at))[:most]
    return [*first, *sorted(shortest), *last]


# ---------------------------------------------------------------- comparing sketches


def likely(own: Sketch, others: Sequence[Sketch]) -> list[bool]:
    """Which of others `compare` may find to be copies: they share enough samples, or one has few."""
    mine = own.samples.tolist()
    samples = {*mine}
    return [
        _share(mine, other.samples.tolist(), samples, min(own.sample_limit, other.sample_limit))
        for other in others
    ]


def _share(mine: Sequence[int], others: Sequence[int], samples: set[int], limit: int) -> bool:
    """Whether two sides share enough of the samples that both would have kept; `samples` are `mine`."""
    fewer = min(sum([sample < limit for sample in side]) for side in (mine, others))
    if fewer < RULES.likely_least_samples:
        return True
    return len(samples.intersection(others)) >= max(1, RULES.likely_samples_share * fewer)


def compare(one: Sequence[Sketch], two: Sequence[Sketch]) -> Evidence:
    """What pairs of articles share: as in a bulk run, by their words."""
    parts: list[U16] = []
    numbers: dict[tuple[int, int], int] = {}
    pairs: tuple[list[int], list[int]] = ([], [])
    for pair in zip(one, two, strict=True):
        limit = min(sketch.sentence_limit for sketch in pair)
        for sketch, into in zip(pair, pairs, strict=True):
            known = (id(sketch), limit)
            if known not in numbers:
                numbers[known] = len(parts)
                parts.append(_below(sketch.codes, limit))
            into.append(numbers[known])
    sides = word_sides(joined_codes(parts), *(np.array(side, np.int64) for side in pairs))
    apart = np.array([a.site != b.site and bool(a.site and b.site) for a, b in zip(one, two, strict=True)])
    units = np.array([[a.units, b.units] for a, b in zip(one, two, strict=True)]).reshape(-1, 2)
    return _scaled(evidence_of(sides, apart.astype(np.bool_)), units)


def _scaled(evidence: Evidence, units: F64) -> Evidence:
    """The evidence of some sentences for whole articles, of which they may be a part."""
    factor = units / np.maximum(evidence.length, 0.5)
    columns = {name: getattr(evidence, name) * factor for name in ("shared", "own", "altered")}
    return replace(evidence, length=units, **columns)


def exact(one: Sketch, two: Sketch) -> bool:
    """Whether two articles have the same words, and any."""
    return one.units > 0 and one.digest == two.digest
