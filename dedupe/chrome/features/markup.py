"""Columns of the elements that a block stands in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.chrome.features.columns import CAP, Array, BlockColumns, Columns, Matrix, fill_columns
from dedupe.chrome.features.names import BIT_NAMES, name_bits, plain_name, unpacked_bits
from dedupe.chrome.thresholds import MEASURES

if TYPE_CHECKING:
    from dedupe.page import Page

_OWN_NAMES = ("link-count", "bold", "time", "images", "depth", "hidden")
_BOX_NAMES = ("boxes-closed", "boxes-opened")
_TREE_NAMES = (
    "node-mass", "parent-mass", "grandparent-mass", "parent-links", "grandparent-links", "parent-units",
)  # fmt: skip
_ALIKE_NAMES = ("alike-mass", "alike-links", "alike-count")
_CONTAINER_NAMES = (
    "container", "container-wide", "container-narrow", "container-distance", "container-depth",
    "container-before", "branch-mass", "branch-links", "branch-units",
)  # fmt: skip
_RECORD_NAMES = (
    "record-count", "record-units", "record-links", "record-mass", "record-blocks", "record-first",
)  # fmt: skip
_DENSE_NAMES = (
    *_OWN_NAMES, *_BOX_NAMES, *_TREE_NAMES, *_ALIKE_NAMES, *_CONTAINER_NAMES, *_RECORD_NAMES,
)  # fmt: skip
_PLACES = ("in", "near", "branch")  # around the block, next to it, and where it leaves the container
MARKUP_NAMES: tuple[str, ...] = (
    *_DENSE_NAMES, *(f"{place} {bit}" for place in _PLACES for bit in BIT_NAMES),
)  # fmt: skip

# Scale: what numbers, and logarithms of others, are divided by, so that most columns lie between 0 and 1.
IMAGES, DEPTH, STEPS, LEVELS = 2, 12, 4, 5
LOG_LINKS, LOG_WORDS, LOG_ALIKE = 3, 8, 5
LOG_ITEMS, LOG_ITEM_WORDS, LOG_ITEM_BLOCKS = 3, 6, 3


# ---------------------------------------------------------------- markup


@dataclass(frozen=True, slots=True)
class PageElements:
    """The page's elements as arrays; `end` stands for no element. `ups` and `roots` hold the elements around
    each block, from its own up and from the root down, shape (depth, blocks), `depth` how many they are."""

    parents: Array
    kinds: Array  # equal for equal tags and names
    records: Array  # equal for elements with one parent whose tags and names are alike
    bits: Array
    hidden: Array
    ups: Array
    roots: Array
    depth: Array
    above: Array  # the bits of all elements around each block
    end: int


def page_elements(page: Page) -> PageElements:
    end = len(page.nodes)
    ups, tags, _, names, hidden = zip(*page.nodes, strict=True) if page.nodes else ((),) * 5
    parents = np.array([*ups, end])
    parents[parents < 0] = end
    pairs = list(zip(tags, names, strict=True))
    number = {pair: at for at, pair in enumerate(dict.fromkeys(pairs))}
    kinds = np.array([*map(number.__getitem__, pairs), len(number)])
    bits = np.array([*(name_bits(tag, name) for tag, name in number), 0])[kinds]
    around, roots, depth = _paths(np.array(page.where), parents)
    above = np.bitwise_or.reduce(bits[around], axis=0)
    records = _records(parents, kinds, list(number))
    return PageElements(
        parents, kinds, records, bits, np.array([*hidden, False]), around, roots, depth, above, end
    )


def _records(parents: Array, kinds: Array, pairs: list[tuple[str, str]]) -> Array:
    """A number for each element that it shares with its siblings of the same tag and like names."""
    plain = [(tag, plain_name(name)) for tag, name in pairs]
    number = {pair: at for at, pair in enumerate(dict.fromkeys(plain))}
    like = np.array([*map(number.__getitem__, plain), len(number)])[kinds]
    _, records = np.unique(parents * (len(number) + 1) + like, return_inverse=True)
    return np.asarray(records)


def fill_markup(rows: Matrix, page: Page, blocks: BlockColumns, elements: PageElements) -> None:
    """Fill in what the elements around the blocks tell."""
    parents, bits, kinds = elements.parents, elements.bits, elements.kinds
    own = elements.ups[0]
    trees = page_trees(elements.ups, elements.end, blocks)
    container, branch = _container_columns(elements, trees)
    own_columns, inline = _own_columns(page, blocks, elements)
    dense = {
        **own_columns,
        **_step_columns(elements.roots, elements.depth, elements.end),
        **_tree_columns(trees, own, parents),
        **_alike_columns(kinds[own] * (int(kinds.max()) + 1) + kinds[parents[own]], blocks),
        **container,
        **_record_columns(elements, trees),
    }
    up = parents[own]
    near = bits[own] | bits[up] | bits[parents[up]] | inline
    masks = (elements.above, near, bits[branch])
    fill_columns(rows[: len(_DENSE_NAMES)], _DENSE_NAMES, dense)
    for at, each in enumerate(masks):
        low = len(_DENSE_NAMES) + at * len(BIT_NAMES)
        rows[low : low + len(BIT_NAMES)] = unpacked_bits(each)


def _own_columns(page: Page, blocks: BlockColumns, elements: PageElements) -> tuple[Columns, Array]:
    """What the blocks hold, and how deep they stand; and the bits of the names of elements in them."""
    links, bold, time, images, inline = zip(*page.traits, strict=True)
    chars = np.array([len(text) + 1 for text in blocks.texts])
    columns: Columns = {
        "link-count": np.log1p(links) / LOG_LINKS,
        "bold": np.minimum(1, np.array(bold, np.float32) / chars),
        "time": np.array(time),
        "images": np.minimum(1, np.array(images) / IMAGES),
        "depth": np.minimum(CAP, elements.depth / DEPTH),
        "hidden": elements.hidden[elements.ups[0]],
    }
    return columns, np.array([name_bits("", name) if name else 0 for name in inline])


def _paths(where: Array, parents: Array) -> tuple[Array, Array, Array]:
    """The elements around each block, from its own up and from the root down, shape (depth, blocks),
    with `len(parents) - 1` where there is none; and how many there are."""
    end = len(parents) - 1
    at = np.where(where < 0, end, where)
    found = [at]
    while (at := parents[at]).min() < end:
        found.append(at)
    ups = np.array(found)
    depth = (ups != end).sum(axis=0)
    steps = np.arange(len(found))[:, None]
    down = np.take_along_axis(ups, np.maximum(0, depth - 1 - steps), axis=0)
    return ups, np.where(steps < depth, down, end), depth


@dataclass(frozen=True, slots=True)
class PageTrees:
    """Sums over all blocks below each element: paragraph units, linked units, all units; and their number."""

    mass: Array
    linked: Array
    every: Array
    number: Array
    total: float


def page_trees(ups: Array, end: int, blocks: BlockColumns) -> PageTrees:
    flat = ups.ravel()
    sums = [
        np.bincount(flat, np.tile(values, len(ups)), end + 1)
        for values in (blocks.mass, blocks.units * blocks.links, blocks.units, np.ones(len(blocks.units)))
    ]
    for each in sums:
        each[end] = 0
    return PageTrees(sums[0], sums[1], np.maximum(1, sums[2]), sums[3], max(1.0, float(blocks.mass.sum())))


def _step_columns(roots: Array, depth: Array, end: int) -> Columns:
    """How many elements end and begin between a block and the one before: where boxes have their borders."""
    same = (roots[:, 1:] == roots[:, :-1]) & (roots[:, 1:] != end)
    common = np.logical_and.accumulate(same).sum(axis=0)
    closed = np.r_[0, depth[:-1] - common]
    opened = np.r_[0, depth[1:] - common]
    return {"boxes-closed": np.minimum(CAP, closed / STEPS), "boxes-opened": np.minimum(CAP, opened / STEPS)}


def _tree_columns(trees: PageTrees, at: Array, parents: Array) -> Columns:
    up = parents[at]
    upper = parents[up]
    share = trees.mass / trees.total
    links = trees.linked / trees.every
    return {
        "node-mass": share[at],
        "parent-mass": share[up],
        "grandparent-mass": share[upper],
        "parent-links": links[up],
        "grandparent-links": links[upper],
        "parent-units": np.log1p(trees.every[up]) / LOG_WORDS,
    }


def _alike_columns(signature: Array, blocks: BlockColumns) -> Columns:
    """What the blocks in elements of the same tags and classes are like: share of the running text,
    mean share of links, how many they are."""
    _, same = np.unique(signature, return_inverse=True)
    number = np.bincount(same)
    mass = np.bincount(same, blocks.mass) / max(1.0, float(blocks.mass.sum()))
    links = np.bincount(same, blocks.links) / number
    return {
        "alike-mass": mass[same],
        "alike-links": links[same],
        "alike-count": np.log1p(number)[same] / LOG_ALIKE,
    }


def _container_columns(elements: PageElements, trees: PageTrees) -> tuple[Columns, Array]:
    """Where a block stands to the smallest element that holds most of the page's running text.

    Besides the columns: the element in which a block's way leaves the way to that container (the part of
    the container it stands in, or the box beside it).
    """
    roots, depth, parents, end = elements.roots, elements.depth, elements.parents, elements.end
    container = _smallest(trees, MEASURES.container_share)
    path = _way(container, parents)
    level = len(path)
    common = _shared(roots, path, end)
    inside = common == level
    blocks = np.arange(roots.shape[1])
    branch = roots[np.maximum(0, np.minimum(common, depth - 1)), blocks]
    wide = _way(_smallest(trees, MEASURES.wide_share), parents)
    narrow = _way(_smallest(trees, MEASURES.narrow_share), parents)
    columns: Columns = {
        "container": inside,
        "container-wide": _shared(roots, wide, end) == len(wide),
        "container-narrow": _shared(roots, narrow, end) == len(narrow),
        "container-distance": np.minimum(CAP, (level - common) / LEVELS),
        "container-depth": np.where(inside, np.minimum(CAP, (depth - level) / LEVELS), 0),
        "container-before": ~inside & (branch < container),
        "branch-mass": trees.mass[branch] / trees.total,
        "branch-links": trees.linked[branch] / trees.every[branch],
        "branch-units": np.log1p(trees.every[branch]) / LOG_WORDS,
    }
    return columns, branch


def _record_columns(elements: PageElements, trees: PageTrees) -> Columns:
    """What the longest list around a block is like whose items hold several blocks each (posts, comments,
    teasers): number of items, their size, links, share of the text, blocks; whether it is the first one."""
    records, end = elements.records, elements.end
    item = (trees.number >= 2) & (np.arange(end + 1) < end)
    counts = np.bincount(records, item)
    lengths = np.where(item & (counts[records] >= MEASURES.record_items), counts[records], 0)[elements.ups]
    level = lengths.argmax(axis=0), np.arange(lengths.shape[1])
    many, node = lengths[level], elements.ups[level]
    first = np.full(len(counts), end)
    np.minimum.at(first, records[item], np.flatnonzero(item))
    units, linked, mass, blocks = (
        np.where(many > 0, np.bincount(records, np.where(item, values, 0))[records[node]], 0)
        for values in (trees.every, trees.linked, trees.mass, trees.number)
    )
    each = np.maximum(1, many)
    return {
        "record-count": np.log1p(many) / LOG_ITEMS,
        "record-units": np.log1p(units / each) / LOG_ITEM_WORDS,
        "record-links": linked / np.maximum(1, units),
        "record-mass": mass / trees.total,
        "record-blocks": np.minimum(CAP, np.log1p(blocks / each) / LOG_ITEM_BLOCKS),
        "record-first": (many > 0) & (first[records[node]] == node),
    }


def _smallest(trees: PageTrees, share: float) -> int:
    """The deepest element that holds at least that share of the running text."""
    enough = np.flatnonzero(trees.mass >= share * trees.total)
    if not len(enough):
        return 0
    masses = trees.mass[enough]
    return int(enough[masses <= masses.min() + MEASURES.same_container_words][-1])


def _way(node: int, parents: Array) -> list[int]:
    """The elements from the root down to this one."""
    end = len(parents) - 1
    way = []
    while node < end:
        way.append(node)
        node = int(parents[node])
    return way[::-1]


def _shared(roots: Array, way: list[int], end: int) -> Array:
    """How many elements of a way each block stands in."""
    length = min(len(roots), len(way))
    if not length:
        return np.zeros(roots.shape[1], np.int64)
    same = roots[:length] == np.array(way[:length])[:, None]
    shared: Array = np.logical_and.accumulate(same).sum(axis=0)
    return shared
