"""Reports of one form, in which names and numbers are the news, and corrected or cut copies of one report.

All reports of a form are different; a copy is the same report with one number corrected, one name spelled
otherwise, a sentence cut off, or a note of the editor added.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

SLOT = re.compile(r"\{(\w+)(?::(\w))?\}")
NUMBERS = {"d": (1, 28), "n": (29, 99), "m": (120, 98_000)}
COPIES = ("number", "name", "cut", "note")
NOTES = {
    "en": "In an earlier version of this report a figure was wrong; it has been put right.",
    "de": "In einer früheren Fassung dieses Berichts war eine Angabe falsch; sie ist berichtigt.",
    "zh": "本报道的早期版本中有一处错误，现已更正。",
    "ru": "В прежней версии этого сообщения была ошибка; она исправлена.",
}


@dataclass(frozen=True, slots=True)
class Report:
    """A report as its blocks; pages of one `story` are copies, those of one `form` only look alike."""

    id: str
    language: str
    form: str
    kind: str
    story: str
    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Filled:
    """A block, its numbers and names as places in its text."""

    text: str
    numbers: tuple[tuple[int, int], ...]
    names: tuple[tuple[int, int], ...]


def languages() -> tuple[str, ...]:
    return tuple(_words())


def forms(language: str) -> tuple[str, ...]:
    return tuple(_words()[language]["forms"])


def reports(language: str, form: str, count: int, seed: int = 1) -> list[Report]:
    """That many different reports of one form."""
    made = (
        _blocks(language, form, random.Random(f"form {language} {form} {seed} {at}")) for at in range(count)
    )
    name = f"{language}-{form}"
    return [
        Report(
            f"{name}-{at}", language, name, "report", f"{name}-{at}", tuple(block.text for block in blocks)
        )
        for at, blocks in enumerate(made)
    ]


def copies(language: str, form: str, number: int, seed: int = 1) -> Iterator[Report]:
    """A copy of each kind of one of the reports."""
    name = f"{language}-{form}"
    for kind in COPIES:
        rng = random.Random(f"copy {language} {form} {seed} {number} {kind}")
        blocks = _blocks(language, form, random.Random(f"form {language} {form} {seed} {number}"))
        texts = _changed(kind, blocks, language, rng)
        yield Report(f"{name}-{number}-{kind}", language, name, kind, f"{name}-{number}", tuple(texts))


def _changed(kind: str, blocks: list[_Filled], language: str, rng: random.Random) -> list[str]:
    texts = [block.text for block in blocks]
    if kind == "cut":
        return texts[:-1]
    if kind == "note":
        return [*texts, NOTES[language]]
    at = rng.choice([at for at, block in enumerate(blocks) if getattr(block, f"{kind}s")])
    low, high = rng.choice(getattr(blocks[at], f"{kind}s"))
    old = texts[at][low:high]
    new = str(int(float(old)) + rng.randint(1, 9)) if kind == "number" else _misspelled(old, language)
    texts[at] = texts[at][:low] + new + texts[at][high:]
    return texts


def _misspelled(name: str, language: str) -> str:
    return name[:-1] + ("华" if name[-1] != "华" else "花") if language == "zh" else name[:-1] + name[-1] * 2


def _blocks(language: str, form: str, rng: random.Random) -> list[_Filled]:
    known: dict[str, str] = {}
    return [_filled(pattern, _words()[language], known, rng) for pattern in _words()[language]["forms"][form]]


def _filled(pattern: str, lists: dict[str, Any], known: dict[str, str], rng: random.Random) -> _Filled:
    text, places = "", dict[str, list[tuple[int, int]]](number=[], name=[], word=[])
    pieces = SLOT.split(pattern)
    for at in range(0, len(pieces) - 1, 3):
        own, slot, name = pieces[at : at + 3]
        value = known.get(name) or _value(slot, lists, known, rng)
        if name:
            known[name] = value
        text += own
        kind = "number" if slot in (*NUMBERS, "p") else "name" if slot in ("town", "last", "firm") else "word"
        places[kind].append((len(text), len(text) + len(value)))
        text += value
    return _Filled(text + pieces[-1], tuple(places["number"]), tuple(places["name"]))


def _value(slot: str, lists: dict[str, Any], known: dict[str, str], rng: random.Random) -> str:
    if slot in NUMBERS:
        return str(rng.randint(*NUMBERS[slot]))
    if slot == "p":
        return f"{rng.randint(1, 69)}.{rng.randint(0, 9)}"
    return str(rng.choice([word for word in lists[slot] if word not in known.values()]))


@lru_cache
def _words() -> dict[str, dict[str, Any]]:
    with open(Path(__file__).with_name("forms.toml"), "rb") as file:
        return tomllib.load(file)
