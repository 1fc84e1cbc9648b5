"""What the workers of a cluster compute: batches of rows in, batches of rows out.

Each function here turns rows into the arrays of `corpus`, `verify` and `clusters`, calls these, and turns
what they find into rows again. Pairs go as the nodes of their articles, `a` being the one that comes first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedupe.contrib.spark.records import (
    evidence_column,
    evidence_from,
    one_batch,
    ragged,
    rows,
    signed_columns,
    signed_from,
    sortable,
    texts,
)
from dedupe.corpus.candidates import least_samples, share_enough, shingle_pairs
from dedupe.corpus.graph import Graph, clustering, held_by, is_hub, left, order_of_choice, passage
from dedupe.corpus.records import Signatures, in_template, joined
from dedupe.corpus.signatures import without
from dedupe.corpus.templates import find_templates, spared
from dedupe.corpus.verify import by_samples, by_sentences, by_words, is_settled
from dedupe.text.minhash import FULL_GROUP, distinct, grouped_pairs

if TYPE_CHECKING:
    from dedupe.corpus.evidence import Evidence, Fetch
    from dedupe.text.ragged import I64, Mask

Batches = Iterable[pa.RecordBatch]
Templates = Mapping[str, npt.NDArray[np.uint64]]

#: A key of an article in a group that shares it: `least` and `node` order the group as its articles lie.
KEYS = "key long, least long, node long, size int"
LYING = "node long, label long, least long"
PROPOSED = "a long, b long, shared long, size int"
LINKS = "a long, b long, step int, evidence binary, known boolean, copy boolean, holder long, passage binary"
#: How far a pair is compared.
SENTENCES, SAMPLES, WORDS = range(3)
STORIES = "node long, cluster binary, relation string, similarity double, containment double"
SPARED = "place binary, spared binary"


# ---------------------------------------------------------------- candidates


def sample_keys(batches: Batches) -> Iterator[pa.RecordBatch]:
    """The couples of successive samples of articles, each once, as rows of `KEYS`."""
    for batch in batches:
        signed = signed_from(batch)
        yield _key_rows(batch, signed, *shingle_pairs(signed))


def enough(batches: Batches) -> Iterator[pa.RecordBatch]:
    """Those of some rows of `PROPOSED`, summed up by pair, that are candidates or tell of a heavy key."""
    for batch in batches:
        shared, size = (batch.column(name).to_numpy() for name in ("shared", "size"))
        told = batch.column("b").is_null().to_numpy(zero_copy_only=False)
        yield batch.filter(pa.array(told | share_enough(shared, size)))


def band_keys(batches: Batches) -> Iterator[pa.RecordBatch]:
    """The MinHash bands of articles that have some, each once, as rows of `KEYS`."""
    for batch in batches:
        bands, bounds = ragged(batch, "bands")
        owner = np.repeat(np.arange(batch.num_rows), np.diff(bounds))
        at = distinct(bands, owner)
        yield _key_rows(batch, signed_from(batch), bands[at].view(np.int64), owner[at])


def content_order(batches: Batches) -> Iterator[pa.RecordBatch]:
    """Articles as rows of `LYING`: by `least` and `node` likely copies stand side by side."""
    for batch in batches:
        least = least_samples(signed_from(batch)).astype(np.int64)
        yield rows({"node": batch.column("node"), "label": batch.column("label"), "least": least})


def _key_rows(batch: pa.RecordBatch, signed: Signatures, keys: I64, owner: I64) -> pa.RecordBatch:
    least = least_samples(signed).astype(np.int64)
    node = batch.column("node").to_numpy()
    sizes = np.diff(signed.sample_at).astype(np.int32)
    return rows({"key": keys, "least": least[owner], "node": node[owner], "size": sizes[owner]})


def proposed(neighbours: int, heavy: int, batches: Batches) -> Iterator[pa.RecordBatch]:
    """The pairs within groups that share a key, from rows of `KEYS` sorted by group and place in it.

    In a large group each article is paired with that many `neighbours`. A key of more than `heavy` articles
    is told of in a row of its own: (key, none, articles).
    """
    group = _Groups(neighbours, heavy)
    for batch in batches:
        columns = (batch.column(name).to_numpy() for name in ("key", "node", "size"))
        yield from group.add(*columns)
    yield from group.end()


class _Groups:
    """Groups that come in pieces: of one that goes on, the last articles are kept, as many as it takes.

    A group is cut only when it is so large that each article is paired with its next ones alone, so the
    pairs are those of the whole group, and memory does not grow with it.
    """

    def __init__(self, neighbours: int, heavy: int) -> None:
        self._neighbours, self._heavy = neighbours, heavy
        self._keys = self._nodes = np.zeros(0, np.int64)
        self._sizes = np.zeros(0, np.int32)
        self._paired = 0  # of those kept, how many are paired with each other already
        self._count = 0  # articles of the last group that are no longer kept

    def add(self, keys: I64, nodes: I64, sizes: npt.NDArray[Any]) -> Iterator[pa.RecordBatch]:
        self._keys = np.concatenate([self._keys, keys])
        self._nodes = np.concatenate([self._nodes, nodes])
        self._sizes = np.concatenate([self._sizes, sizes])
        if len(self._keys):
            others = np.flatnonzero(self._keys != self._keys[-1])
            yield from self._pairs(int(others[-1]) + 1 if len(others) else 0)

    def end(self) -> Iterator[pa.RecordBatch]:
        yield from self._pairs(len(self._keys))

    def _pairs(self, closed: int) -> Iterator[pa.RecordBatch]:
        """Pair all that stands before `closed`, and what is large enough behind it."""
        size = len(self._keys)
        is_large = size - closed > FULL_GROUP
        end = size if is_large else closed
        at = np.arange(end)
        left, right = grouped_pairs(self._keys[:end].view(np.uint64), at, neighbours=self._neighbours)
        fresh = right >= self._paired
        left, right = left[fresh], right[fresh]
        one, two = self._nodes[left], self._nodes[right]
        if len(one):
            yield rows(
                {
                    "a": np.minimum(one, two),
                    "b": np.maximum(one, two),
                    "shared": np.ones(len(one), np.int64),
                    "size": np.minimum(self._sizes[left], self._sizes[right]),
                }
            )
        yield from self._told(closed)
        self._keep(closed, is_large)

    def _told(self, closed: int) -> Iterator[pa.RecordBatch]:
        starts = np.flatnonzero(
            np.r_[True, self._keys[1:closed] != self._keys[: max(0, closed - 1)]][:closed]
        )
        counts = np.diff(np.append(starts, closed))
        if len(counts):
            counts[0] += self._count
            self._count = 0
        many = np.flatnonzero(counts > self._heavy)
        if len(many):
            yield rows(
                {
                    "a": self._keys[starts[many]],
                    "b": pa.nulls(len(many), pa.int64()),
                    "shared": counts[many],
                    "size": np.zeros(len(many), np.int32),
                }
            )

    def _keep(self, closed: int, is_large: bool) -> None:
        first = max(closed, len(self._keys) - FULL_GROUP - 1) if is_large else closed
        self._count += first - closed
        self._keys, self._nodes, self._sizes = self._keys[first:], self._nodes[first:], self._sizes[first:]
        self._paired = len(self._keys) if is_large else 0


# ---------------------------------------------------------------- verification


def by_signature(batches: Batches) -> Iterator[pa.RecordBatch]:
    """What pairs share by whole sentences and, where that leaves doubt, by their samples: rows of `LINKS`.

    The earlier page becomes `a`.
    """
    for batch in batches:
        if not batch.num_rows:
            continue
        pairs = _Pairs.of(batch)
        evidence = by_sentences(pairs.signed, pairs.one, pairs.two)
        known = is_settled(evidence)
        yield pairs.rows(SENTENCES, evidence, known)
        doubt = np.flatnonzero(~known)
        better = pairs.take(doubt)
        evidence, sure = by_samples(pairs.signed, better.one, better.two, evidence.take(doubt))
        yield better.rows(SAMPLES, evidence, sure)


def by_text(batches: Batches) -> Iterator[pa.RecordBatch]:
    """What doubtful pairs share by their words, as rows of `LINKS`."""
    for batch in batches:
        if not batch.num_rows:
            continue
        pairs = _Pairs.of(batch)
        bodies = [*batch.column("a_body").to_pylist(), *batch.column("b_body").to_pylist()]
        apart = evidence_from(batch.column("evidence")).apart[:, 0]
        evidence = by_words(pairs.one, pairs.two, _fetch(bodies), apart)
        yield pairs.rows(WORDS, evidence, np.ones(len(apart), np.bool_))


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Pairs of articles: their nodes, and their numbers in `signed`, the earlier page first."""

    a: I64
    b: I64
    signed: Signatures
    one: I64
    two: I64

    @classmethod
    def of(cls, batch: pa.RecordBatch) -> _Pairs:
        size = batch.num_rows
        signed = joined([signed_from(batch, "a_"), signed_from(batch, "b_")])
        places = (batch.column(name).to_pylist() for name in ("a_place", "b_place"))
        turned = np.fromiter((one > two for one, two in zip(*places, strict=True)), np.bool_, size)
        a, b = (batch.column(name).to_numpy() for name in "ab")
        at = np.arange(size)
        one, two = np.where(turned, at + size, at), np.where(turned, at, at + size)
        return cls(np.where(turned, b, a), np.where(turned, a, b), signed, one, two)

    def take(self, which: I64) -> _Pairs:
        return _Pairs(self.a[which], self.b[which], self.signed, self.one[which], self.two[which])

    def rows(self, step: int, evidence: Evidence, known: Mask) -> pa.RecordBatch:
        """The pairs as rows of `LINKS`; what a page holds that is no copy of it names the page, and what."""
        copy = evidence.is_copy
        held, holders = held_by(self.a, self.b, evidence)
        holder, free = np.zeros(len(copy), np.int64), np.ones(len(copy), np.bool_)
        holder[held], free[held] = holders, False
        passages: list[bytes | None] = [None] * len(copy)
        for row in held.tolist():
            both = passage(self.signed, int(self.one[row]), int(self.two[row]))
            passages[row] = np.array(sorted(both), np.int64).tobytes()
        return rows(
            {
                "a": self.a,
                "b": self.b,
                "step": np.full(len(copy), step, np.int32),
                "evidence": evidence_column(evidence),
                "known": known,
                "copy": copy,
                "holder": pa.array(holder, mask=free),
                "passage": pa.array(passages, pa.binary()),
            }
        )


def _fetch(bodies: Sequence[bytes]) -> Fetch:
    return lambda numbers: [json.loads(bodies[number]) for number in numbers]


def hub(table: pa.Table) -> pa.Table:
    """The page of these rows of `LINKS`, which all name it as their holder, if it holds several articles."""
    passages = [set(np.frombuffer(found, np.int64).tolist()) for found in table.column("passage").to_pylist()]
    return table.select(["holder"]).slice(0, int(is_hub(passages)))


# ---------------------------------------------------------------- site templates


def site_templates(table: pa.Table) -> pa.Table:
    """The blocks that belong to a site, given all its pages with the numbers of their stories."""
    batch = one_batch(table)
    signed = signed_from(batch)
    found = find_templates(signed, _stories(batch))
    keys = np.array([*found.get(signed.sites[0], ())], np.uint64).view(np.int64)
    return pa.table({"site": pa.repeat(batch.column("site")[0], len(keys)), "block": keys})


def spared_blocks(templates: Callable[[], Templates], table: pa.Table) -> pa.Table:
    """The pages of a site that keep some of its blocks, and which, given all its pages."""
    batch = one_batch(table)
    signed = signed_from(batch)
    dropped = np.flatnonzero(batch.column("dropped").to_numpy(zero_copy_only=False)).tolist()
    known = {site: {*keys.tolist()} for site, keys in of_sites(templates(), signed).items()}
    found = spared(signed, known, _stories(batch), {*dropped})
    places = batch.column("place").take(pa.array([*found], pa.int64()))
    blocks = [np.array(sorted(keys), np.uint64).tobytes() for keys in found.values()]
    return pa.table({"place": places, "spared": pa.array(blocks, pa.binary())})


def _stories(batch: pa.RecordBatch) -> I64:
    return np.unique(batch.column("story").to_numpy(), return_inverse=True)[1]


def without_template(templates: Callable[[], Templates], batches: Batches) -> Iterator[pa.RecordBatch]:
    """Articles without what belongs to their site."""
    for batch in batches:
        signed = signed_from(batch)
        known = of_sites(templates(), signed)
        bare = without(signed, known)
        lost = in_template(signed, known)
        at = signed.block_at.tolist()
        bodies = [
            _rest(body, lost[low:high])
            for body, low, high in zip(batch.column("body").to_pylist(), at[:-1], at[1:], strict=True)
        ]
        ranks = [sortable(order_of_choice(bare, number)) for number in range(len(bare))]
        changed = {**signed_columns(bare), "body": pa.array(bodies), "rank": pa.array(ranks)}
        names = batch.schema.names
        yield rows({name: changed.get(name, batch.column(name)) for name in names})


def of_sites(templates: Templates, signed: Signatures) -> Templates:
    """The templates of the sites that these articles are of."""
    return {site: templates[site] for site in sorted({*signed.sites}) if site in templates}


def _rest(body: bytes, lost: Mask) -> bytes:
    if not lost.any():
        return body
    return json.dumps(left(json.loads(body), np.flatnonzero(lost).tolist())).encode()


# ---------------------------------------------------------------- stories


def stories(members: pa.Table, links: pa.Table) -> pa.Table:
    """The clusters among articles of some components, given all links inside these, as rows of `STORIES`."""
    articles, pairs = one_batch(members), one_batch(links)
    numbers = {node: number for number, node in enumerate(articles.column("node").to_pylist())}
    signed = signed_from(articles)
    ends = [np.array([numbers[node] for node in pairs.column(name).to_pylist()], np.int64) for name in "ab"]
    one, two = np.minimum(*ends), np.maximum(*ends)
    order = np.lexsort((two, one))
    evidence = evidence_from(pairs.column("evidence")).turned(ends[0] > ends[1]).take(order)
    known, copy = (pairs.column(name).to_numpy(zero_copy_only=False)[order] for name in ("known", "copy"))
    fetch = _fetch(articles.column("body").to_pylist())
    part = Graph(signed, fetch, one[order], two[order], evidence, known, np.flatnonzero(copy), {})
    return _story_rows(part, articles)


def _story_rows(part: Graph, articles: pa.RecordBatch) -> pa.Table:
    found = clustering(part, {}, {})
    nodes = dict(zip(part.signed.keys, articles.column("node").to_pylist(), strict=True))
    table: list[tuple[Any, ...]] = []
    for cluster in found.clusters:
        table.append((nodes[cluster.kept], cluster.kept, None, None, None))
        table += (
            (nodes[link.a], link.b, link.relation, link.similarity, link.containment)
            for link in cluster.copies
        )
    columns = list(zip(*table, strict=True)) or [()] * 5
    kinds = (pa.int64(), None, pa.string(), pa.float64(), pa.float64())
    arrays = [
        texts(column) if kind is None else pa.array(column, kind)
        for column, kind in zip(columns, kinds, strict=True)
    ]
    return pa.Table.from_arrays(arrays, ["node", "cluster", "relation", "similarity", "containment"])
