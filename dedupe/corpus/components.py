"""Connected components of pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dedupe.text.ragged import I64, Mask


def unconnected(size: int, one: I64, two: I64, links: Mask, rows: I64) -> I64:
    """Those of some pairs whose articles no chain of the pairs that are `links` connects."""
    return rows[~connected(size, one[links], two[links], one[rows], two[rows])]


def connected(size: int, one: I64, two: I64, left: I64, right: I64) -> Mask:
    """Which of the pairs (left, right) the links (one, two) connect, over whatever other articles."""
    labels = components(size, one, two)
    return np.asarray(labels[left] == labels[right])


def components(size: int, one: I64, two: I64) -> I64:
    """The first of the articles that links (one, two) connect with each of `size` articles.

    The links between labels hook each label to a smaller one until none is left; scipy's way takes a quarter
    of a second to import.
    """
    labels = np.arange(size)
    while len(one):
        low, high = (order(labels[one], labels[two]) for order in (np.minimum, np.maximum))
        apart = low != high
        one, two = one[apart], two[apart]
        np.minimum.at(labels, high[apart], low[apart])
        labels = _flattened(labels)
    return labels


def _flattened(labels: I64) -> I64:
    """The labels that labels lead to: the last of each chain."""
    while True:
        onward = labels[labels]
        if np.array_equal(onward, labels):
            return labels
        labels = onward
