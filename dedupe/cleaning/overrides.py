"""What `Options.keep` and `Options.drop` change about the verdicts on a page's blocks.

`keep` brings back what would go, by its reason or its role. `drop` takes out what would stay: by its role, or
by a reason for which the page itself gives evidence, whatever the model believes. Evidence of a reason is

- a sure phrase of the lexicons that is the block, or most of it;
- the heading of a section ("Comments") above it, as far as that section can be told;
- the class and id words of an element around it. A word that the article's beginning or more than half of its
  text stands under tells nothing: some portals call the article's own container "share".

Headline, deck, byline, dateline and rights notice are recognised as such and go by their roles only.

On 222 real pages `drop` of all reasons but "boilerplate" costs .0015 of recall (of "comments" nothing), and
precision rises by .009.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from dedupe.chrome.body import BlockVerdict, Classification
from dedupe.chrome.context import PageContext
from dedupe.chrome.markup import telling_words
from dedupe.chrome.reasons import opens_section, stands_with
from dedupe.chrome.thresholds import EDGES
from dedupe.chrome.thresholds import RULES as BLOCK_RULES
from dedupe.cleaning.thresholds import RULES
from dedupe.types import EDGE_ROLES, REASONS, Reason, Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dedupe.chrome.lexicon import PhraseMatch
    from dedupe.cleaning.passes import DeduplicatedPage
    from dedupe.options import Options

#: The rule of a block that goes because `Options.drop` says so begins with this.
DROPPED = "drop:"

_NUMBER = re.compile(r"\d+")


def apply_overrides(
    classification: Classification, reduced: DeduplicatedPage, beliefs: Sequence[float], options: Options
) -> Classification:
    """The judgement as `options.keep` and `options.drop` want it; where both speak of a block, it stays."""
    if not options.keep and not options.drop:
        return classification
    context = PageContext(reduced.twins, reduced.phrases, beliefs, reduced.copied)
    evidence = _evidence(context, classification, frozenset(options.drop & set(REASONS)))
    verdicts = tuple(
        _kept_too(context, at, verdict, classification, options)
        if verdict.reason is not None
        else _dropped_too(context, at, verdict, evidence[at], options)
        for at, verdict in enumerate(classification.verdicts)
    )
    return replace(classification, verdicts=verdicts)


def _kept_too(
    context: PageContext, at: int, verdict: BlockVerdict, classification: Classification, options: Options
) -> BlockVerdict:
    """The verdict on a block that would go."""
    role = _role(context, at, classification)
    if verdict.reason not in options.keep and role not in options.keep:
        return verdict
    name = verdict.reason if verdict.reason in options.keep else role
    return BlockVerdict(role if role in options.keep else None, None, f"keep:{name}", verdict.score)


def _role(context: PageContext, at: int, classification: Classification) -> Role:
    """What a block that would go is: an edge that a phrase tells, a page's title without an article, or as it
    was segmented."""
    block = context.page.blocks[at]
    hit = context.hit(at, EDGES)
    if hit is not None and context.chrome_hit(at) is None:
        return cast("Role", hit.label)
    is_headed = block.role == "heading" and (block.level == 1 or context.is_title(at))
    return "headline" if is_headed and classification.headline is None else block.role


def _dropped_too(
    context: PageContext,
    at: int,
    verdict: BlockVerdict,
    evidence: tuple[Reason, str] | None,
    options: Options,
) -> BlockVerdict:
    """The verdict on a block that would stay."""
    role = verdict.role or context.page.blocks[at].role
    if role in options.keep:
        return verdict
    if role in options.drop:
        reason: Reason = "metadata" if role in ("byline", "dateline") else "boilerplate"
        return BlockVerdict(role, reason, f"{DROPPED}{role}", verdict.score)
    if evidence is not None:
        return BlockVerdict(role, evidence[0], f"{DROPPED}{evidence[1]}", verdict.score)
    return verdict


# ---------------------------------------------------------------- evidence of a reason


def _evidence(
    context: PageContext, classification: Classification, reasons: frozenset[str]
) -> Sequence[tuple[Reason, str] | None]:
    """For each block that would stay one of these reasons that holds for it, and the rule that says so."""
    nothing: list[tuple[Reason, str] | None] = [None] * len(context)
    if not reasons:
        return nothing
    text = _Article(context, classification)
    sections = _sections(context, text, reasons)
    return [
        _phrase(context, at, reasons)
        or sections[at]
        or text.name(at, reasons)
        or _shape(context, at, reasons)
        if text.is_body[at]
        else None
        for at in range(len(context))
    ]


class _Article:
    """The article as it would stay: its blocks, where it begins, and what its own elements are called."""

    def __init__(self, context: PageContext, classification: Classification) -> None:
        self._view = context
        self._words_around: dict[int, frozenset[str]] = {-1: frozenset()}
        self._names: dict[int, tuple[Reason, str] | None] = {-1: None}
        self.is_body = [
            verdict.reason is None and verdict.role not in EDGE_ROLES for verdict in classification.verdicts
        ]
        above = -1 if classification.headline is None else classification.headline
        first = next((at for at, body in enumerate(self.is_body) if body and at > above), None)
        #: where the article begins, the elements that hold that, and the class and id words that are its own
        self.starts = {at for at in (classification.headline, first) if at is not None}
        self.around = {node for at in self.starts for node in self._elements(at)}
        self._own = {word for at in self.starts for word in self._words(at)} | set(self._most())

    def _most(self) -> Iterator[str]:
        """Words under which more than half of the article's text stands."""
        held: defaultdict[str, float] = defaultdict(float)
        whole = 0.0
        for at in (at for at, is_body in enumerate(self.is_body) if is_body):
            whole += self._view.units[at]
            for word in self._words(at):
                held[word] += self._view.units[at]
        yield from (word for word, units in held.items() if 2 * units > whole)

    def _elements(self, at: int) -> Iterator[int]:
        """The elements around a block, from the nearest up."""
        node = self._element(at)
        while node >= 0:
            yield node
            node = self._view.page.nodes[node].parent

    def _element(self, at: int) -> int:
        return self._view.page.where[at] if self._view.page.where else -1

    def _words(self, at: int) -> frozenset[str]:
        """The class and id words around a block that speak against it; numbers in them do not count."""
        return self._words_of(self._element(at))

    def _words_of(self, node: int) -> frozenset[str]:
        if node not in self._words_around:
            above = self._words_of(self._view.page.nodes[node].parent)
            found = telling_words(self._view.page.nodes[node].name)
            self._words_around[node] = above.union(map(_kin, found[1])) if found else above
        return self._words_around[node]

    def name(self, at: int, reasons: frozenset[str]) -> tuple[Reason, str] | None:
        """The reason that an element around a block gives by its name."""
        return self._name_of(self._element(at), reasons)

    def _name_of(self, node: int, reasons: frozenset[str]) -> tuple[Reason, str] | None:
        if node not in self._names:
            found = telling_words(self._view.page.nodes[node].name)
            if found and found[0] in reasons and self._own.isdisjoint(map(_kin, found[1])):
                self._names[node] = found[0], f"markup:{found[1][0]}"
            else:
                self._names[node] = self._name_of(self._view.page.nodes[node].parent, reasons)
        return self._names[node]

    def begins_beside(self, at: int) -> bool:
        """Whether the element that holds a block holds the article's beginning too, or nothing tells."""
        page = self._view.page
        if not page.where or page.where[at] < 0:
            return True
        return page.nodes[page.where[at]].parent in self.around


def _kin(word: str) -> str:
    """A class or id word without its numbers: `card-12` is one of many cards."""
    return _NUMBER.sub("", word)


def _phrase(context: PageContext, at: int, reasons: frozenset[str]) -> tuple[Reason, str] | None:
    """The reason that a sure phrase gives: the lexicons call none sure that a long block merely holds."""
    hit = context.chrome_hit(at)
    if hit is None or not hit.sure or hit.kind == "inside" or hit.label not in reasons:
        return None
    return cast("Reason", hit.label), hit.rule


def _sections(
    context: PageContext, text: _Article, reasons: frozenset[str]
) -> list[tuple[Reason, str] | None]:
    """The reason that the heading of a block's section gives.

    A section ends with the element that holds its heading, at the next heading and where the article begins.
    Where that element, or the dump, holds the article too, it also ends at the first block that the model is
    sure of.
    """
    found: list[tuple[Reason, str] | None] = []
    opener, is_shared = -1, False
    for at, is_body in enumerate(text.is_body):
        hit = context.chrome_hit(at)
        if hit is not None and _opens(context, at, hit):
            opener = at if hit.label in reasons else -1
            is_shared = text.begins_beside(at)
        elif opener >= 0 and (at in text.starts or _ends(context, opener, at, is_body, is_shared)):
            opener = -1
        above = context.chrome_hit(opener) if opener >= 0 else None
        found.append(None if above is None else (cast("Reason", above.label), above.rule))
    return found


def _opens(context: PageContext, at: int, hit: PhraseMatch) -> bool:
    """Whether a block heads a section: "Comments" alone may be a button, not as a heading or with a colon."""
    if opens_section(context, at, hit):
        return True
    return (
        hit.sure
        and hit.kind == "whole"
        and (context.is_heading(at) or context.text(at).endswith((":", "：")))
    )


def _ends(context: PageContext, opener: int, at: int, is_body: bool, is_shared: bool) -> bool:
    if not stands_with(context.page, opener, at):
        return True
    return is_body and (context.is_heading(at) or (is_shared and context.scores[at] >= RULES.goes_on_score))


def _shape(context: PageContext, at: int, reasons: frozenset[str]) -> tuple[Reason, str] | None:
    """The reasons that need neither phrase nor markup: no words, and the model's own doubt."""
    if context.units[at] == 0 and "empty-widget" in reasons:
        return "empty-widget", "no words"
    if context.scores[at] < BLOCK_RULES.body_score and "boilerplate" in reasons:
        return "boilerplate", "model"
    return None
