"""What a site repeats: blocks that belong to the site rather than to an article, and which pages keep one.

A block that stands under many different articles is the site's own: a disclaimer, a call to subscribe.
Versions of one story repeat most of their blocks as well, and those are the story. Two things tell them
apart: versions have one order of blocks, in which a block of one version is replaced by other text in
another, and count as one article; and what is repeated outweighs what is not. A block of the second kind is
never likeness, but one page keeps it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dedupe.corpus.components import components
from dedupe.corpus.records import Signatures, in_template
from dedupe.corpus.thresholds import TEMPLATE_RULES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from dedupe.text.ragged import I64, Mask


def find_templates(signed: Signatures, labels: I64) -> dict[str, frozenset[int]]:
    """The keys of the blocks that belong to a site rather than to an article, for each site.

    A block does if it stands in many different articles of one site (`labels` are equal for pages of one
    article, which count once, as do versions of one). What two or three articles quote stays; pages of no
    site have none.
    """
    blocks = _Blocks.of(signed, labels)
    if not len(blocks.rows):
        return {}
    common = blocks.common()
    if common.any():
        blocks = blocks.with_labels(_of_versions(blocks, common, labels))
        common = blocks.common()
    return blocks.named(common)


class _Blocks(NamedTuple):
    """The blocks of pages with a site that say anything, in the pages' order.

    `rows` are their places in `signed`, `owner` the pages; `group` numbers the blocks that are equal on one
    site; `site` and `story` are of the pages.
    """

    signed: Signatures
    names: Sequence[str]
    site: I64
    story: I64
    rows: I64
    owner: I64
    group: I64

    @classmethod
    def of(cls, signed: Signatures, labels: I64) -> _Blocks:
        names, site = np.unique(np.array(["", *signed.sites]), return_inverse=True)
        site = site[1:]
        owner = np.repeat(np.arange(len(signed)), np.diff(signed.block_at))
        rows = np.flatnonzero((signed.block_units > 0) & (site[owner] > 0))
        owner = owner[rows]
        order = np.lexsort((signed.blocks[rows], site[owner]))
        new = changes(site[owner[order]]) | changes(signed.blocks[rows[order]])
        group = np.empty(len(rows), np.int64)
        group[order] = np.cumsum(new) - 1
        return cls(signed, names.tolist(), site, labels, rows, owner, group)

    def with_labels(self, labels: I64) -> _Blocks:
        return self._replace(story=labels)

    @property
    def units(self) -> npt.NDArray[np.float16]:
        return self.signed.block_units[self.rows]

    @property
    def first(self) -> I64:
        """The first of the blocks of each group."""
        return np.unique(self.group, return_index=True)[1]

    def counts(self) -> I64:
        """In how many stories the blocks of each group stand."""
        pairs = np.unique(np.stack([self.group, self.story[self.owner]]), axis=1)
        return np.bincount(pairs[0])

    def common(self) -> Mask:
        """The groups that stand in enough stories."""
        first = self.first
        told = self.told()[self.site[self.owner[first]]]
        return is_common(self.counts(), told, self.units[first] < TEMPLATE_RULES.short_block_words)

    def told(self) -> I64:
        """How many stories each site tells."""
        pairs = np.unique(np.stack([self.site, self.story]), axis=1)
        return np.bincount(pairs[0], minlength=len(self.names))

    def named(self, groups: Mask) -> dict[str, frozenset[int]]:
        """The keys of some groups by the names of their sites."""
        found: defaultdict[str, set[int]] = defaultdict(set)
        for at in self.first[groups].tolist():
            found[self.names[self.site[self.owner[at]]]].add(int(self.signed.blocks[self.rows[at]]))
        return {name: frozenset(of_site) for name, of_site in sorted(found.items())}


def is_common(counts: I64, stories: I64, short: Mask) -> Mask:
    """Which blocks stand in so many different articles (`counts`) of all of their site (`stories`) that they
    are the site's own; `short` says which are below `short_block_words`."""
    least = np.maximum(TEMPLATE_RULES.repeating_articles, np.sqrt(stories) / TEMPLATE_RULES.root_divisor)
    least_short = np.maximum(least, TEMPLATE_RULES.short_block_articles_share * stories)
    return np.asarray(counts >= np.where(short, least_short, least))


def changes(values: npt.NDArray[Any]) -> Mask:
    """Where a sorted array has another value than before; the first is one."""
    changes: Mask = np.r_[True, values[1:] != values[:-1]][: len(values)]
    return changes


# ---------------------------------------------------------------- versions of one story


def _of_versions(blocks: _Blocks, common: Mask, labels: I64) -> I64:
    """The labels with those of pages that are versions of one story made equal."""
    passages = np.flatnonzero(blocks.units >= TEMPLATE_RULES.passage_words)
    owner, group = blocks.owner[passages], blocks.group[passages]
    shared = blocks.counts() > 1
    links = [_woven(owner, group, shared), _told_else(owner, group, shared & ~common)]
    one, two = (np.concatenate([link[side] for link in links]) for side in (0, 1))
    return components(len(labels), labels[one], labels[two])[labels]


def _woven(owner: I64, group: I64, shared: Mask) -> tuple[I64, I64]:
    """Pages in whose common order of blocks a block of one is replaced by text of its own in the other.

    A site's blocks stand together, or apart from each other wherever an article happens to end: the same
    two do not follow each other here and have other text between them there, in one order everywhere.
    """
    at = np.flatnonzero(shared[group])
    codes, pages, gaps, steps = [], [], [], []
    for step in range(1, TEMPLATE_RULES.order_reach_blocks + 1):
        low, high = at[:-step], at[step:]
        same = owner[low] == owner[high]
        low, high = low[same], high[same]
        codes.append(np.stack([group[low], group[high]]))
        pages.append(owner[low])
        gaps.append(high - low - step)
        steps.append(np.full(len(low), step))
    pairs, page, gap, step_of = np.concatenate(codes, axis=1), *map(np.concatenate, (pages, gaps, steps))
    size = len(shared)
    code, turned = pairs[0] * size + pairs[1], pairs[1] * size + pairs[0]
    kinds, which = np.unique(code, return_inverse=True)
    joined = np.bincount(which[gap == 0], minlength=len(kinds))
    is_parted = (gap > 0) & (step_of == 1)
    parted = np.bincount(which[is_parted], minlength=len(kinds))
    woven = (parted > 0) & (joined >= np.maximum(1, TEMPLATE_RULES.woven_ratio * parted))
    woven &= ~np.isin(kinds, turned)
    chosen = np.flatnonzero(woven[which] & ((gap == 0) | is_parted))
    return _starred(which[chosen], page[chosen])


def _told_else(owner: I64, group: I64, few: Mask) -> tuple[I64, I64]:
    """Pages that share several passages that only a `few` articles have."""
    at = np.flatnonzero(few[group])
    at = at[np.argsort(group[at], kind="stable")]
    one, two = [], []
    step = 1
    while True:
        low, high = at[:-step], at[step:]
        same = group[low] == group[high]
        if not same.any():
            break
        one.append(owner[low[same]])
        two.append(owner[high[same]])
        step += 1
    none = np.zeros(0, np.int64)
    pairs = np.stack([np.concatenate([none, *one]), np.concatenate([none, *two])])
    pairs, counts = np.unique(pairs, axis=1, return_counts=True)
    found = pairs[:, counts >= TEMPLATE_RULES.told_else_passages]
    return found[0], found[1]


def _starred(groups: I64, members: I64) -> tuple[I64, I64]:
    """Links from the members of each group to one of them."""
    order = np.argsort(groups, kind="stable")
    groups, members = groups[order], members[order]
    firsts = np.flatnonzero(changes(groups))
    return np.repeat(members[firsts], np.diff(np.append(firsts, len(groups)))), members


# ---------------------------------------------------------------- what one page keeps


def spared(
    signed: Signatures,
    templates: Mapping[str, Collection[int]],
    labels: I64,
    dropped: Collection[int],
) -> dict[int, frozenset[int]]:
    """Pages that keep blocks which all others of their site lose as template, and the keys of these.

    They are blocks longer than a line of which too few articles say much more themselves: a frame that
    outweighs what it frames, or a story that looks like one; and paragraphs that mostly stand amid an
    article's own. A page in `dropped` is only chosen if there is no other.
    """
    if not templates:
        return {}
    blocks = _Blocks.of(signed, labels)
    weighty = _weighty(blocks, in_template(signed, templates)[blocks.rows])
    rows = np.flatnonzero(weighty[blocks.group])
    weights = np.bincount(blocks.owner[rows], blocks.units[rows], minlength=len(signed))
    held: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows.tolist():
        held[int(blocks.owner[row])].append(row)
    kept: set[int] = set()
    found: dict[int, frozenset[int]] = {}
    for page in sorted(
        held,
        key=lambda page: (page in dropped, -weights[page], signed.dates[page] or "9999", signed.keys[page]),
    ):
        groups = {int(blocks.group[row]) for row in held[page]}
        if groups - kept:
            kept |= groups
            found[page] = frozenset(signed.blocks[blocks.rows[held[page]]].tolist())
    return found


def _weighty(blocks: _Blocks, lost: Mask) -> Mask:
    """The groups that are `lost` as template although few of the pages that hold them say much that others
    do not say."""
    size, units = len(blocks.story), blocks.units.astype(np.float64)
    shared = (blocks.counts() > 1)[blocks.group]
    said, repeated = (np.bincount(blocks.owner[of], units[of], minlength=size) for of in (~shared, shared))
    is_telling = (said >= TEMPLATE_RULES.telling_ratio * repeated) & (said >= TEMPLATE_RULES.telling_words)
    telling = is_telling[blocks.owner]
    pairs = np.unique(np.stack([blocks.group, blocks.story[blocks.owner]])[:, telling], axis=1)
    first = blocks.first
    counts = np.bincount(pairs[0], minlength=len(first))
    is_long = (counts < TEMPLATE_RULES.repeating_articles) & (units[first] >= TEMPLATE_RULES.passage_words)
    is_amid = _amid(blocks, ~shared & (units >= TEMPLATE_RULES.passage_words))
    is_amid &= units[first] >= TEMPLATE_RULES.paragraph_words
    return (is_long | is_amid) & lost[first]


def _amid(blocks: _Blocks, own: Mask) -> Mask:
    """The groups that in most of their places stand between two of a page's `own` blocks."""
    above, below = np.roll(own, 1), np.roll(own, -1)
    edge = changes(blocks.owner)
    inside = above & below & ~edge & ~np.roll(edge, -1)
    return 2 * np.bincount(blocks.group, inside) > np.bincount(blocks.group)


def template_places(
    signed: Signatures, templates: Mapping[str, Collection[int]], spared: Mapping[str, Collection[int]]
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The pages that lose blocks as their site's template, and the places of these; `spared` blocks of pages
    with these keys stay."""
    gone = in_template(signed, templates)
    for number in [number for number, key in enumerate(signed.keys) if key in spared] if spared else ():
        low, high = signed.block_at[number : number + 2].tolist()
        kept = spared[signed.keys[number]]
        gone[low:high] &= [key not in kept for key in signed.blocks[low:high].tolist()]
    lost = np.flatnonzero(gone)
    owners = np.searchsorted(signed.block_at, lost, side="right") - 1
    places = (lost - signed.block_at[owners]).tolist()
    for number, found in groupby(zip(owners.tolist(), places, strict=True), itemgetter(0)):
        yield number, tuple(place for _, place in found)
