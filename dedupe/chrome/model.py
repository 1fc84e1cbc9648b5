"""The block classifier: a small convolutional network over a page's blocks, in numpy.

Each block's features become a few hidden values; three convolutions, each reaching further than the one
before, let a block see its neighbours; running maxima from both ends and the page's mean tell it what
stands further away ("has a comment section begun?", "does text follow?"). Two sets of weights: pages
with markup, and plain text. They are trained by `benchmarks/train.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from dedupe.chrome.features.matrix import GROUPS, NAMES
from dedupe.errors import DedupeError

Array = npt.NDArray[np.float32]

WIDTH = 48  # hidden values a block
FAR = 16  # … of which running maxima are taken
TAPS = 5  # blocks that a convolution sees at once
DILATIONS = (1, 3, 9)  # how far they stand apart
SMALL = 250_000  # multiplications of one matrix product: BLAS starts threads, at great cost here, for more
MOST_MARGIN = 30  # log-odds: beyond that the belief is 0 or 1
WEIGHED = 6  # groups that `explain` names

#: The arrays of a weight file, in order: a flat vector of half-precision numbers.
SHAPES: tuple[tuple[int, ...], ...] = (
    (len(NAMES),),  # the mean of each feature, for `explain`
    (len(NAMES), WIDTH),
    (WIDTH,),
    *(shape for _ in DILATIONS for shape in ((TAPS, WIDTH, WIDTH), (WIDTH,))),
    (WIDTH, FAR),
    (FAR,),
    (2 * WIDTH + 2 * FAR, WIDTH),
    (WIDTH,),
    (WIDTH,),
    (1,),
)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Trained weights; `score` is a pure function of them and of the features.

    `networks` are trained alike from different beginnings; their mean errs less than each of them.
    """

    networks: tuple[tuple[Array, ...], ...]

    def score(self, matrix: Array) -> Array:
        """The belief, 0 to 1, that each block belongs to the article's body.

        `matrix` is what `features.matrix` gives, shape (blocks, len(NAMES)); the answer has shape (blocks,).
        """
        belief = 1 / (1 + np.exp(-self._margins(matrix)))
        return belief.astype(np.float32)

    def explain(self, matrix: Array, row: int) -> list[tuple[str, float]]:
        """What weighed most in the belief about one block: groups of features, the strongest first.

        A weight is how much the log-odds fall if the block's own values of that group were those of an
        average block: above 0 the group speaks for the article, below against it.
        """
        margin = float(self._margins(matrix)[row])
        weights = []
        for name, columns in GROUPS.items():
            changed = matrix.copy()
            changed[row, columns] = self.networks[0][0][columns]
            weights.append((name, margin - float(self._margins(changed)[row])))
        weights.sort(key=lambda weight: -abs(weight[1]))
        return weights[:WEIGHED]

    def _margins(self, matrix: Array) -> Array:
        """The log-odds of each block, the mean of the networks, shape (blocks,)."""
        if not len(matrix):
            return np.zeros(0, np.float32)
        margins: Array = np.mean([_margins(arrays, matrix) for arrays in self.networks], axis=0)
        return np.clip(margins, -MOST_MARGIN, MOST_MARGIN)


def _margins(arrays: tuple[Array, ...], matrix: Array) -> Array:
    """One network's log-odds of each block."""
    _, first, bias, *rest = arrays
    hidden = np.maximum(_product(matrix, first) + bias, 0)
    for at, dilation in enumerate(DILATIONS):
        hidden += _convolve(hidden, rest[2 * at], rest[2 * at + 1], dilation)
    far, far_bias, last, last_bias, out, out_bias = rest[2 * len(DILATIONS) :]
    away = np.maximum(_product(hidden, far) + far_bias, 0)
    above = np.maximum.accumulate(away)
    below = np.maximum.accumulate(away[::-1])[::-1]
    page = hidden.mean(axis=0) @ last[WIDTH : 2 * WIDTH] + last_bias
    near, high, low = last[:WIDTH], last[2 * WIDTH : -FAR], last[-FAR:]
    seen = _product(hidden, near) + _product(above, high) + _product(below, low) + page
    margins: Array = np.maximum(seen, 0) @ out + out_bias
    return margins


def _product(left: Array, right: Array) -> Array:
    """`left @ right`, computed some rows at a time on this thread alone."""
    rows, (inner, outer) = len(left), right.shape
    step = max(1, SMALL // (inner * outer))
    if rows <= step:
        small: Array = left @ right
        return small
    padded = np.zeros((-(-rows // step) * step, inner), np.float32)
    padded[:rows] = left
    large: Array = (padded.reshape(-1, step, inner) @ right).reshape(-1, outer)[:rows]
    return large


def _convolve(hidden: Array, weights: Array, bias: Array, dilation: int) -> Array:
    count, width = hidden.shape
    reach = TAPS // 2 * dilation
    padded = np.zeros((count + 2 * reach, width), np.float32)
    padded[reach : reach + count] = hidden
    taps = [padded[tap * dilation : tap * dilation + count] for tap in range(TAPS)]
    result = _product(np.hstack(taps), weights.reshape(TAPS * width, -1))
    result += bias
    return np.maximum(result, 0, out=result)


@lru_cache(maxsize=2)
def load(kind: Literal["html", "text"]) -> Model:
    """The shipped model for pages with markup or for plain text, read once.

    Raises:
        DedupeError: the weight file is missing or was made for other features.
    """
    path = Path(__file__).with_name("weights") / f"{kind}.npy"
    try:
        flat = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DedupeError(f"{path}: the model's weights cannot be read: {error}") from error
    return unpack(flat, str(path))


def unpack(flat: npt.NDArray[np.float16], name: str = "weights") -> Model:
    """A model from the flat vector of a weight file: one network, or several one after the other.

    Raises:
        DedupeError: the vector is not of the length that these features need.
    """
    sizes = [prod(shape) for shape in SHAPES]
    if flat.ndim != 1 or not len(flat) or len(flat) % sum(sizes):
        raise DedupeError(f"{name}: holds {flat.size} numbers where {sum(sizes)} are needed; train it again")
    networks = []
    for vector in flat.astype(np.float32).reshape(-1, sum(sizes)):
        parts = np.split(vector, np.cumsum(sizes)[:-1])
        networks.append(tuple(part.reshape(shape) for part, shape in zip(parts, SHAPES, strict=True)))
    return Model(tuple(networks))
