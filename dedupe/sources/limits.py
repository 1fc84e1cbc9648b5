"""What one input may cost."""

from __future__ import annotations

from dataclasses import dataclass

from dedupe.errors import OptionsError


@dataclass(frozen=True, slots=True)
class Limits:
    """What one page, or one compressed file, may take.

    `seconds` and `memory` (MiB on top of what a process needs anyway; 0 for none) hold for a page,
    `page_bytes` for its size unpacked, `ratio` for how far a compressed file may expand.
    """

    seconds: float = 60.0
    memory: int = 2048
    page_bytes: int = 64 << 20
    ratio: int = 250

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise OptionsError(f"the time limit must be above 0 seconds, not {self.seconds}")
        if self.memory < 0:
            raise OptionsError(f"the memory limit must be 0 (none) or more MiB, not {self.memory}")
