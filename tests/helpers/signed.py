"""Articles to be signed, as the corpus takes them."""

from __future__ import annotations

import prose as made

from dedupe.corpus.records import Document


def prose(seed: int, sentences: int = 12) -> list[str]:
    """Paragraphs of three sentences; two seeds share no passage."""
    return made.prose(seed, sentences // 3, 3)


def chinese(seed: int, sentences: int = 12) -> list[str]:
    """The same in signs of no meaning."""
    return made.chinese(seed, sentences // 3, 3)


def article(key: str, blocks: list[str], site: str = "", date: str = "") -> Document:
    """An article as it is signed."""
    return Document(key, tuple(blocks), site, date)
