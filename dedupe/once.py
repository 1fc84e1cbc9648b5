"""A page that says everything once, and what the model believes of it.

Repeats are found first; then one copy of each passage is chosen, and the page judged with that copy in its
place. What reads as an article is known only then: so the choice is made again, and a page that holds an
article twice is looked at with the other copy too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import chrome, repeats
from .choose import Choice, choose, single
from .types import Page

if TYPE_CHECKING:
    from .lexicon import Hit, Lexicon
    from .repeats import Twins

PARAGRAPH = 24.0  # units from which what only one copy has is its text, not a line of its layer
COPIED = 12.0  # units of a repeat from which it is a paragraph
COPY = 100.0  # units of such repeats from which a page is also looked at with the other copies in it


@dataclass(frozen=True, slots=True)
class Once:
    """A page cleared of its repeats, and how it came about.

    `every` is `page` with its blocks split where copies begin or end, `found[i]` what the lexicons find in
    piece i of it, `choice` which pieces are repeats. `twins` is the rest in reading order, `pieces[i]` what
    its block i is made of, `hits[i]` what the lexicons find in that.
    """

    page: Page
    every: Twins
    found: tuple[tuple[Hit, ...], ...]
    choice: Choice
    twins: Twins
    pieces: tuple[tuple[int, ...], ...]
    hits: tuple[tuple[Hit, ...], ...]

    @classmethod
    def of(cls, page: Page, every: Twins, found: tuple[tuple[Hit, ...], ...]) -> Once:
        """The page with all its copies, before any is chosen."""
        places = tuple(range(len(every.units)))
        return cls(page, every, found, Choice({}, places), every, tuple((piece,) for piece in places), found)

    @property
    def copied(self) -> frozenset[int]:
        """The blocks of `twins` that have copies."""
        originals = {piece for pieces in self.choice.repeats.values() for piece in pieces}
        return frozenset(at for at, pieces in enumerate(self.pieces) if not originals.isdisjoint(pieces))

    def chosen(self, scores: Sequence[float], lexicon: Lexicon, other: bool = False) -> Once:
        """The same page after choosing between its copies by these scores (see `choose`)."""
        choice = choose(self.every, scores, other)
        if choice == self.choice:
            return self
        twins, pieces = single(self.page, self.every, choice)
        hits = [
            self.found[group[0]] if len(group) == 1 else lexicon.match(block.text)
            for group, block in zip(pieces, twins.page.blocks, strict=True)
        ]
        return replace(self, choice=choice, twins=twins, pieces=pieces, hits=tuple(hits))


def said_once(page: Page, lexicon: Lexicon) -> Once:
    """Find the repeats of a page and leave one copy of each passage."""
    every = repeats.find(page)
    found = tuple([lexicon.match(block.text) for block in every.page.blocks])
    once = Once.of(page, every, found)
    return once.chosen(chrome.prior(every, found), lexicon) if every.runs else once


def believed(page: Page, lexicon: Lexicon) -> tuple[Once, list[float]]:
    """The page said once, and the model's belief for each block that it is the body's.

    With markup, which copy stays is chosen anew when it is known what reads as an article; and what stands in
    two places is the article's if it reads so in one of them. In a dump one place is as good as another.
    """
    first = said_once(page, lexicon)
    beliefs = _beliefs(first)
    copied_units = _copied_units(first)
    if page.kind == "text" or not copied_units:  # menus and labels may stand anywhere
        return first, beliefs
    best = _shared(first, beliefs)
    once, other = first.chosen(best, lexicon), first
    if once is not first:
        beliefs = _beliefs(once)
    if copied_units < COPY:
        return once, beliefs
    if once is first:
        other = first.chosen(best, lexicon, other=True)
    elsewhere = _shared(other, _beliefs(other))
    copied = once.copied
    return once, [
        max(belief, *(elsewhere[piece] for piece in pieces))
        if at in copied or once.twins.units[at] >= PARAGRAPH
        else belief
        for at, (pieces, belief) in enumerate(zip(once.pieces, beliefs, strict=True))
    ]


def _copied_units(once: Once) -> float:
    """Units of the paragraphs that go as repeats."""
    lengths = (once.every.units[piece] for piece in once.choice.repeats)
    return sum(length for length in lengths if length >= COPIED)


def _shared(once: Once, beliefs: Sequence[float]) -> list[float]:
    """The belief in each piece of a page: of copies, in the one that stays."""
    shared = [0.0] * len(once.every.units)
    for pieces, belief in zip(once.pieces, beliefs, strict=True):
        for piece in pieces:
            shared[piece] = belief
    for piece, originals in once.choice.repeats.items():
        shared[piece] = max(shared[original] for original in originals)
    for piece, originals in once.choice.repeats.items():  # what one block repeats belongs together
        for original in originals:
            shared[original] = max(shared[original], shared[piece])
    return shared


def _beliefs(once: Once) -> list[float]:
    if not once.pieces:
        return []
    from .features import matrix
    from .model import load

    beliefs: list[float] = load(once.twins.page.kind).score(matrix(once.twins, once.hits)).tolist()
    return beliefs
