"""The thresholds of the passes over a page and of the verdicts on its blocks.

What is a paragraph, and what is text at all, says `dedupe.repeats.thresholds`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PassRules:
    """When a page is looked at again, and which blocks go whatever the model believes of them."""

    most_looks: int = 4
    """What is left of a page is looked through for repeats or lost copies so many times at most; each look
    halves what stands many times in a row."""

    other_copy_words: float = 100.0
    """A page whose repeated paragraphs have so many words is also judged with the other copies in place."""

    sure_score: float = 0.97
    """A copy with so high a belief is surely the article's, and stays where the chosen one goes as chrome."""

    goes_on_score: float = 0.9
    """The article goes on at a block with so high a belief: beside a copy that goes, and where a section ends
    that `Options.drop` takes out; a higher value loses paragraphs."""

    headline_words: float = 3.0
    """A headline or deck of so many words is a repeat where it stands again; a shorter one may be a label."""

    headline_times: int = 2
    """A dump says its headline so many times at most: what comes more often within the body is a refrain."""

    said_share: float = 0.8
    """A repeat goes if the kept blocks that say it have this share of its words; a lower value loses text."""


RULES = PassRules()
