"""What each side of a pair of articles says that the other one does not, sentence by sentence.

Articles are compared as codes, one a word (`codes`): enough of its hash to find equal passages, and what kind
of word it is. A bulk run makes them from the texts, an index keeps them, so both compare the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dedupe.corpus.evidence import TINY, ComparedSide
from dedupe.corpus.records import BLOCK, HASH, NUMBER, OPENS, TIME, WIDE, YEAR, Coded
from dedupe.corpus.thresholds import SIDE_RULES
from dedupe.text.ragged import F64, I64, U64, Mask, entries, offsets, segment_sum, segments
from dedupe.text.words import BASE, mixed

#: Words, or CJK characters, that must stand together in both articles to count as shared: a shorter run is
#: often a common phrase. `_grams` relies on the second being one more than the first.
GRAM, GRAM_CJK = 4, 5
HASH_BITS = 64  # of a gram's hash
MARK_BITS = 20  # of the hash that tell grams apart: one pair in a million agrees by chance; a table of 1 MB
MARKS = 1 << MARK_BITS
SUM_BITS = 21  # of each of three counts that are summed up as one number of 64 bits: up to two million


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences of one side of many pairs: pair i has those from `bounds[i]` to `bounds[i + 1]`.

    `units` and `shared` are their lengths, `told` the numbers that they hold and the other side does not say
    (of whole sentences: 1 for some). Where words are compared, `blocks` says which begin a block, `words` and
    `numbers` count, each as (all, not shared), their words and numbers, `facts` all numbers that might be
    `told`, and `dated` says which sentences are the date of something.
    """

    units: F64
    shared: F64
    bounds: I64
    told: F64
    blocks: Mask | None = None
    words: tuple[I64, I64] | None = None
    numbers: tuple[I64, I64] | None = None
    facts: F64 | None = None
    dated: Mask | None = None


def side(found: Sentences) -> ComparedSide:
    """Sum up the sentences of one side."""
    units, bounds = found.units, found.bounds
    lost = 1 - found.shared / np.maximum(units, TINY)
    body = ~_head(lost, units, bounds)
    data, figures = _figures(found, lost, body)
    said = (lost >= SIDE_RULES.own_unshared_share) | data
    length = segment_sum(units, bounds)
    head = segment_sum((units - found.shared) * ~body, bounds)
    return ComparedSide(
        length,
        segment_sum(found.shared, bounds),
        segment_sum(units * (body & said & (units >= SIDE_RULES.own_sentence_words)), bounds)
        + np.maximum(0, head - head_room(length)),
        segment_sum(units * (body & (lost > SIDE_RULES.altered_unshared_share)), bounds),
        _passage(found, units * said),
        segment_sum(found.told, bounds),
        figures,
    )


def _passage(found: Sentences, own: F64) -> F64:
    """The most own text that one block of each article holds; all of it where blocks are not known."""
    if found.blocks is None:
        return segment_sum(own, found.bounds)
    starts = found.blocks.copy()
    starts[found.bounds[:-1][found.bounds[:-1] < found.bounds[1:]]] = True
    at = np.flatnonzero(starts)
    in_block = segment_sum(own, np.append(at, len(own)))
    return segments(np.maximum, in_block, np.searchsorted(at, found.bounds), 0)


def _figures(found: Sentences, lost: F64, body: Mask) -> tuple[Mask, Mask]:
    """Sentences that say the same with other numbers, and sides that differ by such above all."""
    if found.words is None or found.numbers is None or found.dated is None or found.facts is None:
        return np.zeros(len(lost), np.bool_), np.zeros(len(found.bounds) - 1, np.bool_)
    numbers, changed_numbers = found.numbers
    changed = found.words[1]
    data = (changed_numbers >= 1) & (changed_numbers >= SIDE_RULES.data_line_changed_share * changed)
    data &= changed_numbers >= SIDE_RULES.data_line_numbers_share * numbers
    data &= (lost >= SIDE_RULES.data_line_unshared_share) & ~found.dated
    edited = body & (lost < SIDE_RULES.replaced_unshared_share) & ~found.dated
    some = segment_sum(changed_numbers * edited, found.bounds)
    most = some > SIDE_RULES.changed_figures_share * segment_sum(changed * edited, found.bounds)
    report = (some >= SIDE_RULES.changed_figures_numbers) & most
    return data, report | _tells_other(found) | _data_lines(
        found, changed_numbers * (body & (lost >= SIDE_RULES.own_unshared_share) & ~found.dated)
    )


def _tells_other(found: Sentences) -> Mask:
    """Sides of which enough numbers are news to the other side."""
    assert found.facts is not None
    columns = (found.told, found.facts, found.units, found.units - found.shared)
    told, facts, length, unsaid = (segment_sum(of, found.bounds) for of in columns)
    many = (told >= SIDE_RULES.news_numbers) & (told >= SIDE_RULES.news_numbers_share * facts)
    most = (told >= SIDE_RULES.few_news_numbers) & (told >= SIDE_RULES.few_news_numbers_share * facts)
    most &= unsaid >= SIDE_RULES.few_news_unsaid_share * length
    return np.asarray((many | most) & (told >= SIDE_RULES.news_unsaid_share * unsaid))


def _data_lines(found: Sentences, numbers: I64) -> Mask:
    """Sides whose own sentences hold numbers above all; `numbers` counts those of each own sentence."""
    unsaid = segment_sum((found.units - found.shared) * (numbers > 0), found.bounds)
    least = np.maximum(SIDE_RULES.changed_figures_numbers, SIDE_RULES.own_figures_share * unsaid)
    return np.asarray(segment_sum(numbers, found.bounds) >= least)


def head_room(length: F64) -> F64:
    """How much own text the heads of articles of these lengths may hold."""
    return np.maximum(SIDE_RULES.head_own_words, SIDE_RULES.head_own_share * length)


def _head(lost: F64, units: F64, bounds: I64) -> Mask:
    """The sentences up to the first shared one of some length: headline, byline, the dateline's sentence."""
    anchors = np.flatnonzero((lost < SIDE_RULES.anchor_unshared_share) & (units >= SIDE_RULES.anchor_words))
    after = np.append(anchors, len(units))[np.searchsorted(anchors, bounds[:-1])]
    return np.arange(len(units)) <= np.repeat(after, np.diff(bounds))


# ---------------------------------------------------------------- by words


def word_sides(articles: Coded, one: I64, two: I64) -> list[ComparedSide]:
    """Both sides of pairs of articles, compared by their words."""
    grams, whole = _grams(articles)
    hits = _in_other(articles.bounds, one, two, grams, whole)
    numbers = _Numbers.of(articles)
    news = _in_other(numbers.bounds, one, two, numbers.hashes, np.ones(len(numbers.hashes), np.bool_))
    sides = []
    for mine, hit, known in zip((one, two), hits, news, strict=True):
        at, _ = entries(articles.bounds, mine)
        covered = _covered(hit, articles.codes[at] & WIDE != 0)
        sides.append(side(_sentences(articles, mine, _Shared(at, covered, numbers, ~known))))
    return sides


def _grams(articles: Coded) -> tuple[U64, Mask]:
    """The hash of the words that must stand together from each word on, and where one article has as many."""
    codes, count = articles.codes, len(articles.codes)
    hashes = (codes & HASH).astype(np.uint64)
    wide = codes & WIDE != 0
    padded = np.concatenate([hashes + np.uint64(1), np.zeros(GRAM_CJK, np.uint64)])
    grams = np.zeros(count, np.uint64)
    for step in range(GRAM):
        grams = grams * np.uint64(BASE) + padded[step : step + count]
    longer = grams * np.uint64(BASE) + padded[GRAM : GRAM + count]
    ends = np.repeat(articles.bounds[1:], np.diff(articles.bounds))
    whole = np.arange(count) + np.where(wide, GRAM_CJK, GRAM) <= ends
    return mixed(np.where(wide, longer, grams)), whole


def _in_other(bounds: I64, lefts: I64, rights: I64, hashes: U64, whole: Mask) -> tuple[Mask, Mask]:
    """For each entry of both sides of all pairs whether the other side has it; what is not `whole` is not.

    A table of marks takes the place of a set: two hashes share a mark in one of a million cases.
    """
    marks = (hashes >> np.uint64(HASH_BITS - MARK_BITS)).astype(np.int64)
    sought = np.where(whole, marks, MARKS)  # never set
    marks[~whole] = MARKS + 1  # never sought
    table = np.zeros(MARKS + 2, np.bool_)
    at = bounds.tolist()
    hits: tuple[list[Mask], list[Mask]] = ([], [])
    for pair in zip(lefts.tolist(), rights.tolist(), strict=True):
        for mine, other, into in ((*pair, hits[0]), (*pair[::-1], hits[1])):
            theirs = marks[at[other] : at[other + 1]]
            table[theirs] = True
            into.append(table[sought[at[mine] : at[mine + 1]]])
            table[theirs] = False
    none = np.zeros(0, np.bool_)
    return np.concatenate([none, *hits[0]]), np.concatenate([none, *hits[1]])


def _covered(hit: Mask, cjk: Mask) -> Mask:
    """The words that stand in a shared gram; `hit` says where such grams begin."""
    covered = hit.copy()
    for step in range(1, GRAM):
        covered[step:] |= hit[:-step]
    for step in range(GRAM, GRAM_CJK):
        covered[step:] |= hit[:-step] & cjk[:-step]
    return covered


class _Numbers(NamedTuple):
    """The numbers of articles, "3.5" being one: where each begins, its hash, and what it counts (that of a
    date half); those of article i stand from `bounds[i]` to `bounds[i + 1]`."""

    starts: I64
    hashes: U64
    weights: F64
    bounds: I64

    @classmethod
    def of(cls, articles: Coded) -> _Numbers:
        is_number = articles.codes & NUMBER != 0
        begins = is_number.copy()
        begins[1:] &= ~is_number[:-1] | (articles.codes[1:] & OPENS != 0)
        starts = np.flatnonzero(begins)
        numbers = np.flatnonzero(is_number)
        owner = np.searchsorted(starts, numbers, side="right") - 1
        values = (articles.codes[numbers] & HASH).astype(np.uint64) + np.uint64(1)
        powers = np.uint64(BASE) ** (numbers - starts[owner]).astype(np.uint64)
        bounds = np.searchsorted(owner, np.arange(len(starts) + 1))
        hashes = mixed(segment_sum(values * powers, bounds))
        after = np.append(articles.codes, np.uint16(0))[numbers[bounds[1:] - 1] + 1]
        weights = np.where(after & TIME != 0, SIDE_RULES.aside_weight, 1.0)
        return cls(starts, hashes, weights, np.searchsorted(starts, articles.bounds))


class _Shared(NamedTuple):
    """What one side of all pairs shares with the other: its words, which of them are covered there, the
    numbers of all articles, and which of this side's numbers the other one does not say."""

    at: I64
    covered: Mask
    numbers: _Numbers
    is_news: Mask


def _sentences(articles: Coded, mine: I64, told: _Shared) -> Sentences:
    """The sentences of one side of all pairs."""
    codes = articles.codes
    numeral = (codes & NUMBER != 0).astype(np.int64)
    packed = np.where(codes & WIDE != 0, 1, 2) | (numeral << SUM_BITS) | (1 << 2 * SUM_BITS)
    starts = np.append(np.flatnonzero(codes & OPENS != 0), len(codes))
    rows, bounds = entries(np.searchsorted(starts[:-1], articles.bounds), mine)
    edges = offsets(np.diff(starts)[rows])
    total, shared = segment_sum(packed, starts)[rows], segment_sum(packed[told.at] * told.covered, edges)
    units, numeric, count = (_unpacked(total, field) for field in range(3))
    units_shared, numeric_shared, count_shared = (_unpacked(shared, field) for field in range(3))
    dated = segment_sum((codes & YEAR != 0).astype(np.int64), starts)[rows] > 0
    dated &= units <= 2 * SIDE_RULES.date_line_words
    weight = np.where(units_shared == 0, SIDE_RULES.aside_weight, 1.0) * ~dated
    facts, news = _facts(articles, mine, told, edges)
    return Sentences(
        units.astype(np.float64) / 2,
        units_shared.astype(np.float64) / 2,
        bounds,
        news * weight,
        codes[starts[rows]] & BLOCK != 0,
        (count, count - count_shared),
        (numeric, numeric - numeric_shared),
        facts * weight,
        dated,
    )


def _facts(articles: Coded, mine: I64, told: _Shared, edges: I64) -> tuple[F64, F64]:
    """The numbers of each sentence (its words stand between two `edges`), and those only this side says."""
    numbers = told.numbers
    which, per_pair = entries(numbers.bounds, mine)
    words = offsets(np.diff(articles.bounds)[mine])
    shift = words[:-1] - articles.bounds[mine]
    place = numbers.starts[which] + np.repeat(shift, np.diff(per_pair))
    owner = np.searchsorted(edges, place, side="right") - 1
    size = len(edges) - 1
    own = told.is_news & ~told.covered[place]
    weights = numbers.weights[which]
    facts, news = (np.bincount(owner[of], weights[of], minlength=size) for of in (owner >= 0, own))
    return np.asarray(facts, np.float64), np.asarray(news, np.float64)


def _unpacked(sums: I64, field: int) -> I64:
    return (sums >> (SUM_BITS * field)) & ((1 << SUM_BITS) - 1)
