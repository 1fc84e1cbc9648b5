"""From the files that people write, `lexicons/*.toml`, to the tables that `lexicon` looks things up in.

`python -m dedupe.chrome.lexicon_compile` writes `lexicons/compiled.json` anew; run it after each
change of a file.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

from dedupe.chrome.lexicon_format import CJK, COMPILED, KINDS, SHIPPED, SHORT, SHORT_CJK, SLOTS, Tables, trim
from dedupe.errors import LexiconError
from dedupe.text.normalize import plain
from dedupe.types import REASONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

#: Labels that a lexicon may give: reasons that words can tell, and the roles of an article's edges.
LABELS = frozenset(
    {*REASONS, "byline", "dateline", "notice"} - {"template", "boilerplate", "repeat", "duplicate"}
)

_KEYS = tuple(kind for kind in KINDS if kind != "pattern")
_STRENGTHS = ("sure", "hint")
_DATE_KEYS = ("months", "weekdays", "labels", "glue")
_SLOT = re.compile(r"\{(\w*)\}")
#: What blocks are trimmed of goes at the ends of phrases with slots too.
_TRIMMED = re.compile(r"^(?:\{n\}|[^\w{©]|\d)+|(?:\{n\}|[^\w}]|\d)+$")
#: What may hang on a word without belonging to it.
_HANGING = ".,:;!?)"
_LEADING = "(\"'"
#: The most frequent Chinese characters and Korean syllables: useless as a sign that a phrase may be there.
_FREQUENT = frozenset(
    "的一是不了在人有我他这這个個们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于於着著下自之年过過发發后後作里"
    "裡用道行所然家种種事成方多经經么麼去法学學如都同现現当當没沒动動面起看定天分还還进進好小部其些主样樣理心她本前开開但因只从從"
    "想实實日军軍者意无無力它与與长長把机機十民第公此已工使情明性知全三又关關点點正业業外将將两兩高间間由问問很最重并並物手应應战戰向头"
    "頭文体體政美相见見被利什二等产產或新己制身果加西斯月话話合回特代内內信表化老给給世位次度门門任常先海通教儿兒原东東声聲提立及比"
    "员員解水名真论論处處走义義各入几幾口认認条條平系气氣题題活尔爾更别別打女变變四神总總何电電数數安少报報才结結反受目太量再"
    "感建务務做接必场場件计計管期市直德资資命山金指克许許统統区區保至队隊形社便空决決治展马馬科司五基眼书書非则則听聽白"
    "网評评表報报客特品微放据台息取证證快版精转轉友需站商服仅"
    "이다는을를의에가하고지로기사한도은들시나어자인리서대해그것수정스라부보전제일"
)

#: Frequent words that phrases have too.
_FREQUENT_WORDS = {
    *("the", "your", "this", "have", "them", "through", "using", "used", "get", "with", "free", "about"),
    *("email", "link", "website", "nicht", "wird", "eine", "einem"),
}

#: A phrase's spec ("language:label:kind:strength:limit") by how it matches and what it says.
_Found = dict[tuple[str, str], str]


def compile_shipped() -> str:
    """The content that `lexicons/compiled.json` must have."""
    return json.dumps(read(SHIPPED), ensure_ascii=False, indent=0) + "\n"


def read(folder: Path) -> Tables:
    """The lexicons of a folder, arranged for looking up; a later language wins where two say the same.

    Raises:
        LexiconError: a file is malformed, or the folder holds none; names the file and the entry.
    """
    found: _Found = {}
    dates: dict[str, str] = {}
    for path in _files(folder):
        tables = _tables(path)
        dates.update(_dates(path, tables.pop("dates", {})))
        found.update(_entries(path, tables))
    return _arrange(found, dates)


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


def _entries(path: Path, tables: Mapping[str, Any]) -> _Found:
    """All phrases of one file."""
    found: _Found = {}
    for label, strengths in tables.items():
        if label not in LABELS:
            raise _error(path, label, f"unknown label; known are {', '.join(sorted(LABELS))}")
        for strength, table in _items(path, label, strengths):
            if strength not in _STRENGTHS:
                raise _error(path, f"{label}.{strength}", "the strength must be sure or hint")
            _add_table(found, path, f"{label}.{strength}", dict(_items(path, f"{label}.{strength}", table)))
    return found


def _add_table(found: _Found, path: Path, name: str, keys: dict[str, Any]) -> None:
    label, _, strength = name.partition(".")
    limit = keys.pop("limit", None)
    if limit is not None and (type(limit) is not int or limit < 1):
        raise _error(path, f"{name}.limit", f"must be a number of characters, not {limit!r}")
    for kind, value in keys.items():
        place = f"{name}.{kind}"
        if kind not in _KEYS:
            raise _error(path, place, f"unknown key; known are {', '.join(_KEYS)}, limit")
        for phrase in _phrases(path, place, value):
            ready = _ready(path, place, kind, phrase)
            how = _how(kind, phrase, ready)
            # a whole phrase either opens a section or does not
            key = ("whole" if how == "opens" else how, ready)
            if key in found:
                raise _error(path, place, f"{phrase!r} is there already")
            chars = limit or (SHORT_CJK if max(ready) >= CJK else SHORT)
            found[key] = f"{path.stem}:{label}:{how}:{strength}:{chars}"


def _how(kind: str, phrase: str, ready: str) -> str:
    """The kind of a match: a phrase with slots is all of the block, also if it lost them at its ends."""
    if "{" in ready:
        return "pattern"
    return "whole" if kind == "start" and "{" in phrase else kind


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
        if not (tidy := " ".join(plain(phrase).split())):
            raise _error(path, name, "has an empty phrase")
        yield tidy


def _ready(path: Path, place: str, kind: str, phrase: str) -> str:
    """A phrase as blocks are compared with it, or what is wrong with it."""
    if "{" in phrase or "}" in phrase:
        phrase = _slotted(path, place, kind, phrase)
    if "{" in phrase:
        least, low = 2, phrase
    else:
        core = trim(phrase.casefold())
        least = 1 if kind in ("whole", "opens") else 2
        low = core if kind in ("whole", "opens", "end") else phrase.casefold()[phrase.casefold().find(core) :]
    if kind == "whole" and not low:
        low = phrase.casefold()
    if len(low.partition("{")[0]) < least:
        raise _error(path, place, f"{phrase!r} is too short to tell anything")
    return low


def _slotted(path: Path, place: str, kind: str, phrase: str) -> str:
    """Check the slots; numbers at the ends go, since blocks are compared without theirs."""
    if kind not in ("whole", "start"):
        raise _error(path, place, f"{phrase!r}: slots work in whole and start only")
    if unknown := set(_SLOT.findall(phrase)) - set(SLOTS):
        raise _error(path, place, f"{phrase!r}: unknown slot {min(unknown)!r}; known are {', '.join(SLOTS)}")
    if "{" in (plain := _SLOT.sub("", phrase)) or "}" in plain:
        raise _error(path, place, f"{phrase!r} has a brace that is no slot")
    phrase = _TRIMMED.sub("", phrase)
    if phrase.startswith("{"):
        raise _error(path, place, f"{phrase!r} begins with a slot")
    return phrase


def _error(path: Path, entry: str, message: str) -> LexiconError:
    return LexiconError(message, path=str(path), entry=entry)


def _arrange(found: _Found, dates: Mapping[str, str]) -> Tables:
    """Put every phrase where the words of a block lead to it."""
    tables: Tables = {"dates": {}, "wholes": {}, "starts": {}, "ends": {}, "inner": {}}
    for word, kind in dates.items():
        _add(tables["dates"], kind, word, " ")
    for (_, phrase), spec in found.items():
        kind = spec.split(":")[2]
        if kind in ("whole", "opens"):
            _add(tables["wholes"], spec.rpartition(":")[0] + ":0", phrase)
        elif kind == "end":
            _add(tables["ends"], phrase[-3:], f"{spec}\t{phrase}")
        elif kind in ("start", "pattern"):
            _add(tables["starts"], _start_key(phrase.partition("{")[0].casefold()), f"{spec}\t{phrase}")
        else:
            for key in _inner_keys(phrase):
                _add(tables["inner"], key, f"{spec}\t{phrase}")
    return tables


def _add(table: dict[str, str], key: str, line: str, between: str = "\n") -> None:
    table[key] = f"{table[key]}{between}{line}" if key in table else line


def _start_key(literal: str) -> str:
    """As much of it as `Lexicon.match` tries: 6, 3 or 2 characters."""
    return literal[: next(size for size in (6, 3, 2) if len(literal) >= size)]


def _inner_keys(phrase: str) -> list[str]:
    """The word or character that gives the phrase away: a word inside, since no punctuation hangs on that."""
    if max(phrase) >= CJK:
        return [_anchor(phrase)]
    words = [word for word in phrase.split() if word not in _FREQUENT_WORDS] or phrase.split()
    longest = max((word for word in words if f" {word} " in phrase), key=len, default="")
    return [longest] if len(longest) > 3 else _punctuated(max(words, key=len))


def _punctuated(word: str) -> list[str]:
    return [word, *(word + mark for mark in _HANGING), *(mark + word for mark in _LEADING)]


def _anchor(phrase: str) -> str:
    """The first character that is rare in other text; hiragana never is."""
    for character in phrase:
        if character >= CJK and character not in _FREQUENT and not "\u3040" <= character <= "\u309f":
            return character
    return max(phrase)


if __name__ == "__main__":
    COMPILED.write_text(compile_shipped(), encoding="utf-8")
