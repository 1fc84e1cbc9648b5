"""Columns of the words that a block of a text dump shares with the page's running text."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from dedupe.chrome.features.columns import Columns
    from dedupe.repeats.records import PageRepeats

WORD_NAMES = ("words-known", "rare-words-known", "words-frequent", "pairs-known")

PAIRS = 0x7FFF  # pairs of words are counted in so many buckets, by
MULTIPLIER = 40503  # … the first word's number times that, and the second one's
LOG_FREQUENT = 3  # scale: what the logarithm of a count is divided by
LEAST_WEIGHT = 0.1  # scale: the weights of a block's words make at least so much


def word_columns(twins: PageRepeats, main: npt.NDArray[np.bool_]) -> Columns:
    """How far a block speaks the words of the page's running text, `main`: a teaser shares few of them.

    Shares of its words and of its pairs of words that stand elsewhere in `main`, rare ones counting
    more, and how frequent its words are there, which tells function words in any language.
    """
    count = len(main)
    lengths = np.fromiter(map(len, twins.words), np.int64, count)
    ids = np.fromiter(chain.from_iterable(twins.words), np.int64, int(lengths.sum()))
    if not len(ids):
        return dict.fromkeys(WORD_NAMES, 0.0)
    owner = np.repeat(np.arange(count), lengths)
    own = main[owner]
    page = np.bincount(ids)
    elsewhere = np.bincount(ids[own], minlength=len(page))[ids] - own
    weights = 1 / np.sqrt(page[ids])
    known = elsewhere > 0
    lengths = np.maximum(1, lengths)
    frequent = np.log1p(np.maximum(0, elsewhere))
    pairs = (ids[:-1] * MULTIPLIER + ids[1:]) & PAIRS
    own_pairs = own[1:]
    known_pairs = (np.bincount(pairs[own_pairs], minlength=PAIRS + 1)[pairs] - own_pairs > 0) & (
        owner[1:] == owner[:-1]
    )
    return {
        "words-known": np.bincount(owner, known, count) / lengths,
        "rare-words-known": np.bincount(owner, known * weights, count)
        / np.maximum(LEAST_WEIGHT, np.bincount(owner, weights, count)),
        "words-frequent": np.bincount(owner, frequent, count) / lengths / LOG_FREQUENT,
        "pairs-known": np.bincount(owner[1:], known_pairs, count) / lengths,
    }
