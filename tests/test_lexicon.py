"""The lexicons themselves, what they say of lines of many languages, and how user files join them."""

from __future__ import annotations

import gzip
import json
import pickle
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe import lexicon, lexicon_files
from dedupe.encoding import decode
from dedupe.errors import LexiconError
from dedupe.lexicon import Hit, Lexicon, load
from dedupe.lexicon_files import LABELS
from dedupe.segment_html import segment_html

from .conftest import SHARED

LANGUAGES = ("de", "en", "es", "fr", "it", "ja", "ko", "pl", "pt", "ru", "zh-Hans", "zh-Hant")


@lru_cache(maxsize=1)
def shipped() -> Lexicon:
    return load()


@lru_cache(maxsize=1)
def phrases() -> list[tuple[str, str, str, str, int, str]]:
    """Language, label, kind, strength, limit and phrase of every entry of every file."""
    found = []
    for path in sorted(lexicon.SHIPPED.glob("*.toml")):
        tables = lexicon_files._tables(path)
        tables.pop("dates", None)
        for (_, phrase), spec in lexicon_files._entries(path, tables).items():
            language, label, kind, strength, limit = spec.split(":")
            found.append((language, label, kind, strength, int(limit), phrase))
    return found


def labels(text: str, sure: bool | None = None) -> list[str]:
    return [hit.label for hit in shipped().match(text) if sure is None or hit.sure == sure]


def test_the_compiled_tables_are_those_of_the_files() -> None:
    assert lexicon.COMPILED.read_text(encoding="utf-8") == lexicon_files.compile_shipped(), (
        "run: python -m dedupe.lexicon_files"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_its_share_of_phrases(language: str) -> None:
    own = [entry for entry in phrases() if entry[0] == language]
    assert len(own) >= (350 if language in ("en", "zh-Hans") else 150)
    assert {entry[1] for entry in own} >= {"related", "comments", "share", "navigation", "byline", "notice"}


def test_all_files_are_tested() -> None:
    assert {path.stem for path in lexicon.SHIPPED.glob("*.toml")} == set(LANGUAGES)


def test_no_phrase_of_a_language_has_two_labels() -> None:
    said = defaultdict(set)
    for language, label, kind, _, _, phrase in phrases():
        said[language, "whole" if kind == "opens" else kind, phrase].add(label)
    assert {key: names for key, names in said.items() if len(names) > 1} == {}


def test_no_phrase_is_sure_and_a_hint_in_one_language() -> None:
    said = defaultdict(set)
    for language, label, kind, strength, _, phrase in phrases():
        said[language, label, kind, phrase].add(strength)
    assert {key for key, strengths in said.items() if len(strengths) > 1} == set()


def test_all_labels_are_used() -> None:
    assert {entry[1] for entry in phrases()} == LABELS
