"""How to clean: one frozen value, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dedupe.errors import OptionsError
from dedupe.limits import MAX_BLOCKS
from dedupe.types import REASONS, ROLES

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

_NAMES = frozenset(REASONS) | frozenset(ROLES)


@dataclass(frozen=True, slots=True, init=False)
class Options:
    """What a `Cleaner` does.

    >>> Options(keep={"comments", "table"}, drop=["byline"]).drop
    frozenset({'byline'})

    `keep` and `drop` take reasons (`dedupe.REASONS`) and roles (`dedupe.ROLES`) alike, one name or any
    collection of them. Where both speak of a block, it stays.

    Args:
        keep: of a reason: blocks that would go for it stay. Of a role: blocks of that role stay, whatever
            they would go for; a repeat still goes while a copy of it is kept, and so does a page that is a
            duplicate, unless "repeat" or "duplicate" is named.
        drop: of a role: its blocks go. Of a reason: every block goes for which the page itself gives that
            reason, by a sure phrase of the lexicons, the heading of its section or the names of the elements
            around it, even where the model takes it for the article's. A name that the article's own
            container has tells nothing; headline, deck, byline, dateline and notice go by their roles only.
            "boilerplate" stands for what the model itself doubts (a score under .5) and a rule kept.
            "repeat", "template" and "duplicate" come from comparing, and all that is found goes anyway.
        lexicons: a folder of further lexicon files (`*.toml`), read after the shipped ones.
        input: "html" or "text" where the kind of page is known, else "auto".
        max_chars: longer pages are cut there, with a warning.
        max_blocks: what a page holds beyond so many blocks is kept as one more, with a warning.

    Raises:
        OptionsError: a name is no reason or role, or stands in `keep` and `drop`.
    """

    keep: frozenset[str]
    drop: frozenset[str]
    lexicons: Path | None
    input: str
    max_chars: int
    max_blocks: int

    def __init__(
        self,
        keep: Iterable[str] = (),
        drop: Iterable[str] = (),
        lexicons: str | os.PathLike[str] | None = None,
        input: str = "auto",
        max_chars: int = 100_000_000,
        max_blocks: int = MAX_BLOCKS,
    ) -> None:
        object.__setattr__(self, "keep", _names("keep", keep))
        object.__setattr__(self, "drop", _names("drop", drop))
        object.__setattr__(self, "lexicons", None if lexicons is None else Path(lexicons))
        object.__setattr__(self, "input", input)
        object.__setattr__(self, "max_chars", max_chars)
        object.__setattr__(self, "max_blocks", max_blocks)
        self._check()

    def _check(self) -> None:
        if both := self.keep & self.drop:
            raise OptionsError(f"{min(both)!r} stands in both keep and drop: choose one")
        if self.input not in ("auto", "html", "text"):
            raise OptionsError(f"input must be auto, html or text, not {self.input!r}")
        for name in ("max_chars", "max_blocks"):
            if getattr(self, name) < 1:
                raise OptionsError(f"{name} must be at least 1, not {getattr(self, name)}")


def _names(option: str, names: Iterable[str]) -> frozenset[str]:
    if isinstance(names, str):
        names = [names]
    found = frozenset(names)
    if unknown := found - _NAMES:
        known = ", ".join((*REASONS, *ROLES))
        raise OptionsError(f"{option}: {min(unknown)!r} is no reason or role; known are {known}")
    return found
