"""What a part of a page costs in a charset: the cheapest reading is the likeliest.

The libraries that detect charsets take none that has a broken byte, and what pages declare at its word; pages
of scrapers have broken bytes and wrong declarations (`benchmarks/charsets.py` holds them side by side).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from dedupe.decode.letters import CANDIDATES, LATIN, RARE, context_bits, is_alien, letter_bits, word_bits
from dedupe.decode.reading import CUT, CUTS, decode_as
from dedupe.decode.thresholds import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Parts of a page, for detection.
Sample = tuple[bytes, ...]
_WINDOW = 1 << 17  # bytes of a page's beginning, middle or end that are searched for words beyond ASCII
_SAMPLE = 4096  # bytes that are priced
_GLANCE = 512  # bytes that are priced to find out which candidates are worth more
_PIECE = 256  # bytes that are asked at once whether they are all ASCII
_BEFORE = 8  # bytes before the first one beyond ASCII that are taken with it
_AT_CUTS = bytes.maketrans(CUTS, b"\n" * len(CUTS))
_HIGH_BYTES = bytes(range(0x80, 0x100))
_HIGH = re.compile(b"[\x80-\xff]")
_MAX_RESYNC = 50  # errors of a sample up to which the next character that makes sense is searched for
_WORD = re.compile("[a-z]+")


@dataclass(frozen=True, slots=True, order=True)
class CandidateScore:
    """What the sample costs in a charset.

    `bits` decides. `clean`: no character is out of place. `fits`: the text is plausible by itself.
    `doubtful`: there is enough of it to say that it is not.
    """

    bits: float
    codec: str
    clean: bool
    fits: bool
    doubtful: bool


def shortlist(sample: Sample, declared: Iterable[str]) -> list[str]:
    """The candidates that a small part of the sample does not rule out: to price all of it costs 15 ms."""
    candidates = list(dict.fromkeys((*CANDIDATES, *declared)))
    if len(sample[0]) < 2 * _GLANCE:
        return candidates
    prices = {codec: score_candidate((sample[0][:_GLANCE],), codec).bits for codec in candidates}
    limit = max(RULES.shortlist_ratio * min(prices.values()), RULES.enough_bytes * RULES.doubtful_bits)
    return [codec for codec in candidates if prices[codec] <= limit or codec in declared]


def score_candidates(
    sample: Sample, candidates: Iterable[str], declared: Iterable[str]
) -> Iterator[CandidateScore]:
    """What the sample costs in each candidate; a declared one has a bonus."""
    for codec in candidates:
        price = score_candidate(sample, codec)
        yield replace(price, bits=price.bits - RULES.declared_bits) if codec in declared else price


def proposals(sample: Sample, known: set[str]) -> list[CandidateScore]:
    """What the sample costs in the rare charsets. (No library is asked: its answer would depend on which one
    is installed.)"""
    prices = [score_candidate(sample, name) for name in RARE if name not in known]
    return [replace(price, bits=price.bits + RULES.rare_bits) for price in prices]


@lru_cache(maxsize=64)
def score_candidate(sample: Sample, codec: str) -> CandidateScore:
    """What the sample costs in one charset."""
    text, odd = texts(sample, codec)
    high = sum(len(part) - len(part.translate(None, _HIGH_BYTES)) for part in sample)
    counts = Counter(char for char in text if not char.isascii())
    models, worth = CANDIDATES.get(codec, (RARE.get(codec, "*"), 0.0))
    words = Counter(_WORD.findall(text.lower()))
    bits = min(letter_bits(counts, model) - word_bits(words, model) for model in models.split())
    bits += context_bits(text) + RULES.half_char_bits * odd
    clean = not any(map(is_alien, counts))
    plausible = RULES.plausible_latin_bits if models.split()[0] in LATIN else RULES.plausible_bits
    fits = clean and bits <= plausible * high
    doubtful = high >= RULES.enough_bytes and bits > RULES.doubtful_bits * high
    return CandidateScore(bits - worth, codec, clean, fits, doubtful)


def sample_of(data: bytes) -> Sample:
    """Words with bytes beyond ASCII, from the beginning, the middle and the end, 2 KB of each."""
    if len(data) <= _SAMPLE:
        return (data,)
    starts = (0, len(data) // 2, len(data) - _WINDOW)
    windows = [data[:_WINDOW], *(_from_a_cut(data, start) for start in starts[1:] if start >= _WINDOW)]
    parts = [part for window in windows if (part := _high_words(window))]
    if not parts and (first := _HIGH.search(data)):
        # all before it is ASCII, so nothing is cut there
        parts = [_high_words(data[max(0, first.start() - _BEFORE) : first.start() + _WINDOW])]
    return tuple(parts)


def _from_a_cut(data: bytes, start: int) -> bytes:
    """A window that does not begin inside a character; empty where no cut can be found."""
    cut = CUT.search(data, start, start + _WINDOW)
    return data[cut.end() : start + _WINDOW] if cut else b""


def _high_words(window: bytes) -> bytes:
    taken: list[bytes] = []
    room = _SAMPLE // 2
    for word in _words(window):
        if word.isascii():
            continue
        if len(word) > room and (first := _HIGH.search(word)):
            word = word[max(0, first.start() - _BEFORE) :]
        taken.append(word[:room])
        room -= len(word) + 1
        if room <= 0:
            break
    return b"\n".join(taken)


def _words(window: bytes) -> Iterator[bytes]:
    """What stands between the cuts, but for long ASCII stretches; the first few words are often enough."""
    start = 0
    while start < len(window):
        cut = CUT.search(window, start + _PIECE)
        end = cut.start() if cut else len(window)
        piece = window[start:end]
        if not piece.isascii():
            yield from piece.translate(_AT_CUTS).split(b"\n")
        start = end + 1


def texts(sample: Sample, codec: str) -> tuple[str, int]:
    """The sample as text, and how many bytes at the ends of its parts are half a character."""
    parts = [decode_as(part, codec, _MAX_RESYNC) for part in sample]
    return "\n".join(text for text, _ in parts), sum(pending for _, pending in parts)
