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
`long`    a block of any length begins with it, or has it at one of its ends
`limit`   how many characters a block of `start`, `end` and `inside` may have (80; 40 where the phrase
          is Chinese, Japanese or Korean)

Phrases of `whole`, `start` and `long` may have slots: `{n}` a number, `{name}` one or more names of
people, `{word}` a capitalised word, `{any}` some words, `{tail}` nothing or what a comma, bar, dash,
bracket or number begins, `{rest}` anything. `[dates]` lists the words that lines of dates consist of.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import normalize

from .errors import LexiconError
from .types import REASONS

#: Labels that a lexicon may give: reasons that words can tell, and the roles of an article's edges.
LABELS = frozenset(
    {*REASONS, "byline", "dateline", "notice"} - {"template", "boilerplate", "repeat", "duplicate"}
)

_KINDS = ("whole", "pattern", "opens", "long", "start", "end", "inside")
_RANK = {kind: rank for rank, kind in enumerate(_KINDS)}
_STRENGTHS = ("sure", "hint")
_DATE_KEYS = ("months", "weekdays", "labels", "glue")

#: Longer blocks are only looked at where they begin and end: chrome of that length gives itself away there.
_LONG = 240
_WINDOW = 72
#: A block is short up to here; one that merely contains a `long` phrase is sure up to twice that.
_SHORT, _SHORT_CJK = 80, 40
_CJK = "\u2e80"
#: A line of this many known words is a menu, even where none of them alone would be sure.
_MENU = 4

_JUNK = (
    " \t\r\n\x0b\x0c\xa0\u3000\u200b\u200e\u200f\u2060\ufeff\ufe0f0123456789０１２３４５６７８９"
    ".,:;!?·•∙●○◦■□▪▫◆◇★☆✓✔✕✖×※…‥、。，．：；！？～〜~*+=^_\"'`´“”‘’„‚‹›«»<>()[]{}（）［］【】「」『』〈〉《》〔〕"
    "|｜¦/／\\-‐‑‒–—―－#&%$€£¥@←↑→↓↗↘⇒⇨➔➜➤►▶▸▷◀◂▲△▼▽✉☎✆⌂☰≡"
)
#: Any of these means that the text is not in the form in which phrases are stored.
_COMPAT = re.compile(
    "[\u0300-\u036f\u1100-\u11ff\u2460-\u24ff\u3300-\u33ff\uf900-\ufb06\uff10-\uff5a\uff61-\uffdc]"
)
#: The most frequent Chinese characters and Korean syllables: useless as a sign that a phrase may be there.
_FREQUENT = frozenset(
    "的一是不了在人有我他这這个個们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于於着著下自之年过過发發后後作里"
    "裡用道行所然家种種事成方多经經么麼去法学學如都同现現当當没沒动動面起看定天分还還进進好小部其些主样樣理心她本前开開但因只从從"
    "想实實日军軍者意无無力它与與长長把机機十民第公此已工使情明性知全三又关關点點正业業外将將两兩高间間由问問很最重并並物手应應战戰向头"
    "頭文体體政美相见見被利什二等产產或新己制身果加西斯月话話合回特代内內信表化老给給世位次度门門任常先海通教儿兒原东東声聲提立及比"
    "员員解水名真论論处處走义義各入几幾口认認条條平系气氣题題活尔爾更别別打女变變四神总總何电電数數安少报報才结結反受目太量再"
    "感建务務做接必场場件计計管期市直德资資命山金指克许許统統区區保至队隊形社便空决決治展马馬科司五基眼书書非则則听聽白"
    "이다는을를의에가하고지로기사한도은들시나어자인리서대해그것수정스라부보전제일"
)
_FULL_DATE = r"\d{4}\s?[年년./-]\s?\d{1,2}\s?[月월./-]\s?\d{1,2}(?!\d)\s?[日일.]?|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})(?!\d)"
_DATE = re.compile(rf"{_FULL_DATE}|\d{{1,2}}\s?[月월]\s?\d{{1,2}}\s?[日일号號]")
_CLOCK = re.compile(
    r"\d{1,2}(?:[:h：]|\s?[时時시点點]\s?)\d{2}(?::\d{2})?(?:\.\d+)?\s?[分분]?(?:\s?[ap]\.?m\b\.?)?|\b\d{1,2}\s?[ap]\.?m\b\.?"
)
_ORDINAL = re.compile(
    r"\b\d{1,2}(?:st|nd|rd|th|er|º|ª|-го|-е)\b|\d{4}年|(?<=\d)t(?=\d)|(?<=\d)z\b|[+-]\d\d:?\d\d\b"
)
_SLOT = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True, slots=True)
class Hit:
    """What a block seems to be: `label` (a reason, or byline, dateline, notice), how it matched
    (`kind`: whole, pattern, opens, long, start, end, inside), whether nothing else ever says this
    (`sure`), and the entry that said so (`rule`: "en:related/opens:related articles")."""

    label: str
    kind: str
    sure: bool
    rule: str


class _Group(NamedTuple):
    """What the phrases under one key of one table have in common."""

    label: str
    kind: str
    sure: bool
    limit: int | None
    language: str


class _Entry(NamedTuple):
    """A phrase as it is compared. `literal` is the part before its first slot, `source` all of it."""

    literal: str
    source: str
    group: _Group
    limit: int

    def hit(self, sure: bool) -> Hit:
        label, kind, _, _, language = self.group
        return _hit(label, kind, sure, language, self.source)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All phrases of all languages, arranged for looking up. Made by `load`; picklable."""

    wholes: Mapping[str, _Entry]
    firsts: Mapping[str, tuple[_Entry, ...]]
    lasts: Mapping[str, tuple[_Entry, ...]]
    inner: Mapping[str, tuple[_Entry, ...]]
    anchors: Mapping[str, tuple[_Entry, ...]]
    anchor: re.Pattern[str]
    dates: Mapping[str, str]
    size: int

    def match(self, text: str) -> tuple[Hit, ...]:
        """What this block's words say it is: one hit a label, strongest first; () for ordinary text.

        >>> [(hit.label, hit.kind, hit.sure) for hit in load().match("Related articles:")]
        [('related', 'opens', True)]
        """
        if len(text) > _LONG:
            return self._match_long(text)
        line = _fold(text)
        core = _trim(line)
        words = core.casefold().split()
        if not words:
            return self._match_bare(line)
        low = " ".join(words)
        hits: list[Hit] = []
        if (entry := self.wholes.get(low)) is not None:
            hits.append(entry.hit(entry.group.sure))
        elif "|" in low or words[0] in self.wholes:
            hits += self._menu(low, words)
        if (candidates := self.firsts.get(words[0])) is not None:
            hits += _begins(candidates, low, core)
        if (candidates := self.lasts.get(words[-1])) is not None:
            hits += _ends(candidates, low)
        if not self.inner.keys().isdisjoint(words):
            hits += _contains(self.inner, words, low)
        if not low.isascii():
            hits += self._match_unspaced(low, core)
        if line[0].isdigit() or line[-1].isdigit() or words[0] in self.dates:
            hits += self._dateline(line)
        return _strongest(hits) if hits else ()

    def _match_unspaced(self, low: str, core: str) -> list[Hit]:
        """Phrases of scripts that put no spaces between words, or hang endings on them."""
        hits: list[Hit] = []
        if (candidates := self.firsts.get(low[:2])) is not None:
            hits += _begins(candidates, low, core)
        if (candidates := self.lasts.get(low[-2:])) is not None:
            hits += _ends(candidates, low)
        if self.anchor.search(low) is not None:
            hits += _contains(self.anchors, self.anchor.findall(low), low)
        return hits

    def _match_long(self, text: str) -> tuple[Hit, ...]:
        """Only how a long block begins makes it sure: its end may be an editor's line after a paragraph."""
        core = _trim(_fold(f"{text[:_WINDOW]} \n {text[-_WINDOW:]}"))
        words = core.casefold().split()
        if not words:
            return ()
        low = " ".join(words)
        hits: list[Hit] = []
        for key in {words[0], low[:2]}:
            hits += _begins(self.firsts.get(key, ()), low, core, longest=True)
        if not self.inner.keys().isdisjoint(words):
            hits += _contains(self.inner, words, low, longest=True)
        if not low.isascii() and self.anchor.search(low) is not None:
            hits += _contains(self.anchors, self.anchor.findall(low), low, longest=True)
        return _strongest(hits) if hits else ()

    def _match_bare(self, line: str) -> tuple[Hit, ...]:
        """A block without any letter: a stamp of time, or a sign that stands for an empty widget."""
        hits = self._dateline(line)
        if (entry := self.wholes.get("".join(line.split()))) is not None:
            hits.append(entry.hit(entry.group.sure))
        return tuple(hits)

    def _menu(self, low: str, words: list[str]) -> list[Hit]:
        """Several known phrases in one line ("Home | World | Sport") are surer than each of them."""
        parts = _parts(low) if "|" in low else words
        known = [entry for part in parts if (entry := self.wholes.get(part)) is not None]
        if len(known) < 2 or len(known) * 3 < len(parts) * 2:
            return []
        if parts is words and (len(known) < len(words) or len(known) < _MENU):
            return []
        best = max(known, key=lambda entry: entry.group.sure)
        return [best.hit(best.group.sure or len(known) >= _MENU - (parts is not words))]

    def _dateline(self, line: str) -> list[Hit]:
        """A line of dates, times and words that go with them, or one before a source or an editor's name."""
        low = line.casefold()
        days, dates = _DATE.subn(" ", low)
        rest, clocks = _CLOCK.subn(" ", days)
        words = [word for part in _ORDINAL.sub(" ", rest).split() if (word := part.strip(_JUNK))]
        kinds = {self.dates.get(word) for word in words}
        if None in kinds:
            return self._dated_source(line, dates)
        dated = dates > 0 or ("months" in kinds and any(map(str.isdigit, low)))
        if not dated and not clocks:
            return []
        sure = "labels" in kinds or (dated and clocks > 0)
        return [Hit("dateline", "pattern", sure, "dates" if dated else "times")]

    def _dated_source(self, line: str, dates: int) -> list[Hit]:
        """“2024-05-20 10:31 来源：…”: after the stamp stands what alone would be metadata."""
        stamp = _DATE.match(line)
        if not dates or stamp is None or len(line) > _SHORT:
            return []
        rest = _CLOCK.sub("", line[stamp.end() :], count=1)
        if any(hit.label in ("metadata", "byline", "dateline", "comments") for hit in self.match(rest)):
            return [Hit("dateline", "pattern", True, "dates")]
        return []


def load(folder: Path | None = None) -> Lexicon:
    """Read the shipped lexicons, then those of `folder`: an entry there replaces the shipped one.

    Raises:
        LexiconError: a file is malformed, or the folder holds none; names the file and the entry.
    """
    entries: dict[tuple[str, str], _Entry] = {}
    dates: dict[str, str] = {}
    folders = [Path(__file__).with_name("lexicons"), *([folder] if folder is not None else [])]
    for path in (path for each in folders for path in _files(each)):
        tables = _tables(path)
        dates.update(_dates(path, tables.pop("dates", {})))
        entries.update(_entries(path, tables))
    return _arrange(entries, dates)


def _files(folder: Path) -> list[Path]:
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise LexiconError("no lexicon files (*.toml) here", path=str(folder))
    return paths


def _tables(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise LexiconError(f"cannot be read: {error}", path=str(path)) from error


def _dates(path: Path, table: Any) -> dict[str, str]:
    """Words of lines of dates, each with its kind."""
    found: dict[str, str] = {}
    for key, value in _items(path, "dates", table):
        if key not in _DATE_KEYS:
            raise _error(path, f"dates.{key}", f"unknown key; known are {', '.join(_DATE_KEYS)}")
        for phrase in _phrases(path, f"dates.{key}", value):
            found.update(dict.fromkeys(phrase.casefold().split(), key))
    return found


def _entries(path: Path, tables: Mapping[str, Any]) -> dict[tuple[str, str], _Entry]:
    """All phrases of one file by how they match and what they say."""
    found: dict[tuple[str, str], _Entry] = {}
    for label, strengths in tables.items():
        if label not in LABELS:
            raise _error(path, label, f"unknown label; known are {', '.join(sorted(LABELS))}")
        for strength, table in _items(path, label, strengths):
            if strength not in _STRENGTHS:
                raise _error(path, f"{label}.{strength}", "the strength must be sure or hint")
            _add_table(found, path, (label, strength), table)
    return found


def _add_table(found: dict[tuple[str, str], _Entry], path: Path, names: tuple[str, str], table: Any) -> None:
    name = ".".join(names)
    keys = dict(_items(path, name, table))
    limit = keys.pop("limit", None)
    if limit is not None and (type(limit) is not int or limit < 1):
        raise _error(path, f"{name}.limit", f"must be a number of characters, not {limit!r}")
    for kind, value in keys.items():
        if kind not in _RANK or kind == "pattern":
            known = ", ".join(each for each in _KINDS if each != "pattern")
            raise _error(path, f"{name}.{kind}", f"unknown key; known are {known}, limit")
        group = _Group(names[0], kind, names[1] == "sure", limit, path.stem)
        for phrase in _phrases(path, f"{name}.{kind}", value):
            entry = _entry(path, group, phrase)
            # a whole phrase either opens a section or does not
            key = ("whole" if kind == "opens" else kind, entry.source if "{" in phrase else entry.literal)
            if key in found:
                raise _error(path, f"{name}.{kind}", f"{phrase!r} is there already")
            found[key] = entry


def _items(path: Path, name: str, table: Any) -> Iterable[tuple[str, Any]]:
    if not isinstance(table, dict):
        raise _error(path, name, "must be a table")
    return table.items()


def _phrases(path: Path, name: str, value: Any) -> Iterator[str]:
    """The phrases of one key: an array of them, or a text with a phrase a line or between " | "."""
    listed = value if isinstance(value, list) else None
    if isinstance(value, str):
        listed = [part for line in value.strip().splitlines() for part in f" {line} ".split(" | ")]
    if listed is None or not all(isinstance(phrase, str) for phrase in listed):
        raise _error(path, name, "must be a text or an array of texts")
    for phrase in listed:
        if not (tidy := " ".join(_fold(phrase).split())):
            raise _error(path, name, "has an empty phrase")
        yield tidy


def _entry(path: Path, group: _Group, phrase: str) -> _Entry:
    """A phrase made ready, or what is wrong with it."""
    place = f"{group.label}.{'sure' if group.sure else 'hint'}.{group.kind}"
    literal = phrase.casefold()
    if "{" in phrase or "}" in phrase:
        phrase = _slotted(path, place, group, phrase)
        literal = phrase.partition("{")[0].strip().casefold()
        if "{" in phrase:
            group = group._replace(kind="pattern")
    if group.kind in ("whole", "opens", "end"):
        literal = _trim(literal) or (literal if group.kind == "whole" else "")
    else:
        literal = literal.lstrip(_JUNK)
    if len(literal) < (1 if group.kind in ("whole", "opens") else 2):
        raise _error(path, place, f"{phrase!r} is too short to tell anything")
    limit = group.limit or (_SHORT_CJK if max(literal) >= _CJK else _SHORT)
    source = phrase if group.kind == "pattern" else literal
    return _Entry(literal, source, group, limit)


def _slotted(path: Path, place: str, group: _Group, phrase: str) -> str:
    """Check the slots; numbers at the ends go, since blocks are compared without theirs."""
    names = _SLOT.findall(phrase)
    if group.kind not in ("whole", "start", "long"):
        raise _error(path, place, f"{phrase!r}: slots work in whole, start and long only")
    if unknown := set(names) - set(_slots()):
        raise _error(
            path, place, f"{phrase!r}: unknown slot {min(unknown)!r}; known are {', '.join(_slots())}"
        )
    if "{" in (plain := _SLOT.sub("", phrase)) or "}" in plain:
        raise _error(path, place, f"{phrase!r} has a brace that is no slot")
    while (shorter := _trim(phrase.removeprefix("{n}").removesuffix("{n}"), keep="{}")) != phrase:
        phrase = shorter
    if phrase.startswith("{"):
        raise _error(path, place, f"{phrase!r} begins with a slot")
    return phrase


def _error(path: Path, entry: str, message: str) -> LexiconError:
    return LexiconError(message, path=str(path), entry=entry)


def _arrange(entries: Mapping[tuple[str, str], _Entry], dates: Mapping[str, str]) -> Lexicon:
    """Put every phrase where the words of a block lead to it."""
    wholes: dict[str, _Entry] = {}
    tables: tuple[dict[str, list[_Entry]], ...] = ({}, {}, {}, {})
    firsts, lasts, inner, anchors = tables
    for (kind, _), entry in entries.items():
        unspaced = max(entry.literal) >= _CJK
        if kind == "whole" and entry.group.kind != "pattern":
            wholes[entry.literal] = entry
            continue
        if kind == "end":
            lasts.setdefault(_last_key(entry.literal, unspaced), []).append(entry)
        if kind in ("start", "long", "whole"):
            for key in _first_keys(entry.literal, unspaced):
                firsts.setdefault(key, []).append(entry)
        if kind in ("inside", "long") and entry.group.kind != "pattern":
            for key in [_anchor(entry.literal)] if unspaced else _triggers(entry.literal):
                (anchors if unspaced else inner).setdefault(key, []).append(entry)
    frozen = [{key: tuple(listed) for key, listed in table.items()} for table in tables]
    search = re.compile(f"[{re.escape(''.join(sorted(anchors)))}]" if anchors else r"(?!)")
    return Lexicon(wholes, *frozen, search, dates, len(entries))


def _first_keys(literal: str, unspaced: bool) -> list[str]:
    if unspaced:
        return [literal[:2]]
    first, _, rest = literal.partition(" ")
    return [first] if rest else _punctuated(first)


def _last_key(literal: str, unspaced: bool) -> str:
    return literal[-2:] if unspaced else literal.rpartition(" ")[2]


def _triggers(literal: str) -> list[str]:
    """The word that gives the phrase away: inside the phrase no punctuation can hang on it."""
    words = literal.split()
    longest = max(words[1:-1], key=len, default="")
    return [longest] if len(longest) > 3 else _punctuated(max(words, key=len))


def _punctuated(word: str) -> list[str]:
    return [word, *(word + mark for mark in ".,:;!?)"), *(mark + word for mark in "(\"'")]


def _anchor(literal: str) -> str:
    """The first character that is rare in other text; hiragana never is."""
    for character in literal:
        if character >= _CJK and character not in _FREQUENT and not "\u3040" <= character <= "\u309f":
            return character
    return max(literal)


def _fold(text: str) -> str:
    """One form for what is written in several: widths, apostrophes, invisible characters."""
    if text.isascii():
        return text
    if _COMPAT.search(text) is not None:
        text = normalize("NFKC", text)
    text = text.replace("：", ":").replace("｜", "|").replace("／", "/").replace("，", ",").replace("！", "!")
    text = text.replace("？", "?").replace("（", "(").replace("）", ")").replace("’", "'")
    return text.replace("\xad", "").replace("\u200b", "")


def _trim(line: str, keep: str = "©") -> str:
    """The line without the punctuation, digits, arrows, emoji and icons around it."""
    core = line.strip(_JUNK if "{" not in keep else _JUNK.replace("{", "").replace("}", ""))
    if not core or (core[0].isalnum() and core[-1].isalnum()):
        return core
    start, end = 0, len(core)
    while start < end and not (core[start].isalpha() or core[start] in keep):
        start += 1
    while start < end and not (core[end - 1].isalpha() or core[end - 1] in keep):
        end -= 1
    return core[start:end]


def _parts(low: str) -> list[str]:
    return [part for piece in low.split("|") if (part := _trim(piece))]


def _begins(candidates: Iterable[_Entry], low: str, core: str, longest: bool = False) -> list[Hit]:
    """Hits of phrases that the block begins with, or of patterns that it fits."""
    hits: list[Hit] = []
    for entry in candidates:
        literal, source, group, limit = entry
        if not low.startswith(literal) or (longest and group.kind == "start"):
            continue
        if group.kind == "pattern":
            if _pattern(source).fullmatch(core):
                hits.append(entry.hit(group.sure))
        elif (group.kind == "long" or len(low) <= limit) and _bounded(literal, low, 0):
            hits.append(entry.hit(group.sure))
    return hits


def _ends(candidates: Iterable[_Entry], low: str) -> list[Hit]:
    return [
        entry.hit(entry.group.sure)
        for entry in candidates
        if len(low) <= entry.limit
        and low.endswith(entry.literal)
        and _bounded(entry.literal, low, -len(entry.literal))
    ]


def _contains(
    table: Mapping[str, tuple[_Entry, ...]], keys: Iterable[str], low: str, longest: bool = False
) -> list[Hit]:
    """Hits of phrases that stand somewhere in the block, as whole words."""
    hits: list[Hit] = []
    for entry in (entry for key in keys for entry in table.get(key, ())):
        literal, _, group, limit = entry
        whole = group.kind == "long"
        if (whole or (len(low) <= limit and not longest)) and _has(literal, low):
            hits.append(entry.hit(group.sure and not longest and len(low) <= limit * (1 + whole)))
    return hits


def _has(literal: str, low: str) -> bool:
    at = low.find(literal)
    while at >= 0 and not _bounded(literal, low, at):
        at = low.find(literal, at + 1)
    return at >= 0


def _bounded(literal: str, low: str, at: int) -> bool:
    """Whether no word goes on where the phrase begins or ends; words of unspaced scripts have no such border."""
    at %= len(low)
    before, after = low[at - 1 : at], low[at + len(literal) : at + len(literal) + 1]
    return not (_joins(before, literal[0]) or _joins(literal[-1], after))


def _joins(left: str, right: str) -> bool:
    return left.isalnum() and right.isalnum() and max(left, right) < _CJK


def _strongest(hits: list[Hit]) -> tuple[Hit, ...]:
    if len(hits) == 1:
        return (hits[0],)
    hits.sort(key=lambda hit: (not hit.sure, _RANK[hit.kind]))
    return tuple(
        {hit.label: hit for hit in reversed(hits)}[label] for label in dict.fromkeys(h.label for h in hits)
    )


@lru_cache(maxsize=4096)
def _hit(label: str, kind: str, sure: bool, language: str, source: str) -> Hit:
    return Hit(label, kind, sure, f"{language}:{label}/{kind}:{source}")


@lru_cache(maxsize=1024)
def _pattern(source: str) -> re.Pattern[str]:
    """The regular expression of a phrase with slots; its own words match in either case."""
    pieces = _SLOT.split(source)
    return re.compile("".join(_slots()[piece] if at % 2 else _literal(piece) for at, piece in enumerate(pieces)))


def _literal(text: str) -> str:
    spaced = re.escape(text).replace("\\ ", r"\s+")
    return f"(?i:{spaced})"


@lru_cache(maxsize=1)
def _slots() -> dict[str, str]:
    """Regular expressions of the slots. Names are told by their capitals, or by their script."""
    capital = "".join(letter for letter in map(chr, range(0x41, 0x530)) if letter.isupper())
    word = rf"[{capital}](?:[\w.'-]*\w|\.)?"
    particle = r"(?:(?:de|del|della|da|di|do|dos|du|la|le|van|von|der|den|ten|bin|al|el)\s+)*"
    name = rf"{word}(?:\s+{particle}{word}){{1,3}}"
    join = r"(?:,\s+(?:and\s+)?|\s+(?:and|und|et|y|e|i|и|&)\s+)"
    return {
        "n": r"\d[\d.,:/ ]*[KMkm万萬千亿億천만]?\+?",
        "name": rf"(?:{name}(?:{join}{name}){{0,4}}|[{_CJK}-\uffdc][^。!?;.]{{0,30}})",
        "word": word,
        "any": r"[^。!?\n]{1,40}?",
        "tail": r"(?:\s*(?:[,|·•–—(/]|-\s|\d)[^。]{0,80})?",
        "rest": r".*",
    }
