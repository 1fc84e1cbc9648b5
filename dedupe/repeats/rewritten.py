"""Likely pairs of blocks that were rewritten: MinHash bands and shared word pairs within one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dedupe.repeats.align import kgram_keys
from dedupe.repeats.comparisons import Comparisons
from dedupe.repeats.coverage import Alignment
from dedupe.repeats.records import ExactMatch
from dedupe.repeats.thresholds import MATCHING, RULES
from dedupe.text.minhash import band_keys, pairs, signatures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.repeats.accepted import AcceptedRepeats
    from dedupe.repeats.tokens import TokenStream

KEY_BITS = np.uint64(32)  # bits that are cut off a word pair's key of 64: signatures are made of 32
PAIRS = 500_000  # pairs of blocks that may be rewritten copies: of real pages none has 700
BOUNDED = "too many passages are alike: not all were compared, so that some copies may stay"


def edited_copies(stream: TokenStream, said: AcceptedRepeats) -> Iterator[Alignment]:
    """Passages of long blocks that were rewritten so much that they share few long matches.

    MinHash signatures of the blocks' word pairs, cut into bands, propose pairs of blocks; comparing their
    words decides. A lone pair is no copy, however like: two in the same order are.
    """
    blocks = [
        at
        for at, block in enumerate(stream.blocks)
        if stream.block_units(at) >= RULES.long_block_words
        and block.role != "quote"
        and said.is_untouched(at)
    ]
    if len(blocks) < 2 * MATCHING.rewritten_blocks:
        return

    comparisons = Comparisons(stream)
    group: list[list[ExactMatch]] = []
    reach = MATCHING.reach_blocks
    last = (-1, -1)
    for one, two in _likely_pairs(stream, said, blocks):
        if one <= last[0] or two <= last[1] or not (matches := comparisons.matches(one, two)):
            continue
        if group and (one - last[0] > reach or two - last[1] > reach):
            yield from _rewritten(stream, group)
            group = []
        group.append(matches)
        last = (one, two)
    said.bounded |= comparisons.bounded
    yield from _rewritten(stream, group)


def _likely_pairs(stream: TokenStream, said: AcceptedRepeats, blocks: list[int]) -> list[tuple[int, int]]:
    """Pairs of blocks with a band of their signatures in common, in page order."""
    blocks, every, bounds = _word_pairs(stream, blocks)
    if len(blocks) < 2 * MATCHING.rewritten_blocks:
        return []

    bands, rows = MATCHING.signature_bands, MATCHING.signature_band_rows
    keys = band_keys(signatures(every >> KEY_BITS, bounds, bands * rows), bands, rows)
    left, right = pairs(keys.ravel(), np.repeat(np.arange(len(blocks)), keys.shape[1]))
    found = np.unique(np.minimum(left, right) * len(blocks) + np.maximum(left, right))
    said.bounded |= len(found) > PAIRS
    places = np.array(blocks)
    one, two = (places[each].tolist() for each in np.divmod(found[:PAIRS], len(blocks)))
    return [pair for pair in zip(one, two, strict=True) if pair[0] != pair[1]]


def _word_pairs(
    stream: TokenStream, blocks: list[int]
) -> tuple[list[int], npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """The blocks that have enough word pairs in common with others, the keys of their word pairs, and where
    each block's keys begin and end."""
    keys = kgram_keys(stream.ids, 2)
    lows = np.array([stream.block_starts[at] for at in blocks])
    sizes = np.array([stream.block_ends[at] - 1 for at in blocks]) - lows
    every, bounds = _ranges(keys, lows, sizes)
    again = np.zeros(len(every), bool)
    order = np.argsort(every)
    equal = every[order[1:]] == every[order[:-1]]
    again[order[1:]] = equal
    again[order[:-1]] |= equal
    alike = np.add.reduceat(again, bounds[:-1]) >= MATCHING.candidate_share * sizes
    if alike.all():
        return blocks, every, bounds
    blocks = [at for at, good in zip(blocks, alike.tolist(), strict=True) if good]
    return blocks, *_ranges(keys, lows[alike], sizes[alike])


def _ranges(
    keys: npt.NDArray[np.uint64], lows: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Ranges of an array one behind the other, and where each begins and ends."""
    bounds = np.append(0, np.cumsum(sizes))
    return keys[np.arange(bounds[-1]) + np.repeat(lows - bounds[:-1], sizes)], bounds


def _rewritten(stream: TokenStream, group: list[list[ExactMatch]]) -> Iterator[Alignment]:
    if len(group) < MATCHING.rewritten_blocks:
        return
    cover = Alignment.around(stream, [match for matches in group for match in matches])
    for matches in group:  # compared word by word: a rewritten block is a copy although matches are short
        cover.left.whole.add(stream.block_at(matches[0].left))
        cover.right.whole.add(stream.block_at(matches[0].right))
    for side in (cover.left, cover.right):
        for block in side.whole:
            side.sentences.update(stream.sentences[block])
    yield cover
