"""Judges what a cleaner or a duplicate finder answers on generated pages.

Of a page, the units found in the output (whichever accepted wording they have) are compared with the
sequence that must remain:

perfect     every unit is there as often as it must be, in order, nothing twice, nothing cut off
doubled     pages on which something stands more often than it must, or a cut beginning is left
lost        pages on which something is missing
lost_share  missing characters of all that must remain
precision   of the copies that were taken out, those that were surplus
recall      of the surplus copies, those that were taken out
chrome      chrome lines that are left, of all
provenance  of the copies that were taken out while one stays, those for which a kept text was named that
            says the same; None for a cleaner that names nothing

Across pages, an answer is a cluster label for each page and the pages that are kept:

precision, recall, f1   over pairs of pages of one story
found       for each kind of copy, the share that is in the cluster of its original
merged      for each kind of page that is no copy, the share that is in a cluster with another story
lost        stories of which no page is kept
left        kept pages of a story beyond the first
boiler_left, text_lost  where the answer holds cleaned texts: lines of the site that are left, of all, and
            sentences of the stories that are gone, of all
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import comb
from operator import add
from typing import Any, NamedTuple

from .across import Document
from .plant import Page
from .story import squash

#: Squashed units this short (in Latin, Cyrillic …; in Chinese and Japanese) only count as whole lines.
SHORT, SHORT_CJK = 12, 5
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Answer:
    """A cleaned page: its text, and for each removed text the kept texts that it is said to repeat.

    `removed` is None for a cleaner that explains nothing.
    """

    text: str
    removed: Sequence[tuple[str, Sequence[str]]] | None = None


class Found(NamedTuple):
    """A unit (or a chrome line, unit "") at a place of a text; `cut` where only its beginning stands."""

    unit: str
    cut: bool = False


class Counts(NamedTuple):
    """Sums over pages; `tally` of one page, added up by `+` of all fields."""

    pages: int = 0
    perfect: int = 0
    doubled: int = 0
    lost: int = 0
    lost_chars: int = 0
    chars: int = 0
    removed: int = 0
    removed_right: int = 0
    surplus: int = 0
    chrome: int = 0
    chrome_left: int = 0
    named: int = 0
    named_right: int = 0
    silent: int = 0

    def plus(self, other: Counts) -> Counts:
        return Counts(*map(add, self, other))

    def figures(self) -> dict[str, float | int | None]:
        """Shares, as the module describes them."""
        return {
            "pages": self.pages,
            "perfect": _share(self.perfect, self.pages),
            "doubled": _share(self.doubled, self.pages),
            "lost": _share(self.lost, self.pages),
            "lost_share": _share(self.lost_chars, self.chars),
            "precision": _share(self.removed_right, self.removed),
            "recall": _share(self.removed_right, self.surplus),
            "chrome": _share(self.chrome_left, self.chrome),
            "provenance": None if self.silent else _share(self.named_right, self.named),
        }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


# ---------------------------------------------------------------- pages


def score_pages(pages: Iterable[Page], answers: Mapping[str, Answer]) -> dict[str, Any]:
    """Figures of all pages, and per kind, language and form; a page without an answer counts as empty."""
    groups: defaultdict[str, Counts] = defaultdict(Counts)
    for page in pages:
        counts = score_page(page, answers.get(page.id, Answer("")))
        names = ("all", f"kind {page.kind}", f"language {page.language}", f"form {page.form}")
        for name in names:
            groups[name] = groups[name].plus(counts)
    return {name: counts.figures() for name, counts in groups.items()}


def score_page(page: Page, answer: Answer) -> Counts:
    """What there is to count on one page."""
    matcher = Matcher(page)
    found = matcher.find(answer.text)
    have = Counter(item.unit for item in found if item.unit and not item.cut)
    left = Counter(item.unit for item in found if item.unit and item.cut)
    must = Counter(page.sequence)
    size = {unit: len(unit) for unit in must}
    missing = {u: n - have[u] for u, n in must.items() if have[u] < n and not page.units[u].optional}
    doubled = any(have[unit] > must[unit] + page.units[unit].spare for unit in have) or bool(left)
    kept = [item.unit for item in found if item.unit and not page.units[item.unit].is_loose]
    wanted = [unit for unit in page.sequence if not page.units[unit].is_loose]
    named, right = _provenance(matcher, answer, have)
    removed, removed_right, surplus = _removals(page, must, have + left)
    return Counts(
        pages=1,
        perfect=kept == wanted and not doubled and not missing,
        doubled=doubled,
        lost=bool(missing),
        lost_chars=sum(size[unit] * count for unit, count in missing.items()),
        chars=sum(size[unit] * n for unit, n in must.items() if not page.units[unit].optional),
        removed=removed,
        removed_right=removed_right,
        surplus=surplus,
        chrome=len(page.chrome),
        chrome_left=min(len(page.chrome), sum(not item.unit for item in found)),
        named=named,
        named_right=right,
        silent=answer.removed is None,
    )


def _removals(page: Page, must: Counter[str], stays: Counter[str]) -> tuple[int, int, int]:
    """Copies that are gone, those of them that were surplus, and all that were surplus."""
    gone = right = surplus = 0
    for unit, known in page.units.items():
        if known.optional and not stays[unit]:
            continue
        extra = known.copies - must[unit]
        out = max(0, known.copies - stays[unit])
        gone += out
        right += min(out, extra)
        surplus += extra
    return gone, right, surplus


def _provenance(matcher: Matcher, answer: Answer, have: Counter[str]) -> tuple[int, int]:
    """Units in removed texts that also stay somewhere, and those that a named kept text holds."""
    named = right = 0
    for text, originals in answer.removed or ():
        said = {item.unit for original in originals for item in matcher.find(original)}
        units = [item.unit for item in matcher.find(text) if have[item.unit]]
        named += len(units)
        right += sum(unit in said for unit in units)
    return named, right


class Matcher:
    """Finds a page's units and chrome lines in a text, longest wording first."""

    def __init__(self, page: Page) -> None:
        self._known: dict[str, Found] = {squash(line): Found("") for line in page.chrome}
        for unit, known in page.units.items():
            self._known |= {squash(text): Found(unit, True) for text in known.cut}
        for unit, known in page.units.items():
            self._known |= {squash(text): Found(unit) for text in known.ok}
        self._known.pop("", None)
        long = sorted((text for text in self._known if not is_short(text)), key=len, reverse=True)
        self._long = re.compile("|".join(map(re.escape, long)) or r"(?!)")

    def find(self, text: str) -> list[Found]:
        """What stands in the text, in order."""
        found: list[tuple[int, Found]] = []
        squashed, start = [], 0
        for line in map(squash, text.split("\n")):
            if line in self._known and is_short(line):
                found.append((start, self._known[line]))
            squashed.append(line)
            start += len(line)
        flat = "".join(squashed)
        found += ((match.start(), self._known[match.group()]) for match in self._long.finditer(flat))
        return [item for _, item in sorted(found, key=lambda pair: pair[0])]


def is_short(text: str) -> bool:
    """Whether squashed text says too little to be looked for inside other text."""
    return len(text) < (SHORT_CJK if CJK.search(text) else SHORT)


# ---------------------------------------------------------------- collections


@dataclass(frozen=True, slots=True)
class Clusters:
    """An answer across pages: a label for each page, the pages that are kept, perhaps cleaned texts.

    Without `kept`, the first page of each cluster is.
    """

    labels: Mapping[str, str]
    kept: frozenset[str] | None = None
    texts: Mapping[str, str] = field(default_factory=dict)


def score_across(documents: Sequence[Document], answer: Clusters) -> dict[str, Any]:
    """Figures of a collection, as the module describes them; a page without a label is alone."""
    labels = [answer.labels.get(document.id, f"alone {document.id}") for document in documents]
    stories = [document.story for document in documents]
    both = _pairs(Counter(zip(labels, stories, strict=True)))
    precision = both / (_pairs(Counter(labels)) or 1) if both else 0.0
    recall = both / (_pairs(Counter(stories)) or 1)
    kept = answer.kept if answer.kept is not None else _first_of_each(documents, labels)
    remains = Counter(document.story for document in documents if document.id in kept)
    return {
        "documents": len(documents),
        "stories": len(set(stories)),
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * precision * recall / (precision + recall), 4) if both else 0.0,
        "found": _found(documents, labels),
        "merged": _merged(documents, labels),
        "lost": len(set(stories) - set(remains)),
        "left": sum(count - 1 for count in remains.values()),
        **_lines(documents, answer.texts),
    }


def _pairs(sizes: Counter[Any]) -> int:
    return sum(comb(size, 2) for size in sizes.values())


def _first_of_each(documents: Sequence[Document], labels: Sequence[str]) -> frozenset[str]:
    first: dict[str, str] = {}
    for document, label in zip(documents, labels, strict=True):
        first.setdefault(label, document.id)
    return frozenset(first.values())


def _found(documents: Sequence[Document], labels: Sequence[str]) -> dict[str, float]:
    """For each kind of copy, the share that shares a cluster with its original."""
    pairs = list(zip(documents, labels, strict=True))
    original = {document.story: label for document, label in pairs if document.kind == "original"}
    copies = [
        (document.kind, original[document.story] == label)
        for document, label in pairs
        if document.kind != "original" and document.story in original
    ]
    return _shares(copies)


def _merged(documents: Sequence[Document], labels: Sequence[str]) -> dict[str, float]:
    """For each kind of page that is no copy, the share that stands in a cluster with another story."""
    in_cluster: defaultdict[str, set[str]] = defaultdict(set)
    for document, label in zip(documents, labels, strict=True):
        in_cluster[label].add(document.story)
    rows = [
        (document.kind, len(in_cluster[label]) > 1)
        for document, label in zip(documents, labels, strict=True)
        if document.is_apart
    ]
    return _shares(rows)


def _shares(rows: Iterable[tuple[str, bool]]) -> dict[str, float]:
    groups = groupby(sorted(rows), key=lambda row: row[0])
    listed = {kind: [hit for _, hit in group] for kind, group in groups}
    return {kind: round(sum(hits) / len(hits), 4) for kind, hits in listed.items()}


def _lines(documents: Sequence[Document], texts: Mapping[str, str]) -> dict[str, float | None]:
    """How much of the sites' own lines is left in cleaned texts, and how much of the stories is gone."""
    if not texts:
        return {"boiler_left": None, "text_lost": None}
    boiler: Counter[bool] = Counter()
    story: Counter[bool] = Counter()
    for document in (document for document in documents if document.id in texts):
        flat = squash(texts[document.id])
        boiler.update(squash(line) in flat for line in document.boiler)
        story.update(squash(line) in flat for line in document.lines if line not in document.boiler)
    return {
        "boiler_left": _share(boiler[True], boiler.total()),
        "text_lost": _share(story[False], story.total()),
    }
