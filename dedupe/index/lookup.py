"""Articles on their way through an index, many at a time: what is asked, what they are like, what changes.

    signed ─ probes ─▶ (the store looks) ─ take ─▶ matches ─ changes ─▶ (the store writes)

All stores are asked the same and told the same here, so all of them answer alike.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from dedupe.corpus.codes import codes_of, sentence_hashes
from dedupe.corpus.evidence import DECIMALS
from dedupe.corpus.records import BLOCK, Signatures
from dedupe.corpus.signatures import without
from dedupe.corpus.templates import is_common
from dedupe.corpus.thresholds import TEMPLATE_RULES
from dedupe.index import sketch as sketching
from dedupe.index.posts import change_of, counted_blocks, digest_of, places_of, sought_posts, word_posts
from dedupe.index.sketch import Sketch, compare, decode, exact, key_post, likely, sketches
from dedupe.index.stores import Change, Found, KeyPage, Probe, best

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from dedupe.corpus.evidence import Evidence, Relation


Status = Literal["new", "exact", "near", "contains", "contained", "known", "updated"]

#: Which of several matches is told: that of the highest rank.
_RANK: dict[Relation, int] = {"exact": 3, "near": 2, "contained": 1, "contains": 1}
_AFTER_ALL = 1 << 40  # more than any page's number: from it on articles of a batch are numbered


@dataclass(frozen=True, slots=True)
class SeenResult:
    """What an index knew of an article before.

    `status` is "known" if the article's own key was in the index with the same words, "updated" if it was
    there with others. Of an article with a new key it is the `relation`, or "new" without one.

    `relation` says how the article relates to the page with the key `key`: "exact" (the same words), "near",
    "contains" (that page is a part of it) or "contained" (it is a part of that page); both are None if no
    other page is like it. `similarity` is the Jaccard similarity of both (0–1), `containment` the share of
    the article that the other page says too. `known` says that the own key was in the index already,
    `changed` that its text was another one then. Of a known article a page that was there before it is told,
    if there is one; `came_first` says that all that are like it came later. `own_key` is the article's own
    key: one that only the page itself claims, and that the index has with other words, gets a mark of its
    words behind it.
    """

    status: Status
    key: str | None = None
    similarity: float = 0.0
    containment: float = 0.0
    known: bool = False
    changed: bool = False
    relation: Relation | None = None
    own_key: str | None = None
    came_first: bool = False

    @property
    def is_new(self) -> bool:
        """Neither the article nor its key was in the index."""
        return self.status == "new"

    def is_one_of(self, kinds: Container[str]) -> bool:
        """Whether this is a page of one of these kinds (statuses), which somebody wants to leave out.

        A known page counts as the copy that it was, too, and one that came first was none: else each of two
        copies would be the other's when both are seen again. An updated one has other text now.
        """
        was_copy = self.status == "known" and not self.came_first
        return self.status in kinds or (was_copy and self.relation in kinds)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class _Match(NamedTuple):
    """A page that an article is like; `is_same_site` says whether any such page is of the article's site."""

    relation: Relation
    key: str
    similarity: float
    containment: float
    number: int
    is_same_site: bool = False


class _Candidate(NamedTuple):
    key: str
    sketch: Sketch
    number: int


class Lookup(NamedTuple):
    """What an article is like, the page that its key had, and its own sketch.

    `is_known` says that the page of its key has the same words, `is_claim` that it gave way to another page
    whose key it claims.
    """

    match: _Match | None
    old: KeyPage | None
    own: Sketch
    is_known: bool
    key: str
    is_claim: bool


class Batch:
    """Articles with different keys that are looked for, and perhaps added, together."""

    def __init__(
        self, signed: Signatures, templates: Sequence[Sequence[int]], claimed: Container[str] = ()
    ) -> None:
        """`claimed` are keys that only the pages themselves say: they take no other page's place."""
        self._signed = signed
        self._lost = templates
        self._claimed = claimed
        self._claims: frozenset[int] = frozenset()  # who gave way, and has a name of its own now
        self._sites = [sketching.site_hash(site) for site in signed.sites]
        self._blocks = counted_blocks(signed, templates)
        keys = [[key for key, _ in blocks] for blocks in self._blocks]
        self._passages = sketching.all_places(self._sites, keys)
        self._own = sketches(signed, self._sites, self._passages)
        self._whole = self._own
        self._post()
        self._found: Sequence[Found] = ()
        self._known: Sequence[bool] = ()

    def _post(self) -> None:
        """The posts under which each article is found, and those under which its copies are looked for."""
        self._posts = [word_posts(own) for own in self._own]
        self.sought_posts = [sought_posts(own) for own in self._own]

    def probes(self) -> list[Probe]:
        """What the store is asked."""
        return [
            Probe(key or None, key_post(key), sought, places_of(own))
            for key, own, sought in zip(self._signed.keys, self._own, self.sought_posts, strict=True)
        ]

    def take(self, found: Sequence[Found]) -> None:
        """Go on with what the store has found: the blocks of site templates are left out from here on."""
        self._found, self._own = found, self._whole
        templates = self._templates()
        if templates:
            rest = sketches(without(self._signed, templates), self._sites, self._passages)
            # a page of nothing else is compared as it is
            self._own = [new if new.units > 0 else own for new, own in zip(rest, self._own, strict=True)]
            self._post()
        self._known = [
            page.old is not None and digest_of(page.old) == own.digest
            for page, own in zip(found, self._own, strict=True)
        ]

    def renamed(self) -> Batch | None:
        """The batch with other keys for pages that claim the key of another page; None if none does.

        To be called after `take`, which the new batch needs as well.
        """
        keys, claims = [*self._signed.keys], []
        for at, (found, is_known) in enumerate(zip(self._found, self._known, strict=True)):
            if found.old is not None and not is_known and keys[at] in self._claimed:
                keys[at] = f"{keys[at]}#{self._own[at].digest:016x}"
                claims.append(at)
        if not claims:
            return None
        batch = Batch(replace(self._signed, keys=tuple(keys)), self._lost)
        batch._claims = frozenset(claims)
        return batch

    def _templates(self) -> dict[str, frozenset[int]]:
        templates: dict[str, set[int]] = {}
        for at, (found, own) in enumerate(zip(self._found, self._own, strict=True)):
            if max(found.counts[1:], default=0) < TEMPLATE_RULES.repeating_articles - 1:
                continue
            stories, *counts = without_own(found.old, places_of(own), found.counts)
            for count, (key, length) in zip(counts, self._blocks[at], strict=True):
                if is_template(count + 1, stories + 1, length):
                    templates.setdefault(self._signed.sites[at], set()).add(key)
        return {site: frozenset(keys) for site, keys in templates.items()}

    def matches(self, together: bool, without: Container[str] = ()) -> list[Lookup]:
        """What each article is like: of the store, and (`together`) of those before it in the batch."""
        candidates = self._together() if together else self._candidates()
        if without:
            candidates = [[item for item in items if item.key not in without] for items in candidates]
        # a known page is the copy that it was
        limits = [
            page.old.number if page.old and is_known else None
            for page, is_known in zip(self._found, self._known, strict=True)
        ]
        found = _matches(self._own, candidates, limits)
        return [
            Lookup(
                match, self._found[at].old, own, self._known[at], self._signed.keys[at], at in self._claims
            )
            for at, (match, own) in enumerate(zip(found, self._own, strict=True))
        ]

    def _candidates(self) -> list[list[_Candidate]]:
        known: dict[int, _Candidate] = {}
        for page in (page for found in self._found for page in found.candidates):
            if page.number not in known:
                known[page.number] = _Candidate(page.key, decode(page.data), page.number)
        return [[known[page.number] for page in found.candidates] for found in self._found]

    def _together(self) -> list[list[_Candidate]]:
        """The candidates of each article if those before it had been added already."""
        last = _AFTER_ALL
        lists: dict[int, list[int]] = {}
        replaced: set[int] = set()
        every = []
        for at, (candidates, found) in enumerate(zip(self._candidates(), self._found, strict=True)):
            posts = self._posts[at]
            inside = [
                _Candidate(self._signed.keys[number - last], self._own[number - last], number)
                for number in best(self.sought_posts[at], lists)
            ]
            every.append([item for item in candidates if item.number not in replaced] + inside)
            if found.old is not None and not self._known[at]:
                replaced.add(found.old.number)
            if found.old is None or found.old.number in replaced:
                for post in posts:
                    lists.setdefault(post, []).append(last + at)
        return every

    def changes(self, outcomes: Sequence[Lookup], when: int) -> list[Change]:
        """What the store must write."""
        return [
            change_of(key, outcome, posts, when)
            for key, outcome, posts in zip(self._signed.keys, outcomes, self._posts, strict=True)
        ]


def without_own(old: KeyPage | None, places: Sequence[int], counts: Sequence[int]) -> list[int]:
    """Counts of passages without what the page itself added to them before."""
    if old is None:
        return list(counts)
    before = decode(old.data)
    own = set(places_of(before)) if before.counted else ()
    return [count - (place in own) for place, count in zip(places, counts, strict=True)]


def is_template(articles: int, of_site: int, length: float) -> bool:
    """Whether a block of that length (units) in so many of a site's articles is the site's own."""
    is_short = length < TEMPLATE_RULES.short_block_words
    return bool(is_common(np.array([articles]), np.array([of_site]), np.array([is_short]))[0])


def is_passage(lost: bool, length: float) -> bool:
    """Whether a block of that length (units) that is `lost` as template is longer than a line."""
    return lost and length >= TEMPLATE_RULES.passage_words


def is_version(signed: Signatures, lost: Sequence[bool], others: Sequence[Sketch]) -> bool:
    """Whether an article, the only one in `signed`, is a version of a story that others tell as well.

    It is if the passages that would be `lost` as its site's outweigh what else it says, or if it shares
    further ones with one of the `others` of its site.
    """
    lengths = signed.block_units.astype(np.float64)
    gone = np.array(lost, np.bool_)
    if lengths[~gone].sum() < lengths[gone & (lengths >= TEMPLATE_RULES.passage_words)].sum():
        return True
    codes = codes_of(signed.codes[0])
    hashes, owner = sentence_hashes(codes)
    words = np.flatnonzero(signed.block_sentences > 0)[np.cumsum(codes & BLOCK != 0) - 1]
    sizes = np.bincount(words, minlength=len(lengths))
    further = ~gone & (lengths >= TEMPLATE_RULES.passage_words)
    for other in others:
        if other.site == sketching.site_hash(signed.sites[0]):
            known = np.isin(hashes, sentence_hashes(other.codes)[0])[owner]
            shared = np.bincount(words[known], minlength=len(lengths)) * 2 > sizes
            if np.count_nonzero(shared & further) >= TEMPLATE_RULES.told_else_passages:
                return True
    return False


# ---------------------------------------------------------------- matches


def _matches(
    owns: Sequence[Sketch],
    candidates: Sequence[Sequence[_Candidate]],
    limits: Sequence[int | None],
) -> list[_Match | None]:
    """The best match of each article among its candidates; those with numbers below its limit come first."""
    found: list[list[_Match]] = [_equals(own, items) for own, items in zip(owns, candidates, strict=True)]
    doubt = [
        (at, own, item)
        for at, (own, items, limit) in enumerate(zip(owns, candidates, limits, strict=True))
        if own.units and not any(limit is None or match.number < limit for match in found[at])
        for item, is_likely in zip(items, likely(own, [item.sketch for item in items]), strict=True)
        if is_likely
    ]
    if doubt:
        evidence = compare([own for _, own, _ in doubt], [item.sketch for _, _, item in doubt])
        relations = evidence.relations()
        for row in np.flatnonzero(evidence.is_copy).tolist():
            at, own, item = doubt[row]
            found[at].append(_likeness(evidence, row, relations[row], own, item))
    return [_best(matches, limit) for matches, limit in zip(found, limits, strict=True)]


def _equals(own: Sketch, items: Sequence[_Candidate]) -> list[_Match]:
    return [
        _Match("exact", item.key, 1.0, 1.0, item.number, item.sketch.site == own.site)
        for item in items
        if exact(own, item.sketch)
    ]


def _likeness(evidence: Evidence, row: int, relation: Relation, own: Sketch, item: _Candidate) -> _Match:
    mine = min(1.0, float(evidence.containment[row, 0]))
    similarity = min(1.0, float(evidence.similarity[row]))
    is_same_site = item.sketch.site == own.site
    return _Match(
        relation, item.key, round(similarity, DECIMALS), round(mine, DECIMALS), item.number, is_same_site
    )


def _best(matches: Sequence[_Match], limit: int | None = None) -> _Match | None:
    """The match that is told: below the limit, the same words, then the most similar, then the earliest."""
    if not matches:
        return None
    first = max(
        matches,
        key=lambda match: (
            limit is None or match.number < limit,
            _RANK[match.relation],
            match.similarity,
            -match.number,
        ),
    )
    return first._replace(is_same_site=any(match.is_same_site for match in matches))


def with_late(match: _Match | None, own: Sketch, pages: Sequence[KeyPage]) -> _Match | None:
    """The match, now that these pages have come in as well."""
    if not pages or not own.units:
        return match
    late = [_Candidate(page.key, decode(page.data), page.number) for page in pages]
    other = _matches([own], [late], [None])[0]
    return _best([found for found in (match, other) if found])


def result(outcome: Lookup) -> SeenResult:
    match, old, _, is_known, key, is_claim = outcome
    relation = match.relation if match else None
    status: Status = relation or "new"
    if old is not None or is_claim:
        status = "known" if is_known else "updated"
    was_there = status in ("known", "updated")
    found = SeenResult(status, known=was_there, changed=status == "updated", own_key=key or None)
    if match is None:
        return found
    return replace(
        found,
        key=match.key,
        similarity=match.similarity,
        containment=match.containment,
        relation=relation,
        came_first=old is not None and is_known and match.number > old.number,
    )
