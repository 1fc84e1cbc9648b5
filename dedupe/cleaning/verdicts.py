"""What becomes of each block: kept or removed, and why."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from dedupe.cleaning.overrides import DROPPED
from dedupe.cleaning.thresholds import RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.chrome import body as chrome
    from dedupe.cleaning.passes import DeduplicatedPage
    from dedupe.options import Options
    from dedupe.repeats.records import PageRepeats
    from dedupe.types import Block, Reason

DIGITS = 4  # decimal places of a score in the output
_SCALE: int = 10**DIGITS  # steps of such a score from 0 to 1


class Decision(NamedTuple):
    """What happens to a piece: kept as `block`, or removed for a reason."""

    block: Block
    reason: Reason | None = None
    rule: str = ""
    score: float = 1.0
    originals: tuple[int, ...] = ()


class Judged(NamedTuple):
    """A page with one copy of everything, what is to happen to its pieces, and why."""

    reduced: DeduplicatedPage
    decisions: Sequence[Decision]
    classification: chrome.Classification


def decide(
    reduced: DeduplicatedPage, classification: chrome.Classification, options: Options
) -> list[Decision]:
    """What happens to each piece: by its verdict, or as a repeat of pieces that stay."""
    again = _said_again(reduced, classification)
    blocks = reduced.split_page.page.blocks
    decisions = {
        piece: _by_verdict(blocks[piece], verdict)
        for pieces, verdict in zip(reduced.pieces, classification.verdicts, strict=True)
        for piece in pieces
    }
    exact, units = _exactness(reduced.split_page), reduced.split_page.units
    for piece, said in (again | reduced.choice.repeats).items():
        block = blocks[piece]
        originals = dict.fromkeys(root for original in said for root in again.get(original, (original,)))
        kept = tuple(original for original in originals if decisions[original].reason is None)
        rule = "repeat:headline" if piece in again else "repeat:run"
        is_said = sum(units[original] for original in kept) >= RULES.said_share * units[piece]
        if kept and (is_said or len(kept) == len(originals)) and "repeat" not in options.keep:
            decisions[piece] = Decision(block, "repeat", rule, exact.get(piece, 1.0), kept)
        else:  # it shares the fate of what it repeats
            fate = min(originals, key=lambda original: original in kept)
            decisions[piece] = decisions[fate]._replace(block=block)
    return [decisions[piece] for piece in range(len(reduced.split_page.units))]


def _by_verdict(block: Block, verdict: chrome.BlockVerdict) -> Decision:
    role, reason, rule, belief = verdict
    judged = block.judged(role or block.role, _rounded(belief), rule)
    if reason is None:
        return Decision(judged)
    return Decision(judged, reason, rule, 1.0 if rule.startswith(DROPPED) else _rounded(1 - belief))


def _rounded(score: float) -> float:
    """`round(score, DIGITS)` in a third of its time; equal to it for scores, which have single precision."""
    return round(score * _SCALE) / _SCALE


def _said_again(
    reduced: DeduplicatedPage, classification: chrome.Classification
) -> dict[int, tuple[int, ...]]:
    """Pieces that are the headline or the deck once more, wherever they stand.

    In a dump nothing but its place tells the headline: what comes back again and again within the body is a
    refrain or a label there.
    """
    words = reduced.twins.words
    times = Counter(words) if reduced.twins.page.kind == "text" else {}
    originals: dict[tuple[int, ...], int] = {}
    for at, verdict in enumerate(classification.verdicts):
        if verdict.role in ("headline", "deck") and reduced.twins.units[at] >= RULES.headline_words:
            originals.setdefault(words[at], at)
    kept = {at: None for at, verdict in enumerate(classification.verdicts) if verdict.reason is None}
    body = [at for at in kept if words[at] not in originals]
    within = range(body[0], body[-1]) if body else range(0)
    return {
        piece: reduced.pieces[originals[words[at]]]
        for at, pieces in enumerate(reduced.pieces)
        if originals.get(words[at], at) != at
        and not (at in kept and at in within and times.get(words[at], 0) > RULES.headline_times)
        for piece in pieces
    }


def _exactness(twins: PageRepeats) -> dict[int, float]:
    """For each block in a run the share of equal words of the best run that covers it."""
    exact: dict[int, float] = {}
    for run in twins.runs:
        for at in run.left_covered | run.right_covered:
            exact[at] = max(exact.get(at, 0.0), round(run.exact, DIGITS))
    return exact
