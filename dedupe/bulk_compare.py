"""STUB until corpus.py arrives."""
from __future__ import annotations
from collections.abc import Mapping, Sequence, Iterable
from dataclasses import dataclass, field
from .bulk_stages import CleanedPage, Verdict

@dataclass(frozen=True, slots=True)
class Comparison:
    all_paths: tuple[str, ...]
    found: Mapping[int, Verdict] = field(default_factory=dict)
    clusters: tuple[tuple[int, ...], ...] = ()

    def paths(self, numbers: Iterable[int]) -> tuple[str, ...]:
        return tuple(self.all_paths[n] for n in numbers)

    def verdicts(self, numbers: Iterable[int]) -> tuple[Verdict, ...]:
        return tuple(self.found.get(n, Verdict()) for n in numbers)

def sign(cleaned: Sequence[CleanedPage]) -> bytes:
    return b""

def compare(folder, shards, jobs) -> Comparison:
    return Comparison(tuple(p for s in shards for p in s.paths))
