"""Articles as nodes, verified pairs as links: hubs, clusters, and the copy that stays."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.corpus.components import components
from dedupe.corpus.evidence import DECIMALS, Evidence, Fetch, Relation, joined_evidence
from dedupe.corpus.thresholds import COPY_RULES
from dedupe.corpus.verify import by_sentences, is_settled, resolved
from dedupe.text.ragged import I64, Mask, offsets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dedupe.corpus.records import Signatures

_SENTENCE = 1 << 32  # the bit that tells the hash of a sentence from a sample, which has 32 bits


@dataclass(frozen=True, slots=True)
class Link:
    """Article `a` is a copy of `b`, or is contained in it: both named by their keys.

    With the relation "contains" it belongs with `b` but has a passage of its own, and is kept as well.
    `similarity` is their Jaccard similarity, `containment` the share of `a` that `b` says too.
    """

    a: str
    b: str
    relation: Relation
    similarity: float
    containment: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """Pages that hold one article: the one that is kept, and a link from each other one to it.

    Of pages with equal words that are kept beside it, the others link to the one of them that is.
    """

    kept: str
    copies: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Clustering:
    """What a corpus holds twice or more.

    `clusters` are sorted by the kept key, `linked` are articles contained in a page that holds several
    ones, `templates` the keys of the blocks that belong to a site. `spared` names pages which keep some of
    these all the same, and which: what looks like a frame may be a story, so one page keeps it.
    """

    clusters: tuple[Cluster, ...]
    linked: tuple[Link, ...]
    templates: Mapping[str, frozenset[int]]
    spared: Mapping[str, frozenset[int]] = field(default_factory=dict)


def order_of_choice(signed: Signatures, article: int) -> tuple[float, str, int, int, str]:
    """The article to keep comes first: fullest body, earliest date, shortest key, content, key."""
    key = signed.keys[article]
    return (
        -float(signed.units[article]),
        signed.dates[article] or "9999",
        len(key),
        int(signed.digests[article]),
        key,
    )


@dataclass(frozen=True, slots=True)
class Graph:
    """Verified pairs of articles, and what follows from them.

    The pairs (`one`, `two`) are sorted, the smaller number first; `known` says which are compared in full.
    `copies` are the rows of those that connect articles, `hubs` the rows of the others by the page that holds
    several articles.
    """

    signed: Signatures
    fetch: Fetch
    one: I64
    two: I64
    evidence: Evidence
    known: Mask
    copies: I64
    hubs: Mapping[int, Sequence[int]]

    def labels(self) -> I64:
        """A number for each article, equal for articles that links connect."""
        return components(len(self.signed), self.one[self.copies], self.two[self.copies])

    def parts(self) -> list[list[int]]:
        """Connected articles, two or more together."""
        labels = self.labels()
        order = np.argsort(labels, kind="stable")
        bounds = np.flatnonzero(np.r_[True, np.diff(labels[order]) != 0, True])
        big = np.flatnonzero(np.diff(bounds) > 1).tolist()
        return [order[bounds[at] : bounds[at + 1]].tolist() for at in big]

    def stories(self) -> tuple[list[list[int]], Evidence]:
        """Connected articles as stories: the article to keep, then those like it, and the evidence for these.

        A chain of small edits may lead far; what does not share most with the article to keep is a story
        by itself, or several.
        """
        rest = [
            sorted(part, key=lambda article: order_of_choice(self.signed, article)) for part in self.parts()
        ]
        found, evidence = [], []
        while rest:
            kept = np.repeat([part[0] for part in rest], [len(part) - 1 for part in rest])
            others = np.concatenate([np.array(part[1:], np.int64) for part in rest])
            compared = self.compared(others, kept)
            related = compared.is_one_story
            evidence.append(compared.take(related))
            bounds = offsets([len(part) - 1 for part in rest]).tolist()
            left = []
            for part, low, high in zip(rest, bounds[:-1], bounds[1:], strict=True):
                mask = related[low:high]
                found.append([part[0], *others[low:high][mask].tolist()])
                left.append(others[low:high][~mask].tolist())
            rest = [part for part in left if len(part) > 1]
        return found, joined_evidence(evidence)

    def compared(self, one: I64, two: I64) -> Evidence:
        """The evidence for any pairs, each compared as far as it takes to know what they share."""
        evidence = by_sentences(self.signed, one, two)
        rows, known = self._rows(one, two)
        evidence = evidence.put(known, self.evidence.take(rows).turned((one > two)[known]))
        open_ = ~is_settled(evidence)
        open_[known] = False
        return resolved(self.signed, (one, two), self.fetch, evidence, np.flatnonzero(open_))

    def _rows(self, one: I64, two: I64) -> tuple[I64, I64]:
        """Which of these pairs are compared in full already: their rows, and places here."""
        size = len(self.signed)
        keys = self.one * size + self.two
        wanted = np.minimum(one, two) * size + np.maximum(one, two)
        rows = np.minimum(np.searchsorted(keys, wanted), max(0, len(keys) - 1))
        known = np.flatnonzero((keys[rows] == wanted) & self.known[rows]) if len(keys) else rows[:0]
        return rows[known], known


# ---------------------------------------------------------------- pages of several articles


def hubs_of(signed: Signatures, one: I64, two: I64, evidence: Evidence) -> dict[int, list[int]]:
    """Pages that hold several articles which are not each other's copies: the rows of their links."""
    by_page = defaultdict(list)
    held, holders = held_by(one, two, evidence)
    for row, holder in zip(held.tolist(), holders.tolist(), strict=True):
        by_page[holder].append(row)
    found = {}
    for page, rows in by_page.items():
        own = {*_entries(signed, page)} if len(rows) > 1 else set()
        if own and is_hub(
            [own.intersection(_entries(signed, int(one[row] + two[row]) - page)) for row in rows]
        ):
            found[page] = rows
    return found


def held_by(one: I64, two: I64, evidence: Evidence) -> tuple[I64, I64]:
    """The pairs (their rows) of which one page holds the other but is no copy of it, and which one does."""
    containment = evidence.containment
    rows = np.flatnonzero(evidence.is_copy & (containment.min(axis=1) < COPY_RULES.main_article_share))
    is_second = containment[rows, 0] > containment[rows, 1]
    return rows, np.where(is_second, two[rows], one[rows])


def is_hub(passages: Sequence[set[int]]) -> bool:
    """Whether articles, each given as the `passage` it shares with a page, stand in several places of it."""
    groups: list[set[int]] = []
    share = COPY_RULES.same_story_passage_share
    for found in sorted(passages, key=lambda found: (-len(found), *sorted(found))):
        same = [group for group in groups if len(group & found) >= share * len(found)]
        groups = [group for group in groups if group not in same]
        groups.append(found.union(*same))
    return len(groups) > 1


def passage(signed: Signatures, one: int, two: int) -> set[int]:
    """What two articles share, as the samples and longer sentences that both have."""
    return {*_entries(signed, one)}.intersection(_entries(signed, two))


def _entries(signed: Signatures, article: int) -> list[int]:
    low, high = signed.sentence_at[article : article + 2].tolist()
    long = signed.lengths[low:high] >= 2 * COPY_RULES.telling_sentence_words
    sentences = signed.sentences[low:high][long].astype(np.int64) + _SENTENCE
    low, high = signed.sample_at[article : article + 2].tolist()
    return [*signed.samples[low:high].tolist(), *sentences.tolist()]


def left(blocks: Sequence[str], places: Iterable[int]) -> list[str]:
    """The blocks without those at some places."""
    gone = set(places)
    return [block for place, block in enumerate(blocks) if place not in gone]


def spread(labels: I64, equals: Mapping[int, Sequence[int]]) -> I64:
    """The labels with those of equal articles made equal too."""
    for best, others in equals.items():
        labels[others] = labels[best]
    return labels


# ---------------------------------------------------------------- records


def clustering(
    graph: Graph, equals: Mapping[int, Sequence[int]], templates: Mapping[str, frozenset[int]]
) -> Clustering:
    """The clusters of a graph of articles; `equals` are further articles of equal words by the one of them
    that is in the graph."""
    stories, evidence = graph.stories()
    pairs = [(copy, story[0]) for story in stories for copy in story[1:]]
    links = {copy: link for (copy, _), link in zip(pairs, _links(graph, pairs, evidence), strict=True)}
    keys = graph.signed.keys
    alone = equals.keys() - links.keys() - {story[0] for story in stories}
    clusters = []
    for story in [*stories, *([leader] for leader in alone)]:
        copies = [links[copy] for copy in story[1:]]
        for leader in story:
            copies += [
                equal_link(keys[copy], keys[leader], links.get(leader)) for copy in equals.get(leader, ())
            ]
        if copies:
            clusters.append(Cluster(keys[story[0]], tuple(sorted(copies, key=lambda link: link.a))))
    return Clustering(tuple(sorted(clusters, key=lambda cluster: cluster.kept)), _held(graph), templates)


def _held(graph: Graph) -> tuple[Link, ...]:
    """Links from articles to the pages that hold them among others."""
    rows = [(row, hub) for hub, rows in graph.hubs.items() for row in rows]
    pairs = [(int(graph.one[row] + graph.two[row]) - hub, hub) for row, hub in rows]
    evidence = graph.compared(*(np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1)))
    return tuple(sorted(_links(graph, pairs, evidence), key=lambda link: (link.a, link.b)))


def _links(graph: Graph, pairs: list[tuple[int, int]], evidence: Evidence) -> list[Link]:
    columns = (evidence.relations(), evidence.containment[:, 0].tolist(), evidence.similarity.tolist())
    keys = graph.signed.keys
    return [
        Link(keys[copy], keys[kept], relation, round(similarity, DECIMALS), round(min(1.0, mine), DECIMALS))
        for (copy, kept), relation, mine, similarity in zip(pairs, *columns, strict=True)
    ]


def equal_link(copy: str, leader: str, link: Link | None) -> Link:
    """The link of a `copy` whose words equal those of the `leader`, which has this link, or is kept: None."""
    if link is None or link.relation == "contains":
        return Link(copy, leader, "exact", 1.0, 1.0)
    return replace(link, a=copy)
