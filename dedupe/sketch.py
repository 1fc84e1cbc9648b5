"""What an index keeps of an article: a sketch of bounded size that can still be compared with others.

A sketch holds the article's sampled shingles and the hashes and lengths of its sentences, in text order and
at most so many of each. Longer articles keep those with the smallest hashes and say up to which hash, so that
any two sketches can be cut to what both would have kept.
"""

from __future__ import annotations

import hashlib
import struct
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, pairwise

import numpy as np
import numpy.typing as npt

from .corpus import Signed, sign
from .errors import DedupeError
from .shingles import F64, I64, NUMERIC, U32, U64, Mask, entries, mixed, offsets, segment_sum
from .verify import EDITED_WORDS, Evidence, by_samples, by_sentences, is_settled

U8 = npt.NDArray[np.uint8]

SAMPLES = 48
SENTENCES = 64
BANDS = 8  # band keys, only of articles with few samples
PASSAGES = 8  # blocks of an article that are counted as passages of its site
FIRST_PASSAGES, LAST_PASSAGES = 2, 4  # site templates stand at the edges, or are short
POST_LIMIT = 1 << 30  # samples below are posted: a thirty-second of all shingles, …
POSTS_LEAST, POSTS_MOST = 8, 24  # … but so many at least and at most
FEW_SAMPLES = 16  # articles with fewer are found by their bands too
AGREED = 0.35  # of the samples in altered text, on both sides: it is edited, …
AGREED_ONE = 0.55  # … or on one side, …
NUMBERS = 0.4  # … unless more of the missing ones than that hold numbers
LITTLE = 0.8  # if that much stands in equal sentences, what is altered is no other report …
NUMBERS_LITTLE = 0.3  # … unless more of the missing samples hold numbers
LONGEST = 255  # half units of a sentence that are counted
LARGEST = 600  # bytes of an encoded sketch

_ALL = 0xFFFFFFFF  # a limit that keeps everything
_SENTENCE_BITS = np.uint32(0xFFFFFF)
_HEAD = struct.Struct("<BBBBBQfIII")
_COUNTED = 1


@dataclass(frozen=True, slots=True)
class Sketch:
    """An article as an index knows it.

    `digest` hashes all its words, `units` is its length, `site` a hash of its site (0: none). `samples` and
    `sentences` stand in text order, each cut to those below its limit; `lengths` are the sentences' half
    units. `bands` are MinHash band keys of a short article, `passages` the keys of blocks as its site knows
    them; `counted` says that the site counts them for this article.
    """

    digest: int
    units: float
    site: int
    samples: U32
    sample_limit: int
    sentences: U32
    sentence_limit: int
    lengths: U8
    bands: U32
    passages: tuple[int, ...]
    counted: bool = False

    def posts(self) -> list[int]:
        """32-bit keys under which the article is found; those of a copy are partly the same."""
        values = sorted({*self.samples.tolist()})
        count = max(POSTS_LEAST, min(POSTS_MOST, bisect_left(values, POST_LIMIT)))
        return [*dict.fromkeys([*values[:count], *self.bands.tolist()])]

    def encode(self, counted: bool = False) -> bytes:
        """The sketch as at most `LARGEST` bytes; `counted` says that the article's site counts it."""
        head = _HEAD.pack(
            _COUNTED * (counted or self.counted),
            len(self.samples),
            len(self.sentences),
            len(self.bands),
            len(self.passages),
            self.digest,
            self.units,
            self.site,
            self.sample_limit,
            self.sentence_limit,
        )
        sentences = self.sentences.astype("<u4").view(np.uint8).reshape(-1, 4)[:, :3]
        passages = b"".join([passage.to_bytes(5, "little") for passage in self.passages])
        arrays = (self.samples.astype("<u4"), self.bands.astype("<u4"), sentences, self.lengths)
        return head + b"".join([array.tobytes() for array in arrays]) + passages


def decode(data: bytes) -> Sketch:
    """Reads back what `Sketch.encode` gave.

    Raises:
        DedupeError: the bytes are no sketch.
    """
    if len(data) < _HEAD.size:
        raise DedupeError(f"not a sketch: {len(data)} bytes")
    flags, samples, sentences, bands, passages, digest, units, site, *limits = _HEAD.unpack_from(data)
    band_at = _HEAD.size + 4 * samples
    sentence_at = band_at + 4 * bands
    length_at = sentence_at + 3 * sentences
    passage_at = length_at + sentences
    end = passage_at + 5 * passages
    if end != len(data):
        raise DedupeError(f"not a sketch: {len(data)} bytes, not {end}")
    wide = np.zeros((sentences, 4), np.uint8)
    wide[:, :3] = np.frombuffer(data, np.uint8, 3 * sentences, sentence_at).reshape(-1, 3)
    return Sketch(
        digest,
        units,
        site,
        np.frombuffer(data, "<u4", samples, _HEAD.size).astype(np.uint32, copy=False),
        limits[0],
        wide.view("<u4").ravel().astype(np.uint32, copy=False),
        limits[1],
        np.frombuffer(data, np.uint8, sentences, length_at),
        np.frombuffer(data, "<u4", bands, band_at).astype(np.uint32, copy=False),
        tuple([int.from_bytes(data[at : at + 5], "little") for at in range(passage_at, end, 5)]),
        bool(flags & _COUNTED),
    )


# ---------------------------------------------------------------- making sketches


def sketches(signed: Signed, sites: Sequence[int], passages: Sequence[Sequence[int]]) -> list[Sketch]:
    """The sketches of a batch of articles, with the hashes of their sites and the keys of their passages."""
    values = signed.sentences & _SENTENCE_BITS
    lengths = np.minimum(signed.lengths, LONGEST).astype(np.uint8)
    bands = _bands(signed)
    columns = zip(
        signed.digests.tolist(),
        signed.units.tolist(),
        pairwise(signed.sample_at.tolist()),
        pairwise(signed.sentence_at.tolist()),
        strict=True,
    )
    found = []
    for at, (digest, units, (low, high), (first, end)) in enumerate(columns):
        samples, limit, _ = _smallest(signed.samples[low:high], SAMPLES)
        sentences, sentence_limit, kept = _smallest(values[first:end], SENTENCES)
        own = lengths[first:end] if kept is None else lengths[first:end][kept]
        short = bands.get(at, _NO_BANDS) if high - low < FEW_SAMPLES else _NO_BANDS
        sketch = Sketch(
            digest,
            units,
            sites[at],
            samples,
            limit,
            sentences,
            sentence_limit,
            own,
            short,
            tuple(passages[at]),
        )
        found.append(sketch)
    return found


_NO_BANDS = np.zeros(0, np.uint32)


def _bands(signed: Signed) -> dict[int, U32]:
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
    return (digest >> 17) & 0xFFFFFFFF


@lru_cache(maxsize=1 << 10)
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
    salted = np.array(keys, np.uint64) ^ (np.asarray(sites, np.uint64) * np.uint64(0x9E3779B1))
    values: list[int] = (mixed(salted) >> np.uint64(24)).tolist()
    return values


@lru_cache(maxsize=1 << 10)
def site_place(site: int) -> int:
    """The 40-bit key under which the articles of a site are counted."""
    return places(site, [0])[0]


def edge_blocks(units: Sequence[float]) -> list[int]:
    """Which blocks of an article are counted as passages: those at its edges, then the shortest."""
    count = len(units)
    first = [*range(min(FIRST_PASSAGES, count))]
    last = [*range(max(len(first), count - LAST_PASSAGES), count)]
    middle = range(len(first), count - len(last))
    shortest = sorted(middle, key=lambda at: (units[at], at))[: PASSAGES - FIRST_PASSAGES - LAST_PASSAGES]
    return [*first, *sorted(shortest), *last]


# ---------------------------------------------------------------- comparing sketches


def likely(own: Sketch, others: Sequence[Sketch]) -> list[bool]:
    """Which of others `compare` may find to be copies: they share a sentence, or enough samples."""
    if not others:
        return []
    sentences, mine = {*own.sentences.tolist()}, own.samples.tolist()
    samples = {*mine}
    return [
        not sentences.isdisjoint(other.sentences.tolist())
        or _share(mine, other.samples.tolist(), samples, min(own.sample_limit, other.sample_limit))
        for other in others
    ]


def _share(mine: Sequence[int], others: Sequence[int], samples: set[int], limit: int) -> bool:
    """Whether two sides share enough of the samples that both would have kept; `samples` are `mine`."""
    shared = samples.intersection(others)
    least = AGREED * min(sum([sample < limit for sample in side]) for side in (mine, others))
    return bool(shared) and max(sum(map(shared.__contains__, side)) for side in (mine, others)) >= least


def compare(one: Sequence[Sketch], two: Sequence[Sketch]) -> Evidence:
    """What pairs of articles share, as far as their sketches tell."""
    count = len(one)
    signed = _common(one, two)
    left, right = np.arange(count), np.arange(count, 2 * count)
    evidence = by_sentences(signed, left, right)
    evidence = _scaled(evidence, np.array([[a.units, b.units] for a, b in zip(one, two, strict=True)]))
    doubt = np.flatnonzero(~is_settled(evidence))
    if not len(doubt):
        return evidence
    before = evidence.take(doubt)
    better, _ = by_samples(signed, left[doubt], right[doubt], before)
    sides = np.concatenate([left[doubt], right[doubt]])
    numbers = _numbers(signed, sides, np.roll(sides, len(doubt))).reshape(2, -1).T
    return evidence.put(doubt, _guessed(before, better, numbers))


def _guessed(before: Evidence, better: Evidence, numbers: F64) -> Evidence:
    """Where samples leave doubt and no words are at hand: text that shares that many samples is edited text.

    `before` is the evidence without samples, `numbers` the share of numbers in what is missing.
    """
    rest = np.maximum(before.length - before.shared, 1e-9)
    agreed = np.clip((better.shared - before.shared) / rest, 0, 1)
    enough = (agreed >= AGREED_ONE) | (agreed.min(axis=1, keepdims=True) >= AGREED)
    whole = before.containment
    little = (whole.max(axis=1, keepdims=True) >= LITTLE) & (whole.min(axis=1, keepdims=True) >= 0.5)
    little &= numbers.max(axis=1, keepdims=True) <= NUMBERS_LITTLE
    edited = (enough & (numbers <= NUMBERS)) | little
    edited &= better.own > 0
    shared = np.where(edited & enough, before.shared + rest * agreed**EDITED_WORDS, better.shared)
    return replace(better, shared=shared, own=np.where(edited, 0.0, better.own))


def _numbers(signed: Signed, one: I64, two: I64) -> F64:
    """The share of samples with numbers among those of `one` that `two` has not."""
    at, bounds = entries(signed.sample_at, one)
    pairs = np.repeat(np.arange(len(one), dtype=np.uint64) << np.uint64(32), np.diff(bounds))
    others, other_bounds = entries(signed.sample_at, two)
    known = np.repeat(np.arange(len(one), dtype=np.uint64) << np.uint64(32), np.diff(other_bounds))
    missed = ~_stands_in(pairs | signed.samples[at], np.sort(known | signed.samples[others]))
    numeric = (signed.samples[at] & NUMERIC) != 0
    of_them = segment_sum((missed & numeric).astype(np.float64), bounds)
    return np.asarray(of_them / np.maximum(segment_sum(missed.astype(np.float64), bounds), 1.0))


def _stands_in(values: U64, ordered: U64) -> Mask:
    """Which values stand in a sorted array; a tenth of the time of `numpy.isin` for a few hundred."""
    if not len(ordered):
        return np.zeros(len(values), np.bool_)
    at = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return np.asarray(ordered[at] == values)


def _scaled(evidence: Evidence, units: F64) -> Evidence:
    """The evidence of sentences for whole articles, of which they may be a part."""
    factor = units / np.maximum(evidence.length, 0.5)
    columns = {name: getattr(evidence, name) * factor for name in ("shared", "own", "altered")}
    return replace(evidence, length=units, **columns)


@lru_cache(maxsize=1)
def _nothing() -> Signed:
    return sign([])


def _common(one: Sequence[Sketch], two: Sequence[Sketch]) -> Signed:
    """Pairs of sketches as the signatures of so many articles, each cut to what its pair has in common."""
    every = [*one, *two]
    sample_limits = [min(a.sample_limit, b.sample_limit) for a, b in zip(one, two, strict=True)]
    limits = [min(a.sentence_limit, b.sentence_limit) for a, b in zip(one, two, strict=True)]
    samples, sample_at, _ = _cut([sketch.samples for sketch in every], sample_limits * 2)
    sentences, sentence_at, kept = _cut([sketch.sentences for sketch in every], limits * 2)
    return replace(
        _nothing(),
        keys=("",) * len(every),
        sites=tuple(str(sketch.site or "") for sketch in every),
        samples=samples,
        sample_at=sample_at,
        sentences=sentences,
        sentence_at=sentence_at,
        lengths=np.concatenate([sketch.lengths for sketch in every])[kept].astype(np.uint16),
    )


def _cut(arrays: Sequence[U32], limits: Sequence[int]) -> tuple[U32, I64, Mask]:
    """Arrays as one, of each only what is below its limit; their offsets; which values were kept."""
    counts = [len(array) for array in arrays]
    values = np.concatenate(arrays)
    kept = values < np.repeat(np.array(limits, np.uint64), counts)
    kept |= np.repeat(np.array(limits, np.uint64), counts) == _ALL
    return values[kept], offsets(segment_sum(kept.astype(np.int64), offsets(counts))), kept


# ---------------------------------------------------------------- what sketches depend on

_PROBE = (
    "Café ΣΊΣΥΦΟΣ, ﬁve ＡＢＣ ½ of “the 3.5 million” ends. İstanbul’da straße 2024!",
    "港务局３日宣布：外海两座岛屿的渡轮停航。ｶﾞｽ 東京 각각 สวัสดี नमस्ते",
    "soft\u00adhyphen, zero\u200bwidth, \u202bسلــام\u202c, می\u200cخواهم, oʻzbek",
    "か゛ジャン・ルイ, \U000e0061葛\ufe00",
)


@lru_cache(maxsize=1)
def settings() -> dict[str, str]:
    """What two indexes must agree on for their sketches to be comparable.

    The normaliser and the shingling show in what they make of a probe text.
    """
    from . import corpus, shingles

    probe = sketches(sign([corpus.Prepared("", _PROBE)]), [0], [[]])[0]
    everything = (probe.encode(), np.array(corpus.block_keys(_PROBE), np.uint64).tobytes())
    return {
        "scheme": f"fracminhash-{corpus.SAMPLED_BITS}.{SAMPLES}.{SENTENCES}.{POSTS_LEAST}.{POSTS_MOST}",
        "shingle": f"{corpus.SHINGLE} words, {corpus.SHINGLE_CJK} characters",
        "seed": f"{shingles.BASE:016x}{shingles.MIX:016x}",
        "normaliser": hashlib.blake2b(b"".join(everything), digest_size=8).hexdigest(),
    }


def exact(one: Sketch, two: Sketch) -> bool:
    """Whether two articles have the same words, and any."""
    return one.units > 0 and one.digest == two.digest
