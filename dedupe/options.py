"""How to clean: one frozen value, checked once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .errors import OptionsError
from .types import REASONS, ROLES

_NAMES = frozenset(REASONS) | frozenset(ROLES)


@dataclass(frozen=True, slots=True)
class Options:
    """What a `Cleaner` does.

    Args:
        keep: reasons whose blocks stay although they would go ("comments"), roles likewise.
        drop: roles or reasons to leave out of the result ("byline", "notice").
        lexicons: a folder of further lexicon files (`*.toml`), read after the shipped ones.
        input: "html" or "text" where the kind of page is known, else "auto".
        body_only: leave out headline, deck, byline, dateline and rights notice.
        max_chars: longer pages are cut there, with a warning.

    Raises:
        OptionsError: a name is no reason or role, or stands in `keep` and `drop`.
    """

    keep: frozenset[str] = frozenset()
    drop: frozenset[str] = frozenset()
    lexicons: Path | None = None
    input: str = "auto"
    body_only: bool = False
    max_chars: int = 100_000_000

    def __post_init__(self) -> None:
        object.__setattr__(self, "keep", _names("keep", self.keep))
        object.__setattr__(self, "drop", _names("drop", self.drop))
        if self.lexicons is not None:
            object.__setattr__(self, "lexicons", Path(self.lexicons))
        if both := self.keep & self.drop:
            raise OptionsError(f"{min(both)!r} stands in both keep and drop: choose one")
        if self.input not in ("auto", "html", "text"):
            raise OptionsError(f"input must be auto, html or text, not {self.input!r}")
        if self.max_chars < 1:
            raise OptionsError(f"max_chars must be at least 1, not {self.max_chars}")


def _names(option: str, names: Iterable[str]) -> frozenset[str]:
    if isinstance(names, str):
        names = [names]
    found = frozenset(names)
    if unknown := found - _NAMES:
        known = ", ".join((*REASONS, *ROLES))
        raise OptionsError(f"{option}: {min(unknown)!r} is no reason or role; known are {known}")
    return found
