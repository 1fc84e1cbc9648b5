"""Articles of made-up words."""

from __future__ import annotations

import random

LETTERS = "abdefghiklmnoprstuvz"


def prose(seed: int, paragraphs: int = 6, sentences: int = 4) -> list[str]:
    """Paragraphs of made-up words; two seeds share no passage."""
    rng = random.Random(seed)

    def sentence() -> str:
        words = ["".join(rng.choices(LETTERS, k=rng.randint(3, 9))) for _ in range(rng.randint(9, 16))]
        return " ".join(words).capitalize() + "."

    return [" ".join(sentence() for _ in range(sentences)) for _ in range(paragraphs)]


def chinese(seed: int, paragraphs: int = 6, sentences: int = 4) -> list[str]:
    rng = random.Random(seed)

    def sentence() -> str:
        return "".join(chr(rng.randint(0x4E00, 0x6FFF)) for _ in range(rng.randint(18, 30))) + "。"

    return ["".join(sentence() for _ in range(sentences)) for _ in range(paragraphs)]


def edited(blocks: list[str], share: float, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    return [
        " ".join("changed" if rng.random() < share else word for word in block.split()) for block in blocks
    ]
