"""From verified pairs to clusters: which pages hold one article, which copy stays, what a site repeats.

Everything here is decided by what the articles say and are called, never by their order.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.corpus.candidates import candidates
from dedupe.corpus.evidence import Comparing, Fetch
from dedupe.corpus.graph import Clustering, Graph, Link, clustering, hubs_of, left, order_of_choice, spread
from dedupe.corpus.records import Signatures, in_template
from dedupe.corpus.signatures import without
from dedupe.corpus.templates import find_templates, spared
from dedupe.corpus.verify import verify

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dedupe.text.ragged import I64


def cluster(signed: Signatures, fetch: Fetch) -> Clustering:
    """Find the articles that stand in a corpus more than once.

    Args:
        signed: the whole corpus, `joined` from its batches.
        fetch: gives the body blocks of articles, by their numbers in `signed`; it is only asked for
            articles whose sentences leave doubt, some hundreds at a time.
    """
    leaders, equals = _equal(signed)
    one, two = candidates(signed, leaders)
    graph = verified(signed, fetch, one, two)
    labels = spread(graph.labels(), equals)
    templates = find_templates(signed, labels)
    if not templates:
        return clustering(graph, equals, templates)
    bare, fetch = without(signed, templates), _filtered(fetch, signed, templates)
    found = clustering(verified(bare, fetch, one, two), equals, templates)
    return _with_spared(found, signed, labels)


def _with_spared(found: Clustering, signed: Signatures, labels: I64) -> Clustering:
    """The clustering, and which pages keep template; a copy that is the only one to have it is kept, too."""
    copies = {link.a for each in found.clusters for link in each.copies if link.relation != "contains"}
    dropped = {number for number, key in enumerate(signed.keys) if key in copies}
    keep = {
        signed.keys[page]: keys for page, keys in spared(signed, found.templates, labels, dropped).items()
    }
    clusters = [
        replace(each, copies=tuple(_spare(link, keep) for link in each.copies)) for each in found.clusters
    ]
    return replace(found, clusters=tuple(clusters), spared=keep)


def _spare(link: Link, keep: Collection[str]) -> Link:
    return replace(link, relation="contains") if link.a in keep else link


def _equal(signed: Signatures) -> tuple[I64, dict[int, list[int]]]:
    """Articles whose words are all equal: the best of each, sorted, and the others by the best.

    Empty articles equal none.
    """
    order = np.argsort(signed.digests, kind="stable")
    digests = signed.digests[order]
    new = np.r_[True, digests[1:] != digests[:-1]][: len(order)] | (signed.units[order] == 0)
    bounds = np.append(np.flatnonzero(new), len(order))
    leaders = order[bounds[:-1]]
    equals = {}
    for group in np.flatnonzero(np.diff(bounds) > 1).tolist():
        articles = order[bounds[group] : bounds[group + 1]].tolist()
        best, *others = sorted(articles, key=lambda article: order_of_choice(signed, article))
        leaders[group] = best
        equals[best] = others
    return np.sort(leaders), equals


# ---------------------------------------------------------------- verified links


def verified(signed: Signatures, fetch: Fetch, one: I64, two: I64) -> Graph:
    """Verify the pairs (one, two) of articles, each with its smaller number first, sorted."""
    evidence, known = verify(signed, one, two, fetch)
    hubs = hubs_of(signed, one, two, evidence)
    copies = evidence.is_copy
    for rows in hubs.values():
        copies[rows] = False
    return Graph(signed, fetch, one, two, evidence, known, np.flatnonzero(copies), hubs)


# ---------------------------------------------------------------- site templates


def _filtered(fetch: Fetch, signed: Signatures, templates: Mapping[str, frozenset[int]]) -> Fetch:
    """As `fetch`, without the blocks that belong to a site."""
    lost, at = in_template(signed, templates), signed.block_at

    def places(number: int) -> list[int]:
        found: list[int] = np.flatnonzero(lost[at[number] : at[number + 1]]).tolist()
        return found  # none for an article of no site

    def fetched(numbers: Sequence[int]) -> list[list[str]]:
        return [left(blocks, places(number)) for number, blocks in zip(numbers, fetch(numbers), strict=True)]

    return fetch.without(places) if isinstance(fetch, Comparing) else fetched
