"""Sentences of several languages from word lists and patterns."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

#: Words of these lists may be exchanged in an edited copy: the sentence stays one of the language.
EXCHANGED = ("adj", "verb", "noun", "place", "who")
NUMBERS = {"d": (1, 28), "n": (29, 99), "m": (120, 98_000)}
SLOT = re.compile(r"\{(\w+)\}")
SITES = ("Morgenstern", "Courier 24", "Tribuna", "Sono", "Vesna", "Hafenblatt", "Lumen", "Kompass")


class Part(NamedTuple):
    """A stretch of a sentence and the list that it was drawn from ("" for the pattern's own words)."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that knows which of its words may be exchanged."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)


@lru_cache
def languages() -> tuple[str, ...]:
    """The codes of the languages of the older benchmarks, in the order of the word file."""
    return tuple(_words("words.toml"))


@lru_cache
def all_languages() -> tuple[str, ...]:
    """The codes of all languages."""
    return (*languages(), *_words("words_more.toml"))


class Voice:
    """Speaks one language; all that it says comes from `rng`."""

    def __init__(self, language: str, rng: random.Random) -> None:
        self.language = language
        self.rng = rng
        self.site = rng.choice(SITES)
        file = "words.toml" if language in languages() else "words_more.toml"
        self._lists = _words(file)[language]

    @property
    def joint(self) -> str:
        """What stands between two sentences of a paragraph."""
        return str(self._lists["joint"])

    def label(self, name: str) -> str:
        """A fixed phrase: "more", "update", "question" …"""
        return self.say(self._lists[name]).text

    def stock(self, name: str) -> Sequence[str]:
        """A list as it stands in the word file."""
        return tuple(self._lists[name])

    def draw(self, name: str) -> Sentence:
        """A new sentence of a list of patterns."""
        return self.say(self.rng.choice(self._lists[name]))

    def say(self, pattern: str) -> Sentence:
        """A pattern with all its slots filled."""
        return Sentence(tuple(self._expanded(pattern)))

    def edited(self, sentence: Sentence) -> Sentence:
        """The sentence with one word exchanged for another of the same list."""
        places = [at for at, part in enumerate(sentence.parts) if part.source in EXCHANGED]
        if not places:
            return sentence
        at = self.rng.choice(places)
        old = sentence.parts[at]
        others = [word for word in self._lists[old.source] if word.lower() != old.text.lower()]
        word = self.rng.choice(others)
        new = Part(old.source, _capital(word) if old.text[:1].isupper() else word)
        return Sentence((*sentence.parts[:at], new, *sentence.parts[at + 1 :]))

    def _expanded(self, pattern: str) -> list[Part]:
        parts = []
        for number, piece in enumerate(SLOT.split(pattern)):
            if number % 2:
                parts += self._filled(piece)
            elif piece:
                parts.append(Part("", piece))
        return parts

    def _filled(self, slot: str) -> list[Part]:
        if slot in NUMBERS:
            return [Part(slot, str(self.rng.randint(*NUMBERS[slot])))]
        if slot == "site":
            return [Part(slot, self.site)]
        name = slot.lower()
        choice = self.rng.choice(self._lists[name])
        parts = self._expanded(choice) if "{" in choice else [Part(name, choice)]
        if slot[0].isupper():
            parts[0] = Part(parts[0].source, _capital(parts[0].text))
        return parts


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@lru_cache
def _words(name: str) -> dict[str, dict[str, Any]]:
    with open(Path(__file__).with_name(name), "rb") as file:
        return tomllib.load(file)
