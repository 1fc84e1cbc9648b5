"""The result put together: pieces joined, removals named, title and date."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dedupe.cleaning.dates import iso_date
from dedupe.repeats.choose import Choice, merge_parts
from dedupe.result import CleanResult
from dedupe.types import Block, Removal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dedupe.chrome import body as chrome
    from dedupe.cleaning.passes import DeduplicatedPage
    from dedupe.cleaning.source import Source
    from dedupe.cleaning.verdicts import Decision, Judged
    from dedupe.page import Page
    from dedupe.repeats.records import PageRepeats


# ---------------------------------------------------------------- the result


def assemble(page: Page, judged: Judged, source: Source, url: str | None) -> CleanResult:
    reduced, decisions = judged.reduced, judged.decisions
    twins, choice = reduced.split_page, reduced.choice
    groups = list(_groups(twins, decisions, choice))
    number_of = {piece: number for number, group in enumerate(groups) for piece in group}
    blocks = [_joined(page, twins, group, number, decisions) for number, group in enumerate(groups)]
    in_order = dict.fromkeys(number_of[piece] for piece in choice.order if decisions[piece].reason is None)
    kept = [blocks[number] for number in in_order]
    removals = tuple(
        _removal(blocks, number_of, number, decisions[group[0]])
        for number, group in enumerate(groups)
        if decisions[group[0]].reason is not None
    )
    return CleanResult(
        tuple(kept),
        removals,
        _title(page, reduced, judged.classification),
        _date(page, kept),
        url or page.meta.get("canonical"),
        page.kind,
        source.encoding,
        judged.classification.is_article,
        (*source.warnings, *twins.page.warnings, *_empty(page, kept)),
        page.meta.get("lang"),
        not url and bool(page.meta.get("canonical")),
    )


def _empty(page: Page, kept: Sequence[Block]) -> Iterator[str]:
    """What a page lacks of which nothing can be kept."""
    if not page.blocks:
        yield "the page holds no text"
    elif page.where and not kept and all(at >= 0 and page.nodes[at].hidden for at in page.where):
        yield "the page hides all its text until scripts show it: save what a browser shows"


def _groups(twins: PageRepeats, decisions: Sequence[Decision], choice: Choice) -> Iterator[list[int]]:
    """Pieces of one block that share their fate and stay together: they are one block again."""
    if not twins.runs:  # nothing was split
        yield from ([piece] for piece in range(len(twins.source)))
        return
    place = {piece: at for at, piece in enumerate(choice.order)}
    group: list[int] = []
    for piece, source in enumerate(twins.source):
        if group and not (
            source == twins.source[group[-1]]
            and place[piece] == place[group[-1]] + 1
            and decisions[piece].reason == decisions[group[-1]].reason
        ):
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def _joined(
    page: Page, twins: PageRepeats, group: list[int], number: int, decisions: Sequence[Decision]
) -> Block:
    first = decisions[group[0]].block
    if len(group) == 1:
        return first.numbered(number)
    block = merge_parts(page, twins, group)
    return replace(first, number=number, text=block.text, link_chars=block.link_chars)


def _removal(blocks: Sequence[Block], number_of: dict[int, int], number: int, decision: Decision) -> Removal:
    reason = decision.reason or "boilerplate"
    if not decision.originals:
        return Removal(blocks[number], reason, decision.rule, decision.score)
    originals = dict.fromkeys(number_of[piece] for piece in decision.originals)
    return Removal(
        blocks[number], reason, decision.rule, decision.score, tuple(blocks[at] for at in originals)
    )


def _title(page: Page, reduced: DeduplicatedPage, classification: chrome.Classification) -> str | None:
    """The headline's text, else what the page says of itself."""
    if classification.headline is not None:
        return reduced.twins.page.blocks[classification.headline].text
    for key in ("ld_headline", "og_title", "title"):
        if page.meta.get(key):
            return page.meta[key]
    return None


def _date(page: Page, kept: Sequence[Block]) -> str | None:
    """The day of publication: from meta data, else from the article's own dateline."""
    for key in ("date", "ld_date", "time"):
        if found := iso_date(page.meta.get(key, "")):
            return found
    for role in ("dateline", "byline"):
        for block in kept:
            if block.role == role and (found := iso_date(block.text)):
                return found
    return None
