"""What must hold of every cleaned page, whatever the page: each fault is a line that begins with its name.

blocks      kept blocks and removals are all the blocks that the segmenter finds, each once
unnamed     a removal as a repeat names no kept block
foreign     a removal as a repeat shares hardly a word with what is kept
misnamed    what it repeats is kept, but not in the blocks that it names
gone        a passage stands several times, reads as the article's in one of its places, and none is kept
class       a name in the markup removes running text that the model believes
headline    the title stands several times as a block, and none is kept
again       a second run gives another answer
dict        `to_dict` and `from_dict` do not give back what was there
output      text, Markdown or HTML cannot be written
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from twice.story import squash

import dedupe
from dedupe.text.normalize import tokens

BELIEVED = 0.9  # belief from which a block reads as the article's
RUNNING = 25  # tokens of a block that is running text
PASSAGE = 12  # tokens of a block that is a passage
SHARED = 0.4  # of a repeat's tokens that what it repeats must have


def faults(content: str, form: str, thorough: bool) -> Iterator[str]:
    """Clean a page and tell what does not hold of the answer; `thorough` cleans it twice and writes it."""
    cleaner = dedupe.Cleaner(dedupe.Options(input="html" if form == "html" else "text"))
    result = cleaner.clean(content)
    yield from _blocks(cleaner, content, result)
    yield from answer_faults(result)
    if thorough:
        yield from _written(result)
        if cleaner.clean(content).to_dict() != result.to_dict():
            yield "again: a second run gives another answer"


def answer_faults(result: dedupe.CleanResult) -> Iterator[str]:
    """What does not hold of an answer, whatever the page."""
    yield from _repeats(result)
    yield from _passages(result)
    yield from _headline(result)


def _blocks(cleaner: dedupe.Cleaner, content: str, result: dedupe.CleanResult) -> Iterator[str]:
    found = sorted(
        (*result.blocks, *(each.block for each in result.removals)), key=lambda block: block.number
    )
    if [block.number for block in found] != list(range(len(found))):
        yield f"blocks: numbers {[block.number for block in found][:40]}"
    page = cleaner._segment(_source(content))
    have, want = (Counter(squash("".join(block.text for block in some))) for some in (found, page.blocks))
    if have != want:
        yield f"blocks: {sum(((want - have) + (have - want)).values())} letters differ from those of the page"


def _source(content: str) -> Any:
    from dedupe.cleaning.source import read

    return read(content)


def _repeats(result: dedupe.CleanResult) -> Iterator[str]:
    kept = {block.number: block for block in result.blocks}
    for removal in result.removals:
        if removal.reason != "repeat":
            continue
        if not removal.originals or any(kept.get(block.number) != block for block in removal.originals):
            yield f"unnamed: {removal.rule} {removal.block.text[:80]!r} -> {removal.originals!r:.120}"
            continue
        own = list(tokens(removal.block.text))
        if len(own) >= PASSAGE and _shared(own, removal.originals) < SHARED:
            name = "foreign" if _shared(own, result.blocks) < SHARED else "misnamed"
            yield f"{name}: {removal.rule} {removal.block.text[:80]!r} -> {removal.originals[0].text[:80]!r}"


def _shared(words: Sequence[str], blocks: Sequence[dedupe.Block]) -> float:
    """The share of words that these blocks have, too."""
    said = {token for block in blocks for token in tokens(block.text)}
    return sum(word in said for word in words) / len(words)


def _passages(result: dedupe.CleanResult) -> Iterator[str]:
    text = " ".join(" ".join(tokens(block.text)) for block in result.blocks)
    places: defaultdict[str, list[dedupe.Removal]] = defaultdict(list)
    for removal in result.removals:
        words = list(tokens(removal.block.text))
        if len(words) >= PASSAGE:
            places[" ".join(words)].append(removal)
        belief = removal.block.score or 0.0
        by_name = removal.rule.startswith("markup:") and "<" not in removal.rule
        if len(words) >= RUNNING and by_name and belief >= BELIEVED and " ".join(words) not in text:
            yield f"class: {removal.reason} by {removal.rule} at belief {belief}: {removal.block.text[:80]!r}"
    for passage, removals in places.items():
        if passage.count(" ") < RUNNING and all("/" in removal.rule for removal in removals):
            continue  # a line that a phrase of the lexicon tells is no passage
        best = max((removal.block.score or 0.0) for removal in removals)
        if len(removals) > 1 and best >= BELIEVED and passage not in text:
            rules = sorted({removal.rule for removal in removals})
            yield f"gone: {len(removals)} times, belief {best}, by {rules}: {removals[0].block.text[:80]!r}"


def _headline(result: dedupe.CleanResult) -> Iterator[str]:
    title = squash(result.title or "")
    if not title or not result.is_article or not result.blocks:
        return
    gone = [removal for removal in result.removals if squash(removal.block.text) == title]
    if len(gone) > 1 and title not in squash(result.text):
        yield f"headline: {len(gone)} times, by {sorted({each.rule for each in gone})}: {result.title!r:.80}"


def _written(result: dedupe.CleanResult) -> Iterator[str]:
    record = json.loads(json.dumps(result.to_dict()))
    if dedupe.CleanResult.from_dict(record).to_dict() != result.to_dict():
        yield "dict: from_dict does not give back what to_dict was given"
    for name in ("text", "body", "markdown", "html"):
        try:
            getattr(result, name).encode()
        except UnicodeEncodeError as error:
            yield f"output: {name} {error}"
