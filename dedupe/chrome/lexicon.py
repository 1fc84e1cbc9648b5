"""What news pages say around their articles, in many languages, as data.

Each file `lexicons/<language>.toml` holds tables `[<label>.<strength>]`. The label is a reason for a
removal ("related") or an edge role (byline, dateline, notice). The strength is `sure` (nothing else
ever says this) or `hint` (it needs company: position, links, neighbours). A table's keys say how its
phrases match; a phrase stands on a line of its own, or several on a line set off by " | ":

`whole`   the block is just this phrase; punctuation, digits, arrows and emoji around it do not count
`opens`   the same, and it is the heading of a section of this label
`start`   a short block begins with it
`end`     a short block ends with it
`inside`  a short block has it somewhere, as whole words
`long`    a block of any length has it, a very long one near its beginning or end
`limit`   how many characters a block of `start`, `end` and `inside` may have (80; 40 where the phrase
          is Chinese, Japanese or Korean)

Phrases of `whole` and `start` may have slots, and then are the whole block: `{n}` a number, `{name}`
one or more names of people, `{word}` a capitalised word, `{any}` some words, `{tail}` nothing or what
a comma, bar, dash, bracket or number begins, `{rest}` anything. `[dates]` lists the words that lines
of dates consist of.

Reading these files takes long, so the package also has them as tables for looking up,
`lexicons/compiled.json`: run `python -m dedupe.chrome.lexicon_compile` after each change of a file.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from dedupe.chrome.lexicon_format import CJK, COMPILED, JUNK, KINDS, SHORT, SLOTS, Tables, trim
from dedupe.text.normalize import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_RANK = {kind: rank for rank, kind in enumerate(KINDS)}

#: Longer blocks are only looked at where they begin and end: chrome of that length gives itself away there.
_LONG = 240
_WINDOW = 72
#: Blocks up to that length stand on many pages of a site: what was found for so many of them is kept.
_REPEATED, _MOST_SEEN = 60, 1 << 14
#: A line of this many known words is a menu, even where none of them alone would be sure.
_MENU = 4
#: A line of dates is no longer, nor is a word of it.
_DATED, _STAMP = 120, 30

# No class below is wide or has characters from several blocks of Unicode: compiling that is slow.
_DATE = re.compile(
    r"\d{4}\s?(?:[./-]|年|년)\s?\d{1,2}\s?(?:[./-]|月|월)\s?\d{1,2}(?!\d)\s?(?:\.|日|일)?"
    r"|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})(?!\d)"
    r"|\d{1,2}\s?(?:月|월)\s?\d{1,2}\s?(?:日|일|号|號)"
)
_CLOCK = re.compile(
    r"\d{1,2}(?:[:h]|\s?(?:時|时|시|点|點)\s?)\d{2}(?::\d{2})?(?:\.\d+)?\s?(?:分|분)?(?:\s?[ap]\.?m\b\.?)?"
    r"|\b\d{1,2}\s?[ap]\.?m\b\.?"
)
_ORDINAL = re.compile(
    r"\b\d{1,2}(?:st|nd|rd|th|er|º|ª|-го|-е)\b|\d{4}年|(?<=\d)t(?=\d)|(?<=\d)z\b|[+-]\d\d:?\d\d\b"
)
_SLOT = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True, slots=True)
class PhraseMatch:
    """What a block seems to be: `label` (a reason, or byline, dateline, notice), how it matched
    (`kind`: whole, pattern, opens, long, start, end, inside), whether nothing else ever says this
    (`sure`), and the entry that said so (`rule`: "en:related/opens:related articles")."""

    label: str
    kind: str
    sure: bool
    rule: str


class _Entry(NamedTuple):
    """A phrase as it is compared. Of one with slots, `literal` is what stands before them."""

    literal: str
    kind: str
    sure: bool
    limit: int
    slots: str
    spec: str
    source: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All phrases of all languages, arranged for looking up (see `Tables`). Made by `load`; picklable."""

    wholes: Mapping[str, str]
    starts: Mapping[str, str]
    ends: Mapping[str, str]
    inner: Mapping[str, str]
    anchors: str
    dates: Mapping[str, str]
    _seen: dict[str, tuple[PhraseMatch, ...]] = field(default_factory=dict, repr=False, compare=False)

    def match(self, text: str) -> tuple[PhraseMatch, ...]:
        """What this block's words say it is: one hit a label, strongest first; () for ordinary text.

        >>> [(hit.label, hit.kind, hit.sure) for hit in load().match("Related articles:")]
        [('related', 'opens', True)]
        """
        if len(text) > _REPEATED:
            return self._match_short(text) if len(text) <= _LONG else self._match_long(text)
        phrases = self._seen.get(text)
        if phrases is None:
            phrases = self._match_short(text)
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            self._seen[text] = phrases
        return phrases

    def _match_short(self, text: str) -> tuple[PhraseMatch, ...]:
        line = plain(text)
        core = trim(line)
        words = core.casefold().split()
        if not words:
            return self._match_bare(line)
        low = " ".join(words)
        phrases: list[PhraseMatch] = []
        if (spec := self.wholes.get(low)) is not None:
            phrases.append(_hit(spec, low))
        elif "|" in low or (len(words) >= _MENU and words[0] in self.wholes and words[-1] in self.wholes):
            phrases += self._menu(low, words)
        for size in (6, 3, 2):
            if (packed := self.starts.get(low[:size])) is not None:
                phrases += _begins(packed, low, core)
        if (packed := self.ends.get(low[-3:])) is not None:
            phrases += _ends(packed, low)
        if not self.inner.keys().isdisjoint(words):
            phrases += self._contains(low, words)
        if not low.isascii():
            if anchors := self._anchors(low):
                phrases += self._contains(low, anchors)
            if (packed := self.ends.get(low[-2:])) is not None:
                phrases += _ends(packed, low)
        if words[0] in self.dates or (len(core) < len(line) and (line[0].isdigit() or line[-1].isdigit())):
            phrases += self._dateline(line)
        return _strongest(phrases) if phrases else ()

    def _match_long(self, text: str) -> tuple[PhraseMatch, ...]:
        """Only how a long block begins makes it sure: its end may be an editor's line after a paragraph."""
        words = trim(plain(f"{text[:_WINDOW]} \n {text[-_WINDOW:]}")).casefold().split()
        low = " ".join(words)
        phrases: list[PhraseMatch] = []
        if not self.inner.keys().isdisjoint(words):
            phrases += self._contains(low, words, longest=True)
        if not low.isascii() and (anchors := self._anchors(low)):
            phrases += self._contains(low, anchors, longest=True)
        return _strongest(phrases) if phrases else ()

    def _match_bare(self, line: str) -> tuple[PhraseMatch, ...]:
        """A block without any letter: a stamp of time, or a sign that stands for an empty widget."""
        phrases = self._dateline(line)
        if (spec := self.wholes.get(sign := "".join(line.split()))) is not None:
            phrases.append(_hit(spec, sign))
        return _strongest(phrases)

    def _anchors(self, low: str) -> list[str]:
        """Its characters that give away phrases of scripts without spaces."""
        finder = _finder(self.anchors)
        return finder.findall(low) if finder.search(low) is not None else []

    def _contains(self, low: str, keys: Iterable[str], longest: bool = False) -> list[PhraseMatch]:
        """Hits of phrases that stand somewhere in the block, as whole words."""
        return [
            hit
            for key in self.inner.keys() & keys
            for entry in _unpack(self.inner[key])
            if entry.literal in low and (hit := _within(entry, low, longest)) is not None
        ]

    def _menu(self, low: str, words: list[str]) -> list[PhraseMatch]:
        """Several known phrases in one line ("Home | World | Sport") are surer than each of them."""
        barred = "|" in low
        parts = low.split("|") if barred else words
        if len(parts) < (2 if barred else _MENU):
            return []
        known: list[PhraseMatch] = []
        for seen, part in enumerate(parts, 1):
            name = trim(part) if barred else part
            if (spec := self.wholes.get(name)) is not None:
                known.append(_hit(spec, name))
            elif (seen - len(known)) * 3 > len(parts) * barred or (seen == 2 and not known):
                return []
        best = max(known, key=lambda hit: hit.sure)
        alike = barred or len({hit.label for hit in known}) == 1
        return [replace(best, sure=best.sure or (alike and len(known) >= _MENU - barred))]

    def _dateline(self, line: str) -> list[PhraseMatch]:
        """A line of dates, times and words that go with them, or one before a source or an editor's name."""
        if len(line) > _DATED:
            return []
        low = line.casefold()
        for part in low.split():
            if len(part) > _STAMP or (part not in self.dates and part.isalpha()):
                return self._dated_source(line)
        days, dates = _DATE.subn(" ", low)
        rest, clocks = _CLOCK.subn(" ", days)
        words = [word for part in _ORDINAL.sub(" ", rest).split() if (word := part.strip(JUNK))]
        kinds = {self.dates.get(word) for word in words}
        if None in kinds:
            return self._dated_source(line)
        dated = dates > 0 or ("months" in kinds and any(map(str.isdigit, low)))
        if not dated and not clocks:
            return []
        sure = "labels" in kinds or (dated and clocks > 0)
        return [PhraseMatch("dateline", "pattern", sure, "dates" if dated else "times")]

    def _dated_source(self, line: str) -> list[PhraseMatch]:
        """“2024-05-20 10:31 来源：…”: after the stamp stands what alone would be metadata."""
        if len(line) > SHORT or not line[0].isdigit() or (stamp := _DATE.match(line)) is None:
            return []
        rest = _CLOCK.sub("", line[stamp.end() :], count=1)
        if any(hit.label in ("metadata", "byline", "dateline", "comments") for hit in self.match(rest)):
            return [PhraseMatch("dateline", "pattern", True, "dates")]
        return []


def load(folder: Path | None = None) -> Lexicon:
    """The shipped lexicons with those of `folder`: an entry there replaces the shipped one.

    Raises:
        LexiconError: a file is malformed, or the folder holds none; names the file and the entry.
    """
    layers: list[Tables] = [json.loads(COMPILED.read_bytes())]
    if folder is not None:
        from dedupe.chrome.lexicon_compile import read

        layers.append(read(folder))
    inner = _joined(layer["inner"] for layer in layers)
    return Lexicon(
        wholes=_inverted((layer["wholes"] for layer in layers), "\n"),
        starts=_joined(layer["starts"] for layer in layers),
        ends=_joined(layer["ends"] for layer in layers),
        inner=inner,
        anchors="".join(key for key in inner if len(key) == 1 and key >= CJK),
        dates=_inverted((layer["dates"] for layer in layers), " "),
    )


def _inverted(tables: Iterable[dict[str, str]], end: str) -> dict[str, str]:
    """What each phrase stands under; the last table wins."""
    return {each: key for table in tables for key, phrases in table.items() for each in phrases.split(end)}


def _joined(tables: Iterable[dict[str, str]]) -> dict[str, str]:
    """The first table with the others' phrases, which take the place of the same phrase before."""
    joined, *others = tables
    for key, lines in (pair for table in others for pair in table.items()):
        both = f"{joined[key]}\n{lines}" if key in joined else lines
        latest = {_identity(line): line for line in both.split("\n")}
        joined[key] = "\n".join(latest.values())
    return joined


def _identity(line: str) -> tuple[str, str]:
    spec, _, source = line.partition("\t")
    return spec.split(":")[2], source


def _begins(packed: str, low: str, core: str) -> list[PhraseMatch]:
    """Hits of phrases that the block begins with, and of those with slots that are all of it."""
    return [
        _hit(entry.spec, entry.source)
        for entry in _unpack(packed)
        if low.startswith(entry.literal) and _is_begun(entry, low, core)
    ]


def _is_begun(entry: _Entry, low: str, core: str) -> bool:
    if entry.slots:
        at = len(entry.source) - len(entry.slots)
        return _pattern(entry.slots).fullmatch(" ".join(core.split()), at) is not None
    return len(low) <= entry.limit and _bounded(entry.literal, low, 0)


def _ends(packed: str, low: str) -> list[PhraseMatch]:
    return [
        _hit(entry.spec, entry.source)
        for entry in _unpack(packed)
        if low.endswith(entry.literal)
        and len(low) <= entry.limit
        and _bounded(entry.literal, low, len(low) - len(entry.literal))
    ]


def _within(entry: _Entry, low: str, longest: bool) -> PhraseMatch | None:
    """The hit of a phrase that stands somewhere in the block, unless only as a part of words."""
    at = low.find(entry.literal)
    while at >= 0 and not _bounded(entry.literal, low, at):
        at = low.find(entry.literal, at + 1)
    short = not longest and len(low) <= entry.limit * (2 if entry.kind == "long" else 1)
    if at < 0 or (entry.kind == "inside" and not short):
        return None
    return _hit(entry.spec, entry.source, certain=short or at == 0)


def _bounded(literal: str, low: str, at: int) -> bool:
    """Whether no word goes on where the phrase begins or ends (unspaced scripts have no such borders)."""
    end = at + len(literal)
    before = low[at - 1] if at else ""
    return not (_joins(before, literal[0]) or _joins(literal[-1], low[end : end + 1]))


def _joins(left: str, right: str) -> bool:
    return left.isalnum() and right.isalnum() and max(left, right) < CJK


def _strongest(phrases: list[PhraseMatch]) -> tuple[PhraseMatch, ...]:
    """The best hit of each label; among equals the longest phrase tells most."""
    if len(phrases) < 2:
        return tuple(phrases)
    phrases.sort(key=lambda hit: (not hit.sure, _RANK[hit.kind], -len(hit.rule), hit.rule))
    best: dict[str, PhraseMatch] = {}
    for hit in phrases:
        best.setdefault(hit.label, hit)
    return tuple(best.values())


@lru_cache(maxsize=4096)
def _hit(spec: str, source: str, certain: bool = True) -> PhraseMatch:
    language, label, kind, strength, _ = spec.split(":")
    return PhraseMatch(label, kind, certain and strength == "sure", f"{language}:{label}/{kind}:{source}")


@lru_cache(maxsize=4096)
def _unpack(packed: str) -> tuple[_Entry, ...]:
    """The phrases under one key of a table."""
    return tuple(_entry(*line.split("\t")) for line in packed.split("\n"))


def _entry(spec: str, source: str) -> _Entry:
    _, _, kind, strength, limit = spec.split(":")
    before, brace, after = source.partition("{")
    return _Entry(before.casefold(), kind, strength == "sure", int(limit), brace + after, spec, source)


@lru_cache(maxsize=16)
def _finder(characters: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(characters)}]" if characters else r"(?!)")


@lru_cache(maxsize=1024)
def _pattern(slots: str) -> re.Pattern[str]:
    """The regular expression of a phrase from its first slot on; its words match in either case."""
    pieces = _SLOT.split(slots)
    return re.compile(
        "".join(SLOTS[piece] if at % 2 else f"(?i:{re.escape(piece)})" for at, piece in enumerate(pieces))
    )
