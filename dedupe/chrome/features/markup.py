"""Columns of the elements that a block stands in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.chrome.features.columns import Array, BlockColumns, Matrix, fill_columns
from dedupe.chrome.features.names import NAME_BITS, name_bits, plain_name, unpacked_bits

if TYPE_CHECKING:
    from dedupe.page import Page

RECORDS = 3  # items that a list of records has at least
SHARE = 0.6  # of the page's running text: what its container must hold


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
    columns, branch = _container_columns(elements, trees)
    links, bold, time, images, inline = zip(*page.traits, strict=True)
    dense = [
        np.log1p(links) / 3,
        np.minimum(1, np.array(bold, np.float32) / np.array([len(text) + 1 for text in blocks.texts])),
        np.array(time),
        np.minimum(1, np.array(images) / 2),
        np.minimum(2, elements.depth / 12),
        elements.hidden[own],
        *_step_columns(elements.roots, elements.depth, elements.end),
        *_tree_columns(trees, own, parents),
        *_alike_columns(kinds[own] * (int(kinds.max()) + 1) + kinds[parents[own]], blocks),
        *columns,
        *_record_columns(elements, trees),
    ]
    fill_columns(rows, dense)
    up = parents[own]
    near = (
        bits[own]
        | bits[up]
        | bits[parents[up]]
        | np.array([name_bits("", name) if name else 0 for name in inline])
    )
    for place, masks in enumerate((elements.above, near, bits[branch])):
        low = len(dense) + place * NAME_BITS
        rows[low : low + NAME_BITS] = unpacked_bits(masks)


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


def _step_columns(roots: Array, depth: Array, end: int) -> list[Array]:
    """How many elements end and begin between a block and the one before: where boxes have their borders."""
    same = (roots[:, 1:] == roots[:, :-1]) & (roots[:, 1:] != end)
    common = np.logical_and.accumulate(same).sum(axis=0)
    closed = np.r_[0, depth[:-1] - common]
    opened = np.r_[0, depth[1:] - common]
    return [np.minimum(2, closed / 4), np.minimum(2, opened / 4)]


def _tree_columns(trees: PageTrees, at: Array, parents: Array) -> list[Array]:
    up = parents[at]
    upper = parents[up]
    share = trees.mass / trees.total
    links = trees.linked / trees.every
    return [share[at], share[up], share[upper], links[up], links[upper], np.log1p(trees.every[up]) / 8]


def _alike_columns(signature: Array, blocks: BlockColumns) -> list[Array]:
    """What the blocks in elements of the same tags and classes are like: share of the running text,
    mean share of links, how many they are."""
    _, same = np.unique(signature, return_inverse=True)
    number = np.bincount(same)
    mass = np.bincount(same, blocks.mass) / max(1.0, float(blocks.mass.sum()))
    links = np.bincount(same, blocks.links) / number
    return [mass[same], links[same], np.log1p(number)[same] / 5]


def _container_columns(elements: PageElements, trees: PageTrees) -> tuple[list[Array], Array]:
    """Where a block stands to the smallest element that holds most of the page's running text.

    Besides the columns: the element in which a block's way leaves the way to that container (the part of
    the container it stands in, or the box beside it).
    """
    roots, depth, parents, end = elements.roots, elements.depth, elements.parents, elements.end
    container = _smallest(trees, SHARE)
    path = _way(container, parents)
    level = len(path)
    common = _shared(roots, path, end)
    inside = common == level
    blocks = np.arange(roots.shape[1])
    branch = roots[np.maximum(0, np.minimum(common, depth - 1)), blocks]
    wide = _shared(roots, wider := _way(_smallest(trees, 0.9), parents), end) == len(wider)
    narrow = _shared(roots, nearer := _way(_smallest(trees, 0.35), parents), end) == len(nearer)
    columns = [
        inside,
        wide,
        narrow,
        np.minimum(2, (level - common) / 5),
        np.where(inside, np.minimum(2, (depth - level) / 5), 0),
        ~inside & (branch < container),
        trees.mass[branch] / trees.total,
        trees.linked[branch] / trees.every[branch],
        np.log1p(trees.every[branch]) / 8,
    ]
    return columns, branch


def _record_columns(elements: PageElements, trees: PageTrees) -> list[Array]:
    """What the longest list around a block is like whose items hold several blocks each (posts, comments,
    teasers): number of items, their size, links, share of the text, blocks; whether it is the first one."""
    records, end = elements.records, elements.end
    item = (trees.number >= 2) & (np.arange(end + 1) < end)
    counts = np.bincount(records, item)
    lengths = np.where(item & (counts[records] >= RECORDS), counts[records], 0)[elements.ups]
    level = lengths.argmax(axis=0), np.arange(lengths.shape[1])
    many, node = lengths[level], elements.ups[level]
    first = np.full(len(counts), end)
    np.minimum.at(first, records[item], np.flatnonzero(item))
    units, linked, mass, blocks = (
        np.where(many > 0, np.bincount(records, np.where(item, values, 0))[records[node]], 0)
        for values in (trees.every, trees.linked, trees.mass, trees.number)
    )
    each = np.maximum(1, many)
    return [
        np.log1p(many) / 3,
        np.log1p(units / each) / 6,
        linked / np.maximum(1, units),
        mass / trees.total,
        np.minimum(2, np.log1p(blocks / each) / 3),
        (many > 0) & (first[records[node]] == node),
    ]


def _smallest(trees: PageTrees, share: float) -> int:
    """The deepest element that holds at least that share of the running text."""
    enough = np.flatnonzero(trees.mass >= share * trees.total)
    if not len(enough):
        return 0
    masses = trees.mass[enough]
    return int(enough[masses <= masses.min() + 0.01][-1])


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
