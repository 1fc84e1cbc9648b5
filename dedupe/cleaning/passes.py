"""A page that says everything once, and what the model believes of it.

Repeats are found first; then one copy of each passage is chosen, and the page judged with that copy in its
place. What reads as an article is known only then: so the choice is made again, and a page that holds an
article twice is looked at with the other copy too.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dedupe.chrome import body as chrome
from dedupe.chrome.features.matrix import matrix
from dedupe.chrome.model import load
from dedupe.chrome.thresholds import RULES as BLOCK_RULES
from dedupe.cleaning.thresholds import RULES
from dedupe.page import Page, only
from dedupe.repeats.choose import Choice, choose, keep_one_copy
from dedupe.repeats.search import RepeatSearch
from dedupe.repeats.thresholds import CHOOSING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from dedupe.chrome.lexicon import Lexicon, PhraseMatch
    from dedupe.repeats.records import PageRepeats


@dataclass(frozen=True, slots=True)
class DeduplicatedPage:
    """A page cleared of its repeats, and how it came about.

    `search` is what was found of its repeats; `split_page` the page with its blocks split where copies begin
    or end, into parts; `part_phrases[i]` what the lexicons find in part i; `choice` which parts are repeats.
    `twins` is the rest in reading order, `pieces[i]` the parts that its block i is made of, `phrases[i]` what
    the lexicons find in that.
    """

    search: RepeatSearch
    split_page: PageRepeats
    part_phrases: tuple[tuple[PhraseMatch, ...], ...]
    choice: Choice
    twins: PageRepeats
    pieces: tuple[tuple[int, ...], ...]
    phrases: tuple[tuple[PhraseMatch, ...], ...]

    @classmethod
    def of(cls, search: RepeatSearch, lexicon: Lexicon) -> DeduplicatedPage:
        """The page with all its copies, before any is chosen."""
        split_page = search.twins()
        found = tuple([lexicon.match(block.text) for block in split_page.page.blocks])
        places = tuple(range(len(split_page.units)))
        return cls(
            search,
            split_page,
            found,
            Choice({}, places),
            split_page,
            tuple((piece,) for piece in places),
            found,
        )

    @property
    def page(self) -> Page:
        """The page as it was segmented."""
        return self.search.page

    @property
    def copied(self) -> dict[int, frozenset[int]]:
        """The blocks of `twins` that have copies, each with those that stand directly below it and them."""
        block_of = {piece: at for at, pieces in enumerate(self.pieces) for piece in pieces}
        below: defaultdict[int, set[int]] = defaultdict(set)
        for piece, roots in self.choice.repeats.items():
            for root in roots:
                below[block_of[root]].update(self._next(place, block_of) for place in (piece, root))
        return {at: frozenset(found - {-1, at}) for at, found in below.items()}

    def _next(self, piece: int, block_of: Mapping[int, int]) -> int:
        """The block of `twins` that says what the next piece of the page does; -1 at its end."""
        if piece + 1 >= len(self.split_page.units):
            return -1
        return block_of[self.choice.repeats.get(piece + 1, (piece + 1,))[0]]

    def chosen(
        self,
        scores: Sequence[float],
        lexicon: Lexicon,
        other: bool = False,
        strange: Collection[int] = (),
    ) -> DeduplicatedPage:
        """The same page after choosing between its copies by these scores (see `choose`)."""
        choice = choose(self.split_page, scores, other, strange)
        if choice == self.choice:
            return self
        twins, pieces = keep_one_copy(self.page, self.split_page, choice)
        phrases = [
            self.part_phrases[group[0]] if len(group) == 1 else lexicon.match(block.text)
            for group, block in zip(pieces, twins.page.blocks, strict=True)
        ]
        return replace(self, choice=choice, twins=twins, pieces=pieces, phrases=tuple(phrases))

    def again(self, left: Collection[int], scores: Sequence[float], lexicon: Lexicon) -> DeduplicatedPage:
        """The same page after another look for repeats in what is left of it: these blocks of `twins`.

        `scores` are those of the pieces. Returns itself if nothing more is found.
        """
        numbers = sorted(left)
        page, sentences = self.twins.page, self.twins.sentences
        search = self.search.again(only(page, numbers), [sentences[at] for at in numbers])
        if search is self.search:
            return self
        reduced = DeduplicatedPage.of(search, lexicon)
        return reduced.chosen(_carried(self.split_page, reduced.split_page, scores), lexicon)


def reduce_to_one_copy(page: Page, lexicon: Lexicon) -> DeduplicatedPage:
    """Find the repeats of a page and leave one copy of each passage."""
    reduced = DeduplicatedPage.of(RepeatSearch.of(page), lexicon)
    if not reduced.split_page.runs:
        return reduced
    reduced = reduced.chosen(chrome.heuristic_scores(reduced.split_page, reduced.part_phrases), lexicon)
    for _ in range(RULES.most_looks):
        scores = chrome.heuristic_scores(reduced.split_page, reduced.part_phrases)
        before, reduced = reduced, reduced.again(range(len(reduced.pieces)), scores, lexicon)
        if reduced is before:
            break
    return reduced


def score_in_two_passes(page: Page, lexicon: Lexicon) -> tuple[DeduplicatedPage, list[float]]:
    """The page said once, and the model's belief for each block that it is the body's.

    With markup, which copy stays is chosen anew when it is known what reads as an article; and what stands in
    two places is the article's if it reads so in one of them. In a dump one place is as good as another.
    """
    first = reduce_to_one_copy(page, lexicon)
    beliefs = _beliefs(first)
    copied_units = _copied_units(first)
    if not copied_units:  # menus and labels may stand anywhere
        return first, beliefs
    best = _shared(first, beliefs)
    if page.kind == "text":
        return _going_on(first, beliefs, best, lexicon)
    reduced, other = first.chosen(best, lexicon), first
    if reduced is not first:
        beliefs = _beliefs(reduced)
    if copied_units < RULES.other_copy_words:
        return _going_on(reduced, beliefs, best, lexicon)
    if reduced is first:
        other = first.chosen(best, lexicon, other=True)
    others = _beliefs(other)
    elsewhere = _shared(other, others)
    copied, long = reduced.copied, CHOOSING.paragraph_words
    joined = [
        max(belief, *(elsewhere[piece] for piece in pieces))
        if at in copied or reduced.twins.units[at] >= long
        else belief
        for at, (pieces, belief) in enumerate(zip(reduced.pieces, beliefs, strict=True))
    ]
    return _fuller((reduced, joined), (other, others))


def _going_on(
    reduced: DeduplicatedPage, beliefs: list[float], best: Sequence[float], lexicon: Lexicon
) -> tuple[DeduplicatedPage, list[float]]:
    """The page, looked at with the other copies in place as well where a doubted paragraph stands beside a
    copy that goes, or has one itself: the view of which more reads as the article, with the belief in such a
    paragraph that the other view is sure of."""
    repeats, copied = reduced.choice.repeats, reduced.copied
    doubted = {
        at: pieces
        for at, (pieces, belief) in enumerate(zip(reduced.pieces, beliefs, strict=True))
        if belief < RULES.goes_on_score
        and reduced.twins.units[at] >= CHOOSING.paragraph_words
        and (at in copied or pieces[0] - 1 in repeats or pieces[-1] + 1 in repeats)
    }
    if not doubted:
        return reduced, beliefs
    other = reduced.chosen(best, lexicon, other=True)
    others = _beliefs(other)
    elsewhere = _shared(other, others)
    known = {at: min(elsewhere[piece] for piece in pieces) for at, pieces in doubted.items()}
    joined = [
        max(belief, known[at]) if known.get(at, 0.0) >= RULES.goes_on_score else belief
        for at, belief in enumerate(beliefs)
    ]
    return _fuller((reduced, joined), (other, others))


def _fuller(*views: tuple[DeduplicatedPage, list[float]]) -> tuple[DeduplicatedPage, list[float]]:
    """The first of two views of a page, or the other one if a paragraph more of it reads as the article."""
    words = [
        sum(
            length
            for length, belief in zip(view.twins.units, beliefs, strict=True)
            if belief >= (RULES.goes_on_score if view.page.kind == "text" else BLOCK_RULES.body_score)
        )
        for view, beliefs in views
    ]
    return views[words[1] >= words[0] + CHOOSING.paragraph_words]


def deduplicate(page: Page, lexicon: Lexicon) -> tuple[DeduplicatedPage, list[float], chrome.Classification]:
    """The page said once, what the model believes of it, and what is kept.

    Once the chrome is gone, passages that it stood between may be copies of each other, or of a fuller one:
    so what is kept is looked through again, until it says nothing twice.
    """
    reduced, beliefs = score_in_two_passes(page, lexicon)
    reduced, beliefs, classification = _rescued(reduced, beliefs, lexicon)
    for _ in range(RULES.most_looks):
        kept = [at for at, verdict in enumerate(classification.verdicts) if verdict.reason is None]
        scores = _shared(reduced, beliefs)
        before, reduced = reduced, reduced.again(kept, scores, lexicon)
        if reduced is before:
            break
        scores = _carried(before.split_page, reduced.split_page, scores)
        beliefs = [max(scores[piece] for piece in pieces) for pieces in reduced.pieces]
        classification = chrome.classify(reduced.twins, reduced.phrases, beliefs, reduced.copied)
    return reduced, beliefs, classification


def _rescued(
    reduced: DeduplicatedPage, beliefs: list[float], lexicon: Lexicon
) -> tuple[DeduplicatedPage, list[float], chrome.Classification]:
    """The page with the copies in place that are surely the article's, where the chosen ones go as chrome.

    What stands twice is kept once if it is the article's in one of its places.
    """
    classification = chrome.classify(reduced.twins, reduced.phrases, beliefs, reduced.copied)
    strange = frozenset(_lost_copies(reduced, classification))
    shared = _shared(reduced, beliefs)
    for _ in range(RULES.most_looks):
        other = reduced.chosen(shared, lexicon, strange=strange) if strange else reduced
        if other is reduced:
            break
        scores = _beliefs(other)
        verdict = chrome.classify(other.twins, other.phrases, scores, other.copied)
        rescued = frozenset(_kept_again(strange, other, verdict))
        if rescued == strange:
            return other, scores, verdict
        strange = rescued
    return reduced, beliefs, classification


def _lost_copies(reduced: DeduplicatedPage, classification: chrome.Classification) -> Iterator[int]:
    """The pieces of paragraphs that go as chrome and have copies elsewhere, which nobody has judged."""
    for at in reduced.copied:
        linked = 2 * reduced.twins.page.blocks[at].link_chars > len(reduced.twins.page.blocks[at].text)
        if (
            classification.verdicts[at].reason is not None
            and reduced.twins.units[at] >= CHOOSING.text_words
            and not linked
        ):
            yield from reduced.pieces[at]


def _kept_again(
    strange: Collection[int], other: DeduplicatedPage, classification: chrome.Classification
) -> Iterator[int]:
    """Those of the strange pieces of which a copy is surely the article's."""
    block_of = {piece: at for at, pieces in enumerate(other.pieces) for piece in pieces}
    for piece in strange:
        copies = [block_of[original] for original in other.choice.repeats.get(piece, ())]
        if any(
            classification.verdicts[at].reason is None
            and classification.verdicts[at].score >= RULES.sure_score
            for at in copies
        ):
            yield piece


def _carried(before: PageRepeats, after: PageRepeats, scores: Sequence[float]) -> list[float]:
    """The scores of a page's pieces when it is split into smaller ones."""
    score_of = {s: score for part, score in zip(before.sentences, scores, strict=True) for s in part}
    return [score_of[part.start] for part in after.sentences]


def _copied_units(reduced: DeduplicatedPage) -> float:
    """Units of the paragraphs that go as repeats."""
    lengths = (reduced.split_page.units[piece] for piece in reduced.choice.repeats)
    return sum(length for length in lengths if length >= CHOOSING.text_words)


def _shared(reduced: DeduplicatedPage, beliefs: Sequence[float]) -> list[float]:
    """The belief in each piece of a page: of copies, in the one that stays."""
    shared = [0.0] * len(reduced.split_page.units)
    for pieces, belief in zip(reduced.pieces, beliefs, strict=True):
        for piece in pieces:
            shared[piece] = belief
    for piece, originals in reduced.choice.repeats.items():
        shared[piece] = max(shared[original] for original in originals)
    for piece, originals in reduced.choice.repeats.items():  # what one block repeats belongs together
        for original in originals:
            shared[original] = max(shared[original], shared[piece])
    return shared


def _beliefs(reduced: DeduplicatedPage) -> list[float]:
    if not reduced.pieces:
        return []

    beliefs: list[float] = (
        load(reduced.twins.page.kind).score(matrix(reduced.twins, reduced.phrases)).tolist()
    )
    return beliefs
